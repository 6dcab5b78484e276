"""Working days and hours, by the official arrangement."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import chinese_calendar
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from escalation.calendar import WorkCalendar, load_calendar, read_calendar
from escalation.errors import CalendarError
from escalation.policy import load_policy
from escalation.triage import Level

CALENDAR = load_calendar()
ZONE = CALENDAR.zone
HEADING = "# hours: 08:30-12:00 13:30-17:30\ndate,kind,name\n"
moments = st.datetimes(datetime(2024, 12, 1), datetime(2028, 3, 2)).map(lambda at: at.replace(tzinfo=UTC))


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


def test_every_day_of_two_years_is_as_another_source_has_it() -> None:
    days = [date(2025, 1, 1) + timedelta(days=n) for n in range(730)]
    assert [d for d in days if CALENDAR.is_workday(d) != chinese_calendar.is_workday(d)] == []
    assert "国办发明电〔2024〕12号" in CALENDAR.source
    assert "国办发明电〔2025〕7号" in CALENDAR.source


@pytest.mark.parametrize(
    ("said", "days", "until"),
    [
        (
            "2026-09-30T15:00",
            3,
            "2026-10-11T00:00",
        ),  # the week of October, and the Saturday that makes up for it
        ("2026-09-19T10:00", 1, "2026-09-21T00:00"),  # a Sunday that is worked
        (
            "2026-02-14T09:00",
            1,
            "2026-02-25T00:00",
        ),  # said on a Saturday that is worked, before Spring Festival
        ("2025-12-31T23:59", 1, "2026-01-05T00:00"),  # over the end of the year, and a Sunday that is worked
        ("2026-04-03T12:00", 1, "2026-04-08T00:00"),  # a holiday that joins a weekend
        ("2028-02-28T12:00", 1, "2028-03-01T00:00"),  # a leap day, in a year that nobody imported
        ("2026-07-10T12:00", 3, "2026-07-16T00:00"),  # an ordinary weekend
    ],
)
def test_working_days_end_with_the_day(said: str, days: int, until: str) -> None:
    assert CALENDAR.add_working_days(local(said), days) == local(until)


@pytest.mark.parametrize(
    ("said", "hours", "until"),
    [
        ("2026-07-08T09:00", 2, "2026-07-08T11:00"),
        ("2026-07-08T11:00", 2, "2026-07-08T14:30"),  # lunch does not count
        ("2026-07-08T12:45", 1, "2026-07-08T14:30"),  # said at lunch
        ("2026-07-08T10:30", 1.5, "2026-07-08T12:00"),  # the last minute before lunch is still in time
        ("2026-07-10T17:00", 1, "2026-07-13T09:00"),  # over a weekend
        ("2026-09-30T16:00", 8, "2026-10-08T16:30"),  # over the week of October
        ("2026-10-10T03:00", 1, "2026-10-10T09:30"),  # at night, before a Saturday that is worked
    ],
)
def test_working_hours_stop_for_lunch_nights_and_holidays(said: str, hours: float, until: str) -> None:
    assert CALENDAR.add_working_time(local(said), timedelta(hours=hours)) == local(until)


@given(moments, moments, st.integers(1, 20))
@example(local("2026-02-14T12:00"), local("2026-02-14T12:00"), 1)
def test_working_days_are_never_before_the_start_and_never_turn_round(
    one: datetime, other: datetime, days: int
) -> None:
    early, late = sorted((one, other))
    due = CALENDAR.add_working_days(early, days)
    assert due > early
    assert due <= CALENDAR.add_working_days(late, days)
    assert due < CALENDAR.add_working_days(early, days + 1)
    last = (due - timedelta(microseconds=1)).astimezone(ZONE)
    assert CALENDAR.is_workday(last.date())
    assert due.astimezone(ZONE).time() == time()


@given(moments, moments, st.integers(0, 60 * 60), st.integers(1, 60 * 20))
def test_working_hours_add_up(one: datetime, other: datetime, first: int, more: int) -> None:
    early, late = sorted((one, other))
    span = timedelta(minutes=first)
    due = CALENDAR.add_working_time(early, span)
    assert due >= early
    assert due <= CALENDAR.add_working_time(late, span)
    assert CALENDAR.working_time(early, due) == span
    both = CALENDAR.add_working_time(early, span + timedelta(minutes=more))
    assert both == CALENDAR.add_working_time(due, timedelta(minutes=more))


@given(moments, st.integers(1, 15))
def test_what_was_skipped_and_what_counted_are_the_whole_time(at: datetime, days: int) -> None:
    due = CALENDAR.add_working_days(at, days)
    skipped = CALENDAR.skipped(at, due, hours=True)
    closed = sum((s.to_at - s.from_at for s in skipped), timedelta())
    assert closed + CALENDAR.working_time(at, due) == due - at
    assert all(a.to_at <= b.from_at for a, b in pairwise(skipped))


def test_what_was_skipped_has_a_name() -> None:
    skipped = CALENDAR.skipped(local("2026-09-24T10:00"), local("2026-10-12T00:00"))
    assert [(s.name, s.from_at.day, s.to_at.day) for s in skipped] == [
        ("中秋节", 25, 28),
        ("国庆节", 1, 8),
        ("周末", 11, 12),
    ]


def test_a_year_that_nobody_imported_counts_every_monday_to_friday_and_says_so() -> None:
    said = local("2027-09-30T15:00")
    assert CALENDAR.add_working_days(said, 1) == local("2027-10-02T00:00"), "the earlier deadline"
    assert CALENDAR.covers(date(2026, 5, 1))
    assert not CALENDAR.covers(date(2027, 5, 1))
    assert CALENDAR.gaps(date(2026, 12, 30), date(2028, 1, 2)) == (2027, 2028)
    why = load_policy("home_visit").why("speak", Level.YELLOW, local("2026-12-30T15:00"))
    assert why.gaps == (2027,)


def test_a_year_of_which_only_the_last_days_are_known_is_not_covered() -> None:
    few = read_calendar(
        HEADING + "2026-12-31,holiday,元旦\n2027-01-01,holiday,元旦\n2027-10-01,holiday,国庆节\n"
    )
    assert not few.covers(date(2026, 12, 31))
    begun = read_calendar(HEADING + "2027-01-01,holiday,元旦\n")
    assert not begun.covers(date(2027, 6, 1)), "the year before announces 1 January at times"
    assert few.covers(date(2027, 6, 1))


def test_yellow_runs_by_the_calendar_and_red_does_not() -> None:
    policy = load_policy("home_visit")
    night = local("2026-10-01T23:00")
    assert policy.deadline("acknowledge", Level.RED, night) == night + timedelta(minutes=15)
    assert policy.deadline("visit", Level.ORANGE, night) == night + timedelta(hours=24)
    assert policy.deadline("acknowledge", Level.YELLOW, night) == local("2026-10-09T00:00")
    assert policy.why("visit", Level.ORANGE, night).skipped == ()
    assert [s.name for s in policy.why("acknowledge", Level.YELLOW, night).skipped] == ["国庆节"]


def test_the_zone_has_no_summer_time() -> None:
    offsets = {local(f"2026-{month:02d}-15T12:00").utcoffset() for month in range(1, 13)}
    assert offsets == {timedelta(hours=8)}


def test_a_calendar_is_the_same_after_it_was_written_and_read() -> None:
    again = read_calendar(CALENDAR.text())
    assert (again, again.digest) == (CALENDAR, CALENDAR.digest)


def test_a_newer_year_joins_and_a_corrected_one_replaces() -> None:
    newer = read_calendar(HEADING + "2026-10-01,holiday,国庆节\n2026-01-01,holiday,元旦\n", CALENDAR)
    both = CALENDAR.joined_with(newer)
    assert not both.is_workday(date(2025, 10, 8))
    assert both.is_workday(date(2026, 10, 2))
    assert both.digest != CALENDAR.digest
    assert isinstance(both, WorkCalendar)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEADING + "2026-13-01,holiday,元旦\n", "第 3 行：日期应当像 2026-10-01，写的是「2026-13-01」"),
        (
            HEADING + "2026-01-01,休息,元旦\n",
            "第 3 行：安排应当是 holiday（放假）或 workday（上班），写的是「休息」",
        ),
        (HEADING + "2026-01-01,holiday,\n", "第 3 行：没有写名称"),
        (HEADING + "2026-01-01\n", "第 3 行：安排应当是"),
        (HEADING + "2026-01-05,workday,调休\n", "第 3 行：2026-01-05 本来就是工作日"),
        (HEADING + "2026-01-01,放假,元旦\n2026-01-01,放假,元旦\n", "第 4 行：2026-01-01 写了两次"),
        (HEADING, "表是空的"),
        ("", "第一行应当是三列的名称"),
        ("date,kind\n2026-01-01,holiday\n", "第一行应当是三列的名称"),
        ("date,kind,name\n2026-01-01,holiday,元旦\n", "没有写工作时间"),
        ("# hours: 12:00-08:30\ndate,kind,name\n2026-01-01,holiday,元旦\n", "从早到晚"),
        ("# hours: 8点\ndate,kind,name\n2026-01-01,holiday,元旦\n", "工作时间应当像 08:30-12:00"),
        ("# hours: 08:30-25:00\ndate,kind,name\n2026-01-01,holiday,元旦\n", "钟点应当像 08:30"),
        ("# zone: 杭州\n" + HEADING + "2026-01-01,holiday,元旦\n", "没有这个时区「杭州」"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(text: str, said: str) -> None:
    with pytest.raises(CalendarError) as refused:
        read_calendar(text)
    assert said in str(refused.value)


def test_all_wrong_lines_are_named_at_once() -> None:
    with pytest.raises(CalendarError, match=r"第 3 行.*第 5 行"):
        read_calendar(HEADING + "x,holiday,元旦\n2026-10-01,holiday,国庆节\n2026-10-02,?,国庆节\n")
