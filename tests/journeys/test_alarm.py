"""From what a resident says or answers to a ticket on the right desk."""

import uuid

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from bot.transcript import names_said
from escalation.triage import Level
from residents.store import session_by_sender
from tests.support.town import Town


def test_an_answer_about_suicide_reaches_the_judicial_office_at_that_moment(town: Town) -> None:
    resident = town.resident(place="puyan-hall", door="kiosk")
    resident.agrees()
    resident.chooses("start_screening")
    while resident.turn.screening.instrument != "phq9" or resident.turn.screening.item != "q9":
        resident.answers(2)
    assert town.officer("puyan").tickets() == []

    turn = resident.answers(1)

    ticket = town.officer("puyan").only_ticket()
    assert ticket["level"] == "orange"
    assert ticket["state"] == "requested"
    assert turn.screening.instrument == "asq", "the safety questions follow in the same conversation"
    assert turn.alarm.code
    town.jobs()
    assert town.channel.rang(ticket["code"]) == 1


def test_a_yes_to_right_now_makes_it_red_and_calls_a_worker(town: Town) -> None:
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    turn = resident.completes(mood=2, worry=0, q9=2, asq=1, asq5=1)

    ticket = town.officer("puyan").only_ticket()
    assert ticket["level"] == "red"
    assert ticket["worker_wanted_in_chat"]
    assert turn.worker_called
    assert turn.contact.field == "name"


def test_words_of_a_plan_are_red_and_put_every_questionnaire_aside(town: Town) -> None:
    resident = town.resident(place="changhe-hall")
    resident.agrees()
    resident.chooses("start_screening")
    turn = resident.says("我攒了一瓶安眠药,今晚就吃下去,不想活了")

    assert town.officer("changhe").only_ticket()["level"] == "red"
    assert turn.screening is None
    assert turn.alarm is not None
    assert [m for _, m in town.dialogue.heard[-2:]] == ["/danger_red", "/contact_asked"]


def test_a_wish_to_die_is_orange_and_is_asked_about_directly(town: Town) -> None:
    resident = town.resident(place="xixing-hall")
    resident.agrees(screening=False)
    turn = resident.says("我不想活了")

    assert town.officer("xixing").only_ticket()["level"] == "orange"
    assert turn.screening.instrument == "asq"


def test_later_answers_and_retractions_never_lower_the_level(town: Town) -> None:
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.says("我不想活了")
    resident.says("开玩笑的,我没有想死")
    while resident.turn.screening:
        resident.answers(0)

    assert town.officer("puyan").only_ticket()["level"] == "orange"


def test_new_signals_join_the_open_ticket(town: Town) -> None:
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.says("我不想活了")
    resident.says("真的活不下去了,想死")
    resident.says("我现在就站在楼顶,要跳下去")

    ticket = town.officer("puyan").only_ticket()
    assert ticket["level"] == "red"


def test_the_same_message_twice_is_one_message_and_one_answer(town: Town) -> None:
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    client_id = str(uuid.uuid4())
    first = resident.says("我不想活了", client_id)
    second = resident.says("我不想活了", client_id)

    assert first == second
    assert len([m for m in resident.does("GET", "").messages if m.author == "resident"]) == 1
    town.officer("puyan").only_ticket()


def test_an_ordinary_complaint_opens_nothing(town: Town) -> None:
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    turn = resident.says("物业太气人了,笑死我了,累死了")

    assert town.officer("puyan").tickets() == []
    assert turn.alarm is None


def test_whoever_declines_everything_still_gets_a_ticket_at_the_place(town: Town) -> None:
    resident = town.resident(place="changhe-hall", door="kiosk")
    resident.agrees(contact=False, share=False)
    resident.completes(mood=3, q9=3, asq=1, asq5=1)
    while resident.turn.contact:
        resident.tells(resident.turn.contact.field, None)

    officer = town.officer("changhe")
    ticket = officer.only_ticket()
    assert ticket["resident"] == "未留称呼"
    detail = officer.does("GET", f"/tickets/{ticket['code']}")
    assert "生命危险" in detail["basis"]


def test_nobody_knows_where_then_the_district_has_it(town: Town) -> None:
    resident = town.resident()
    resident.agrees()
    resident.says("我不想活了")

    assert town.officer("desk", "duty_officer").only_ticket()["level"] == "orange"


def test_an_address_moves_the_ticket_to_its_street(town: Town) -> None:
    resident = town.resident()
    resident.agrees()
    resident.completes(mood=3, q9=3, asq=1, asq5=1)
    resident.says("我叫余红")
    resident.says("电话13812345678")
    resident.says("浦沿街道东冠社区3幢101室")

    ticket = town.officer("puyan").only_ticket()
    assert ticket["resident"] == "余*"
    assert "东冠社区" in ticket["place"]
    town.jobs()
    assert "浦沿街道" in {notice.place for notice in town.channel.sent}
    assert town.officer("desk", "duty_officer").tickets() == []


