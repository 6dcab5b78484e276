"""What is said plainly is answered as that, whatever Rasa read in it; and what was heard wrongly is owned."""

import re
from pathlib import Path

import pytest
import yaml

from bot.companion.plainly import corrects, kept_from, plainly, stands
from tests.bot.test_actions import Conversation, names


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("人工！！我要投诉", "call_person"),
        ("给我换个真人来", "call_person"),
        ("你是人工还是机器啊", None),
        ("你是不是真人啊", None),
        ("不是说了她不知道吗", "already_said"),
        ("我刚才说过了", "already_said"),
        ("他说了很多难听的话", None),
        ("什么情形多少天？你脑子有病吧", "insult"),
        ("我爸有病，你知道的", None),
        ("你看不懂字？", "complain_about_bot"),
        ("他看不懂字，药盒上写的啥都要问我", None),
        ("我怕自己脑子有病", None),
    ],
)
def test_plain_words_are_known(text: str, reply: str | None) -> None:
    assert plainly(text) == reply


@pytest.mark.parametrize(
    ("text", "set_right"),
    [
        ("我没讲年纪 我讲的是我婆婆拆我快递", True),
        ("你听错了", True),
        ("怎么又是邻里 我讲的是医院", True),
        ("你没听懂 是我爸得了肝癌", True),
        ("你说话好奇怪 我没去说过", True),
        ("他又是半夜才回来", False),
        ("我没跟她说过这件事", False),
        ("我说了他也不听", False),
        ("医生说半年", False),
    ],
)
def test_who_sets_right_what_was_heard_is_known(text: str, set_right: bool) -> None:
    assert corrects(text) is set_right


def test_a_question_of_fact_is_answered_whatever_matter_it_was_listened_to_as() -> None:
    for intent, words, entry in (
        ("illness", "他问我还能不能好 我要不要跟他讲实话", "fam_tell_illness"),
        ("wages_owed", "老板电话打不通了 欠我们四个月工钱 找谁要", "lab_wages"),
        ("illness", "我爸肝癌晚期 他问我还能不能好 我要不要讲实话", "fam_tell_illness"),
        ("petition_no_answer", "不是跑一趟的事 是工伤 要不要鉴定", "lab_injury"),
    ):
        told = Conversation().asks_for("action_reflect", intent=intent, words=words)
        assert any(entry in name for name in names(told)), names(told)
    felt = Conversation().asks_for("action_reflect", intent="infidelity", words="发现老公出轨了 我该怎么办")
    assert all("know/" not in name for name in names(felt)), "what is felt is listened to"


def test_what_is_asked_of_this_service_keeps_its_own_page() -> None:
    told = Conversation().asks_for("action_delete_record", intent="delete_record", words="怎么删除我的记录")
    assert all("know/" not in name for name in names(told))


def test_a_call_that_was_made_is_no_wish_to_be_called() -> None:
    assert not stands("call_me_back", "楼下那个ktv唱到两点 我打了八次电话了")
    assert stands("call_me_back", "下夜班以后给我打个电话")
    assert stands("call_me_back", "/call_me_back")
    told = Conversation().asks_for(
        "action_call_me_back", intent="call_me_back", words="楼上装修太吵，物业的电话我打了八次了"
    )
    assert all(name.startswith(("listen/", "know/", "door/")) for name in names(told))


def test_a_wish_for_a_person_is_heard_whatever_was_read_and_also_after_an_alarm() -> None:
    for start in ({}, {"level": "orange", "ticket": True}):
        said = Conversation(**start).asks_for(
            "action_answer_question", intent="ask_complaint", words="人工！我要投诉"
        )
        assert names(said) == ["utter_call_person"]
        assert "call_person" in [button["choice"] for button in said[-1]["buttons"]]


def test_outside_a_questionnaire_nobody_is_asked_how_many_days() -> None:
    said = Conversation().asks_for("action_rephrase", intent="rephrase", words="啥意思 没看懂")
    assert names(said) == ["utter_repeat_it"]
    conversation = Conversation()
    conversation.desk.opens_questions()
    assert names(conversation.asks_for("action_rephrase", intent="rephrase", words="啥意思 没看懂")) == [
        "utter_rephrase"
    ]


def test_what_was_heard_wrongly_is_owned_and_left() -> None:
    conversation = Conversation()
    conversation.asks_for("action_reflect", intent="in_laws", words="我婆婆拆我快递")
    conversation.desk.heard.append("demolition.reflect.01")
    said = names(conversation.asks_for("action_reflect", intent="demolition", words="我说的是快递，你听岔了"))
    assert said[0] == "utter_heard_wrong"
    assert said[1].startswith("listen/in_laws.")
    assert len(said) == 2


def test_who_asks_whom_to_go_to_is_shown_the_door_of_the_dispute() -> None:
    conversation = Conversation()
    conversation.asks_for("action_reflect", intent="wages_owed", words="老板欠我工资")
    said = conversation.asks_for("action_what_should_i_do", intent="what_should_i_do", words="那怎么办")
    assert names(said)[0] == "know/lab_wages"


