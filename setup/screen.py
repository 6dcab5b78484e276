"""What the person at the terminal sees: every step with its number, what it is doing, and the time it took."""

from __future__ import annotations

import re
import shutil
import sys
import threading
import time
import unicodedata
from typing import TextIO

SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
HEARTBEAT_SECONDS = 15.0


def width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def cut(text: str, columns: int) -> str:
    while width(text) > columns:
        text = text[:-1]
    return text


def plain(line: str) -> str:
    """A line of a tool's output without its colours and without what it overwrote."""
    line = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", line.rstrip("\n")).split("\r")[-1]
    return "".join(letter for letter in line if letter.isprintable()).strip()


class Running:
    def __init__(self, number: int, title: str) -> None:
        self.number, self.title = number, title
        self.began = time.monotonic()
        self.said = ""


class Screen:
    """Live on a terminal (one moving line); on anything else plain lines and a sign of life now and then."""

    def __init__(self, total: int, out: TextIO | None = None) -> None:
        self.total = total
        self.out = out or sys.stdout
        self.live = self.out.isatty()
        self.running: dict[str, Running] = {}
        self.lock = threading.RLock()
        self.closed = threading.Event()
        self.frame = 0
        self.thread = threading.Thread(target=self._tick, daemon=True)
        self.thread.start()

    def begin(self, name: str, number: int, title: str) -> None:
        with self.lock:
            self.running[name] = Running(number, title)
            if not self.live:
                self.line(f"[{number}/{self.total}] {title} …")

    def say(self, name: str, words: str) -> None:
        """What a step is busy with, from the last line of its output."""
        with self.lock:
            if words and name in self.running:
                self.running[name].said = words

    def end(self, name: str, how: str = "完成") -> None:
        with self.lock:
            step = self.running.pop(name)
            self.line(f"[{step.number}/{self.total}] {step.title} … {how} {_seconds(step.began)}")

    def line(self, text: str) -> None:
        with self.lock:
            self._wipe()
            print(text, file=self.out, flush=True)

    def close(self) -> None:
        self.closed.set()
        self.thread.join()
        with self.lock:
            self._wipe()
            self.out.flush()

    def _wipe(self) -> None:
        if self.live:
            self.out.write("\r\x1b[2K")

    def _tick(self) -> None:
        last_sign = time.monotonic()
        while not self.closed.wait(0.2 if self.live else 1.0):
            with self.lock:
                steps = list(self.running.values())
                if not steps:
                    continue
                if self.live:
                    self.frame += 1
                    now = " · ".join(
                        f"[{step.number}/{self.total}] {step.title} … {_seconds(step.began)}"
                        for step in steps
                    )
                    text = f"{SPINNER[self.frame % len(SPINNER)]} {now}  {steps[0].said}"
                    self._wipe()
                    self.out.write(cut(text, shutil.get_terminal_size().columns - 1))
                    self.out.flush()
                elif time.monotonic() - last_sign > HEARTBEAT_SECONDS:
                    last_sign = time.monotonic()
                    for step in steps:
                        said = cut(f"  {step.said}", 80) if step.said else ""
                        print(
                            f"[{step.number}/{self.total}] {step.title} … {_seconds(step.began)}{said}",
                            file=self.out,
                            flush=True,
                        )


def _seconds(began: float) -> str:
    seconds = time.monotonic() - began
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
