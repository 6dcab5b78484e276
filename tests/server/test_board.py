"""DB2, DB7, DB8: what a colour means, when chance is no explanation, and nobody is found by adding and subtracting."""

import itertools
import math
from collections import defaultdict
from decimal import Decimal, localcontext
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.aggregates import LEAST
from server.board import (
    Share,
    StreetWeek,
    clusters,
    judge,
    published,
    read_rules,
    share,
    share_of_month,
    tail,
)

RULES = read_rules()


# --- what is hidden ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("least", "cells"), [(2, 4), (3, 3), (3, 4), (4, 3)])
def test_no_hidden_number_can_be_subtracted_back(least: int, cells: int) -> None:
    """Somebody knows the rule and the whole table, and tries every population that would have given it."""
    names = "abcd"[:cells]
    worlds = defaultdict(list)
    for counts in itertools.product(range(least * 3), repeat=cells):
        table = published(dict(zip(names, counts, strict=True)), least)
        worlds[tuple(sorted(table.cells.items())), table.hidden, table.rest].append(counts)
    hid = 0
    for (_, hidden, _), could_be in worlds.items():
        for cell in hidden:
            hid += 1
            values = {world[names.index(cell)] for world in could_be}
            assert values == set(range(least)), "each small number stays possible, nobody included"
    assert hid


counts = st.dictionaries(
    st.sampled_from("abcdefgh"), st.one_of(st.integers(0, 3), st.integers(5, 14), st.integers(0, 200)), min_size=1
)  # fmt: skip


@given(counts)
@settings(max_examples=200, deadline=None)
def test_with_the_real_limit_each_hidden_cell_can_be_anything_below_it(people: dict[str, int]) -> None:
    table = published(people)
    assert set(table.cells) | set(table.hidden) == set(people)
    assert all(table.cells[cell] == people[cell] >= LEAST for cell in table.cells)
    for cell in table.hidden:
        for could_be in range(LEAST):
            other = _another_world(people, table, cell, could_be)
            assert published(other) == table, (cell, could_be)


def _another_world(people: dict[str, int], table: StreetWeek, cell: str, value: int) -> dict[str, int]:
    """A population with this value in a hidden cell, which an attacker could not tell from the real one."""
    others = [one for one in table.hidden if one != cell]
    left = (table.rest - value) if table.rest is not None else 0
    world = {**people, cell: value}
    for one in others:
        world[one] = min(left, LEAST - 1)
        left -= world[one]
    return world


def test_a_sum_that_gives_the_hidden_away_is_hidden_too() -> None:
    assert published({"a": 30, "b": 4}).total is None, "one hidden cell beside a sum is no hidden cell"
    assert published({"a": 30, "b": 9, "c": 9}).total is None, "eighteen of two can only be nine and nine"
    assert published({"a": 30, "b": 9, "c": 0, "d": 1}).rest == 10
    assert published({"a": 30, "b": 9, "c": 0, "d": 1}).total == 40
    assert published({"a": 30, "b": 9, "c": 0}).total is None, "nine in all are fewer than ten"
    assert published({"a": 30, "b": 12}).total == 42


@given(st.integers(0, 80), st.integers(0, 80))
def test_a_part_and_what_is_left_of_it_are_both_ten_or_hidden(part: int, other: int) -> None:
    found = share(part, part + other)
    if part + other < LEAST:
        assert found is None
    elif min(part, other) < LEAST:
        assert found == Share(None, part + other)
    else:
        assert found == Share(part, part + other)


@pytest.mark.parametrize(("least", "weeks"), [(2, 3), (3, 3), (3, 4), (2, 5)])
def test_a_month_beside_its_weeks_gives_no_hidden_week_away(least: int, weeks: int) -> None:
    """Somebody knows what was said of each week and of the month, and tries all pasts that would have given it."""
    small = [(part, whole) for whole in range(least) for part in range(whole + 1)]
    large = [(0, least), (1, least), (least, 2 * least)]
    worlds = defaultdict(list)
    for past in itertools.product([*small, *large], repeat=weeks):
        alone = tuple(share(part, whole, least) for part, whole in past)
        worlds[alone, share_of_month(past, least)].append(past)
    said = {month for _, month in worlds if month is not None}
    assert said
    assert (weeks, least) != (5, 2) or Share(2, 4) in said
    for (alone, _), could_be in worlds.items():
        for n, shown in enumerate(alone):
            if shown is None:
                assert {past[n] for past in could_be} == set(small)


