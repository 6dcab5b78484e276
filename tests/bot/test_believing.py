"""A longer message must bear out what Rasa read in it; what is not believed is read by its words."""

import re

import pytest
import yaml

from bot.companion.bank import read_bank
from bot.companion.believing import BOT, believed, complains, topic_in

LINES = {
    "scam_suspicion": (
        "这个是不是骗人的啊，会不会要我银行卡",
        "谢谢你的话，我会慢慢试着相信自己的，就是还有点怕",
    ),
    "personal_question": ("你今年几岁了呀，是男的还是女的", "我明白了，那我以后应该怎么面对这样的自己"),
    "pet_loss": ("我家狗狗陪了我们十二年，昨天早上没了", "他钓鱼的次数越来越多，我看已经不是爱好了"),
    "ask_arbitration": (
        "劳动仲裁要准备哪些东西，要到哪里去交",
        "二十岁了，爸妈分开过日子，我夹在中间难受得很",
    ),
    "worried_about_other": (
        "我儿子最近不出门不说话，我该怎么帮帮他",
        "我总觉得自己不够好，见了人就紧张还脸红得很",
    ),
}


@pytest.mark.parametrize("intent", LINES)
def test_a_longer_message_is_believed_by_its_words(intent: str) -> None:
    meant, not_meant = LINES[intent]
    assert believed(intent, meant)
    assert not believed(intent, not_meant)


def test_short_messages_and_taps_are_always_believed() -> None:
    assert believed("pet_loss", "昨天没了")
    assert believed("ask_mediation", "/ask_mediation")
    assert believed(None, "随便说一句很长很长很长很长很长的话")


def test_who_wants_a_person_or_out_is_never_doubted() -> None:
    for intent in (
        "call_person",
        "leave",
        "delete_record",
        "hotlines",
        "call_me_back",
        "cancel_it",
        "export_record",
    ):
        assert believed(intent, "一二三四五六七八九十一二三四五六七八九十")


def test_the_topic_is_the_matter_that_is_named_most_not_the_mood() -> None:
    bank = list(read_bank())
    assert topic_in("同事都不理我，领导也骂我，我好难过", [], bank) == "work_stress"
    assert topic_in("天天失眠，半夜两点又醒了", [], bank) == "sleeplessness"
    assert topic_in("一二三四五", [], bank) is None
    assert topic_in("一二三四五", ["debt"], bank) == "debt"


def test_nearly_all_examples_of_an_intent_are_believed() -> None:
    """The words are wide enough: what people write for an intent, when it is long, mostly has one of them."""
    long, doubted = 0, []
    for page in sorted((BOT / "data" / "nlu").glob("*.yml")):
        for entry in yaml.safe_load(page.read_text("utf-8"))["nlu"]:
            for line in entry["examples"].splitlines() if "intent" in entry else ():
                text = re.sub(r"\[(.*?)\]\(\w+\)", r"\1", line.removeprefix("- "))
                long += len(text) > 18
                if not believed(entry["intent"], text):
                    doubted.append((entry["intent"], text))
    assert long > 400
    assert len(doubted) < 0.12 * long


def test_every_word_list_is_of_an_intent() -> None:
    read = yaml.safe_load((BOT / "companion" / "anchors.yml").read_text("utf-8"))
    intents = {
        intent
        for page in (BOT / "domain").glob("*.yml")
        for intent in (yaml.safe_load(page.read_text("utf-8")).get("intents") or ())
    }
    assert set(read["topics"]) <= set(read_bank())
    assert set(read["turning"]) <= intents


def _examples(intent: str) -> list[str]:
    """What the dialogue is taught of an intent."""
    found: list[str] = []
    for path in sorted((BOT / "data" / "nlu").glob("*.yml")):
        for entry in yaml.safe_load(path.read_text("utf-8"))["nlu"]:
            if entry.get("intent") == intent:
                found += [line.removeprefix("- ").strip() for line in entry["examples"].splitlines()]
    return [line for line in found if line]


@pytest.mark.parametrize(
    "text", ["好的 我明天去问问", "好的我明天去社区问问", "行，我去试试", "那我跟他谈谈"]
)
def test_whoever_says_what_they_will_do_next_is_not_leaving(text: str) -> None:
    assert not believed("goodbye", text)


def test_whoever_says_goodbye_is_believed() -> None:
    taught = _examples("goodbye")
    assert len(taught) > 100
    assert [text for text in taught if not believed("goodbye", text)] == []


@pytest.mark.parametrize(
    ("intent", "text"),
    [
        ("ask_police_or_ambulance", "我今年瘦到110斤了"),
        ("ask_police_or_ambulance", "房租涨了120块"),
        ("ask_police_or_ambulance", "我爸119天没回家"),
        ("ask_arbitration", "我借了他3000块"),
    ],
)
def test_a_figure_is_no_question(intent: str, text: str) -> None:
    assert not believed(intent, text)


@pytest.mark.parametrize("intent", ["ask_police_or_ambulance", "ask_arbitration"])
def test_what_asks_with_a_figure_is_believed(intent: str) -> None:
    assert [text for text in _examples(intent) if not believed(intent, text)] == []


@pytest.mark.parametrize(
    "text", ["你说的跟心灵鸡汤一样", "别给我灌鸡汤", "你说的都是套话", "你们讲的全是大道理"]
)
def test_what_is_said_of_our_own_words_is_a_complaint(text: str) -> None:
    assert complains(text)


@pytest.mark.parametrize("text", ["我妈炖了鸡汤", "他说的那些大道理我都懂", "今天喝了碗鸡汤暖和多了"])
def test_what_is_said_of_other_words_is_none(text: str) -> None:
    assert not complains(text)
