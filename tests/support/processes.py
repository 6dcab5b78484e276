"""Single programs of the application as real processes, without the whole stack around them.

    with Nursery() as nursery:
        program = nursery.start("serve", environment, log)
        program.kill()                      # kill -9

A program takes seconds to start because of what it imports. The nursery is a process that has imported it all,
and read the crisis reader's rules, and makes each program by `fork`, so that a test can start and kill many. When
it ends, however it ends, the programs end with it.
"""

import importlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

Name = Literal["serve", "jobs", "lookout"]

ROOT = Path(__file__).resolve().parents[2]
KILLED_AT_A_STEP = 137
PATIENCE = 60.0


def until(true: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """Wait for something to become true and return it; the limit only keeps a broken test from hanging."""
    deadline = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < deadline, f"it did not happen in {seconds:.0f} s"
        time.sleep(0.02)
    return found


class Program:
    """One running program."""

    def __init__(self, nursery: "Nursery", pid: int, log: Path) -> None:
        self.nursery = nursery
        self.pid = pid
        self.log = log
        self._status: int | None = None

    @property
    def status(self) -> int | None:
        """How it ended: its exit status, minus the number of the signal that ended it, None while it runs."""
        if self._status is None:
            self._status = self.nursery.ask(status=self.pid)
        return self._status

    def ends(self) -> int:
        """Wait for its end."""
        until(lambda: self.status is not None)
        assert self._status is not None
        return self._status

    def signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.status is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """`kill -9`, and wait for the end."""
        self.signal(signal.SIGKILL)
        self.ends()

    def stop(self) -> int:
        """Ask it to stop, and say how it ended."""
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        return self.ends()


class Nursery:
    """Starts programs by `fork` from a process that has imported everything already."""

    def __enter__(self) -> Self:
        own = {k: v for k, v in os.environ.items() if not k.startswith(("XINQIAO_", "DATABASE_URL"))}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.processes"],
            cwd=ROOT,
            env=own,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(60)

    def start(self, name: Name, environment: Mapping[str, str], log: Path) -> Program:
        """Start `xinqiao NAME` with these settings; its log goes to `log`."""
        return Program(self, self.ask(start=name, environment=dict(environment), log=str(log)), log)

    def ask(self, **wish: Any) -> Any:
        """One question to the nursery's process."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(json.dumps(wish), file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline())


def _serve_the_nursery() -> None:
    """The nursery's process: one line of JSON in, one out, until its input ends."""
    for module in ("uvicorn", "server.app", "server.jobs", "server.wiring", "models.learned.text_model"):
        importlib.import_module(module)
    from models.crisis.rulebook import RuleBook

    RuleBook.shipped()
    children: set[int] = set()
    for line in sys.stdin:
        wish = json.loads(line)
        if "start" in wish:
            answer: int | None = _fork(wish)
            children.add(answer)
        else:
            answer = _status_of(wish["status"])
            if answer is not None:
                children.discard(wish["status"])
        print(json.dumps(answer), flush=True)
    for pid in children:
        os.kill(pid, signal.SIGKILL)


def _fork(wish: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return pid
    try:
        from server.tether import end_with_parent

        end_with_parent(signal.SIGKILL)
        os.setpgid(0, 0)
        log = os.open(wish["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.environ.update(wish["environment"])
        module = importlib.import_module(f"server.commands.{wish['start']}")
        getattr(module, wish["start"])()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException as error:
        print(f"ended by {type(error).__name__}", file=sys.stderr, flush=True)
        status = 1
    os._exit(status)


def _status_of(pid: int) -> int | None:
    ended, how = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(how) if ended else None


if __name__ == "__main__":
    _serve_the_nursery()
