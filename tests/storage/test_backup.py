"""R22: a backup is restored before it counts, and put back whole on an empty machine."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from escalation.ticket import Ticket
from storage import audit, backup, embedded
from storage.database import Database
from storage.vault import Keyring, Vault
from tests.support.canary import hits
from tests.support.postgres import Postgres
from tests.support.town import Town

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


@pytest.fixture
def town(database: Database, clock, tmp_path: Path):  # type: ignore[no-untyped-def]
    town = Town(database, clock, tmp_path)
    yield town
    town.close()


def in_danger(town: Town, words: str = "我不想活了") -> None:
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.says(words)


def test_a_backup_on_an_empty_machine_has_every_open_ticket_and_a_whole_chain(
    town: Town, database: Database, vault: Vault, postgres: Postgres, tmp_path: Path
) -> None:
    for _ in range(5):
        in_danger(town)
    file, contents = backup.make(database.engine.url, vault, tmp_path / "backups", NOW)
    assert (contents.open_tickets, contents.audit_intact) == (5, True)

    with pytest.raises(backup.BackupError, match="not empty"):
        backup.put_back(file, database.engine.url)
    empty = postgres.empty_database()
    backup.put_back(file, postgres.url(empty))
    restored = Database(postgres.url(empty), vault)
    with database.transaction() as before, restored.transaction() as after:
        codes = select(Ticket.code, Ticket.level, Ticket.step_due_at, Ticket.place_sealed).order_by(
            Ticket.code
        )
        assert after.execute(codes).all() == before.execute(codes).all()
        assert vault.open(after.scalars(select(Ticket)).first(), "place")
        assert audit.verify(after, vault, None).intact
    restored.close()
    again = Town(Database(postgres.url(empty), vault), town.clock, tmp_path)
    again.clock.advance(minutes=1)
    again.jobs()
    assert len(again.channel.sent) == 5, "the clocks' process picks everything up"
    again.close()


def test_nothing_that_was_said_stands_in_the_file(
    town: Town, database: Database, vault: Vault, tmp_path: Path
) -> None:
    words = "我不想活了，我是木兰桥下的阿橘"
    in_danger(town, words)
    file, _ = backup.make(database.engine.url, vault, tmp_path / "backups", NOW)
    plain = tmp_path / "backups" / "plain.sql"
    subprocess.run([embedded.program("pg_restore"), f"--file={plain}", file], check=True)
    assert "queued_notice" in plain.read_text("utf-8")
    assert hits(tmp_path / "backups", ["木兰桥下的阿橘"]) == []


def test_a_damaged_file_is_refused(
    database: Database, vault: Vault, postgres: Postgres, tmp_path: Path
) -> None:
    file, _ = backup.make(database.engine.url, vault, tmp_path / "backups", NOW)
    whole = file.read_bytes()
    middle = len(whole) // 2
    flipped = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
    target = postgres.url(postgres.empty_database())
    for damaged in (whole[:-100], flipped, b""):
        file.write_bytes(damaged)
        with pytest.raises(backup.BackupError):
            backup.put_back(file, target)


def test_without_its_keys_a_backup_does_not_open(
    town: Town, database: Database, vault: Vault, postgres: Postgres, tmp_path: Path
) -> None:
    in_danger(town)
    file, _ = backup.make(database.engine.url, vault, tmp_path / "backups", NOW)
    with pytest.raises(Exception, match="key"):
        backup.try_out(file, Vault(Keyring.create(tmp_path / "other.json")), NOW)


def test_old_backups_go_and_the_first_of_each_day_stays(tmp_path: Path) -> None:
    for hours in range(0, 24 * 20, 6):
        at = NOW - timedelta(hours=hours)
        (tmp_path / f"{at:%Y%m%dT%H%M%SZ}{backup.SUFFIX}").write_bytes(b"")
    backup.prune(tmp_path, NOW, all_for=timedelta(days=2), daily_for=timedelta(days=14))
    left = sorted(file.name[:8] for file in tmp_path.iterdir())
    assert len(set(left)) == 15
    assert len([day for day in left if day <= "20261120"]) == len({day for day in left if day <= "20261120"})
