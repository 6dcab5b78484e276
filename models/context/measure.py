"""How well the trained models and the reader do on held-out lines, in figures and as the tables of the card."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.context.labels import NONE, TASKS, labels_of
from models.context.reader import CORPUS, Context, ContextReader
from models.learned.corpus import HELD_OUT, Line, load_corpus
from models.learned.report import figures

LAST = "written_last.yml"  # held-out lines that were written when the training text was closed
QUESTIONS = {"emotion": "心情", "topic": "话题", "life_event": "生活事件"}
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"


@dataclass(frozen=True)
class Said:
    """One label as the reader says it: right, said at all, and how many lines have it."""

    right: int
    said: int
    lines: int


@dataclass(frozen=True)
class Measured:
    """One question: the bare model (it must choose one label) and the reader (it may keep silent)."""

    task: str
    model: Mapping[str, Any]
    last: Mapping[str, Any]
    reader: Mapping[str, Said]
    thresholds: Mapping[str, float]


def measure(reader: ContextReader, corpus: Path = CORPUS) -> list[Measured]:
    """The figures of each question on the held-out lines of the corpus."""
    return [
        _measured(reader, task, load_corpus(corpus / task, (HELD_OUT,)).split(HELD_OUT)) for task in TASKS
    ]


def told(measured: Sequence[Measured]) -> str:
    """The figures as Markdown tables, in Chinese."""
    blocks = []
    for one in measured:
        right, said, lines = _sums(one.reader)
        rows = [
            f"### {QUESTIONS[one.task]}（{one.task}）",
            "",
            "| 模型，必须选一个 | 行 | 准确率 | 宏平均 F1 | 校准误差 |",
            "|---|---|---|---|---|",
            _model_row("全部留出行", one.model),
            _model_row("其中最后写的", one.last),
            "",
            f"阅读器可以不说：说了 {said} 次，对 {share(right, said)}；{lines} 行里说出了 {share(right, lines)}。",
            "",
            "| 标签 | 行 | 门槛 | 说得对 | 说出来 | 模型召回 | 模型精确 |",
            "|---|---|---|---|---|---|---|",
        ]
        for label, counts in one.reader.items():
            bare = one.model["labels"][label]
            silent = label == NONE
            rows.append(
                f"| {labels_of(one.task)[label].name} `{label}` | {counts.lines} "
                f"| {'' if silent else format(one.thresholds[label], '.2f')} "
                f"| {'从不说' if silent else share(counts.right, counts.said)} "
                f"| {'' if silent else share(counts.right, counts.lines)} "
                f"| {bare['recall']:.2f} | {bare['precision']:.2f} |"
            )
        blocks.append("\n".join(rows))
    return "\n\n".join(blocks)


def share(part: int, whole: int) -> str:
    """A share with its counts and its 95 % Wilson interval."""
    if not whole:
        return "—"
    z, p = 1.959964, part / whole
    middle = (p + z * z / (2 * whole)) / (1 + z * z / whole)
    half = z * math.sqrt(p * (1 - p) / whole + z * z / (4 * whole * whole)) / (1 + z * z / whole)
    return f"{p:.2f}（{part}/{whole}，{max(0.0, middle - half):.2f}–{min(1.0, middle + half):.2f}）"


def into_card(card: str, tables: str) -> str:
    """The card with its figures replaced; raises `ValueError` when it has no place for them."""
    before, begin, rest = card.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the card has no {BEGIN} … {END}")
    return f"{before}{BEGIN}\n\n{tables}\n\n{END}{after}"


def said_labels(context: Context, task: str) -> set[str]:
    """What the reader says to one question."""
    if task == "emotion":
        return {context.emotion.label} if context.emotion else set()
    return {one.label for one in (context.topics if task == "topic" else context.life_events)}


def _measured(reader: ContextReader, task: str, lines: Sequence[Line]) -> Measured:
    model = reader.model(task)
    lines = [line for line in lines if line.label in model.labels]
    last = [line for line in lines if LAST in line.where]
    answers = [said_labels(reader.read(line.text), task) for line in lines]
    each = {}
    for label in (label for label in labels_of(task) if label in model.labels):
        said = [line.label == label for line, labels in zip(lines, answers, strict=True) if label in labels]
        each[label] = Said(sum(said), len(said), sum(line.label == label for line in lines))
    return Measured(
        task, _figures(reader, task, lines), _figures(reader, task, last), each, reader.thresholds(task)
    )


def _figures(reader: ContextReader, task: str, lines: Sequence[Line]) -> dict[str, Any]:
    model = reader.model(task)
    if not lines:
        return {"lines": 0}
    return figures(model.config, model.probabilities([line.text for line in lines]), lines, model.labels)


def _sums(reader: Mapping[str, Said]) -> tuple[int, int, int]:
    counted = [counts for label, counts in reader.items() if label != NONE]
    return (
        sum(one.right for one in counted),
        sum(one.said for one in counted),
        sum(one.lines for one in counted),
    )


def _model_row(name: str, found: Mapping[str, Any]) -> str:
    if not found["lines"]:
        return f"| {name} | 0 | | | |"
    each = [row for row in found["labels"].values() if row["lines"]]
    f1 = sum(_f1(row["recall"], row["precision"]) for row in each) / len(each)
    return f"| {name} | {found['lines']} | {found['accuracy']:.3f} | {f1:.3f} | {found['calibration_error']:.3f} |"


def _f1(recall: float, precision: float) -> float:
    return 2 * recall * precision / (recall + precision) if recall + precision else 0.0
