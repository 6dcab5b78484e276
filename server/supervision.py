"""The programs of one running Xinqiao, kept by supervisord: started in order, restarted, stopped in order.

What a program is stands in `Program`; the rest is supervisord's, spoken to over a private socket. The tether
(`server/tether.py`) gives each program its environment and sees that none outlives the supervisor.
"""

import ctypes
import hashlib
import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import Any
from xmlrpc.client import Fault, ServerProxy

import psutil
from supervisor.xmlrpc import SupervisorTransport

HERE = Path(__file__).resolve().parent
LONGEST_SOCKET = 95  # bytes; the kernels allow 107, and supervisord first binds a longer, temporary name
FINAL = {"STOPPED", "EXITED", "FATAL"}


@dataclass(frozen=True)
class Program:
    """One program. Lower `order` starts earlier and stops later."""

    name: str
    title: str
    argv: Sequence[str]
    env: Mapping[str, str]
    order: int
    cwd: Path
    user: str | None = None
    stop_signal: str = "TERM"
    stop_whole_group: bool = True
    stop_seconds: int = 15


@dataclass(frozen=True)
class State:
    """How a program is: supervisord's word for it, its process id (0 when it has none), and since when."""

    name: str
    word: str
    pid: int
    since: int


class SupervisorGone(Exception):
    """The supervisor does not answer: it has not started, or it is no more."""


