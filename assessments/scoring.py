"""Scoring: answers in, a score out. No database, no clock, no guessing at what is missing.

Everything is computed in whole numbers and fractions; a figure becomes a decimal number only when it is handed out.
Nothing is rounded before it has been compared with a cut-off.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from assessments.errors import AnswerNotOffered, AnswersDisagree, IncompleteAnswers
from assessments.instrument import Answers, Band, Instrument, Item, Subscale, holds, recoded

Figure = int | Fraction
DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class Score:
    """The score of one complete set of answers.

    `critical` holds item ids in the order of the form, `attention` those that a worker should read. `total` is
    `None` for a form that has no total; a subscale that is undefined (no positive item) is not there. `flags`
    holds the form's second results. Means are not rounded. `unasked`: items about danger that a complete set may
    leave out and that this one did (PHQ-A s1, s2): nothing is known of them.
    """

    instrument: str
    version: str
    total: int | None
    band: str
    critical: tuple[str, ...] = ()
    subscales: Mapping[str, int | float] = field(default_factory=dict)
    standard_score: int | None = None
    flags: Mapping[str, bool] = field(default_factory=dict)
    attention: tuple[str, ...] = ()
    unasked: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "unasked", tuple(self.unasked))
        object.__setattr__(self, "critical", tuple(self.critical))
        object.__setattr__(self, "attention", tuple(self.attention))


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
    figures = _figures(instrument, given, critical)
    flags = _flags(instrument, given, figures)
    total = figures.get("total")
    standard = figures.get("standard_score")
    return Score(
        instrument=instrument.id,
        version=instrument.version,
        total=None if total is None else int(total),
        band=_band(instrument, given, figures, flags).id,
        critical=critical,
        subscales={
            scale.id: _plain(figures[scale.id])
            for scale in instrument.scoring.subscales
            if scale.id in figures
        },
        standard_score=None if standard is None else int(standard),
        flags=flags,
        attention=attention_items(instrument, answers),
        unasked=tuple(
            item.id
            for item in instrument.items
            if item.critical is not None and item.id not in given and instrument.applies(item, answers)
        ),
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


def attention_items(instrument: Instrument, answers: Answers) -> tuple[str, ...]:
    """The ids of the items whose answers a worker should read, complete or not."""
    return tuple(
        item.id
        for item in instrument.items
        if item.attention is not None
        and (value := answers.get(item.id)) is not None
        and value >= item.attention.at_least
    )


def missing_items(instrument: Instrument, answers: Answers) -> tuple[str, ...]:
    """The ids of the items that the form asks and that have no answer: not shown yet, or refused.

    An item that may be left out is missing only when it was shown, refused, and asks about danger.
    """
    return tuple(
        item.id
        for item in instrument.items
        if answers.get(item.id) is None and instrument.applies(item, answers) and _is_wanted(item, answers)
    )


def next_extra(instrument: Instrument, answers: Answers) -> Item | None:
    """The first question after the form that is called for now and can be asked; `None` while answers are missing."""
    if missing_items(instrument, answers):
        return None
    given = {item: value for item, value in answers.items() if value is not None}
    figures = _figures(instrument, given, ())
    flags = _flags(instrument, given, figures)
    for extra in instrument.extras:
        called_for = holds(extra.asked_when, given, figures.get, flags)
        if extra.item.id not in answers and extra.item.worded and called_for:
            return extra.item
    return None


def _is_wanted(item: Item, answers: Answers) -> bool:
    return item.needed or (item.id in answers and item.critical is not None)


def _figures(
    instrument: Instrument, given: Mapping[str, int], critical: tuple[str, ...]
) -> dict[str, Figure]:
    """Every figure of a complete set by its name; undefined ones are left out."""
    points = {
        item.id: item.points(given[item.id])
        for item in instrument.items
        if item.scored and item.id in given and instrument.applies(item, given)
    }
    scoring = instrument.scoring
    figures: dict[str, Figure] = {}
    for scale in scoring.subscales:
        figure = (
            _percent(instrument, scale, given, critical)
            if scale.way == "percent"
            else _over(scale, [points[item] for item in scale.items if item in points])
        )
        if figure is not None:
            figures[scale.id] = recoded(scale.recode, figure) if scale.recode else figure
    if scoring.total_of is None:
        figures["total"] = sum(points.values())
    elif scoring.total_of:
        figures["total"] = sum(figures[scale] for scale in scoring.total_of)
    if scoring.times is not None:
        figures["standard_score"] = int(figures["total"] * scoring.times)
    return figures


def _over(scale: Subscale, points: list[int]) -> Figure | None:
    """A sum, mean or count over the points that lie between the ends; a mean of nothing is undefined."""
    low, high = scale.at_least, scale.at_most
    if scale.picks:
        points = [p for p in points if (low is None or p >= low) and (high is None or p <= high)]
    if scale.way == "count":
        return len(points)
    if scale.way == "sum":
        return sum(points)
    return Fraction(sum(points), len(points)) if points else None


def _percent(
    instrument: Instrument, scale: Subscale, given: Mapping[str, int], critical: tuple[str, ...]
) -> Fraction:
    """Time asleep as a share of the time in bed, in percent and not rounded.

    Up at the minute of going to bed is refused: there is no share of nothing. More sleep than time in bed is over 100
    and counts as published, though one of the answers must be a slip; `quality.doubts` tells a worker.
    """
    asleep, to_bed, up = scale.items
    in_bed = (given[up] - given[to_bed]) % DAY
    numbers = tuple(instrument.item(item).number for item in (to_bed, up))
    if in_bed == 0:
        why = "上床和起床是同一个时刻，请再看一看"
        raise AnswersDisagree(numbers, (to_bed, up), critical, why)
    return Fraction(given[asleep] * 100, in_bed * 60)


def _flags(
    instrument: Instrument, given: Mapping[str, int], figures: Mapping[str, Figure]
) -> dict[str, bool]:
    flags: dict[str, bool] = {}
    for flag in instrument.flags:
        flags[flag.id] = holds(flag.when, given, figures.get, flags)
    return flags


def _band(
    instrument: Instrument,
    given: Mapping[str, int],
    figures: Mapping[str, Figure],
    flags: Mapping[str, bool],
) -> Band:
    """The most serious band that fits: bands stand from the mildest to the most serious."""
    value = figures.get(instrument.scoring.bands_on, 0)
    for band in reversed(instrument.bands):
        if band.when is not None:
            if holds(band.when, given, figures.get, flags):
                return band
        elif band.start is None or value >= band.start:
            return band
    return instrument.bands[0]


def _plain(figure: Figure) -> int | float:
    """A whole number as such, a fraction as the nearest decimal number."""
    if isinstance(figure, Fraction):
        return int(figure) if figure.denominator == 1 else float(figure)
    return figure
