"""A change is seen on what really came in before it counts for anybody."""

import random
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import inspect as sa_inspect
from sqlalchemy import select
from sqlalchemy.orm import Session

from escalation.calendar import load_calendar, read_calendar
from escalation.errors import CalendarError, NotRehearsed, PolicyError
from escalation.level_policy import FIVE_COLOURS
from escalation.policy import FOLDER
from escalation.policy_book import PolicyBook
from escalation.rehearsal import Person, Rehearsal, compared, rehearse, save, shown, subject_of
from escalation.roughly import LEAST, roughly, share
from escalation.signal import Rating, Signal
from escalation.ticket import DeadlineSet, Ticket, TicketClock
from escalation.triage import Level
from residents.resident import Resident
from storage import edition
from storage.database import Database
from tests.support.clock import MovableClock
from tests.support.town import Town

TABLE = FIVE_COLOURS.read_text("utf-8")
HOME = (FOLDER / "home_visit.yml").read_text("utf-8")
KINDS = (FOLDER / "kinds.yml").read_text("utf-8")
STRICTER = TABLE.replace("{id: asq.positive, level: orange", "{id: asq.positive, level: red", 1)
MILDER = TABLE.replace("{id: asq.acute, level: red", "{id: asq.acute, level: orange", 1)
SOONER = HOME.replace("{tell: supervisor, after: 15m}", "{tell: supervisor, after: 5m}")
FASTER = HOME.replace("acknowledge: {within: 15m}", "acknowledge: {within: 5m}")


@pytest.fixture
def town(database: Database, clock: MovableClock, tmp_path: Path) -> Iterator[Town]:
    town = Town(database, clock, tmp_path)
    yield town
    town.close()


def last_month(town: Town) -> None:
    """One orange who was a mistake, one orange, one red; the red waits ten minutes, nobody takes the others."""
    for asq5 in (0, 0, 1):
        resident = town.resident(place="puyan-hall")
        resident.agrees()
        resident.completes(mood=2, worry=1, q9=1, asq=1, asq5=asq5)
    with town.database.transaction() as db:
        mistaken = db.scalars(select(Ticket).where(Ticket.level == 4).order_by(Ticket.code)).first()
        assert mistaken is not None
        mistaken.complete("mistaken", town.clock())
    town.clock.now += timedelta(minutes=10)


def many(town: Town, times: int) -> None:
    """What came of last month, that many times over, each time with people of their own."""
    with town.database.transaction() as db:
        kinds: tuple[Any, ...] = (Resident, Ticket, Signal, Rating, TicketClock, DeadlineSet)
        rows = [row for kind in kinds for row in db.scalars(select(kind))]
        for _ in range(times - 1):
            new: dict[UUID, UUID] = {}
            for row in rows:
                _again(town, db, row, new)


def _again(town: Town, db: Session, row: Any, new: dict[UUID, UUID]) -> None:
    vault = town.database.vault
    skip = {"id", "position"}
    values = {c.key: getattr(row, c.key) for c in sa_inspect(type(row)).column_attrs if c.key not in skip}
    made = type(row)(id=uuid4(), **{k: v for k, v in values.items() if not k.endswith("_sealed")})
    new[row.id] = made.id
    for name in ("resident_id", "ticket_id"):
        if values.get(name) is not None:
            setattr(made, name, new[values[name]])
    for name, fresh in (("source", str(made.id)), ("sitting_id", made.id), ("code", made.id.hex[:12])):
        if name in values:
            setattr(made, name, fresh)
    if "resident_code_index" in values:
        made.resident_code_index = made.id.bytes
        vault.seal(made, "resident_code", "x")
    for name in ("inputs", "reasons"):
        if hasattr(made, f"{name}_sealed"):
            vault.seal(made, name, vault.open(row, name))
    db.add(made)
    db.flush()


def rehearsed(town: Town, content: str, days: int = 28) -> Rehearsal:
    with town.database.transaction() as db:
        book = PolicyBook(town.clock)
        book.refresh(db)
        found = rehearse(db, town.database.vault, book, content, town.clock(), days)
        shown(db, found, "区里的人", town.clock())
        return found


def saved(town: Town, content: str, by: str = "甲", second: str = "") -> None:
    with town.database.transaction() as db:
        book = PolicyBook(town.clock)
        book.refresh(db)
        save(db, book, content, by, town.clock(), second)


def test_a_stricter_table_shows_its_visits_its_earlier_reds_and_its_false_alarms(town: Town) -> None:
    last_month(town)
    many(town, 12)
    lines = "\n".join(rehearsed(town, STRICTER).lines)
    assert "30 到 39 位居民" in lines
    assert "上门：现行 10 到 19 人；换成新表，多 20 到 29 人，少 不到 10 人，每周大约 +5.0 次。" in lines
    assert "电话：现行 30 到 39 人；换成新表，多 不到 10 人，少 不到 10 人。" in lines
    assert "红色更早认出（或新认出）：20 到 29 人；更晚认出（或不再认出）：不到 10 人。" in lines
    assert "不等于没有" in lines


