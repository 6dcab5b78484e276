"""Closing (TK10, H08, H28, R15): what must stand, the ladder, follow-ups early and late, and opening again."""

import uuid
from typing import Any

import pytest

from server.app import create_app
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


def refused(who: Officer, code: str, act: str, **body: Any) -> str:
    answer = who.asks("POST", f"/tickets/{code}/{act}", {"client_id": str(uuid.uuid4()), **body})
    assert answer.status_code == 409, answer.text
    return answer.json()["sentence"]


def lowered(town: Town, officer: Officer, code: str) -> None:
    officer.on(code, "lowering", to_level="orange", reason="情况和表上写的不一样")
    town.officer("puyan", name="何苗").on(code, "lowering/answer", answer="confirm")


def test_r15_1_an_acknowledgement_without_contact_fires_again(town: Town, officer: Officer) -> None:
    town.passes(minutes=16)
    assert officer.only_ticket()["holder"] is None


def test_r15_2_red_needs_somebody_who_saw_them_a_level_and_the_next_contact(
    town: Town, officer: Officer
) -> None:
    code = officer.only_ticket()["code"]
    sentence = refused(officer, code, "close", outcome="supported")
    for need in ("见到本人", "随访", "下次什么时候", "什么等级", "两个人"):
        assert need in sentence
    officer.on(code, "visits", outcome="met")
    officer.on(code, "follow-ups", after_hours=[24])
    assert "什么等级" in refused(officer, code, "close", outcome="supported")
    assert "还是红色" in refused(officer, code, "close", outcome="supported", new_level="red")
    closed = officer.on(code, "close", outcome="supported", new_level="yellow")
    assert closed["ticket"]["state"] == "completed"
    assert "现在看是黄色" in closed["timeline"][-1]["text"]


def test_r15_3_a_next_contact_that_has_passed_is_none(town: Town, officer: Officer) -> None:
    code = officer.only_ticket()["code"]
    officer.on(code, "visits", outcome="met")
    officer.on(code, "follow-ups", after_hours=[1])
    town.clock.advance(hours=2)
    assert "下次什么时候" in refused(officer, code, "close", outcome="supported", new_level="blue")


def test_r15_4_a_red_without_a_visit_or_called_a_mistake_takes_two(town: Town, officer: Officer) -> None:
    code = officer.only_ticket()["code"]
    officer.on(code, "calls", outcome="spoke", need="emergency")
    officer.on(code, "referrals", to="ambulance", agreed=True)
    officer.on(code, "follow-ups", after_hours=[24])
    assert "两个人" in refused(officer, code, "close", outcome="referred", new_level="blue")
    officer.on(code, "visits", outcome="met")
    assert "两个人" in refused(officer, code, "close", outcome="mistaken", new_level="blue")
    lowered(town, officer, code)
    assert officer.on(code, "close", outcome="mistaken")["ticket"]["state"] == "completed"


def test_r15_5_nothing_closes_several_tickets_at_once() -> None:
    closing = [path for path in create_app().openapi()["paths"] if "close" in path]
    assert closing == ["/api/staff/tickets/{code}/close"]
    body = create_app().openapi()["components"]["schemas"]["CloseTicket"]["properties"]
    assert not [name for name in body if "code" in name or "ticket" in name]


def test_r15_6_nobody_closes_what_is_in_anothers_hand_or_while_somebody_is_out(
    town: Town, officer: Officer
) -> None:
    code = officer.only_ticket()["code"]
    officer.on(code, "visits", outcome="met")
    officer.on(code, "follow-ups", after_hours=[24])
    other = town.officer("puyan", name="何苗")
    assert "沈青" in refused(other, code, "close", outcome="supported", new_level="blue")
    officer.on(code, "trip", minutes=30)
    assert "报平安" in refused(officer, code, "close", outcome="supported", new_level="blue")
    officer.on(code, "trip/back", how="safe")
    officer.on(code, "close", outcome="supported", new_level="blue")


def test_the_whole_ladder_is_planned_in_one_tap_and_asked_early_or_late(
    town: Town, resident: Resident, officer: Officer
) -> None:
    code = officer.only_ticket()["code"]
    officer.on(code, "visits", outcome="met")
    ladder = officer.does("GET", f"/tickets/{code}")["team"]["ladder_hours"]
    assert ladder == [24, 72, 168, 720, 2160]
    planned = officer.on(code, "follow-ups", after_hours=ladder, invite=True)["follow_ups"]
    assert [f["invite"] for f in planned] == [True] * 5
    early = officer.on(code, f"follow-ups/{planned[0]['id']}", outcome="better")
    page = f"/api/progress/{resident.turn.alarm.code}"
    assert not town.ask("GET", page).json()["rescreen"]
    assert next(c["stopped_at"] for c in early["clocks"] if c["name"] == "follow_up")
    officer.on(code, "close", outcome="supported", new_level="blue")
    town.clock.advance(days=5)
    assert town.ask("GET", page).json()["rescreen"], "the resident's own door offers it from that day on"
    late = town.officer("puyan").on(code, f"follow-ups/{planned[1]['id']}", outcome="same")
    assert late["follow_ups"][1]["done_at"]


def test_who_is_worse_after_closing_is_proposed_to_be_opened_again(town: Town, officer: Officer) -> None:
    code = officer.only_ticket()["code"]
    officer.on(code, "visits", outcome="met")
    planned = officer.on(code, "follow-ups", after_hours=[24])["follow_ups"]
    officer.on(code, "close", outcome="supported", new_level="blue")
    town.clock.advance(days=1)
    officer = town.officer("puyan")
    seen = officer.on(code, f"follow-ups/{planned[0]['id']}", outcome="worse")
    assert "建议重新打开" in seen["timeline"][-1]["text"]
    assert "reopen" in seen["actions"]

    told = town.channel.rang(code)
    seen = officer.on(code, "reopen", reason="随访时说又睡不着了")
    town.jobs()
    assert town.channel.rang(code) > told
    assert (seen["ticket"]["state"], seen["ticket"]["level"]) == ("requested", "red")
    assert seen["team"]["reopened"] == 1
    running = {c["name"] for c in seen["clocks"] if c["stopped_at"] is None}
    assert {"acknowledge", "speak", "visit"} <= running
    town.passes(minutes=16)
    assert [n for n in town.channel.sent if n.key.split(".")[2] == "supervisor"], "its chain runs again"


def test_what_is_open_is_not_opened_again(town: Town, officer: Officer) -> None:
    code = officer.only_ticket()["code"]
    assert "没有结案" in refused(officer, code, "reopen", reason="随访时说更难了")
