"""From what probability on something is said."""

from __future__ import annotations

import numpy as np

from models.context.thresholds import NEVER_SURE, thresholds

LABELS = ("sleep", "debt")
LOWEST = 0.5


def rows(*sleep: float) -> np.ndarray:
    """One row a line: the probability of `sleep`, the rest for `debt`."""
    return np.array([[p, 1 - p] for p in sleep])


def test_a_label_that_is_nearly_always_right_is_said_from_the_lowest_probability_on() -> None:
    chosen = thresholds(rows(*[0.9] * 30, *[0.1] * 30), ["sleep"] * 30 + ["debt"] * 30, LABELS, LOWEST)
    assert chosen == {"sleep": LOWEST, "debt": LOWEST}


def test_a_label_that_is_often_wrong_needs_more() -> None:
    said = ["sleep"] * 40 + ["debt"] * 40 + ["debt"] * 80
    chosen = thresholds(rows(*[0.9] * 40, *[0.6] * 40, *[0.05] * 80), said, LABELS, LOWEST)
    assert 0.6 < chosen["sleep"] <= 0.9
    assert chosen["debt"] == LOWEST


def test_a_label_that_is_never_right_is_said_only_without_a_doubt() -> None:
    chosen = thresholds(rows(*[0.9] * 40), ["debt"] * 40, LABELS, LOWEST)
    assert chosen["sleep"] == NEVER_SURE


def test_two_lucky_lines_do_not_make_a_threshold() -> None:
    """Of `sleep` only two lines are sure, both right; all labels together are right in half of their lines."""
    sure = [0.9] * 2 + [0.05] * 40
    chosen = thresholds(rows(*sure), ["sleep"] * 2 + ["debt"] * 20 + ["sleep"] * 20, LABELS, LOWEST)
    assert chosen["sleep"] > 0.9


def test_one_unlucky_line_does_not_silence_a_label() -> None:
    chosen = thresholds(rows(*[0.9] * 4, *[0.05] * 60), ["sleep"] * 3 + ["debt"] * 61, LABELS, LOWEST)
    assert chosen["sleep"] == LOWEST


def test_without_lines_nothing_is_sure() -> None:
    assert set(thresholds(np.zeros((0, 2)), [], LABELS, LOWEST).values()) == {NEVER_SURE}
