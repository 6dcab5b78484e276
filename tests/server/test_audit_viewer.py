"""Somebody with the database in their hands changes one row of the trail: whoever reads it sees which."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from storage.audit import AuditEntry
from storage.database import Database
from tests.support.clock import MovableClock
from tests.support.postgres import Postgres
from tests.support.town import Officer, Town


@pytest.fixture
def town(database: Database, clock: MovableClock, tmp_path: Path) -> Iterator[Town]:
    town = Town(database, clock, tmp_path)
    yield town
    town.close()


@pytest.fixture
def auditor(town: Town) -> Officer:
    """An auditor of a trail in which somebody was in danger and somebody read of it."""
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.says("我不想活了")
    officer = town.officer("puyan")
    officer.does("GET", f"/tickets/{officer.only_ticket()['code']}")
    return town.officer("desk", "auditor", "何琳")


def states(auditor: Officer) -> dict[int, str]:
    page: Any = auditor.does("POST", "/audit/search", {})
    return {entry["seq"]: entry["state"] for entry in page["entries"]}


def read_of_a_ticket(town: Town) -> int:
    with town.database.transaction() as db:
        return db.scalars(select(AuditEntry.seq).where(AuditEntry.action == "ticket.read")).first() or 0


@pytest.mark.parametrize("change", ["actor = 'nobody'", "at = at - interval '1 day'"])
def test_a_changed_row_is_shown_as_broken_and_no_other(
    town: Town, auditor: Officer, postgres: Postgres, change: str
) -> None:
    seq = read_of_a_ticket(town)
    auditor.does("POST", "/audit/check")
    assert states(auditor)[seq] == "checked"

    with postgres.admin(town.database.engine.url.database) as admin:
        admin.execute("SET session_replication_role = replica")
        admin.execute(f"UPDATE audit_entry SET {change} WHERE seq = %s", (seq,))  # type: ignore[arg-type]

    shown = states(auditor)
    assert [one for one, state in shown.items() if state == "broken"] == [seq]
    town.clock.advance(minutes=2)
    found: Any = auditor.does("POST", "/audit/check")
    assert found["state"] == "broken"
    assert f"第 {seq} 条" in found["sentence"]
    assert "checked" not in states(auditor).values(), "nothing is vouched for any more"
