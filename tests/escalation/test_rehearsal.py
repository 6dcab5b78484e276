"""A change is seen on what really came in before it counts for anybody."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from escalation.calendar import load_calendar, read_calendar
from escalation.errors import CalendarError, NotRehearsed, PolicyError
from escalation.level_policy import FIVE_COLOURS
from escalation.policy import FOLDER
from escalation.policy_book import PolicyBook
from escalation.rehearsal import Rehearsal, rehearse, save, shown, subject_of
from escalation.ticket import Ticket
from storage import edition
from storage.database import Database
from tests.support.clock import MovableClock
from tests.support.town import Town

TABLE = FIVE_COLOURS.read_text("utf-8")
HOME = (FOLDER / "home_visit.yml").read_text("utf-8")
KINDS = (FOLDER / "kinds.yml").read_text("utf-8")
STRICTER = TABLE.replace("{id: asq.positive, level: orange", "{id: asq.positive, level: red", 1)
MILDER = TABLE.replace("{id: asq.acute, level: red", "{id: asq.acute, level: orange", 1)
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


def rehearsed(town: Town, content: str, days: int = 30) -> Rehearsal:
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
    lines = "\n".join(rehearsed(town, STRICTER, days=7).lines)
    assert "3 位居民" in lines
    assert "上门：现行每周 1.0 次，新表每周 3.0 次（+2.0）。" in lines
    assert "电话：现行每周 3.0 次，新表每周 3.0 次（+0.0）。" in lines
    assert "红色更早认出（或新认出）：2 人；更晚认出（或不再认出）：0 人。" in lines
    assert "误会的比例（现行会派的工单里已结案 1 张）：100%。" in lines


def test_a_milder_table_shows_whom_it_would_no_longer_find(town: Town) -> None:
    last_month(town)
    lines = "\n".join(rehearsed(town, MILDER, days=7).lines)
    assert "上门：现行每周 1.0 次，新表每周 0.0 次（-1.0）。" in lines
    assert "更晚认出（或不再认出）：1 人" in lines


def test_what_is_older_than_the_days_is_left_out(town: Town) -> None:
    last_month(town)
    town.clock.now += timedelta(days=9)
    assert "0 位居民" in rehearsed(town, STRICTER, days=7).lines[0]


def test_a_faster_clock_shows_how_many_would_have_been_late(town: Town) -> None:
    last_month(town)
    lines = "\n".join(rehearsed(town, FASTER).lines)
    assert "「上门走访」工单 3 张" in lines
    assert "签收：3 个时限，更早 1，更晚 0；超时 现行 0，新版 1（+1）。" in lines


def test_quicker_steps_show_their_notices(town: Town) -> None:
    last_month(town)
    sooner = HOME.replace("{tell: supervisor, after: 15m}", "{tell: supervisor, after: 5m}")
    assert "没人签收时的通知：现行 2 次，新版 3 次（+1）。" in rehearsed(town, sooner).lines


def test_a_calendar_shows_which_deadlines_it_moves(town: Town) -> None:
    town.clock.now = datetime(2026, 12, 30, 7, tzinfo=UTC)
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    with town.database.transaction() as db:
        from residents.session import ResidentSession

        session = db.scalars(select(ResidentSession)).one()
        town.services.intake.call_back(db, session, town.clock())
    newer = read_calendar("日期,安排,名称\n2027-01-01,放假,元旦\n2027-10-01,放假,国庆节\n", load_calendar())
    lines = "\n".join(rehearsed(town, load_calendar().joined_with(newer).text()).lines)
    assert "签收：1 个时限，更早 0，更晚 0" in lines
    assert "通话：1 个时限，更早 0，更晚 1" in lines
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
