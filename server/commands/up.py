"""`xinqiao up`: start everything, wait until a message has gone through the whole chain, and keep it running."""

import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import IO, Annotated, NoReturn

import typer

from server import live_checks
from server.local_https import LocalCertificate, NoAddress
from server.settings import ROOT, Settings, settings
from server.stack import DIALOGUE, RASA, TITLES, Plan, plan, programs, supervisor_of
from server.supervision import Supervisor, SupervisorGone

DATABASE_SECONDS, RASA_SECONDS, APP_SECONDS, SEED_SECONDS = 60.0, 300.0, 90.0, 300.0
STOP_SECONDS = 75.0
SAID_EVERY = 15.0
LEFTOVER_SECONDS = 40.0
FOREIGN_DATABASE_SECONDS = 15.0
CODES_LAST = timedelta(days=365)


class CannotStart(Exception):
    """One line: what is in the way, and what to do about it."""


class StopAsked(BaseException):
    """Ctrl-C, or the system, asks us to stop."""


def up(
    lan: Annotated[
        bool, typer.Option("--lan", help="用本机证书在局域网地址上提供 HTTPS，真手机可以扫码")
    ] = False,
    lan_address: Annotated[str | None, typer.Option(help="用这个地址，而不是自动找到的")] = None,
) -> None:
    """启动全部程序，等一条消息走完整条链，然后守着它们。Ctrl-C 按顺序全部停下。"""
    raise typer.Exit(Up(settings(), lan=lan, lan_address=lan_address).run())


