"""One step at work: its commands, its log, and its end when somebody interrupts."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from .screen import Screen, plain
from .trouble import Trouble, explain

SLOW = ("PYTHONDONTWRITEBYTECODE",)  # with it, every start would compile all of Rasa again


class Interrupted(Exception):
    """Somebody pressed Ctrl-C, or another step failed; nothing is stamped."""


class Children:
    """Every process that set-up has started and that still runs, so that all of them can be ended.

    Each of them holds the lock of this checkout: should set-up be killed outright, the next one waits for them.
    """

    def __init__(self, lock: int | None = None) -> None:
        self.held = () if lock is None else (lock,)
        self.lock = threading.Lock()
        self.running: set[subprocess.Popen] = set()
        self.ended = False

    def start(self, argv: Sequence[str], **how: object) -> subprocess.Popen:
        with self.lock:
            if self.ended:
                raise Interrupted
            child = subprocess.Popen(argv, start_new_session=True, pass_fds=self.held, **how)  # type: ignore[call-overload]
            self.running.add(child)
            return child

    def forget(self, child: subprocess.Popen) -> None:
        with self.lock:
            self.running.discard(child)

    def end_all(self) -> None:
        """Ask each to end, then make it; nothing of set-up runs on afterwards."""
        with self.lock:
            self.ended = True
            children = list(self.running)
        for number, patience in ((signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)):
            for child in children:
                if child.poll() is None:
                    _signal_group(child, number)
            for child in children:
                try:
                    child.wait(patience)
                except subprocess.TimeoutExpired:
                    continue


class Work:
    """Handed to a step: run commands with it and say what is going on."""

    def __init__(self, name: str, root: Path, log: Path, screen: Screen, children: Children) -> None:
        self.name, self.root, self.log = name, root, log
        self.screen, self.children = screen, children
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text("")

    def say(self, words: str) -> None:
        self.screen.say(self.name, words)

    def run(
        self,
        argv: Sequence[object],
        *,
        lock: str = "",
        env: dict[str, str] | None = None,
        without: Sequence[str] = (),
    ) -> None:
        """Run one command; all of its output goes to the step's log. Raises `Trouble` with one line when it fails."""
        words: list[str] = [str(word) for word in argv]
        environment = {name: value for name, value in os.environ.items() if name not in (*without, *SLOW)}
        environment.update(env or {})
        with self.log.open("a", encoding="utf-8", errors="replace") as log:
            log.write(f"$ {' '.join(words)}\n")
            log.flush()
            try:
                child = self.children.start(
                    words,
                    cwd=str(self.root),
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                    encoding="utf-8",
                    errors="replace",
                )
            except OSError as error:
                raise Trouble(f"无法启动 {words[0]}：{error.strerror}") from error
            assert child.stdout is not None
            for line in child.stdout:
                log.write(line)
                log.flush()
                self.say(plain(line))
            code = child.wait()
            self.children.forget(child)
        if self.children.ended:
            raise Interrupted
        if code == -signal.SIGKILL:
            raise Trouble("被系统中止，多半是内存不够：约需 3 GB，关掉别的程序再试")
        if code != 0:
            raise Trouble(explain(self.log.read_text(encoding="utf-8", errors="replace"), lock))


def _signal_group(child: subprocess.Popen, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, number)
