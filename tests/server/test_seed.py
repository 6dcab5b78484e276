"""A new demo district has staff and a past, and both are written once."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Select, func, select

from escalation.duty_gaps import gaps_of, offices_on_duty, reachability
from escalation.outbox import QueuedNotice
from escalation.policy_book import PolicyBook
from escalation.staff import StaffAccount
from escalation.ticket import FollowUp, Ticket, TicketClock
from escalation.triage import Level
from residents.district import load_district
from residents.resident import Identity, Resident
from residents.session import ResidentSession
from server import demo_stories
from server.commands import seed as command
from server.settings import Settings
from server.simulation import history
from server.simulation.engine import Killed
from server.simulation.history import _Past
from server.wiring import utc_now
from storage import audit
from storage.database import Database
from storage.heartbeat import Heartbeat
from storage.vault import Keyring, Vault
from tests.support.postgres import Postgres

ZONE = ZoneInfo("Asia/Shanghai")


def _find(patch: pytest.MonkeyPatch, database: Database, home: Path) -> Settings:
    """What `xinqiao seed` finds: this database, and a demo of twelve days, so that it is soon there."""
    chosen = Settings(home=home, demo_history_days=12, _env_file=None)  # type: ignore[call-arg]
    patch.setattr("server.settings.settings", lambda: chosen)
    patch.setattr("server.wiring.database_url", lambda _: str(database.engine.url))
    patch.setattr("storage.database.Database", lambda *_, **__: _Kept(database))
    patch.setattr("storage.vault.Keyring.load", lambda _: database.vault.keyring)
    return chosen


@pytest.fixture
def at_seed(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """This test's database, which `xinqiao seed` will fill."""
    return _find(monkeypatch, database, tmp_path)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("seed")


@pytest.fixture(scope="module")
def seeded(postgres: Postgres, home: Path) -> Iterator[Database]:
    """A database that `xinqiao seed` has filled, twice. These tests only look at it."""
    name = postgres.new_database()
    database = Database(postgres.url(name), Vault(Keyring.create(home / "keys.json")))
    with pytest.MonkeyPatch.context() as patch:
        _find(patch, database, home)
        command.seed()
        command.seed()
    yield database
    database.close()
    postgres.drop(name)


