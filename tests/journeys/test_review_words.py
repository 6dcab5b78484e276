"""Words that wait to be read, doors that others stand at, and who is silent when."""

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import text

from escalation.triage import Level
from server.callers import SessionCookie
from server.limits import RULES
from tests.support.town import Town, the_recogniser


class Failing:
    """A reader that breaks, a second after it was asked."""

    def __init__(self, town: Town, times: int) -> None:
        self.town = town
        self.times = times

    def read(self, text: str, *, asked: str | None = None) -> object:
        if self.times:
            self.times -= 1
            self.town.clock.advance(seconds=1)
            raise RuntimeError("out of order")
        return the_recogniser().read(text, asked=asked)

    def __getattr__(self, name: str) -> object:
        return getattr(the_recogniser(), name)


@pytest.fixture
def reader_fails(town: Town) -> Callable[[int], None]:
    def fails(times: int) -> None:
        town.services.conversation.recogniser = Failing(town, times)  # type: ignore[assignment]

    return fails


def test_words_said_before_a_safety_question_are_not_its_answer(
    town: Town, reader_fails: Callable[[int], None]
) -> None:
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    reader_fails(1)
    turn = resident.says("没有")
    assert turn.screening.item == "q1", "what could not be read is asked about directly"
    town.passes(minutes=1)

    turn = resident.does("GET", "")
    assert turn.screening.item == "q1"
    assert turn.screening.answered == []


def test_nothing_is_erased_that_nobody_could_read(town: Town, reader_fails: Callable[[int], None]) -> None:
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    reader_fails(3)
    resident.says("我不想活了")
    assert town.officer("puyan").tickets() == []
    assert resident.sends("DELETE", "/record").status_code == 200

    assert town.officer("puyan").only_ticket()["level"] == Level.ORANGE.key


def test_nothing_is_erased_that_nobody_could_read_in_an_earlier_conversation(
    town: Town, reader_fails: Callable[[int], None]
) -> None:
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    reader_fails(3)
    resident.says("我不想活了")
    town.clock.advance(hours=25)
    opened = town.ask("POST", "/api/sessions", cookie=resident.cookie, json={"door": "phone", "place": None})
    assert opened.json()["came_back"]
    resident.token = opened.cookies[SessionCookie]
    resident.chooses("same_person")
    assert town.officer("puyan").tickets() == []
    assert resident.sends("DELETE", "/record").status_code == 200

    assert town.officer("puyan").only_ticket()["level"] == Level.ORANGE.key


def test_a_message_that_met_a_fault_is_taken_up_at_once_when_it_is_sent_again(town: Town) -> None:
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    intake = town.services.intake
    telling, intake.telling = intake.telling, None  # type: ignore[assignment]
    message = {"client_id": str(uuid.uuid4()), "text": "我不想活了"}
    assert resident.sends("POST", "/messages", message).status_code == 503
    intake.telling = telling

    turn = resident.does("POST", "/messages", message)
    assert [m for _, m in town.dialogue.heard[-2:]] == ["/danger_orange", "/screening_started"]
    assert turn.alarm is not None
    town.officer("puyan").only_ticket()


def test_a_button_whose_answer_could_not_be_kept_is_answered_when_it_is_pressed_again(town: Town) -> None:
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    conversation = town.services.conversation
    turns, conversation.turns = conversation.turns, None  # type: ignore[assignment]
    pressed = {"client_id": str(uuid.uuid4()), "choice": "call_me_back"}
    assert resident.sends("POST", "/choices", pressed).status_code == 503
    conversation.turns = turns

    turn = resident.does("POST", "/choices", pressed)
    assert turn.contact.field == "name"
    assert [m for _, m in town.dialogue.heard[-1:]] == ["/contact_asked"]
    assert turn.messages[-1].text == "（contact_asked）"
    assert town.officer("puyan").only_ticket()["kind"] == "call_back"


def test_a_phone_page_at_a_kiosk_does_not_open_the_last_persons_conversation(town: Town) -> None:
    before = town.resident(place="puyan-hall", door="kiosk")
    before.agrees()
    before.says("我睡不着")
    answer = town.ask("POST", "/api/sessions", cookie=before.cookie, json={"door": "phone", "place": None})

    assert answer.json()["messages"] == []
    assert answer.cookies[SessionCookie] != before.token


def test_a_crowd_behind_one_address_does_not_keep_somebody_from_their_own_conversation(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.says("我不想活了")
    monkeypatch.setitem(RULES, "open_session", (3, timedelta(minutes=1)))
    door = {"door": "phone", "place": None}
    crowd = [town.ask("POST", "/api/sessions", json=door).status_code for _ in range(3)]
    assert crowd[-1] == 429
    again = town.ask("POST", "/api/sessions", cookie=resident.cookie, json=door)

    assert again.status_code == 201
    assert again.json()["alarm"]["code"] == resident.turn.alarm.code


def test_a_record_is_deleted_by_button_although_the_dialogue_is_silent(town: Town) -> None:
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    town.dialogue.silent = True
    resident.says("删除我的记录")
    assert resident.chooses("delete_record").stage == "ended"


def test_the_program_answers_again_when_the_ticket_is_closed_with_a_worker_in_the_chat(town: Town) -> None:
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.says("我不想活了")
    officer = town.officer("puyan")
    code = officer.only_ticket()["code"]
    officer.acknowledges(code)
    officer.does("POST", f"/tickets/{code}/chat", {"action": "join"})
    officer.on(code, "calls", outcome="spoke")
    officer.on(code, "follow-ups", after_hours=[24])
    closed = officer.on(code, "close", outcome="supported", new_level="blue")
    assert not closed["chat_mine"]
    heard = len(town.dialogue.heard)

    turn = resident.says("我今晚就跳下去")
    assert turn.worker is None
    assert len(town.dialogue.heard) > heard
    again = officer.only_ticket()
    assert (again["code"], again["state"]) == (code, "requested"), "new danger opens it again"


class SlowToLoad(Failing):
    """A reader that is loaded at first use, and looks who waits for the database meanwhile."""

    waiting: int | None = None

    def warm(self) -> None:
        with self.town.database.transaction() as db:
            self.waiting = db.scalar(
                text(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                    " AND pid <> pg_backend_pid() AND state LIKE 'idle in transaction%'"
                )
            )


def test_no_transaction_waits_while_the_reader_is_loaded(town: Town) -> None:
    """One that is idle too long is ended by the server, and what was said would wait for the next round."""
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    reader = SlowToLoad(town, 0)
    town.services.conversation.recogniser = reader  # type: ignore[assignment]
    resident.says("我不想活了")
    assert reader.waiting == 0
