"""The table of safety tests names tests that exist, and has a row for each fault and hazard that it must speak of."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "docs" / "safety-tests.md"
IDS = [
    *(f"R{number:02}" for number in (*range(1, 20), 22, 24)),
    *("O01", "O02", "O03"),
    *(f"H{number:02}" for number in (*range(1, 11), 16, *range(18, 22), *range(23, 29), 30)),
    *(f"M{number:02}" for number in range(1, 12)),
]
ROWS = [
    [cell.strip() for cell in line.strip("|\n").split(" | ")]
    for line in TABLE.read_text().splitlines()
    if re.match(r"\| [RHOM]\d\d ", line)
]
NAMED = sorted({name for row in ROWS for name in re.findall(r"`(tests/[^`]+)`", " ".join(row))})


@cache
def names_in(path: Path) -> set[str]:
    """The names of the tests in a file; none where there is no such file."""
    if not path.is_file():
        return set()
    found = ast.walk(ast.parse(path.read_text()))
    return {node.name for node in found if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_each_fault_and_hazard_has_one_row() -> None:
    assert sorted(row[0].split()[0] for row in ROWS) == sorted(IDS)


@pytest.mark.parametrize("name", NAMED)
def test_each_named_test_exists(name: str) -> None:
    path, _, test = name.partition("::")
    assert test.startswith("test_"), "a row names tests, not files"
    assert test in names_in(ROOT / path), name


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0].split()[0])
def test_a_row_names_a_test_or_says_that_there_is_none(row: list[str]) -> None:
    assert len(row) == 4, "id, tests, what is asserted, what is not"
    assert "::" in row[1] or "**without a living test**" in row[3]
    assert row[2], "a row says what is asserted"