def test_a_month_is_said_when_no_week_of_it_was_and_no_week_follows_from_it() -> None:
    assert share_of_month([(2, 5), (4, 6), (5, 7), (2, 4)]) == Share(None, 22), "nine were late"
    assert share_of_month([(3, 5), (4, 9), (3, 8), (2, 4)]) == Share(12, 26)
    assert share_of_month([(2, 5), (9, 12), (5, 7), (2, 4)]) is None, "the week of twelve was said already"
    assert share_of_month([(2, 2), (2, 2), (2, 2), (2, 2)]) is None, "eight in all"
    assert share_of_month([(4, 9), (4, 9), (4, 9), (4, 9)]) is None, (
        "thirty-six of four can only be nine each"
    )
    assert share_of_month([]) is None


# --- what a colour means ----------------------------------------------------------------------------


@given(st.integers(0, 400), st.floats(0.01, 300))
@settings(deadline=None)
def test_the_tail_is_the_one_of_the_textbook(observed: int, expected: float) -> None:
    with localcontext() as exact:
        exact.prec = 150
        mean, below, mass = Decimal(expected), Decimal(0), (-Decimal(expected)).exp()
        for k in range(observed):
            below += mass
            mass *= mean / (k + 1)
        right = float(1 - below)
    assert math.isclose(tail(observed, expected), right, rel_tol=1e-6, abs_tol=1e-100)


def test_the_tail_at_its_ends() -> None:
    assert tail(0, 5) == 1
    assert tail(3, 0) == 0
    assert tail(1, 2) == pytest.approx(1 - math.exp(-2))
    assert 0 < tail(120, 3) < 1e-100


@pytest.mark.parametrize(
    ("observed", "colour"), [(10, "green"), (14, "blue"), (18, "yellow"), (20, "orange"), (24, "red")]
)
def test_a_colour_is_how_unlikely_this_week_is_beside_its_own_past(observed: int, colour: str) -> None:
    judged = judge(observed, [10, 11, 9, None, 12, 10], RULES)
    assert judged is not None
    assert judged.expected == pytest.approx(61 / 6)
    assert judged.colour.key == colour
    assert judged.probability < judged.colour.below


def test_the_same_number_is_quiet_where_it_is_usual() -> None:
    loud, usual = judge(24, [None] * 12, RULES), judge(24, [24] * 12, RULES)
    assert loud is not None
    assert usual is not None
    assert (loud.colour.key, usual.colour.key) == ("red", "green")


def test_what_is_hidden_or_has_no_past_has_no_colour() -> None:
    assert judge(None, [10] * 12, RULES) is None, "a hidden number is not green: unknown is not safe"
    assert judge(30, [10, 10, 10], RULES) is None


def test_everything_shown_follows_from_what_is_published() -> None:
    """Two pasts that differ only in what was hidden are judged alike."""
    one = [published({"a": 12, "b": n}).number("b") for n in (0, 1, 2, 3)]
    other = [published({"a": 12, "b": n}).number("b") for n in (9, 8, 9, 7)]
    assert judge(15, one, RULES) == judge(15, other, RULES)


def test_a_cluster_is_what_chance_does_not_give_even_when_many_are_looked_at() -> None:
    usual = {f"c{n}": judge(10, [10] * 8, RULES) for n in range(40)}
    odd = {"odd": judge(19, [10] * 8, RULES), "more": judge(30, [10] * 8, RULES)}
    alone = {name: one for name, one in odd.items() if one}
    many = {name: one for name, one in {**usual, **odd}.items() if one}
    assert clusters(alone, RULES) == ["more", "odd"]
    assert clusters(many, RULES) == ["more"], "one of forty-two is as unlikely as this by chance alone"


def test_the_five_colours_have_their_order_their_words_and_their_patterns() -> None:
    assert [one.colour for one in RULES.colours] == ["绿", "蓝", "黄", "橙", "红"]
    assert len({one.word for one in RULES.colours} | {one.pattern for one in RULES.colours}) == 10


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("below: 0.2}", "below: 0.01}"), ("pattern: dots", "pattern: lines"), ("key: blue", "key: red"),
     ("least_past_weeks: 4", "least_past_weeks: 40")],
)  # fmt: skip
def test_rules_that_contradict_themselves_are_refused(tmp_path: Path, right: str, wrong: str) -> None:
    text = (Path(__file__).parents[2] / "server" / "board.yml").read_text("utf-8")
    assert right in text
    (tmp_path / "board.yml").write_text(text.replace(right, wrong), "utf-8")
    with pytest.raises(ValueError, match=r"board\.yml"):
        read_rules(tmp_path / "board.yml")
