"""Which question comes next in a staged screening. A pure function over what was answered so far.

A route says which forms are asked, in which order, and which of them only after others. An item that a shorter form
has asked already is carried over and not asked again. The safety questions come at once when an answer or the
resident's words call for them, and at the end for everybody whom nothing has asked about death yet, or who could
not be called well without them. A refused question is never taken for a low answer: a step that waits for a sum
counts it as the highest answer that it might have been.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from assessments.instrument import Answers, Instrument, Item
from assessments.scoring import next_extra

SAFETY_FORMS = ("asq", "cssrs_screener")
"""The forms that ask about danger to life. One of them is asked, never both."""

POSITIVE = 3
"""From this sum on, PHQ-2 calls for PHQ-9 (≥3: Kroenke 2003)."""

RAISED = 5
"""From this sum on, PHQ-9 and GAD-7 are above their lowest band, and no green can come of them."""

CORE = "core"
"""The route of everybody who chose no other: PHQ-2 and GAD-2, their full forms where called for."""


class Forms(Protocol):
    """The forms that a resident may be asked, as the library gives them."""

    def __getitem__(self, instrument_id: str, /) -> Instrument: ...

    def __contains__(self, instrument_id: object, /) -> bool: ...


@dataclass(frozen=True, slots=True)
class After:
    """The sum of these items of `form` reaches `at_least`, a refusal counted as the highest answer."""

    form: str
    items: tuple[str, ...]
    at_least: int


@dataclass(frozen=True, slots=True)
class RouteStep:
    """Ask this form, or only where `after` holds. One whose wording is missing here is passed over."""

    form: str
    after: After | None = None


@dataclass(frozen=True, slots=True)
class Shared:
    """The same questions in two forms: `items` from an item of `source` to the one of `target`."""

    source: str
    target: str
    items: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Route:
    """One way through the forms. `shares` are all that are known, whichever forms the route names."""

    id: str
    steps: tuple[RouteStep, ...]
    shares: tuple[Shared, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """Ask this item of this instrument. `carried` holds answers given to another form already."""

    instrument: str
    item: str
    carried: Answers = field(default_factory=dict)


def next_step(
    done: Mapping[str, Answers],
    *,
    asq_called: bool,
    route: Route,
    forms: Forms,
    safety: str = SAFETY_FORMS[0],
) -> Step | None:
    """The next question, or `None` when the screening is over.

    `done` holds the answers by instrument and item, `None` for a refusal; the order in which they came
    does not matter. `asq_called`: the resident's words called for the safety questions. Called after every
    answer it interrupts whatever is open for the safety questions, and comes back to it afterwards. `safety` is the
    form that asks them, unless the other one was begun.
    """
    safety = next((form for form in SAFETY_FORMS if done.get(form)), safety)
    to_ask = forms[safety].next_item(done.get(safety, {}))
    if to_ask and (asq_called or _speaks_of_danger(done, forms)):
        return Step(safety, to_ask.id)
    for step in route.steps:
        if step.form not in forms or _superseded(step.form, done, route):
            continue
        if step.form not in done and not _is_due(step, done, route, forms):
            continue
        carried = carried_to(step.form, done, route, forms)
        given = {**carried, **done.get(step.form, {})}
        form = forms[step.form]
        if item := form.next_item(given) or next_extra(form, given):
            return Step(step.form, item.id, carried)
    if to_ask and (done.get(safety) or _needs_safety_questions(done, route, forms)):
        return Step(safety, to_ask.id)
    return None


def carried_to(form: str, done: Mapping[str, Answers], route: Route, forms: Forms) -> dict[str, int | None]:
    """The answers to this form that other forms hold already, those only that it offers too."""
    carried: dict[str, int | None] = {}
    for share in route.shares:
        if share.target != form:
            continue
        for source, target in share.items.items():
            given = done.get(share.source, {})
            if source in given and _fits(forms[form].item(target), given[source]):
                carried[target] = given[source]
    return carried


def _fits(item: Item, value: int | None) -> bool:
    return value is None or item.offers(value)


def _superseded(form: str, done: Mapping[str, Answers], route: Route) -> bool:
    """Whether a form that holds every question of this one was begun: this one is then not asked."""
    return any(
        share.source == form and share.target in done and set(share.items) >= set(_first(form, route))
        for share in route.shares
    )


def _first(form: str, route: Route) -> set[str]:
    """All items of a form that any other form shares."""
    return {item for share in route.shares if share.source == form for item in share.items}


def _is_due(step: RouteStep, done: Mapping[str, Answers], route: Route, forms: Forms) -> bool:
    """Whether this step is asked of this person: always, or after answers that called for it."""
    if step.after is None:
        return True
    if step.after.form not in forms:
        return False
    given = done.get(step.after.form, {})
    form = forms[step.after.form]
    values = [
        form.item(item).highest if given[item] is None else (given[item] or 0)
        for item in step.after.items
        if item in given
    ]
    return bool(values) and sum(values) >= step.after.at_least


def _speaks_of_danger(done: Mapping[str, Answers], forms: Forms) -> bool:
    """A critical answer outside the safety questions, or a refusal to give one: both are followed by them."""
    return any(value is None or item.is_critical(value) for item, value in _critical_answers(done, forms))


def _critical_answers(done: Mapping[str, Answers], forms: Forms) -> Iterator[tuple[Item, int | None]]:
    """What was answered to questions about death and danger, the safety questions apart."""
    for form, answers in done.items():
        if form in SAFETY_FORMS or form not in forms:
            continue
        for item in forms[form].items:
            if item.critical is not None and item.id in answers:
                yield item, answers[item.id]


def _needs_safety_questions(done: Mapping[str, Answers], route: Route, forms: Forms) -> bool:
    """Nobody leaves unasked about death; and some could not be called well without the safety questions.

    PHQ-9 asks with its item 9. After it they are needed only when nothing was refused or raised and GAD-7 was
    not called for: then a green takes PHQ-2, GAD-2 and the safety questions.
    """
    if not any(_critical_answers(done, forms)):
        return True
    mood, worry = (_both(done, pair, route, forms) for pair in (("phq2", "phq9"), ("gad2", "gad7")))
    if not {"q1", "q2"} <= mood.keys() or not {"q1", "q2"} <= worry.keys():
        return False
    if any(value is None for value in (*mood.values(), *worry.values())):
        return False
    if any(sum(value or 0 for value in answers.values()) >= RAISED for answers in (mood, worry)):
        return False
    if "phq9" not in done and sum(value or 0 for value in mood.values()) >= POSITIVE:
        return False
    return len(worry) < len(forms["gad7"].items)


def _both(
    done: Mapping[str, Answers], pair: tuple[str, str], route: Route, forms: Forms
) -> dict[str, int | None]:
    """The answers of a short form and its full form as one; questions after the form are left out."""
    full = pair[1]
    if full not in forms:
        return {}
    given = {**carried_to(full, {pair[0]: done.get(pair[0], {})}, route, forms), **done.get(full, {})}
    return {item.id: given[item.id] for item in forms[full].items if item.id in given}
