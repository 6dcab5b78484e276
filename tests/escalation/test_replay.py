"""What was judged once is judged the same for ever, from what was kept and the editions that it names."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from escalation.level_policy import FIVE_COLOURS, level_policy_from
from escalation.policy import FOLDER
from escalation.policy_book import PolicyBook
from escalation.replay import Replay, Replayed
from escalation.signal import Rating, Signal
from escalation.ticket import DeadlineSet, Ticket
from storage import edition
from storage.database import Database
from tests.support.clock import MovableClock
from tests.support.town import Town


@pytest.fixture
def town(database: Database, clock: MovableClock, tmp_path: Path) -> Iterator[Town]:
    town = Town(database, clock, tmp_path)
    yield town
    town.close()


def replayed(town: Town) -> Replayed:
    """Everything computed again by a program that knows nothing but the database."""
    found = Replayed()
    replay = Replay(town.database.vault, PolicyBook(town.clock))
    with town.database.transaction() as db:
        steps = sum(1 for _ in replay.everything(db, found))
        assert steps == replay.how_many(db)
    return found


def three_residents(town: Town) -> None:
    """One speaks of a plan, one screens low all through, one answers that the thought is there."""
    speaks = town.resident(place="puyan-hall")
    speaks.agrees()
    speaks.says("我买好了安眠药，今晚就走")
    low = town.resident()
    low.agrees()
    low.completes()
    thinks = town.resident(place="puyan-hall")
    thinks.agrees()
    thinks.completes(mood=2, worry=1, q9=1, asq=1)


def saves(town: Town, subject: str, content: str) -> None:
    with town.database.transaction() as db:
        edition.save(db, subject, content, "测试", town.clock())


def test_every_level_and_deadline_comes_out_again_as_it_was_kept(town: Town) -> None:
    three_residents(town)
    found = replayed(town)
    assert found.differences == []
    assert found.not_kept == 0
    with town.database.transaction() as db:
        levels = set(db.scalars(select(Signal.level)))
        assert {4, 5} <= levels
        assert set(db.scalars(select(Rating.level))) >= {1, 4}
    assert found.levels >= 8
    assert found.deadlines >= 12


def test_what_a_new_table_and_a_new_clock_say_does_not_touch_what_was_judged(town: Town) -> None:
    three_residents(town)
    before = replayed(town)
    stricter = FIVE_COLOURS.read_text("utf-8").replace("{blue: 5, yellow: 10, orange: 15}", "{orange: 1}")
    slower = (FOLDER / "home_visit.yml").read_text("utf-8")
    slower = slower.replace("acknowledge: {within: 15m}", "acknowledge: {within: 20m}")
    saves(town, "levels", stricter.replace('version: "2"', 'version: "3"'))
    saves(town, "policy:home_visit", slower)
    after = replayed(town)
    assert after.differences == []
    assert (after.levels, after.deadlines) == (before.levels, before.deadlines)

    later = town.resident(place="puyan-hall")
    later.agrees()
    later.says("我买好了安眠药，今晚就走")
    with town.database.transaction() as db:
        newest = db.scalars(select(Ticket).order_by(Ticket.opened_at.desc(), Ticket.id)).all()
        assert len({t.policy for t in newest}) == 2, "the new ticket keeps the new edition"
        dues = {
            d.policy: d.due_at - d.spoken_at
            for d in db.scalars(
                select(DeadlineSet).where(DeadlineSet.clock == "acknowledge", DeadlineSet.level == 5)
            )
        }
    assert sorted(dues.values()) == [timedelta(minutes=15), timedelta(minutes=20)]
    assert replayed(town).differences == []


def test_a_changed_due_time_is_found_and_named(town: Town) -> None:
    three_residents(town)
    with town.database.transaction() as db:
        row = db.scalars(select(DeadlineSet).where(DeadlineSet.clock == "visit")).first()
        assert row is not None
        row.due_at += timedelta(seconds=1)
        code = db.get(Ticket, row.ticket_id).code  # type: ignore[union-attr]
    found = replayed(town)
    assert [d.what for d in found.differences] == [f"工单 {code} 的时限 visit（opened）"]


@pytest.mark.parametrize("column", ["level", "danger_to_life", "reasons"])
def test_a_changed_level_danger_or_reason_is_found(town: Town, column: str) -> None:
    three_residents(town)
    vault = town.database.vault
    with town.database.transaction() as db:
        signal = db.scalars(select(Signal).where(Signal.level == 5)).first()
        assert signal is not None
        if column == "level":
            signal.level = 4
        elif column == "danger_to_life":
            signal.danger_to_life = False
        else:
            kept = json.loads(vault.open(signal, "reasons") or "{}")
            vault.seal(signal, "reasons", json.dumps({**kept, "reasons": kept["reasons"][1:]}))
        name = f"判断 {signal.id}"
    assert [d.what for d in replayed(town).differences] == [name]


def test_a_changed_rating_is_found(town: Town) -> None:
    three_residents(town)
    with town.database.transaction() as db:
        rating = db.scalars(select(Rating).where(Rating.level == 4)).one()
        rating.level = 3
        name = f"总评 {rating.id}"
    assert [d.what for d in replayed(town).differences] == [name]


def test_an_edition_that_nobody_kept_is_a_difference_and_not_a_silence(town: Town) -> None:
    three_residents(town)
    with town.database.transaction() as db:
        for row in db.scalars(select(DeadlineSet)):
            row.policy = "home_visit/2#0000000000000000+0000000000000000"
        for signal in db.scalars(select(Signal)):
            signal.policy = "five_colours/1#0000000000000000"
    differences = replayed(town).differences
    assert all("没有保存过这一版" in d.again for d in differences)
    assert {d.what[:2] for d in differences} == {"判断", "工单"}


def test_what_was_erased_with_the_record_is_counted_and_not_guessed(town: Town) -> None:
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.says("我买好了安眠药，今晚就走")
    assert resident.sends("DELETE", "/record").status_code < 300
    found = replayed(town)
    assert found.not_kept >= 1
    assert found.differences == []
    with town.database.transaction() as db:
        assert set(db.scalars(select(Signal.inputs_sealed))) == {None}


def test_the_table_keeps_its_own_digest() -> None:
    text = FIVE_COLOURS.read_text("utf-8")
    one, other = level_policy_from(text, "a"), level_policy_from(text + "\n", "b")
    assert one.edition.startswith("five_colours/2#")
    assert one.edition != other.edition
