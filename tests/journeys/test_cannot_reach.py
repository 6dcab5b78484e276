"""Nobody answers (TK13): each failed try has a next step with its own deadline, and lateness is told upward."""

import uuid
from datetime import datetime
from typing import Any

import pytest

from tests.support.town import Officer, Resident, Town

RED = {"mood": 3, "q9": 3, "asq": 1, "asq5": 1}


@pytest.fixture
def resident(town: Town) -> Resident:
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.completes(**RED)
    return resident


@pytest.fixture
def officer(town: Town, resident: Resident) -> Officer:
    officer = town.officer("puyan")
    officer.acknowledges(officer.only_ticket()["code"])
    return officer


def step(seen: dict[str, Any]) -> tuple[str, str] | None:
    found = seen["team"]["reach"]
    return None if found is None else (found["what"], found["due_at"])


def minutes(town: Town, seen: dict[str, Any]) -> float:
    due = datetime.fromisoformat(seen["team"]["reach"]["due_at"])
    return (due - town.clock.now).total_seconds() / 60


def test_the_steps_follow_one_another_each_with_its_own_time(
    town: Town, resident: Resident, officer: Officer
) -> None:
    code = officer.only_ticket()["code"]
    resident.tells("trusted_person", "女儿 13900000000")
    seen = officer.on(code, "calls", outcome="no_answer")
    assert seen["team"]["reach"]["what"] == "try"
    assert minutes(town, seen) == 10
    officer.on(code, "attempts", way="message", reached=False)
    seen = officer.on(code, "visits", outcome="nobody_home")
    assert seen["team"]["reach"]["what"] == "trusted_person"
    assert minutes(town, seen) == 15
    assert (
        officer.on(code, "attempts", way="trusted_person", reached=False)["team"]["reach"]["what"]
        == "community"
    )
    assert officer.on(code, "attempts", way="property", reached=False)["team"]["reach"]["what"] == "police"
    seen = officer.on(code, "attempts", way="police", reached=True)
    assert seen["team"]["reach"] is None
    assert [a["way"] for a in seen["team"]["attempts"]] == [
        "phone", "message", "door", "trusted_person", "property", "police",
    ]  # fmt: skip
    speak = next(c for c in seen["clocks"] if c["name"] == "speak")
    assert speak["stopped_at"] is None, "somebody else saw them; our own word with them is still owed"


def test_a_step_that_is_not_taken_in_time_is_told_upward(town: Town, officer: Officer) -> None:
    code = officer.only_ticket()["code"]
    officer.on(code, "calls", outcome="no_answer")
    town.passes(minutes=9)
    assert not [n for n in town.channel.sent if ".late.reach" in n.key]
    town.passes(minutes=2)
    assert [n for n in town.channel.sent if ".supervisor." in n.key and ".late.reach" in n.key]


def test_reaching_them_ends_it_and_new_danger_begins_anew(
    town: Town, resident: Resident, officer: Officer
) -> None:
    code = officer.only_ticket()["code"]
    officer.on(code, "calls", outcome="no_answer")
    seen = officer.on(code, "attempts", way="phone", reached=True)
    assert step(seen) is None
    assert seen["ticket"]["state"] == "in-progress"
    town.clock.advance(minutes=5)
    resident.says("我已经站在楼顶上了")
    seen = officer.does("GET", f"/tickets/{code}")
    assert seen["team"]["attempts"] == [], "tries from before count no more"


def test_nobody_else_is_asked_without_consent_or_danger(town: Town) -> None:
    resident = town.resident(place="puyan-hall")
    resident.agrees(contact=False, share=False)
    resident.completes(mood=3)
    officer = town.officer("puyan")
    code = officer.only_ticket()["code"]
    officer.acknowledges(code)
    for way in ("trusted_person", "community", "police"):
        body = {"client_id": str(uuid.uuid4()), "way": way, "reached": False}
        answer = officer.asks("POST", f"/tickets/{code}/attempts", body)
        assert answer.status_code == 409, way
        assert "生命危险" in answer.json()["sentence"]
    for way in ("phone", "message", "phone"):
        seen = officer.on(code, "attempts", way=way, reached=False)
    assert seen["team"]["reach"]["what"] == "try", "then one's own tries go on"
