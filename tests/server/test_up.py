"""`make run`: one command starts everything beside whatever runs already, and leaves nothing behind."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from server.settings import ROOT
from tests.support.stack import Stack


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack() as stack:
        yield stack


def up(stack: Stack, *flags: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A further `xinqiao up` with this stack's settings, which is expected to end by itself."""
    return subprocess.run(
        [sys.executable, "-m", "server.cli", "up", *flags],
        cwd=ROOT,
        env={**stack.settings(), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        start_new_session=True,
    )


@pytest.fixture
def idle() -> Iterator[Stack]:
    """A stack that has not been started: its ports are free and its home is empty."""
    stack = Stack()
    yield stack
    stack.down()


def test_a_taken_port_is_one_line_that_names_the_port_and_who_has_it(idle: Stack) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", idle.rasa_port))
        other.listen()
        said = up(idle)
    assert said.returncode == 1
    lines = said.stdout.strip().splitlines()
    assert len(lines) == 1
    assert f"端口 {idle.rasa_port}" in lines[0]
    assert f"进程 {os.getpid()}" in lines[0]
    assert "XINQIAO_RASA_PORT=" in lines[0]


def test_live_mode_is_refused_with_every_unmet_point(idle: Stack) -> None:
    said = up(idle, XINQIAO_MODE="live")
    assert said.returncode == 1
    assert len([line for line in said.stdout.splitlines() if line.startswith("  · ")]) == 9
    assert not (idle.home / "postgres").exists()


def test_a_database_that_does_not_answer_is_one_line(idle: Stack, tmp_path: Path) -> None:
    said = up(idle, DATABASE_URL=f"postgresql+psycopg://nobody@/nothing?host={tmp_path}")
    assert said.returncode == 1
    assert "✗ 连不上 DATABASE_URL 所指的数据库" in said.stdout
    assert not left_of(idle)


def test_lost_keys_are_never_replaced_by_new_ones(idle: Stack) -> None:
    """New keys beside old data would make every sealed word unreadable, and hide that it happened."""
    from storage import embedded, migrations

    embedded.start(idle.home / "postgres")
    migrations.upgrade(embedded.url(idle.home / "postgres"))
    embedded.stop(idle.home / "postgres")
    said = up(idle)
    assert said.returncode == 1
    assert "✗ 密钥文件不见了" in said.stdout
    assert not (idle.home / "keys.json").exists()


@pytest.mark.slow
def test_it_prints_where_to_go_and_who_can_log_in(stack: Stack) -> None:
    assert f"{stack.base_url}/q/" in stack.said
    assert f"{stack.base_url}/kiosk/" in stack.said
    assert f"{stack.base_url}/console/" in stack.said
    assert "浦沿司法所" in stack.said
    assert "▄" in stack.said  # the QR code
    assert httpx.get(f"{stack.base_url}/readyz").status_code == 200


@pytest.mark.slow
def test_a_second_start_in_the_same_place_is_refused(stack: Stack) -> None:
    said = up(stack)
    assert said.returncode == 1
    assert said.stdout.startswith("✗ 心桥已经在运行")
    assert len(said.stdout.strip().splitlines()) == 1
    assert stack.answers("app")


@pytest.mark.slow
def test_nothing_listens_beyond_loopback(stack: Stack) -> None:
    listening = [
        connection.laddr.ip
        for process in psutil.Process(stack.process.pid).children(recursive=True)
        for connection in process.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert listening
    assert set(listening) == {"127.0.0.1"}


@pytest.mark.slow
def test_rasa_holds_no_secret_of_ours(stack: Stack) -> None:
    seen = Path(f"/proc/{stack.pid('rasa')}/environ").read_text().split("\0")
    names = {entry.split("=")[0] for entry in seen if entry}
    assert "DATABASE_URL" not in names
    assert {name for name in names if name.startswith("XINQIAO_")} == {
        "XINQIAO_ACTION_URL",
        "XINQIAO_ACTION_TOKEN",
    }
    token = next(entry.split("=", 1)[1] for entry in seen if entry.startswith("XINQIAO_ACTION_TOKEN="))
    assert len(token) > 30


@pytest.mark.slow
@pytest.mark.parametrize("name", ["app", "jobs", "gateway", "postgres"])
def test_a_killed_program_comes_back_and_says_so(stack: Stack, name: str) -> None:
    old = stack.kill(name)
    stack.back(name, old)
    stack.until(lambda: stack.answers("app"), 60)
    stack.until(lambda: "意外停止，已重新启动" in stack.said, 10)


@pytest.mark.slow
def test_after_a_kill_nothing_lingers_and_the_next_start_works(stack: Stack) -> None:
    programs = left_of(stack)
    assert len(programs) >= 6  # supervisord, the database, the gateway, Rasa, the application, the jobs
    accounts = [line for line in stack.said.splitlines() if line.startswith("  puyan ")]
    stack.process.kill()
    stack.process.wait()
    stack.up()  # at once, while the others are still on their way out
    assert not {process.pid for process in programs if process.is_running()}
    assert [line for line in stack.said.splitlines() if line.startswith("  puyan ")] == accounts

    assert stack.interrupt() == 0
    assert "全部停止" in stack.said
    assert not left_of(stack)
    log = (stack.home / "supervisor" / "supervisord.log").read_text()
    ended = [line.split("stopped: ")[1].split()[0] for line in log.splitlines() if "stopped: " in line]
    assert ended[-5:] == ["jobs", "app", "rasa", "gateway", "postgres"]


def left_of(stack: Stack) -> list[psutil.Process]:
    """Every process but `up` itself that belongs to this stack, by what it was started with."""
    mark = str(stack.home)
    found = []
    for process in psutil.process_iter():
        try:
            words = [
                *process.cmdline(),
                process.environ().get("XINQIAO_HOME", ""),
                process.environ().get("HOME", ""),
            ]
        except psutil.Error:
            continue
        if process.pid not in (os.getpid(), stack.process.pid if stack.process else 0) and any(
            word.startswith(mark) for word in words
        ):
            found.append(process)
    return found
