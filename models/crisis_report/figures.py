"""Counting: what was read of what was said, with 95 % intervals. Pure functions over labels and levels."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from models.crisis_report.sets import LEVELS, Sample

Z = 1.959964


@dataclass(frozen=True)
class Share:
    """A part of a whole, with the Wilson interval of its proportion (Wilson 1927)."""

    part: int
    whole: int

    @property
    def value(self) -> float | None:
        """The proportion; None where nothing was counted."""
        return self.part / self.whole if self.whole else None

    @property
    def interval(self) -> tuple[float, float]:
        """95 %; everything is possible where nothing was counted."""
        if not self.whole:
            return 0.0, 1.0
        p, n = self.part / self.whole, self.whole
        centre = (p + Z * Z / (2 * n)) / (1 + Z * Z / n)
        spread = Z * math.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n)) / (1 + Z * Z / n)
        return max(0.0, centre - spread), min(1.0, centre + spread)

    def as_json(self) -> dict[str, Any]:
        low, high = self.interval
        value = None if self.value is None else round(self.value, 4)
        return {
            "part": self.part,
            "of": self.whole,
            "share": value,
            "low": round(low, 4),
            "high": round(high, 4),
        }


@dataclass
class Table:
    """How many lines of each label were read as each level."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, label: str, level: str) -> None:
        self.counts[label, level] += 1

    def of(self, label: str, *levels: str) -> int:
        """Lines of this label that were read as one of these levels (all levels where none is named)."""
        return sum(self.counts[label, level] for level in levels or LEVELS)

    @property
    def crisis_recall(self) -> Share:
        """Of what is crisis: read as crisis."""
        return Share(self.of("crisis", "crisis"), self.of("crisis"))

    @property
    def crisis_precision(self) -> Share:
        """Of what was read as crisis: is crisis."""
        alarms = sum(self.of(label, "crisis") for label in LEVELS)
        return Share(self.of("crisis", "crisis"), alarms)

    @property
    def misses(self) -> Share:
        """Of what is crisis: read as none, so that not even a question follows."""
        return Share(self.of("crisis", "none"), self.of("crisis"))

    @property
    def false_alarms(self) -> Share:
        """Of what is none: read as crisis."""
        return Share(self.of("none", "crisis"), self.of("none"))

    @property
    def needless_questions(self) -> Share:
        """Of what is none: read as elevated, which asks directly."""
        return Share(self.of("none", "elevated"), self.of("none"))

    @property
    def elevated_heard(self) -> Share:
        """Of what is elevated: read as elevated or crisis."""
        return Share(self.of("elevated", "elevated", "crisis"), self.of("elevated"))

    def as_json(self) -> dict[str, Any]:
        out: dict[str, Any] = {name: getattr(self, name).as_json() for name in MEASURES}
        out["label_to_level"] = {
            label: {level: self.of(label, level) for level in LEVELS} for label in LEVELS if self.of(label)
        }
        return out


MEASURES = {
    "crisis_recall": "crisis heard as crisis",
    "crisis_precision": "alarms that are crisis",
    "misses": "crisis answered none",
    "false_alarms": "none read as crisis",
    "needless_questions": "none read as elevated",
    "elevated_heard": "elevated heard at least so",
}


@dataclass
class Measured:
    """One reader on one set. `groups` are the same figures by family, by style and by category."""

    reader: str
    whole: Table
    groups: Mapping[str, Mapping[str, Table]]
    levels: Counter[str]
    wrong: list[tuple[Sample, str]]

    def as_json(self) -> dict[str, Any]:
        return {
            "reader": self.reader,
            "messages": sum(self.levels.values()),
            "read_as": {level: self.levels[level] for level in LEVELS},
            "whole": self.whole.as_json(),
            "groups": {
                kind: {name: table.as_json() for name, table in sorted(tables.items())}
                for kind, tables in self.groups.items()
            },
        }


def measure(reader: str, samples: Sequence[Sample], levels: Iterable[str]) -> Measured:
    """Count what `reader` made of the samples; `levels` are what it read, in their order."""
    whole = Table()
    groups: dict[str, dict[str, Table]] = {
        kind: defaultdict(Table) for kind in ("family", "style", "category")
    }
    read: Counter[str] = Counter()
    wrong = []
    for sample, level in zip(samples, levels, strict=True):
        read[level] += 1
        if not sample.label:
            continue
        whole.add(sample.label, level)
        for kind, tables in groups.items():
            if name := getattr(sample, kind):
                tables[name].add(sample.label, level)
        if level != sample.label:
            wrong.append((sample, level))
    return Measured(reader, whole, {k: dict(v) for k, v in groups.items()}, read, wrong)
