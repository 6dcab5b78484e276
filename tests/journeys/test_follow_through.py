"""After the ticket is open: who is told, who may act, and that nothing goes silent."""

import uuid

import pytest

from tests.support.town import Resident, Town

RED = {"mood": 3, "q9": 3, "asq": 1, "asq5": 1}


def in_danger(town: Town, place: str = "puyan-hall") -> Resident:
    """Somebody whose ticket is red, with a name and an address."""
    resident = town.resident(place=place)
    resident.agrees()
    resident.completes(**RED)
    for field, value in (("name", "余红"), ("phone", "13812345678"), ("address", None)):
        resident.tells(field, value)
    return resident


def test_nobody_acknowledges_then_the_next_is_told_until_somebody_does(town: Town) -> None:
    in_danger(town)
    ticket = town.officer("puyan").only_ticket()
    town.jobs()
    told_at_once = town.channel.rang(ticket["code"])

    town.passes(minutes=14)
    assert town.channel.rang(ticket["code"]) == told_at_once
    town.passes(minutes=2)
    assert town.channel.rang(ticket["code"]) == told_at_once + 1, "the supervisor"
    assert town.officer("desk", "duty_officer").tickets() == []
    town.passes(minutes=15)
    assert town.channel.rang(ticket["code"]) == told_at_once + 2, "the district"
    district = town.officer("desk", "duty_officer")
    assert district.only_ticket()["code"] == ticket["code"]
    town.passes(hours=1)
    assert town.channel.rang(ticket["code"]) >= told_at_once + 5, "again and again"

    district.acknowledges(ticket["code"])
    steps = [n.key for n in town.channel.sent if ".step" in n.key]
    town.passes(minutes=14)
    assert [n.key for n in town.channel.sent if ".step" in n.key] == steps, "somebody has it now"


def test_an_acknowledgement_without_an_attempt_to_reach_them_expires(town: Town) -> None:
    in_danger(town)
    officer = town.officer("puyan")
    code = officer.only_ticket()["code"]
    officer.acknowledges(code)
    town.passes(minutes=16)

    ticket = officer.only_ticket()
    assert ticket["state"] == "requested"
    assert ticket["holder"] is None
    assert town.channel.rang(code) >= 2


def test_an_attempt_keeps_the_acknowledgement_and_lateness_is_told_upward(town: Town) -> None:
    in_danger(town)
    officer = town.officer("puyan")
    code = officer.only_ticket()["code"]
    officer.acknowledges(code)
    officer.on(code, "calls", outcome="no_answer")
    town.passes(minutes=40)
    assert officer.only_ticket()["holder"] == "沈青"
    rung = town.channel.rang(code)
    town.passes(minutes=30)
    assert town.channel.rang(code) > rung, "an hour is over and nobody has spoken with them"


def test_a_notice_that_the_gateway_refuses_is_sent_when_it_is_mended(town: Town) -> None:
    town.channel.failing = "permanent"
    in_danger(town)
    officer = town.officer("puyan")
    town.passes(minutes=5)
    assert town.channel.sent == []
    assert officer.does("GET", "/tickets")["red_bar"]

    town.channel.failing = None
    town.passes(minutes=2)
    assert town.channel.rang(officer.only_ticket()["code"])
    assert officer.does("GET", "/tickets")["red_bar"] is None


def test_two_officers_press_at_once_and_one_has_it(town: Town) -> None:
    in_danger(town)
    first, second = town.officer("puyan"), town.officer("puyan", name="何苗")
    code = first.only_ticket()["code"]
    first.acknowledges(code)
    refused = second.asks("POST", f"/tickets/{code}/acknowledge")

    assert refused.status_code == 409
    assert "沈青" in refused.json()["sentence"]
    assert first.acknowledges(code)["ticket"]["mine"]


def test_another_streets_ticket_is_like_one_that_does_not_exist(town: Town) -> None:
    in_danger(town)
    code = town.officer("puyan").only_ticket()["code"]
    stranger = town.officer("xixing")
    body = {"client_id": str(uuid.uuid4()), "outcome": "spoke"}
    for method, path, sent in (
        ("GET", "", None),
        ("POST", "/acknowledge", None),
        ("POST", "/calls", body),
        ("POST", "/visits", {**body, "outcome": "met"}),
        ("POST", "/identity", {"reason": "看看"}),
        ("POST", "/words", {"reason": "看看"}),
        ("GET", "/chat", None),
    ):
        foreign = stranger.asks(method, f"/tickets/{code}{path}", sent)
        nothing = stranger.asks(method, f"/tickets/K-0000-0{path}", sent)
        assert foreign.status_code == nothing.status_code == 404, path
        assert foreign.json() == nothing.json()
    assert stranger.tickets() == []


