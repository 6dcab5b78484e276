"""Finding the places of a view where a rule's patterns, or its things that stand together, match.

Pure, and bounded: what a text cannot contain is not looked for, and no list of places grows without end.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from models.crisis.language import Seeker
from models.crisis.normalise import BREAK

Span = tuple[int, int]
_MOST_SPANS = 2_000
_REACH = {"clause": 30, "sentence": 60, "message": 240}
_PAUSES = ' ，。“”《》"'


@dataclass(frozen=True)
class Group:
    """Things that stand together, in any order, within one clause, one sentence or one message.

    The first of them is the one that a denial takes back and whose subject is asked for.
    """

    parts: tuple[Seeker, ...]
    within: str

    @property
    def needs(self) -> tuple[frozenset[str], ...]:
        """The sets of characters of which a text must hold one each: those of all its parts."""
        return tuple(dict.fromkeys(need for part in self.parts for need in part.needs))


class Index:
    """Says at once which of many patterns or groups a text can contain at all, in their order.

    Each needs one character of each of some sets; a text is held against all these sets in one step.
    """

    def __init__(self, sought: Sequence[Seeker | Group]) -> None:
        number: dict[frozenset[str], int] = {}
        needed = [[number.setdefault(need, len(number)) for need in each.needs] for each in sought]
        self._met_always = len(number)  # what needs nothing needs this
        self._needs = np.array(
            [need for needs in needed for need in needs or [self._met_always]], dtype=np.int64
        )
        self._first = np.cumsum([0, *(max(1, len(needs)) for needs in needed)])[:-1]
        held: dict[str, list[int]] = {}
        for need, at in number.items():
            for character in need:
                held.setdefault(character, []).append(at)
        self._by_character = {character: np.array(at) for character, at in held.items()}

    def possible(self, characters: frozenset[str]) -> list[int]:
        """The places, in the list that was given, of what a text of these characters may contain."""
        if not len(self._first):
            return []
        lacking = np.ones(self._met_always + 1, dtype=np.int64)
        lacking[self._met_always] = 0
        for character in characters:
            if (met := self._by_character.get(character)) is not None:
                lacking[met] = 0
        found: list[int] = np.flatnonzero(np.add.reduceat(lacking[self._needs], self._first) == 0).tolist()
        return found


@dataclass(frozen=True)
class Spot:
    """Where something was found; `marked` is where a denial would stand before it."""

    start: int
    end: int
    marked: int


class Text:
    """The text of one view, with what was looked for in it so far."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.characters = frozenset(text)
        self._spans: dict[Seeker, list[Span]] = {}

    def contains(self, sought: Sequence[Seeker], start: int, end: int) -> bool:
        """Whether one of these begins between the two places."""
        for seeker in sought:
            spans = self._places(seeker)
            at = bisect_left(spans, (start, 0))
            if at < len(spans) and spans[at][0] < end:
                return True
        return False

    def spots(self, seeker: Seeker, hidden: bytearray) -> Iterator[Spot]:
        """Every place of a pattern that lies in no hidden span, from left to right, overlapping ones too."""
        position = 0
        while position < len(self.text):
            found = seeker.regex.search(self.text, position)
            if found is None:
                return
            start, end = found.span()
            position = start + 1
            if hidden.find(1, start, end) >= 0:
                continue
            yield Spot(start, end, found.start(found.lastindex) if found.lastindex else start)

    def together(self, group: Group, hidden: bytearray) -> Iterator[Spot]:
        """Every place where the things of a group stand together, none of them hidden, no two of them the same."""
        first, *others = group.parts
        for span in self._places(first):
            if hidden.find(1, *span) >= 0:
                continue
            low, high = self._stretch(span, group.within)
            if not all(self.contains((other,), low, high) for other in others):
                continue
            chosen = self._rest([span], others, low, high, hidden)
            if chosen is not None:
                yield Spot(min(s for s, _ in chosen), max(e for _, e in chosen), span[0])

    def around(self, spot: Spot) -> Span:
        """The sentence around a spot, as far as a rule looks."""
        return self._stretch((spot.start, spot.end), "sentence")

    def _rest(
        self, chosen: list[Span], others: Sequence[Seeker], low: int, high: int, hidden: bytearray
    ) -> list[Span] | None:
        if not others:
            return chosen
        places = self._places(others[0])
        for index in range(bisect_left(places, (low, 0)), len(places)):
            start, end = places[index]
            if start >= high:
                return None
            if end > high or any(start < e and s < end for s, e in chosen) or hidden.find(1, start, end) >= 0:
                continue
            found = self._rest([*chosen, (start, end)], others[1:], low, high, hidden)
            if found is not None:
                return found
        return None

    def _stretch(self, span: Span, within: str) -> Span:
        low = max(0, span[0] - _REACH[within])
        high = min(len(self.text), span[1] + _REACH[within])
        if within == "message":
            return low, high
        signs = _PAUSES if within == "clause" else BREAK
        before = max(self.text.rfind(sign, low, span[0]) for sign in signs)
        after = [at for sign in signs if (at := self.text.find(sign, span[1], high)) >= 0]
        return max(low, before + 1), min(after, default=high)

    def _places(self, seeker: Seeker) -> list[Span]:
        known = self._spans.get(seeker)
        if known is not None:
            return known
        places: list[Span] = []
        if seeker.possible(self.characters):
            for found in seeker.regex.finditer(self.text):
                places.append(found.span())
                if len(places) == _MOST_SPANS:
                    break
        self._spans[seeker] = places
        return places
