"""`python3 -m setup [STEP …]`: see the package's own words."""

from __future__ import annotations

import sys

if sys.version_info < (3, 9):  # noqa: UP036 - older ones read this line too
    sys.exit("缺少 Python 3.9 或更新的版本：apt install python3，或用 make PYTHON=/路径/python3 指定一个")

import fcntl
import signal
import time
from pathlib import Path
from typing import IO, NoReturn

from .runner import Failed, Runner
from .screen import Screen
from .steps import steps
from .tools import Tools
from .trouble import Trouble
from .work import Interrupted

ROOT = Path(__file__).resolve().parent.parent


def alone(screen: Screen) -> IO[str]:
    """One set-up at a time in one checkout; a second one waits for the first."""
    (ROOT / ".setup").mkdir(exist_ok=True)
    lock = (ROOT / ".setup" / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        screen.line("这里还有一个准备程序（或它留下的安装）没做完，等它 …")
        fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def terminated(number: int, frame: object) -> NoReturn:
    raise KeyboardInterrupt


def main(wanted: list[str]) -> int:
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    signal.signal(signal.SIGTERM, terminated)
    began = time.monotonic()
    tools = Tools(ROOT)
    every = steps(ROOT)
    screen = Screen(len(every))
    try:
        lock = alone(screen)
        runner = Runner(ROOT, every, tools, screen, lock.fileno())
        screen.total = len(runner.closure(wanted or list(runner.steps)))
        runner.do(wanted)
        lock.close()
    except (KeyboardInterrupt, Interrupted):
        screen.close()
        print("已中断。再来一次会从断点继续，做完的不会重做。", flush=True)
        return 130
    except (Failed, Trouble) as trouble:
        screen.close()
        print(f"✗ {trouble}", flush=True)
        return 1
    screen.close()
    did = f"做了 {runner.worked} 步" if runner.worked else "没有要重做的"
    print(f"准备就绪：{did}，{time.monotonic() - began:.1f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
