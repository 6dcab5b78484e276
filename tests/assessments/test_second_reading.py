"""The product's scores beside a second reading of the published rules, by somebody who had not seen the first.

The ordinary run reads 400 random answer sets for each instrument; XINQIAO_ANSWER_SETS=10000 reads ten thousand.
"""

import dataclasses
import json
import os
import random
import re
from collections.abc import Iterable
from fractions import Fraction
from functools import cache
from typing import Any

import pytest

from assessments.instrument import Instrument
from assessments.library import Library
from escalation.level_policy import read_level_policy
from escalation.triage import LevelPolicy
from server.commands.score import score_line
from tests.assessments.second_reading import (
    NO_SYMPTOM,
    READINGS,
    Answers,
    Number,
    Reading,
    answer_sets,
    legal_values,
)

SETS = int(os.environ.get("XINQIAO_ANSWER_SETS", "400"))
LEVELS = (None, "green", "blue", "yellow", "orange", "red")
HIGH_IS_GOOD = {"who5"}  # the one form whose bands are listed from the worst to the best
WITHOUT_BANDS = {"pss10"}  # its author gives no cut-offs; the product's one band says so
CRITICAL = {
    "phq9": {"9"},
    "phq_a": {"9", "s1", "s2"},
    "asq": {"1", "2", "3", "4", "5"},
    "cssrs_screener": {"1", "2", "3", "4", "5", "6", "6_recent"},
    "srq20": {"17"},
    "scl90": {"15", "59"},
    "sds": {"19"},
    "epds": {"10"},
}
CHINESE = re.compile("[\u4e00-\u9fff]")

every_instrument = pytest.mark.parametrize("instrument", READINGS)


@cache
def form_of(instrument: str) -> Instrument:
    return _library().to_score(instrument)


@cache
def _library() -> Library:
    return Library.from_files()


@cache
def policy() -> LevelPolicy:
    return read_level_policy()


def printed(instrument: str, answers: Answers) -> dict[str, Any]:
    """What `xinqiao score` prints for these answers."""
    return score_line(json.dumps(answers).encode(), form_of(instrument), policy())


def severity(instrument: str, band: str | None) -> int:
    """The place of a band, 0 the least severe; -1 without a band."""
    if band is None or instrument in WITHOUT_BANDS:
        return -1
    bands = [each.id for each in form_of(instrument).bands]
    return bands[::-1].index(band) if instrument in HIGH_IS_GOOD else bands.index(band)


def rank(shown: dict[str, Any]) -> int:
    """The level of a result, the worst the highest; a form that clears nobody has none."""
    return LEVELS.index(shown["level"])


def same(shown: float | None, read: Number | None) -> bool:
    if shown is None or read is None:
        return shown is None and read is None
    return abs(Fraction(shown) - read) < Fraction(1, 10**9)


def in_other_words(thing: Any) -> Any:
    """The same form with other words wherever it has Chinese ones."""
    if isinstance(thing, str):
        return CHINESE.sub("x", thing)
    if isinstance(thing, tuple):
        return tuple(in_other_words(each) for each in thing)
    if dataclasses.is_dataclass(thing) and not isinstance(thing, type):
        kept = {f.name: getattr(thing, f.name) for f in dataclasses.fields(thing) if f.init}
        return dataclasses.replace(thing, **{name: in_other_words(value) for name, value in kept.items()})
    return thing


def every(last: int, value: int, but: str = "") -> Answers:
    """The same answer to each item, but for one that is left out."""
    return {str(number): value for number in range(1, last + 1) if str(number) != but}


def ticked(instrument: str, raw: int) -> Answers:
    """Twenty ticks of an SDS or SAS that come to this raw score once the reversed ones are counted."""
    answers = {number: values[0] for number, values in legal_values(instrument).items()}
    for number, values in legal_values(instrument).items():
        more = min(3, raw - 20)
        answers[number] = values[more]
        raw -= more
    return answers


def best(instrument: str) -> Answers:
    """A form that is filled in from top to bottom, with the best answers."""
    return {number: values[0] for number, values in legal_values(instrument).items()}


SLEEPER = {**best("psqi"), "1": "22:00", "2": 10, "3": "06:00", "4": 8}


