"""Things that stand together, and the short cut that must never hide a match."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.crisis.errors import CrisisRulesError, PatternError
from models.crisis.language import Seeker, seeker
from models.crisis.matching import Group, Index, Text
from models.crisis.rulebook import RULES_FOLDER, RuleBook, word_lists

WORDS = {"盼": ["盼", "巴不得", "想"], "阴间": ["阴间", "黄泉"]}
PATTERNS = [
    "想死",
    "(想|寻)死",
    "[真]想~死",
    "{盼}[着]{阴间}",
    "<{盼}",
    "药~~死",
    "死了>",
    "(甲|乙丙)丁",
    "[a]b",
    "(死|)了",
]


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(PATTERNS), st.text(alphabet="想寻死真盼着巴不得阴间黄泉药了甲乙丙丁ab，。", max_size=30)
)
def test_what_a_text_cannot_contain_it_does_not_contain(pattern, text):
    sought = seeker(pattern, WORDS)
    if sought.regex.search(text):
        assert sought.possible(frozenset(text))


def test_a_pattern_that_needs_other_characters_is_not_looked_for():
    assert not seeker("{盼}[着]{阴间}", WORDS).possible(frozenset("巴不得快去阳"))
    assert seeker("{盼}[着]{阴间}", WORDS).possible(frozenset("想黄泉"))


def spots(text, parts, within, hidden=()):
    spoken = Text(text)
    covered = bytearray(1 if i in hidden else 0 for i in range(len(text)))
    group = Group(tuple(seeker(part, WORDS) for part in parts), within)
    return [(text[s.start : s.end], s.marked) for s in spoken.together(group, covered)]


def test_things_stand_together_in_any_order():
    assert spots("我想去阴间", ["{盼}", "{阴间}"], "clause") == [("想去阴间", 1)]
    assert spots("阴间我也想去", ["{盼}", "{阴间}"], "clause") == [("阴间我也想", 4)]


@pytest.mark.parametrize(
    ("text", "within", "found"),
    [
        ("我想，去阴间", "clause", False),
        ("我想，去阴间", "sentence", True),
        ("我想。去阴间", "sentence", False),
        ("我想。去阴间", "message", True),
        ("想" + "很" * 70 + "阴间", "sentence", False),
        ("想" + "很" * 70 + "阴间", "message", True),
    ],
)
def test_things_stand_together_only_within_their_stretch(text, within, found):
    assert bool(spots(text, ["{盼}", "{阴间}"], within)) is found


def test_one_word_is_not_two_things():
    assert spots("想死", ["{盼}", "想死"], "clause") == []
    assert spots("想想死", ["{盼}", "想死"], "clause") == [("想想死", 0)]


def test_what_is_hidden_is_no_part_of_it():
    assert spots("我想去阴间", ["{盼}", "{阴间}"], "clause", hidden={3}) == []


def test_a_flood_of_parts_is_answered():
    text = "想阴间" * 5_000 + "死" * 3_000
    group = ["{盼}", "{阴间}", "死", "药"]
    assert spots(text, group, "message") == []
    assert len(spots(text, group[:2], "message")) <= 2_000


def test_a_word_list_may_hold_another_and_never_itself(tmp_path):
    (tmp_path / "words.yml").write_text("甲: [一, '{乙}']\n乙: [二, 一]\n", encoding="utf-8")
    assert word_lists(tmp_path) == {"甲": ["一", "二"], "乙": ["二", "一"]}
    (tmp_path / "words.yml").write_text("甲: ['{乙}']\n乙: ['{甲}']\n", encoding="utf-8")
    with pytest.raises(CrisisRulesError):
        word_lists(tmp_path)


@pytest.mark.parametrize(
    "entry", ["within: page", "together: []", "together: [['{没有}']]", "patterns: ['[死]']"]
)
def test_a_rule_that_could_never_speak_is_refused(tmp_path, entry):
    for path in RULES_FOLDER.glob("*.yml"):
        (tmp_path / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    rule = (
        f"rules:\n  - id: bad.rule\n    category: plan\n    level: crisis\n    examples: [x]\n    {entry}\n"
    )
    if entry.startswith("within"):
        rule += "    patterns: [死]\n"
    (tmp_path / "bad.yml").write_text(rule, encoding="utf-8")
    with pytest.raises((CrisisRulesError, PatternError)):
        RuleBook.from_folder(tmp_path)


def test_the_index_names_just_what_is_possible_in_their_order() -> None:
    book = RuleBook.shipped()
    sought = [each for _, each in book.searches]
    index = Index(sought)
    for text in (
        "",
        "我",
        "我不想活了，药都买好了",
        "今天去菜场买了条鱼",
        "i want to kill myself",
        "儿子说他站在天台上",
    ):
        characters = frozenset(text)
        expected = [
            at
            for at, each in enumerate(sought)
            if all(part.possible(characters) for part in (each.parts if isinstance(each, Group) else (each,)))
        ]
        assert index.possible(characters) == expected
    assert Index([]).possible(frozenset("我")) == []
    assert Index([Seeker(re.compile("."), ()), seeker("死", {})]).possible(frozenset("我")) == [0]