class Up:
    """One run, from the first check to the last process's end."""

    def __init__(self, settings: Settings, *, lan: bool = False, lan_address: str | None = None) -> None:
        self.settings = settings
        self.lan, self.lan_address = lan, lan_address
        self.home = settings.home.resolve()
        self.supervisor: Supervisor = supervisor_of(self.home)
        self.mark = self.home / "supervisor" / "running"  # there while a run has not ended in order
        self.began = time.monotonic()

    def run(self) -> int:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _stop_asked)
        os.umask(0o077)
        code = 0
        try:
            with self.alone():
                try:
                    self.start()
                    self.watch()
                except StopAsked:
                    pass
                except CannotStart as reason:
                    say(f"✗ {reason}")
                    code = 1
                finally:
                    self.stop()
        except StopAsked:
            code = 130
        except CannotStart as reason:
            say(f"✗ {reason}")
            code = 1
        return code

    # before anything starts

    @contextmanager
    def alone(self) -> Iterator[IO[str]]:
        """One run per home folder; what an earlier one that was killed has left is waited for."""
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        (self.home / "supervisor").mkdir(exist_ok=True, mode=0o700)
        with (self.home / "up.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise CannotStart(
                    f"心桥已经在运行（{_shown(self.home)}）：先在那个终端按 Ctrl-C，或用 XINQIAO_HOME 另选一个文件夹"
                ) from None
            self.wait_for_leftovers()
            yield lock

    def wait_for_leftovers(self) -> None:
        pidfile = self.home / "supervisor" / "supervisord.pid"
        deadline = time.monotonic() + LEFTOVER_SECONDS
        while (pid := _supervisord(pidfile)) and time.monotonic() < deadline:
            time.sleep(0.2)
        if pid:
            raise CannotStart(f"上一次运行还没有停干净（进程 {pid}）：过一会儿再试，或结束该进程")

    def check(self) -> Plan:
        """Everything that can be known to fail before a program is started."""
        if self.settings.mode == "live":
            unmet = live_checks.unmet_points(self.settings, datetime.now(UTC).date())
            if unmet:
                raise CannotStart("正式模式不能启动：\n" + "\n".join(f"  · {line}" for line in unmet))
        if not RASA.exists() or not DIALOGUE.exists():
            raise CannotStart("对话环境或训练好的对话还没有：运行 make setup")
        try:
            chosen = plan(self.settings, lan=self.lan, lan_address=self.lan_address, now=datetime.now(UTC))
        except NoAddress as error:
            raise CannotStart(str(error)) from None
        patience = 15.0 if self.mark.exists() else 0.0
        for title, (address, port) in chosen.ports.items():
            deadline = time.monotonic() + patience
            while not _free(address, port):
                if time.monotonic() >= deadline:
                    raise CannotStart(_taken(title, port))
                time.sleep(0.2)
        return chosen

    # the start

    def start(self) -> None:
        chosen = self.check()
        say("启动心桥 …")
        (chosen.home / "rasa" / "tmp").mkdir(parents=True, exist_ok=True, mode=0o700)
        if chosen.embedded_database:
            self.prepare_database(chosen)
        for program in programs(chosen):
            self.supervisor.declare(program)
        self.mark.touch()
        try:
            self.supervisor.launch()
        except SupervisorGone as gone:
            raise CannotStart(f"监管程序没有启动：{gone}") from None
        for name in ("rasa", "postgres", "gateway"):  # Rasa takes longest and needs nobody yet
            if name in self.supervisor.programs:
                self.supervisor.start(name)
        with step("数据库"):
            patience = DATABASE_SECONDS if chosen.embedded_database else FOREIGN_DATABASE_SECONDS
            self.until(lambda: _database_answers(chosen.database_url), patience, "postgres")
            self.migrate(chosen)
        demo = self.settings.mode == "demo"
        title = "演示街道和它的往事（只写一次）" if demo else "基础数据"
        with step(title, lambda: self.supervisor.last_words("seed") if demo else ""):
            self.seed(chosen)
        self.supervisor.start("app")
        self.supervisor.start("jobs")
        with step("应用"):
            self.until(lambda: _answers(f"{chosen.base_url}/readyz", chosen.certificate), APP_SECONDS, "app")
        with step("对话 (Rasa)，约半分钟"):
            self.until(lambda: _answers(f"http://127.0.0.1:{self.settings.rasa_port}/"), RASA_SECONDS, "rasa")
        with step("第一条消息走完整条链"):
            self.warm_up(chosen)
        if "lookout" in self.supervisor.programs:
            self.supervisor.start("lookout")
        else:
            say("  没有看护程序：后台要是停了，没有人会接到电话。请设置 XINQIAO_LOOKOUT_GATEWAY_URL。")
        self.welcome(chosen)

    def prepare_database(self, chosen: Plan) -> None:
        from storage import embedded
        from storage.errors import EmbeddedError

        try:
            with step("准备数据库"):
                embedded.prepare(chosen.database_folder)
        except EmbeddedError as error:
            raise CannotStart(str(error)) from None

    def migrate(self, chosen: Plan) -> None:
        """Bring the tables up to date, and make the keys when there is nothing yet that they would have to open."""
        from sqlalchemy.exc import SQLAlchemyError

        from storage import migrations
        from storage.errors import StorageError
        from storage.vault import Keyring

        keys = self.settings.keys
        try:
            if not keys.exists():
                if migrations.current(chosen.database_url) is not None:
                    raise CannotStart(
                        f"密钥文件不见了（{_shown(keys)}），而数据库里已有用它加密的数据：从备份恢复它，"
                        "或把数据库文件夹移走、从头开始"
                    )
                Keyring.create(keys)
            migrations.upgrade(chosen.database_url)
        except StorageError as error:
            raise CannotStart(str(error)) from None
        except SQLAlchemyError as error:
            raise CannotStart(f"数据库的表没有建成：{type(error).__name__}") from None

    def seed(self, chosen: Plan) -> None:
        """Give a new database its district, places and demo accounts; an old one is left as it is."""
        log = self.supervisor.log("seed")
        with log.open("wb") as out:
            child = subprocess.Popen(
                [sys.executable, "-m", "server.cli", "seed"],
                cwd=ROOT,
                env=chosen.application_environment(),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
            try:
                code = child.wait(SEED_SECONDS)
            except subprocess.TimeoutExpired:
                code = -1
            finally:
                if child.poll() is None:
                    os.killpg(child.pid, signal.SIGKILL)
                    child.wait()
        if code != 0:
            raise CannotStart(f"演示数据没有写成：{self.supervisor.last_words('seed')}　日志：{_shown(log)}")

    def warm_up(self, chosen: Plan) -> None:
        from server import warm_up

        try:
            warm_up.run(chosen.base_url)
        except Exception as error:  # whatever it is, we are not ready
            raise CannotStart(
                f"预热消息没有走通：{type(error).__name__}: {error}　日志：{_shown(self.supervisor.logs)}"
            ) from None

    def until(self, ready: Callable[[], bool], seconds: float, name: str) -> None:
        """Wait for a program. Its own failure, or time without an answer, ends the start with one line."""
        deadline = time.monotonic() + seconds
        while not ready():
            self.refuse_failure(name)
            if time.monotonic() > deadline:
                if name not in self.supervisor.programs:
                    raise CannotStart("连不上 DATABASE_URL 所指的数据库：检查它的地址，以及它是否开着")
                title = TITLES[name]
                raise CannotStart(
                    f"{title} {seconds:.0f} 秒没有应答　日志：{_shown(self.supervisor.log(name))}"
                )
            time.sleep(0.1)

    def refuse_failure(self, name: str) -> None:
        if not self.supervisor.alive():
            raise CannotStart(f"监管程序停了　日志：{_shown(self.supervisor.folder / 'supervisord.log')}")
        if name not in self.supervisor.programs:
            if name == "postgres":  # DATABASE_URL points at somebody else's
                return
            raise CannotStart(f"没有叫 {name} 的程序")
        state = self.supervisor.state(name)
        if state.word in ("BACKOFF", "FATAL", "EXITED"):
            words = self.supervisor.last_words(name)
            raise CannotStart(f"{TITLES[name]} 没有启动：{words}　日志：{_shown(self.supervisor.log(name))}")

    # running

    def welcome(self, chosen: Plan) -> None:
        import segno

        poster, hall = _places(self.settings, datetime.now(UTC).date())
        phone = f"{chosen.public_url}/q/{poster}"
        say(f"\n心桥已就绪（{time.monotonic() - self.began:.0f} 秒）")
        if self.settings.mode == "demo":
            say("演示模式：街道、人员、电话都是虚构的，不要写真实的个人信息。")
        say(f"  手机    {phone}")
        say(f"  终端机  {chosen.public_url}/kiosk/{hall}")
        say(f"  工作台  {chosen.public_url}/console/")
        if self.settings.mode == "demo":
            say(f"  十分钟导览  {chosen.public_url}/tour")
        if chosen.demo_gateway:
            say(f"  短信网关（演示）  http://127.0.0.1:{self.settings.gateway_port}/")
        say("")
        segno.make(phone, error="m").terminal(out=sys.stdout, compact=True, border=2)
        if chosen.certificate:
            say("手机和这台电脑要在同一个网络里。请用系统相机或浏览器扫码（微信可能直接拒绝）。")
            say("手机会提示“此连接不是私密连接”或“证书不受信任”：证书是这台电脑自己签发的，只供试用。")
            say("选“高级（显示详细信息）→ 继续访问”即可；换了网络地址，证书会自动重新签发。")
        if self.settings.mode == "demo":
            self.show_accounts()
        say("\n按 Ctrl-C 停止。")

    def show_accounts(self) -> None:
        from server.commands.seed import demo_accounts

        say("\n演示账号（工作台）：")
        for username, password, who, office in demo_accounts():
            say(f"  {username:<16} {password:<20} {who}　{office}")

    def watch(self) -> None:
        """Stay until we are asked to stop; say it when a program had to be started again."""
        known = {state.name: state.pid for state in self.supervisor.states()}
        while self.supervisor.alive():
            time.sleep(1.0)
            try:
                states = self.supervisor.states()
            except SupervisorGone:
                continue
            for state in states:
                if state.pid and state.pid != known.get(state.name):
                    if known.get(state.name):
                        say(f"{datetime.now():%H:%M:%S} {TITLES[state.name]} 意外停止，已重新启动")
                    known[state.name] = state.pid
        raise CannotStart(f"监管程序意外停止　日志：{_shown(self.supervisor.folder / 'supervisord.log')}")

    # the end

    def stop(self) -> None:
        """Stop in order: lookout, jobs, application, Rasa, gateway, and the database last. A second Ctrl-C hurries."""
        asked_again: list[int] = []
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda signum, frame: asked_again.append(signum))
        if self.supervisor.alive():
            say("\n正在按顺序停止 …（再按一次 Ctrl-C 立即停止）")
            began = time.monotonic()
            self.supervisor.stop_all()
            while not self.supervisor.wait(0.2):
                if asked_again or time.monotonic() - began > STOP_SECONDS:
                    self.supervisor.hurry()
                    break
            say(f"全部停止（{time.monotonic() - began:.1f} 秒）")
        if self.supervisor.process is not None:
            self.mark.unlink(missing_ok=True)


