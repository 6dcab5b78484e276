"""What a message comes to within its matter: a point is finer than a topic (trust within love, a plan that sticks).

A point is known by its words alone (`bot/points`), and has a few sentences of its own: one that names it, one that says
how such a thing comes about, one that asks, and a `way` for who asks how. It is said within the matter that the talk is
on, and brings the first of its own matters where there is none.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from bot.companion.bank import Piece, wrong_sentence
from bot.companion.manner import what_counts

POINTS = Path(__file__).resolve().parent.parent / "points"
WIDE = str.maketrans(",?!", "，？！")
"""Rasa's text has narrow marks: points are written for the wide ones."""
KINDS = ("reflect", "validate", "ask", "way")
"""`way` says one thing that can be done, to who asks how: it is no question and no offer."""
LAST = 2
"""How broad a point is that gives way to all others, and to any matter that has a file of the bank."""
BROAD = {False: 0, True: 1, "last": LAST}
MOST = 3
"""So many points are taken up of one message, the plainest first."""
EVERYWHERE = "any"


@dataclass(frozen=True)
class Point:
    """`of` are the matters it is said within, the first the one it brings. A `broad` one gives way to any other, the
    last to all."""

    id: str
    of: tuple[str, ...]
    words: re.Pattern[str]
    broad: int
    kinds: Mapping[str, tuple[Piece, ...]]

    def fits(self, topic: str | None) -> bool:
        """Whether this may be said while the talk is on that."""
        return topic is None or topic in self.of or EVERYWHERE in self.of


@cache
def read_points(folder: Path = POINTS) -> Mapping[str, Point]:
    """All points, read once. `ValueError` names the file and the point that breaks a rule of the format."""
    found: dict[str, Point] = {}
    for page in sorted(folder.glob("*.yml")):
        top = yaml.safe_load(page.read_text(encoding="utf-8"))
        if set(top) != {"owner", "review", "points"} or not all(top.values()):
            raise ValueError(f"{page.name}: needs owner, review and points, nothing else")
        for name, entry in top["points"].items():
            if name in found:
                raise ValueError(f"{page.name}: {name} stands twice")
            found[name] = _read_point(f"{page.name}: {name}", name, entry)
    return MappingProxyType(found)


def _read_point(where: str, name: str, entry: Mapping[str, Any]) -> Point:
    if set(entry) - {"of", "words", "broad", *KINDS} or not all(
        entry.get(key) for key in ("of", "words", *KINDS)
    ):
        raise ValueError(f"{where}: needs of, words, {', '.join(KINDS)}, and nothing but broad besides")
    kinds = {}
    for kind in KINDS:
        for text in entry[kind]:
            if wrong := wrong_sentence("ask" if kind == "ask" else "present", {"text": text}):
                raise ValueError(f"{where}: {kind} “{text}”: {wrong}")
        kinds[kind] = tuple(_piece(name, kind, text) for text in entry[kind])
    return Point(
        name,
        tuple(entry["of"]),
        re.compile(entry["words"]),
        BROAD[entry.get("broad", False)],
        MappingProxyType(kinds),
    )


def _piece(name: str, kind: str, text: str) -> Piece:
    mark = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()[:8]
    return Piece(f"{name}.{kind}.{mark}", text, kind, None, None, None, None)


def points_in(text: str) -> tuple[Point, ...]:
    """The points of a message, the plainest first: what stands after 但是 is asked first, and the whole where that
    holds only what gives way to all. A narrow one goes before a broad one, what is named at more length before what is
    named in passing, and what is named last before the rest."""
    text = text.translate(WIDE)
    named: list[Point] = []
    for part in dict.fromkeys((what_counts(text), text)):
        hits = {
            name: [hit.span() for hit in point.words.finditer(part)] for name, point in read_points().items()
        }
        named = [read_points()[name] for name, at in hits.items() if at]
        named.sort(key=lambda point: (point.broad, -_length(hits[point.id]), -max(hits[point.id])[0]))
        if named and named[0].broad < LAST:
            break
    return tuple(named)


def _length(spans: Sequence[tuple[int, int]]) -> int:
    return sum(end - start for start, end in spans)


def in_matter(piece: Piece, topic: str | None, said: Sequence[str]) -> Piece | None:
    """This sentence as one of the matter that the talk is on, so that the talk stays on it; None when it was said."""
    kind, mark = piece.id.split(".")[1:]
    if any(one.endswith(f".{mark}") for one in said):
        return None
    return Piece(f"{topic or EVERYWHERE}.{kind}.{mark}", piece.text, kind, None, None, None, piece.echo)
