"""What every learned classifier promises, and how one is loaded without knowing which kind it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from models.learned import folder as folders

Span = tuple[int, int]
Probabilities = npt.NDArray[np.float64]


class Classifier(Protocol):
    """Calibrated probabilities for texts, and the words that spoke most. Reading never raises on any string."""

    labels: tuple[str, ...]
    config: dict[str, Any]

    def probabilities(self, texts: Sequence[str]) -> Probabilities: ...

    def spans(self, text: str, label: str, at_most: int = 2) -> list[Span]: ...

    def threshold(self, name: str) -> float | None: ...

    @property
    def gate(self) -> dict[str, Any] | None: ...


def load_classifier(folder: Path) -> Classifier:
    """The model in a folder, whichever kind it is; raises `ModelUnusable` when it is not whole."""
    kind = folders.read(folder).get("kind")
    if kind == "encoder":
        from models.learned.encoder import EncoderClassifier

        return EncoderClassifier.load(folder)
    from models.learned.text_model import TextClassifier

    return TextClassifier.load(folder)


def merged(spans: Sequence[Span]) -> list[Span]:
    """Spans in order, those that touch joined."""
    out: list[Span] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((start, end))
    return out


def loudest(weights: npt.ArrayLike, at_most: int, longest: int = 12) -> list[Span]:
    """The stretches that add up highest: at most `at_most`, none longer than `longest`, none that speaks against."""
    values = np.asarray(weights, dtype=np.float64).copy()
    out: list[Span] = []
    positive = values[values > 0]
    if not len(positive):
        return out
    values -= positive.mean() * 0.5
    best_of_all = 0.0
    while len(out) < at_most:
        sums = np.concatenate([[0.0], np.cumsum(values)])
        best, chosen = 0.0, (0, 0)
        for start in range(len(values)):
            ends = sums[start + 1 : start + 1 + longest] - sums[start]
            if len(ends) and ends.max() > best:
                best, chosen = float(ends.max()), (start, start + 1 + int(ends.argmax()))
        if best <= 0 or best < 0.3 * best_of_all:
            break
        best_of_all = max(best, best_of_all)
        out.append(chosen)
        values[chosen[0] : chosen[1]] = -1e9
    return sorted(out)
