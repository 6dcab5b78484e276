"""A score that is wrong by one can cost a life: golden vectors, every boundary, and what is incomplete."""

import itertools
import random
from collections import Counter
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from assessments.errors import AnswerNotOffered, AssessmentError, IncompleteAnswers, UnknownItem
from assessments.library import Library
from assessments.printed import answers_of as answers_printed
from assessments.printed import numbering
from assessments.scoring import attention_items, critical_items, score_answers
from tests.assessments.golden_vectors import Vector, vectors

LIBRARY = Library.from_files()
GOLDEN = yaml.safe_load(Path(__file__).with_name("golden.yml").read_text("utf-8"))
VECTORS = [(form, *vector[:4]) for form, vectors in GOLDEN.items() for vector in vectors]
BANDS = {
    "phq2": {"negative": (0, 2), "positive": (3, 6)},
    "gad2": {"negative": (0, 2), "positive": (3, 6)},
    "phq9": {
        "minimal": (0, 4),
        "mild": (5, 9),
        "moderate": (10, 14),
        "moderately_severe": (15, 19),
        "severe": (20, 27),
    },
    "gad7": {"minimal": (0, 4), "mild": (5, 9), "moderate": (10, 14), "severe": (15, 21)},
}


def answers_of(written: str) -> dict[str, int | None]:
    given_answers = enumerate(written.split(), 1)
    return {f"q{n}": None if mark == "r" else int(mark) for n, mark in given_answers if mark != "-"}


def with_total(form: str, total: int, shuffle: random.Random) -> dict[str, int | None]:
    """Some answers to the form with this sum; any will do."""
    items = [item.id for item in LIBRARY[form].items]
    answers = dict.fromkeys(items, 0)
    for _ in range(total):
        item = shuffle.choice([item for item in items if answers[item] < 3])
        answers[item] += 1
    return answers


@pytest.mark.parametrize(("form", "written", "total", "band", "critical"), VECTORS)
def test_golden_vectors(form, written, total, band, critical):
    instrument, answers = LIBRARY[form], answers_of(written)
    expected = tuple(f"q{number}" for number in critical)
    if total is None:
        with pytest.raises(IncompleteAnswers) as refusal:
            score_answers(instrument, answers)
        assert refusal.value.critical == expected
        return
    score = score_answers(instrument, answers)
    assert (score.total, score.band, score.critical) == (total, band, expected)


@pytest.mark.parametrize("vector", vectors(), ids=lambda vector: f"{vector.form}: {vector.written}")
def test_golden_vectors_of_every_form(vector: Vector):
    instrument = LIBRARY.to_score(vector.form)
    if vector.error:
        with pytest.raises(AssessmentError):
            score_answers(instrument, answers_printed(instrument, vector.printed))
        return
    numbered = {item.id: number for number, item in numbering(instrument, vector.printed).items()}
    answers = answers_printed(instrument, vector.printed)
    if vector.missing:
        with pytest.raises(IncompleteAnswers) as refusal:
            score_answers(instrument, answers)
        assert [numbered[item] for item in refusal.value.missing] == vector.missing
        assert [numbered[item] for item in refusal.value.critical] == vector.listed("critical")
        assert [numbered[item] for item in attention_items(instrument, answers)] == vector.listed("attention")
        return
    score = score_answers(instrument, answers)
    assert (score.total, score.band) == (vector.expected["total"], vector.expected["band"])
    assert [numbered[item] for item in score.critical] == vector.listed("critical")
    assert [numbered[item] for item in score.attention] == vector.listed("attention")
    assert {name: score.subscales.get(name) for name in vector.subscales} == vector.subscales
    for name, value in vector.expected.get("flags", {}).items():
        assert score.flags[name] is value, name
    if "standard_score" in vector.expected:
        assert score.standard_score == vector.expected["standard_score"]


def test_every_form_has_enough_golden_vectors():
    counted = Counter(vector.form for vector in vectors()) + Counter({f: len(v) for f, v in GOLDEN.items()})
    few = {form.id for form in LIBRARY.every() if counted[form.id] < 20}
    assert few == set()
    assert set(counted) == {form.id for form in LIBRARY.every()}
    assert len(counted) == 29


@pytest.mark.parametrize(
    ("form", "band", "total"),
    [(form, band, total) for form, bands in BANDS.items() for band, ends in bands.items() for total in ends],
)
def test_every_band_from_both_sides(form, band, total):
    shuffle = random.Random(f"{form}{total}")
    for _ in range(10):
        assert score_answers(LIBRARY[form], with_total(form, total, shuffle)).band == band


@pytest.mark.parametrize("total", range(28))
@pytest.mark.parametrize("item_nine", range(4))
def test_item_nine_is_reported_with_every_total(total, item_nine):
    rest = total - item_nine
    if not 0 <= rest <= 24:
        return
    answers = dict.fromkeys((f"q{n}" for n in range(1, 10)), 0) | {"q9": item_nine}
    for n in itertools.islice(itertools.cycle(range(1, 9)), rest):
        answers[f"q{n}"] += 1

    score = score_answers(LIBRARY["phq9"], answers)

    assert score.total == total
    assert score.critical == (("q9",) if item_nine else ())


@given(st.lists(st.integers(0, 3), min_size=9, max_size=9), st.randoms())
def test_the_order_of_answering_never_changes_a_score(values, shuffle):
    pairs = [(f"q{n}", value) for n, value in enumerate(values, 1)]
    in_order = score_answers(LIBRARY["phq9"], dict(pairs))
    shuffle.shuffle(pairs)

    assert score_answers(LIBRARY["phq9"], dict(pairs)) == in_order
    assert in_order.total == sum(values)


