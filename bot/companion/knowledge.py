"""Questions of fact, answered from reviewed files; where none surely answers, who knows.

`bot/knowledge` holds the entries with their source, owner and day of review, the mediators, the doors that a dispute
opens, words that mean the same, and what is asked here and known elsewhere. What is found is a whole entry as it was
reviewed: no sentence is put together. A wrong answer is worse than none, so below a measured sureness there is none.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path

from bot.companion.knowledge_files import (
    FOLDER,
    NOWHERE,
    Door,
    Entry,
    Mediator,
    Pages,
    read_doors,
    read_pages,
)
from bot.companion.knowledge_likeness import Likeness

SURE = 0.65
"""How sure a match must be to be said; measured in tests/bot/test_knowledge.py."""
SURE_IN_TOPIC = 0.7
"""The same where the dialogue has already read the message as a question on that matter."""
TELLS_FROM = 40
"""Who writes so many signs tells something, even where a question stands in it."""
NEAR, NEAR_ENOUGH = 3, 0.02
"""At most so many entries are offered to choose from, each at least so sure."""
GUESS = 0.3
"""How sure a match must be for its window to be named."""
OLD_AFTER = timedelta(days=365)
"""A review older than this is said along with the answer."""
OTHERWISE = "12345 政务服务便民热线"
"""Who knows when nothing says who."""
_EITHER_OR = re.compile(r"(.)[不没]\1|(?:[^么]不|没有?)$")
"""要不要, and a 不 or 没 at the end: 收钱不."""


@dataclass(frozen=True)
class Found:
    """An entry that answers, and how sure that is (0 to 1)."""

    entry: Entry
    sureness: float

    def bubbles(self, today: date | None, lines: Sequence[str] = ()) -> tuple[str, ...]:
        """What is said. `lines` are the hotlines' ready sentences of this moment, each beginning with its number.

        `⟦电话:12356⟧` becomes the sentence of that line; a bubble whose line is not among them is left out, so that no
        hours are ever claimed that were not configured. After a year without review the last bubble says so.
        """
        said = []
        for bubble in self.entry.answer:
            number = self.entry.line_in(bubble)
            if number is None:
                said.append(bubble)
            elif line := next((line for line in lines if line.split(" ", 1)[0] == number), None):
                said.append(f"{line}。")
        reviewed = self.entry.reviewed
        if today is not None and today - reviewed > OLD_AFTER:
            said.append(f"这条是{reviewed.year}年{reviewed.month}月{reviewed.day}日核对的，以窗口说的为准。")
        return tuple(said)


@dataclass(frozen=True)
class Unsure:
    """Nothing surely answers. `window` names who knows; `near` may be offered to choose from, likeliest first."""

    window: str
    near: tuple[Entry, ...] = ()


class Knowledge:
    """All entries, and which of them answers a question."""

    def __init__(self, pages: Pages) -> None:
        self.entries = pages.entries
        self.mediators = pages.mediators
        self._elsewhere = pages.elsewhere
        self._likeness = Likeness(pages)

    def entry(self, id: str) -> Entry:
        """One entry by its id; `KeyError` when there is none."""
        return self.entries[id]

    def mediator(self, id: str) -> Mediator:
        """One mediator by their id; `KeyError` when there is none."""
        return self.mediators[id]

    def opening(self, intent: str | None) -> Entry | None:
        """What answers a matter that was named and not asked about, as by a button; None where nothing does."""
        return next((entry for entry in self.entries.values() if intent in entry.opens), None)

    def find(self, text: str, intent: str | None = None) -> Found | Unsure:
        """What answers this. `intent` is how the dialogue read it: it makes an entry of that matter easier to give."""
        ranked = self._likeness.rank(text)
        best, sureness = ranked[0]
        if best in self.entries and sureness >= SURE:
            return Found(self.entries[best], sureness)
        asked = [
            (name, p) for name, p in ranked if name in self.entries and intent in self.entries[name].intents
        ]
        if asked and asked[0][1] >= SURE_IN_TOPIC * sum(p for _, p in asked) and asked[0][1] >= sureness / 2:
            return Found(self.entries[asked[0][0]], asked[0][1])
        if best not in self.entries and sureness >= SURE:
            return Unsure(self._elsewhere[best].window if best in self._elsewhere else OTHERWISE)
        return Unsure(self._window(ranked, asked), self._near(asked or ranked))

    def _window(self, ranked: Sequence[tuple[str, float]], asked: Sequence[tuple[str, float]]) -> str:
        best, sureness = ranked[0]
        if best in self._elsewhere:
            return self._elsewhere[best].window
        if asked:
            return self.entries[asked[0][0]].window
        return self.entries[best].window if best in self.entries and sureness >= GUESS else OTHERWISE

    def _near(self, ranked: Sequence[tuple[str, float]]) -> tuple[Entry, ...]:
        likely = [name for name, share in ranked if name in self.entries and share >= NEAR_ENOUGH]
        return tuple(self.entries[name] for name in likely[:NEAR])


@cache
def read_knowledge(folder: Path = FOLDER) -> Knowledge:
    """All entries of a folder, read once. `ValueError` names the file and what is wrong in it."""
    return Knowledge(read_pages(folder))


def asks(text: str, folder: Path = FOLDER) -> bool:
    """Whether something is asked here, and not told: a trouble that is told is listened to first."""
    pages = read_pages(folder)
    rest = re.sub("|".join(map(re.escape, pages.telling)), "", unicodedata.normalize("NFKC", text))
    marked = any(word in rest for word in pages.asking) or _EITHER_OR.search(rest) is not None
    return marked and len(text) < TELLS_FROM


def door_for(topics: Sequence[str], folder: Path = FOLDER) -> Door | None:
    """The other door for a dispute that was heard: of the first of `topics`, in their order, that has one."""
    doors = {topic: door for door in read_doors(folder) for topic in door.topics}
    return next((doors[topic] for topic in topics if topic in doors), None)


__all__ = [
    "NOWHERE",
    "Door",
    "Entry",
    "Found",
    "Knowledge",
    "Mediator",
    "Unsure",
    "asks",
    "door_for",
    "read_knowledge",
]