@contextmanager
def step(title: str, how_far: Callable[[], str] = lambda: "") -> Iterator[None]:
    """Show that we wait, for what, for how long, and how far it has come; away from a terminal now and then."""
    import threading

    began, ended = time.monotonic(), threading.Event()

    def tick() -> None:
        said = began
        while not ended.wait(0.25):
            now = time.monotonic()
            if sys.stdout.isatty():
                sys.stdout.write(f"\r\x1b[2K  {title} … {now - began:.0f} s {how_far()}")
                sys.stdout.flush()
            elif now - said >= SAID_EVERY and (further := how_far()):
                said = now
                say(f"  {title} … {now - began:.0f} s {further}")

    ticker = threading.Thread(target=tick, daemon=True)
    ticker.start()
    failed = True
    try:
        yield
        failed = False
    finally:
        ended.set()
        ticker.join()
        if sys.stdout.isatty():
            sys.stdout.write("\r\x1b[2K")
        if not failed:
            say(f"  {title} … {time.monotonic() - began:.1f} s")


def say(line: str) -> None:
    """A line for the person at the terminal; a closed terminal is no reason to stop badly."""
    try:
        print(line, flush=True)
    except OSError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - stays for the rest of this process


def _stop_asked(number: int, frame: object) -> NoReturn:
    raise StopAsked