class _Kept:
    """The test's database, which the command may not close."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def __getattr__(self, name: str):  # type: ignore[no-untyped-def]
        return getattr(self._database, name)

    def close(self) -> None:
        """The test closes it."""


def test_the_district_has_its_staff_and_a_past_that_rings_nowhere(seeded: Database, home: Path) -> None:
    with seeded.transaction() as db:
        tickets = db.scalars(select(Ticket).order_by(Ticket.opened_at)).all()
        waiting = db.scalar(
            select(func.count()).select_from(QueuedNotice).where(QueuedNotice.state == "waiting")
        )
        kept = {t.id: db.scalars(_ahead(t)).all() for t in tickets if t.closed_at is None}
        staff = db.scalars(select(StaffAccount.username)).all()
        missed = db.scalar(select(func.count()).select_from(Heartbeat))

    assert sorted(staff) == sorted(name for name, *_ in command.OFFICERS)
    assert json.loads((home / "demo_accounts.json").read_text()).keys() == set(staff)
    assert waiting == 0, "notices of the past ring nowhere today"
    assert missed == 0, "no process of the past is missed today"
    assert all(t.opened_at < utc_now() for t in tickets)
    assert not [t.code for t in tickets if t.closed_at is None and t.level == Level.RED]
    today = tickets[-9:]
    before = [t for t in tickets if t.id in kept and t not in today]
    assert 2 <= len(before) <= history.STAYING
    assert all(kept[t.id] for t in before), "who is still looked after has a follow-up ahead"
    assert [t.state for t in tickets[-11:-9]] == ["completed", "completed"], "then the two of last week"
    assert [t.id in kept for t in today] == [True] * 9, "the last are those of today"


def test_each_street_has_something_to_do_today_and_nothing_that_is_late(seeded: Database) -> None:
    with seeded.transaction() as db:
        today = db.scalars(select(Ticket).order_by(Ticket.opened_at.desc()).limit(9)).all()
        unseen = db.scalars(
            select(QueuedNotice.ticket_id).where(
                QueuedNotice.channel == "in_app", QueuedNotice.seen_at.is_(None)
            )
        ).all()
        late = db.scalars(
            select(TicketClock.name).where(
                TicketClock.ticket_id.in_(t.id for t in today),
                TicketClock.stopped_at.is_(None),
                TicketClock.due_at < utc_now(),
            )
        ).all()
        ahead = {t.id: db.scalars(_ahead(t)).all() for t in today}
    assert late == []
    offices = sorted(o.code for o in load_district("binjiang").offices if o.kind == "judicial_office")
    for these in (today[:3], today[3:6], today[6:]):
        assert sorted(t.office for t in these) == offices, "one on each desk"
    not_taken, to_visit, asked_after = today[:3], today[3:6], today[6:]
    assert [t.acknowledged_at for t in not_taken] == [None] * 3
    assert {t.id for t in not_taken} <= set(unseen), "nobody has seen these yet"
    assert all(t.spoke_at and not t.met_at for t in to_visit)
    assert all(t.met_at and ahead[t.id] for t in asked_after)


def _ahead(ticket: Ticket) -> Select[UUID]:
    return select(FollowUp.id).where(
        FollowUp.ticket_id == ticket.id, FollowUp.done_at.is_(None), FollowUp.due_at > utc_now()
    )


def test_everybody_of_the_past_is_invented(seeded: Database) -> None:
    with seeded.transaction() as db:
        people = db.scalars(select(Identity)).all()
        phones = [seeded.vault.open(person, "phone") for person in people]
    assert phones
    assert all(phone and phone.startswith("0571000001") and len(phone) == 12 for phone in phones)


def test_a_past_that_was_interrupted_is_gone_on_with_and_written_once(
    database: Database, at_seed: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that is killed in the middle leaves people waiting; the next one does not leave them."""
    monkeypatch.setattr(_Past, "_clear_desks", _killed)
    with pytest.raises(Killed):
        command.seed()
    with database.transaction() as db:
        before = set(db.scalars(select(Ticket.id)))
        talks = db.scalar(select(func.count()).select_from(ResidentSession))
        assert history.unfinished(db) is not None
    monkeypatch.undo()
    with database.transaction() as db:
        plan = history.unfinished(db)
    assert plan is not None

    written = history.write_history(at_seed, database, utc_now(), ("puyan", "changhe", "xixing"))
    again = history.write_history(at_seed, database, utc_now(), ("puyan", "changhe", "xixing"))

    assert written is not None
    assert again is None
    assert written.conversations == (talks or 0) + 11, "only the stories were to come"
    assert written.tickets == len(before) + 11
    with database.transaction() as db:
        assert audit.verify(db, database.vault, None).intact
        red = select(Ticket.code).where(Ticket.closed_at.is_(None), Ticket.level == Level.RED)
        assert db.scalars(red).all() == []


def _killed(*_: object) -> None:
    raise Killed("here")


def test_a_live_district_is_given_no_past(database: Database, at_seed: Settings) -> None:
    live = at_seed.model_copy(update={"mode": "live"})
    with pytest.raises(ValueError, match="live"):
        history.write_history(live, database, utc_now(), ("puyan", "changhe", "xixing"))


def test_a_district_in_use_is_given_no_past(database: Database, at_seed: Settings) -> None:
    with database.transaction() as db:
        db.add(Resident(arrived_at=utc_now()))
    command.seed()
    with database.transaction() as db:
        assert history.unfinished(db) is None
        assert db.scalar(select(func.count()).select_from(Ticket)) == 0


def test_the_trail_of_the_past_goes_forward(seeded: Database) -> None:
    with seeded.transaction() as db:
        assert audit.verify(db, seeded.vault, None).intact


def test_nobody_of_the_stories_has_a_telephone_that_rings() -> None:
    text = Path(demo_stories.__file__).read_text("utf-8")
    assert text.count('"phone": "05710000') == 2 == text.count('"phone": "')
    today = (*demo_stories.ASKED_AFTER, *demo_stories.TO_VISIT, *demo_stories.NOT_TAKEN)
    assert {who.phone[:10] for who in today} == {"0571000001"}
    assert len({who.phone for who in today}) == len(today)


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
