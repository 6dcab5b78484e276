"""Reliable change and percentiles, against arithmetic done by hand."""

import ast
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessments.change import FILE, ChangeBasis, ChangeFileError, change_bases, read_bases, reliable_change
from assessments.library import Library
from assessments.norms import percentile, placed

LIBRARY = Library.from_files()


def basis(sd: float, reliability: float) -> ChangeBasis:
    return ChangeBasis("x", sd, "here", reliability, "retest", "there")


def test_the_example_of_jacobson_and_truax() -> None:
    """32.5 to 47.5, sd 10, r 0.80: sem = 10 * sqrt(0.20) = 4.47; diff = 4.47 * 1.414 = 6.32; 15 / 6.32 = 2.37."""
    theirs = basis(10, 0.80)
    assert theirs.error == pytest.approx(6.3246, abs=1e-4)
    change = reliable_change(theirs, 32, 47, high_is_good=True)
    assert change.index == pytest.approx(2.37, abs=0.005)
    assert (change.direction, change.means) == ("higher", "better")


@pytest.mark.parametrize(
    ("form", "error", "band", "points"),
    [
        # 5.5 * sqrt(1 - 0.86) = 5.5 * 0.374166 = 2.057911; * 1.414214 = 2.910326; * 1.96 = 5.704239
        ("phq9", 2.910326, 5.704239, 6),
        # 4.5 * sqrt(1 - 0.856) = 4.5 * 0.379473 = 1.707630; * 1.414214 = 2.414954; * 1.96 = 4.733310
        ("gad7", 2.414954, 4.733310, 5),
    ],
)
def test_the_bands_by_hand(form: str, error: float, band: float, points: int) -> None:
    found = change_bases()[form]
    assert found.error == pytest.approx(error, abs=1e-5)
    assert found.band == pytest.approx(band, abs=1e-5)
    assert found.points == points


@pytest.mark.parametrize(
    ("form", "before", "after", "direction", "means"),
    [
        ("phq9", 15, 15, "unclear", "unclear"),
        ("phq9", 15, 10, "unclear", "unclear"),  # 5 points: 5 / 2.910 = 1.72
        ("phq9", 15, 9, "lower", "better"),  # 6 points: 2.06
        ("phq9", 9, 14, "unclear", "unclear"),
        ("phq9", 9, 15, "higher", "worse"),
        ("gad7", 12, 8, "unclear", "unclear"),  # 4 points: 4 / 2.415 = 1.66
        ("gad7", 12, 7, "lower", "better"),  # 5 points: 2.07
        ("gad7", 7, 12, "higher", "worse"),
    ],
)
def test_one_point_inside_and_one_outside(
    form: str, before: int, after: int, direction: str, means: str
) -> None:
    change = reliable_change(change_bases()[form], before, after)
    assert (change.direction, change.means, change.difference) == (direction, means, after - before)


def test_where_high_is_good_more_is_better() -> None:
    assert reliable_change(basis(5, 0.8), 5, 20, high_is_good=True).means == "better"
    assert reliable_change(basis(5, 0.8), 20, 5, high_is_good=True).means == "worse"
    assert reliable_change(basis(5, 0.8), 20, 5).means == "better"


def test_a_difference_exactly_on_the_band_is_unclear() -> None:
    on_it = ChangeBasis("x", 1, "here", 0.5, "alpha", "there")  # sem 0.7071, diff 1.0, band 1.96
    assert on_it.band == pytest.approx(1.96)
    exact = ChangeBasis("x", 2 / on_it.band, "here", 0.5, "alpha", "there")
    assert reliable_change(exact, 0, 2).means == ("unclear" if exact.band >= 2 else "worse")
    assert exact.points == (3 if exact.band >= 2 else 2)


