"""The programs start in order, come back when they fall, stop in order, and never outlive their supervisor."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from server.supervision import Program, Supervisor, SupervisorGone

DIARY = """
import os, signal, sys, time
name, diary = sys.argv[1], sys.argv[2]
def write(word):
    with open(diary, "a") as file:
        file.write(f"{name} {word} {os.getpid()}\\n")
def end(number, frame):
    write("ends")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
signal.signal(signal.SIGINT, end)
write("begins")
while True:
    time.sleep(0.05)
"""


class Small:
    """A supervisor with three small programs that keep a diary."""

    def __init__(self, folder: Path) -> None:
        self.diary = folder / "diary"
        self.supervisor = Supervisor(folder / "supervisor", folder / "logs")
        script = folder / "diary.py"
        script.write_text(DIARY)
        for order, name in enumerate(("cellar", "house", "roof"), 1):
            self.supervisor.declare(
                Program(
                    name,
                    name,
                    [sys.executable, str(script), name, str(self.diary)],
                    {"ONLY": "this %d 'quoted' value"},
                    order=order,
                    cwd=folder,
                    stop_signal="TERM",
                    stop_seconds=5,
                )
            )

    def start(self) -> None:
        self.supervisor.launch()
        for name in self.supervisor.programs:
            self.supervisor.start(name)
        until(lambda: self.words().count("begins") == 3)

    def entries(self) -> list[list[str]]:
        return [line.split() for line in self.diary.read_text().splitlines()] if self.diary.exists() else []

    def words(self) -> list[str]:
        return [entry[1] for entry in self.entries()]

    def pids(self) -> list[int]:
        return [int(entry[2]) for entry in self.entries() if entry[1] == "begins"]


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Small]:
    small = Small(tmp_path)
    yield small
    small.supervisor.hurry()


def test_programs_stop_in_the_opposite_order(small: Small) -> None:
    small.start()
    small.supervisor.stop_all()
    assert small.supervisor.wait(20)
    ended = [entry[0] for entry in small.entries() if entry[1] == "ends"]
    assert ended == ["roof", "house", "cellar"]
    assert not any(alive(pid) for pid in small.pids())


def test_a_program_that_was_killed_comes_back(small: Small) -> None:
    small.start()
    old = small.supervisor.kill("house")
    until(lambda: small.supervisor.state("house").pid not in (0, old))
    until(lambda: small.words().count("begins") == 4)
    assert not alive(old)


def test_a_stopped_program_stays_stopped_until_it_is_started(small: Small) -> None:
    small.start()
    small.supervisor.stop("house")
    small.supervisor.stop("house")
    assert small.supervisor.state("house").pid == 0
    small.supervisor.start("house")
    small.supervisor.start("house")
    until(lambda: small.supervisor.state("house").pid != 0)


def test_nothing_outlives_a_killed_supervisor(small: Small) -> None:
    small.start()
    assert small.supervisor.process is not None
    small.supervisor.process.kill()
    until(lambda: not any(alive(pid) for pid in small.pids()))
    with pytest.raises(SupervisorGone):
        small.supervisor.states()


def test_nothing_outlives_a_killed_starter(tmp_path: Path) -> None:
    """`kill -9` of `xinqiao up` itself: the supervisor stops everything in order, and the next start works."""
    script = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from tests.server.test_supervision import Small\n"
        "small = Small(Path(sys.argv[1]))\n"
        "small.start()\n"
        "print(small.supervisor.process.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    starter = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).resolve().parents[2],
    )
    assert starter.stdout is not None
    supervisord = int(starter.stdout.readline())
    starter.kill()
    starter.wait()
    small = Small(tmp_path)
    until(lambda: not alive(supervisord) and not any(alive(pid) for pid in small.pids()))
    assert [entry[0] for entry in small.entries() if entry[1] == "ends"] == ["roof", "house", "cellar"]

    small.diary.unlink()
    small.start()
    small.supervisor.hurry()


def test_hurrying_ends_even_what_does_not_listen(small: Small) -> None:
    (small.diary.parent / "diary.py").write_text(DIARY.replace("sys.exit(0)", "pass"))
    small.start()
    small.supervisor.hurry()
    assert small.supervisor.wait(0)
    roof = [int(entry[2]) for entry in small.entries() if entry[0] == "roof"]
    assert not alive(roof[0])


def test_a_program_sees_only_the_environment_it_needs(small: Small, monkeypatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://secret")
    small.start()
    pid = small.supervisor.state("roof").pid
    seen = Path(f"/proc/{pid}/environ").read_bytes().decode().strip("\0").split("\0")
    assert [entry for entry in seen if not entry.startswith("LC_CTYPE=")] == ["ONLY=this %d 'quoted' value"]


def test_what_programs_are_told_can_be_read_by_nobody_else(small: Small) -> None:
    small.start()
    for file in (small.supervisor.folder / "roof.json", small.supervisor.folder / "supervisord.conf"):
        assert file.stat().st_mode & 0o077 == 0
    assert small.supervisor.socket.stat().st_mode & 0o077 == 0


def test_a_long_path_has_a_short_socket(tmp_path: Path) -> None:
    deep = tmp_path / ("deep" * 15) / ("deeper" * 10)
    deep.mkdir(parents=True)
    small = Small(deep)
    try:
        small.start()
    finally:
        small.supervisor.hurry()
        small.supervisor.socket.unlink(missing_ok=True)
        small.supervisor.socket.parent.rmdir()


def until(true: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (ProcessLookupError, FileNotFoundError):
        return False