def test_who_asks_how_to_begin_with_somebody_they_fear_for_hears_how() -> None:
    said = Conversation().asks_for(
        "action_worried_about_other",
        intent="worried_about_other",
        words="我妈最近不对劲，我该怎么跟她开口",
    )
    assert names(said)[0] == "utter_how_to_ask"


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("被裁三个月了 老婆还不知道", True),
        ("医生说只有半年 他自己还不知道", True),
        ("我妈说瞒着", True),
        ("我不敢跟她讲", True),
        ("我不知道怎么跟老婆讲", False),
        ("老婆知道了，天天骂我", False),
    ],
)
def test_what_is_kept_from_somebody_near_is_known(text: str, hidden: bool) -> None:
    assert kept_from([text, "今天下雨"]) is hidden


def test_a_question_of_place_is_answered_and_begins_no_exercise() -> None:
    conversation = Conversation()
    said = conversation.asks_for(
        "action_start_skill", intent="company_places", words="小区附近有没有老年食堂"
    )
    assert names(said)[0] == "know/eld_canteen"
    assert conversation.desk.skill is None


@pytest.mark.parametrize(
    ("intent", "meant", "not_meant"),
    [
        ("grounding", "带我做一下看五样东西的那个练习", "总觉得跟旁人隔着一层，我这样是不是不太对"),
        ("worry_time", "停不下来地担心，教我放一放", "好的，我会照着做，可还是担心做不成"),
        ("thought_record", "帮我把脑子里这个念头理一理", "往后我会多替旁人着想，换换自己的想法"),
        ("small_plan", "想每天走十分钟，帮我定下来", "原来要先有个目标，心里才有数啊"),
        ("grief_ritual", "我爸不在了，想给他写几句话", "好的，我回去就给妈妈写封信，谢谢您"),
        ("company_places", "社区里有没有能坐坐的地方", "他们两个究竟是怎么走到一起的呢"),
        ("hotlines", "有没有能打过去说说话的电话", "有没有讲人心的书，给我推荐几本呢"),
        ("start_screening", "能不能帮我测一测最近的状态", "之前医院里说我有点低落，还能好吗"),
        ("scam_suspicion", "你们不会是骗子吧", "这是个不错的建议"),
        ("personal_question", "你结婚了吗", "那你有什么建议吗"),
        ("delete_record", "把我的记录删掉", "被喜欢的人删了"),
        ("thanks", "谢谢您，我会努力的", "我会耐心跟她一起慢慢摸索，谢谢您"),
    ],
)
def test_what_is_opened_must_be_named(intent: str, meant: str, not_meant: str) -> None:
    assert stands(intent, meant)
    assert not stands(intent, not_meant)


def test_hardly_an_example_of_ours_is_refused() -> None:
    """What people write for an intent mostly still stands: at most two in a hundred do not."""
    bot = Path(__file__).resolve().parents[2] / "bot"
    pages = [
        *(bot / "data" / "nlu").glob("*.yml"),
        *(bot.parent / "tests" / "stories").glob("nlu_held_out*.yml"),
    ]
    seen, refused = 0, []
    for page in pages:
        for entry in yaml.safe_load(page.read_text("utf-8"))["nlu"]:
            for line in entry["examples"].splitlines() if "intent" in entry else ():
                text = re.sub(r"\[(.*?)\]\(\w+\)", r"\1", line.removeprefix("- "))
                seen += 1
                if not stands(entry["intent"], text):
                    refused.append((entry["intent"], text))
    assert seen > 15_000
    assert len(refused) < 0.002 * seen, refused


def test_a_whole_sentence_begins_no_exercise_that_it_does_not_name() -> None:
    conversation = Conversation()
    said = conversation.asks_for(
        "action_start_skill", intent="worry_time", words="好的，我会照着做，可还是担心做不成，怎么办呢"
    )
    assert all(name.startswith("listen/") for name in names(said))
    assert conversation.desk.skill is None


def test_a_plan_that_ends_with_thanks_is_taken_up() -> None:
    said = Conversation().asks_for("action_thanks", intent="thanks", words="我会耐心跟她一起慢慢摸索，谢谢您")
    assert names(said)[0].startswith("listen/")
    assert names(Conversation().asks_for("action_thanks", intent="thanks", words="谢谢您，我会努力的")) == [
        "utter_thanks"
    ]


@pytest.mark.parametrize(
    ("intent", "text"),
    [
        ("ask_my_data", "我在家里一点存在感都没有，怎么办"),
        ("worry_time", "我担心时间不够，复习进度跟不上"),
        ("body_scan", "做身体扫描的时候有不良反应怎么办"),
        ("is_normal", "原来我这样是正常的，白担心了"),
        ("personal_question", "你是怎么看待外貌这回事的呢"),
        ("can_it_get_better", "有时候会觉得她好看，有时候又没感觉"),
    ],
)
def test_a_reading_that_the_words_speak_against_does_not_stand(intent: str, text: str) -> None:
    assert not stands(intent, text)


def test_the_same_readings_stand_where_the_words_bear_them_out() -> None:
    assert stands("ask_my_data", "你们把我的聊天记录存在哪里")
    assert stands("is_normal", "我这样是不是不正常啊")
    assert stands("can_it_get_better", "我还能好起来吗，要多久")
    assert stands("worry_time", "担心个没完，帮我把它放一放")