def differences(instrument: str, shown: dict[str, Any], read: Reading) -> list[str]:
    """What the product prints otherwise than the second reading has it."""
    if "error" in shown:
        return [f"refused: {shown['error']}"]
    found = []

    def compare(what: str, ours: Any, theirs: Any, equal: bool) -> None:
        if not equal:
            found.append(f"{what}: the product has {ours}, the reading {theirs}")

    compare("critical", shown["critical"], read.critical, sorted(shown["critical"]) == sorted(read.critical))
    to_read = shown.get("attention", [])
    compare("attention", to_read, read.attention, sorted(to_read) == sorted(read.attention))
    compare("incomplete", shown["missing"], read.incomplete, bool(shown["missing"]) == read.incomplete)
    for name in ("total", "standard_score"):
        compare(name, shown.get(name), getattr(read, name), same(shown.get(name), getattr(read, name)))
    compare(
        "band",
        shown["band"],
        read.band,
        severity(instrument, shown["band"]) == (-1 if read.band is None else read.band),
    )
    flags = shown.get("flags", {})
    if read.incomplete:
        compare("subscales", shown["subscales"], {}, not shown["subscales"])
        compare("flags", flags, {}, not any(flags.values()))
        compare("level", shown["level"], None, shown["level"] is None)
        return found
    ours, theirs = list(shown["subscales"].values()), list(read.subscales.values())
    alike = len(ours) == len(theirs) and all(map(same, ours, theirs))
    compare("subscales", shown["subscales"], dict(read.subscales), alike)
    compare("flags", flags, read.also, all(flags.get(name) == read.also[name] for name in read.also))
    return found


def check(instrument: str, sets: Iterable[Answers]) -> None:
    for answers in sets:
        found = differences(instrument, printed(instrument, answers), READINGS[instrument](answers))
        assert not found, f"{instrument} {json.dumps(answers)}: {found}"


@every_instrument
def test_complete_forms_are_scored_as_published(instrument: str) -> None:
    check(instrument, answer_sets(instrument, SETS))