@pytest.mark.parametrize(
    ("screen", "level"),
    [
        ({"mood": 0, "worry": 0}, Level.GREEN),
        ({"mood": 1, "worry": 2, "q9": 0}, Level.YELLOW),
        ({"mood": 2, "worry": 0, "q9": 0}, Level.ORANGE),
    ],
)
def test_a_finished_screening_has_a_level_and_plain_words(town: Town, screen: dict, level: Level) -> None:
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    turn = resident.completes(**screen)

    assert turn.result.level_word == level.word
    assert all(colour not in turn.result.model_dump_json() for colour in ("绿色", "黄色", "橙色", "红色"))
    assert bool(town.officer("puyan").tickets()) is (level >= Level.ORANGE)


def test_a_refused_question_is_never_green(town: Town) -> None:
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.chooses("start_screening")
    resident.answers(None)
    while resident.turn.screening:
        resident.answers(0)

    assert resident.turn.result.level_word is None


def test_typed_answers_are_the_same_as_taps(town: Town) -> None:
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.chooses("start_screening")
    turn = resident.says("几乎每天")

    assert turn.screening.item == "q2"
    assert turn.screening.answered[0].given == 3


def test_leaving_and_coming_back_goes_on_where_it_was(town: Town) -> None:
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.chooses("start_screening")
    resident.answers(1)
    resident.chooses("pause_screening")
    assert resident.turn.resume
    turn = resident.chooses("continue_screening")

    assert turn.screening.item == "q2"


def test_a_callback_that_was_asked_for_is_a_ticket_without_a_visit(town: Town) -> None:
    resident = town.resident(place="puyan-hall")
    resident.agrees(contact=False, share=False)
    resident.completes(mood=1, worry=2)
    turn = resident.chooses("call_me_back")

    assert turn.contact.field == "name"
    ticket = town.officer("puyan").only_ticket()
    assert (ticket["kind"], ticket["level"]) == ("call_back", "yellow")
    assert turn.alarm is None


def test_words_that_could_not_be_read_are_not_taken_for_harmless(town: Town) -> None:
    class Broken:
        def warm(self) -> None:
            raise RuntimeError("out of order")

        def read(self, text: str) -> None:
            raise RuntimeError("out of order")

    town.services.conversation.recogniser = Broken()  # type: ignore[assignment]
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    turn = resident.says("今天天气不错")
    assert turn.screening.instrument == "asq"

    for _ in range(3):
        town.passes(minutes=1)
    assert town.officer("puyan").only_ticket()["level"] == "orange"


def test_an_alarm_stands_although_no_answer_to_it_could_be_planned(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("out of order")

    monkeypatch.setattr(type(town.services.conversation), "_decide", broken)
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    turn = resident.says("我攒了一瓶安眠药,今晚就吃下去")

    assert town.officer("puyan").only_ticket()["level"] == "red"
    assert turn.alarm is not None
    assert town.dialogue.heard[-1][1] == "/danger_red"


def test_distress_is_never_filed_as_a_way_to_reach_somebody(town: Town) -> None:
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.completes(mood=3, q9=3, asq=1, asq5=1)
    for field in ("name", "phone", "address"):
        resident.tells(field, None)
    assert resident.turn.contact.field == "safe_to_call"
    turn = resident.says("还是睡不着,心里害怕")
    assert turn.contact.field == "safe_to_call"
    turn = resident.says("晚上七点以后方便")
    assert turn.contact.field == "trusted_person"
    turn = resident.says("我女儿,她在滨文上班")
    assert turn.contact is None


def test_taking_back_the_tick_for_contact_forgets_how_they_are_reached(town: Town) -> None:
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.chooses("call_me_back")
    resident.tells("name", "余红")
    officer = town.officer("puyan")
    code = officer.only_ticket()["code"]
    officer.acknowledges(code)
    officer.on(code, "calls", outcome="spoke")
    officer.on(code, "close", outcome="supported", new_level="blue")
    resident.agrees(contact=False)

    assert resident.sends("GET", "/record").json()["联系方式"] == {}


def test_what_is_said_next_knows_what_was_said_a_moment_ago(town: Town) -> None:
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    seen: list[set[str]] = []
    send = town.dialogue.send

    async def looking(sender: str, message: str, *, patient: bool = False) -> list:
        with town.database.transaction() as db:
            session = session_by_sender(db, sender)
            seen.append(set(names_said(db, session.id)[0]))
        return await send(sender, message)

    town.dialogue.send = looking
    resident.says("我攒了一瓶安眠药,今晚就吃下去")

    assert "danger_red" not in seen[0]
    assert "danger_red" in seen[1], "the question about their name need not say again why it is asked"


def test_an_alarm_stands_although_the_database_refused_what_was_planned(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_: object, db: Session, *__: object) -> None:
        db.execute(text("INSERT INTO ticket_clock (id) VALUES (gen_random_uuid())"))

    monkeypatch.setattr(type(town.services.conversation), "_decide", refused)
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    turn = resident.says("我攒了一瓶安眠药,今晚就吃下去")

    assert town.officer("puyan").only_ticket()["level"] == "red"
    assert turn.alarm is not None