def test_a_milder_table_shows_whom_it_would_no_longer_find(town: Town) -> None:
    last_month(town)
    many(town, 12)
    lines = "\n".join(rehearsed(town, MILDER).lines)
    assert "上门：现行 10 到 19 人；换成新表，多 不到 10 人，少 10 到 19 人，每周大约 -2.5 次。" in lines
    assert "更晚认出（或不再认出）：10 到 19 人" in lines


def test_few_people_are_told_to_nobody(town: Town) -> None:
    """Three people, and one whose answer would be read from a cut-off that is moved: nothing may differ."""
    last_month(town)
    many(town, 3)
    stricter, milder = rehearsed(town, STRICTER).lines, rehearsed(town, MILDER).lines
    assert stricter == milder
    assert "太少" in stricter[1]
    for clocks in (FASTER, SOONER):
        assert "太少" in rehearsed(town, clocks).lines[1]


@pytest.mark.parametrize("days", [1, 7, 27, 29, 30, 366])
def test_no_rehearsal_is_over_one_day_or_one_day_more_than_another(town: Town, days: int) -> None:
    with pytest.raises(PolicyError, match="28"):
        rehearsed(town, STRICTER, days)


def test_what_is_older_than_the_days_is_left_out(town: Town) -> None:
    last_month(town)
    many(town, 12)
    town.clock.now += timedelta(days=29)
    assert "不到 10 位居民" in rehearsed(town, STRICTER).lines[0]
    assert "30 到 39 位居民" in rehearsed(town, STRICTER, 56).lines[0]


SAID = re.compile(r"(不到 (\d+)|(\d+) 到 (\d+))")


def heard(lines: Iterable[str]) -> list[tuple[int, int]]:
    """All that the lines say of counts: each as the least and the most that it can be."""
    found = SAID.findall("\n".join(lines))
    return [(0, int(below) - 1) if below else (int(least), int(most)) for _, below, least, most in found]


def people_of(scores: Sequence[int], cut: int, cut_now: int = 15) -> dict[UUID, Person]:
    levels = {True: Level.ORANGE, False: Level.GREEN}
    return {
        UUID(int=n): Person(old=levels[score >= cut_now], new=levels[score >= cut])
        for n, score in enumerate(scores)
    }


@pytest.mark.parametrize("seed", range(20))
def test_moving_a_cut_off_step_by_step_and_subtracting_finds_nobody(seed: int) -> None:
    """Somebody rehearses every cut-off there is and subtracts each from the next: how many have just this score?

    Whatever is said leaves ten whole numbers open for every score, none among them or not.
    """
    scores = [random.Random(f"{seed}.{n}").randrange(28) for n in range(10 + seed * 9)]
    home = PolicyBook(lambda: datetime.now(UTC))["home_visit"]
    said = [heard(compared(people_of(scores, cut), home, {}, 28)) for cut in range(29)]
    for lower, higher in pairwise(said):
        for (least, most), (next_least, next_most) in zip(lower, higher, strict=True):
            spans = [abs(a - b) for a in range(least, most + 1) for b in range(next_least, next_most + 1)]
            assert len(set(spans)) >= LEAST, (lower, higher)


@pytest.mark.parametrize("others", [9, 14, 19, 40])
def test_one_persons_answer_changes_nothing_that_is_said(others: int) -> None:
    """A cut-off is put just below, and just above, what one person had; all others are far away from it."""
    home = PolicyBook(lambda: datetime.now(UTC))["home_visit"]
    scores = [12, *([3] * others)]
    below, above = (list(compared(people_of(scores, cut), home, {}, 28)) for cut in (12, 13))
    assert below == above


def test_a_share_is_said_in_tenths_and_never_of_few() -> None:
    assert share(30, 100) == "约 3 成"
    assert share(9, 100) is share(91, 100) is share(3, 5) is None
    assert [roughly(n) for n in (0, 9, 10, 19, 20)] == [
        "不到 10",
        "不到 10",
        "10 到 19",
        "10 到 19",
        "20 到 29",
    ]


def test_a_faster_clock_shows_how_many_would_have_been_late(town: Town) -> None:
    last_month(town)
    many(town, 12)
    lines = "\n".join(rehearsed(town, FASTER).lines)
    assert "「上门走访」工单 30 到 39 张" in lines
    assert (
        "签收：30 到 39 人的时限，更早 10 到 19 人，更晚 不到 10 人；"
        "现行超时 不到 10 人，新版多超时 10 到 19 人，少超时 不到 10 人。" in lines
    )


def test_quicker_steps_show_their_notices(town: Town) -> None:
    last_month(town)
    many(town, 12)
    assert (
        "没人签收时的通知：10 到 19 人的工单会多通知，不到 10 人的会少通知。" in rehearsed(town, SOONER).lines
    )


