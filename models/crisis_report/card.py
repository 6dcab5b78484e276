"""The card: what a clinician and a district must know before they trust the reader, with the figures of this run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from models.crisis_report.figures import MEASURES, Measured
from models.crisis_report.sets import SampleSet
from models.crisis_report.telling import one_line, percent

TEMPLATE = Path(__file__).parent / "card.md"
CARD = Path(__file__).parents[1] / "crisis" / "CARD.md"
MARK = "<!-- figures -->"


def write_card(results: Sequence[tuple[SampleSet, Sequence[Measured]]], path: Path = CARD) -> None:
    """Write the card: the text of `card.md` with the figures in their place."""
    template = TEMPLATE.read_text(encoding="utf-8")
    path.write_text(template.replace(MARK, "\n".join(_figures(results)).strip()), encoding="utf-8")


def _figures(results: Sequence[tuple[SampleSet, Sequence[Measured]]]) -> Iterator[str]:
    for sample_set, found in results:
        seen = (
            "**seen** while the reader was made" if sample_set.seen else "not seen while the reader was made"
        )
        yield f"\n### {sample_set.name}: {len(sample_set.samples):,} messages, {seen}\n"
        if sample_set.note:
            yield f"{sample_set.note[0].upper()}{sample_set.note[1:]}.\n"
        if any(each.whole.counts for each in found):
            yield from _table(found)
            yield from _groups(found[-1])
        else:
            yield from _alarms(found)


def _table(found: Sequence[Measured]) -> Iterator[str]:
    yield "| | " + " | ".join(each.reader for each in found) + " |"
    yield "|---" * (len(found) + 1) + "|"
    for name, words in MEASURES.items():
        cells = [percent(getattr(each.whole, name)) for each in found]
        yield f"| {words} | " + " | ".join(cells) + " |"


def _groups(measured: Measured) -> Iterator[str]:
    for kind in ("style", "category"):
        tables = measured.groups.get(kind, {})
        if tables:
            yield f"\nBy {kind} ({measured.reader}):\n"
            for name, table in sorted(tables.items()):
                yield f"- {name.replace('_', ' ')}: {one_line(table)}"


def _alarms(found: Sequence[Measured]) -> Iterator[str]:
    yield "| in a thousand messages | " + " | ".join(each.reader for each in found) + " |"
    yield "|---" * (len(found) + 1) + "|"
    for level in ("crisis", "elevated"):
        cells = [f"{1000 * each.levels[level] / sum(each.levels.values()):.1f}" for each in found]
        yield f"| read as {level} | " + " | ".join(cells) + " |"
