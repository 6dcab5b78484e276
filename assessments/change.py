"""Whether two totals of one form differ by more than the form's own error (Jacobson & Truax 1991). Values only.

    standard error of measurement  sem  = sd * sqrt(1 - reliability)
    of a difference                diff = sem * sqrt(2)
    reliable change index          (after - before) / diff
    band                           1.96 * diff, in points of the form

Inside the band (its ends included) nothing is said of better or worse: *no clear change*. It never touches a level:
nothing that judges imports this.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

FILE = Path(__file__).parent / "change.yml"
Z = 1.96
"""Two-sided 5 %: fewer than one in twenty who have not changed are outside the band (Jacobson & Truax 1991)."""

FIELDS = frozenset(
    ("measure", "sd", "sd_source", "reliability", "kind", "reliability_source", "checked_on", "notes")
)
Direction = Literal["unclear", "lower", "higher"]
Meaning = Literal["unclear", "better", "worse"]


class ChangeFileError(ValueError):
    """The file of reliabilities cannot be used; says where, in Chinese."""


@dataclass(frozen=True, slots=True)
class ChangeBasis:
    """Reliability and standard deviation of one form's total, with where each was read. Points of the form."""

    instrument: str
    sd: float
    sd_source: str
    reliability: float
    kind: Literal["alpha", "retest"]
    reliability_source: str
    notes: str = ""

    @property
    def error(self) -> float:
        """The standard error of a difference between two totals."""
        return self.sd * math.sqrt(1 - self.reliability) * math.sqrt(2)

    @property
    def band(self) -> float:
        """Half the width of the band, not rounded: a difference of at most this says nothing."""
        return Z * self.error

    @property
    def points(self) -> int:
        """The smallest difference in whole points that is outside the band."""
        return math.floor(self.band) + 1


@dataclass(frozen=True, slots=True)
class Change:
    """One total compared with an earlier one."""

    difference: int
    index: float
    direction: Direction
    means: Meaning


def reliable_change(basis: ChangeBasis, before: int, after: int, *, high_is_good: bool = False) -> Change:
    """Compare two complete totals of the same edition of a form; who has none has nothing to compare."""
    difference = after - before
    index = difference / basis.error
    if abs(difference) <= basis.band:
        return Change(difference, index, "unclear", "unclear")
    risen = difference > 0
    return Change(
        difference, index, "higher" if risen else "lower", "better" if risen == high_is_good else "worse"
    )


@cache
def change_bases() -> Mapping[str, ChangeBasis]:
    """What is known, by form."""
    return read_bases(FILE.read_text("utf-8"))


def read_bases(text: str) -> dict[str, ChangeBasis]:
    """The file's entries; raises `ChangeFileError` for anything else than whole, sourced figures."""
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError:
        raise ChangeFileError("change.yml 不是 YAML") from None
    if not isinstance(data, dict):
        raise ChangeFileError("change.yml 要按量表分条写")
    return {str(name): _basis(str(name), raw) for name, raw in data.items()}


def _basis(name: str, raw: Any) -> ChangeBasis:
    if not isinstance(raw, dict) or not set(raw) <= FIELDS or not FIELDS - {"notes"} <= set(raw):
        raise ChangeFileError(f"{name}: 要有 {'、'.join(sorted(FIELDS - {'notes'}))}，不要别的")
    for field in ("sd", "reliability"):
        if isinstance(raw[field], bool) or not isinstance(raw[field], int | float):
            raise ChangeFileError(f"{name}.{field}: 要写一个数")
    if not (math.isfinite(raw["sd"]) and raw["sd"] > 0):
        raise ChangeFileError(f"{name}.sd: 标准差要大于 0")
    if not 0 < raw["reliability"] < 1:
        raise ChangeFileError(f"{name}.reliability: 信度在 0 和 1 之间")
    if raw["kind"] not in ("alpha", "retest"):
        raise ChangeFileError(f"{name}.kind: 写 alpha 或 retest")
    if raw["measure"] != "total":
        raise ChangeFileError(f"{name}.measure: 只比较总分")
    for field in ("sd_source", "reliability_source"):
        if not isinstance(raw[field], str) or not raw[field].strip():
            raise ChangeFileError(f"{name}.{field}: 每个数都要写出处")
    return ChangeBasis(
        name,
        float(raw["sd"]),
        raw["sd_source"],
        float(raw["reliability"]),
        raw["kind"],
        raw["reliability_source"],
        str(raw.get("notes", "")),
    )
