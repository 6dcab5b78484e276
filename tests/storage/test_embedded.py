"""The embedded server comes up again after the worst, with everything it acknowledged."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil
import psycopg
import pytest
from sqlalchemy import make_url, select
from sqlalchemy.exc import DBAPIError

import storage
from storage import audit, embedded, migrations
from storage.audit import AuditEntry
from storage.database import Database
from storage.errors import AlreadyRunning, DamagedDataFolder, EmbeddedError

ROOT = Path(storage.__file__).parents[1]


@pytest.fixture(scope="module")
def mould():
    """A cluster that never ran; copying it is faster than making one."""
    home = Path(tempfile.mkdtemp(prefix="xinqiao-test-"))
    embedded.prepare(home)
    yield home / "data"
    shutil.rmtree(home)


@pytest.fixture
def empty_folder():
    home = Path(tempfile.mkdtemp(prefix="xinqiao-test-"))
    yield home / "postgres"
    embedded.stop(home / "postgres")
    shutil.rmtree(home)


@pytest.fixture
def folder(empty_folder, mould):
    empty_folder.mkdir()
    subprocess.run(["cp", "-a", mould, empty_folder / "data"], check=True)
    return empty_folder


@pytest.fixture
def running(folder):
    embedded.start(folder)
    return folder


def ask(folder, question, role=embedded.ROLE):
    url = make_url(embedded.url(folder))
    with psycopg.connect(host=str(url.query["host"]), user=role, dbname=url.database) as db:
        return db.execute(question).fetchone()[0]


def family(folder):
    postmaster = psutil.Process(embedded.running(folder))
    return [postmaster, *postmaster.children()]


def kill_postmaster(folder):
    """The server's head dies; its helpers notice by themselves."""
    os.kill(embedded.running(folder), signal.SIGKILL)


def kill_everything(folder):
    """As when the machine's memory runs out."""
    for process in family(folder):
        process.kill()


@pytest.mark.parametrize("blow", [kill_postmaster, kill_everything])
def test_what_was_acknowledged_is_there_after_a_kill_in_the_middle_of_writing(running, vault, clock, blow):
    url = embedded.url(running)
    migrations.upgrade(url)
    database = Database(url, vault)
    acknowledged: list[str] = []

    def write(writer):
        number = 0
        while True:
            number += 1
            said = f"{writer}:{number}"
            try:
                with database.transaction() as db:
                    audit.record(db, actor="resident", action="said", subject=said, at=clock())
            except DBAPIError:
                return
            acknowledged.append(said)

    writers = [threading.Thread(target=write, args=(name,)) for name in range(4)]
    for writer in writers:
        writer.start()
    while len(acknowledged) < 60:
        time.sleep(0.01)
    blow(running)
    for writer in writers:
        writer.join()

    embedded.start(running)

    with database.transaction() as db:  # the same engine: it finds the server again by itself
        kept = list(db.scalars(select(AuditEntry.subject)))
        verdict = audit.verify(db, vault, None)
    database.close()
    assert set(acknowledged) <= set(kept)
    assert len(kept) <= len(acknowledged) + len(writers)
    assert verdict.intact


def test_a_pid_file_that_names_somebody_else_does_not_stop_the_next_start(running):
    pid_file = running / "data" / "postmaster.pid"
    left = pid_file.read_text()
    kill_everything(running)
    somebody = subprocess.Popen(["sleep", "60"], **embedded._as_user())
    try:
        pid_file.write_text(left.replace(left.split("\n", 1)[0], str(somebody.pid), 1))
        embedded.start(running)
        assert ask(running, "SELECT 1") == 1
    finally:
        somebody.kill()
        somebody.wait()


def test_an_empty_pid_file_does_not_stop_the_next_start(running):
    kill_everything(running)
    (running / "data" / "postmaster.pid").write_text("")
    embedded.start(running)
    assert ask(running, "SELECT 1") == 1


def test_a_server_that_works_is_not_started_twice(running):
    with pytest.raises(AlreadyRunning):
        embedded.start(running)
    assert ask(running, "SELECT 1") == 1