def _shown(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _supervisord(pidfile: Path) -> int:
    """The process id of a supervisord that still works with this folder, or 0."""
    import psutil

    try:
        process = psutil.Process(int(pidfile.read_text()))
        line = process.cmdline()
        ended = process.status() == psutil.STATUS_ZOMBIE
    except (OSError, ValueError, psutil.Error):
        return 0
    return process.pid if not ended and str(pidfile.parent / "supervisord.conf") in line else 0


def _free(address: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except PermissionError:
            raise CannotStart(f"没有权限使用端口 {port}：选一个大于 1023 的") from None
        except OSError:
            return False
    return True


def _taken(title: str, port: int) -> str:
    setting = {"应用": "XINQIAO_PORT", "对话 (Rasa)": "XINQIAO_RASA_PORT"}.get(title, "XINQIAO_GATEWAY_PORT")
    return f"端口 {port}（{title}）被{_holder(port)}占用：先停掉它，或换一个端口，如 {setting}={port + 1000}"


def _holder(port: int) -> str:
    import psutil

    try:
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port and connection.pid:
                return f"进程 {connection.pid}（{psutil.Process(connection.pid).name()}）"
    except psutil.Error:
        pass
    return "别的程序"


def _database_answers(url: str) -> bool:
    import psycopg
    from sqlalchemy.engine import make_url

    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        with psycopg.connect(plain, connect_timeout=2):
            return True
    except psycopg.Error:
        return False


def _answers(url: str, certificate: LocalCertificate | None = None) -> bool:
    import ssl

    import httpx

    trusted = ssl.create_default_context(cafile=str(certificate.authority)) if certificate else True
    try:
        return httpx.get(url, timeout=2.0, verify=trusted, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def _places(settings: Settings, today: date) -> tuple[str, str]:
    """The signed codes of a poster and of a hall, for the phone's and the kiosk's address."""
    from residents.district import load_district
    from residents.place_codes import make
    from storage.vault import Keyring, Vault

    places = load_district(settings.district).places
    vault = Vault(Keyring.load(settings.keys))
    poster = next((place for place in places if place.kind == "poster"), places[0])
    hall = next((place for place in places if place.kind == "hall"), places[0])
    expires = today + CODES_LAST
    codes = [make(vault.sign, place.code, expires, site=settings.district) for place in (poster, hall)]
    return codes[0], codes[1]
