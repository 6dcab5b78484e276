"""A worker plans when somebody is asked again; a resident says no, and that is kept."""

import uuid
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from bot.reminders import NO_MORE
from escalation.errors import NotAllowed
from escalation.rescreening import (
    RescreeningInvitation,
    RescreeningPlan,
    declined,
    intervals,
    plan,
    running_plan,
)
from escalation.ticket import Ticket
from residents.session import ResidentSession
from server.callers import StaffCookie
from server.jobs import plans_round
from tests.journeys.test_rescreening import at, round_at, told, weekly
from tests.support.town import PASSWORD, Officer, Resident, Town

FIRST = "2026-12-07"


@pytest.fixture
def resident(town: Town) -> Resident:
    """Somebody who asked to be called back."""
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.chooses("call_me_back")
    return resident


@pytest.fixture
def officer(town: Town, resident: Resident) -> Officer:
    """Who has taken the matter."""
    officer = town.officer("puyan")
    officer.acknowledges(officer.only_ticket()["code"])
    return officer


def plans(officer: Officer, every_days: int = 14, starts_on: str = FIRST, client: str | None = None):
    body = {"client_id": client or str(uuid.uuid4()), "every_days": every_days, "starts_on": starts_on}
    return officer.asks("POST", f"/tickets/{officer.only_ticket()['code']}/asking-again", body)


def stops(officer: Officer):
    path = f"/tickets/{officer.only_ticket()['code']}/asking-again/stop"
    return officer.asks("POST", path, {"client_id": str(uuid.uuid4())})


def shown(officer: Officer) -> dict:
    return officer.does("GET", f"/tickets/{officer.only_ticket()['code']}/results")["asking_again"]


def kinds(officer: Officer) -> list[str]:
    seen = officer.does("GET", f"/tickets/{officer.only_ticket()['code']}")
    return [entry["kind"] for entry in seen["timeline"]]


def page(town: Town) -> str:
    with town.database.transaction() as db:
        return f"/api/progress/{town.database.vault.open(db.scalars(select(Ticket)).one(), 'resident_code')}"


def who(town: Town):
    with town.database.transaction() as db:
        return db.scalars(select(ResidentSession.resident_id)).one()


def days_pass(town: Town, officer: Officer, local: str) -> list[str]:
    """Who was told by then; the officer signs in again."""
    so_far = round_at(town, local)
    answer = town.ask("POST", "/api/staff/login", json={"username": officer.username, "password": PASSWORD})
    officer.cookie = f"{StaffCookie}={answer.cookies[StaffCookie]}"
    return so_far


# --- the worker ------------------------------------------------------------------------------------


def test_every_so_many_days_from_a_day(town: Town, resident: Resident, officer: Officer) -> None:
    answer = plans(officer)
    assert answer.json() == {
        "every_days": 14,
        "next_at": at("2026-12-07 10:00").isoformat().replace("+00:00", "Z"),
        "by": "沈青",
        "declined": False,
    }
    assert shown(officer) == answer.json()
    assert "rescreening.planned" in kinds(officer)
    assert round_at(town, "2026-12-07 09:59") == []
    assert round_at(town, "2026-12-07 10:00") == ["12-07 10:00"]


def test_the_same_press_twice_is_one_plan(town: Town, resident: Resident, officer: Officer) -> None:
    once = str(uuid.uuid4())
    for _ in range(2):
        assert plans(officer, client=once).status_code == 200
    assert kinds(officer).count("rescreening.planned") == 1
    with town.database.transaction() as db:
        assert len(db.scalars(select(RescreeningPlan)).all()) == 1


def test_a_new_plan_takes_the_place_of_the_old_one_and_it_can_be_stopped(
    town: Town, resident: Resident, officer: Officer
) -> None:
    plans(officer)
    assert plans(officer, 7, "2026-11-30").json()["every_days"] == 7
    assert stops(officer).json()["every_days"] is None
    assert "rescreening.stopped" in kinds(officer)
    assert days_pass(town, officer, "2026-12-08 10:00") == []
    refused = stops(officer)
    assert (refused.status_code, refused.json()["sentence"]) == (409, "现在没有约再测。")


@pytest.mark.parametrize("day", ["2026-11-22", "2027-11-25"])
def test_a_day_in_the_past_or_too_far_off_is_refused(
    town: Town, resident: Resident, officer: Officer, day: str
) -> None:
    assert plans(officer, starts_on=day).status_code == 409
    assert shown(officer)["every_days"] is None


@pytest.mark.parametrize("every", [0, -7, 367])
def test_an_impossible_rhythm_is_refused(
    town: Town, resident: Resident, officer: Officer, every: int
) -> None:
    assert plans(officer, every).status_code == 422


def test_only_who_holds_the_ticket_plans(town: Town, resident: Resident, officer: Officer) -> None:
    colleague = town.officer("puyan", name="何建国")
    assert plans(colleague).status_code == 409
    assert stops(colleague).status_code == 409
    assert shown(officer)["every_days"] is None