@given(st.floats(0.5, 40), st.floats(0.01, 0.99), st.integers(0, 450), st.integers(0, 450), st.booleans())
def test_inside_the_band_nothing_is_said_and_the_other_way_round_is_the_mirror(
    sd: float, reliability: float, before: int, after: int, good: bool
) -> None:
    one = basis(sd, reliability)
    change = reliable_change(one, before, after, high_is_good=good)
    assert (change.means == "unclear") == (abs(after - before) <= one.band)
    assert (change.means == "unclear") == (abs(after - before) < one.points)
    mirror = {"unclear": "unclear", "better": "worse", "worse": "better"}
    assert reliable_change(one, after, before, high_is_good=good).means == mirror[change.means]


def test_every_entry_is_of_a_form_that_has_a_total_and_names_both_sources() -> None:
    for name, entry in change_bases().items():
        assert LIBRARY[name].scoring.has_total
        assert len(entry.sd_source) > 10
        assert len(entry.reliability_source) > 10


GOOD = "x: {measure: total, sd: 5, sd_source: a, reliability: 0.8, kind: alpha, reliability_source: b, checked_on: c}"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("sd: 5", "sd: 0"), ("sd: 5", "sd: -1"), ("sd: 5", "sd: .nan"), ("sd: 5", "sd: .inf"),
        ("sd: 5", "sd: yes"), ("sd: 5", "sd: '5'"), ("0.8", "1"), ("0.8", "0"), ("0.8", "1.2"),
        ("alpha", "guess"), ("sd_source: a", "sd_source: ''"), ("reliability_source: b", "reliability_source: 3"),
        ("measure: total", "measure: q1"), ("sd: 5, ", ""), ("sd_source: a, ", ""),
        ("checked_on: c", "checked_on: c, more: 1"),
    ],
)  # fmt: skip
def test_a_figure_without_its_source_or_sense_is_refused(old: str, new: str) -> None:
    assert read_bases(GOOD)["x"].reliability == 0.8
    with pytest.raises(ChangeFileError, match="x"):
        read_bases(GOOD.replace(old, new, 1))


@pytest.mark.parametrize("text", ["- 1", "3", "x: [", "x: 3", ""])
def test_a_file_of_another_shape_is_refused(text: str) -> None:
    with pytest.raises(ChangeFileError):
        read_bases(text)


@pytest.mark.parametrize(
    ("value", "mean", "sd", "expected"),
    [
        (1.50, 1.50, 0.59, 50),
        (2.09, 1.50, 0.59, 84),  # z = 1: 84.13
        (0.91, 1.50, 0.59, 16),  # z = -1: 15.87
        (2.68, 1.50, 0.59, 98),  # z = 2: 97.72
        (160, 129.96, 38.76, 78),  # z = 0.7750: 78.08
        (90, 129.96, 38.76, 15),  # z = -1.0310: 15.13
        (450, 129.96, 38.76, 99),
        (0, 129.96, 10, 1),
    ],
)
def test_percentiles_from_the_table_of_the_normal_distribution(
    value: float, mean: float, sd: float, expected: int
) -> None:
    assert percentile(value, mean, sd) == expected


@pytest.mark.parametrize("figures", [(float("nan"), 1, 1), (1, 1, 0), (1, 1, -2), (float("inf"), 1, 1)])
def test_no_percentile_of_what_is_no_number(figures: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="finite"):
        percentile(*figures)


def test_only_forms_with_published_norms_have_percentiles() -> None:
    with_norms = [form.id for form in LIBRARY.every() if form.norms is not None]
    assert with_norms == ["scl90"]
    assert placed(LIBRARY["phq9"], {"total": 12}) == ()
    found = placed(LIBRARY.to_score("scl90"), {"total": 160, "depression": 2.09, "positive_mean": None})
    assert [(one.measure, one.percentile) for one in found] == [("depression", 84), ("total", 78)]


def test_nothing_that_judges_knows_of_change_or_norms() -> None:
    """A trend never raises or lowers a level."""
    root = FILE.parents[1]
    for path in [
        *root.glob("escalation/**/*.py"),
        root / "assessments/scoring.py",
        root / "assessments/staging.py",
    ]:
        for node in ast.walk(ast.parse(Path(path).read_text("utf-8"))):
            names = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [f"{node.module}.{alias.name}" for alias in node.names]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            assert not [
                name for name in names if name.startswith(("assessments.change", "assessments.norms"))
            ], path
