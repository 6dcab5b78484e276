"""Passing a ticket on (TK5, TK6): the sender keeps it, no clock moves, and after two refusals the district decides."""

import uuid
from typing import Any

import pytest

from tests.support.town import Officer, Resident, Town

MOVED = "人已经搬到长河去住"


@pytest.fixture
def resident(town: Town) -> Resident:
    """Somebody whose ticket is orange."""
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.says("我不想活了")
    return resident


@pytest.fixture
def officer(town: Town, resident: Resident) -> Officer:
    return town.officer("puyan")


def clocks(seen: dict[str, Any]) -> dict[str, tuple[str, str | None]]:
    return {c["name"]: (c["due_at"], c["stopped_at"]) for c in seen["clocks"]}


def refused(who: Officer, code: str, act: str, **body: Any) -> str:
    answer = who.asks("POST", f"/tickets/{code}/{act}", {"client_id": str(uuid.uuid4()), **body})
    assert answer.status_code == 409, answer.text
    return answer.json()["sentence"]


def test_asking_another_office_moves_no_clock_and_the_sender_keeps_it(town: Town, officer: Officer) -> None:
    code = officer.only_ticket()["code"]
    before = officer.acknowledges(code)
    other = town.officer("changhe", name="何苗")
    assert other.tickets() == []
    asked = officer.on(code, "transfer", to_office="changhe-judicial", reason=MOVED)

    assert clocks(asked) == clocks(before)
    assert asked["ticket"]["holder"] == "沈青"
    assert asked["ticket"]["office"] == "puyan-judicial"
    town.jobs()
    assert [n for n in town.channel.sent if "changhe-judicial.transfer" in n.key]
    waiting = other.does("GET", "/waiting")["transfers"]
    assert [(w["code"], w["from_name"]) for w in waiting] == [(code, "浦沿司法所")]
    assert "answer_transfer" in other.does("GET", f"/tickets/{code}")["actions"]


def test_accepting_puts_it_into_the_new_hand_and_the_old_office_sees_it_no_longer(
    town: Town, officer: Officer
) -> None:
    code = officer.only_ticket()["code"]
    officer.acknowledges(code)
    before = officer.on(code, "calls", outcome="spoke")
    officer.on(code, "follow-ups", after_hours=[24])
    officer.on(code, "transfer", to_office="changhe-judicial", reason=MOVED)
    other = town.officer("changhe", name="何苗")
    taken = other.on(code, "transfer/answer", answer="accept")

    assert taken["ticket"]["holder"] == "何苗"
    assert taken["ticket"]["office"] == "changhe-judicial"
    after = {k: v for k, v in clocks(taken).items() if k != "follow_up"}
    assert after == {k: v for k, v in clocks(before).items() if k != "follow_up"}
    assert officer.asks("GET", f"/tickets/{code}").status_code == 404
    assert other.tickets("follow_up"), "what is still to be asked came along"


def test_refused_twice_it_is_the_districts_to_decide_and_that_stands(town: Town, officer: Officer) -> None:
    code = officer.only_ticket()["code"]
    officer.acknowledges(code)
    officer.on(code, "calls", outcome="spoke")
    for street in ("changhe", "xixing"):
        officer.on(code, "transfer", to_office=f"{street}-judicial", reason=MOVED)
        other = town.officer(street)
        assert "理由" in refused(other, code, "transfer/answer", answer="refuse")
        assert other.on(code, "transfer/answer", answer="refuse", reason="这个地址不归我们管") is None
        assert other.asks("GET", f"/tickets/{code}").status_code == 404

    seen = officer.does("GET", f"/tickets/{code}")
    assert seen["team"]["bounces"] == 2
    assert seen["team"]["must_decide"]
    assert seen["ticket"]["holder"] == "沈青"
    assert "等区值班台决定" in refused(officer, code, "transfer", to_office="changhe-judicial", reason=MOVED)

    desk = town.officer("desk", "duty_officer", "周平")
    assert [d["code"] for d in desk.does("GET", "/waiting")["decisions"]] == [code]
    told = town.channel.rang(code)
    town.passes(hours=4, minutes=5)
    assert town.channel.rang(code) >= told + 2, "the desk is told again until somebody there acts"

    speak = clocks(desk.does("GET", f"/tickets/{code}"))["speak"]
    desk.on(code, "decision", office="changhe-judicial", reason="户口在长河，由长河办")
    other = town.officer("changhe", name="何苗")
    seen = other.does("GET", f"/tickets/{code}")
    assert seen["team"]["settled"]
    assert seen["ticket"]["holder"] is None
    assert clocks(seen)["speak"] == speak, "the clocks go on"
    assert clocks(seen)["acknowledge"][1] is None, "and somebody has to take it anew"
    assert officer.asks("GET", f"/tickets/{code}").status_code == 404
    other.acknowledges(code)
    assert "已经决定" in refused(other, code, "transfer", to_office="puyan-judicial", reason=MOVED)
    assert "决定过" in refused(desk, code, "decision", office=None, reason="再想一想看看")


