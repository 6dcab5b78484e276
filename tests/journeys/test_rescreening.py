"""Asking again (SC10): once, on the right day, at the local hour; kindly, without pressing, and never after a no."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from threading import Barrier
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from bot.turns import WORDING
from escalation.rescreening import (
    RescreeningInvitation,
    RescreeningPlan,
    Rhythm,
    due_plans,
    intervals,
    invite_due,
    open_invitation,
    plan,
    stop,
)
from escalation.ticket import Ticket
from escalation.triage import Level
from residents.session import ResidentSession
from server.jobs import plans_round
from tests.support.town import Resident, Town

HANGZHOU = ZoneInfo("Asia/Shanghai")
ZONES = ("Asia/Shanghai", "America/New_York", "Europe/London", "Pacific/Auckland", "Asia/Kathmandu")


def at(local: str) -> datetime:
    return datetime.fromisoformat(local).replace(tzinfo=HANGZHOU).astimezone(UTC)


def weekly(first: str = "2026-11-30", days: int = 7, hour: int = 10) -> Rhythm:
    return Rhythm(time(hour), "Asia/Shanghai", every_days=days, starts_on=date.fromisoformat(first))


@pytest.fixture
def resident(town: Town) -> Resident:
    """Somebody who is well, and has agreed."""
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    return resident


def owner(town: Town) -> RescreeningPlan:
    with town.database.transaction() as db:
        return db.scalars(select(RescreeningPlan).order_by(RescreeningPlan.made_at.desc())).first()


def planned(town: Town, rhythm: Rhythm, by: str = "shen") -> RescreeningPlan:
    """A plan for the one person who is there."""
    with town.database.transaction() as db:
        who = db.scalars(select(ResidentSession.resident_id)).one()
        return plan(db, who, rhythm, by, town.clock())


def told(town: Town) -> list[str]:
    """When somebody was to be asked, by the local clock."""
    with town.database.transaction() as db:
        rows = db.scalars(select(RescreeningInvitation).order_by(RescreeningInvitation.occasion_at)).all()
    return [f"{row.occasion_at.astimezone(HANGZHOU):%m-%d %H:%M}" for row in rows]


def round_at(town: Town, local: str) -> list[str]:
    town.clock.now = at(local)
    plans_round(town.services)
    return told(town)


# --- the rule --------------------------------------------------------------------------------------


@given(
    zone=st.sampled_from(ZONES),
    every=st.integers(1, 400),
    starts=st.dates(date(2024, 1, 1), date(2028, 1, 1)),
    hour=st.times(),
    after=st.integers(-500, 1500),
    minutes=st.integers(0, 1439),
)
def test_occasions_are_whole_steps_from_the_start_at_the_local_hour(
    zone: str, every: int, starts: date, hour: time, after: int, minutes: int
) -> None:
    rhythm = Rhythm(hour, zone, every_days=every, starts_on=starts)
    now = datetime.combine(starts, time(), UTC) + timedelta(days=after, minutes=minutes)
    last, following = rhythm.latest(now), rhythm.following(now)
    assert following is not None
    assert following > now
    for occasion in (last, following):
        if occasion is not None:
            local = occasion.astimezone(ZoneInfo(zone))
            assert (local.date() - starts).days % every == 0
            assert local.date() >= starts
            day_has_it = local.replace(tzinfo=None) == datetime.combine(local.date(), hour)
            assert day_has_it or (local.utcoffset() != (local - timedelta(hours=2)).utcoffset())
    assert (last is None) or last <= now
    if last is None:
        assert following.astimezone(ZoneInfo(zone)).date() == starts
    else:
        assert (
            following.astimezone(ZoneInfo(zone)).date() - last.astimezone(ZoneInfo(zone)).date()
        ).days == every


def test_fixed_days_are_told_in_their_order_and_then_no_more() -> None:
    days = (date(2026, 12, 24), date(2026, 12, 1))
    rhythm = Rhythm(time(9, 30), "Asia/Shanghai", days=days)
    assert rhythm.latest(at("2026-12-01 09:29")) is None
    assert rhythm.latest(at("2026-12-01 09:30")) == at("2026-12-01 09:30")
    assert rhythm.following(at("2026-12-01 09:30")) == at("2026-12-24 09:30")
    assert rhythm.following(at("2026-12-24 09:30")) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"every_days": 7},
        {"starts_on": date(2026, 1, 1)},
        {"every_days": 0, "starts_on": date(2026, 1, 1)},
        {"every_days": 7, "starts_on": date(2026, 1, 1), "days": (date(2026, 1, 1),)},
        {"every_days": 7, "days": (date(2026, 1, 1),)},
    ],
)
def test_a_rhythm_is_one_or_the_other(wrong: dict) -> None:
    with pytest.raises(ValueError, match="either"):
        Rhythm(time(10), "Asia/Shanghai", **wrong)


def test_a_zone_that_is_not_known_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        Rhythm(time(10), "Asia/Binjiang", every_days=1, starts_on=date(2026, 1, 1))


def test_the_intervals_are_what_residents_were_promised() -> None:
    promised = WORDING["result"]["we_do"]
    assert "一年" in promised["green"]
    assert "四周" in promised["blue"]
    assert intervals().every_days == {Level.GREEN: 365, Level.BLUE: 28}
    assert not any(name in intervals().come_again for name in ("PHQ", "GAD", "量表", "筛查", "测试", "等级"))


# --- told once -------------------------------------------------------------------------------------


def test_it_is_told_at_the_local_hour_and_not_before(town: Town, resident: Resident) -> None:
    planned(town, weekly())
    assert round_at(town, "2026-11-30 09:59") == []
    assert round_at(town, "2026-11-30 10:00") == ["11-30 10:00"]
    assert round_at(town, "2026-11-30 10:01") == ["11-30 10:00"]


def test_days_before_the_plan_was_made_are_not_told(town: Town, resident: Resident) -> None:
    planned(town, weekly("2026-11-09"))  # made on the 23rd at nine: the 16th is past, today at ten is not
    assert round_at(town, "2026-11-23 09:59") == []
    assert round_at(town, "2026-11-23 10:00") == ["11-23 10:00"]
    planned(town, Rhythm(time(8), "Asia/Shanghai", days=(date(2026, 11, 23), date(2026, 11, 25))))
    town.clock.now = at("2026-11-24 10:00") - timedelta(
        days=2
    )  # a clock that goes back asks again what is due
    plans_round(town.services)
    assert round_at(town, "2026-11-24 10:00") == ["11-23 10:00"]


def test_days_that_pass_unanswered_do_not_pile_up(town: Town, resident: Resident) -> None:
    planned(town, weekly())
    assert round_at(town, "2026-11-30 12:00") == ["11-30 10:00"]
    for day in ("2026-12-07", "2026-12-14", "2026-12-21"):
        assert round_at(town, f"{day} 12:00") == ["11-30 10:00"]


def test_days_missed_while_nothing_ran_are_one_invitation(town: Town, resident: Resident) -> None:
    planned(town, weekly())
    assert round_at(town, "2026-12-22 03:00") == ["12-21 10:00"]


def test_after_an_answer_the_next_day_is_told_again(town: Town, resident: Resident) -> None:
    planned(town, weekly("2026-11-23", days=1))
    assert round_at(town, "2026-11-23 10:00") == ["11-23 10:00"]
    resident.completes()
    assert round_at(town, "2026-11-24 09:59") == ["11-23 10:00"]
    assert round_at(town, "2026-11-24 10:00") == ["11-23 10:00", "11-24 10:00"]


@pytest.mark.parametrize("jump", [timedelta(days=-3), timedelta(days=-400), timedelta(hours=-1)])
def test_a_clock_that_goes_back_tells_nothing_twice_and_stays_silent_for_no_one(
    town: Town, resident: Resident, jump: timedelta
) -> None:
    planned(town, weekly())
    round_at(town, "2026-11-30 10:05")
    town.clock.now += jump
    plans_round(town.services)
    assert round_at(town, "2026-11-30 10:06") == ["11-30 10:00"]


def test_a_day_that_an_answered_invitation_covered_is_not_told_when_it_comes_again(
    town: Town, resident: Resident
) -> None:
    planned(town, weekly("2026-11-23", days=1))
    round_at(town, "2026-11-23 10:00")
    resident.sends("GET", "")
    assert round_at(town, "2026-11-24 09:30") == ["11-23 10:00"]
    resident.sends("GET", "")
    assert round_at(town, "2026-11-24 10:00") == ["11-23 10:00"]
    resident.completes()
    round_at(town, "2026-11-24 09:00")
    assert round_at(town, "2026-11-24 10:00") == ["11-23 10:00"]


def test_a_clock_that_ran_a_year_ahead_and_came_back_misses_no_day(town: Town, resident: Resident) -> None:
    planned(town, weekly())
    first = round_at(town, "2027-11-30 10:05")
    assert len(first) == 1
    assert round_at(town, "2026-11-29 12:00") == first
    with town.database.transaction() as db:
        row = owner(town)
        assert row.next_at == at("2026-11-30 10:00"), "found out anew"
        db.query(RescreeningInvitation).delete()
    assert round_at(town, "2026-11-30 10:00") == ["11-30 10:00"]


def test_two_processes_at_the_same_moment_tell_it_once(town: Town, resident: Resident) -> None:
    planned(town, weekly())
    town.clock.now = at("2026-11-30 10:00")
    gate = Barrier(4)

    def one(_: int) -> int:
        gate.wait()
        return invite_due(town.database, town.clock)

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(one, range(4))) == 1
    assert told(town) == ["11-30 10:00"]


def test_a_process_that_dies_while_it_tells_leaves_it_to_the_next(
    town: Town, resident: Resident, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned(town, weekly())
    town.clock.now = at("2026-11-30 10:00")

    def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr("escalation.rescreening.audit.record", dies)
        with pytest.raises(KeyboardInterrupt):
            plans_round(town.services)
    assert told(town) == []
    assert round_at(town, "2026-11-30 10:01") == ["11-30 10:00"]


def test_only_one_plan_of_a_person_runs(town: Town, resident: Resident) -> None:
    planned(town, weekly())
    planned(town, weekly("2026-12-02", 14, 18))
    assert round_at(town, "2026-11-30 12:00") == []
    assert round_at(town, "2026-12-02 18:00") == ["12-02 18:00"]


# --- to whom it is said, and to whom not ------------------------------------------------------------


def test_a_no_is_a_no(town: Town, resident: Resident) -> None:
    row = planned(town, weekly())
    round_at(town, "2026-11-23 12:00")
    resident.agrees(screening=False)
    assert round_at(town, "2026-11-30 10:00") == []
    assert owner(town).ended_why == "withdrawn"
    with town.database.transaction() as db:
        assert due_plans(db, at("2030-01-01 00:00")) == []
        assert open_invitation(db, row.resident_id) is None


def test_a_no_after_the_invitation_takes_it_away(town: Town, resident: Resident) -> None:
    row = planned(town, weekly("2026-11-23", hour=12))
    round_at(town, "2026-11-23 12:00")
    with town.database.transaction() as db:
        assert open_invitation(db, row.resident_id) is not None
    resident.agrees(screening=False)
    with town.database.transaction() as db:
        assert open_invitation(db, row.resident_id) is None


def test_who_is_erased_is_not_asked_again(town: Town, resident: Resident) -> None:
    planned(town, weekly())
    assert resident.sends("DELETE", "/record").status_code == 200
    assert round_at(town, "2026-11-30 10:00") == []
    assert owner(town) is None


def test_it_can_be_stopped(town: Town, resident: Resident) -> None:
    row = planned(town, weekly())
    with town.database.transaction() as db:
        stop(db, row.resident_id, "shen", town.clock())
    assert round_at(town, "2026-11-30 10:00") == []


def test_the_conversation_asks_in_warm_words_and_one_tap_begins(town: Town, resident: Resident) -> None:
    planned(town, weekly("2026-11-23", hour=12))
    round_at(town, "2026-11-23 12:00")
    turn = resident.does("GET", "")
    assert turn.resume == intervals().come_again
    resident.chooses("continue_screening")
    assert resident.turn.screening is not None
    assert resident.turn.resume is None
    while resident.turn.screening is not None:
        resident.answers(0)
    assert resident.turn.result is not None
    assert resident.does("GET", "").resume is None


def test_the_progress_page_invites_and_the_answer_ends_it(town: Town, resident: Resident) -> None:
    resident.chooses("call_me_back")
    code = town.officer("puyan").only_ticket()["code"]
    with town.database.transaction() as db:
        ticket = db.scalars(select(Ticket).where(Ticket.code == code)).one()
        page = f"/api/progress/{town.database.vault.open(ticket, 'resident_code')}"
    planned(town, weekly("2026-11-23", hour=12))
    assert not town.ask("GET", page).json()["rescreen"]
    round_at(town, "2026-11-23 12:00")
    assert town.ask("GET", page).json()["rescreen"]
    resident.completes()
    assert not town.ask("GET", page).json()["rescreen"]


# --- by the level ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("mood", "days"), [(0, 365), (1, 28)])
def test_the_level_says_when(town: Town, resident: Resident, mood: int, days: int) -> None:
    resident.completes(mood=mood)
    plans_round(town.services)
    made = owner(town)
    if made.ended_why is None:
        assert (made.starts_on - town.clock().astimezone(HANGZHOU).date()).days == made.every_days
        assert made.every_days in (28, 365)
    if mood == 0:
        assert made.every_days == days
        assert made.next_at == at("2027-11-23 10:00")


def test_who_is_followed_up_by_people_is_not_asked_by_software(town: Town, resident: Resident) -> None:
    resident.completes()
    plans_round(town.services)
    resident.completes(mood=3, worry=3)
    plans_round(town.services)
    with town.database.transaction() as db:
        assert db.scalars(select(RescreeningPlan).where(RescreeningPlan.ended_at.is_(None))).all() == []


def test_a_persons_own_plan_stands_before_the_softwares(town: Town, resident: Resident) -> None:
    planned(town, weekly())
    resident.completes()
    for _ in range(3):
        plans_round(town.services)
    with town.database.transaction() as db:
        plans = db.scalars(select(RescreeningPlan).order_by(RescreeningPlan.made_at)).all()
    assert sorted((one.made_by, one.ended_why) for one in plans) == [
        ("shen", None),
        ("software", "other_plan"),
    ]


def test_a_rating_is_looked_at_once(town: Town, resident: Resident) -> None:
    resident.completes()
    for _ in range(3):
        plans_round(town.services)
    with town.database.transaction() as db:
        assert len(db.scalars(select(RescreeningPlan)).all()) == 1
