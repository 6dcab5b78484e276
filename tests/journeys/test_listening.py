"""One message is read where it stands: with what was asked just before, and with what was said before that."""

import json

import pytest
from sqlalchemy import select

from escalation.signal import Signal
from models.crisis.recogniser import CrisisRecogniser
from models.crisis.rulebook import RuleBook
from tests.support.town import Resident, Town


@pytest.fixture
def resident(town: Town) -> Resident:
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    return resident


def reasons(town: Town) -> list[str]:
    """The rules of the reader behind everything that was heard."""
    vault = town.database.vault
    with town.database.transaction() as db:
        signals = db.scalars(
            select(Signal).where(Signal.kind == "words").order_by(Signal.at, Signal.id)
        ).all()
        return [span[0] for s in signals for span in json.loads(vault.open(s, "reasons") or "{}")["spans"]]


def test_a_short_yes_to_a_question_about_dying_is_heard(town: Town, resident: Resident) -> None:
    resident.chooses("start_screening")
    while resident.turn.screening.instrument != "phq9" or resident.turn.screening.item != "q9":
        resident.answers(2)
    turn = resident.says("有")
    assert town.officer("puyan").only_ticket()["level"] == "orange"
    assert turn.screening.instrument == "asq", "and is asked about at once"
    assert reasons(town) == ["answer.yes"]


def test_that_is_what_i_mean_answers_the_safety_question(town: Town, resident: Resident) -> None:
    turn = resident.says("活着没意思")
    assert (turn.screening.instrument, turn.screening.item) == ("asq", "q1")
    assert town.officer("puyan").tickets() == []
    resident.says("就是那个意思")
    assert town.officer("puyan").only_ticket()["level"] == "orange"


@pytest.mark.parametrize(
    "said", ["今天天气真好", "现在几点了", "有点热，空调能不能开低点", "想问下社保怎么办"]
)
def test_talk_of_something_else_is_no_answer(town: Town, resident: Resident, said: str) -> None:
    resident.says("活着没意思")
    assert resident.says(said).screening.item == "q1"
    assert town.officer("puyan").tickets() == []


def test_an_option_of_the_form_is_judged_as_the_answer_that_it_is(town: Town, resident: Resident) -> None:
    resident.says("活着没意思")
    before = reasons(town)
    turn = resident.says("没有")
    assert turn.screening.item == "q2"
    assert "hopeless.no_way" in before
    assert reasons(town) == before


def test_small_signs_gather_over_a_conversation(town: Town, resident: Resident) -> None:
    for said in ("最近又睡不着", "吃什么都没味道", "昨晚又哭了"):
        assert resident.says(said).screening is None
    turn = resident.says("回家也没人说话")
    assert turn.screening.instrument == "asq"
    assert reasons(town) == ["course.signs_gather"]
    assert town.officer("puyan").tickets() == []


def test_low_words_again_and_again_bring_a_person(town: Town, resident: Resident) -> None:
    for said in ("活着没意思", "看不到希望", "我就是家里的累赘"):
        resident.says(said)
        assert town.officer("puyan").tickets() == []
    turn = resident.says("真的熬不下去了")
    assert town.officer("puyan").only_ticket()["level"] == "orange"
    assert turn.alarm is not None
    assert "course.hopeless_again" in reasons(town)


def test_what_another_conversation_said_does_not_count_here(town: Town, resident: Resident) -> None:
    for said in ("活着没意思", "看不到希望", "我就是家里的累赘"):
        resident.says(said)
    other = town.resident(place="puyan-hall")
    other.agrees()
    other.says("真的熬不下去了")
    assert town.officer("puyan").tickets() == []


def test_taking_it_back_takes_nothing_back(town: Town, resident: Resident) -> None:
    resident.says("我不想活了")
    resident.says("我刚才开玩笑的，别当真")
    resident.says("没事了谢谢")
    assert town.officer("puyan").only_ticket()["level"] == "orange"
    assert resident.does("GET", "").alarm is not None


def test_a_reading_that_ran_out_of_time_is_asked_about_and_read_again(town: Town, resident: Resident) -> None:
    slow = CrisisRecogniser(RuleBook.shipped(), budget=-1.0)
    swift = town.services.conversation.recogniser
    town.services.conversation.recogniser = slow
    turn = resident.says("今天去菜场买菜")
    assert turn.screening.instrument == "asq", "not read is not harmless"
    town.services.conversation.recogniser = swift
    town.passes(minutes=1)
    assert town.officer("puyan").tickets() == [], "read again in time, and harmless"


def test_a_reader_that_never_has_time_brings_a_person(town: Town, resident: Resident) -> None:
    town.services.conversation.recogniser = CrisisRecogniser(RuleBook.shipped(), budget=-1.0)
    resident.says("今天去菜场买菜")
    for _ in range(3):
        town.passes(minutes=1)
    assert town.officer("puyan").only_ticket()["level"] == "orange"


def test_a_course_that_cannot_be_opened_any_more_hides_nothing(town: Town, resident: Resident) -> None:
    resident.says("活着没意思")
    with town.database.transaction() as db:
        signal = db.scalars(select(Signal).where(Signal.kind == "words")).one()
        signal.inputs_sealed = b"broken"
    resident.says("看不到希望")
    assert reasons(town).count("hopeless.no_way") == 2
