"""What the dialogue says in which state, without Rasa: one action at a time, through the executor."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

import pytest
from rasa_sdk.executor import ActionExecutor

from bot.actions import all_actions
from bot.actions.wording import read_wording
from tests.bot.scripted_desk import HOTLINES, QUESTIONS, ScriptedDesk


class Conversation:
    """One resident at a scripted desk; each call is one action, as Rasa would ask for it."""

    def __init__(self, **start: Any) -> None:
        self.desk = ScriptedDesk(**start)
        self.executor = ActionExecutor()
        for action in all_actions(self.desk):
            self.executor.register_action(action)
        self.events: list[dict[str, Any]] = []

    def asks_for(
        self, action: str, *, intent: str | None = None, words: str = "", **slots: Any
    ) -> list[dict[str, Any]]:
        self.desk.words = words
        latest = {"text": words, "intent": {"name": intent}} if intent or words else {}
        call = {
            "next_action": action,
            "tracker": {"sender_id": "someone", "slots": slots, "latest_message": latest, "events": []},
            "domain": {},
        }
        result = asyncio.run(self.executor.run(call))
        assert result is not None
        self.events = result.events
        bubbles = [response["custom"] for response in result.responses]
        self.desk.hears(bubbles)
        return bubbles

    def texts(self, action: str) -> list[str]:
        return [bubble["text"] for bubble in self.asks_for(action)]


def names(bubbles: list[dict[str, Any]]) -> list[str]:
    return [bubble["name"] for bubble in bubbles]


@pytest.mark.parametrize(
    "topic", ["low_mood", "worry", "anger", "sleeplessness", "loneliness", "bereavement", "wages_owed"]
)
def test_nothing_is_said_twice_while_somebody_is_listened_to(topic: str) -> None:
    conversation = Conversation()
    said = [
        bubble
        for _ in range(12)
        for bubble in conversation.asks_for("action_reflect", intent=topic, words="还是那件事")
    ]
    assert len(set(names(said))) == len(said) >= 18
    assert all(len(bubble["text"]) <= 60 for bubble in said)


def test_nobody_reads_twice_in_a_row_that_they_were_not_understood() -> None:
    conversation = Conversation()
    said = [conversation.texts("action_not_understood") for _ in range(12)]
    assert all(one != another for one, another in pairwise(said))
    assert len({tuple(texts) for texts in said}) >= 4


def test_what_rasa_did_not_know_is_listened_to_when_it_tells_something() -> None:
    conversation = Conversation()
    told = conversation.asks_for("action_not_understood", words="我跟我弟为了老房子闹翻了")
    assert all(name.startswith("listen/") for name in names(told))
    assert names(Conversation().asks_for("action_not_understood", words="qwx")) == ["utter_fallback"]


def test_a_mood_said_within_a_matter_stays_within_it() -> None:
    conversation = Conversation()
    conversation.asks_for("action_reflect", intent="bereavement", words="我妈上个月走了")
    said = conversation.asks_for("action_reflect", intent="crying", words="一个人就哭")
    topics = {name.removeprefix("listen/").partition(".")[0] for name in names(said)}
    assert topics <= {"bereavement", "crying"}
    assert "bereavement" in topics


def test_what_the_reader_of_context_knows_is_taken_up_where_rasa_knew_nothing() -> None:
    conversation = Conversation()
    conversation.desk.listening = {"topics": ("wages",)}
    [first, _] = names(conversation.asks_for("action_not_understood", words="三个月没发了"))
    assert first.startswith("listen/wages_owed.")


def test_a_yes_takes_up_what_was_offered() -> None:
    conversation = Conversation()
    conversation.asks_for("action_i_dont_know")
    conversation.desk.last_choices = ("breathing", "talk")
    assert conversation.asks_for("action_agree") == []
    assert conversation.desk.calls[-2:] == ["start_skill breathing", "state"]
    assert [(event["event"], event["name"]) for event in conversation.events] == [("followup", "skill_form")]
    conversation = Conversation()
    assert names(conversation.asks_for("action_agree")) == ["utter_agree"]


def test_a_yes_in_the_middle_of_the_questions_starts_nothing_else() -> None:
    conversation = Conversation()
    conversation.desk.last_choices = ("breathing", "talk")
    conversation.desk.opens_questions()
    assert names(conversation.asks_for("action_agree")) == ["utter_agree"]
    assert conversation.events == []


def test_an_exercise_goes_from_its_first_step_to_its_last_words() -> None:
    conversation = Conversation()
    conversation.asks_for("action_start_skill", intent="grounding", words="教我稳一稳")
    shown = conversation.asks_for("action_ask_skill_form_skill_answer")
    assert shown[-1]["buttons"]
    for _ in range(40):
        conversation.asks_for("validate_skill_form", intent="affirm", words="好了", skill_answer="好了")
        if conversation.desk.skill is None:
            break
        conversation.asks_for("action_ask_skill_form_skill_answer")
    assert ("requested_slot", None) in [(event["name"], event["value"]) for event in conversation.events]
    assert [b["text"] for b in conversation.asks_for("action_skill_finished")] == list(
        conversation.desk.farewell
    )


def test_a_step_is_said_twice_and_then_only_waits() -> None:
    conversation = Conversation()
    conversation.asks_for("action_start_skill", intent="grounding", words="教我稳一稳")
    shown = [names(conversation.asks_for("action_ask_skill_form_skill_answer"))[0] for _ in range(3)]
    assert shown[0] == shown[1] != shown[2] == "utter_step_waits"


def test_what_only_looks_like_a_wish_is_taken_as_the_answer_to_an_open_question() -> None:
    conversation = Conversation()
    conversation.asks_for("action_start_skill", intent="thought_record", words="写念头")
    while conversation.desk.step().ask != "text":
        conversation.asks_for("validate_skill_form", intent="affirm", words="好", skill_answer="好")
    before = conversation.desk.position
    conversation.asks_for(
        "action_answer_question", intent="ask_mediation", words="昨天在调解室门口等了一下午"
    )
    assert conversation.desk.position != before
    after = conversation.desk.position
    assert names(conversation.asks_for("action_answer_question", intent="ask_mediation", words="调解要钱吗"))
    assert conversation.desk.position == after


def test_a_few_words_that_name_an_exercise_are_an_answer_where_an_answer_is_waited_for() -> None:
    conversation = Conversation()
    conversation.asks_for("action_start_skill", intent="safety_plan", words="写小卡")
    while conversation.desk.step().ask != "text":
        conversation.asks_for("validate_skill_form", intent="affirm", words="好", skill_answer="好")
    before = conversation.desk.position
    conversation.asks_for("action_start_skill", intent="company_places", words="去姐姐家坐坐")
    assert conversation.desk.position != before
    assert "去姐姐家坐坐" in conversation.desk.kept.values()


def test_after_an_alarm_a_bare_no_is_met_by_its_script_and_nothing_of_it_is_asked_twice() -> None:
    conversation = Conversation(level="orange", ticket=True)
    said = [names(conversation.asks_for("action_not_now"))[0] for _ in range(9)]
    script = [name for name in said if name.startswith("utter_crisis_")]
    assert len(script) == len(set(script)) == 6
    assert said[-1] == "utter_danger_stay"


def test_in_danger_now_company_and_distance_come_first_and_no_plan_is_asked_for() -> None:
    conversation = Conversation(level="red", ticket=True, imminent=True)
    said = [
        next(
            n
            for n in names(conversation.asks_for("action_reflect", intent="low_mood", words="我好难受"))
            if "utter" in n
        )
        for _ in range(4)
    ]
    assert said[:3] == ["utter_crisis_company", "utter_crisis_distance", "utter_crisis_emergency"]
    assert "utter_crisis_plan" not in said


def test_the_item_is_shown_with_time_frame_and_numbered_options() -> None:
    conversation = Conversation()
    conversation.desk.opens_questions()
    intro, item = conversation.asks_for("action_ask_screening_form_screening_answer")
    assert "3 道题" in intro["text"]
    assert item["kind"] == "item"
    assert item["text"].splitlines() == [
        "第 1 题 / 共 3 题",
        f"过去两周，{QUESTIONS[0]}",
        *("1. 完全不会", "2. 几天", "3. 一半以上的天数", "4. 几乎每天"),
    ]


def test_the_same_question_is_never_read_a_third_time() -> None:
    conversation = Conversation()
    conversation.desk.opens_questions()
    shown = [conversation.asks_for("action_ask_screening_form_screening_answer")[-1] for _ in range(3)]
    assert [QUESTIONS[0] in item["text"] for item in shown] == [True, True, False]
    assert [button["choice"] for button in shown[2]["buttons"]] == [
        "rephrase",
        "skip_item",
        "pause_screening",
    ]
    assert shown[2]["item"]["options"], "it can still be answered with one tap"


def test_the_form_ends_only_when_the_application_has_no_item() -> None:
    conversation = Conversation()
    conversation.desk.opens_questions()
    conversation.asks_for("validate_screening_form", screening_answer="recorded")
    assert [(event["name"], event["value"]) for event in conversation.events] == [("screening_answer", None)]
    conversation.asks_for("validate_screening_form", screening_answer=None)
    assert conversation.events == [], "a digression fills nothing, so Rasa lets another rule speak"
    for _ in QUESTIONS:
        conversation.desk.records_an_answer()
    conversation.asks_for("validate_screening_form", screening_answer="recorded")
    assert ("requested_slot", None) in [(event["name"], event["value"]) for event in conversation.events]


def test_without_consent_no_question_is_asked() -> None:
    conversation = Conversation()
    conversation.desk.consents = False
    assert names(conversation.asks_for("action_start_screening")) == ["utter_screening_needs_consent"]
    assert conversation.events == []


def test_the_result_says_the_sentence_and_then_the_steps() -> None:
    conversation = Conversation(result_sentence="这段时间您挺不容易的。", next_steps=("早点歇", "找人聊聊"))
    sentence, steps = conversation.asks_for("action_result")
    assert "这段时间您挺不容易的。" in sentence["text"]
    assert steps["text"] == "1. 早点歇\n2. 找人聊聊"
    assert not any(digit in sentence["text"] for digit in "0123456789")


def test_red_names_emergency_first_and_who_is_coming_only_when_somebody_is() -> None:
    with_ticket = Conversation(ticket=True, level="red").texts("action_danger_red")
    assert with_ticket[0].index("120") < with_ticket[0].index("身边有人")
    assert "⟦司法所⟧" in with_ticket[1]
    alone = Conversation(ticket=False, level="red").texts("action_danger_red")
    assert not any("⟦" in text for text in alone)


def test_no_risk_question_and_no_number_is_said_twice() -> None:
    conversation = Conversation(ticket=True, level="red")
    first = conversation.texts("action_danger_red")
    later = [text for _ in range(4) for text in conversation.texts("action_danger_red")]
    assert not set(first) & set(later)
    assert not any(word in text for text in later for word in ("120", "12356", "想过", "安全吗"))
    assert len(set(later)) == 4


def test_a_risen_level_is_answered_in_full_though_danger_was_answered_before() -> None:
    conversation = Conversation(ticket=True, level="orange")
    conversation.asks_for("action_danger_orange")
    assert names(conversation.asks_for("action_danger_red"))[0] == "utter_danger_red"


def test_orange_gives_the_hotline_with_its_hours_and_a_reason() -> None:
    text = "".join(Conversation(ticket=True, level="orange").texts("action_danger_orange"))
    assert HOTLINES[0] in text
    assert "想马上跟人说说话" in text
    assert "我还在这儿" in text


def test_hotlines_stand_beside_the_emergency_numbers() -> None:
    text = "".join(Conversation().texts("action_hotlines"))
    assert HOTLINES[0] in text
    assert "110" in text
    assert "120" in text


@pytest.mark.parametrize("field", ["name", "phone", "address", "safe_to_call", "trusted_person"])
def test_each_question_about_the_person_can_be_refused(field: str) -> None:
    bubbles = Conversation(contact_field=field, level="orange", ticket=True).asks_for("action_contact_asked")
    assert [button["choice"] for button in bubbles[-1]["buttons"]] == ["not_now"]


def test_the_exception_to_discretion_is_said_again_when_it_happens() -> None:
    urgent = Conversation(contact_field="name", level="orange").texts("action_contact_asked")
    assert "生命安全" in urgent[0]
    wished = Conversation(contact_field="name", level="yellow").texts("action_contact_asked")
    assert "生命安全" not in "".join(wished)


def test_what_was_said_with_the_red_reply_is_not_said_twice() -> None:
    conversation = Conversation(contact_field="name", level="red", ticket=True)
    assert "生命安全" in "".join(conversation.texts("action_danger_red"))
    asked = conversation.texts("action_contact_asked")
    assert len(asked) == 1
    assert "生命安全" not in asked[0]


def test_leaving_puts_the_questions_aside_and_keeps_nobody() -> None:
    conversation = Conversation()
    conversation.desk.opens_questions()
    bubbles = conversation.asks_for("action_leave")
    assert "pause_screening" in conversation.desk.calls
    assert [button["choice"] for button in bubbles[-1]["buttons"]] == ["leave"]


def test_rasa_that_knows_nothing_is_put_back_into_the_open_questionnaire() -> None:
    conversation = Conversation()
    conversation.asks_for("action_session_start")
    assert [event["event"] for event in conversation.events] == ["session_started", "action"]
    conversation.desk.opens_questions()
    conversation.asks_for("action_session_start")
    assert [event["event"] for event in conversation.events] == [
        "session_started",
        "active_loop",
        "slot",
        "action",
    ]


def test_the_first_words_say_that_it_is_a_program() -> None:
    conversation = Conversation()
    for action in ("action_welcome", "action_welcome", "action_who_are_you"):
        text = "".join(conversation.texts(action))
        assert "程序" in text
        assert "不是真人" in text


def test_every_response_can_be_said() -> None:
    """A blank that no action fills would only be noticed by the resident who meets it."""
    blanks = {"hotline": "a", "hotlines": "b", "result": "c", "steps": "d", "window": "e"}
    for variations in read_wording().values():
        for variation in variations:
            for text in variation.bubbles:
                assert "{" not in text.format(**blanks)


def test_what_is_no_goodbye_is_listened_to_and_nobody_is_shown_out() -> None:
    conversation = Conversation()
    said = conversation.asks_for("action_leave", intent="goodbye", words="好的 我明天去问问")
    assert all(name.startswith("listen/") for name in names(said))
    assert names(Conversation().asks_for("action_leave", intent="goodbye", words="晚安")) == ["utter_leave"]
    assert names(Conversation().asks_for("action_leave", intent="leave", words="退出")) == ["utter_leave"]


@pytest.mark.parametrize(
    ("action", "intent"),
    [("action_small_talk", "small_talk_food"), ("action_praise", "praise"), ("action_reflect", "low_mood")],
)
def test_a_complaint_about_our_words_gets_an_apology_whatever_was_read(action: str, intent: str) -> None:
    said = Conversation().asks_for(action, intent=intent, words="你说的跟心灵鸡汤一样")
    assert names(said) == ["utter_complain_about_bot"]
