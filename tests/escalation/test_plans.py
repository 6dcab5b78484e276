"""What a round of the clocks costs does not grow with the years: no query of one reads a table from end to end.

`make bench ARGS="history"` shows the same in milliseconds; here only the plans are read.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, text

from escalation.ticket import Ticket
from server.jobs import plans_round
from storage.database import Database
from storage.vault import Keyring, Vault
from tests.support.clock import MovableClock
from tests.support.history import FAMILIES, write_history
from tests.support.plans import Asked, blocks, listening, scans
from tests.support.postgres import Postgres
from tests.support.town import Town

CLOSED = 50_000
A_HANDFUL = 100
"""Blocks of 8 KiB for a whole round: a few for each query. The closed tickets alone fill thousands."""
LOOKED_AT = (
    "ticket", "ticket_clock", "queued_notice", "follow_up", "transfer", "sub_task", "trip", "lowering", "deadline_set",
    "ticket_event", "acknowledgement", "reach_attempt", "message", "resident", "resident_session",
)  # fmt: skip


@pytest.fixture(scope="module")
def old_town(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A district with fifty thousand closed tickets behind it."""
    home: Path = tmp_path_factory.mktemp("old-town")
    name = postgres.new_database()
    database = Database(postgres.url(name), Vault(Keyring.create(home / "keys.json")))
    town = Town(database, MovableClock(), home)
    with postgres.admin(name) as admin:
        write_history(
            admin,
            1,
            CLOSED,
            before=town.clock.now,
            office=town.office_code("puyan"),
            desk=town.office_code("desk"),
        )
    yield town
    town.close()
    database.close()
    postgres.drop(name)


def no_scan(town: Town, asked: Asked) -> None:
    found = scans(town.database.engine, asked, LOOKED_AT)
    assert not found, "\n".join(found)


def test_a_round_in_which_nothing_is_due_reads_no_table_from_end_to_end(old_town: Town) -> None:
    old_town.jobs()
    with listening(old_town.database.engine) as asked:
        old_town.jobs()
    for table in ("ticket", "ticket_clock", "queued_notice", "follow_up", "transfer", "sub_task", "trip"):
        assert asked.about(table), f"nobody asked about {table}"
    no_scan(old_town, asked)
    assert blocks(old_town.database.engine, asked) < A_HANDFUL


def test_asking_whether_an_alarm_would_get_through_reads_no_table_from_end_to_end(old_town: Town) -> None:
    old_town.jobs()
    with listening(old_town.database.engine) as asked:
        assert old_town.ask("GET", "/readyz").status_code in (200, 503)
    assert asked.about("queued_notice")
    assert asked.about("ticket_clock")
    no_scan(old_town, asked)


def test_acting_on_what_is_due_reads_no_table_from_end_to_end(old_town: Town) -> None:
    """People speak of danger, one of them again; one ticket is taken and dropped, one is taken, and all run late."""
    officer = old_town.officer("puyan")
    people = [old_town.resident(place="puyan-hall") for _ in range(3)]
    with listening(old_town.database.engine) as asked:
        for resident in people:
            resident.agrees()
            resident.says("我不想活了")
        people[0].says("我还是不想活了")
        old_town.jobs()
        with old_town.database.transaction() as db:
            kept, dropped, _ = db.scalars(select(Ticket.code).where(Ticket.closed_at.is_(None)))
        officer.acknowledges(dropped)
        officer.acknowledges(kept)
        officer.on(kept, "calls", outcome="spoke")
        for hours in (1, 5, 30):
            old_town.clock.advance(hours=hours)
            old_town.jobs()
    with old_town.database.transaction() as db:
        done = set(db.scalars(text("SELECT DISTINCT kind FROM ticket_event WHERE who <> '史官'")))
    assert {"lapsed", "late", "notice"} <= done
    no_scan(old_town, asked)


def test_a_list_in_the_console_reads_no_table_from_end_to_end(old_town: Town) -> None:
    """It is asked for every few seconds, by everybody who has it open; the district's desk has the longest."""
    people = [old_town.officer("puyan"), old_town.officer("desk", role="duty_officer")]
    with listening(old_town.database.engine) as asked:
        for officer in people:
            assert len(officer.tickets("closed")) == 200
    no_scan(old_town, asked)


def test_publishing_a_week_and_a_month_reads_no_table_from_end_to_end(old_town: Town) -> None:
    """Each minute somebody asks whether there is something to publish; once a week and once a month there is."""
    resident = old_town.resident(place="puyan-hall")
    resident.agrees()
    resident.says("我不想活了")
    old_town.clock.advance(days=40)
    for asks in ({"signal", "ticket_clock", "administration", "satisfaction", "rating"}, set()):
        with listening(old_town.database.engine) as asked:
            plans_round(old_town.services)
        assert {table for table in asks if not asked.about(table)} == set()
        assert asked.about("board_week")
        assert asked.about("level_month")
        no_scan(old_town, asked)
    assert blocks(old_town.database.engine, asked) < A_HANDFUL


def test_a_missing_index_is_noticed(old_town: Town) -> None:
    with listening(old_town.database.engine) as asked, old_town.database.transaction() as db:
        db.execute(text("SELECT id FROM ticket WHERE outcome = 'none'")).all()
        db.execute(text("SELECT id FROM queued_notice ORDER BY key LIMIT 1")).all()
    assert len(scans(old_town.database.engine, asked, FAMILIES)) == 2
