"""Runs one program on a tether: exactly the environment it needs, the user it needs, and never without a parent.

    python -S -E server/tether.py SPEC.json

The specification names `argv`, `env`, `cwd`, `user` and `end_signal`. When the supervisor dies, however it dies,
the kernel sends `end_signal` to the program, so that nothing lingers (Linux; elsewhere the supervisor's own
orderly stop is all there is). Standard library only, because it runs before each program.
"""

import ctypes
import json
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def become(name: str) -> None:
    """Give up root for good."""
    import pwd

    entry = pwd.getpwnam(name)
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)


def end_with_parent(number: int) -> None:
    """Ask the kernel for this signal when the parent ends; leave at once if it has ended already."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)
    if os.getppid() == 1:
        sys.exit("the supervisor is gone")


def main(path: str) -> None:
    with open(path, encoding="utf-8") as file:
        spec = json.load(file)
    os.chdir(spec["cwd"])
    if spec["user"] and os.geteuid() == 0:
        become(spec["user"])
    end_with_parent(getattr(signal, spec["end_signal"]))
    os.execvpe(spec["argv"][0], spec["argv"], spec["env"])


if __name__ == "__main__":
    main(sys.argv[1])
