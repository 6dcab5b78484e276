"""Temperature, thresholds and the false-alarm gate, chosen on tune lines. Plain functions over probabilities."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
_TEMPERATURES = np.exp(np.linspace(np.log(0.25), np.log(8.0), 121))


def softmax(logits: npt.ArrayLike, temperature: float = 1.0) -> Floats:
    """Probabilities from logits."""
    scaled = np.asarray(logits, dtype=np.float64) / temperature
    scaled = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return np.asarray(scaled / scaled.sum(axis=1, keepdims=True))


def best_temperature(logits: Floats, truth: Sequence[int], grouped: Sequence[int] | None = None) -> float:
    """The temperature under which the true labels are least surprising. `grouped[i]` is the label that column i is
    counted for, where there are more columns than labels."""
    groups = np.arange(logits.shape[1]) if grouped is None else np.array(grouped)
    ours = groups[None, :] == np.array(truth)[:, None]

    def surprise(temperature: float) -> float:
        return float(-np.log((softmax(logits, temperature) * ours).sum(axis=1) + 1e-12).mean())

    return float(min(_TEMPERATURES, key=surprise))


def calibration_error(probabilities: Floats, truth: Sequence[int], bins: int = 10) -> float:
    """How far confidence and accuracy lie apart on average (expected calibration error)."""
    best = probabilities.argmax(axis=1)
    confidence = probabilities.max(axis=1)
    right = best == np.asarray(truth)
    where = np.minimum((confidence * bins).astype(int), bins - 1)
    return float(
        sum(
            (where == b).mean() * abs(confidence[where == b].mean() - right[where == b].mean())
            for b in range(bins)
            if (where == b).any()
        )
    )


@dataclass(frozen=True)
class Limits:
    """What share of harmless lines may be raised: when thresholds are chosen, and at the gate.

    Two thirds of the harmless tune lines are traps, written to be mistaken; ordinary talk is raised about a quarter as
    often. A lost alarm weighs more than a needless call, which begins with a telephone call and not at the door; and a
    danger that is only asked about is not lost, while one that is answered as small talk is.
    """

    crisis: float = 0.026
    elevated: float = 0.083
    gate: float = 0.05


@dataclass(frozen=True)
class Gate:
    """Whether a vote for crisis is believed: measured on families that the threshold was not chosen on."""

    passed: bool
    limit: float
    false_alarms: int
    harmless: int
    recall: float

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def threshold(harmless: Floats, limit: float) -> float:
    """The lowest threshold that at most this share of the harmless reaches; 0.5 at least, 1.01 where none will do."""
    allowed = int(len(harmless) * limit)
    worst = np.sort(harmless)[::-1]
    if not len(worst):
        return 1.01
    chosen = float(np.nextafter(worst[allowed], 2.0)) if allowed < len(worst) else 0.0
    return max(chosen, 0.3)


def crisis_thresholds(
    probabilities: Floats, labels: Sequence[str], groups: Sequence[str], names: Sequence[str], limits: Limits
) -> dict[str, float]:
    """Two thresholds: what P(crisis) must reach for crisis, and P(crisis or elevated) for elevated.

    Each group of harmless lines (ordinary talk, traps) is kept under the limits by itself, so that much talk of one
    kind cannot hide false alarms in another.
    """
    harmless = np.array([label == "none" for label in labels])
    crisis = probabilities[:, list(names).index("crisis")]
    raised = crisis + probabilities[:, list(names).index("elevated")]
    where = [harmless & (np.array(groups) == group) for group in sorted(set(groups))]
    where = [rows for rows in where if rows.any()] or [harmless]
    return {
        "crisis": max(threshold(crisis[rows], limits.crisis) for rows in where),
        "elevated": max(threshold(raised[rows], limits.elevated) for rows in where),
    }


def gate(
    probabilities: Floats,
    labels: Sequence[str],
    groups: Sequence[str],
    families: Sequence[str],
    names: Sequence[str],
    limits: Limits,
) -> Gate:
    """Choose on one half of the families, count on the other, both ways round; `groups` as for the thresholds."""
    side = np.array([int(hashlib.sha256(family.encode()).hexdigest(), 16) % 2 for family in families])
    truth = np.array(labels)
    crisis = probabilities[:, list(names).index("crisis")]
    false = harmless = heard = serious = 0
    for one in (0, 1):
        here, others = side == one, side != one
        half = (list(truth[here]), list(np.array(groups)[here]))
        chosen = crisis_thresholds(probabilities[here], *half, names, limits)["crisis"]
        false += int((crisis[others & (truth == "none")] >= chosen).sum())
        harmless += int((others & (truth == "none")).sum())
        heard += int((crisis[others & (truth == "crisis")] >= chosen).sum())
        serious += int((others & (truth == "crisis")).sum())
    passed = bool(harmless >= 100 and serious >= 20 and false <= limits.gate * harmless)
    return Gate(passed, limits.gate, false, harmless, heard / serious if serious else 0.0)
