"""`make test`: all tests, in two halves side by side.

One half is what needs Rasa, a browser or several processes (`slow`), one thing after the other; the other half is
all the rest. Each has a database server of its own. With arguments it is plain pytest with these arguments.
"""

import os
import subprocess
import sys
import threading
from typing import IO

HALVES = {"slow": "slow", "rest": "not slow"}


def main(arguments: list[str]) -> int:
    """Run and give the exit status: 0 only when both halves passed."""
    pytest = [sys.executable, "-m", "pytest"]
    if arguments:
        return subprocess.run([*pytest, *arguments], check=False).returncode
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    running = {}
    for name, marked in HALVES.items():
        command = [*pytest, "-m", marked, "-p", "no:cacheprovider"]
        running[name] = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
        )
    talking = [threading.Thread(target=_repeat, args=(name, half.stdout)) for name, half in running.items()]
    for thread in talking:
        thread.start()
    try:
        codes = {name: half.wait() for name, half in running.items()}
    except KeyboardInterrupt:
        for half in running.values():
            half.wait()
        raise
    for thread in talking:
        thread.join()
    for name, code in codes.items():
        print(f"[{name}] {'passed' if code == 0 else f'FAILED ({code})'}", flush=True)
    return max(codes.values())


def _repeat(name: str, lines: IO[str] | None) -> None:
    for line in lines or ():
        print(f"[{name}] {line}", end="", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
