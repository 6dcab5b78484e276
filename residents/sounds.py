"""Addresses by their sound: one sign per syllable, whether it was written as 浦沿, 浦言, "Pu Yan" or "puyan"."""

import re
from functools import lru_cache

from pypinyin import Style, lazy_pinyin
from pypinyin.constants import PINYIN_DICT

_FIRST_SIGN = 0xE000  # signs of the private area, which no text that was normalised contains
_MERGED = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("ing", "in"), ("eng", "en"), ("ang", "an"))
_ENGLISH = {
    "sub-district": "街道",
    "subdistrict": "街道",
    "community": "社区",
    "district": "区",
    "neighborhood": "社区",
    "neighbourhood": "社区",
    "village": "村",
    "garden": "花园",
    "gardens": "花园",
    "apartment": "公寓",
    "avenue": "大道",
    "boulevard": "大道",
    "ave": "大道",
    "road": "路",
    "rd": "路",
    "street": "街道",
    "st": "街道",
    "building": "幢",
    "bldg": "幢",
    "unit": "单元",
    "room": "室",
    "lane": "弄",
    "hao": "号",
    "number": "",
    "no": "",
    "city": "市",
    "province": "省",
}
_WORD = re.compile(r"sub-district|[a-z]+", re.IGNORECASE)
_BEFORE_ROAD = re.compile(
    r"(?:\bno\.?|\bnumber|#)?\s*(\d{1,5})\s*,?\s+((?:[a-z]+\s+){1,4}?(?:road|rd|avenue|ave|boulevard|lu|dadao))\b",
    re.IGNORECASE,
)


def without_english(text: str) -> str:
    """An address in Latin letters with the English words for road, street and community in Chinese, and the
    house number behind its road."""
    text = _BEFORE_ROAD.sub(r"\2 \1号 ", text)
    return _WORD.sub(lambda word: _ENGLISH.get(word[0].lower(), word[0]), text)


def syllables(text: str) -> tuple[str, str]:
    """The text as signs, one for each syllable, and the text cut in the same places.

    Both have the same length, so that what was found in the first is followed in the second by what followed it.
    Latin letters count as syllables where they can be cut into some; everything else stands for itself.
    """
    heard: list[str] = []
    written: list[str] = []
    for piece in re.findall(r"[a-z]+|.", text, re.DOTALL):
        if piece.isascii() and piece.isalpha():
            cut = [_sign(syllable) for syllable in _cut(piece)] or list(piece)
            heard += cut
            written += cut
        else:
            heard.append(_sign(_sound_of(piece)) if "\u4e00" <= piece <= "\u9fff" else piece)
            written.append(piece)
    return "".join(heard), "".join(written)


@lru_cache(maxsize=4096)
def _sound_of(letter: str) -> str:
    return str(lazy_pinyin(letter, style=Style.NORMAL)[0])


def _sign(syllable: str) -> str:
    return _signs().get(_merged(syllable), syllable[:1])


def _merged(syllable: str) -> str:
    """The syllable as many people say it: without telling zh from z, or ing from in."""
    for written, heard in _MERGED:
        if syllable.startswith(written) or syllable.endswith(written):
            syllable = syllable.replace(written, heard)
    return syllable


@lru_cache(maxsize=1)
def _signs() -> dict[str, str]:
    heard = sorted({_merged(syllable) for syllable in _known()})
    return {syllable: chr(_FIRST_SIGN + number) for number, syllable in enumerate(heard)}


@lru_cache(maxsize=1)
def _known() -> frozenset[str]:
    """Every syllable that a common letter can have, without its tone."""
    letters = "".join(chr(code) for code in range(0x4E00, 0x9FA6) if code in PINYIN_DICT)
    return frozenset(lazy_pinyin(letters, style=Style.NORMAL, errors="ignore"))


def _cut(word: str) -> list[str]:
    """A run of Latin letters as syllables, the longest first; nothing when it cannot be cut."""
    best: list[list[str] | None] = [None] * (len(word) + 1)
    best[len(word)] = []
    for start in range(len(word) - 1, -1, -1):
        for end in range(min(len(word), start + 6), start, -1):
            rest = best[end]
            if rest is not None and word[start:end] in _known():
                best[start] = [word[start:end], *rest]
                break
    return best[0] or []
