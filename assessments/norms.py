"""Where a figure lies in the published Chinese sample that its form names. To compare with; never a rule.

A published mean and standard deviation give the percentile of a normal distribution; symptom scores are skewed, so
it is an approximation and is shown as one (约). A form without norms has no percentile: none is made up.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from assessments.instrument import Instrument

LEAST, MOST = 1, 99
"""A sample of some hundreds says nothing about the last hundredth."""


@dataclass(frozen=True, slots=True)
class Placed:
    """One figure against the sample: about `percentile` of a hundred people in it have this much or less."""

    measure: str
    value: float
    mean: float
    sd: float
    percentile: int


def percentile(value: float, mean: float, sd: float) -> int:
    """The share of a normal distribution up to `value`, in whole percent, from 1 to 99. Refuses what is no number."""
    if not all(math.isfinite(number) for number in (value, mean, sd)) or sd <= 0:
        raise ValueError("a percentile needs finite figures and a standard deviation above zero")
    share = 100 * (1 + math.erf((value - mean) / (sd * math.sqrt(2)))) / 2
    return min(MOST, max(LEAST, math.floor(share + 0.5)))


def placed(form: Instrument, figures: Mapping[str, float | None]) -> tuple[Placed, ...]:
    """The figures that the form has norms for, in the order of the norms; undefined ones are left out."""
    if form.norms is None:
        return ()
    return tuple(
        Placed(measure, value, norm.mean, norm.sd, percentile(value, norm.mean, norm.sd))
        for measure, norm in form.norms.of.items()
        if (value := figures.get(measure)) is not None
    )
