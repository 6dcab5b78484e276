"""The words that the dialogue picks out of a message and says back."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
NLU = ROOT / "bot" / "data" / "nlu"
STORIES = ROOT / "tests" / "stories"


def entries(page: Path) -> list[dict[str, Any]]:
    return yaml.safe_load(page.read_text(encoding="utf-8"))["nlu"]


def lines(entry: dict[str, Any]) -> list[str]:
    return [line.removeprefix("- ").strip() for line in entry["examples"].splitlines()]


def tables() -> dict[str, list[str]]:
    return {entry["lookup"]: lines(entry) for entry in entries(NLU / "lookups.yml") if "lookup" in entry}


def test_a_longer_word_is_heard_before_the_shorter_one_within_it() -> None:
    """The extractor tries the words in their order and keeps the first that fits."""
    for name, words in tables().items():
        heard = re.compile("|".join(map(re.escape, words)))
        cut_short = {word for word in words if (found := heard.match(word)) and found.group() != word}
        assert not cut_short, name


def test_no_word_stands_in_two_tables_and_none_twice() -> None:
    words = [word for table in tables().values() for word in table]
    assert sorted({word for word in words if words.count(word) > 1}) == []


def test_what_a_word_is_said_as_is_decided_once() -> None:
    said = [line for entry in entries(NLU / "lookups.yml") if "synonym" in entry for line in lines(entry)]
    assert sorted({word for word in said if said.count(word) > 1}) == []
    assert set(said) <= {word for table in tables().values() for word in table}


def test_each_table_has_two_marked_examples_without_which_rasa_leaves_it_out() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in NLU.glob("*.yml"))
    assert {name: text.count(f"]({name})") >= 2 for name in tables()} == dict.fromkeys(tables(), True)


def test_every_held_out_line_belongs_to_an_intent_that_has_examples() -> None:
    taught = {entry["intent"] for page in NLU.glob("*.yml") for entry in entries(page) if "intent" in entry}
    held_out = {entry["intent"] for page in STORIES.glob("nlu_held_out*.yml") for entry in entries(page)}
    assert held_out <= taught
