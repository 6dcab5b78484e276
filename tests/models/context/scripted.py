"""A classifier whose answers a test writes down, and small corpora that a test can train on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from models.context.reader import ContextReader, Reading
from models.learned.classifier import Probabilities, Span

LABELS = {
    "emotion": ("joy", "anger", "neutral"),
    "topic": ("wages", "sleep", "noise", "debt", "none"),
    "life_event": ("retirement", "accident", "none"),
}
Words = Mapping[str, str]  # a word, and the label that it speaks for


class Scripted:
    """Keeps the promise of a classifier: a text has the label of the first word that it holds, else the last label."""

    def __init__(self, task: str, words: Words, sure: float = 0.9, spans: bool = True) -> None:
        self.labels = LABELS[task]
        self.config: dict[str, Any] = {"task": task}
        self.words, self.sure, self.has_spans = words, sure, spans
        self.read: list[str] = []

    def probabilities(self, texts: Sequence[str]) -> Probabilities:
        self.read.extend(texts)
        rows = np.full((len(texts), len(self.labels)), (1 - self.sure) / (len(self.labels) - 1))
        for row, text in zip(rows, texts, strict=True):
            label = next((label for word, label in self.words.items() if word in text), self.labels[-1])
            row[self.labels.index(label)] = self.sure
        return rows

    def spans(self, text: str, label: str, at_most: int = 2) -> list[Span]:
        said = [word for word, one in self.words.items() if one == label and word in text]
        if not said:
            return [(0, 1)] if self.has_spans and label == self.labels[-1] else []
        return [(text.index(word), text.index(word) + len(word)) for word in said[:at_most] if self.has_spans]

    def threshold(self, name: str) -> float | None:
        return None

    @property
    def gate(self) -> dict[str, Any] | None:
        return None


def reader_of(words: Mapping[str, Words], threshold: float = 0.5, **how: Any) -> ContextReader:
    """A reader whose three models answer by words; what a task has no words for is calm, or nothing."""
    models = {task: Scripted(task, words.get(task, {}), **how) for task in LABELS}
    return ContextReader(
        {task: Reading(model, dict.fromkeys(model.labels, threshold)) for task, model in models.items()}
    )


WHO = ("我", "老伴", "邻居", "女儿", "同事", "房东", "师傅", "阿姨")
WHEN = ("今天", "昨晚", "这几天", "早上", "下班后", "半夜")
SAYS: dict[str, dict[str, tuple[str, ...]]] = {
    "emotion": {
        "joy": ("笑得合不拢嘴", "开心坏了"),
        "anger": ("火大", "气炸了"),
        "neutral": ("问门牌", "填表格"),
    },
    "topic": {"wages": ("没发工资", "讨薪"), "sleep": ("失眠", "睡不着"), "none": ("说谢谢", "点点头")},
    "life_event": {
        "retirement": ("退休了", "办退休"),
        "accident": ("摔断腿", "被车撞"),
        "none": ("看电视", "买菜"),
    },
}


def write_corpus(folder: Path, says: Callable[[str], dict[str, tuple[str, ...]]] = SAYS.__getitem__) -> Path:
    """A corpus of the three tasks in the layout of the real one, easy enough for a model of a few seconds."""
    for task in SAYS:
        for n, split in enumerate(("train", "tune", "held_out")):
            families = [
                {
                    "family": f"{label}_{split}",
                    "label": label,
                    "lines": [
                        f"{when}{who}{thing}"
                        for number, who in enumerate(WHO)
                        for when in WHEN
                        for thing in things
                        if min(number // 4 + number % 4 // 3, 2) == n
                    ],
                }
                for label, things in says(task).items()
            ]
            path = folder / task / split / "families.yml"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(yaml.safe_dump(families, allow_unicode=True), encoding="utf-8")
    return folder
