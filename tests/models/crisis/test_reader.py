"""What the reader promises its callers, whatever people type."""

from __future__ import annotations

import io
import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.crisis.errors import CrisisRulesError, PatternError
from models.crisis.language import to_regex
from models.crisis.recogniser import CrisisRecogniser
from models.crisis.rulebook import RuleBook
from server.commands.crisis import read_lines

BOOK = RuleBook.shipped()
READER = CrisisRecogniser(BOOK)
RULES = len(BOOK.rules)
RISKY = "我想死自杀不没有是跳楼割腕了的，。 ！\u200b😊zs4si紫砂她妈以前现在药刀《》“”\n\0\ud800"


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300) | st.text(alphabet=RISKY, max_size=120))
def test_any_text_gets_an_answer_with_spans_inside_it(text):
    reading = READER.read(text)
    assert reading.level in {"none", "elevated", "crisis"}
    assert (reading.level == "none") == (not reading.reasons)
    assert not reading.imminent or reading.level == "crisis"
    for reason in reading.reasons:
        assert 0 <= reason.start < reason.end <= len(text)
        assert reason.category in reading.categories


def test_the_same_words_get_the_same_answer():
    text = "被我妈骂得想死，昨晚差点跳楼，我朋友也说不想活了"
    assert READER.read(text) == READER.read(text) == CrisisRecogniser.from_files().read(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("你好，我不想活了。", "不想活了"),
        ("你好，我不\u200b想\u200b活了。", "不\u200b想\u200b活了"),
        ("我想自*杀", "想自*杀"),
        ("我不 想 活 了", "不 想 活 了"),
        ("我不想活瞭", "不想活瞭"),
    ],
)
def test_a_reason_points_at_the_words_as_they_were_typed(text, said):
    spans = {text[reason.start : reason.end] for reason in READER.read(text).reasons}
    assert any(said.startswith(span) or span == said for span in spans if len(span) >= len(said) - 1)


def test_a_million_characters_are_read_at_both_ends_and_the_gap_is_named():
    flood = "今天天气好，" * 200_000
    quiet = READER.read(flood)
    assert quiet.level == "elevated"
    assert [r.rule for r in quiet.reasons] == ["input.unread"]
    assert READER.read("我不想活了" + flood).level == "crisis"
    assert READER.read(flood + "我不想活了").level == "crisis"
    middle = READER.read(flood[:100_000] + "我不想活了" + flood[:100_000])
    assert middle.level == "elevated"
    assert middle.reasons[0].start == 4_000


def test_what_is_long_but_not_endless_is_read_whole():
    assert READER.read("今天天气好。" * 1_500 + "我想死" + "今天天气好。" * 1_500).level == "crisis"


@pytest.mark.parametrize(
    "piece",
    ["我", "不想", "想死", "没有不", "有没有", "我妈说", "笑死", " 不", "不.", "“", "《", "吃了", "怎么", "4", "😊💊",
     "新闻", "我想", "自 杀", "他又打", "\0", "\ud83d", "a ", "不是", "以前", "刀"],
)  # fmt: skip
def test_hostile_repetition_grows_no_faster_than_its_length(piece):
    """Twenty thousand characters of one piece: answered, and with a bounded number of reasons."""
    reading = READER.read((piece * 20_000)[:20_000])
    assert len(reading.reasons) <= 200 * RULES


def test_the_pattern_language_knows_no_unbounded_repetition():
    for bad in ("死*", "死+", "(死", "死)", "{不存在}", "[死)", "~死~想~活", "\\d"):
        with pytest.raises(PatternError):
            to_regex(bad, {})


def test_no_compiled_rule_repeats_without_a_bound():
    entries = [*BOOK.rules, *BOOK.masks]
    groups = [part for rule in BOOK.rules for group in rule.groups for part in group.parts]
    sought = [*(p for entry in entries for p in entry.patterns), *groups]
    sought += [p for rule in BOOK.rules for p in rule.unless]
    assert len(sought) > 500
    for pattern in [*(each.regex for each in sought), *BOOK.frames.values()]:
        assert not re.search(r"(?<!\\)[*+]|\{\d+,\}", pattern.pattern), pattern.pattern


