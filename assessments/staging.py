"""Which question comes next in the staged screening. A pure function over what was answered so far.

Two short questions on mood and two on worry; the full form only where they call for it, without asking the
shared items again. The safety questions come at once when an answer or the resident's words call for them,
and at the end for everybody whom nothing has asked about death yet, or who could not be called well without
them. A refused question is never taken for a low answer: a short form with a refusal goes on to its full
form, as the answer might have been the highest.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from assessments.instrument import Answers

POSITIVE = 3
"""From this sum on, PHQ-2 calls for PHQ-9 and GAD-2 for GAD-7 (≥3: Kroenke 2003, 2007)."""

RAISED = 5
"""From this sum on, PHQ-9 and GAD-7 are above their lowest band, and no green can come of them."""

ITEMS: Mapping[str, tuple[str, ...]] = {
    "phq2": ("q1", "q2"),
    "gad2": ("q1", "q2"),
    "phq9": tuple(f"q{number}" for number in range(1, 10)),
    "gad7": tuple(f"q{number}" for number in range(1, 8)),
    "asq": ("q1", "q2", "q3", "q4"),
}
FULL_FORM = {"phq2": "phq9", "gad2": "gad7"}
ASQ_NOW = "q5"


@dataclass(frozen=True, slots=True)
class Step:
    """Ask this item of this instrument. `carried` holds answers given to its short form already."""

    instrument: str
    item: str
    carried: Answers = field(default_factory=dict)


def next_step(done: Mapping[str, Answers], *, asq_called: bool) -> Step | None:
    """The next question, or `None` when the screening is over.

    `done` holds the answers by instrument and item, `None` for a refusal; the order in which they came
    does not matter. `asq_called`: the resident's words called for the safety questions. Called after every
    answer it interrupts whatever is open for the safety questions, and comes back to it afterwards.
    """
    mood, worry = _merged(done, "phq2"), _merged(done, "gad2")
    if (asq_called or _speaks_of_death(mood)) and (item := _next_safety_item(done.get("asq", {}))):
        return Step("asq", item)
    for short, answers in (("phq2", mood), ("gad2", worry)):
        if FULL_FORM[short] not in done and (item := _first_open(short, answers)):
            return Step(short, item)
    for short, answers in (("phq2", mood), ("gad2", worry)):
        full = FULL_FORM[short]
        if (full in done or _calls_for_full_form(short, answers)) and (item := _first_open(full, answers)):
            return Step(full, item, {i: answers[i] for i in ITEMS[short] if i in done.get(short, {})})
    if (done.get("asq") or _needs_safety_questions(mood, worry)) and (
        item := _next_safety_item(done.get("asq", {}))
    ):
        return Step("asq", item)
    return None


def _merged(done: Mapping[str, Answers], short: str) -> dict[str, int | None]:
    """The answers of a short form and its full form as one: they share their first items."""
    return {**done.get(short, {}), **done.get(FULL_FORM[short], {})}


def _speaks_of_death(mood: Answers) -> bool:
    """Item 9 above zero, or refused: both are followed by the safety questions."""
    return "q9" in mood and mood["q9"] != 0


def _first_open(instrument: str, answers: Answers) -> str | None:
    return next((item for item in ITEMS[instrument] if item not in answers), None)


def _calls_for_full_form(short: str, answers: Answers) -> bool:
    """The sum reaches the threshold, a refused item counted as the highest answer it might have been."""
    return sum(POSITIVE if (value := answers[item]) is None else value for item in ITEMS[short]) >= POSITIVE


def _next_safety_item(answers: Answers) -> str | None:
    """Items 1 to 4 for everybody; item 5 after any yes or refusal among them (a refusal is not a no)."""
    if item := _first_open("asq", answers):
        return item
    if ASQ_NOW not in answers and any(answers[item] != 0 for item in ITEMS["asq"]):
        return ASQ_NOW
    return None


def _needs_safety_questions(mood: Answers, worry: Answers) -> bool:
    """Nobody leaves unasked about death; and some could not be called well without ASQ.

    PHQ-9 asks with its item 9. After it ASQ is needed only when nothing was refused or raised and GAD-7 was
    not called for: then a green takes PHQ-2, GAD-2 and ASQ.
    """
    if "q9" not in mood:
        return True
    if any(value is None for value in (*mood.values(), *worry.values())):
        return False
    if any(sum(value or 0 for value in answers.values()) >= RAISED for answers in (mood, worry)):
        return False
    return len(worry) < len(ITEMS["gad7"])