def test_red_is_not_closed_before_somebody_was_there(town: Town) -> None:
    resident = in_danger(town)
    officer = town.officer("puyan")
    code = officer.only_ticket()["code"]
    officer.acknowledges(code)
    close = {"client_id": str(uuid.uuid4()), "outcome": "supported"}
    refused = officer.asks("POST", f"/tickets/{code}/close", close)
    assert refused.status_code == 409
    assert "见到本人" in refused.json()["sentence"]

    officer.on(code, "calls", outcome="spoke")
    officer.on(code, "visits", outcome="met", findings=["illness", "bereavement"], family_present=True)
    officer.on(code, "referrals", to="counsellor", agreed=True)
    officer.on(code, "follow-ups", after_hours=[24, 168, 720])
    closed = officer.on(code, "close", outcome="referred", new_level="blue")
    assert closed["ticket"]["state"] == "completed"

    progress = town.ask("GET", f"/api/progress/{resident.turn.alarm.code}").json()
    assert progress["closed"]
    assert [step["name"] for step in progress["steps"]].count("再来问候") == 3
    assert "余红" not in str(progress)


def test_a_follow_up_that_nobody_does_is_told_although_the_ticket_is_closed(town: Town) -> None:
    in_danger(town)
    officer = town.officer("puyan")
    code = officer.only_ticket()["code"]
    officer.acknowledges(code)
    officer.on(code, "visits", outcome="met")
    officer.on(code, "follow-ups", after_hours=[24])
    officer.on(code, "close", outcome="supported", new_level="blue")
    town.jobs()
    rung = town.channel.rang(code)
    town.passes(hours=24, minutes=2)

    assert town.channel.rang(code) == rung + 1
    officer = town.officer("puyan")
    assert [t["code"] for t in officer.tickets("follow_up")] == [code]
    waiting = officer.does("GET", f"/tickets/{code}")["follow_ups"][0]
    officer.on(code, f"follow-ups/{waiting['id']}", outcome="better")
    assert officer.tickets("follow_up") == []


def test_the_same_record_sent_twice_is_recorded_once(town: Town) -> None:
    in_danger(town)
    officer = town.officer("puyan")
    code = officer.only_ticket()["code"]
    officer.acknowledges(code)
    client_id = str(uuid.uuid4())
    first = officer.on(code, "calls", client_id=client_id, outcome="no_answer")
    second = officer.on(code, "calls", client_id=client_id, outcome="no_answer")

    calls = [entry for entry in second["timeline"] if entry["kind"] == "call"]
    assert len(calls) == 1
    assert first["timeline"] == second["timeline"]


def test_who_opened_what_is_shown_to_the_resident(town: Town) -> None:
    resident = in_danger(town)
    officer = town.officer("puyan")
    code = officer.only_ticket()["code"]
    assert officer.asks("POST", f"/tickets/{code}/words", {"reason": "了解情况"}).status_code == 409
    officer.acknowledges(code)
    assert officer.asks("POST", f"/tickets/{code}/identity", {"reason": ""}).status_code == 422
    identity = officer.does("POST", f"/tickets/{code}/identity", {"reason": "准备上门"})
    assert (identity["name"], identity["phone"]) == ("余红", "13812345678")
    town.clock.advance(minutes=1)
    officer.does("POST", f"/tickets/{code}/words", {"reason": "了解情况"})

    progress = town.ask("GET", f"/api/progress/{resident.turn.alarm.code}").json()
    assert [o["what"] for o in progress["openings"]] == ["您的联系方式", "您说过的话"]
    assert {o["who"] for o in progress["openings"]} == {"浦沿司法所 沈青"}


def test_without_consent_and_without_danger_identity_stays_closed(town: Town) -> None:
    resident = town.resident(place="puyan-hall")
    resident.agrees(share=False)
    resident.completes(mood=2, q9=0)
    resident.tells("name", "余红")
    officer = town.officer("puyan")
    code = officer.only_ticket()["code"]
    officer.acknowledges(code)

    refused = officer.asks("POST", f"/tickets/{code}/identity", {"reason": "准备上门"})
    assert refused.status_code == 403