def test_a_half_written_rule_file_is_refused(tmp_path):
    (tmp_path / "words.yml").write_text("我: [我]\n", encoding="utf-8")
    with pytest.raises(CrisisRulesError):
        RuleBook.from_folder(tmp_path)


@pytest.mark.parametrize(
    ("asked", "said", "level", "imminent"),
    [
        ("suicide_direct", "有", "crisis", False),
        ("suicide_direct", "想过", "crisis", False),
        ("suicide_direct", "嗯", "crisis", False),
        ("suicide_direct", "有时候吧", "crisis", False),
        ("suicide_direct", "没有", "none", False),
        ("suicide_direct", "没有啊，从来没有", "none", False),
        ("suicide_direct", "不想说", "elevated", False),
        ("asq1", "是", "crisis", False),
        ("asq4", "去年试过", "crisis", False),
        ("asq4", "昨天", "crisis", True),
        ("asq4", "没有", "none", False),
        ("asq5", "有", "crisis", True),
        ("asq5", "是的", "crisis", True),
        ("asq5", "不知道", "elevated", False),
        ("asq5", "没有", "none", False),
        ("asq5", "没有，但是我不想活了", "crisis", False),
        (None, "有", "none", False),
        ("phq9_1", "有", "none", False),
    ],
)
def test_a_short_answer_counts_after_the_question(asked, said, level, imminent):
    reading = READER.read(said, asked=asked)
    assert (reading.level, reading.imminent) == (level, imminent)


@pytest.mark.parametrize(
    ("said", "whose"),
    [("我妈说她不想活了", "other"), ("我跟我妈说我不想活了", "self"), ("老公又打我，我想死", "self")],
)
def test_whose_danger_it_is(said, whose):
    assert whose in {r.whose for r in READER.read(said).reasons if r.category != "domestic_violence"}


@pytest.mark.parametrize("said", ["因为老公想死", "想到女儿就想死", "没有他想死"])
def test_a_person_who_is_only_the_cause_is_not_the_one_in_danger(said):
    reading = READER.read(said)
    assert reading.level == "crisis"
    assert {reason.whose for reason in reading.reasons} == {"self"}


def test_somebody_elses_danger_is_urgent_when_it_happens_now():
    now, talk = READER.read("我女儿刚刚开了煤气"), READER.read("我女儿说想死")
    assert (now.level, now.imminent) == ("crisis", True)
    assert {reason.whose for reason in now.reasons} == {"other"}
    assert (talk.level, talk.imminent) == ("elevated", False)


@pytest.mark.parametrize(
    "said", ["游戏输了我想死了", "王者掉段我想自杀", "看了新闻有人自杀我也想自杀", "论文写不出我要跳楼"]
)
def test_a_story_a_game_or_the_news_never_hides_the_speakers_own_words(said):
    assert READER.read(said).level == "crisis"


def test_the_command_answers_every_line_in_order():
    lines = [
        "我不想活了".encode(),
        b"",
        b"\xff\xfe\x00\xed\xa0\x80",
        "今天天气好".encode(),
        "我想自杀".encode("gb18030"),
        b"\xff" + "不想活了".encode(),
        b"x" * 1_000_000,
        "朋友说想自杀我该怎么开导".encode(),
    ]
    out = io.BytesIO()
    read_lines(io.BytesIO(b"\n".join(lines)), out, READER)
    answers = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [a["level"] for a in answers] == [
        "crisis", "none", "none", "none", "crisis", "crisis", "elevated", "elevated",
    ]  # fmt: skip
    assert set(answers[0]["reasons"][0]) == {"rule", "category", "start", "end", "whose"}


def test_a_reader_that_fails_has_not_said_that_all_is_well():
    class Broken(CrisisRecogniser):
        def read(self, text, *, asked=None):
            raise RuntimeError

    out = io.BytesIO()
    read_lines(io.BytesIO("你好\n再见\n".encode()), out, Broken(BOOK))
    assert [json.loads(line)["level"] for line in out.getvalue().splitlines()] == ["elevated", "elevated"]