def test_stopping_twice_and_preparing_twice_change_nothing(empty_folder):
    embedded.prepare(empty_folder)
    embedded.prepare(empty_folder)
    assert embedded.running(empty_folder) is None
    embedded.stop(empty_folder)
    embedded.start(empty_folder)
    embedded.stop(empty_folder)
    embedded.stop(empty_folder)
    assert embedded.running(empty_folder) is None


def test_an_interrupted_first_time_is_made_good(empty_folder):
    half = empty_folder / "data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    embedded.start(empty_folder)
    assert ask(empty_folder, "SELECT current_database()") == "xinqiao"
    assert not half.exists()


def without_version(data):
    (data / "PG_VERSION").unlink()


def of_another_version(data):
    (data / "PG_VERSION").write_text("13\n")


def without_control_file(data):
    (data / "global" / "pg_control").unlink()


def with_a_bent_control_file(data):
    control = data / "global" / "pg_control"
    body = bytearray(control.read_bytes())
    body[40] ^= 0xFF
    control.write_bytes(body)


def with_a_cut_control_file(data):
    os.truncate(data / "global" / "pg_control", 100)


def without_write_ahead_log(data):
    shutil.rmtree(data / "pg_wal")


def emptied(data):
    shutil.rmtree(data)
    data.mkdir()


@pytest.mark.parametrize(
    "damage",
    [
        without_version,
        of_another_version,
        without_control_file,
        with_a_bent_control_file,
        with_a_cut_control_file,
        without_write_ahead_log,
        emptied,
    ],
)
def test_a_damaged_folder_is_one_clear_error_and_is_left_as_it_is(folder, damage):
    embedded.prepare(folder)
    damage(folder / "data")
    before = sorted(path.name for path in (folder / "data").iterdir())
    with pytest.raises(DamagedDataFolder) as refused:
        embedded.start(folder)
    assert "restore a backup" in str(refused.value)
    assert "\n" not in str(refused.value)
    assert sorted(path.name for path in (folder / "data").iterdir()) == before


def test_a_write_ahead_log_that_is_gone_file_by_file_is_a_clear_error_too(folder):
    embedded.prepare(folder)
    for piece in (folder / "data" / "pg_wal").iterdir():
        if piece.is_file():
            piece.unlink()
    with pytest.raises(EmbeddedError, match="does not start") as refused:
        embedded.start(folder)
    assert "\n" not in str(refused.value)


def test_a_deep_folder_gets_a_socket_elsewhere_that_is_private(folder, monkeypatch):
    deep = folder / ("d" * 60) / ("e" * 60)
    embedded.start(deep)
    socket = Path(str(make_url(embedded.url(deep)).query["host"]))
    try:
        monkeypatch.setattr(tempfile, "tempdir", str(folder))  # as in a process with another TMPDIR
        assert ask(deep, "SELECT 1") == 1
        assert not socket.is_relative_to(deep)
        assert socket.stat().st_mode & 0o077 == 0
    finally:
        embedded.stop(deep)
        socket.rmdir()


def test_a_socket_folder_that_others_could_enter_is_refused(folder):
    embedded.prepare(folder)
    Path(str(make_url(embedded.url(folder)).query["host"])).chmod(0o777)
    with pytest.raises(EmbeddedError, match="open to others"):
        embedded.start(folder)


def test_the_server_keeps_what_it_acknowledges_and_listens_on_no_network(running):
    for setting, value in {
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
        "data_checksums": "on",
        "listen_addresses": "",
        "log_statement": "none",
        "log_min_error_statement": "panic",
        "log_parameter_max_length": "0",
        "log_parameter_max_length_on_error": "0",
    }.items():
        assert ask(running, f"SHOW {setting}", "postgres") == value, setting
    assert psutil.Process(embedded.running(running)).net_connections("inet") == []


def test_the_application_is_no_superuser(running):
    assert ask(running, "SELECT usesuper FROM pg_user WHERE usename = current_user") is False


def test_the_server_ends_with_the_process_that_started_it(folder):
    code = (
        "import os, pathlib, signal, sys; from storage import embedded; "
        "embedded.start(pathlib.Path(sys.argv[1])); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code, str(folder)], env={"PYTHONPATH": str(ROOT)})
    deadline = time.monotonic() + 20
    while embedded.running(folder) is not None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