@given(st.sampled_from(["phq2", "gad2", "phq9", "gad7"]), st.data())
def test_one_missing_answer_is_never_a_low_score(form, data):
    instrument = LIBRARY[form]
    answers = {item.id: data.draw(st.integers(0, 3)) for item in instrument.items}
    missing = data.draw(st.sampled_from([item.id for item in instrument.items]))
    kept = {item: value for item, value in answers.items() if item != missing}

    for incomplete in (kept, kept | {missing: None}):
        with pytest.raises(IncompleteAnswers) as refusal:
            score_answers(instrument, incomplete)
        assert refusal.value.missing == (missing,)
        assert refusal.value.critical == critical_items(instrument, kept)


@given(st.lists(st.integers(0, 3), min_size=9, max_size=9), st.integers(0, 8))
def test_a_worse_answer_never_gives_a_lower_band(values, worse):
    order = [band.id for band in LIBRARY["phq9"].bands]
    raised = [min(3, value + 1) if n == worse else value for n, value in enumerate(values)]
    before, after = (
        score_answers(LIBRARY["phq9"], {f"q{n}": value for n, value in enumerate(all_values, 1)})
        for all_values in (values, raised)
    )
    assert order.index(after.band) >= order.index(before.band)
    assert set(before.critical) <= set(after.critical)


@pytest.mark.parametrize("value", [4, -1, 2.0, "2", True, False, [1], 10**30, float("nan")])
def test_an_answer_that_the_form_does_not_print_is_refused_without_being_repeated(value):
    answers = {f"q{n}": 1 for n in range(1, 10)} | {"q3": value}
    with pytest.raises(AnswerNotOffered) as refusal:
        score_answers(LIBRARY["phq9"], answers)
    assert str(refusal.value) == "第 3 题没有这个选项"


def test_an_item_that_the_form_does_not_have_is_refused():
    with pytest.raises(UnknownItem):
        score_answers(LIBRARY["phq2"], {"q1": 0, "q2": 0, "q3": 0})


def test_the_fifth_safety_question_follows_a_yes_or_a_refusal_only():
    asq = LIBRARY["asq"]
    nothing = {"q1": 0, "q2": 0, "q3": 0, "q4": 0}

    assert asq.next_item(nothing) is None
    assert asq.next_item(nothing | {"q2": 1}).id == "q5"
    assert asq.next_item(nothing | {"q4": None}).id == "q5"
    assert asq.next_item({"q1": 1}).id == "q2"


def test_a_form_is_asked_in_its_own_order_and_a_refused_item_is_not_asked_again():
    phq9 = LIBRARY["phq9"]

    assert phq9.next_item({}).id == "q1"
    assert phq9.next_item({"q1": 0, "q2": None}).id == "q3"
    assert phq9.next_item({f"q{n}": 0 for n in range(1, 10)}) is None


def test_a_fifth_safety_question_that_was_refused_without_being_called_for_counts():
    with pytest.raises(IncompleteAnswers) as refusal:
        score_answers(LIBRARY["asq"], {"q1": 0, "q2": 0, "q3": 0, "q4": 0, "q5": None})
    assert refusal.value.missing == ("q5",)
    assert refusal.value.critical == ("q5",)


@pytest.mark.parametrize("form", LIBRARY.every(), ids=lambda form: form.id)
def test_an_answer_given_twice_or_in_another_order_never_changes_a_score(form):
    shuffle = random.Random(form.id)
    for _ in range(20):
        answers = {
            item.id: shuffle.randint(item.lowest, item.highest)
            if item.measured
            else shuffle.choice(item.options).value
            for item in form.items
        }
        if form.id == "psqi" and answers["q1"] == answers["q3"]:
            continue
        pairs = list(answers.items()) * 2
        shuffle.shuffle(pairs)
        assert score_answers(form, dict(pairs)) == score_answers(form, answers)


@pytest.mark.parametrize("form", LIBRARY.every(), ids=lambda form: form.id)
def test_a_form_without_any_one_needed_answer_is_incomplete(form):
    answers = {item.id: item.highest for item in form.items if item.id != "sex"}
    if "sex" in {item.id for item in form.items}:
        answers["sex"] = 2
    if form.id == "psqi":
        answers |= {"q1": 1380, "q3": 420, "q4": 7 * 3600}
    for item in form.items:
        rest = {other: value for other, value in answers.items() if other != item.id}
        if item.needed or item.only_for:
            with pytest.raises(IncompleteAnswers) as refusal:
                score_answers(form, rest)
            assert item.id in refusal.value.missing
        else:
            score_answers(form, rest)


def test_bed_and_getting_up_at_the_same_minute_is_as_good_as_not_answered():
    psqi = LIBRARY.to_score("psqi")
    answers = {item.id: 0 for item in psqi.items} | {"q1": 60, "q3": 60, "q4": 3600}
    with pytest.raises(IncompleteAnswers) as refusal:
        score_answers(psqi, answers)
    assert refusal.value.missing == ("q1", "q3")
    assert str(refusal.value) == "第 1、3 题对不上：上床和起床是同一个时刻，请再看一看"


def test_more_sleep_than_time_in_bed_counts_as_published():
    psqi = LIBRARY.to_score("psqi")
    answers = {item.id: 0 for item in psqi.items} | {"q1": 23 * 60, "q3": 6 * 60, "q4": 7 * 3600 + 1}
    assert score_answers(psqi, answers).subscales["efficiency"] == 0
