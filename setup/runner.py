"""Does the steps that are due, two at a time, each after those that it stands on."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path

from . import keys
from .screen import Screen
from .steps import Step, machine
from .tools import Tools
from .trouble import Trouble
from .work import Children, Interrupted, Work

AT_ONCE = 2


class Failed(Exception):
    """A step ended with `line`; its output is in `log`."""

    def __init__(self, title: str, line: str, log: Path) -> None:
        told = log.is_file() and log.stat().st_size > 0
        super().__init__(f"{title}：{line}" + (f"　日志：{os.path.relpath(log)}" if told else ""))


class Runner:
    """Promises: a stamp is written only after its step succeeded; after an interruption nothing runs on."""

    def __init__(
        self, root: Path, steps: Sequence[Step], tools: Tools, screen: Screen, lock: int | None = None
    ) -> None:
        self.root, self.tools, self.screen = root, tools, screen
        self.steps = {step.name: step for step in steps}
        self.stamps = root / ".setup" / "stamps"
        self.logs = root / ".setup" / "logs"
        self.children = Children(lock)
        self.changed = threading.Condition()
        self.finished: set[str] = set()
        self.failure: Exception | None = None
        self.worked = 0

    def key(self, step: Step) -> str:
        return keys.key(self.root, step.inputs, machine(), str(self.root) if step.place else "")

    def due(self, step: Step) -> bool:
        """Whether a step has to be done: never done, its inputs changed, or what it made is gone."""
        if step.name == "uv":
            return self.tools.uv() is None
        if any(not (self.root / name).exists() for name in step.outputs):
            return True
        return keys.read_stamp(self.stamps, step.name) != self.key(step)

    def missing(self, step: Step) -> list[str]:
        return [name for name in step.needs if not (self.root / name).exists()]

    def do(self, wanted: Iterable[str] = ()) -> None:
        """Do what is due of the wanted steps (all, when none are named) and of what they stand on."""
        chosen = self.closure(tuple(wanted) or tuple(self.steps))
        numbers = {step.name: number for number, step in enumerate(chosen, 1)}
        threads: list[threading.Thread] = []
        waiting = list(chosen)
        running: set[str] = set()
        try:
            while waiting or running:
                with self.changed:
                    running -= self.finished
                    if self.failure:
                        break
                    ready = [step for step in waiting if set(step.after) & set(numbers) <= self.finished]
                    for step in ready[: AT_ONCE - len(running)]:
                        waiting.remove(step)
                        running.add(step.name)
                        thread = threading.Thread(
                            target=self._one, args=(step, numbers[step.name]), daemon=True
                        )
                        threads.append(thread)
                        thread.start()
                    if running and not running & self.finished:
                        self.changed.wait(1.0)
        finally:
            if waiting or running:
                self.children.end_all()
            for thread in threads:
                thread.join(10)
        if self.failure:
            raise self.failure

    def closure(self, wanted: Sequence[str]) -> tuple[Step, ...]:
        names: set[str] = set()
        stack = list(wanted)
        while stack:
            name = stack.pop()
            if name not in self.steps:
                raise Trouble(f"没有叫 {name} 的步骤；有：{' '.join(self.steps)}")
            if name not in names:
                names.add(name)
                stack.extend(self.steps[name].after)
        return tuple(step for step in self.steps.values() if step.name in names)

    def _one(self, step: Step, number: int) -> None:
        log = self.logs / f"{step.name}.log"
        outcome: Exception | None = None
        try:
            self._step(step, number, log)
        except Interrupted as interrupted:
            outcome = interrupted
        except Trouble as trouble:
            if not self.children.ended:
                self.screen.end(step.name, "失败")
                outcome = Failed(step.title, str(trouble), log)
        except Exception as error:  # a fault of ours: still one line, and never a stamp
            outcome = Failed(step.title, f"{type(error).__name__}: {error}", log)
        with self.changed:
            if outcome and not self.failure:
                self.failure = outcome
            if outcome is None:
                self.finished.add(step.name)
            self.changed.notify_all()

    def _step(self, step: Step, number: int, log: Path) -> None:
        missing = self.missing(step)
        if missing:
            self.screen.line(
                f"[{number}/{self.screen.total}] {step.title} … 跳过：还没有 {'、'.join(missing)}"
            )
            return
        if not self.due(step):
            return
        key = self.key(step)
        self.screen.begin(step.name, number, step.title)
        (self.stamps / step.name).unlink(missing_ok=True)
        step.do(Work(step.name, self.root, log, self.screen, self.children), self.tools)
        absent = [name for name in step.outputs if not (self.root / name).exists()]
        if absent:
            raise Trouble(f"做完了，却没有 {'、'.join(absent)}")
        keys.write_stamp(self.stamps, step.name, key)
        with self.changed:
            self.worked += 1
        self.screen.end(step.name)
