"""Scoring: answers in, a score out. No database, no clock, no guessing at what is missing."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from assessments.errors import AnswerNotOffered, IncompleteAnswers
from assessments.instrument import Answers, Band, Instrument


@dataclass(frozen=True, slots=True)
class Score:
    """The score of one complete set of answers. `critical` holds item ids in the order of the form."""

    instrument: str
    version: str
    total: int
    band: str
    critical: tuple[str, ...] = ()
    subscales: Mapping[str, int] = field(default_factory=dict)
    standard_score: int | None = None


def score_answers(instrument: Instrument, answers: Answers) -> Score:
    """Score one complete set of answers.

    A missing or refused answer raises `IncompleteAnswers`; an answer that the form does not offer
    raises `AnswerNotOffered`, an item that it does not have `UnknownItem`. Critical answers are
    reported whatever the total, so a low total cannot hide what the resident said about suicide.
    """
    critical = critical_items(instrument, answers)
    missing = missing_items(instrument, answers)
    if missing:
        raise IncompleteAnswers(missing, critical)
    given = {item: value for item, value in answers.items() if value is not None}
    total = sum(given.values())
    return Score(
        instrument=instrument.id,
        version=instrument.version,
        total=total,
        band=_band(instrument, total, given).id,
        critical=critical,
    )


def critical_items(instrument: Instrument, answers: Answers) -> tuple[str, ...]:
    """The ids of the items whose answers must be acted on at once, complete or not.

    Refuses answers that the form does not offer, as `score_answers` does.
    """
    for item_id, value in answers.items():
        item = instrument.item(item_id)
        if value is not None and not item.offers(value):
            raise AnswerNotOffered(item.number, value)
    return tuple(
        item.id for item in instrument.items if item.id in answers and item.is_critical(answers[item.id])
    )


def missing_items(instrument: Instrument, answers: Answers) -> tuple[str, ...]:
    """The ids of the items that the form asks and that have no answer: not shown yet, or refused."""
    return tuple(
        item.id
        for item in instrument.items
        if answers.get(item.id) is None and instrument.applies(item, answers)
    )


def _band(instrument: Instrument, total: int, answers: Mapping[str, int]) -> Band:
    """The band that one answer decides, if any does; else the last whose start the total reaches."""
    for band in instrument.bands:
        if band.item is not None and answers.get(band.item, -1) >= band.start:
            return band
    reached = [band for band in instrument.bands if band.item is None and total >= band.start]
    return max(reached, key=lambda band: band.start)
