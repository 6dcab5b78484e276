"""`make test`: all tests, in two halves side by side.

One half is what needs Rasa, a browser or several processes (`slow`), one thing after the other; the other half is
all the rest, file by file in as many workers as there are cores. Each worker has a database server of its own. What
failed is named once more at the very end, whichever half ended first. With arguments it is plain pytest with these
arguments.
"""

import os
import subprocess
import sys
import threading
from typing import IO

WORKERS = str(max(2, os.cpu_count() or 1))
HALVES = {
    "slow": ["-m", "slow"],
    "rest": ["-m", "not slow", "-n", WORKERS, "--dist", "loadfile"],
}


def main(arguments: list[str]) -> int:
    """Run and give the exit status: 0 only when both halves passed."""
    pytest = [sys.executable, "-m", "pytest"]
    if arguments:
        return subprocess.run([*pytest, *arguments], check=False).returncode
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    running, named = {}, []
    for name, chosen in HALVES.items():
        command = [*pytest, *chosen, "-p", "no:cacheprovider", "--durations=20"]
        running[name] = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
        )
    talking = [
        threading.Thread(target=_repeat, args=(name, half.stdout, named)) for name, half in running.items()
    ]
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
    for line in named:
        print(line, flush=True)
    for name, code in codes.items():
        print(f"[{name}] {'passed' if code == 0 else f'FAILED ({code})'}", flush=True)
    return max(codes.values())


def _repeat(name: str, lines: IO[str] | None, named: list[str]) -> None:
    for line in lines or ():
        print(f"[{name}] {line}", end="", flush=True)
        if line.startswith(("FAILED tests/", "ERROR tests/")):
            named.append(f"[{name}] {line.rstrip()[:300]}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
