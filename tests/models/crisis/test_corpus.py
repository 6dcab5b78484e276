"""The reader against the project's own lines: nobody in danger goes unheard, nobody else is frightened."""

from __future__ import annotations

import opencc
import pytest
import yaml

from .corpus_reader import FOLDER, LEVELS, families

POSITIVES, TRAPS = families("positives"), families("traps")
EXPLICIT = [text for family in POSITIVES if family.explicit for text in family.texts]
TO_TRADITIONAL = opencc.OpenCC("s2t")


def _between(sign: str):
    return lambda text: sign.join(text)


FORMS = {
    "full-width": lambda text: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text),
    "traditional": TO_TRADITIONAL.convert,
    "zero-width": _between("\u200b"),
    "joiner": _between("\u2060"),
    "spaced": _between(" "),
    "dots": _between("."),
    "stars": _between("*"),
    "emoji between": _between("😊"),
    "repeated punctuation": lambda text: text + "！！！！！！。。。。。。",
    "dashes": _between("-"),
    "newlines": _between("\n"),
    "upper case": str.upper,
    "wrapped": lambda text: "今天去菜场买了一点菜。" * 360 + text + "。今天去菜场买了一点菜" * 360,
    "exclaimed": lambda text: f"啊！！！{text}…………",
}


def _at_least(level: str, wanted: str) -> bool:
    return LEVELS.index(level) >= LEVELS.index(wanted)


def test_the_corpus_is_large_enough():
    assert sum(len(family.texts) for family in POSITIVES) >= 250
    assert sum(len(family.texts) for family in TRAPS) >= 250
    for listed in (POSITIVES, TRAPS):
        texts = [text for family in listed for text in family.texts]
        assert len(texts) == len(set(texts))


@pytest.mark.parametrize("family", POSITIVES, ids=lambda family: family.name)
def test_what_is_serious_is_heard(reader, figures, family):
    readings = {text: reader.read(text) for text in family.texts}
    missed = [text for text, reading in readings.items() if not _at_least(reading.level, family.level)]
    over = [text for text, reading in readings.items() if family.exact and reading.level != family.level]
    figures.append(f"heard {len(readings) - len(missed)}/{len(readings)}  {family.level:8} {family.name}")
    assert not missed
    assert not over
    if family.imminent:
        assert not [text for text, reading in readings.items() if not reading.imminent]
    if family.whose:
        assert not [
            text
            for text, reading in readings.items()
            if family.whose not in {reason.whose for reason in reading.reasons}
        ]


@pytest.mark.parametrize("family", TRAPS, ids=lambda family: family.name)
def test_what_only_sounds_alike_raises_no_alarm(reader, figures, family):
    alarmed = [text for text in family.texts if reader.read(text).level != "none"]
    figures.append(f"quiet {len(family.texts) - len(alarmed)}/{len(family.texts)}  none     {family.name}")
    assert not alarmed


def test_known_misses_are_still_misses(reader, figures):
    """A line that is heard by now belongs in positives.yml, where it is kept."""
    texts = yaml.safe_load((FOLDER / "known_misses.yml").read_text(encoding="utf-8"))
    figures.append(f"known misses {len(texts)}")
    assert not [text for text in texts if reader.read(text).level == "crisis"]


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_a_disguise_never_lowers_the_level(reader, figures, form):
    lowered = []
    for text in EXPLICIT:
        plain, disguised = reader.read(text), reader.read(FORMS[form](text))
        if not _at_least(disguised.level, plain.level) or plain.level != "crisis":
            lowered.append(text)
    figures.append(f"same  {len(EXPLICIT) - len(lowered)}/{len(EXPLICIT)}  crisis   written {form}")
    assert not lowered


def test_a_harmless_line_stays_harmless_however_it_is_written(reader):
    traps = [text for family in TRAPS for text in family.texts]
    for form in ("full-width", "traditional", "zero-width", "repeated punctuation"):
        alarmed = [text for text in traps if reader.read(FORMS[form](text)).level != "none"]
        assert len(alarmed) <= len(traps) * 0.02, (form, alarmed)
