"""The pages' own tests (vitest), counted with all others."""

import shutil
import subprocess

import pytest

from server.settings import ROOT


@pytest.mark.slow
@pytest.mark.parametrize("page", ["kiosk", "console"])
def test_the_pages_own_tests_pass(page: str) -> None:
    npm = shutil.which("npm")
    assert npm, "缺少 npm：apt install npm，或从 nodejs.org 安装"
    said = subprocess.run(
        [npm, "run", "test", "--workspace", page], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert said.returncode == 0, said.stdout[-3000:] + said.stderr[-2000:]


@pytest.mark.parametrize("page", ["kiosk", "console"])
def test_the_pages_are_built(page: str) -> None:
    assert (ROOT / page / "dist" / "index.html").is_file(), "make setup first: the pages have not been built"
