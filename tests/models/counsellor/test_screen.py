"""The screen, rule by rule: what each must catch, what it must leave alone, and that it cannot be slipped past."""

from functools import cache
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from models.counsellor.errors import FrameError
from models.counsellor.frame import Frame
from models.counsellor.screen import LEAK, Screen, plain, read_rules
from tests.support.town import the_recogniser

FRAME = Frame.from_file()
RULES = read_rules()
GOOD: list[str] = yaml.safe_load((Path(__file__).parent / "good_answers.yml").read_text("utf-8"))
DISTRICT = ("12356", "120", "110", "0571-0000-0100")
each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)


@cache
def screen() -> Screen:
    return Screen.from_file(FRAME, DISTRICT, lambda text: the_recogniser().read(text).level)


def heard(text: str, before: tuple[str, ...] = (), size: int = 1) -> set[str]:
    """What is wrong with an answer that comes in pieces of this size."""
    listening = screen().listen(before)
    for at in range(0, len(text), size):
        if wrong := listening.hear(text[at : at + size]):
            return wrong
    return listening.end()


@each_rule
def test_a_rule_catches_its_examples_wherever_they_stand(rule) -> None:
    for example in rule.examples:
        assert rule.id in screen().judge(example), example
        assert heard(f"我在听您说。{example}"), example
        assert rule.raw or heard(f"嗯，{example}，您说呢", size=7), example


@each_rule
def test_no_rule_catches_what_the_traps_say(rule) -> None:
    for trap in rule.traps:
        assert not [other.id for other in RULES if other.hits(trap if other.raw else plain(trap))], trap


@pytest.mark.parametrize("size", [1, 500])
def test_what_a_good_companion_says_is_let_through(size: int) -> None:
    assert {answer: wrong for answer in GOOD if (wrong := heard(answer, size=size))} == {}


@pytest.mark.parametrize("between", ["", " ", "·", "-", "\u200b", "　", "*"])
@pytest.mark.parametrize("word", ["割腕", "烧炭", "保密", "抑郁", "安眠药"])
def test_signs_between_hide_nothing(word: str, between: str) -> None:
    assert heard("您说" + between.join(word) + "的事")


@pytest.mark.parametrize("word", ["燒炭", "抑鬱", "保密", "割腕", "轉帳匯款"])
def test_traditional_characters_hide_nothing(word: str) -> None:
    assert heard(f"您說{word}的事。")


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("您想打的话，旁边有 12356。", True),
        ("您想打的话，旁边有１２３５６。", True),
        ("也可以打 0571-0000-0100。", True),
        ("也可以打 0571 0000 0100。", True),
        ("也可以打 12355。", False),
        ("也可以打 123 56 7。", False),
        ("也可以打 95。", True),
        ("打 911 吧。", False),
        ("号码是九五一二零。", False),
        ("慢慢数，一二三四五。", True),
        ("您等了 100 天，不短了。", True),
        ("打 100 天试试。", False),
        ("欠了 30000 块，压得慌。", False),
        ("您说的 2023 年那次，我记得。", True),
        ("(010) 8295-1332", False),
        ("+86 571 8888 6666", False),
        ("1-1-9", False),
    ],
)
def test_only_the_districts_numbers(text: str, allowed: bool) -> None:
    assert ("number" not in screen().judge(text)) == allowed


def test_no_long_run_of_the_frame_comes_out() -> None:
    bare = "".join(FRAME.system.split())
    for at in range(0, len(bare) - 2 * LEAK, 7):
        assert heard(bare[at : at + 2 * LEAK]), bare[at : at + 2 * LEAK]


def test_what_was_said_before_is_not_said_again() -> None:
    said = "嗯，我在听。您接着说。"
    assert heard(said) == set()
    assert heard(said, before=("您好", said)) == {"repeats"}


def test_what_the_reader_cannot_read_is_not_taken_for_harmless() -> None:
    def broken(text: str) -> str:
        raise RuntimeError(text)

    listening = Screen.from_file(FRAME, DISTRICT, broken).listen()
    assert listening.hear("我在听。嗯") == {"danger"}
    assert listening.text == ""


def test_nothing_of_a_replaced_answer_is_kept() -> None:
    listening = screen().listen()
    assert listening.hear("我在听您说。我是医生。好") == {"persona"}
    assert listening.sentences == ["我在听您说。"]


def test_a_screen_with_a_broken_entry_is_refused(tmp_path: Path) -> None:
    for text in (
        "rules: [{id: a, why: x, patterns: ['('], examples: [x], traps: [y]}]",
        "rules: [{id: a, why: x, patterns: [], examples: [x], traps: [y]}]",
        "rules: [{id: a, patterns: [b], examples: [b], traps: [y]}]",
        "rules: [{id: number, why: x, patterns: [b], examples: [b], traps: [y]}]",
    ):
        (tmp_path / "screen.yml").write_text(text, "utf-8")
        with pytest.raises(FrameError):
            read_rules(tmp_path / "screen.yml")


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=400), st.integers(1, 9))
def test_whatever_comes_is_judged_and_pieces_change_nothing(text: str, size: int) -> None:
    assert bool(heard(text, size=size)) == bool(heard(text, size=max(1, len(text))))
