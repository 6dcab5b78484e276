"""What residents say for the options of each kind of scale, read from `phrases.yml`, and how numbers are read there.

A scale is found by its options: any form whose options are among the labels of a scale is answered in its words. A
phrase never stands for two options of one scale: the file would be refused.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assessments.errors import LibraryError
from assessments.instrument import Item
from assessments.reading import read_yaml

FILE = "phrases.yml"
Meaning = tuple[str | None, bool]
"""What was meant, and whether it is sure. No meaning: not understood; not sure: to be asked back."""


@dataclass(frozen=True, slots=True)
class Span:
    """From how many to how many means what; `sure` is False for what lies between two options."""

    low: int
    high: int
    meaning: str
    sure: bool


@dataclass(frozen=True, slots=True)
class Scale:
    """One kind of options: their labels, the phrases that mean one of them, and how numbers are taken.

    `unsure` holds phrases to ask back about, `None` for those that name no option. `looked_for` are the phrases that
    are also found inside a short sentence, the longest first. `counts` reads numbers by their unit (天, 杯), `rates`
    numbers by the period (周, 月). `bare`: the unit of a number without one. `by_place`: a bare digit is the place on
    the screen.
    """

    labels: Mapping[str, str]
    sure: Mapping[str, str]
    unsure: Mapping[str, str | None]
    looked_for: tuple[str, ...]
    counts: Mapping[str, tuple[Span, ...]]
    rates: Mapping[str, tuple[Span, ...]]
    bare: str | None = None
    by_place: bool = False

    def says(self, words: str) -> Meaning | None:
        """What exactly these words mean; `None` when they are no phrase of this scale."""
        if words in self.sure:
            return self.sure[words], True
        if words in self.unsure:
            return self.unsure[words], False
        return None

    def counted(self, low: int, high: int, unit: str) -> Meaning | None:
        """What a number with this unit means, or one between `low` and `high`; `None` when it is none of this scale."""
        return _in_spans(self.counts.get(unit, ()), low, high)

    def rated(self, low: int, high: int, period: str) -> Meaning | None:
        """What so many times in a period mean."""
        return _in_spans(self.rates.get(period, ()), low, high)


def plain(text: str) -> str:
    """One writing for one meaning: full width, circled digits, spaces, marks and case aside."""
    text = unicodedata.normalize("NFKC", text.translate(_CIRCLED)).lower()
    return "".join(letter for letter in text if unicodedata.category(letter)[0] in "LN")


def label_forms(label: str) -> tuple[str, ...]:
    """The label, and what it is made of: both sides of 或, what stands in brackets and what before them."""
    parts = [part for part in re.split(r"[（）()]|或", label) if not part.strip().startswith("更")]
    whole = plain(label)
    return tuple(dict.fromkeys((whole, *(words for part in parts if len(words := plain(part)) > 1))))


def scale_of(item: Item) -> tuple[Scale, dict[str, int]] | None:
    """The scale that the options of this item belong to, and its values by meaning."""
    shown = {plain(option.label): option.value for option in item.options if option.label}
    if not shown or len(shown) < len(item.options):
        return None
    for scale in SCALES:
        if shown.keys() <= scale.labels.keys():
            return scale, {scale.labels[label]: value for label, value in shown.items()}
    return None


def _in_spans(spans: Iterable[Span], low: int, high: int) -> Meaning | None:
    ends = [next((span for span in spans if span.low <= at <= span.high), None) for at in (low, high)]
    first, last = ends
    if first is None or last is None:
        return None
    return last.meaning, first.meaning == last.meaning and first.sure and last.sure


def _spans(text: str) -> tuple[Span, ...]:
    found = []
    for part in text.split(","):
        ends, meaning = part.split()
        low, _, high = ends.partition("-")
        found.append(Span(int(low), int(high or low), meaning.rstrip("?"), not meaning.endswith("?")))
    return tuple(found)


def _by_phrase(table: Mapping[str, str], known: Mapping[str, str]) -> dict[str, str]:
    """Every phrase with its meaning; a phrase with two meanings would be a guess, so it is refused."""
    found: dict[str, str] = {}
    for meaning, phrases in table.items():
        for phrase in phrases.split():
            if found.setdefault(phrase, meaning) != meaning or known.get(phrase, meaning) != meaning:
                raise LibraryError(FILE, phrase, "同一个说法写在两处")
    return found


def _scale(raw: Mapping[str, Any]) -> Scale:
    labels = {plain(label): meaning for label, meaning in raw["labels"].items()}
    made_of: dict[str, str] = {}
    for label, meaning in raw["labels"].items():
        for form in label_forms(label):
            if made_of.setdefault(form, meaning) != meaning:
                raise LibraryError(FILE, label, "两个选项的说法分不开")
    sure = made_of | _by_phrase(raw["says"], made_of)
    guesses = _by_phrase(raw.get("unsure", {}), sure)
    if twice := guesses.keys() & sure.keys():
        raise LibraryError(FILE, sorted(twice)[0], "同一个说法写在两处")
    unsure: dict[str, str | None] = dict.fromkeys(_NOTHING - sure.keys())
    unsure |= {phrase: None if meaning == "nothing" else meaning for phrase, meaning in guesses.items()}
    whole_only = set(raw.get("whole_only", "").split())
    return Scale(
        labels=labels,
        sure=sure,
        unsure=unsure,
        looked_for=tuple(
            sorted(
                (phrase for phrase in sure if len(phrase) > 1 and phrase not in whole_only),
                key=lambda phrase: (-len(phrase), phrase),
            )
            if raw.get("inside", True)
            else ()
        ),
        counts={unit: _spans(text) for unit, text in raw.get("counts", {}).items()},
        rates={period: _spans(text) for period, text in raw.get("rates", {}).items()},
        bare=raw.get("bare"),
        by_place=raw.get("digits") == "place",
    )


_CIRCLED = {ord(mark): f"第{place}个" for place, mark in enumerate("①②③④⑤⑥", 1)}
WORDING: Mapping[str, Any] = read_yaml(Path(__file__).with_name(FILE))
_NOTHING = frozenset(WORDING["nothing"].split())
SCALES = tuple(_scale(raw) for raw in WORDING["scales"])
