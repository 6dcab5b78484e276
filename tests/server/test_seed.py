"""A new demo district has staff and a past, and both are written once."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from escalation.duty_gaps import gaps_of, offices_on_duty, reachability
from escalation.outbox import QueuedNotice
from escalation.policy_book import PolicyBook
from escalation.staff import StaffAccount
from escalation.ticket import FollowUp, Ticket
from residents.district import load_district
from server import demo_stories
from server.commands import seed as command
from server.settings import Settings
from server.wiring import utc_now
from storage import audit
from storage.database import Database

ZONE = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def seeded(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A database that `xinqiao seed` has filled, twice."""
    chosen = Settings(home=tmp_path, _env_file=None)  # type: ignore[call-arg]
    monkeypatch.setattr("server.settings.settings", lambda: chosen)
    monkeypatch.setattr("server.wiring.database_url", lambda _: str(database.engine.url))
    monkeypatch.setattr("storage.database.Database", lambda *_, **__: _Kept(database))
    monkeypatch.setattr("storage.vault.Keyring.load", lambda _: database.vault.keyring)
    command.seed()
    command.seed()
    return database


class _Kept:
    """The test's database, which the command may not close."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def __getattr__(self, name: str):  # type: ignore[no-untyped-def]
        return getattr(self._database, name)

    def close(self) -> None:
        """The test closes it."""


def test_the_district_has_its_staff_and_two_closed_matters(seeded: Database, tmp_path: Path) -> None:
    with seeded.transaction() as db:
        tickets = db.scalars(select(Ticket)).all()
        waiting = db.scalar(
            select(func.count()).select_from(QueuedNotice).where(QueuedNotice.state == "waiting")
        )
        ahead = db.scalars(select(FollowUp.due_at).where(FollowUp.done_at.is_(None))).all()
        staff = db.scalars(select(StaffAccount.username)).all()

    assert sorted(staff) == sorted(name for name, *_ in command.OFFICERS)
    assert sorted(t.office for t in tickets) == ["changhe-judicial", "puyan-judicial"]
    assert all(t.state == "completed" and t.opened_at < utc_now() for t in tickets)
    assert waiting == 0, "last week's notices ring nowhere today"
    assert len(ahead) == 4
    assert all(due > utc_now() for due in ahead)
    assert json.loads((tmp_path / "demo_accounts.json").read_text()).keys() == {
        n for n, *_ in command.OFFICERS
    }


def test_the_trail_of_the_past_goes_forward(seeded: Database) -> None:
    with seeded.transaction() as db:
        assert audit.verify(db, seeded.vault, None).intact


def test_nobody_of_the_stories_has_a_telephone_that_rings() -> None:
    text = Path(demo_stories.__file__).read_text("utf-8")
    assert text.count('"phone": "05710000') == 2 == text.count('"phone": "')


def test_somebody_is_on_duty_in_every_minute_but_for_the_one_hole_that_is_meant(seeded: Database) -> None:
    """Working hours, lunch, evenings, nights, weekends, and the holidays of May; at each office and the desk."""
    district, calendar = load_district("binjiang"), PolicyBook(utc_now).calendar
    # the second Saturday of May 2026 is worked, so that lunch is covered
    for first, holes in ((datetime(2026, 11, 23, tzinfo=ZONE), 2), (datetime(2026, 4, 27, tzinfo=ZONE), 1)):
        with seeded.transaction() as db:
            found = [
                gap.words(first, calendar)
                for office in offices_on_duty(district)
                for gap in gaps_of(db, office, first, first + timedelta(days=14), calendar)
            ]
            reach = reachability(db, district, first, calendar)
        assert found[0] == "周六 12:00–13:30 西兴司法所没有人值班"
        assert all(words.endswith("12:00–13:30 西兴司法所没有人值班") for words in found)
        assert len(found) == holes
        assert all(office.enough for office in reach), [office.words() for office in reach]
