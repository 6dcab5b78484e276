"""Signs that answers had little attention: seen where they are, absent where somebody is only very ill."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assessments.instrument import Instrument
from assessments.library import Library
from assessments.quality import Doubt, doubts, seconds_by_item
from assessments.scoring import score_answers
from escalation.level_policy import read_level_policy
from escalation.triage import triage_score

LIBRARY = Library.from_files()
POLICY = read_level_policy()
START = datetime(2026, 11, 23, 9, tzinfo=UTC)


def all_at(form: str, place: int, **but: int) -> dict[str, int | None]:
    """Every question answered at the same place among its options."""
    asked = (item for item in LIBRARY.to_score(form).items if item.options)
    return {item.id: item.options[place].value for item in asked} | dict(but)


def kinds(form: str, answers: dict[str, int | None], seconds: dict[str, float] | None = None) -> list[str]:
    return [doubt.kind for doubt in doubts(LIBRARY.to_score(form), answers, seconds)]


@pytest.mark.parametrize(
    ("form", "place"),
    [("gds15", 0), ("gds15", 1), ("cesd", 0), ("cesd", 3), ("pss10", 2), ("sds", 0), ("sas", 3), ("pcl5", 2),
     ("pcl5", 4), ("scl90", 1), ("scl90", 4), ("mssmhs", 2), ("k10", 4), ("srq20", 0)],
)  # fmt: skip
def test_the_same_answer_all_the_way_is_a_straight_line(form, place):
    assert "straight_line" in kinds(form, all_at(form, place))


@pytest.mark.parametrize(
    ("form", "place"),
    [("phq9", 0), ("phq9", 3), ("gad7", 3), ("phq2", 3), ("who5", 0), ("who5", 5), ("asq", 0), ("isi", 4), ("scl90", 0),
     ("pcl5", 0), ("k10", 0), ("srq20", 1), ("audit", 0), ("k6", 4), ("cssrs_screener", 0), ("mssmhs", 0)],
)  # fmt: skip
def test_somebody_in_good_health_or_very_ill_on_a_short_form_has_simply_answered(form, place):
    assert kinds(form, all_at(form, place)) == []


def test_a_run_counts_from_half_of_the_form_on():
    mixed = {f"q{n}": 1 + n % 3 for n in range(1, 91)}
    run = {f"q{n}": 3 for n in range(1, 46)}
    assert kinds("scl90", mixed) == []
    assert kinds("scl90", mixed | run) == ["straight_line"]
    broken = mixed | run | {"q20": 1}
    assert kinds("scl90", broken) == []
    [doubt] = doubts(LIBRARY.to_score("scl90"), mixed | run)
    assert (doubt.items[0], doubt.items[-1], len(doubt.items)) == ("q1", "q45", 45)
    assert "第 1 题到第 45 题" in doubt.sentence


@pytest.mark.parametrize(("each", "said"), [(0.4, True), (1.9, True), (2.0, False), (8.0, False)])
def test_less_than_two_seconds_for_half_of_the_items_is_too_fast(each, said):
    seconds = {f"q{n}": each for n in range(1, 10)}
    assert ("too_fast" in kinds("phq9", {"q1": 1, "q2": 0}, seconds)) == said


def test_a_long_pause_hides_no_hurry_and_a_few_quick_taps_are_none():
    hurried = {f"q{n}": 1.0 for n in range(1, 9)} | {"q9": 4000.0}
    assert "too_fast" in kinds("phq9", {}, hurried)
    assert kinds("phq9", {}, {f"q{n}": 1.0 for n in range(1, 5)}) == []
    assert kinds("phq9", {}, {f"q{n}": 1.0 for n in range(1, 5)} | {f"q{n}": 6.0 for n in range(5, 10)}) == []


def test_the_time_of_an_item_runs_from_the_answer_before_it_and_a_change_does_not_count_again():
    at = [START + timedelta(seconds=second) for second in (0, 3, 10, 60)]
    given_at = [("q1", at[0]), ("q2", at[1]), ("q3", at[2]), ("q2", at[3])]
    assert seconds_by_item(given_at) == {"q2": 3.0, "q3": 7.0}


@pytest.mark.parametrize(
    ("form", "answers"),
    [
        ("k10", {"q3": 4, "q2": 1}), ("k10", {"q6": 5, "q5": 1}), ("k10", {"q8": 4, "q7": 1}),
        ("gad7", {"q2": 3, "q3": 0}), ("cesd", {"q12": 3, "q18": 3}), ("cesd", {"q12": 3, "q6": 3}),
        ("gds15", {"q3": 1, "q1": 1, "q7": 1}), ("gds15", {"q5": 1, "q13": 0, "q4": 1}),
        ("cbi", {"q13": 100, "q5": 100, "q10": 100}), ("audit", {"q2": 0, "q3": 4}), ("srq20", {"q18": 1, "q20": 0}),
        ("pss10", {"q5": 4, "q10": 4}), ("sas", {"q9": 4, "q3": 4}),
    ],
)  # fmt: skip
def test_answers_that_hardly_go_together_are_named(form, answers):
    assert kinds(form, answers) == ["contradiction"]
    for item in answers:
        one_less = {key: value for key, value in answers.items() if key != item}
        assert kinds(form, one_less) == []
        assert kinds(form, answers | {item: None}) == []


def test_every_declared_contradiction_can_come_up_and_none_is_tried_twice():
    declared = [doubt.id for form in LIBRARY.every() for doubt in form.contradictions]
    assert len(declared) == len(set(declared)) == 13


def some_answers(form: Instrument) -> st.SearchStrategy[dict[str, int | None]]:
    return st.fixed_dictionaries(
        {i.id: st.sampled_from([o.value for o in i.options]) for i in form.items if i.options}
    )


@given(st.data(), st.sampled_from([form for form in LIBRARY.every() if form.id != "psqi"]))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_doubt_changes_a_score_or_a_level(data, form):
    answers = data.draw(some_answers(form))
    seconds = {item.id: data.draw(st.sampled_from([0.1, 9.0])) for item in form.items[:6]}
    before = score_answers(form, answers)
    found = doubts(form, answers, seconds)
    assert score_answers(form, answers) == before
    assert triage_score(score_answers(form, answers), POLICY) == triage_score(before, POLICY)
    assert all(isinstance(doubt, Doubt) and doubt.sentence for doubt in found)


def test_nothing_says_that_somebody_lied():
    sentences = [doubt.sentence for form in LIBRARY.every() for doubt in doubts(form, all_at(form.id, -1))]
    sentences += [doubt.name for form in LIBRARY.every() for doubt in form.contradictions]
    assert len(sentences) > 13
    for sentence in sentences:
        assert not any(
            word in sentence for word in ("说谎", "撒谎", "不诚实", "乱填", "造假", "无效", "异常", "敷衍")
        )


def test_more_sleep_than_time_in_bed_is_told_to_the_worker() -> None:
    psqi = Library.from_files().to_score("psqi")
    answers = {item.id: 0 for item in psqi.items} | {"q1": 23 * 60, "q3": 6 * 60, "q4": 7 * 3600}
    assert doubts(psqi, answers) == ()
    (doubt,) = doubts(psqi, answers | {"q4": 7 * 3600 + 1})
    assert doubt.kind == "contradiction"
    assert doubt.items == ("q4", "q1", "q3")
    assert doubts(psqi, answers | {"q4": None}) == ()
