"""Every rule keeps what its own file promises: its examples are heard, its traps are not."""

from __future__ import annotations

import pytest

from models.crisis.recogniser import CrisisRecogniser
from models.crisis.rulebook import RuleBook

BOOK = RuleBook.from_folder()
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
