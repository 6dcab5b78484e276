"""From what probability on a label is said: chosen on tune lines, for precision before coverage. Plain functions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

PRECISION = 0.8
# What people write is further from the corpus than its tune lines are: the lowest that may be chosen at all.
LOWEST = {"emotion": 0.7, "topic": 0.5, "life_event": 0.3}
NEVER_SURE = 0.95  # where no threshold is precise enough: said only when the model has hardly any doubt
CHEERFUL_FROM = 0.9  # the lowest for a cheerful feeling; the card says what that keeps away
POOL = 10.0  # how many lines the other labels' precision weighs; a label has few lines of its own


def thresholds(
    probabilities: npt.NDArray[np.float64], said: Sequence[str], labels: Sequence[str], lowest: float
) -> dict[str, float]:
    """The lowest threshold of every label from which on it is right in four of five lines; one row a line.

    The few lines of one label are pooled with what all labels together achieve at the same threshold, so that two
    lucky lines make no threshold and one unlucky line forbids none. Between `lowest` and `NEVER_SURE`.
    """
    right = np.array([[label == one for label in labels] for one in said], dtype=bool)
    right = right.reshape(len(said), len(labels))
    chosen = dict.fromkeys(labels, NEVER_SURE)
    for step in np.round(np.arange(lowest, NEVER_SURE, 0.01), 2)[::-1]:
        over = probabilities >= step
        hits, times = (over & right).sum(axis=0), over.sum(axis=0)
        pooled = hits.sum() / times.sum() if times.sum() else 0.0
        precise = (hits + POOL * pooled) / (times + POOL) >= PRECISION
        chosen.update({label: float(step) for label, good in zip(labels, precise, strict=True) if good})
    return chosen
