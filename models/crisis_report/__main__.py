"""`make crisis-report`: see the package's own words."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from models.crisis_report.card import CARD, write_card
from models.crisis_report.figures import Measured, measure
from models.crisis_report.picture import draw
from models.crisis_report.readers import BOTH, readers
from models.crisis_report.sets import SampleSet, UnreadableData, outside_set, own_sets
from models.crisis_report.telling import told, wrong_lines
from models.learned.errors import CorpusError

PICTURE = CARD.with_name("card.svg")
SHOWN = ("misses", "unheard", "alarms", "questions")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line. Messages are printed only where `--show` asks for them."""
    chosen = _parser().parse_args(arguments)
    try:
        sets = [] if chosen.only_data else own_sets()
        sets += [outside_set(path, chosen.half) for path in chosen.data]
    except (UnreadableData, CorpusError) as error:
        print(f"✗ {error}", file=sys.stderr)
        return 2
    results = [(each, _read(each)) for each in sets]
    for sample_set, found in results:
        for line in told(sample_set, found, families=chosen.families):
            print(line)
        for line in wrong_lines(found[-1], chosen.show) if chosen.show else ():
            print(line)
    if chosen.json:
        chosen.json.write_text(json.dumps(_as_json(results), ensure_ascii=False, indent=1), encoding="utf-8")
    if chosen.picture:
        draw(results, chosen.picture)
    if chosen.card:
        write_card(results)
        draw(results, PICTURE)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="crisis-report", description="How often the crisis reader is right."
    )
    parser.add_argument(
        "--data", type=Path, action="append", default=[], help="a JSON lines file: text, label"
    )
    parser.add_argument("--half", choices=("even", "odd"), default="", help="only these rows of the files")
    parser.add_argument("--only-data", action="store_true", help="leave the project's own lines out")
    parser.add_argument(
        "--families", action="store_true", help="also a line for each family, the worst first"
    )
    parser.add_argument("--show", choices=SHOWN, default="", help="print the messages that were read wrongly")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--picture", type=Path, help="draw the figures into this SVG file")
    parser.add_argument(
        "--card", action="store_true", help="write models/crisis/CARD.md and its picture anew"
    )
    return parser


def _read(sample_set: SampleSet) -> list[Measured]:
    """Every reader over one set, the one that residents meet last."""
    found = []
    for name, read in readers().items():
        found.append(measure(name, sample_set.samples, _levels(name, read, sample_set)))
    return sorted(found, key=lambda each: each.reader == BOTH)


def _levels(name: str, read, sample_set: SampleSet) -> Iterator[str]:  # type: ignore[no-untyped-def]
    total, shown = len(sample_set.samples), sys.stderr.isatty()
    for number, sample in enumerate(sample_set.samples, 1):
        if shown and (number % 200 == 0 or number == total):
            end = "\n" if number == total else ""
            print(f"\r{sample_set.name}, {name}: {number}/{total}", end=end, file=sys.stderr, flush=True)
        yield read(sample.text)


def _as_json(results: Sequence[tuple[SampleSet, Sequence[Measured]]]) -> list[dict[str, object]]:
    return [
        {"set": each.name, "seen": each.seen, "readers": [measured.as_json() for measured in found]}
        for each, found in results
    ]


if __name__ == "__main__":
    sys.exit(main())
