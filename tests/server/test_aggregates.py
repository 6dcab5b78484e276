"""DB8: somebody who knows the rule and every published table tries to subtract a hidden count back."""

from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from escalation.triage import Level
from server.aggregates import LADDER, LEAST, Table, apart, publishable

FINE = LADDER[0]
"""The finest cells that there are: green, blue, yellow, and orange with red."""


def people(*counts: int) -> dict[Level, int]:
    """So many of each of the finest cells."""
    return {max(cell): n for cell, n in zip(FINE, counts, strict=True)}


def published(counts: Sequence[int], earlier: Sequence[Table] = ()) -> Table | None:
    return publishable(people(*counts), earlier)


# --- the attacker's tools ---------------------------------------------------------------------------


def highest(equations: list[list[int]], right: list[int], goal: list[int]) -> Fraction:
    """The most that `goal` can be over what solves the equations without a negative number (simplex, exact)."""
    rows = [[Fraction(v) for v in row] + [Fraction(r)] for row, r in zip(equations, right, strict=True)]
    size, extra = len(goal), len(rows)
    table = [
        row[:-1] + [Fraction(int(i == n)) for i in range(extra)] + row[-1:] for n, row in enumerate(rows)
    ]
    basis = [size + n for n in range(extra)]

    def climb(cost: list[Fraction], usable: int) -> Fraction:
        while True:
            worth = [
                cost[j] - sum(cost[basis[i]] * table[i][j] for i in range(len(table))) for j in range(usable)
            ]
            enter = next((j for j in range(usable) if worth[j] > 0), None)
            if enter is None:
                return sum((cost[basis[i]] * table[i][-1] for i in range(len(table))), start=Fraction(0))
            ratios = [
                (table[i][-1] / table[i][enter], basis[i], i)
                for i in range(len(table))
                if table[i][enter] > 0
            ]
            _, _, leave = min(ratios)
            pivot(leave, enter)

    def pivot(leave: int, enter: int) -> None:
        by = table[leave][enter]
        table[leave] = [v / by for v in table[leave]]
        for i, row in enumerate(table):
            if i != leave and row[enter]:
                times = row[enter]
                table[i] = [v - times * w for v, w in zip(row, table[leave], strict=True)]
        basis[leave] = enter

    assert climb([Fraction(0)] * size + [Fraction(-1)] * extra, size) == 0
    for i, base in enumerate(basis):
        if base >= size and (j := next((j for j in range(size) if table[i][j]), None)) is not None:
            pivot(i, j)
    return climb([Fraction(v) for v in goal] + [Fraction(0)] * extra, size)


def spread(equations: list[list[int]], right: list[int], variables: set[int], size: int) -> Fraction:
    """How far apart the least and the most are that the sum of these unknowns can be."""
    goal = [int(i in variables) for i in range(size)]
    return highest(equations, right, goal) + highest(equations, right, [-v for v in goal])


def what_is_known(series: Sequence[tuple[int, Table]], arrivals: int) -> tuple[list[list[int]], list[int]]:
    """Every published cell as an equation: after how many arrivals of people, and which of the finest cells it sums."""
    equations, right = [], []
    for stage, table in series:
        for group, count in zip(LADDER[table.step], table.counts, strict=True):
            equations.append([int(a <= stage and cell <= group) for a in range(arrivals) for cell in FINE])
            right.append(count)
    return equations, right


def test_the_attackers_arithmetic_is_right() -> None:
    assert highest([[1, 1, 0], [0, 1, 1]], [5, 3], [0, 1, 0]) == 3
    assert highest([[1, 1, 0], [0, 1, 1]], [5, 3], [-1, 0, 0]) == -2
    assert spread([[1, 1], [1, -1]], [5, 1], {0}, 2) == 0, "here everything is determined"


# --- one table --------------------------------------------------------------------------------------


def test_what_is_published_is_the_finest_that_keeps_the_rule() -> None:
    assert published((10, 10, 10, 10)) == Table(0, (10, 10, 10, 10))
    assert published((30, 20, 10, 9)) == Table(1, (30, 20, 19))
    assert published((30, 9, 10, 10)) == Table(2, (39, 20))
    assert published((30, 9, 5, 4)) == Table(3, (48,))
    assert published((9, 0, 0, 0)) is None
    assert published((0, 0, 0, 0)) is None


def test_nobody_in_a_cell_is_hidden_like_one() -> None:
    assert published((30, 20, 30, 0)) == Table(1, (30, 20, 30))
    assert published((50, 0, 0, 0)) == Table(3, (50,)), "that nobody is worse is a hidden number too"


def test_orange_and_red_are_one_cell() -> None:
    both = {level: 20 for level in Level}
    assert publishable(both) == Table(0, (20, 20, 20, 40))


