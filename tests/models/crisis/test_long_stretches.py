"""A long stretch must be surer of crisis than a short one, and is still asked about when it is not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from models.crisis.second_reader import (
    ASK_OF_LONG,
    ASK_OF_SENTENCE,
    FEWEST,
    LONG,
    SURE_OF_LONG,
    SURE_OF_SENTENCE,
    SecondReader,
)
from models.learned.classifier import Probabilities, SlicedReading, Span


class Hears(dict[str, float]):
    """A model that is sure of crisis where one of its words stands alone in a sentence, and else of nothing."""

    labels = ("crisis", "elevated", "none")
    gate = {"passed": True}  # noqa: RUF012

    def threshold(self, name: str) -> float | None:
        return {"crisis": 0.75, "elevated": 0.5}.get(name)

    def probabilities(self, texts: Sequence[str]) -> Probabilities:
        sure = [
            next((p for word, p in self.items() if text.strip("。！？;\n ") == word), 0.0) for text in texts
        ]
        return np.array([[p, 0.0, 1 - p] for p in sure])

    def reading(self, text: str) -> SlicedReading:
        return SlicedReading(self, text)

    def spans(self, text: str, label: str, at_most: int = 2) -> list[Span]:
        return []


class Says:
    """A model that is as sure as it is told to be, whatever it reads."""

    labels = ("crisis", "elevated", "none")

    def __init__(self, crisis: float) -> None:
        self.crisis = crisis
        self.gate = {"passed": True}
        self.config: dict[str, Any] = {}

    def threshold(self, name: str) -> float | None:
        return {"crisis": 0.75, "elevated": 0.5}.get(name)

    def probabilities(self, texts: Sequence[str]) -> Probabilities:
        return np.array([[self.crisis, 0.0, 1 - self.crisis]] * len(texts))

    def reading(self, text: str) -> SlicedReading:
        return SlicedReading(self, text)

    def spans(self, text: str, label: str, at_most: int = 2) -> list[Span]:
        return []


@pytest.mark.parametrize(
    ("crisis", "length", "level"),
    [
        (0.76, LONG - 1, "crisis"),
        (0.76, LONG, "elevated"),
        (SURE_OF_LONG - 0.01, LONG * 10, "elevated"),
        (SURE_OF_LONG, LONG, "crisis"),
        (SURE_OF_LONG, LONG * 10, "crisis"),
        (ASK_OF_LONG, LONG, "elevated"),
        (ASK_OF_LONG - 0.01, LONG, None),
        (0.6, LONG - 1, "elevated"),
        (0.4, LONG - 1, None),
        (1.0, FEWEST, "crisis"),
        (1.0, FEWEST - 1, None),
    ],
)
def test_what_is_long_must_be_surer(crisis: float, length: int, level: str | None) -> None:
    vote = SecondReader(Says(crisis)).vote("字" * length)
    assert (vote.level if vote else None) == level


def test_a_limit_above_that_of_long_stretches_holds_for_them_too() -> None:
    reader = SecondReader(Says(0.9))
    reader.crisis = 0.95
    vote = reader.vote("字" * LONG)
    assert vote is not None
    assert vote.level == "elevated"


@pytest.mark.parametrize(
    ("sure", "level"),
    [
        (SURE_OF_SENTENCE, "crisis"),
        (SURE_OF_SENTENCE - 0.01, "elevated"),
        (ASK_OF_SENTENCE, "elevated"),
        (ASK_OF_SENTENCE - 0.01, None),
    ],
)
@pytest.mark.parametrize("end", ["。", "！", "？", "\n", "; "])
def test_small_talk_around_a_sentence_does_not_drown_it(sure: float, level: str | None, end: str) -> None:
    said = f"孩子今天会翻身了{end}我在奶瓶里放了东西{end}外面在下雨"
    vote = SecondReader(Hears({"我在奶瓶里放了东西": sure})).vote(said)  # type: ignore[arg-type]
    assert (vote.level if vote else None) == level
    if vote is not None:
        [(start, stop)] = vote.spans
        assert "我在奶瓶里放了东西" in said[start:stop]
        assert "翻身" not in said[start:stop]
