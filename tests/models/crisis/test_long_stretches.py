"""A long stretch must be surer of crisis than a short one, and is still asked about when it is not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from models.crisis.second_reader import LONG, SURE_OF_LONG, SecondReader
from models.learned.classifier import Probabilities, Span


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
        (0.6, LONG, "elevated"),
        (0.4, LONG, None),
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