@dataclass
class Supervisor:
    """One supervisord with its folder. Programs are declared before `launch` and started by name after it."""

    folder: Path
    logs: Path
    programs: dict[str, Program] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def declare(self, program: Program) -> None:
        self.programs[program.name] = program

    @property
    def socket(self) -> Path:
        """A private socket, near the other files when its path is short enough."""
        near = self.folder / "supervisor.sock"
        if len(os.fsencode(near)) <= LONGEST_SOCKET:
            return near
        mark = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:12]
        private = Path(tempfile.gettempdir()) / f"xinqiao-up-{mark}"
        private.mkdir(mode=0o700, exist_ok=True)
        if private.lstat().st_uid != os.geteuid():
            raise SupervisorGone(f"{private} belongs to somebody else")
        return private / "supervisor.sock"

    def launch(self) -> None:
        """Start supervisord with none of its programs running yet. It ends when this process ends."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.logs.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.socket.unlink(missing_ok=True)
        configuration = self._write()
        with (self.folder / "supervisord.out").open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "supervisor.supervisord", "-n", "-c", str(configuration)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,  # Ctrl-C at the terminal is for us; we stop the programs in order
                preexec_fn=_end_with_parent,
            )
        deadline = time.monotonic() + 20
        while True:
            try:
                self._call("supervisor.getState")
                return
            except SupervisorGone as gone:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    last = (self.folder / "supervisord.out").read_text(errors="replace").strip().splitlines()
                    raise SupervisorGone(last[-1] if last else "supervisord does not start") from gone
                time.sleep(0.05)

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self, name: str) -> None:
        """Start one program; nothing happens when it runs already."""
        try:
            self._call("supervisor.startProcess", name, False)
        except Fault as fault:
            if "ALREADY_STARTED" not in fault.faultString:
                raise

    def stop(self, name: str) -> None:
        """Stop one program and wait for its end; it stays stopped until it is started again."""
        try:
            self._call("supervisor.stopProcess", name, True)
        except Fault as fault:
            if "NOT_RUNNING" not in fault.faultString:
                raise

    def state(self, name: str) -> State:
        return _state(self._call("supervisor.getProcessInfo", name))

    def states(self) -> list[State]:
        return [_state(info) for info in self._call("supervisor.getAllProcessInfo")]

    def kill(self, name: str) -> int:
        """`kill -9` of one program, as a fault would do it; the supervisor starts it again. Returns the old id."""
        pid = self.state(name).pid
        if pid:
            os.kill(pid, signal.SIGKILL)
        return pid

    def stop_all(self) -> None:
        """Ask supervisord to stop the programs, the last started first, and to end. Returns at once."""
        if self.alive():
            assert self.process is not None
            self.process.send_signal(signal.SIGTERM)

    def wait(self, seconds: float) -> bool:
        """Whether supervisord, and with it every program, has ended within this time."""
        try:
            if self.process is not None:
                self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def hurry(self) -> None:
        """End everything at once. The database is told to stop without ceremony, which loses nothing acknowledged."""
        if self.process is None or not self.alive():
            return
        try:
            children = psutil.Process(self.process.pid).children()
        except psutil.NoSuchProcess:
            children = []
        self.process.kill()  # first, or it would start again what we end
        self.process.wait()
        gentle = {program.argv[0] for program in self.programs.values() if program.stop_signal == "INT"}
        for child in children:
            with suppress(psutil.NoSuchProcess, ProcessLookupError, PermissionError):
                if child.cmdline()[:1] and child.cmdline()[0] in gentle:
                    child.send_signal(signal.SIGQUIT)
                else:
                    os.killpg(child.pid, signal.SIGKILL)
        _, left = psutil.wait_procs(children, timeout=10)
        for child in left:
            with suppress(psutil.NoSuchProcess):
                child.kill()

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def last_words(self, name: str) -> str:
        """The last line that a program wrote: only for programs that failed before they served anybody."""
        try:
            with self.log(name).open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - 8192))
                lines = file.read().decode("utf-8", "replace").split("\n")
        except OSError:
            return ""
        return next((line.strip()[:200] for line in reversed(lines) if line.strip()), "")

    def _call(self, method: str, *arguments: object) -> Any:
        proxy = ServerProxy(
            "http://127.0.0.1", transport=SupervisorTransport(None, None, f"unix://{self.socket}")
        )
        try:
            return getattr(proxy, method)(*arguments)
        except (OSError, HTTPException) as error:
            raise SupervisorGone(str(error)) from error

    def _write(self) -> Path:
        frame = (HERE / "supervisord.conf").read_text(encoding="utf-8")
        text = frame.format(
            folder=_literal(self.folder),
            logs=_literal(self.logs),
            socket=_literal(self.socket),
            user="user = root" if os.geteuid() == 0 else "",
        )
        for program in self.programs.values():
            text += "\n" + self._part(program)
        path = self.folder / "supervisord.conf"
        _write_private(path, text)
        return path

    def _part(self, program: Program) -> str:
        spec = self.folder / f"{program.name}.json"
        _write_private(
            spec,
            json.dumps(
                {
                    "argv": list(program.argv),
                    "env": dict(program.env),
                    "cwd": str(program.cwd),
                    "user": program.user,
                    "end_signal": f"SIG{program.stop_signal}",
                }
            ),
        )
        command = [sys.executable, "-S", "-E", str(HERE / "tether.py"), str(spec)]
        group = str(program.stop_whole_group).lower()
        lines = {
            "command": " ".join(shlex.quote(word) for word in command),
            "autostart": "false",
            "autorestart": "true",
            "startsecs": "2",
            "startretries": "1000000",
            "priority": str(program.order),
            "stopsignal": program.stop_signal,
            "stopwaitsecs": str(program.stop_seconds),
            "stopasgroup": group,
            "killasgroup": "true",
            "redirect_stderr": "true",
            "stdout_logfile": str(self.log(program.name)),
            "stdout_logfile_maxbytes": "5MB",
            "stdout_logfile_backups": "2",
        }
        return f"[program:{program.name}]\n" + "".join(f"{k} = {_literal(v)}\n" for k, v in lines.items())


def _state(info: Mapping[str, Any]) -> State:
    return State(name=info["name"], word=info["statename"], pid=info["pid"], since=info["start"])


def _literal(value: object) -> str:
    return str(value).replace("%", "%%")


def _write_private(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(
        os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
    ) as file:
        file.write(text)
    draft.replace(path)


def _end_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG: supervisord then stops all in order