def test_a_calendar_shows_which_deadlines_it_moves(town: Town) -> None:
    town.clock.now = datetime(2026, 12, 30, 7, tzinfo=UTC)
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    with town.database.transaction() as db:
        from residents.session import ResidentSession

        session = db.scalars(select(ResidentSession)).one()
        town.services.intake.call_back(db, session, town.clock())
    newer = read_calendar("日期,安排,名称\n2027-01-01,放假,元旦\n2027-10-01,放假,国庆节\n", load_calendar())
    many(town, 12)
    lines = "\n".join(rehearsed(town, load_calendar().joined_with(newer).text()).lines)
    assert "签收：10 到 19 人的时限，更早 不到 10 人，更晚 不到 10 人" in lines
    assert "通话：10 到 19 人的时限，更早 不到 10 人，更晚 10 到 19 人" in lines
    assert "没有导入" not in lines
    gap = "\n".join(rehearsed(town, load_calendar().text()).lines)
    assert "2027 年的放假安排没有导入" in gap


def test_a_new_kind_shows_its_deadlines(town: Town) -> None:
    other = HOME.replace("kind: home_visit", "kind: dispute").replace("name: 上门走访", "name: 矛盾调解")
    lines = "\n".join(rehearsed(town, other).lines)
    assert "「矛盾调解」是新的一种" in lines
    assert "黄色：签收 1 个工作日，通话 3 个工作日，结案 10 个工作日。" in lines


def test_nothing_is_saved_that_was_not_rehearsed_exactly_so(town: Town) -> None:
    with pytest.raises(NotRehearsed, match="要先预演"):
        saved(town, FASTER)
    rehearsed(town, FASTER)
    with pytest.raises(NotRehearsed):
        saved(town, FASTER.replace("5m", "6m", 1))
    saved(town, FASTER)
    now = town.clock()
    with town.database.transaction() as db:
        town.services.intake.policies.refresh(db)
    home = town.services.intake.policies["home_visit"]
    assert home.deadline("acknowledge", max(home.levels), now) == now + timedelta(minutes=5)


def test_a_rehearsal_against_what_is_no_longer_in_force_does_not_count(town: Town) -> None:
    rehearsed(town, FASTER)
    with town.database.transaction() as db:
        edition.save(db, "policy:home_visit", HOME + "# 别人刚改过\n", "乙", town.clock())
    with pytest.raises(NotRehearsed):
        saved(town, FASTER)


@pytest.mark.parametrize("second", ["", " ", "甲", " 甲 "])
def test_the_table_of_levels_wants_two_people(town: Town, second: str) -> None:
    rehearsed(town, STRICTER)
    with pytest.raises(PolicyError, match="两个不同的名字"):
        saved(town, STRICTER, "甲", second)
    saved(town, STRICTER, "甲", "乙")
    with town.database.transaction() as db:
        kept = edition.current(db, "levels")
        assert kept is not None
        assert kept.saved_by == "甲、乙"
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.completes(mood=2, worry=1, q9=1, asq=1)
    with town.database.transaction() as db:
        assert [t.level for t in db.scalars(select(Ticket))] == [5], "it holds from the next answer on"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (KINDS.replace("  - home_visit\n", ""), "home_visit 不能去掉"),
        (KINDS + "  - dispute\n", "dispute 还没有政策"),
        (HOME.replace("trip: {longest: 2h}\n", ""), "trip"),
        (TABLE.replace("version:", "verzion:"), "version"),
        ("哈哈", "认不出这是什么"),
        ("a: [", "读不懂"),
        (HOME + "  x: [", "读不懂"),
        (
            (FOLDER / "call_back.yml").read_text("utf-8").replace("kind: call_back", "kind: home_visit"),
            "red、orange",
        ),
    ],
)
def test_what_can_never_be_meant_is_refused_before_it_is_rehearsed(
    town: Town, content: str, said: str
) -> None:
    with pytest.raises(PolicyError, match=said):
        rehearsed(town, content)


def test_a_calendar_with_a_wrong_line_is_refused(town: Town) -> None:
    with pytest.raises(CalendarError, match="第 2 行"):
        rehearsed(town, "date,kind,name\n2026-99-01,holiday,元旦\n")


def test_somebody_must_stand_for_it(town: Town) -> None:
    rehearsed(town, FASTER)
    with pytest.raises(PolicyError, match="谁保存的"):
        saved(town, FASTER, "  ")


@pytest.mark.parametrize(
    ("content", "subject"),
    [
        (HOME, "policy:home_visit"),
        (TABLE, "levels"),
        (KINDS, "kinds"),
        (load_calendar().text(), "calendar"),
    ],
)
def test_a_file_says_itself_what_it_is(content: str, subject: str) -> None:
    assert subject_of(content) == subject
