"""What every learned classifier promises, and how one is loaded without knowing which kind it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from models.learned import folder as folders

Span = tuple[int, int]
Probabilities = npt.NDArray[np.float64]


class Reading(Protocol):
    """One text that is asked about stretch by stretch: the answers that the stretches alone would get, but that words
    may be cut as they are in the whole text."""

    def probabilities(self, stretches: Sequence[Span]) -> Probabilities: ...

    def spans(self, stretch: Span, label: str, at_most: int = 2) -> list[Span]: ...


class SlicedReading:
    """The reading of a classifier that has no quicker way than to read each stretch alone."""

    def __init__(self, model: Classifier, text: str) -> None:
        self._model, self._text = model, text

    def probabilities(self, stretches: Sequence[Span]) -> Probabilities:
        """One row a stretch, one column a label."""
        return self._model.probabilities([self._text[start:end] for start, end in stretches])

    def spans(self, stretch: Span, label: str, at_most: int = 2) -> list[Span]:
        """Where in a stretch the words stand that spoke most for a label, as places of the whole text."""
        start, end = stretch
        return [(start + a, start + b) for a, b in self._model.spans(self._text[start:end], label, at_most)]


class Classifier(Protocol):
    """Calibrated probabilities for texts, and the words that spoke most. Reading never raises on any string."""

    labels: tuple[str, ...]
    config: dict[str, Any]

    def probabilities(self, texts: Sequence[str]) -> Probabilities: ...

    def spans(self, text: str, label: str, at_most: int = 2) -> list[Span]: ...

    def reading(self, text: str) -> Reading: ...

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
        sums = np.concatenate([[0.0], np.cumsum(values), np.full(longest, -np.inf)])
        added = sliding_window_view(sums[1:], longest)[: len(values)] - sums[: len(values), np.newaxis]
        start, length = divmod(int(added.argmax()), longest)
        best, chosen = float(added[start, length]), (start, start + 1 + length)
        if best <= 0 or best < 0.3 * best_of_all:
            break
        best_of_all = max(best, best_of_all)
        out.append(chosen)
        values[chosen[0] : chosen[1]] = -1e9
    return sorted(out)
