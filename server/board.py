"""What the wall screen may show of a week, and what its colours mean. Pure rules; `docs/board.md` has the formulas.

People are counted in cells (a grid, a community, a company with its own code), cells lie in streets. The rule of what
is published, for one street in one week that is over:

1. A cell that counts `LEAST` people or more is published. Any other is hidden, nobody and one alike.
2. The hidden cells together (`rest`) are published only when their sum S is at least `LEAST` and at most
   (`LEAST` - 1) x (how many are hidden - 1). So whoever adds and subtracts finds that each hidden cell can still be
   any number from 0 to `LEAST` - 1. The sum of the street is published when it follows from what is published.
3. Weeks do not overlap, and each is published once and kept (`escalation/board.py`): no two tables can be subtracted.

Everything else on the board (what was expected, how unlikely, the colour, a cluster) is computed from published numbers
alone, so it tells nothing more. A hidden number of the past is counted as `LEAST` - 1: a colour comes too late rather
than too early.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from server.aggregates import LEAST

Number = int | None
"""A published number; None: hidden."""


@dataclass(frozen=True)
class StreetWeek:
    """What is published of one street in one week."""

    cells: Mapping[str, int]
    hidden: tuple[str, ...]
    rest: Number

    @property
    def total(self) -> Number:
        """The sum of the street, where it follows from what is published."""
        if self.hidden and self.rest is None:
            return None
        return sum(self.cells.values()) + (self.rest or 0)

    @property
    def counted_as(self) -> int:
        """What the street's sum counts as in the past: itself, or what is published of it and `LEAST` - 1."""
        return self.total if self.total is not None else sum(self.cells.values()) + LEAST - 1

    def number(self, cell: str) -> Number:
        """The published number of one cell."""
        return self.cells.get(cell)

    def knows(self, cell: str) -> bool:
        """Whether there was such a cell in this week."""
        return cell in self.cells or cell in self.hidden


def published(counts: Mapping[str, int], least: int = LEAST) -> StreetWeek:
    """What may be said of these cells of one street."""
    shown = {cell: n for cell, n in counts.items() if n >= least}
    hidden = tuple(sorted(cell for cell in counts if cell not in shown))
    rest = sum(counts[cell] for cell in hidden)
    may = least <= rest <= (least - 1) * (len(hidden) - 1)
    return StreetWeek(shown, hidden, rest if may else None)


@dataclass(frozen=True)
class Share:
    """So many of so many. `part` None: it or its complement is smaller than `LEAST`."""

    part: Number
    whole: int

    @property
    def percent(self) -> float | None:
        """The part in percent; None where it is hidden."""
        return None if self.part is None else round(100 * self.part / self.whole, 1)


def share(part: int, whole: int, least: int = LEAST) -> Share | None:
    """What may be said of a part and its whole; None where the whole is too small to be named."""
    if not 0 <= part <= whole:
        raise ValueError("a part is no more than its whole")
    if whole < least:
        return None
    return Share(part if min(part, whole - part) >= least else None, whole)


def share_of_month(weeks: Sequence[tuple[int, int]], least: int = LEAST) -> Share | None:
    """What may be said of a part and its whole in all weeks of a month together, each too small to be said alone.

    The months are fixed, so the end of one says nothing. None when a week of it was published by itself (what is left
    could be subtracted), or when the sum says something of a week: the rule of `published`, with weeks for cells.
    """
    if any(whole >= least for _, whole in weeks):
        return None
    part, whole = (sum(numbers) for numbers in zip(*weeks, strict=True)) if weeks else (0, 0)
    return share(part, whole, least) if least <= whole <= (least - 1) * (len(weeks) - 1) else None


def tail(observed: int, expected: float) -> float:
    """P(X >= observed) for a Poisson variable of this mean: how often chance alone gives as many or more."""
    if observed <= 0:
        return 1.0
    if expected <= 0:
        return 0.0
    if observed <= expected:  # the short way round, where nothing is lost to rounding
        return 1.0 - math.fsum(_mass(k, expected) for k in range(observed))
    parts, k = [_mass(observed, expected)], observed + 1
    while parts[-1] > 0 and parts[-1] > parts[0] * 1e-17:
        parts.append(parts[-1] * expected / k)
        k += 1
    return math.fsum(parts)


def _mass(k: int, mean: float) -> float:
    return math.exp(k * math.log(mean) - mean - math.lgamma(k + 1))


@dataclass(frozen=True)
class Colour:
    """One of the five, for people who see colours and for those who do not."""

    key: str
    colour: str
    word: str
    pattern: str
    below: float
    """It is this colour, or a later one, when the probability is below this number."""


@dataclass(frozen=True)
class Rules:
    """What the district has set: `board.yml`."""

    colours: tuple[Colour, ...]
    past: int
    least_past: int
    cluster_below: float
    said: Mapping[str, Any]

    @property
    def words(self) -> Mapping[str, str]:
        """The sentences of the screen."""
        return dict(self.said["words"])

    def colour(self, probability: float) -> Colour:
        """The last colour of the five whose limit lies above this probability."""
        return [one for one in self.colours if probability < one.below or one is self.colours[0]][-1]


def read_rules(path: Path = Path(__file__).with_name("board.yml")) -> Rules:
    """The rules of the board, checked: five colours in their order, limits that fall."""
    said = yaml.safe_load(path.read_text("utf-8"))
    colours = tuple(Colour(**one) for one in said["colours"])
    if [one.key for one in colours] != ["green", "blue", "yellow", "orange", "red"]:
        raise ValueError("board.yml: the colours are green, blue, yellow, orange, red, in this order")
    limits = [one.below for one in colours]
    if limits[0] != 1 or limits != sorted(set(limits), reverse=True) or limits[-1] <= 0:
        raise ValueError("board.yml: the limits begin with 1 and fall")
    if len({one.pattern for one in colours}) != 5:
        raise ValueError("board.yml: five patterns")
    past, least_past = said["past_weeks"], said["least_past_weeks"]
    if not 1 <= least_past <= past <= 52:
        raise ValueError("board.yml: weeks")
    return Rules(colours, past, least_past, said["cluster_below"], said)


@dataclass(frozen=True)
class Judged:
    """One number beside its own past. `past` holds what was published, oldest first; None was hidden."""

    observed: int
    past: tuple[Number, ...]
    expected: float
    probability: float
    colour: Colour


def judge(
    observed: Number, past: Sequence[Number], rules: Rules, counted_as: Sequence[int] | None = None
) -> Judged | None:
    """Where this number stands in its own past; None where it is hidden, or the past too short to say.

    A hidden number of the past counts as `LEAST` - 1, or as what `counted_as` has in its place.
    """
    if observed is None or len(past) < rules.least_past:
        return None
    counted = counted_as or [LEAST - 1 if n is None else n for n in past]
    expected = sum(counted) / len(past)
    probability = tail(observed, expected)
    return Judged(observed, tuple(past), expected, probability, rules.colour(probability))


def clusters(judged: Mapping[str, Judged], rules: Rules) -> list[str]:
    """Which of these are more than chance, when so many are looked at: the probability times how many is below the
    limit (Bonferroni). The least likely first."""
    limit = rules.cluster_below / max(1, len(judged))
    found = [name for name, one in judged.items() if one.probability < limit]
    return sorted(found, key=lambda name: judged[name].probability)
