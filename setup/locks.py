"""`make locks`: compile the hash-locked lists and the npm lock anew. They hold no index address and no torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from .tools import Tools
from .trouble import Trouble

ROOT = Path(__file__).resolve().parent.parent
LISTS = (("app", "3.11", ()), ("dev", "3.11", ("-c", "app.txt")), ("rasa", "3.10", ()), ("uv", "3.9", ()))
WITHOUT = ("--no-emit-index-url", "--no-emit-find-links", "--no-annotate", "--no-header")


def main() -> None:
    tools = Tools(ROOT)
    _, npm = tools.node()
    for name, python, more in LISTS:
        print(f"requirements/{name}.txt …", flush=True)
        subprocess.run(
            [str(tools.uv()), "pip", "compile", "--quiet", "--universal", "--generate-hashes", *WITHOUT]
            + ["--python-version", python, *more, f"{name}.in", "-o", f"{name}.txt"],
            cwd=str(ROOT / "requirements"),
            env={**tools.environment, **tools.index()},
            check=True,
        )
    print("package-lock.json …", flush=True)
    subprocess.run([npm, "install", "--package-lock-only"], cwd=str(ROOT), check=True)


if __name__ == "__main__":
    try:
        main()
    except Trouble as trouble:
        sys.exit(f"✗ {trouble}")
    except subprocess.CalledProcessError as error:
        sys.exit(f"✗ 没有生成：{' '.join(error.cmd[:3])} 失败，原因见上")
