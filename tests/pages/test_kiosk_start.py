"""`kiosk/start.sh`: the flags of K10, a new profile each time and none left, the key in no list of processes."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from server.settings import ROOT

SCRIPT = ROOT / "kiosk" / "start.sh"
KEY = "k" * 43
ADDRESS = f"http://127.0.0.1:8300/kiosk/puyan-hall.binjiang.abc.signature#{KEY}"
WANTED = (
    "--kiosk", "--incognito", "--noerrdialogs", "--disable-translate", "--no-first-run",
    "--disable-session-crashed-bubble", "--disable-pinch", "--overscroll-history-navigation=0",
    "--disk-cache-dir=/dev/null",
)  # fmt: skip


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A machine whose browser notes how it was started, keeps something in its profile, and ends at once."""
    for folder in ("bin", "run"):
        (tmp_path / folder).mkdir()
    browser = tmp_path / "bin" / "chromium"
    browser.write_text(
        "#!/bin/sh\n"
        f'echo "$@" >> {tmp_path}/started\n'
        'for arg in "$@"; do case "$arg" in --user-data-dir=*) folder="${arg#*=}" ;; esac; done\n'
        f'cat "$folder"/*.html >> {tmp_path}/shown\n'
        'echo kept > "$folder/History"\n'
    )
    curl = tmp_path / "bin" / "curl"
    curl.write_text("#!/bin/sh\nexit 0\n")
    for program in (browser, curl):
        program.chmod(0o755)
    (tmp_path / "address").write_text(f"{ADDRESS}\n")
    return tmp_path


def start(machine: Path) -> subprocess.Popen[bytes]:
    path = f"{machine / 'bin'}:{os.environ['PATH']}"
    return subprocess.Popen(
        ["sh", str(SCRIPT), str(machine / "address")],
        env={"PATH": path, "XDG_RUNTIME_DIR": str(machine / "run")},
        stderr=subprocess.PIPE,
    )


def test_it_begins_again_with_a_new_profile_and_leaves_none(machine: Path) -> None:
    running = start(machine)
    try:
        deadline = time.monotonic() + 60
        while not (machine / "started").exists() or len((machine / "started").read_text().splitlines()) < 2:
            assert time.monotonic() < deadline
            assert running.poll() is None
            time.sleep(0.1)
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait(30)
    lines = (machine / "started").read_text().splitlines()
    for line in lines:
        assert not [flag for flag in WANTED if flag not in line.split()]
        assert KEY not in line
    profiles = {part for line in lines for part in line.split() if part.startswith("--user-data-dir=")}
    assert len(profiles) == len(lines)
    assert KEY in (machine / "shown").read_text()
    assert list((machine / "run").iterdir()) == []


def test_without_a_network_it_shows_the_telephone_lines(machine: Path) -> None:
    (machine / "bin" / "curl").write_text("#!/bin/sh\nexit 7\n")
    running = start(machine)
    try:
        deadline = time.monotonic() + 60
        while not (machine / "shown").exists() or "12356" not in (machine / "shown").read_text():
            assert time.monotonic() < deadline
            time.sleep(0.1)
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait(30)
    assert KEY not in (machine / "shown").read_text()
    assert list((machine / "run").iterdir()) == []


@pytest.mark.parametrize("address", ["", "javascript:alert(1)", 'http://a/kiosk/"><script>', "http://a/q/x"])
def test_it_refuses_what_is_no_start_address(machine: Path, address: str) -> None:
    (machine / "address").write_text(f"{address}\n")
    running = start(machine)
    assert running.wait(30) != 0
    assert not (machine / "started").exists()
