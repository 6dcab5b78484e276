"""A harmless span ends with its clause (decision 0020): the same first half, and two ways to go on."""

from __future__ import annotations

import pytest
import yaml

from models.crisis.language import seeker
from models.crisis.rulebook import RuleBook

from .corpus_reader import FOLDER

PAIRS = FOLDER / "where_a_clause_ends.yml"
FAMILIES = yaml.safe_load(PAIRS.read_text(encoding="utf-8"))
LINES = [
    pytest.param(str(line), family["label"], id=f"{family['family']}:{line}")
    for family in FAMILIES
    for line in family["lines"]
]


def test_every_family_stands_beside_its_twin():
    names = {family["family"] for family in FAMILIES}
    assert {family["twin"] for family in FAMILIES} == names
    assert sum(len(family["lines"]) for family in FAMILIES) >= 150


@pytest.mark.parametrize(("text", "label"), LINES)
def test_the_second_half_decides(reader, text, label):
    assert reader.read(text).level == label


def test_a_gap_of_a_mask_runs_into_no_other_clause_and_over_no_turn():
    mask = seeker("新闻~~跳楼", {}, turns="(?:但|我想)").regex
    assert mask.search("新闻里说有人跳楼")
    for text in ("新闻看完，跳楼", "新闻里说的但跳楼", "新闻看得我想跳楼", "刷到新闻 跳楼"):
        assert not mask.search(text)
    assert seeker("新闻~~跳楼", {}).regex.search("新闻看完，跳楼"), "a rule may reach over the comma"


def test_only_what_needs_the_next_clause_reaches_into_it():
    reaching = {mask.id for mask in RuleBook.shipped().masks if mask.over_clauses}
    assert len(reaching) <= 6
    assert not reaching & {"mask.news", "mask.study", "mask.game", "mask.told_as_a_matter"}


def test_an_answer_that_says_it_came_back_is_heard(reader):
    assert reader.read("以前想过，现在又想了", asked="suicide").level == "crisis"
