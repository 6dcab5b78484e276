"""What a page costs does not grow with what it does not show: no query of one looks at more than ten rows for each that
it uses, in a district with twenty thousand closed tickets behind it.

`make soak ARGS="scale"` shows the same in milliseconds, with a million residents; here only the plans are read.
"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, text

from server.board_desk import publish_weeks
from storage.database import Database
from storage.vault import Keyring, Vault
from tests.support.clock import MovableClock
from tests.support.history import write_history
from tests.support.plans import listening, reads, scans
from tests.support.postgres import Postgres
from tests.support.town import Officer, Town

CLOSED, PEOPLE = 20_000, 12
TIMES = 10
COUNTED_BY_MONTH = ("ticket", "ticket_clock", "follow_up", "transfer", "ticket_event")
A_FEW = 50
"""Looking at so few rows is never worth an index, whatever comes of them."""


@pytest.fixture(scope="module")
def town(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Twelve people in danger today, in a district that has helped twenty thousand."""
    home: Path = tmp_path_factory.mktemp("busy-town")
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
    for _ in range(PEOPLE):
        resident = town.resident(place="puyan-hall")
        resident.agrees()
        resident.says("我不想活了")
    town.jobs()
    publish_weeks(database, town.services.districts, town.clock)
    with postgres.admin(name) as admin:
        admin.execute("ANALYZE")
    yield town
    town.close()
    database.close()
    postgres.drop(name)


def wasteful(town: Town, officer: Officer, path: str) -> list[str]:
    """The queries behind one request that look at far more than they use."""
    town.ask("GET", path, cookie=officer.cookie)  # what a process reads once and keeps
    with listening(town.database.engine) as asked:
        answer = town.ask("GET", path, cookie=officer.cookie)
    assert answer.status_code == 200, answer.text
    assert asked.statements
    return [
        f"{one.examined} rows for {one.used}: {one.statement}\n  {one.scans}"
        for one in reads(town.database.engine, asked)
        if one.examined > max(A_FEW, TIMES * one.used)
    ]


@pytest.mark.parametrize("view", ["open", "overdue", "follow_up", "closed"])
@pytest.mark.parametrize("street", ["puyan", "desk"])
def test_a_queue_reads_what_it_shows(town: Town, street: str, view: str) -> None:
    officer = town.officer(street, role="duty_officer" if street == "desk" else "judicial_officer")
    assert wasteful(town, officer, f"/api/staff/tickets?view={view}") == []


def test_a_queue_asks_as_often_for_many_as_for_few(town: Town) -> None:
    """Not once more for each ticket that stands in it."""
    officer = town.officer("puyan")
    for view, least in (("open", PEOPLE), ("closed", 200)):
        asked_at_all = 0

        def note(*_: object) -> None:
            nonlocal asked_at_all
            asked_at_all += 1

        event.listen(town.database.engine, "before_cursor_execute", note)
        try:
            assert len(officer.tickets(view)) >= least
        finally:
            event.remove(town.database.engine, "before_cursor_execute", note)
        assert asked_at_all < PEOPLE + 18


def test_a_ticket_reads_what_it_shows(town: Town) -> None:
    officer = town.officer("puyan")
    code = officer.tickets("open")[0]["code"]
    assert wasteful(town, officer, f"/api/staff/tickets/{code}") == []


@pytest.mark.parametrize("path", ["/api/staff/day-plan", "/api/staff/board"])
def test_an_offices_day_and_board_read_what_they_show(town: Town, path: str) -> None:
    role = "supervisor" if path.endswith("board") else "judicial_officer"
    assert wasteful(town, town.officer("puyan", role=role), path) == []  # type: ignore[arg-type]


@pytest.mark.parametrize("path", ["/api/board", "/api/public/board"])
def test_the_wall_reads_what_it_shows(town: Town, path: str) -> None:
    assert wasteful(town, town.officer("desk", role="duty_officer"), path) == []


@pytest.mark.parametrize("street", ["puyan", "district"])
def test_a_report_reads_its_months_and_not_the_years(town: Town, street: str) -> None:
    """It counts everything of two months: what it reads may grow with them, and not with what lies behind them."""
    first = (town.clock.now - timedelta(days=128)).date().replace(day=1)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    lead = town.officer("desk", role="duty_officer")
    path = f"/api/staff/report?street={street}&from_day={first}&to_day={last}"
    with listening(town.database.engine) as asked:
        assert town.ask("GET", path, cookie=lead.cookie).status_code == 200
    for table in COUNTED_BY_MONTH:
        assert asked.about(table), f"nobody asked about {table}"
    assert scans(town.database.engine, asked, COUNTED_BY_MONTH) == []


def test_a_query_that_reads_too_much_is_noticed(town: Town) -> None:
    with listening(town.database.engine) as asked, town.database.transaction() as db:
        db.execute(text("SELECT id FROM ticket WHERE outcome = 'none'")).all()
        db.execute(text("SELECT count(*) FROM follow_up WHERE planned_at > now()")).all()
        db.execute(text("SELECT count(*) FROM follow_up")).all()
    assert [one.examined > TIMES * one.used for one in reads(town.database.engine, asked)] == [
        True,
        True,
        False,
    ]