@every_instrument
def test_forms_with_gaps_are_incomplete_and_keep_their_critical_answers(instrument: str) -> None:
    check(instrument, answer_sets(instrument, SETS // 4, gaps=True))


@every_instrument
def test_one_item_left_out_or_refused_is_a_gap_wherever_it_stands(instrument: str) -> None:
    """In a form with the second answer everywhere, and in the worst one."""
    for step in (1, -1):
        full = {n: values[step] for n, values in legal_values(instrument).items()}
        check(instrument, ({n: full[n] for n in full if n != number} for number in full))
        check(instrument, ({**full, number: None} for number in full))


@every_instrument
def test_the_random_forms_meet_each_band_and_each_critical_item(instrument: str) -> None:
    """Else the tests above would say less than they seem to."""
    readings = [READINGS[instrument](answers) for answers in answer_sets(instrument, 400)]
    assert {reading.band for reading in readings} == (
        {None} if instrument in WITHOUT_BANDS else set(range(len(form_of(instrument).bands)))
    )
    assert {number for reading in readings for number in reading.critical} == CRITICAL.get(instrument, set())


@every_instrument
def test_the_order_of_the_answers_and_a_line_sent_twice_change_nothing(instrument: str) -> None:
    dice = random.Random(instrument)
    for gaps in (False, True):
        for answers in answer_sets(instrument, max(20, SETS // 20), seed=1, gaps=gaps):
            shown = printed(instrument, answers)
            numbers = list(answers)
            for order in (sorted(numbers), sorted(numbers, reverse=True), dice.sample(numbers, len(numbers))):
                assert printed(instrument, {number: answers[number] for number in order}) == shown
            assert printed(instrument, answers) == shown


@every_instrument
def test_the_language_of_the_page_changes_nothing(instrument: str) -> None:
    """The same form with every Chinese word replaced, for each answer set: nothing is read out of the wording."""
    form = form_of(instrument)
    translated = in_other_words(form)
    assert not CHINESE.search(repr((translated.title, translated.items, translated.bands)))
    for gaps in (False, True):
        for answers in answer_sets(instrument, max(20, SETS // 20), seed=2, gaps=gaps):
            line = json.dumps(answers).encode()
            assert score_line(line, translated, policy()) == score_line(line, form, policy())


@every_instrument
def test_an_answer_given_twice_in_one_line_is_refused(instrument: str) -> None:
    number, value = next(iter(next(answer_sets(instrument, 1)).items()))
    twice = f"{{{json.dumps(number)}: {json.dumps(value)}, {json.dumps(number)}: {json.dumps(value)}}}"
    assert set(score_line(twice.encode(), form_of(instrument), policy())) == {"error"}


@every_instrument
def test_a_value_that_the_form_does_not_print_is_refused(instrument: str) -> None:
    """One below, one above, between two values, a half, in words: for each item of a form that is else filled in."""
    answers = best(instrument)
    for number, values in legal_values(instrument).items():
        if number == "sex":
            wrong: list[Any] = ["other", 0, 1, True]
        elif instrument == "psqi" and number in ("1", "3"):
            wrong = ["25:00", "22:60", "22.30", "half past ten", "", 22, 2230]
        elif instrument == "psqi" and number in ("2", "4"):
            wrong = [-1, "7", "", True, 24 * 60 + 1]
        else:
            printed_values = sorted(values)
            low, high = printed_values[0], printed_values[-1]
            wrong = [low - 1, high + 1, low + 0.5, -high - 1, str(low), True, "yes", "", [], {}]
            wrong += [value for value in range(low, high) if value not in values]
        for value in wrong:
            shown = printed(instrument, {**answers, number: value})
            assert set(shown) == {"error"}, f"{instrument} {number} = {value!r}: {shown}"
        assert "error" not in printed(instrument, answers)


@every_instrument
def test_a_worse_answer_never_lowers_the_level_or_the_band(instrument: str) -> None:
    """From the best filled-in form to the worst, one step of one item at a time, in as many walks as are asked for."""
    dice = random.Random(f"{instrument} worse")
    form = legal_values(instrument)
    symptoms = [number for number in form if number not in NO_SYMPTOM.get(instrument, set())]
    worst = form_of(instrument).bands[0 if instrument in HIGH_IS_GOOD else -1].id
    steps = 0
    while steps < SETS:
        answers = {number: values[0] for number, values in form.items()}
        for number in set(form) - set(symptoms):
            answers[number] = dice.choice(form[number])
        left = [number for number in symptoms for _ in form[number][1:]]
        dice.shuffle(left)
        before = printed(instrument, answers)
        assert severity(instrument, before["band"]) <= 0
        for number in left:
            answers[number] = form[number][form[number].index(answers[number]) + 1]
            after = printed(instrument, answers)
            told = f"{instrument}: {number} to {answers[number]} in {json.dumps(answers)}"
            assert "error" not in after, told
            assert not set(before["critical"]) - set(after["critical"]), told
            if not after["missing"]:
                assert rank(after) >= rank(before), f"{told}: {before['level']}, then {after['level']}"
                assert severity(instrument, after["band"]) >= severity(instrument, before["band"]), told
                before = after
            steps += 1
        assert instrument in WITHOUT_BANDS or after["band"] == worst


@every_instrument
def test_a_worse_answer_anywhere_never_lowers_the_level(instrument: str) -> None:
    """Starting from random forms, also those that the form's own path shortens."""
    dice = random.Random(f"{instrument} worse anywhere")
    form = legal_values(instrument)
    for answers in answer_sets(instrument, SETS, seed=3):
        could_be_worse = [
            number
            for number, value in answers.items()
            if number not in NO_SYMPTOM.get(instrument, set()) and value in form[number][:-1]
        ]
        if not could_be_worse:
            continue
        number = dice.choice(could_be_worse)
        worse = form[number][form[number].index(answers[number]) + 1]
        before = printed(instrument, answers)
        after = printed(instrument, {**answers, number: worse})
        told = f"{instrument}: {number} to {worse} in {json.dumps(answers)}"
        assert not set(before["critical"]) - set(after["critical"]), told
        if not after["missing"]:
            assert rank(after) >= rank(before), f"{told}: {before['level']}, then {after['level']}"


# Sets that chance does not deal, worked out by hand: what was printed on the paper, and what must come out.
BY_HAND: list[tuple[str, Answers, dict[str, Any]]] = [
    # A man's item 4 is not there; a woman's, or one that somebody refused, is a gap.
    ("phq15", {**every(15, 1, but="4")}, {"total": 14}),
    ("phq15", {**every(15, 1, but="4"), "sex": "male"}, {"total": 14}),
    ("phq15", {**every(15, 1, but="4"), "sex": "female"}, {"total": None, "missing": ["4"]}),
    ("phq15", {**every(15, 2), "sex": "female"}, {"total": 30, "band": "high"}),
    ("phq15", {**every(15, 2, but="4"), "sex": "male"}, {"total": 28, "band": "high"}),
    # WHO-5: 13 is the first raw score above 50; 7 is the last one at 28 or less.
    ("who5", {"1": 3, "2": 3, "3": 3, "4": 2, "5": 2}, {"total": 13, "standard_score": 52, "band": "good"}),
    ("who5", {"1": 3, "2": 3, "3": 2, "4": 2, "5": 2}, {"total": 12, "standard_score": 48, "band": "low"}),
    ("who5", {"1": 2, "2": 2, "3": 2, "4": 1, "5": 1}, {"total": 8, "standard_score": 32, "band": "low"}),
    (
        "who5",
        {"1": 2, "2": 2, "3": 1, "4": 1, "5": 1},
        {"total": 7, "standard_score": 28, "band": "very_low"},
    ),
    # ASQ: question 5 belongs to a yes, and to refuse is not to say no.
    ("asq", every(4, 0), {"band": "negative", "missing": []}),
    ("asq", {**every(4, 0), "1": 1}, {"band": None, "missing": ["5"], "critical": ["1"]}),
    ("asq", {**every(4, 0), "5": 1}, {"band": "acute_positive", "level": "red"}),
    ("asq", {**every(4, 0), "5": None}, {"band": None, "critical": ["5"]}),
    # C-SSRS: after a no to 2 comes 6; a yes that stands where nobody asked counts all the same.
    ("cssrs_screener", {"1": 0, "2": 0, "6": 0}, {"band": "none"}),
    ("cssrs_screener", {"1": 1, "2": 0, "6": 0}, {"band": "yellow"}),
    ("cssrs_screener", {"1": 0, "2": 0, "6": 1, "6_recent": 0}, {"band": "orange", "level": "orange"}),
    ("cssrs_screener", {"1": 0, "2": 0, "6": 1, "6_recent": 1}, {"band": "red", "level": "red"}),
    ("cssrs_screener", {"1": 0, "2": 0, "6": 1}, {"band": None, "missing": ["6_recent"], "critical": ["6"]}),
    ("cssrs_screener", {"1": 0, "2": 1, "6": 0}, {"band": None, "missing": ["3", "4", "5"]}),
    ("cssrs_screener", {"1": 0, "2": 0, "4": 1, "6": 0}, {"band": "red", "level": "red"}),
    # AUDIT: never drinks, or never more than two glasses and never six.
    ("audit", {"1": 0, "9": 4, "10": 4}, {"total": 8, "band": "hazardous"}),
    ("audit", {"1": 3, "2": 0, "3": 0, "9": 2, "10": 2}, {"total": 7, "band": "low"}),
    (
        "audit",
        {"1": 3, "2": 0, "3": 1, "9": 2, "10": 2},
        {"total": None, "missing": ["4", "5", "6", "7", "8"]},
    ),
    ("audit", {"1": 3, "2": 0, "9": 2, "10": 2}, {"total": None}),
    ("audit", {"1": 0, "9": 0}, {"total": None, "missing": ["10"]}),
    ("audit_c", {"1": 0, "sex": "male"}, {"total": 0, "band": "negative"}),
    ("audit_c", {"1": 2, "2": 1, "3": 0, "sex": "male"}, {"total": 3, "band": "negative"}),
    ("audit_c", {"1": 2, "2": 1, "3": 0, "sex": "female"}, {"total": 3, "band": "positive"}),
    ("audit_c", {"1": 2, "2": 1, "3": 1, "sex": "male"}, {"total": 4, "band": "positive"}),
    ("audit_c", {"1": 4, "2": 4, "3": 4}, {"total": None, "missing": ["sex"]}),
    # 1.25 x 42 is 52.5 and still below 53; 43 gives 53.75. SAS: 39 gives 48.75, 40 exactly 50.
    ("sds", ticked("sds", 42), {"total": 42, "standard_score": 52, "band": "normal"}),
    ("sds", ticked("sds", 43), {"total": 43, "standard_score": 53, "band": "mild"}),
    ("sds", ticked("sds", 50), {"total": 50, "standard_score": 62, "band": "mild"}),
    ("sds", ticked("sds", 51), {"total": 51, "standard_score": 63, "band": "moderate"}),
    ("sds", ticked("sds", 58), {"total": 58, "standard_score": 72, "band": "moderate"}),
    ("sds", ticked("sds", 59), {"total": 59, "standard_score": 73, "band": "severe"}),
    ("sas", ticked("sas", 39), {"total": 39, "standard_score": 48, "band": "normal"}),
    ("sas", ticked("sas", 40), {"total": 40, "standard_score": 50, "band": "mild"}),
    ("sas", ticked("sas", 47), {"total": 47, "standard_score": 58, "band": "mild"}),
    ("sas", ticked("sas", 48), {"total": 48, "standard_score": 60, "band": "moderate"}),
    ("sas", ticked("sas", 55), {"total": 55, "standard_score": 68, "band": "moderate"}),
    ("sas", ticked("sas", 56), {"total": 56, "standard_score": 70, "band": "severe"}),
    # SCL-90: more than 160 and more than 43, but 2 itself for a factor.
    ("scl90", every(90, 1), {"total": 90, "band": "negative"}),
    # No factor has all its items among the first 44. Then five of the six items of hostility, and the sixth.
    ("scl90", {**every(90, 1), **every(43, 2)}, {"total": 133, "band": "negative"}),
    ("scl90", {**every(90, 1), **every(44, 2)}, {"total": 134, "band": "positive"}),
    ("scl90", {**every(90, 1), **dict.fromkeys(("11", "24", "63", "67", "74"), 2)}, {"band": "negative"}),
    (
        "scl90",
        {**every(90, 1), **dict.fromkeys(("11", "24", "63", "67", "74", "81"), 2)},
        {"band": "positive"},
    ),
    # PSQI: 5.1 of 6 hours is 85 per cent, whatever a computer's fractions say; 6.79 of 8 is not.
    ("psqi", {**SLEEPER, "1": "00:00", "3": "06:00", "4": 5.1}, {"total": 2}),
    ("psqi", {**SLEEPER, "1": "22:00", "3": "06:00", "4": 6.8}, {"total": 1}),
    ("psqi", {**SLEEPER, "1": "22:00", "3": "06:00", "4": 6.79}, {"total": 2}),
    ("psqi", {**SLEEPER, "1": "23:30", "3": "05:30", "4": 4.5}, {"total": 4}),
    ("psqi", {**SLEEPER, "1": "23:30", "3": "05:30", "4": 3.9}, {"total": 5}),
    ("psqi", {**SLEEPER, "1": "23:30", "3": "05:30", "4": 3.89}, {"total": 6}),
    ("psqi", {**SLEEPER, "5j": None}, {"total": 0}),
    ("psqi", {**SLEEPER, "5i": None}, {"total": None, "missing": ["5i"]}),
    # Unscored questions that somebody refused do not make a young person safe.
    ("phq_a", {**every(9, 0), "s1": 1, "s2": 0}, {"total": 0, "critical": ["s1"], "level": "orange"}),
    ("phq_a", {**every(9, 0), "s1": None, "s2": 0}, {"total": None, "level": None}),
    # The tenth question of the PHQ-9 is not scored.
    ("phq9", {**every(9, 1), "10": 3}, {"total": 9, "band": "mild"}),
    ("phq9", {**every(9, 0), "9": 1}, {"total": 1, "critical": ["9"], "level": "orange"}),
    ("phq9", {"9": 3}, {"total": None, "band": None, "critical": ["9"]}),
    ("epds", {**every(10, 0), "10": 1}, {"total": 1, "band": "low", "critical": ["10"], "level": "orange"}),
    (
        "srq20",
        {**every(20, 0), "17": 1},
        {"total": 1, "band": "negative", "critical": ["17"], "level": "orange"},
    ),
    # Exactly 6 on the AIS is still the middle band in China.
    ("ais", {**every(8, 1), "7": 0, "8": 0}, {"total": 6, "band": "suspected"}),
    ("ais", {**every(8, 1), "8": 0}, {"total": 7, "band": "insomnia"}),
    # Printed as 1a, 1b, 1c, 2 to 5.
    (
        "isi",
        {**dict.fromkeys(("1a", "1b", "1c", "2", "3", "4"), 1), "5": 2},
        {"total": 8, "band": "subthreshold"},
    ),
]


@pytest.mark.parametrize(("instrument", "answers", "expected"), BY_HAND)
def test_edges_worked_out_by_hand(instrument: str, answers: Answers, expected: dict[str, Any]) -> None:
    shown = printed(instrument, answers)
    assert {name: shown.get(name) for name in expected} == expected
    assert not differences(instrument, shown, READINGS[instrument](answers))


def test_no_time_in_bed_gives_no_efficiency() -> None:
    """The published formula would divide by nothing: whoever writes that is asked again, and gets no score."""
    assert printed("psqi", {**SLEEPER, "1": "22:00", "3": "22:00"}).get("total") is None


def test_a_man_reaches_28_on_the_phq15_whatever_stands_at_item_4() -> None:
    shown = printed("phq15", {**every(15, 2), "sex": "male"})
    assert "error" in shown or shown["total"] == 28


def test_a_refused_item_4_of_the_phq15_is_a_gap_unless_a_man_refused_it() -> None:
    assert printed("phq15", {**every(15, 1), "4": None})["missing"] == ["4"]
