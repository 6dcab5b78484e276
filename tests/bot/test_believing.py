"""A longer message must bear out what Rasa read in it; what is not believed is read by its words."""

import re

import pytest
import yaml

from bot.companion.bank import read_bank
from bot.companion.believing import BOT, believed, topic_in

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
