"""Every rule keeps what its own file promises: its examples are heard, its traps are not."""

from __future__ import annotations

import pytest

from models.crisis.recogniser import CrisisRecogniser
from models.crisis.rulebook import RuleBook

BOOK = RuleBook.shipped()
READER = CrisisRecogniser(BOOK)


@pytest.mark.parametrize(
    ("rule", "text"), [pytest.param(r, x, id=f"{r.id}:{x}") for r in BOOK.rules for x in r.examples]
)
def test_a_rule_hears_its_examples(rule, text):
    reading = READER.read(text)
    assert rule.id in {reason.rule for reason in reading.reasons}
    assert reading.level == "crisis" or rule.level == "elevated"


@pytest.mark.parametrize(
    ("rule", "text"), [pytest.param(r, x, id=f"{r.id}:{x}") for r in BOOK.rules for x in r.traps]
)
def test_a_rule_leaves_its_traps_alone(rule, text):
    assert rule.id not in {reason.rule for reason in READER.read(text).reasons}


@pytest.mark.parametrize("text", [pytest.param(x, id=f"{m.id}:{x}") for m in BOOK.masks for x in m.examples])
def test_figures_of_speech_and_stories_are_no_danger(text):
    assert READER.read(text).level == "none"


def test_a_harmless_span_never_hides_the_rest_of_the_message():
    for mask in BOOK.masks:
        for text in mask.examples:
            assert READER.read(f"{text}。我不想活了").level == "crisis"


TAKEN_BACK = [
    "医生问我想不想死，我说没有，骗他的",
    "老师问我有没有自残，我说没有，我不敢说",
    "护士问有没有不想活的念头，我说没有，可心里天天想",
    "我妈以为我要跳楼，其实我是真的想跳",
    "我不是没想过自杀",
    "纪录片看完我割腕了",
    "培训班老师猥亵我",
    "隔壁喊救命，原来是她老公在打她",
    "安眠药吃了半年的量",
    "麻将输光了我要去死",
]


@pytest.mark.parametrize("text", TAKEN_BACK)
def test_a_denial_that_is_taken_back_and_a_setting_that_is_only_near_hide_nothing(text):
    assert READER.read(text).level == "crisis"