@given(st.tuples(*[st.integers(0, 60)] * 4))
def test_each_cell_and_its_complement_are_ten_or_more_or_nobody(counts: tuple[int, ...]) -> None:
    table = published(counts)
    if table is None:
        assert sum(counts) < LEAST
        return
    assert sum(table.counts) == sum(counts)
    for count in table.counts:
        assert count >= LEAST
        rest = sum(counts) - count
        assert rest >= LEAST or (rest == 0 and len(table.counts) == 1)


@pytest.mark.parametrize("total", [10, 11, 19, 20, 29, 30, 38, 41])
def test_whoever_knows_the_rule_and_the_table_finds_no_hidden_count(total: int) -> None:
    """Every population of this size, and from each table every one that would have given it."""
    could_be = defaultdict(list)
    for green in range(total + 1):
        for blue in range(total - green + 1):
            for yellow in range(total - green - blue + 1):
                counts = (green, blue, yellow, total - green - blue - yellow)
                table = published(counts)
                assert table is not None
                could_be[table].append(counts)
    for table, worlds in could_be.items():
        for whole, sum_ in zip(LADDER[table.step], table.counts, strict=True):
            hidden = [n for n, cell in enumerate(FINE) if cell <= whole and cell != whole]
            for n in hidden:
                values = {world[n] for world in worlds}
                assert {*range(LEAST)} <= values, "each small number stays possible, none included"
                assert (min(values), max(values)) == (0, sum_)


# --- tables of one place, one after the other --------------------------------------------------------

arriving = st.lists(
    st.tuples(*[st.one_of(st.integers(0, 3), st.integers(0, 12), st.integers(9, 40))] * 4),
    min_size=2,
    max_size=4,
)


def in_turn(arrivals: Sequence[tuple[int, ...]]) -> list[tuple[int, Table]]:
    """People come in groups; after each group the place asks for a table of all who are there."""
    series: list[tuple[int, Table]] = []
    now = (0, 0, 0, 0)
    for stage, more in enumerate(arrivals):
        now = tuple(a + b for a, b in zip(now, more, strict=True))  # type: ignore[assignment]
        if (table := published(now, [one for _, one in series])) is not None:
            series.append((stage, table))
    return series


def test_one_more_person_changes_nothing_that_is_published() -> None:
    first = published((30, 20, 15, 12))
    assert first is not None
    for n in range(4):
        more = [30, 20, 15, 12]
        more[n] += 1
        assert published(more, [first]) is None
    assert published((40, 30, 25, 22), [first]) == Table(0, (40, 30, 25, 22))
    assert published((40, 30, 24, 23), [first]) == Table(1, (40, 30, 47))


@given(arriving)
@settings(max_examples=300, deadline=None)
def test_no_difference_of_two_tables_is_about_fewer_than_ten(arrivals: list[tuple[int, ...]]) -> None:
    tables = [table for _, table in in_turn(arrivals)]
    for n, later in enumerate(tables):
        for before in tables[:n]:
            step = max(later.step, before.step)
            differences = [a - b for a, b in zip(later.on(step), before.on(step), strict=True)]
            for some in range(1, 2 ** len(differences)):
                chosen = sum(d for bit, d in enumerate(differences) if some >> bit & 1)
                assert abs(chosen) >= LEAST


@given(
    st.tuples(*[st.integers(0, 60)] * 4),
    st.lists(st.tuples(*[st.integers(-25, 25)] * 4), min_size=1, max_size=4),
)
@settings(max_examples=300, deadline=None)
def test_people_who_also_leave_or_answer_otherwise_are_not_found_by_two_tables_either(
    first: tuple[int, ...], changes: list[tuple[int, ...]]
) -> None:
    tables: list[Table] = []
    now = first
    for change in [(0, 0, 0, 0), *changes]:
        now = tuple(max(0, a + b) for a, b in zip(now, change, strict=True))
        if (table := published(now, tables)) is not None:
            assert all(apart(table, other) for other in tables)
            assert all(abs(sum(table.counts) - sum(other.counts)) >= LEAST for other in tables)
            tables.append(table)


@given(arriving)
@example([(40, 5, 20, 20), (10, 10, 10, 10), (3, 30, 7, 10)])
@settings(max_examples=250, deadline=None)
def test_solving_all_tables_together_determines_no_small_count(arrivals: list[tuple[int, ...]]) -> None:
    """All published cells as one system of equations: for each group that came between two tables, every count below
    ten, of any cell or sum of cells, keeps a range of ten at least."""
    series = in_turn(arrivals)
    if not series:
        return
    equations, right = what_is_known(series, len(arrivals))
    size = len(arrivals) * len(FINE)
    begins = 0
    for stage, _ in series:
        came = range(begins, stage + 1)
        begins = stage + 1
        for some in range(1, 2 ** len(FINE)):
            cells = [n for n in range(len(FINE)) if some >> n & 1]
            if sum(arrivals[a][n] for a in came for n in cells) < LEAST:
                unknown = {a * len(FINE) + n for a in came for n in cells}
                assert spread(equations, right, unknown, size) >= LEAST
