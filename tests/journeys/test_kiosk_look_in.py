"""A serious result at a kiosk: a calm page, the ticket as ever, and somebody of the hall who looks in unasked (K9)."""

import uuid
from pathlib import Path
from typing import Any

import pytest

from escalation import chain
from escalation.channels.webhook import payload
from server.errors import NotLoggedIn
from storage.database import Database
from tests.support.acting_dialogue import ActingDialogue
from tests.support.clock import MovableClock
from tests.support.town import Resident, Town

NAME = "余红"
SERIOUS = {"mood": 2, "worry": 0, "q9": 2, "asq": 1, "asq5": 1}
WORDS = "我攒了一瓶安眠药,今晚就吃下去,不想活了"
NEVER_SAID = (NAME, "自杀", "PHQ", "GAD", "ASQ", "量表", "测试", "分", "红", "橙", "危险", "不想活", "安眠药")


def somebody(town: Town, door: str = "kiosk", place: str = "puyan-hall") -> Resident:
    resident = town.resident(place=place, door=door)
    resident.agrees()
    return resident


def calls(town: Town, street: str = "puyan") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = town.officer(street).does("GET", "/desk-calls")
    return found


def sent(town: Town) -> list[Any]:
    """What went out about somebody in a hall, and not about a ticket."""
    town.jobs()
    return [notice for notice in town.channel.sent if notice.key.startswith("desk.")]


def test_a_serious_result_asks_the_hall_to_look_in_beside_the_ticket(town: Town) -> None:
    resident = somebody(town)
    resident.completes(**SERIOUS)
    resident.tells("name", NAME)

    ticket = town.officer("puyan").only_ticket()
    assert ticket["level"] == "red"
    (call,) = calls(town)
    assert (call["unasked"], call["answered_by"]) == (True, None)
    (notice,) = sent(town)
    assert town.channel.rang(ticket["code"]) == 1, "the ticket's own notice goes out as ever"
    assert "对方没有叫人" in notice.text
    assert not [word for word in NEVER_SAID if word in str(payload(notice))]
    assert ticket["code"] not in notice.text

    resident.says("我在这儿坐一会")
    resident.says(WORDS)
    assert len(calls(town)) == 1, "once for a conversation"
    said = " ".join(message.text for message in resident.does("GET", "").messages)
    assert "大厅" not in said, "the page says nothing of it"


def test_a_total_in_the_danger_band_is_enough(town: Town) -> None:
    somebody(town).completes(mood=2, worry=0, q9=0)
    assert town.officer("puyan").only_ticket()["level"] == "orange"
    assert [call["unasked"] for call in calls(town)] == [True]


def test_words_of_present_danger_are_enough(town: Town) -> None:
    resident = somebody(town)
    resident.says(WORDS)
    assert town.officer("puyan").only_ticket()["level"] == "red"
    assert [call["unasked"] for call in calls(town)] == [True]
    assert len(sent(town)) == 1


def test_an_answer_on_the_way_does_not_break_off_the_safety_questions(town: Town) -> None:
    resident = somebody(town)
    resident.chooses("start_screening")
    while resident.turn.screening.instrument != "asq":
        resident.answers(2)
    assert town.officer("puyan").only_ticket()["level"] == "orange"
    assert calls(town) == [], "it is not a result yet"
    while resident.turn.screening is not None:
        resident.answers(0)
    assert [call["unasked"] for call in calls(town)] == [True]


@pytest.mark.parametrize(("door", "value", "asked"), [("kiosk", 2, 1), ("kiosk", 0, 0), ("phone", 2, 0)])
def test_whoever_leaves_at_the_safety_questions_is_looked_in_on(
    town: Town, door: str, value: int, asked: int
) -> None:
    resident = somebody(town, door)
    resident.chooses("start_screening")
    for _ in range(40):
        if resident.turn.screening is None or resident.turn.screening.instrument == "asq":
            break
        resident.answers(value)
    resident.does("POST", "/leave")
    assert len(calls(town)) == asked


@pytest.mark.parametrize("door", ["phone", "kiosk"])
def test_a_phone_or_a_quiet_result_calls_nobody(town: Town, door: str) -> None:
    somebody(town, door).completes(**(SERIOUS if door == "phone" else {"mood": 0}))
    assert len(town.officer("puyan").tickets()) == (door == "phone")
    assert calls(town) == []
    assert sent(town) == []


@pytest.mark.parametrize("door", ["kiosk", "phone"])
def test_the_words_of_a_level_are_not_said_where_a_queue_may_read_along(
    database: Database, clock: MovableClock, tmp_path: Path, door: str
) -> None:
    town = Town(database, clock, tmp_path, rasa=ActingDialogue())
    try:
        resident = somebody(town, door)
        resident.completes(mood=2, worry=0, q9=0)
        said = " ".join(message.text for message in resident.does("GET", "").messages)
    finally:
        town.close()
    assert "您最近撑得很辛苦" in said
    assert ("建议有人帮忙" in said) is (door == "phone")


def test_pressing_for_somebody_is_another_call_with_other_words(town: Town) -> None:
    resident = somebody(town)
    resident.completes(**SERIOUS)
    resident.does("POST", "/person", {"client_id": str(uuid.uuid4())})
    assert sorted(call["unasked"] for call in calls(town)) == [False, True]
    assert sum("有人请工作人员过去" in notice.text for notice in sent(town)) == 1


def test_when_the_call_breaks_the_ticket_stands_and_the_next_request_makes_it(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    resident = somebody(town)
    with monkeypatch.context() as broken:

        def breaks(*_: object) -> None:
            raise NotLoggedIn()

        broken.setattr(chain, "tell_desk", breaks)
        resident.completes(**SERIOUS)
        assert resident.turn.alarm is not None, "the resident hears what they would have heard"
    assert town.officer("puyan").only_ticket()["level"] == "red"
    assert calls(town) == []
    resident.says("我还在")
    assert [call["unasked"] for call in calls(town)] == [True]


def test_nobody_is_sent_to_a_kiosk_that_was_left_long_ago(town: Town) -> None:
    """Words that a process which died had kept, and which are read when another has come."""
    resident = somebody(town)
    town.services.conversation._act = lambda *_: (_ for _ in ()).throw(RuntimeError())  # type: ignore[assignment,method-assign]
    assert (
        resident.sends("POST", "/messages", {"client_id": str(uuid.uuid4()), "text": WORDS}).status_code
        >= 500
    )
    del town.services.conversation._act
    town.clock.advance(minutes=4)
    town.jobs()
    assert town.officer("puyan").only_ticket()["level"] == "red"
    assert calls(town) == []
