"""Who is on duty at any minute: patterns, nights, leave, swaps, backups, and the minutes when nobody is."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from escalation.duty import DutyChange, DutyShift
from escalation.errors import RosterError
from escalation.roster import checked_clock, checked_days, gaps, people_at, stretches

ZONE = ZoneInfo("Asia/Shanghai")
SHEN, HE, LU, LEFT = (UUID(int=n) for n in (1, 2, 3, 4))
ACTIVE = {SHEN, HE, LU}
MONDAY = date(2026, 11, 23)


def shift(
    who: UUID | None, days: str = "1234567", starts: str = "00:00", ends: str = "24:00", **more: object
):  # type: ignore[no-untyped-def]
    values: dict[str, object] = {
        "duty": "officer",
        "backup": False,
        "valid_from": None,
        "valid_to": None,
        **more,
    }
    return DutyShift(
        id=uuid4(), office="puyan-judicial", staff_id=who, days=days, starts=starts, ends=ends, **values
    )


def change(kind: str, who: UUID, from_at: datetime, to_at: datetime, by: UUID | None = None, **more: object):  # type: ignore[no-untyped-def]
    return DutyChange(
        id=uuid4(), office="puyan-judicial", kind=kind, staff_id=who, from_at=from_at, to_at=to_at,
        replaced_by=by, made_by="lu", made_at=from_at, **{"ended_at": None, **more},
    )  # fmt: skip


def at(day: int, clock: str) -> datetime:
    """A moment in the week of that Monday; day 1 is Monday."""
    hour, minute = map(int, clock.split(":"))
    local = datetime(MONDAY.year, MONDAY.month, MONDAY.day, tzinfo=ZONE) + timedelta(
        days=day - 1, hours=hour, minutes=minute
    )
    return local.astimezone(UTC)


def there(shifts: list[DutyShift], moment: datetime, changes: list[DutyChange] | None = None, **more: object):  # type: ignore[no-untyped-def]
    return people_at(
        shifts, changes or [], str(more.get("duty", "officer")), moment, more.get("calendar"), ACTIVE
    )  # type: ignore[arg-type]


class Holiday:
    """A calendar in which this Wednesday is free and this Saturday is worked."""

    zone = ZONE

    def is_workday(self, day: date, /) -> bool:
        return day.isoweekday() in (1, 2, 4, 5, 6)


@pytest.mark.parametrize(
    ("clock", "who"),
    [("08:29", ()), ("08:30", (SHEN,)), ("11:59", (SHEN,)), ("12:00", ()), ("17:29", ()), ("23:59", ())],
)
def test_a_shift_holds_from_its_first_minute_up_to_its_last(clock: str, who: tuple[UUID, ...]) -> None:
    assert there([shift(SHEN, "12345", "08:30", "12:00")], at(1, clock)) == who


def test_a_night_belongs_to_the_evening_on_which_it_began() -> None:
    night = [shift(SHEN, "5", "18:00", "08:00")]
    assert there(night, at(5, "17:59")) == ()
    assert there(night, at(5, "23:59")) == (SHEN,)
    assert there(night, at(6, "00:00")) == (SHEN,)
    assert there(night, at(6, "07:59")) == (SHEN,)
    assert there(night, at(6, "08:00")) == ()
    assert there(night, at(5, "07:00")) == (), "the night before was nobody's"


def test_sunday_night_reaches_into_monday() -> None:
    assert there([shift(SHEN, "7", "22:00", "06:00")], at(8, "05:59")) == (SHEN,)
    assert there([shift(SHEN, "7", "22:00", "06:00")], at(1, "05:59")) == (SHEN,)
    assert there([shift(SHEN, "7", "22:00", "06:00")], at(2, "05:59")) == ()


@pytest.mark.parametrize("ends", ["24:00", "00:00"])
def test_the_whole_day_is_the_whole_day_and_no_more(ends: str) -> None:
    day = [shift(SHEN, "3", "00:00", ends)]
    assert there(day, at(2, "23:59")) == ()
    assert there(day, at(3, "00:00")) == (SHEN,)
    assert there(day, at(3, "23:59")) == (SHEN,)
    assert there(day, at(4, "00:00")) == ()


def test_the_same_hour_twice_is_round_the_clock() -> None:
    assert there([shift(SHEN, "3", "08:00", "08:00")], at(4, "07:59")) == (SHEN,)
    assert there([shift(SHEN, "3", "08:00", "08:00")], at(4, "08:00")) == ()


def test_work_days_and_days_of_rest_follow_the_official_calendar() -> None:
    work, rest = [shift(SHEN, "workday")], [shift(HE, "restday")]
    assert there(work, at(3, "10:00"), calendar=Holiday()) == ()
    assert there(rest, at(3, "10:00"), calendar=Holiday()) == (HE,)
    assert there(work, at(6, "10:00"), calendar=Holiday()) == (SHEN,)
    assert there(work, at(6, "10:00")) == (), "without a calendar Saturday is free"


def test_a_shift_holds_only_while_it_is_valid() -> None:
    december = [
        shift(SHEN, valid_from=date(2026, 11, 25), valid_to=date(2026, 11, 26), starts="20:00", ends="06:00")
    ]
    assert there(december, at(2, "21:00")) == ()
    assert there(december, at(3, "21:00")) == (SHEN,)
    assert there(december, at(5, "05:00")) == (SHEN,), "the last night is worked to its end"
    assert there(december, at(5, "21:00")) == ()


def test_somebody_who_left_is_not_on_duty() -> None:
    assert there([shift(LEFT)], at(1, "10:00")) == ()
    assert there([shift(LEFT), shift(None)], at(1, "10:00")) == (None,)


def test_officers_and_leads_have_rosters_of_their_own() -> None:
    both = [shift(SHEN), shift(LU, duty="lead")]
    assert there(both, at(1, "10:00")) == (SHEN,)
    assert there(both, at(1, "10:00"), duty="lead") == (LU,)


def test_leave_that_begins_in_the_middle_of_a_shift_calls_the_backup() -> None:
    shifts = [shift(SHEN, "1", "08:00", "18:00"), shift(HE, "1", "08:00", "18:00", backup=True)]
    leave = [change("leave", SHEN, at(1, "14:30"), at(1, "16:00"))]
    assert there(shifts, at(1, "14:29"), leave) == (SHEN,)
    assert there(shifts, at(1, "14:30"), leave) == (HE,)
    assert there(shifts, at(1, "16:00"), leave) == (SHEN,)


def test_leave_without_anybody_else_is_a_gap_of_just_that_time() -> None:
    shifts = [shift(SHEN)]
    leave = [change("leave", SHEN, at(1, "14:30"), at(1, "16:00"))]
    assert gaps(shifts, leave, "officer", at(1, "00:00"), at(3, "00:00"), None, ACTIVE) == (
        (at(1, "14:30"), at(1, "16:00")),
    )


def test_leave_with_a_replacement_who_is_away_too_goes_on_to_theirs() -> None:
    leaves = [
        change("leave", SHEN, at(1, "00:00"), at(2, "00:00"), by=HE),
        change("leave", HE, at(1, "12:00"), at(2, "00:00"), by=LU),
    ]
    assert there([shift(SHEN)], at(1, "11:00"), leaves) == (HE,)
    assert there([shift(SHEN)], at(1, "12:00"), leaves) == (LU,)
    round_and_round = [leaves[0], change("leave", HE, at(1, "12:00"), at(2, "00:00"), by=SHEN)]
    assert there([shift(SHEN)], at(1, "12:00"), round_and_round) == ()


def test_two_who_swap_at_the_same_hour_are_both_there() -> None:
    swap = [
        change("swap", SHEN, at(1, "08:00"), at(1, "18:00"), by=HE),
        change("swap", HE, at(1, "08:00"), at(1, "18:00"), by=SHEN),
    ]
    assert there([shift(SHEN)], at(1, "09:00"), swap) == (HE,)
    assert there([shift(HE)], at(1, "09:00"), swap) == (SHEN,)
    assert set(there([shift(SHEN), shift(HE)], at(1, "09:00"), swap)) == {SHEN, HE}


def test_a_swap_with_somebody_who_left_covers_nothing() -> None:
    assert (
        there([shift(SHEN)], at(1, "09:00"), [change("swap", SHEN, at(1, "08:00"), at(1, "18:00"), by=LEFT)])
        == ()
    )


def test_a_change_that_was_taken_back_changes_nothing() -> None:
    leave = [change("leave", SHEN, at(1, "00:00"), at(2, "00:00"), ended_at=at(1, "01:00"))]
    assert there([shift(SHEN)], at(1, "09:00"), leave) == (SHEN,)


def test_backups_stay_at_home_while_anybody_is_there() -> None:
    assert there([shift(SHEN), shift(HE, backup=True)], at(1, "09:00")) == (SHEN,)
    assert there([shift(HE, backup=True)], at(1, "09:00")) == (HE,)


def test_an_office_without_a_roster_has_nobody() -> None:
    assert gaps([], [], "officer", at(1, "00:00"), at(2, "00:00"), None, ACTIVE) == (
        (at(1, "00:00"), at(2, "00:00")),
    )
    assert gaps([], [], "officer", at(2, "00:00"), at(2, "00:00"), None, ACTIVE) == ()


def test_lunch_that_nobody_covers_is_seen_each_day() -> None:
    shifts = [shift(SHEN, "12345", "08:30", "12:00"), shift(HE, "12345", "13:30", "08:30"), shift(None, "67")]
    found = gaps(shifts, [], "officer", at(1, "08:30"), at(8, "08:30"), None, ACTIVE)
    assert [gap for gap in found if gap[0] >= at(1, "09:00")][:2] == [
        (at(1, "12:00"), at(1, "13:30")),
        (at(2, "12:00"), at(2, "13:30")),
    ]
    assert found[-1] == (at(8, "00:00"), at(8, "08:30")), "Sunday is not followed by a Sunday night shift"


clocks = st.builds(lambda h, m: f"{h:02}:{m:02}", st.integers(0, 23), st.sampled_from((0, 1, 30, 59)))
shifts_drawn = st.builds(
    shift,
    st.sampled_from((SHEN, HE, LU, LEFT, None)),
    st.sampled_from(("1234567", "12345", "67", "3", "workday", "restday")),
    clocks,
    st.one_of(clocks, st.just("24:00")),
    backup=st.booleans(),
    duty=st.sampled_from(("officer", "lead")),
    valid_to=st.sampled_from((None, MONDAY + timedelta(days=1))),
)
moments = st.builds(lambda d, c: at(d, c), st.integers(1, 4), clocks)
changes_drawn = st.builds(
    lambda kind, who, one, two, by: change(kind, who, min(one, two), max(one, two), by),
    st.sampled_from(("leave", "swap")),
    st.sampled_from((SHEN, HE, LU)),
    moments,
    moments,
    st.sampled_from((None, SHEN, HE, LU, LEFT)),
)


@settings(max_examples=120, deadline=None)
@given(st.lists(shifts_drawn, max_size=5), st.lists(changes_drawn, max_size=4), moments)
def test_each_minute_is_covered_or_in_exactly_one_gap(
    shifts: list[DutyShift], changes: list[DutyChange], from_at: datetime
) -> None:
    to_at = from_at + timedelta(days=2)
    found = gaps(shifts, changes, "officer", from_at, to_at, Holiday(), ACTIVE)
    known = stretches(shifts, changes, "officer", from_at, to_at, Holiday(), ACTIVE)
    assert known[0].from_at == from_at
    assert known[-1].to_at == to_at
    assert all(one.to_at == two.from_at and one.people != two.people for one, two in pairwise(known))
    for minute in range(0, 2 * 24 * 60, 7):
        now = from_at + timedelta(minutes=minute)
        people = people_at(shifts, changes, "officer", now, Holiday(), ACTIVE)
        inside = [gap for gap in found if gap[0] <= now < gap[1]]
        assert len(inside) == (0 if people else 1)
        assert [s.people for s in known if s.from_at <= now < s.to_at] == [people]
        assert LEFT not in people
        assert len(people) == len(set(people))


@settings(max_examples=60, deadline=None)
@given(st.lists(shifts_drawn, min_size=1, max_size=4), moments)
def test_a_leave_never_adds_anybody_but_backups_and_replacements(
    shifts: list[DutyShift], now: datetime
) -> None:
    leave = [change("leave", SHEN, now, now + timedelta(hours=1), by=LU)]
    before = set(there(shifts, now, calendar=Holiday()))
    after = set(there(shifts, now, leave, calendar=Holiday()))
    assert SHEN not in after
    backups = {s.staff_id for s in shifts if s.backup}
    assert after <= before | {LU} | backups
    if SHEN in before:
        assert LU in after


@pytest.mark.parametrize("days", ["12345", "7", "workday", "restday"])
def test_days_are_understood(days: str) -> None:
    assert checked_days(days) == days


def test_days_are_kept_in_order() -> None:
    assert checked_days("51") == "15"


@pytest.mark.parametrize("days", ["", "8", "0", "11", "周一", "1,2", "workdays", "12345678", "１"])
def test_days_that_cannot_be_meant_are_refused(days: str) -> None:
    with pytest.raises(RosterError, match="星期"):
        checked_days(days)


@pytest.mark.parametrize("clock", ["8:30", "24:01", "25:00", "08:60", "0830", "", "08：30", "24:00:00"])
def test_times_that_cannot_be_meant_are_refused(clock: str) -> None:
    with pytest.raises(RosterError, match="08:30"):
        checked_clock(clock)
