"""How much attention a set of answers seems to have had. A sign to look again, never a judgement of the person.

Pure, and beside the scoring: nothing here is read by it or by the rules of levels, so that no doubt ever lowers a
score or a level. Answers about danger are never doubted. Workers read the sentences as *quality*; who ticks a straight
line may be tired, may not see well, or may have been handed the tablet by somebody in a hurry.

Where the limits come from: a run of the same answer over half of a form (Johnson 2005, J Res Pers 39:103-129; Curran
2016, J Exp Soc Psychol 66:4-19); less than two seconds for an item, within which nobody can read one (Huang 2012, J
Bus Psychol 27:99-114); answers that hardly go together (Meade and Craig 2012, Psychol Methods 17:437-455), which each
form declares for itself.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, pairwise
from statistics import median
from typing import Literal

from assessments.instrument import Answers, Instrument, Item, holds

DAY = 24 * 60
"""Minutes in a day."""

SHORTEST_RUN = 6
"""A shorter run of the same answer says nothing, however short the form."""

SHORTEST_FORM = 10
"""Below so many items a run says nothing unless it goes through reversed items: 9 times 几乎每天 is an answer."""

SECONDS = 2.0
"""Below so many seconds for an item, half of the items cannot have been read (Huang 2012)."""

FEWEST_TIMES = 5
"""From fewer items no pace is told."""

_SENTENCES = {
    "straight_line": "第 {first} 题到第 {last} 题都答在同一格，可能没有逐题看；见面时可以再问问。",
    "more_than_all": "第 {numbers} 题对不上（睡着的时间比躺在床上的时间还长），可能有一题填错了；见面时可以再问问。",
    "too_fast": "一半以上的题不到 {seconds} 秒就答了，可能没有来得及看；见面时可以再问问。",
}


@dataclass(frozen=True, slots=True)
class Doubt:
    """One sign. `sentence` is for workers, in Chinese; it repeats no answer beyond what the form's own words say."""

    kind: Literal["straight_line", "too_fast", "contradiction"]
    sentence: str
    items: tuple[str, ...] = ()


def doubts(
    instrument: Instrument, answers: Answers, seconds: Mapping[str, float] | None = None
) -> tuple[Doubt, ...]:
    """Every sign in a set of answers, complete or not; none is the usual case.

    `seconds`: how long each item took, where it is known (`seconds_by_item`); carried-over answers are left out.
    """
    return (
        *_straight_lines(instrument, answers),
        *_too_fast(instrument, seconds or {}),
        *_contradictions(instrument, answers),
        *_more_than_all(instrument, answers),
    )


def seconds_by_item(given: Iterable[tuple[str, datetime]]) -> dict[str, float]:
    """How long each item took: the time since the answer before it. Of the first answer nothing is known.

    `given`: each answer with the moment at which it came, in that order; of an item that was changed the first counts.
    Only for doors that send every answer as it is given.
    """
    found: dict[str, float] = {}
    for (_, before), (item, at) in pairwise(given):
        found.setdefault(item, (at - before).total_seconds())
    return found


def _straight_lines(instrument: Instrument, answers: Answers) -> Iterator[Doubt]:
    asked = [
        item
        for item in instrument.items
        if item.scored and item.options and instrument.applies(item, answers)
    ]
    longest = max(SHORTEST_RUN, (len(asked) + 1) // 2)
    for same, run in groupby(asked, key=lambda item: (item.options, answers.get(item.id))):
        items = list(run)
        if same[1] is None or len(items) < longest:
            continue
        if _through_reversed(items) or (
            len(asked) >= SHORTEST_FORM and not _lowest(instrument, items, answers)
        ):
            sentence = _SENTENCES["straight_line"].format(first=items[0].number, last=items[-1].number)
            yield Doubt("straight_line", sentence, tuple(item.id for item in items))


def _through_reversed(items: list[Item]) -> bool:
    """Whether a run goes through items of both directions, so that it says one thing and its opposite."""
    return any(item.reverse for item in items) and not all(item.reverse for item in items)


def _lowest(instrument: Instrument, items: list[Item], answers: Answers) -> bool:
    """Whether a run is the answer of somebody who simply has none of it: the end of the form without trouble."""
    end = max if instrument.scoring.high_is_good else min
    return all(
        item.points(value) == end(item.span) for item in items if (value := answers[item.id]) is not None
    )


def _too_fast(instrument: Instrument, seconds: Mapping[str, float]) -> Iterator[Doubt]:
    timed = [seconds[item.id] for item in instrument.items if item.id in seconds]
    if len(timed) >= FEWEST_TIMES and median(timed) < SECONDS:
        yield Doubt("too_fast", _SENTENCES["too_fast"].format(seconds=int(SECONDS)))


def _contradictions(instrument: Instrument, answers: Answers) -> Iterator[Doubt]:
    given = {item: value for item, value in answers.items() if value is not None}
    for doubt in instrument.contradictions:
        if holds(doubt.when, given, lambda _: None, {}):
            yield Doubt("contradiction", f"{doubt.name}，可能有一题看错了；见面时可以再问问。")


def _more_than_all(instrument: Instrument, answers: Answers) -> Iterator[Doubt]:
    """A part that is more than its whole: hours asleep above the hours in bed (PSQI)."""
    for scale in instrument.scoring.subscales:
        if scale.way != "percent" or any(answers.get(item) is None for item in scale.items):
            continue
        asleep, to_bed, up = (answers[item] or 0 for item in scale.items)
        if asleep > (up - to_bed) % DAY * 60:
            numbers = "、".join(str(n) for n in sorted(instrument.item(item).number for item in scale.items))
            sentence = _SENTENCES["more_than_all"].format(numbers=numbers)
            yield Doubt("contradiction", sentence, tuple(scale.items))
