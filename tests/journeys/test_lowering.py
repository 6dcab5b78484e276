"""Only persons lower a level, two of them, with a reason (RR5, H08); what the resident says next may raise it again."""

import uuid
from typing import Any

import pytest

from tests.support.town import Officer, Resident, Town

RED = {"mood": 3, "q9": 3, "asq": 1, "asq5": 1}
WHY = "见过面了，女儿陪着"


@pytest.fixture
def resident(town: Town) -> Resident:
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.completes(**RED)
    return resident


@pytest.fixture
def officer(town: Town, resident: Resident) -> Officer:
    officer = town.officer("puyan")
    code = officer.only_ticket()["code"]
    officer.acknowledges(code)
    officer.on(code, "calls", outcome="spoke")
    return officer


def refused(who: Officer, code: str, act: str, **body: Any) -> str:
    answer = who.asks("POST", f"/tickets/{code}/{act}", {"client_id": str(uuid.uuid4()), **body})
    assert answer.status_code == 409, answer.text
    return answer.json()["sentence"]


def clocks(seen: dict[str, Any]) -> dict[str, str]:
    return {c["name"]: c["due_at"] for c in seen["clocks"] if c["stopped_at"] is None}


def test_nothing_changes_before_a_second_person_has_confirmed(town: Town, officer: Officer) -> None:
    code = officer.only_ticket()["code"]
    asked = officer.on(code, "lowering", to_level="orange", reason=WHY)
    assert asked["ticket"]["level"] == "red"
    assert "answer_lowering" not in asked["actions"]
    assert "不能自己确认" in refused(officer, code, "lowering/answer", answer="confirm")
    second = town.officer("puyan", name="何苗")
    assert [w["code"] for w in second.does("GET", "/waiting")["lowerings"]] == [code]
    assert officer.does("GET", "/waiting")["lowerings"] == []
    seen = second.on(code, "lowering/answer", answer="confirm")
    assert seen["ticket"]["level"] == "orange"
    assert seen["ticket"]["holder"] == "沈青"
    assert seen["team"]["lowerings"][0]["decided_by"] == "何苗"


def test_running_clocks_are_set_to_the_lower_level_from_the_same_sentence(
    town: Town, officer: Officer
) -> None:
    code = officer.only_ticket()["code"]
    red = clocks(officer.does("GET", f"/tickets/{code}"))
    town.passes(hours=1)
    officer.on(code, "lowering", to_level="orange", reason=WHY)
    seen = town.officer("puyan", name="何苗").on(code, "lowering/answer", answer="confirm")
    assert clocks(seen)["visit"] > red["visit"]
    assert "speak" not in clocks(seen), "what was kept stays kept"
    why = next(c["why"] for c in seen["clocks"] if c["name"] == "visit")
    assert "降级" in why[0]


def test_a_no_has_a_reason_and_changes_nothing(town: Town, officer: Officer) -> None:
    code = officer.only_ticket()["code"]
    officer.on(code, "lowering", to_level="orange", reason=WHY)
    second = town.officer("puyan", name="何苗")
    assert "理由" in refused(second, code, "lowering/answer", answer="decline", reason="不")
    seen = second.on(code, "lowering/answer", answer="decline", reason="还没有人陪着过夜")
    assert seen["ticket"]["level"] == "red"
    assert seen["team"]["lowerings"][0]["confirmed"] is False


def test_new_danger_makes_the_question_idle_and_raises_again(
    town: Town, resident: Resident, officer: Officer
) -> None:
    code = officer.only_ticket()["code"]
    officer.on(code, "lowering", to_level="orange", reason=WHY)
    town.clock.advance(minutes=5)
    resident.says("我已经站在楼顶上了")
    second = town.officer("puyan", name="何苗")
    seen = second.on(code, "lowering/answer", answer="confirm")
    assert seen["ticket"]["level"] == "red"
    assert "作废" in seen["timeline"][-1]["text"]

    officer.on(code, "lowering", to_level="orange", reason=WHY)
    assert second.on(code, "lowering/answer", answer="confirm")["ticket"]["level"] == "orange"
    town.clock.advance(minutes=5)
    resident.says("我现在就要跳下去")
    assert officer.does("GET", f"/tickets/{code}")["ticket"]["level"] == "red"


def test_one_level_at_a_time_and_never_below_yellow(town: Town, officer: Officer) -> None:
    code = officer.only_ticket()["code"]
    second = town.officer("puyan", name="何苗")
    assert "一级" in refused(officer, code, "lowering", to_level="yellow", reason=WHY)
    for level in ("orange", "yellow"):
        officer.on(code, "lowering", to_level=level, reason=WHY)
        second.on(code, "lowering/answer", answer="confirm")
    seen = officer.does("GET", f"/tickets/{code}")
    assert seen["ticket"]["level"] == "yellow"
    assert seen["team"]["lower_to"] == []
    assert "lower" not in seen["actions"]


def test_an_auditor_lowers_and_confirms_nothing(town: Town, officer: Officer) -> None:
    code = officer.only_ticket()["code"]
    officer.on(code, "lowering", to_level="orange", reason=WHY)
    auditor = town.officer("desk", "auditor", "吴清")
    assert "只能查看" in refused(auditor, code, "lowering/answer", answer="confirm")
    seen = auditor.does("GET", f"/tickets/{code}")
    assert seen["actions"] == []
    assert seen["team"]["lowering"]["reason"] == ""
