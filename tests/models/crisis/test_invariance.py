"""M04: however a resident writes it, what is explicit is heard at the same level."""

from __future__ import annotations

import opencc
import pytest
import yaml
from pypinyin import lazy_pinyin

from models.crisis.recogniser import LEVELS

from .corpus_reader import FOLDER

LINES = [str(line) for line in yaml.safe_load((FOLDER / "invariance.yml").read_text(encoding="utf-8"))]
TO_TRADITIONAL = opencc.OpenCC("s2t")
MARKET = "今天去菜场买了一点菜。"


def full_width(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def wrapped(text: str) -> str:
    """In the middle of four thousand characters about something else."""
    around = MARKET * ((4_000 - len(text)) // (2 * len(MARKET)))
    return f"{around}{text}。{around}"


FORMS = {
    "full-width": full_width,
    "traditional": TO_TRADITIONAL.convert,
    "zero-width": "\u200b".join,
    "pinyin": lambda text: " ".join(lazy_pinyin(text)),
    "split characters": " ".join,
    "emoji between": "😊".join,
    "repeated punctuation": lambda text: f"！！！{text}！！！！？？？。。。。",
    "wrapped in 4,000 characters": wrapped,
}


def test_there_are_eight_forms_of_a_hundred_lines():
    assert len(FORMS) == 8
    assert len(set(LINES)) == len(LINES) == 100
    assert 3_900 < len(wrapped(LINES[0])) <= 4_000


@pytest.mark.parametrize("form", FORMS)
def test_no_form_lowers_the_level(reader, figures, form):
    lowered = []
    for line in LINES:
        plain, written = reader.read(line), reader.read(FORMS[form](line))
        assert plain.level == "crisis", line
        if LEVELS.index(written.level) < LEVELS.index(plain.level):
            lowered.append(line)
    figures.append(f"same  {len(LINES) - len(lowered)}/{len(LINES)}  crisis   M04 {form}")
    assert not lowered


@pytest.mark.parametrize(
    "harmless",
    [
        "jin tian tian qi hen hao",
        "wo bu xiang si",
        "wo cong lai mei you xiang guo zi sha",
        "ni hao qing wen she bao ka zen me ban",
        "I can hang on a long song and he can dance fine",
        "women hao kai xin a",
    ],
)
def test_harmless_pinyin_and_english_stay_harmless(reader, harmless):
    assert reader.read(harmless).level == "none"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("今天 wo xiang si 了", "xiang si"),
        ("想tiaolou", "想tiaolou"),
        ("zì shā", "zì shā"),
        ("我想歹匕", "想歹匕"),
    ],
)
def test_a_reason_points_at_the_letters_as_they_were_typed(reader, text, said):
    spans = {text[reason.start : reason.end] for reason in reader.read(text).reasons}
    assert any(said in span for span in spans), spans


def test_a_pause_between_spaced_characters_is_still_a_pause(reader):
    """去死 in a clause of its own is meant; a comma between all characters is a disguise."""
    assert reader.read("最 后 ， 说 一 句 ， 谢 谢 ， 我 去 死 了").level == "crisis"
    assert reader.read("我，不，想，活，了").level == "crisis"
