"""The course of a conversation: sticky, slow accumulation, and no way back by taking it back."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from models.crisis.course import Heard
from models.crisis.errors import CrisisRulesError
from models.crisis.recogniser import LEVELS, CrisisRecogniser
from models.crisis.rulebook import RULES_FOLDER, RuleBook

READER = CrisisRecogniser.from_files()
COURSE = READER.course
CONTENT = yaml.safe_load((RULES_FOLDER / "course.yml").read_text(encoding="utf-8"))


def talk(*said: str) -> list[Heard]:
    """What a resident said, each message read alone."""
    heard = []
    for text in said:
        reading = READER.read(text)
        heard.append(COURSE.heard(text, reading.level, reading.categories))
    return heard


def level(*said: str) -> str:
    return COURSE.read(talk(*said)).level


ORDINARY = ["今天去菜场买菜", "电梯坏了三天没人修", "孩子作业写到十一点", "谢谢你", "社保卡怎么补办"]


def test_ordinary_talk_adds_up_to_nothing():
    assert level(*ORDINARY * 8) == "none"
    assert COURSE.read([]) == COURSE.read(talk("你好"))


def test_small_signs_of_several_kinds_lead_to_the_direct_question():
    said = ["最近又睡不着", "吃什么都没味道", "昨晚又哭了", "没人懂我"]
    assert [READER.read(text).level for text in said] == ["none"] * 4
    assert level(*said[:3]) == "none"
    reading = COURSE.read(talk(*said))
    assert (reading.level, reading.reasons) == ("elevated", ("course.signs_gather",))


def test_the_same_sign_again_and_again_is_one_sign():
    assert level(*["昨晚又睡不着"] * 12) == "none"


def test_all_signs_in_one_breath_are_one_message():
    assert level("又睡不着，吃什么都没味道，哭了，没人懂我") == "none"


def test_low_words_again_and_again_call_for_a_person():
    low = ["活着没意思", "看不到希望", "我就是家里的累赘", "真的熬不下去了"]
    assert {READER.read(text).level for text in low} == {"elevated"}
    assert level(*low[:3]) == "elevated"
    assert level(*low) == "crisis"


def test_low_words_of_different_kinds_come_together_sooner():
    said = ["活着没意思", "自杀的人会去哪里", "我妹妹说她不想活了"]
    assert {READER.read(text).level for text in said} == {"elevated"}
    reading = COURSE.read(talk(*said))
    assert (reading.level, reading.reasons[-1]) == ("crisis", "course.kinds_gather")


def test_low_words_and_then_everything_in_order():
    said = ["活着没意思", "又睡不着", "把花都送人了"]
    assert [READER.read(text).level for text in said] == ["elevated", "none", "none"]
    assert level(*said) == "crisis"
    assert level("又睡不着", "没胃口", "把花都送人了") == "none"


@pytest.mark.parametrize("takes_back", CONTENT["takes_back"]["examples"] + ["没事了谢谢", "骗你的，别当真"])
def test_a_retraction_lowers_nothing(takes_back):
    (heard,) = talk(takes_back)
    assert heard.takes_back
    for said in ("我想自杀", "活着没意思"):
        before = level(said)
        assert level(said, takes_back, *ORDINARY * 10) == before != "none"


@pytest.mark.parametrize("confirms", CONTENT["confirms"]["examples"] + ["你懂的", "我是认真的，不是气话"])
def test_that_is_what_i_mean_means_what_was_said_before(confirms):
    assert level(confirms) == "none"
    assert level("今天去买菜", confirms) == "none"
    assert level("活着没意思", confirms) == "crisis"
    assert level("活着没意思", *ORDINARY, confirms) == "elevated", "too far away to be what is meant"


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.builds(
            Heard,
            st.sampled_from(LEVELS),
            st.frozensets(st.sampled_from(["hopelessness_or_burden", "question_about_suicide", "answer"])),
            st.frozensets(st.sampled_from(sorted(COURSE.signs))),
            st.booleans(),
            st.booleans(),
        ),
        max_size=50,
    )
)
def test_whatever_follows_never_lowers(heard):
    levels = [COURSE.read(heard[: at + 1]).level for at in range(len(heard))]
    assert [LEVELS.index(each) for each in levels] == sorted(LEVELS.index(each) for each in levels)
    assert all(LEVELS.index(levels[at]) >= LEVELS.index(each.level) for at, each in enumerate(heard))


def test_what_lies_too_far_back_adds_to_nothing_new():
    signs = ["最近又睡不着", "吃什么都没味道", "昨晚又哭了"]
    between = ["今天去菜场买菜"] * CONTENT["looks_back"]
    assert level(*signs, *between, "没人懂我") == "none"
    assert level(*signs, "没人懂我", *between) == "elevated", "what was reached stays reached"


@pytest.mark.parametrize("sign", CONTENT["signs"], ids=lambda sign: sign["id"])
def test_a_sign_is_seen_in_its_examples(sign):
    for text in sign["examples"]:
        assert sign["id"] in COURSE.heard(text).signs


@pytest.mark.parametrize(
    "change",
    [
        {"level": "red"},
        {"category": "mood"},
        {"with": ["no_such_sign"]},
        {"signs": 0, "low": 0},
    ],
)
def test_a_course_that_cannot_be_meant_is_refused(tmp_path, change):
    for path in RULES_FOLDER.glob("*.yml"):
        (tmp_path / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    content = {**CONTENT, "rules": [{**CONTENT["rules"][0], **change}]}
    (tmp_path / "course.yml").write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    with pytest.raises(CrisisRulesError):
        RuleBook.from_folder(tmp_path)


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("您有没有想过结束自己的生命？", "suicide_direct"),
        ("你是不是不想活了", "suicide_direct"),
        ("您手边有没有能伤到自己的东西？", "suicide_plan"),
        ("您现在安全吗？", "safe_now"),
        ("他现在在家吗？", "violence_now"),
        ("身边有人吗？", None),
        ("听起来您这段时间撑得很辛苦。我想多问几句，好知道怎么帮您，可以吗？", None),
        ("您想先聊聊睡眠吗？", None),
    ],
)
def test_what_a_sentence_asks(said, asked):
    assert READER.asks(said) == asked
