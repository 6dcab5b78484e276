"""The course of a conversation: what builds up over many messages, none of which says it alone.

Pure: values in, values out. Risk is sticky here: what was reached once stays reached, whatever is said later, and a
retraction changes nothing. The rules are data, `rules/course.yml`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from models.crisis.language import Seeker
from models.crisis.matching import Text
from models.crisis.normalise import Normaliser

_ORDER: dict[str, int] = {"none": 0, "elevated": 1, "crisis": 2}


@dataclass(frozen=True)
class Heard:
    """One message of the resident: how it was read, and the small signs in it."""

    level: str = "none"
    categories: frozenset[str] = frozenset()
    signs: frozenset[str] = frozenset()
    confirms: bool = False
    takes_back: bool = False


@dataclass(frozen=True)
class CourseReading:
    """What a conversation says as a whole. `reasons`: the rules that it fulfils now, the first that it reached first.

    `level` is the highest that anything in it reached, `category` what the last reason is about.
    """

    level: str
    reasons: tuple[str, ...]
    category: str | None


@dataclass(frozen=True)
class CourseRule:
    """So many signs, or messages that were elevated alone, within the last messages: then the level."""

    id: str
    level: str
    category: str
    messages: int  # at least so many messages carry them
    signs: int = 0  # different kinds of small signs
    low: int = 0  # messages that were elevated alone
    kinds: int = 0  # different categories of those
    with_one_of: frozenset[str] = frozenset()  # one of these signs is among them

    def fulfilled(self, heard: Sequence[Heard]) -> bool:
        """Whether these messages, oldest first, are enough."""
        low = [each for each in heard if each.level == "elevated"]
        carrying = [each for each in heard if each.signs or each.level != "none"]
        signs = frozenset().union(*(each.signs for each in heard)) if heard else frozenset()
        kinds = frozenset().union(*(each.categories for each in low)) if low else frozenset()
        return (
            len(carrying) >= self.messages
            and len(signs) >= self.signs
            and len(low) >= self.low
            and len(kinds) >= self.kinds
            and (not self.with_one_of or bool(signs & self.with_one_of))
        )


@dataclass(frozen=True)
class Course:
    """Reads the course of a conversation."""

    looks_back: int
    signs: Mapping[str, tuple[Seeker, ...]]
    confirms: tuple[Seeker, ...]
    confirms_within: int
    confirms_level: str
    confirms_category: str
    takes_back: tuple[Seeker, ...]
    rules: tuple[CourseRule, ...]
    normaliser: Normaliser

    def heard(
        self, text: str, level: str = "none", categories: frozenset[str] | Sequence[str] = frozenset()
    ) -> Heard:
        """One message, with how it was read alone, and the signs that are in it."""
        searched = Text(self.normaliser.views(text)[0][0].text)
        end = len(searched.text)
        return Heard(
            level,
            frozenset(categories),
            frozenset(sign for sign, sought in self.signs.items() if searched.contains(sought, 0, end)),
            searched.contains(self.confirms, 0, end),
            searched.contains(self.takes_back, 0, end),
        )

    def read(self, heard: Sequence[Heard]) -> CourseReading:
        """The conversation so far, oldest first. Never lower than any part of it that begins where it begins."""
        level = max((each.level for each in heard), key=_ORDER.__getitem__, default="none")
        reasons: list[str] = []
        category: str | None = None
        for end in range(1, len(heard) + 1):
            seen = heard[max(0, end - self.looks_back) : end]
            if self._confirmed(seen) and "course.confirmed" not in reasons:
                reasons.append("course.confirmed")
                level, category = _higher(level, self.confirms_level), self.confirms_category
            for rule in self.rules:
                if rule.id not in reasons and rule.fulfilled(seen):
                    reasons.append(rule.id)
                    level, category = _higher(level, rule.level), rule.category
        return CourseReading(level, tuple(reasons), category)

    def _confirmed(self, heard: Sequence[Heard]) -> bool:
        """Whether the last message says that the ones just before it were meant."""
        if not heard or not heard[-1].confirms:
            return False
        before = heard[max(0, len(heard) - 1 - self.confirms_within) : -1]
        return any(each.level != "none" for each in before)


def _higher(one: str, other: str) -> str:
    return max(one, other, key=_ORDER.__getitem__)
