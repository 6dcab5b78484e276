"""Which rules are in force, which a ticket keeps, and that a new kind is a file."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from sqlalchemy import func, select

from escalation.calendar import load_calendar, read_calendar
from escalation.errors import KindNotListed, PolicyError
from escalation.policy import FOLDER
from escalation.policy_book import SHIPPED_BY, PolicyBook
from escalation.recompute import import_calendar
from escalation.replay import Replay, Replayed
from escalation.ticket import DeadlineSet, Ticket, TicketClock
from escalation.triage import Level
from residents.session import ResidentSession
from residents.store import lock_session
from storage import edition
from storage.database import Database
from storage.edition import Edition
from tests.support.clock import MovableClock
from tests.support.town import Resident, Town

HOME = (FOLDER / "home_visit.yml").read_text("utf-8")
SLOWER = HOME.replace("acknowledge: {within: 15m}", "acknowledge: {within: 20m}")


@pytest.fixture
def town(database: Database, clock: MovableClock, tmp_path: Path) -> Iterator[Town]:
    town = Town(database, clock, tmp_path)
    yield town
    town.close()


def book(town_or_clock: Town | MovableClock, folder: Path = FOLDER) -> PolicyBook:
    clock = town_or_clock.clock if isinstance(town_or_clock, Town) else town_or_clock
    return PolicyBook(clock, folder)


def in_danger(town: Town) -> Resident:
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.says("我买好了安眠药，今晚就走")
    return resident


def test_the_first_look_keeps_what_the_program_ships_and_the_second_does_nothing(
    database: Database, clock: MovableClock
) -> None:
    for turn in range(2):
        with database.transaction() as db:
            assert book(clock).refresh(db)
            subjects = db.scalars(select(Edition.subject)).all()
        assert len(subjects) == len(set(subjects)), turn
        assert {"calendar", "kinds", "levels", "policy:home_visit", "policy:call_back"} <= set(subjects)
        assert "instrument:phq9" in subjects
    with database.transaction() as db:
        same = book(clock)
        same.refresh(db)
        assert not same.refresh(db), "nothing is new"


def test_a_first_look_that_was_undone_is_made_again(database: Database, clock: MovableClock) -> None:
    mine = book(clock)
    with database.transaction() as db:
        mine.refresh(db)
        db.rollback()
    with database.transaction() as db:
        mine.refresh(db)
    with database.transaction() as db:
        assert edition.current(db, "policy:home_visit") is not None


def test_a_saved_edition_reaches_a_process_that_runs_already(database: Database, clock: MovableClock) -> None:
    mine = book(clock)
    with database.transaction() as db:
        mine.refresh(db)
        edition.save(db, "policy:home_visit", SLOWER, "区里", clock())
    with database.transaction() as db:
        assert mine.refresh(db)
    now = clock()
    assert mine["home_visit"].deadline("acknowledge", Level.RED, now) == now + timedelta(minutes=20)
    with database.transaction() as db:
        fresh = book(clock)
        fresh.refresh(db)
        kept = edition.current(db, "policy:home_visit")
        assert kept is not None
        assert kept.saved_by == "区里", "what a person saved is not replaced by what the program ships"
        assert fresh["home_visit"].edition == mine["home_visit"].edition


def test_a_newer_program_replaces_what_an_older_one_shipped(
    database: Database, clock: MovableClock, tmp_path: Path
) -> None:
    with database.transaction() as db:
        book(clock).refresh(db)
    newer = tmp_path / "policies"
    shutil.copytree(FOLDER, newer)
    (newer / "home_visit.yml").write_text(SLOWER, "utf-8")
    with database.transaction() as db:
        book(clock, newer).refresh(db)
        kept = edition.current(db, "policy:home_visit")
        assert kept is not None
        assert (kept.content, kept.saved_by) == (SLOWER, SHIPPED_BY)


def test_what_cannot_be_read_leaves_the_old_rules_in_force(database: Database, clock: MovableClock) -> None:
    mine = book(clock)
    with database.transaction() as db:
        mine.refresh(db)
        edition.save(db, "policy:home_visit", "kind: home_visit", "不小心", clock())
    with database.transaction() as db:
        assert not mine.refresh(db)
    assert mine["home_visit"].clocks(Level.RED)


def test_a_ticket_keeps_the_rules_under_which_it_was_opened(town: Town) -> None:
    in_danger(town)
    with town.database.transaction() as db:
        edition.save(db, "policy:home_visit", SLOWER, "区里", town.clock())
    in_danger(town)
    with town.database.transaction() as db:
        fresh = book(town)
        fresh.refresh(db)
        old, new = db.scalars(select(Ticket).order_by(Ticket.opened_at, Ticket.policy)).all()
        by = {
            fresh.of(db, t).deadline("acknowledge", Level.RED, t.spoken_at) - t.spoken_at for t in (old, new)
        }
    assert by == {timedelta(minutes=15), timedelta(minutes=20)}


def test_a_ticket_from_before_editions_were_kept_goes_by_what_is_in_force(
    database: Database, clock: MovableClock
) -> None:
    with database.transaction() as db:
        mine = book(clock)
        assert mine.edition(db, "home_visit/1") is mine["home_visit"]
        with pytest.raises(PolicyError, match="没有保存过这一版"):
            mine.edition(db, "home_visit/2#0+0")


def test_a_kind_that_is_not_published_cannot_be_given_to_anybody(town: Town) -> None:
    in_danger(town)
    with town.database.transaction() as db:
        session = db.scalars(select(ResidentSession)).one()
        with pytest.raises(KindNotListed, match="公布的工单种类里没有「dispute」"):
            town.services.intake.open_ticket(db, session, "dispute", Level.YELLOW, town.clock())
        with pytest.raises(PolicyError, match="「电话回访」没有红色"):
            town.services.intake.open_ticket(db, session, "call_back", Level.RED, town.clock())


def dispute() -> str:
    """A form for disputes between neighbours: no visit, its own outcomes, settled within ten working days."""
    raw = yaml.safe_load((FOLDER / "call_back.yml").read_text("utf-8"))
    raw |= {"kind": "dispute", "name": "矛盾调解", "version": "1"}
    raw["levels"]["yellow"]["clocks"] = {"acknowledge": {"within": "8wh"}, "speak": {"within": "2wd"}}
    raw["outcomes"] = {"settled": "双方谈拢了", "to_court": "转去法院"}
    del raw["acts"]["visit"]
    return yaml.safe_dump(raw, allow_unicode=True, sort_keys=False)


def test_adding_a_kind_is_adding_a_file_and_its_form(town: Town) -> None:
    """From the file to a closed ticket, through the console as it is."""
    in_danger(town)
    listed = (FOLDER / "kinds.yml").read_text("utf-8") + "  - dispute\n"
    with town.database.transaction() as db:
        edition.save(db, "policy:dispute", dispute(), "区里", town.clock())
        edition.save(db, "kinds", listed, "区里", town.clock())
    with town.database.transaction() as db:
        session = db.scalars(select(ResidentSession)).one()
        ticket = town.services.intake.open_ticket(db, session, "dispute", Level.YELLOW, town.clock())
        code = ticket.code
        again = town.services.intake.open_ticket(db, session, "dispute", Level.YELLOW, town.clock())
        assert again.code == code, "one open ticket per person and kind"
    officer = town.officer("puyan")
    shown = next(t for t in officer.tickets() if t["code"] == code)
    assert (shown["kind"], shown["kind_word"]) == ("dispute", "矛盾调解")
    detail = officer.acknowledges(code)
    assert "close" in detail["actions"]
    assert "visit" not in detail["actions"], "its form has no visit"
    assert [o["code"] for o in detail["team"]["outcomes"]] == ["settled", "to_court"]
    officer.on(code, "calls", outcome="spoke", note="两家都愿意谈")
    refused = officer.asks(
        "POST",
        f"/tickets/{code}/close",
        {"client_id": "0" * 8 + "-0000-4000-8000-" + "0" * 12, "outcome": "supported"},
    )
    assert refused.status_code in (403, 409, 422), "an outcome of another kind"
    closed = officer.on(code, "close", outcome="settled")
    assert closed["ticket"]["state"] == "completed"


def test_a_folder_with_one_more_file_has_one_more_kind(clock: MovableClock, tmp_path: Path) -> None:
    folder = tmp_path / "policies"
    shutil.copytree(FOLDER, folder)
    with (folder / "kinds.yml").open("a", encoding="utf-8") as listed:
        listed.write("  - dispute\n")
    with pytest.raises(PolicyError, match="dispute 没有政策文件"):
        book(clock, folder)
    (folder / "dispute.yml").write_text(dispute(), "utf-8")
    assert list(book(clock, folder)) == ["home_visit", "call_back", "dispute"]


# --- a new calendar ---------------------------------------------------------------------------------


def asks_for_a_call(town: Town) -> None:
    with town.database.transaction() as db:
        session = lock_session(db, db.scalars(select(ResidentSession)).one().id)
        assert session is not None
        town.services.intake.call_back(db, session, town.clock())


def test_a_new_calendar_moves_what_runs_by_it_and_nothing_else(town: Town) -> None:
    town.clock.now = datetime(2026, 12, 30, 7, tzinfo=UTC)  # a Wednesday; 2027 is not imported
    in_danger(town)
    asks_for_a_call(town)
    newer = read_calendar(
        "日期,安排,名称\n2027-01-01,放假,元旦\n2027-01-04,放假,元旦\n2027-10-01,放假,国庆节\n",
        load_calendar(),
    )
    with town.database.transaction() as db:
        brought_forward = db.scalars(clocks_of(db, "home_visit").where(TicketClock.name == "visit")).one()
        brought_forward.due_at -= timedelta(hours=1)
        red = {c.name: c.due_at for c in db.scalars(clocks_of(db, "home_visit"))}
        moved = import_calendar(db, town.services.intake.policies, newer, "区里", town.clock())
    assert [(m.clock, m.before.day, m.after.day) for m in moved] == [("speak", 4, 6), ("close", 13, 15)]
    with town.database.transaction() as db:
        assert {c.name: c.due_at for c in db.scalars(clocks_of(db, "home_visit"))} == red
        now = {c.name: c.due_at for c in db.scalars(clocks_of(db, "call_back"))}
        assert {m.clock: m.after for m in moved}.items() <= now.items()
        assert db.scalar(select(func.count()).where(DeadlineSet.because == "calendar")) == 2
        assert import_calendar(db, town.services.intake.policies, newer, "区里", town.clock()) == []
        found = Replayed()
        for _ in Replay(town.database.vault, book(town)).everything(db, found):
            pass
        assert found.differences == [], "old and new deadlines are computed by the calendar that they name"


def clocks_of(db: object, kind: str):  # type: ignore[no-untyped-def]
    return select(TicketClock).join(Ticket, Ticket.id == TicketClock.ticket_id).where(Ticket.kind == kind)
