"""What an operator reads when they ask whether the audit trail is whole."""

import pytest
from typer import Typer
from typer.testing import CliRunner

from server.commands.verify import anchors_file, verify
from server.settings import settings
from storage import audit, embedded, migrations
from storage.database import Database
from storage.vault import Keyring, Vault


@pytest.fixture
def home(tmp_path, monkeypatch):
    home = tmp_path / "home"
    monkeypatch.setenv("XINQIAO_HOME", str(home))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("XINQIAO_KEYS_FILE", raising=False)
    settings.cache_clear()
    yield home
    settings.cache_clear()


@pytest.fixture
def trail(home, postgres, clock, monkeypatch):
    """Three entries in a database that DATABASE_URL names."""
    name = postgres.new_database()
    monkeypatch.setenv("DATABASE_URL", postgres.url(name))
    settings.cache_clear()
    database = Database(postgres.url(name), Vault(Keyring.create(home / "keys.json")))
    with database.transaction() as db:
        for number in range(3):
            audit.record(db, actor="officer:1", action="read", subject=str(number), at=clock())
    yield database
    database.close()
    postgres.drop(name)


def ask():
    app = Typer()
    app.command()(verify)
    result = CliRunner().invoke(app)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert result.stdout.count("\n") == 1
    return result.exit_code, result.stdout


def test_an_intact_trail(trail, clock):
    status, line = ask()
    assert status == 0
    assert "完整" in line
    assert "3 条" in line
    assert "还没有锚点" in line
    with trail.transaction() as db:
        audit.anchor(db, trail.vault, anchors_file(settings()), clock())
    assert "最新锚点在第 3 条（2026-11-23 09:00）" in ask()[1]


def test_a_changed_row_is_named(trail, postgres):
    with postgres.admin(trail.engine.url.database) as admin:
        admin.execute("SET session_replication_role = replica")
        admin.execute("UPDATE audit_entry SET actor = 'nobody' WHERE seq = 2")
    status, line = ask()
    assert status == 1
    assert "第 2 条" in line


def test_a_changed_anchor_is_told(trail):
    anchors_file(settings()).write_text("{}\n")
    status, line = ask()
    assert status == 1
    assert "锚点文件被改过" in line


def test_no_key_and_no_database_are_clear_lines(home, tmp_path, monkeypatch):
    assert ask()[0] == 2
    assert "密钥" in ask()[1]
    Keyring.create(home / "keys.json")
    status, line = ask()
    assert status == 2
    assert "还没有数据库" in line
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:9/none")
    settings.cache_clear()
    status, line = ask()
    assert status == 2
    assert "连不上" in line


def test_the_wrong_key_is_a_clear_line(trail, home):
    (home / "keys.json").rename(home / "old.json")
    Keyring.create(home / "keys.json")
    status, line = ask()
    assert status == 2
    assert "不配" in line


def test_an_embedded_database_that_sleeps_is_woken_for_the_check(home, clock):
    folder = home / "postgres"
    vault = Vault(Keyring.create(home / "keys.json"))
    embedded.start(folder)
    try:
        migrations.upgrade(embedded.url(folder))
        database = Database(embedded.url(folder), vault)
        with database.transaction() as db:
            audit.record(db, actor="a", action="b", subject="c", at=clock())
        database.close()
        assert "1 条" in ask()[1]
        assert embedded.running(folder) is not None
    finally:
        embedded.stop(folder)
    assert ask()[0] == 0
    assert embedded.running(folder) is None