def test_no_answer_in_time_counts_as_a_refusal_and_is_told_upward(town: Town, officer: Officer) -> None:
    code = officer.only_ticket()["code"]
    officer.acknowledges(code)
    officer.on(code, "calls", outcome="spoke")
    officer.on(code, "transfer", to_office="changhe-judicial", reason=MOVED)
    town.passes(minutes=31)

    seen = officer.does("GET", f"/tickets/{code}")["team"]
    assert seen["transfer"] is None
    assert seen["transfers"][0]["answer"] == "expired"
    assert seen["bounces"] == 1
    assert [n for n in town.channel.sent if ".supervisor.puyan-judicial.refused" in n.key]
    assert town.officer("changhe").tickets() == []


def test_a_colleague_is_asked_by_name_and_has_it_only_when_they_say_so(town: Town, officer: Officer) -> None:
    code = officer.only_ticket()["code"]
    officer.acknowledges(code)
    colleague = town.officer("puyan", "social_worker", "陈一")
    third = town.officer("puyan", name="何苗")
    (to,) = [
        c["id"] for c in officer.does("GET", f"/tickets/{code}")["team"]["colleagues"] if c["name"] == "陈一"
    ]
    asked = officer.on(code, "hand-over", to_staff=to, reason="我明天开始请假")
    assert asked["ticket"]["holder"] == "沈青"
    assert third.does("GET", "/waiting")["transfers"] == []
    assert "没有等您答复" in refused(third, code, "transfer/answer", answer="accept")
    assert colleague.on(code, "transfer/answer", answer="accept")["ticket"]["holder"] == "陈一"
    assert colleague.does("GET", f"/tickets/{code}")["team"]["bounces"] == 0


def test_taking_a_ticket_out_of_somebodys_hand_needs_a_reason(town: Town, officer: Officer) -> None:
    code = officer.only_ticket()["code"]
    officer.acknowledges(code)
    colleague = town.officer("puyan", name="何苗")
    answer = colleague.asks(
        "POST", f"/tickets/{code}/take-over", {"client_id": str(uuid.uuid4()), "reason": "病"}
    )
    assert answer.status_code == 422
    taken = colleague.on(code, "take-over", reason="他今天病了，我来接")
    assert taken["ticket"]["holder"] == "何苗"
    assert [a["name"] for a in taken["team"]["acknowledgements"]] == ["何苗"]
    line = next(e for e in taken["timeline"] if e["kind"] == "taken_over")
    assert "沈青" in line["text"]
    assert line["note"] == "他今天病了，我来接"


def test_straight_to_the_district_tells_its_desk_at_once(town: Town, officer: Officer) -> None:
    code = officer.only_ticket()["code"]
    desk = town.officer("desk", "duty_officer", "周平")
    assert desk.tickets() == []
    officer.on(code, "to-district", reason="所里今天没有人")
    town.jobs()
    assert desk.only_ticket()["code"] == code
    assert [n for n in town.channel.sent if ".district_desk." in n.key]
    kept = desk.on(code, "decision", office=None, reason="区里自己来办这件")
    assert kept["ticket"]["holder"] == "周平"
    assert kept["ticket"]["office"] == desk.office
    told = town.channel.rang(code)
    town.passes(minutes=30)
    assert town.channel.rang(code) == told


def test_the_same_asking_sent_twice_is_one(town: Town, officer: Officer) -> None:
    code = officer.only_ticket()["code"]
    officer.acknowledges(code)
    body = {"client_id": str(uuid.uuid4()), "to_office": "changhe-judicial", "reason": MOVED}
    for _ in range(2):
        officer.does("POST", f"/tickets/{code}/transfer", body)
    assert "等答复" in refused(officer, code, "transfer", to_office="xixing-judicial", reason=MOVED)
    assert officer.on(code, "transfer/withdraw")["team"]["transfers"][0]["answer"] == "withdrawn"
    assert town.officer("changhe").tickets() == []
