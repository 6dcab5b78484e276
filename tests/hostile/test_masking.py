"""What leaves for Rasa: no name, number or address; every word of feeling; and nothing that it takes for a command."""

import unicodedata
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.masking import for_rasa

SENTENCES: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "masking.yml").read_text(encoding="utf-8")
)


def test_there_are_enough_of_them() -> None:
    assert len([s for s in SENTENCES if "hide" in s]) >= 60


@pytest.mark.parametrize("sentence", SENTENCES, ids=lambda sentence: sentence["say"])
def test_what_is_private_stays_here_and_what_is_felt_goes_on(sentence: dict[str, Any]) -> None:
    left = for_rasa(sentence["say"])
    for private in sentence.get("hide", ()):
        assert private not in left, left
        assert unicodedata.normalize("NFKC", private) not in left, left
    for felt in sentence.get("keep", ()):
        assert felt in left, left


KNOWN = ("余红", "13812345678", "浦沿街道东冠社区3幢101室", "女儿余小燕 13987654321")


@pytest.mark.parametrize(
    "text",
    [
        "余红又睡不着了", "红姐说的没错，余 红也这么想", "我女儿余小燕不接电话", "余小燕139 8765 4321",
        "小燕什么时候来", "还是浦沿街道东冠社区3幢101室", "东冠社区那边", "余\u200b红", "ＹＵ 余紅？不，余红",
    ],
)  # fmt: skip
def test_what_they_told_about_themselves_is_hidden_wherever_it_stands(text: str) -> None:
    left = for_rasa(text, KNOWN)
    for private in ("余红", "余 红", "余小燕", "小燕", "8765", "东冠", "101"):
        assert private not in left, left


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=300))
def test_whatever_is_said_leaves_as_plain_text(text: str) -> None:
    left = for_rasa(text)
    assert left.strip()
    assert not left.lstrip().startswith(("/", "\\"))
    assert not left.upper().startswith("EXTERNAL")
    assert "{" not in left
    assert len(left) <= 1000
    left.encode("utf-8")


@settings(max_examples=200, deadline=None)
@given(
    st.text(alphabet="/／\\ \t\u200b\ufeff\u2060\u00ad⁄∕╱⧸EXTERNALexternal:：", max_size=12),
    st.sampled_from(["restart", "answer_recorded", 'inform{"q9":"0"}', "EXTERNAL: danger_red"]),
)
def test_no_prefix_makes_a_command_of_it(prefix: str, command: str) -> None:
    left = for_rasa(prefix + command)
    assert not left.startswith(("/", "\\", "{"))
    assert not left.upper().startswith("EXTERNAL")
