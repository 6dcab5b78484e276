"""Item 9 with every total, every gap and every change of mind: never below the level of its rule (M02)."""

import itertools

import pytest

from assessments.errors import IncompleteAnswers
from assessments.library import Library
from assessments.scoring import critical_items, score_answers
from escalation.explain import Known, level_of
from escalation.level_policy import read_level_policy
from escalation.triage import Level, triage_alone, triage_answer, worst

PHQ9 = Library.from_files()["phq9"]
POLICY = read_level_policy()
OTHERS = [f"q{number}" for number in range(1, 9)]


def with_total(rest: int, nine: int | None) -> dict[str, int | None]:
    """Items 1 to 8 with this sum, and this answer to item 9."""
    answers: dict[str, int | None] = {}
    for item in OTHERS:
        answers[item] = min(3, rest)
        rest -= min(3, rest)
    return answers | {"q9": nine}


@pytest.mark.parametrize("nine", [1, 2, 3])
def test_every_total_beside_every_answer_to_item_nine(nine):
    for rest in range(25):
        score = score_answers(PHQ9, with_total(rest, nine))
        assert (score.total, score.critical) == (rest + nine, ("q9",))
        assert triage_alone(score, POLICY).level is Level.ORANGE, rest


@pytest.mark.parametrize(("nine", "rest"), itertools.product([0, None], range(25)))
def test_without_it_the_total_alone_decides_and_a_refusal_is_never_a_low_one(nine, rest):
    known = level_of(Known([(PHQ9, with_total(rest, nine))]), POLICY).level
    if nine is None:
        assert known is None
        assert triage_answer("phq9", "q9", None, POLICY).ask_asq
    else:
        limits = {5: Level.BLUE, 10: Level.YELLOW, 15: Level.ORANGE}
        assert known == max((level for at, level in limits.items() if rest >= at), default=None)


@pytest.mark.parametrize(("nine", "gap"), itertools.product([1, 2, 3], OTHERS))
def test_whatever_else_is_missing_it_counts(nine, gap):
    for gone in (True, False):
        answers = with_total(12, nine) | {gap: None}
        if gone:
            del answers[gap]
        with pytest.raises(IncompleteAnswers) as refusal:
            score_answers(PHQ9, answers)
        assert refusal.value.critical == critical_items(PHQ9, answers) == ("q9",)
        assert level_of(Known([(PHQ9, answers)]), POLICY).level is Level.ORANGE


@pytest.mark.parametrize("minds", itertools.product([0, 1, 2, 3, None], repeat=3))
def test_who_changes_the_answer_keeps_what_was_judged(minds):
    """As the intake does it: each answer is judged when it is given, and the level is the worst of all."""
    judged = worst(*(triage_answer("phq9", "q9", value, POLICY) for value in minds))
    said = any(value for value in minds)
    assert judged.level is (Level.ORANGE if said else None)
    assert judged.ask_asq == (said or None in minds)
    twice = worst(*(triage_answer("phq9", "q9", value, POLICY) for value in [*minds, *minds]))
    assert (twice.level, twice.ask_asq) == (judged.level, judged.ask_asq)
