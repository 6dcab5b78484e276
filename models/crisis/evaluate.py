"""Measure the crisis reader on a file of labelled or unlabelled messages, given by its path.

    python -m models.crisis.evaluate PATH [--show misses|alarms]

Reads JSON lines with `text` and, where the file has labels, `label` (crisis, elevated, none) and optionally
`labels`. Prints counts; it prints messages only when asked to, and writes nothing.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models.crisis.recogniser import CrisisRecogniser, Reading


@dataclass
class Report:
    """What was counted: pairs of (label, level read), the original labels, and the rules that spoke."""

    pairs: Counter[tuple[str, str]] = field(default_factory=Counter)
    by_label: dict[str, Counter[str]] = field(default_factory=dict)
    levels: Counter[str] = field(default_factory=Counter)
    rules_right: Counter[str] = field(default_factory=Counter)
    rules_wrong: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def total(self) -> int:
        return sum(self.levels.values())

    def measure(self, alarm: Sequence[str]) -> tuple[int, int, int, int]:
        """True alarms, misses, false alarms, rightly quiet, when these levels count as the alarm."""
        hit = sum(n for (label, level), n in self.pairs.items() if label in alarm and level in alarm)
        miss = sum(n for (label, level), n in self.pairs.items() if label in alarm and level not in alarm)
        false = sum(n for (label, level), n in self.pairs.items() if label not in alarm and level in alarm)
        quiet = sum(
            n for (label, level), n in self.pairs.items() if label not in alarm and level not in alarm
        )
        return hit, miss, false, quiet


def interval(part: int, whole: int) -> tuple[float, float]:
    """The 95 % Wilson interval of a proportion; (0, 1) where nothing was counted."""
    if not whole:
        return 0.0, 1.0
    z, p = 1.96, part / whole
    centre = (p + z * z / (2 * whole)) / (1 + z * z / whole)
    spread = z * math.sqrt(p * (1 - p) / whole + z * z / (4 * whole * whole)) / (1 + z * z / whole)
    return max(0.0, centre - spread), min(1.0, centre + spread)


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a JSON lines file."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                yield json.loads(line)


def evaluate(reader: CrisisRecogniser, path: Path, show: str = "") -> Report:
    """Read every row once and count; `show` prints misses or alarms while reading."""
    report = Report()
    for row in rows(path):
        begun = time.perf_counter()
        reading = reader.read(row["text"])
        report.seconds += time.perf_counter() - begun
        report.levels[reading.level] += 1
        label = row.get("label")
        if label is not None:
            report.pairs[label, reading.level] += 1
            for original in row.get("labels") or ([row["orig"]] if row.get("orig") else []):
                report.by_label.setdefault(original, Counter())[reading.level] += 1
            if reading.level == "crisis":
                counted = report.rules_right if label == "crisis" else report.rules_wrong
                counted.update({reason.rule for reason in reading.reasons})
        if (
            (show == "misses" and label == "crisis" and reading.level != "crisis")
            or (show == "quiet" and label in ("crisis", "elevated") and reading.level == "none")
            or (show == "alarms" and reading.level == "crisis" and label != "crisis")
            or (show == "elevated" and reading.level == "elevated" and label not in ("crisis", "elevated"))
        ):
            print(_line(row, reading))
    return report


def _line(row: dict[str, Any], reading: Reading) -> str:
    rules = ", ".join(f"{r.rule}={row['text'][r.start : r.end]}({r.whose})" for r in reading.reasons[:3])
    return f"{row.get('label', '-'):8} {reading.level:8} {row['text'][:150]!r}  [{rules}]"


def _proportion(part: int, whole: int) -> str:
    low, high = interval(part, whole)
    return f"{part / whole if whole else 0:.3f} ({part}/{whole}, 95 % {low:.3f} to {high:.3f})"


def print_report(report: Report) -> None:
    """The figures, for a person to read."""
    print(f"messages {report.total}, {report.total / report.seconds if report.seconds else 0:.0f} a second")
    for level in ("crisis", "elevated", "none"):
        print(f"  read as {level:8} {_proportion(report.levels[level], report.total)}")
    if not report.pairs:
        return
    for name, alarm in (("crisis", ("crisis",)), ("crisis or elevated", ("crisis", "elevated"))):
        hit, miss, false, quiet = report.measure(alarm)
        print(f"{name} against the rest")
        print(f"  recall       {_proportion(hit, hit + miss)}")
        print(f"  precision    {_proportion(hit, hit + false)}")
        print(f"  false alarms {_proportion(false, false + quiet)}")
    print("label -> read")
    for label in ("crisis", "elevated", "none"):
        counts = {level: report.pairs[label, level] for level in ("crisis", "elevated", "none")}
        print(f"  {label:8} {counts}")
    none_as_crisis = report.pairs["none", "crisis"]
    nones = sum(n for (label, _), n in report.pairs.items() if label == "none")
    crises = sum(n for (label, _), n in report.pairs.items() if label == "crisis")
    print(f"  none read as crisis {_proportion(none_as_crisis, nones)}")
    print(f"  crisis read as none {_proportion(report.pairs['crisis', 'none'], crises)}")
    print("original label -> read")
    for original, counted in sorted(report.by_label.items()):
        print(f"  {original} {dict(counted)}")
    print("rules behind false crisis alarms (wrong / right)")
    for rule, count in report.rules_wrong.most_common(12):
        print(f"  {rule} {count} / {report.rules_right[rule]}")


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Measure the crisis reader on a JSON lines file.")
    parser.add_argument("path", type=Path)
    parser.add_argument("--show", choices=("misses", "quiet", "alarms", "elevated"), default="")
    chosen = parser.parse_args(arguments)
    print_report(evaluate(CrisisRecogniser.from_files(), chosen.path, chosen.show))


if __name__ == "__main__":
    main()
