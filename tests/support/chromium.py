"""The browser of the journeys: Debian's Chromium, or the one that `CHROMIUM` names."""

import os
import shutil

import pytest

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def chromium() -> str:
    """The path of the browser. A test that needs it fails with one line when there is none; it is not skipped."""
    wanted = os.environ.get("CHROMIUM") or "chromium"
    found = shutil.which(wanted) or shutil.which("chromium-browser")
    if found is None:
        pytest.fail(
            "缺少 Chromium：apt install chromium fonts-noto-cjk，或用 CHROMIUM=/路径/chromium 指定一个",
            pytrace=False,
        )
    return found
