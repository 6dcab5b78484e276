"""What is measured: the project's own tune and held-out families, and any labelled file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from models.learned.corpus import HELD_OUT, TUNE, load_corpus

CORPUS = Path(__file__).parents[1] / "crisis" / "corpus"
LEVELS = ("none", "elevated", "crisis")
UNLABELLED = ""


class UnreadableData(Exception):
    """A file of messages that cannot be measured with; says where and what is wrong, in Chinese."""


@dataclass(frozen=True)
class Sample:
    """One message. `label` is empty where nobody has labelled it; `family` and `style` where nobody has sorted it."""

    text: str
    label: str
    family: str = ""
    style: str = ""
    category: str = ""


@dataclass(frozen=True)
class SampleSet:
    """Messages that are measured together. `seen`: used while the reader was made, so no proof of anything."""

    name: str
    samples: tuple[Sample, ...]
    seen: bool
    note: str = ""


def own_sets(folder: Path = CORPUS, names: Sequence[str] = (TUNE, HELD_OUT)) -> list[SampleSet]:
    """The project's own lines, a set for each split."""
    notes = {
        TUNE: "thresholds and rules were chosen with these lines in view",
        HELD_OUT: "written by other hands, read by nobody who made rules or model",
    }
    corpus = load_corpus(folder, names, LEVELS)
    return [
        SampleSet(
            f"own, {name.replace('_', ' ')}",
            tuple(
                Sample(
                    line.text,
                    line.label,
                    line.family,
                    line.facts.get("style", ""),
                    line.facts.get("category", ""),
                )
                for line in corpus.split(name)
            ),
            seen=name != HELD_OUT,
            note=notes.get(name, ""),
        )
        for name in names
    ]


def outside_set(path: Path, half: str = "") -> SampleSet:
    """The rows of a JSON lines file: `text`, and where there are any `label` and `family`.

    `half` takes the even or the odd rows only. Raises `UnreadableData` with the line that is wrong.
    """
    try:
        content = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableData(f"{path.name}：读不了，要 UTF-8 的 JSON Lines") from error
    samples = []
    for number, written in enumerate(content.split("\n")):
        if not written.strip() or (half and number % 2 != ("even", "odd").index(half)):
            continue
        try:
            row = json.loads(written)
        except ValueError as error:
            raise UnreadableData(f"{path.name} 第 {number + 1} 行：不是 JSON") from error
        if not isinstance(row, dict) or not isinstance(row.get("text"), str):
            raise UnreadableData(f"{path.name} 第 {number + 1} 行：没有 text")
        label = row.get("label", UNLABELLED)
        if label not in (UNLABELLED, *LEVELS):
            raise UnreadableData(f"{path.name} 第 {number + 1} 行：label 只能是 {'、'.join(LEVELS)}")
        samples.append(Sample(row["text"], label, str(row.get("family") or row.get("orig") or "")))
    if not samples:
        raise UnreadableData(f"{path.name}：一行也没有")
    name = path.stem + (f", {half} rows" if half else "")
    return SampleSet(name, tuple(samples), seen=half == "even")
