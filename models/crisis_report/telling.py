"""The figures as text, for a person who has two minutes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from models.crisis_report.figures import MEASURES, Measured, Share, Table
from models.crisis_report.sets import LEVELS, SampleSet

WORST = 15


def percent(share: Share) -> str:
    """A proportion with its parts and its interval."""
    if share.value is None:
        return "–"
    low, high = share.interval
    return f"{share.value:.1%} ({share.part}/{share.whole}; {low:.1%} to {high:.1%})"


def told(sample_set: SampleSet, results: Sequence[Measured], *, families: bool = False) -> Iterator[str]:
    """Line by line: the whole set for each reader, then styles, and where `families` is set each family."""
    mark = "seen while making the reader" if sample_set.seen else "not seen while making the reader"
    yield f"== {sample_set.name}: {len(sample_set.samples)} messages ({mark})"
    if sample_set.note:
        yield f"   {sample_set.note}"
    for result in results:
        yield f"-- {result.reader}"
        total = sum(result.levels.values())
        for level in ("crisis", "elevated"):
            share = Share(result.levels[level], total)
            yield f"   read as {level:<9} {percent(share)}, {1000 * share.part / max(1, total):.0f} in a thousand"
        if not result.whole.counts:
            continue
        for name, words in MEASURES.items():
            yield f"   {words:<27} {percent(getattr(result.whole, name))}"
        yield from _groups("style", result)
        yield from _groups("category", result)
        if families:
            yield from _families(result)


def _groups(kind: str, result: Measured) -> Iterator[str]:
    for name, table in sorted(result.groups.get(kind, {}).items()):
        yield f"   {kind} {name:<26} {one_line(table)}"


def one_line(table: Table) -> str:
    """What matters of a group: recall and misses of crisis, false alarms of none, questions of elevated."""
    parts = []
    if table.of("crisis"):
        parts.append(f"heard {table.crisis_recall.part}/{table.of('crisis')}, none {table.misses.part}")
    if table.of("elevated"):
        parts.append(f"elevated heard {table.elevated_heard.part}/{table.of('elevated')}")
    if table.of("none"):
        parts.append(
            f"false alarms {table.false_alarms.part}/{table.of('none')}, questions {table.needless_questions.part}"
        )
    return "; ".join(parts)


def _families(result: Measured) -> Iterator[str]:
    for name, table in sorted(
        result.groups["family"].items(), key=lambda pair: (-_badness(pair[1]), pair[0])
    ):
        yield f"   family {name:<36} {one_line(table)}"


def _badness(table: Table) -> float:
    wrong = table.of("crisis", "none", "elevated") + table.of("none", "crisis") + table.of("elevated", "none")
    return wrong / max(1, sum(table.of(label) for label in LEVELS))


def wrong_lines(result: Measured, show: str) -> Iterator[str]:
    """The messages that were read wrongly: `misses` (crisis as none), `unheard` (crisis as less), `alarms`."""
    wanted = {
        "misses": lambda label, level: label == "crisis" and level == "none",
        "unheard": lambda label, level: label == "crisis",
        "alarms": lambda label, level: level == "crisis",
        "questions": lambda label, level: label == "none" and level == "elevated",
    }[show]
    for sample, level in result.wrong:
        if wanted(sample.label, level):
            yield f"   {sample.label:<8} {level:<8} {sample.family:<30} {sample.text[:160]!r}"
