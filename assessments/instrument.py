"""What a questionnaire is: items, options, bands. Values only; nothing here reads a file or a clock."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from assessments.errors import AnswerNotOffered, UnknownItem

Answers = Mapping[str, int | None]
"""Answers by item id; `None` is a question that was shown and that the resident did not want to answer."""


@dataclass(frozen=True, slots=True)
class Option:
    """One answer that the form offers, with the value printed on the published form."""

    value: int
    label: str


@dataclass(frozen=True, slots=True)
class Critical:
    """From which value an answer counts at once, why, and what the resident is told at that moment."""

    at_least: int
    reason: str
    say: str
    refusal_counts: bool = False


@dataclass(frozen=True, slots=True)
class AskedAfter:
    """The item is asked only when one of `items` was answered at least so, or was refused."""

    items: tuple[str, ...]
    at_least: int


@dataclass(frozen=True, slots=True)
class Item:
    """One question. `number` is the one printed on the published form."""

    id: str
    number: str
    text: str
    options: tuple[Option, ...]
    critical: Critical | None = None
    asked_after: AskedAfter | None = None

    def offers(self, value: object) -> bool:
        """Whether the form offers this value; `True`, `2.0` and `"2"` are not values of a form."""
        return type(value) is int and any(option.value == value for option in self.options)

    def label(self, value: int) -> str:
        """The words of one option; refuses a value that is not offered."""
        for option in self.options:
            if self.offers(value) and option.value == value:
                return option.label
        raise AnswerNotOffered(self.number, value)

    def is_critical(self, value: int | None) -> bool:
        """Whether this answer, by itself and whatever the total, must be acted on at once."""
        if self.critical is None:
            return False
        if value is None:
            return self.critical.refusal_counts
        return value >= self.critical.at_least


@dataclass(frozen=True, slots=True)
class Band:
    """A range of totals, from `start` up to the next band; or, with `item`, what one answer decides alone."""

    start: int
    id: str
    name: str
    item: str | None = None


@dataclass(frozen=True, slots=True)
class Instrument:
    """One version of one questionnaire."""

    id: str
    version: str
    title: str
    intro: str
    timeframe: str
    minutes: int
    items: tuple[Item, ...]
    bands: tuple[Band, ...]
    source: str
    rights: str
    setting: str
    checked_on: str
    translation: Literal["published", "own"]
    content_hash: str

    def item(self, item_id: str) -> Item:
        """The item of this id; raises `UnknownItem`."""
        for item in self.items:
            if item.id == item_id:
                return item
        raise UnknownItem(self.id)

    def item_numbered(self, number: str) -> Item:
        """The item of this number on the published form; raises `UnknownItem`."""
        for item in self.items:
            if item.number == number:
                return item
        raise UnknownItem(self.id)

    def applies(self, item: Item, answers: Answers) -> bool:
        """Whether the form asks this item after these answers. What was answered always counts."""
        if item.asked_after is None or item.id in answers:
            return True
        return any(
            before in answers and (answers[before] is None or answers[before] >= item.asked_after.at_least)  # type: ignore[operator]
            for before in item.asked_after.items
        )

    def next_item(self, answers: Answers) -> Item | None:
        """The first item, in the order of the form, that still has to be shown; `None` when all were."""
        for item in self.items:
            if item.id not in answers and self.applies(item, answers):
                return item
        return None

    @property
    def highest_total(self) -> int:
        """The greatest sum that the form allows."""
        return sum(max(option.value for option in item.options) for item in self.items)

    @property
    def lowest_total(self) -> int:
        """The smallest sum that the form allows."""
        return sum(min(option.value for option in item.options) for item in self.items)