def test_a_worker_comes_into_the_chat_and_the_program_is_silent(town: Town) -> None:
    resident = in_danger(town)
    officer = town.officer("puyan")
    code = officer.only_ticket()["code"]
    joined = officer.does("POST", f"/tickets/{code}/chat", {"action": "join"})
    assert joined["mine"]
    turn = resident.does("GET", "")
    assert turn.worker.name == "沈青"
    heard = len(town.dialogue.heard)

    turn = resident.says("你是真人吗")
    assert len(town.dialogue.heard) == heard
    assert [m.author for m in turn.messages] == ["resident"]
    officer.on(code, "chat/messages", text="是的，我在。")
    assert resident.does("GET", "").messages[-1].text == "是的，我在。"

    officer.does("POST", f"/tickets/{code}/chat", {"action": "leave"})
    resident.says("好的")
    assert len(town.dialogue.heard) == heard + 1


def test_a_kiosk_calls_somebody_of_the_hall_even_before_any_consent(town: Town) -> None:
    resident = town.resident(place="xixing-hall", door="kiosk")
    resident.does("POST", "/person", {"client_id": str(uuid.uuid4())})
    town.jobs()
    officer = town.officer("xixing")
    calls = officer.does("GET", "/desk-calls")

    assert len(calls) == 1
    assert town.channel.sent[-1].text.startswith("【演示】")
    answered = officer.does("POST", f"/desk-calls/{calls[0]['id']}/answer")
    assert [call["answered_by"] for call in answered] == ["沈青"]
    assert town.officer("xixing", name="何苗").does("GET", "/desk-calls") == answered, (
        "colleagues see who went"
    )
    town.clock.advance(minutes=11)
    assert officer.does("GET", "/desk-calls") == []
    assert town.officer("puyan").does("GET", "/desk-calls") == []


def test_rights_that_were_withdrawn_end_at_the_next_request(town: Town) -> None:
    from escalation.staff import StaffAccount

    officer = town.officer("puyan")
    with town.database.transaction() as db:
        account = db.query(StaffAccount).filter_by(username=officer.username).one()
        account.active = False
    assert officer.asks("GET", "/tickets").status_code == 401


def test_guessing_a_password_is_throttled_but_not_for_others(town: Town) -> None:
    officer = town.officer("puyan")
    wrong = {"username": officer.username, "password": "wrong"}
    answers = [town.ask("POST", "/api/staff/login", json=wrong).status_code for _ in range(12)]
    assert answers[:10] == [401] * 10
    assert answers[10:] == [429, 429]
    assert town.officer("puyan").tickets() == []


@pytest.mark.parametrize("opened", [True, False])
def test_erasing_keeps_only_what_reaching_them_needs(town: Town, opened: bool) -> None:
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.says("我睡不着,心里难受")
    if opened:
        resident.completes(**RED)
        resident.tells("name", "余红")
    answer = resident.sends("DELETE", "/record").json()

    assert bool(answer["kept"]) is opened
    assert resident.sends("GET", "").status_code == 401
    if opened:
        officer = town.officer("puyan")
        code = officer.only_ticket()["code"]
        officer.acknowledges(code)
        assert officer.does("POST", f"/tickets/{code}/words", {"reason": "了解情况"}) == []
        officer.on(code, "visits", outcome="met")
        officer.on(code, "follow-ups", after_hours=[24])
        officer.on(code, "close", outcome="supported", new_level="blue")
        identity = officer.does("POST", f"/tickets/{code}/identity", {"reason": "查看"})
        assert identity["name"] is None


def test_a_record_can_be_taken_along(town: Town) -> None:
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.says("我睡不着")
    exported = resident.sends("GET", "/record").json()

    assert any(line["内容"] == "我睡不着" for line in exported["对话"])


def test_a_worker_who_walks_away_does_not_leave_a_silent_chat(town: Town) -> None:
    resident = in_danger(town)
    officer = town.officer("puyan")
    code = officer.only_ticket()["code"]
    officer.does("POST", f"/tickets/{code}/chat", {"action": "join"})
    town.passes(minutes=30)
    assert resident.does("GET", "").worker is not None, "nobody waits for an answer"
    resident.says("您还在吗")
    town.passes(minutes=9)
    assert resident.does("GET", "").worker is not None
    town.passes(minutes=2)
    turn = resident.does("GET", "")
    assert turn.worker is None
    assert turn.worker_called
    assert "再去请人" in turn.messages[-1].text
