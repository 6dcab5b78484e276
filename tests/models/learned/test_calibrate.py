"""Temperature, thresholds and the gate, on numbers that can be checked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from models.learned.calibrate import (
    Limits,
    best_temperature,
    calibration_error,
    crisis_thresholds,
    gate,
    softmax,
    threshold,
)

NAMES = ("none", "elevated", "crisis")


def test_overconfident_logits_are_cooled_down() -> None:
    dice = np.random.default_rng(1)
    truth = [int(n) for n in dice.integers(0, 2, 2000)]
    said = [t if dice.random() < 0.75 else 1 - t for t in truth]
    logits = np.array([[8.0, 0.0] if s == 0 else [0.0, 8.0] for s in said])
    temperature = best_temperature(logits, truth)
    assert temperature > 4
    assert calibration_error(softmax(logits, temperature), truth) < 0.03
    assert calibration_error(softmax(logits), truth) > 0.2


def test_columns_that_mean_one_label_are_counted_together() -> None:
    logits = np.log(np.array([[0.4, 0.4, 0.2], [0.1, 0.1, 0.8]]))
    assert best_temperature(logits, [0, 1], [0, 0, 1]) <= 1.0


def test_a_threshold_lets_no_more_through_than_allowed() -> None:
    harmless = np.linspace(0, 1, 1001)
    for limit in (0.0, 0.005, 0.1):
        chosen = threshold(harmless, limit)
        assert (harmless >= chosen).mean() <= limit
        assert (harmless >= chosen).sum() >= int(1001 * limit) - 1
    assert threshold(np.zeros(100), 0.01) == pytest.approx(0.3)
    assert threshold(np.array([]), 0.01) > 1


def table(none: float, crisis: float, times: int = 200) -> tuple[np.ndarray, list[str], list[str]]:
    """Harmless lines that the model gives `none` for crisis, and serious ones that it gives `crisis`."""
    rows = [[1 - none, 0.0, none]] * times + [[1 - crisis, 0.0, crisis]] * times
    families = [f"n{n}" for n in range(times)] + [f"c{n}" for n in range(times)]
    return np.array(rows), ["none"] * times + ["crisis"] * times, families


def test_the_gate_opens_for_a_model_that_does_not_cry_wolf() -> None:
    rows, labels, families = table(0.1, 0.9)
    result = gate(rows, labels, ["own"] * len(labels), families, NAMES, Limits())
    assert (result.passed, result.false_alarms, result.recall) == (True, 0, 1.0)


def test_the_gate_is_measured_on_families_that_the_threshold_was_not_chosen_on() -> None:
    rows, labels, families = table(0.1, 0.9)
    half = [n for n, family in enumerate(families) if labels[n] == "none"][:60]
    rows[half] = [0.02, 0.0, 0.98]
    shared = ["loud" if n in half else family for n, family in enumerate(families)]
    result = gate(rows, labels, ["own"] * len(labels), shared, NAMES, Limits())
    assert not result.passed
    assert result.false_alarms == 60


def test_the_gate_stays_shut_where_too_little_was_measured() -> None:
    rows, labels, families = table(0.1, 0.9, times=15)
    assert not gate(rows, labels, ["own"] * len(labels), families, NAMES, Limits()).passed


def test_ordinary_talk_and_traps_are_each_kept_under_the_limit() -> None:
    crisis = np.concatenate([np.linspace(0, 0.5, 900), np.linspace(0.4, 0.9, 100)])
    rows = np.stack([1 - crisis, np.zeros(1000), crisis], axis=1)
    groups = ["ordinary"] * 900 + ["trap"] * 100
    chosen = crisis_thresholds(rows, ["none"] * 1000, groups, NAMES, Limits(crisis=0.05, elevated=0.1))
    traps = crisis[900:]
    assert (traps >= chosen["crisis"]).mean() <= 0.05
    assert (traps >= chosen["elevated"]).mean() <= 0.1
    assert chosen["elevated"] < chosen["crisis"]
