"""The tools that set-up stands on: uv, two Pythons, node and npm. Found, or fetched, or named as missing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from .trouble import Trouble
from .work import Work

UV_FROM = (0, 5)
NODE_FROM = (20, 19)
FOLDERS = ("/usr/bin", "/usr/local/bin", "/opt/homebrew/bin")


class Tools:
    """Looks things up once per run and remembers them."""

    def __init__(self, root: Path, environment: dict[str, str] | None = None) -> None:
        self.root = root
        self.environment = dict(os.environ if environment is None else environment)
        self.own_uv = root / ".setup" / "uv" / "bin" / "uv"

    def which(self, name: str) -> str | None:
        return shutil.which(name, path=self.environment.get("PATH", ""))

    def ask(self, *argv: object) -> str:
        """The first words a program prints, or nothing when it cannot be run or fails."""
        try:
            answer = subprocess.run(
                [str(word) for word in argv],
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                stdin=subprocess.DEVNULL,
                env=self.environment,
                timeout=60,
            )
        except (OSError, subprocess.TimeoutExpired):
            return ""
        return answer.stdout.decode("utf-8", "replace").strip() if answer.returncode == 0 else ""

    # uv

    def uv(self) -> str | None:
        """A uv that is new enough: the machine's own, or the one that set-up keeps in `.setup/uv`."""
        for candidate in (self.which("uv"), str(self.own_uv)):
            if candidate and version(self.ask(candidate, "--version")) >= UV_FROM:
                return candidate
        return None

    def fetch_uv(self, work: Work) -> None:
        """Put uv into a private folder with pip; nothing outside this checkout is touched."""
        if self.uv():
            return
        if not self.ask(sys.executable, "-m", "pip", "--version"):
            raise Trouble(
                "缺少 uv，也没有 pip 可以用来装它：apt install python3-pip，或照 docs.astral.sh/uv 安装 uv"
            )
        folder = self.own_uv.parent.parent
        shutil.rmtree(folder, ignore_errors=True)
        work.run(
            [
                sys.executable,
                "-m",
                "pip",
                "install",
                "--disable-pip-version-check",
                "--no-warn-script-location",
            ]
            + ["--target", str(folder), "--require-hashes", "-r", "requirements/uv.txt"],
            lock="requirements/uv.txt",
        )
        if not self.uv():
            raise Trouble("装好的 uv 在这台机器上不能运行：照 docs.astral.sh/uv 自行安装 uv，再来一次")

    def index(self) -> dict[str, str]:
        """The package index that this machine's pip is told to use, for uv, which does not read pip's settings."""
        chosen = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_CONFIG_FILE")
        if any(self.environment.get(name) for name in chosen):
            return {}
        mirror = self.environment.get("PIP_INDEX_URL") or self.ask(
            sys.executable, "-m", "pip", "config", "get", "global.index-url"
        )
        return {"UV_DEFAULT_INDEX": mirror} if mirror else {}

    # Python

    def python(self, wanted: str, work: Work) -> str:
        """An interpreter of the wanted version (`3.10`): found on this machine, else fetched by uv."""
        found = self.find_python(wanted)
        if found:
            return found
        work.say(f"这台机器上没有 Python {wanted}，由 uv 下载")
        try:
            work.run([self.uv(), "python", "install", wanted])
        except Trouble as trouble:
            raise Trouble(
                f"缺少 Python {wanted}，也下载不到（{trouble}）：apt 或 pyenv install {wanted} 装上它，再来一次"
            ) from trouble
        found = self.find_python(wanted)
        if not found:
            raise Trouble(f"缺少 Python {wanted}：apt 或 pyenv install {wanted} 装上它，再来一次")
        return found

    def find_python(self, wanted: str) -> str | None:
        for candidate in self._pythons(wanted):
            if self.is_python(candidate, wanted):
                return candidate
        return None

    def is_python(self, path: str, wanted: str) -> bool:
        """Whether this is a whole interpreter of that version (a pyenv shim may be neither)."""
        says = "import sys, ssl, venv; print('%d.%d' % sys.version_info[:2])"
        return self.ask(path, "-c", says) == wanted

    def _pythons(self, wanted: str) -> Iterator[str]:
        uv = self.uv()
        if uv:
            found = self.ask(
                uv, "python", "find", "--no-project", "--system", "--no-python-downloads", wanted
            )
            if found:
                yield found
        pyenv = Path(self.environment.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
        for home in sorted(pyenv.glob(f"{wanted}.*"), key=lambda path: version(path.name), reverse=True):
            yield str(home / "bin" / f"python{wanted}")
        for folder in FOLDERS:
            yield f"{folder}/python{wanted}"

    # node

    def node(self) -> tuple[str, str]:
        """node and npm, both new enough for the pages' build."""
        node, npm = self.which("node"), self.which("npm")
        least = ".".join(str(part) for part in NODE_FROM)
        if not node:
            raise Trouble(f"缺少 node（{least} 或更新）：apt install nodejs npm，或从 nodejs.org 安装")
        if not npm:
            raise Trouble("缺少 npm：apt install npm，或从 nodejs.org 安装（自带 npm）")
        says = self.ask(node, "--version")
        if version(says) < NODE_FROM:
            raise Trouble(
                f"node 太旧（{says or '不能运行'}）：网页构建需要 {least} 或更新，从 nodejs.org 安装"
            )
        return node, npm


def version(text: str) -> tuple[int, ...]:
    """`uv 0.13.9 (…)`, `v20.20.2`, `3.10.13` as numbers; nothing when there is none."""
    found = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
    parts: list[int] = [int(part) for part in found.groups() if part] if found else []
    return tuple(parts)
