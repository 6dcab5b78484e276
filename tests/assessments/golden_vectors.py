"""Reads the golden vectors; what they are stands in `golden/README.md`."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).with_name("golden")
KNOWN = {
    "answers", "total", "band", "level", "critical", "attention", "missing", "standard_score", "subscales", "flags",
    "error",
}  # fmt: skip
NUMBERS = {"psqi": ["1", "2", "3", "4", *(f"5{letter}" for letter in "abcdefghij"), "6", "7", "8", "9"]}


@dataclass(frozen=True)
class Vector:
    """One set of answers as other programs write it, and what has to come of it."""

    form: str
    written: str
    expected: dict[str, Any]

    @property
    def printed(self) -> dict[str, Any]:
        """The answers by printed number."""
        found: dict[str, Any] = {}
        for word in self.written.split():
            which, _, mark = word.partition("=")
            for number in _numbers(self.form, which):
                found.pop(number, None)
                if mark != "-":
                    found[number] = _value(mark)
        return found

    @property
    def error(self) -> bool:
        """Whether these answers have to be refused."""
        return bool(self.expected.get("error"))

    @property
    def missing(self) -> list[str]:
        """The numbers of the items that are missing; none for a complete set."""
        return list(self.expected.get("missing", []))

    def listed(self, name: str) -> list[str]:
        """A list of numbers that is empty when it is not written."""
        return list(self.expected.get(name, []))

    @property
    def subscales(self) -> dict[str, float | None]:
        """The figures that are compared, as numbers."""
        given = self.expected.get("subscales", {})
        return {name: None if value is None else float(Fraction(str(value))) for name, value in given.items()}


def vectors() -> list[Vector]:
    """All vectors of the folder."""
    found = []
    for path in sorted(FOLDER.glob("*.yml")):
        for raw in yaml.safe_load(path.read_text("utf-8")):
            assert set(raw) <= KNOWN, f"{path.name}: {set(raw) - KNOWN}"
            rest = {key: value for key, value in raw.items() if key != "answers"}
            if "missing" not in rest and "error" not in rest:
                assert {"total", "band", "level"} <= set(rest), f"{path.name}: {raw['answers']}"
            found.append(Vector(path.stem, raw["answers"], rest))
    return found


def _numbers(form: str, which: str) -> list[str]:
    first, _, last = which.partition("-")
    if not last:
        return [first]
    if form in NUMBERS:
        order = NUMBERS[form]
        return order[order.index(first) : order.index(last) + 1]
    return [str(number) for number in range(int(first), int(last) + 1)]


def _value(mark: str) -> Any:
    if mark == "r":
        return None
    for kind in (int, float):
        try:
            return kind(mark)
        except ValueError:
            continue
    return mark