def test_without_the_tick_for_screening_nothing_is_planned(
    town: Town, resident: Resident, officer: Officer
) -> None:
    resident.agrees(screening=False)
    assert plans(officer).json()["sentence"] == "居民没有同意做小测试，不能约。"


# --- the resident ----------------------------------------------------------------------------------


def test_a_no_from_the_invitation_ends_it_and_nobody_plans_against_it(
    town: Town, resident: Resident, officer: Officer
) -> None:
    plans(officer, 7, "2026-11-23")
    assert round_at(town, "2026-11-23 10:00") == ["11-23 10:00"]
    turn = resident.does("GET", "")
    assert (turn.resume, turn.reminder) == (intervals().come_again, True)

    turn = resident.chooses(NO_MORE)
    assert turn.messages[-1].text == intervals().no_more
    assert (turn.resume, turn.reminder) == (None, False)
    assert days_pass(town, officer, "2026-11-30 10:00") == ["11-23 10:00"]
    assert shown(officer) == {"every_days": None, "next_at": None, "by": None, "declined": True}
    assert plans(officer).json()["sentence"].startswith("居民说了不要再提醒")


@pytest.mark.parametrize("words", ["别再提醒我", "不要再提醒我了。", "别再叫我测了"])
def test_it_can_be_typed(town: Town, resident: Resident, words: str) -> None:
    assert resident.says(words).messages[-1].text == intervals().no_more
    with town.database.transaction() as db:
        assert declined(db, who(town))


def test_words_that_only_contain_it_are_talk(town: Town, resident: Resident) -> None:
    resident.says("我妈老说别再提醒我吃饭")
    with town.database.transaction() as db:
        assert not declined(db, who(town))


def test_the_level_of_a_screening_plans_nothing_against_a_no(town: Town, resident: Resident) -> None:
    resident.chooses(NO_MORE)
    resident.completes()
    for _ in range(2):
        plans_round(town.services)
    with town.database.transaction() as db:
        assert running_plan(db, who(town)) is None
        assert sorted(row.ended_why for row in db.scalars(select(RescreeningPlan))) == [
            "declined",
            "no_reminders",
        ]
    assert round_at(town, "2027-11-23 10:00") == []


def test_a_no_is_kept_once_and_can_be_taken_back(town: Town, resident: Resident, officer: Officer) -> None:
    for _ in range(2):
        resident.chooses(NO_MORE)
    assert resident.turn.messages[-1].buttons[0].choice == "reminders_again"
    resident.chooses("reminders_again")
    assert plans(officer).status_code == 200
    assert round_at(town, "2026-12-07 10:00") == ["12-07 10:00"]


def test_no_plan_at_all_begins_against_a_no(town: Town, resident: Resident) -> None:
    resident.chooses(NO_MORE)
    with town.database.transaction() as db, pytest.raises(NotAllowed):
        plan(db, who(town), weekly(), "shen", datetime.now(UTC))


def test_on_the_page_of_the_code(town: Town, resident: Resident, officer: Officer) -> None:
    plans(officer, 7, "2026-11-23")
    days_pass(town, officer, "2026-11-23 10:00")
    address = page(town)
    assert town.ask("GET", address).json()["rescreen"]

    answer = town.ask("PUT", f"{address}/reminders", json={"wanted": False}).json()
    assert (answer["rescreen"], answer["reminders_off"]) == (False, True)
    assert resident.does("GET", "").resume is None
    town.ask("PUT", f"{address}/reminders", json={"wanted": False})
    assert kinds(officer).count("reminders") == 1
    assert shown(officer)["declined"]

    assert not town.ask("PUT", f"{address}/reminders", json={"wanted": True}).json()["reminders_off"]
    assert not shown(officer)["declined"]


def test_an_invitation_of_a_follow_up_is_silent_too(town: Town, resident: Resident, officer: Officer) -> None:
    code = officer.only_ticket()["code"]
    body = {"client_id": str(uuid.uuid4()), "after_hours": [24], "invite": True}
    assert officer.asks("POST", f"/tickets/{code}/follow-ups", body).status_code == 200
    town.clock.now = at("2026-11-24 12:00")
    address = page(town)
    assert town.ask("GET", address).json()["rescreen"]
    town.ask("PUT", f"{address}/reminders", json={"wanted": False})
    assert not town.ask("GET", address).json()["rescreen"]


def test_who_is_erased_leaves_no_plan_behind(town: Town, resident: Resident, officer: Officer) -> None:
    resident.chooses(NO_MORE)
    assert resident.sends("DELETE", "/record").status_code == 200
    with town.database.transaction() as db:
        assert db.scalars(select(RescreeningInvitation)).all() == []
    assert told(town) == []
    assert plans(officer).status_code == 409
