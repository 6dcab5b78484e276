"""A complete running Xinqiao for journeys and fault tests: the real `xinqiao up` in a folder of its own.

    with Stack() as stack:
        httpx.get(f"{stack.base_url}/readyz")
        stack.kill("app")            # kill -9; the supervisor starts it again
        stack.stop("rasa")           # stays away until stack.start("rasa")

The programs are called postgres, gateway, rasa, app and jobs. Their logs lie in `stack.logs`.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from server.settings import ROOT
from server.stack import DIALOGUE, RASA, supervisor_of
from server.supervision import Supervisor, SupervisorGone

READY_SECONDS = 400.0
OWN_SETTINGS = ("XINQIAO_", "DATABASE_URL")


class Stack:
    """Starts on free ports in a temporary home and leaves nothing behind. `environment` adds settings."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self.environment = dict(environment or {})
        self.home = Path(tempfile.mkdtemp(prefix="xq-"))
        self.port, self.rasa_port, self.gateway_port = free_ports(3)
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def rasa_url(self) -> str:
        return f"http://127.0.0.1:{self.rasa_port}"

    @property
    def gateway_url(self) -> str:
        """The demo gateway's own pages; notices are posted to `/notices` below it."""
        return f"http://127.0.0.1:{self.gateway_port}"

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def said(self) -> str:
        """What `xinqiao up` has printed so far."""
        path = self.home / "up.out"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    @property
    def supervisor(self) -> Supervisor:
        return supervisor_of(self.home)

    def __enter__(self) -> Self:
        assert RASA.exists(), "make setup first: there is no environment for Rasa"
        assert DIALOGUE.exists(), "make setup first: the dialogue has not been trained"
        try:
            self.up()
        except BaseException:
            self.down()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.down()

    def up(self) -> None:
        """Start everything and wait until a message has gone through the whole chain."""
        with (self.home / "up.out").open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "server.cli", "up"],
                cwd=ROOT,
                env=self.settings(),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.until(lambda: "按 Ctrl-C 停止" in self.said, READY_SECONDS, alive=True)

    def settings(self) -> dict[str, str]:
        """The environment of this stack: the machine's own, without any Xinqiao settings that it may have."""
        own = {k: v for k, v in os.environ.items() if not k.startswith(OWN_SETTINGS)}
        return {
            **own,
            "XINQIAO_DEMO_HISTORY_DAYS": "0",
            "XINQIAO_HOME": str(self.home),
            "XINQIAO_PORT": str(self.port),
            "XINQIAO_RASA_PORT": str(self.rasa_port),
            "XINQIAO_GATEWAY_PORT": str(self.gateway_port),
            "PYTHONUTF8": "1",
            **self.environment,
        }

    def interrupt(self, seconds: float = 90.0) -> int:
        """Ctrl-C, and the exit status once everything has stopped."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(seconds)

    def down(self) -> None:
        """Stop whatever runs, however it got there, and remove the home folder."""
        if self.process is not None and self.process.poll() is None:
            try:
                self.interrupt()
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None
        if os.environ.get("XINQIAO_KEEP_STACK") is None:
            shutil.rmtree(self.home, ignore_errors=True)

    def pid(self, name: str) -> int:
        """The process id of a program, 0 when it does not run."""
        return self.supervisor.state(name).pid

    def kill(self, name: str) -> int:
        """`kill -9`; returns the process id that was killed. The supervisor starts the program again."""
        return self.supervisor.kill(name)

    def stop(self, name: str) -> None:
        """Stop a program; it stays away."""
        self.supervisor.stop(name)

    def start(self, name: str, seconds: float = 200.0) -> None:
        """Start a program and wait until it answers."""
        self.supervisor.start(name)
        self.until(lambda: self.answers(name), seconds)

    def back(self, name: str, old: int, seconds: float = 200.0) -> int:
        """Wait until the supervisor has replaced the process `old` of a program and the new one answers."""
        self.until(lambda: self.pid(name) not in (0, old) and self.answers(name), seconds)
        return self.pid(name)

    def answers(self, name: str) -> bool:
        """Whether a program does its work: over HTTP where it speaks it, else by being there."""
        address = {
            "app": f"{self.base_url}/readyz",
            "rasa": f"{self.rasa_url}/",
            "gateway": f"{self.gateway_url}/received",
        }.get(name)
        if address is None:
            return self.pid(name) != 0
        try:
            return httpx.get(address, timeout=5.0, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    def last_words(self) -> str:
        """The ends of all logs, for a test that has failed."""
        tails = [
            f"== {log.name}\n{log.read_text(errors='replace')[-1500:]}" for log in self.logs.glob("*.log")
        ]
        return "\n".join(tails)

    def until(self, true: Callable[[], bool], seconds: float, *, alive: bool = False) -> None:
        """Wait for something to become true; the test fails with the stack's own words when it does not."""
        deadline = time.monotonic() + seconds
        while not _holds(true):
            ended = self.process is None or self.process.poll() is not None
            assert not (alive and ended), f"the stack has ended:\n{self.said}\n{self.last_words()}"
            assert time.monotonic() < deadline, f"it did not happen in {seconds:.0f} s:\n{self.said[-2000:]}"
            time.sleep(0.1)


def free_ports(count: int) -> list[int]:
    """Ports that nobody uses now."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def _holds(true: Callable[[], bool]) -> bool:
    try:
        return true()
    except SupervisorGone:
        return False
