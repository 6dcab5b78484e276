"""A message, or a part of it, that is written in pinyin: read back into the words that rules look for.

Pure. What sounds the same is taken for the word that the rules know, and only in a reading of its own, beside the
plain one: so nothing that is written in characters, or in English, is read differently for it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache

from pypinyin import lazy_pinyin
from pypinyin.constants import PINYIN_DICT

_RUN = re.compile(r"[a-z]+(?:[ '0-9]{1,2}[a-z]+)*")
_TOKEN = re.compile(r"[a-z]+")
_LONGEST_SYLLABLE = 6
_LONGEST_WORD = 6
_UNKNOWN = "〇"
_NO_SYLLABLE = frozenset(["m", "n", "ng", "hm", "hng", "o", "e", "a"])
FEWEST_SYLLABLES = 2

Heard = tuple[str, int, int]
"""A character and the part of the text that it was read from."""


class PinyinReader:
    """Knows how words sound.

    `words` are those that rules look for, `common` those that are heard before them where both would fit (没有 before
    我妹), `syllables` what one syllable alone means.
    """

    def __init__(self, words: Iterable[str], common: Sequence[str], syllables: Mapping[str, str]) -> None:
        self._words = tuple(dict.fromkeys([*common, *words]))
        self._common = frozenset(common)
        self._syllables = {
            sound.rstrip("0123456789"): word for sound, word in reversed(list(syllables.items()))
        }

    @cached_property
    def _by_sound(self) -> dict[tuple[str, ...], str]:
        sounds: dict[tuple[str, ...], str] = {}
        for word in self._words:
            if word in self._common or not any(word[:end] in self._common for end in range(2, len(word))):
                sounds.setdefault(_sound_of(word), word)
        return sounds

    def read(self, text: str) -> list[Heard] | None:
        """The text with its pinyin as characters, each with its place; None when there is no pinyin in it."""
        out: list[Heard] = []
        at = 0
        for syllables in _runs(text):
            words = self._words_of(syllables)
            if len(words) < FEWEST_SYLLABLES or all(word == _UNKNOWN for word, _, _ in words):
                continue
            out += [(text[i], i, i + 1) for i in range(at, syllables[0][1])]
            out += words
            at = syllables[-1][2]
        return [*out, *((text[i], i, i + 1) for i in range(at, len(text)))] if at else None

    def _words_of(self, syllables: Sequence[Heard]) -> list[Heard]:
        """The likeliest words: few and long ones, and of two that fit, the one that rules look for first."""
        end = len(syllables)
        best: list[tuple[float, int, str]] = [(0.0, 0, "")] * (end + 1)
        for at in range(end - 1, -1, -1):
            sound = syllables[at][0]
            known = self._syllables.get(sound, _UNKNOWN)
            best[at] = (best[at + 1][0] + (0.0 if known == _UNKNOWN else 1.0), 1, known)
            for size in range(2, min(_LONGEST_WORD, end - at) + 1):
                word = self._by_sound.get(tuple(each for each, _, _ in syllables[at : at + size]))
                if word is not None:
                    worth = best[at + size][0] + size * size - 1 + (1.75 if word in self._common else 0.0)
                    if worth > best[at][0]:
                        best[at] = (worth, size, word)
        found: list[Heard] = []
        at = 0
        while at < end:
            _, size, word = best[at]
            found += [
                (character, first, last)
                for character, (_, first, last) in zip(word, syllables[at : at + size], strict=True)
            ]
            at += size
        return found


def _runs(text: str) -> Iterator[list[Heard]]:
    """The stretches of words in a row that can be cut into syllables, as syllables with their places."""
    for run in _RUN.finditer(text):
        found: list[Heard] = []
        for token in _TOKEN.finditer(run.group()):
            cut = _syllables_of(token.group())
            if cut is None:
                if found:
                    yield found
                found = []
                continue
            at = run.start() + token.start()
            for sound in cut:
                found.append((sound, at, at + len(sound)))
                at += len(sound)
        if found:
            yield found


def _sound_of(word: str) -> tuple[str, ...]:
    readings = [PINYIN_DICT.get(ord(character), "") for character in word]
    if all(reading and "," not in reading for reading in readings):
        return tuple(_bare(reading) for reading in readings)
    return tuple(lazy_pinyin(word))


def _bare(reading: str) -> str:
    """A syllable without its tone."""
    plain = unicodedata.normalize("NFD", reading).replace("u\u0308", "v")
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


@lru_cache(maxsize=4096)
def _syllables_of(token: str) -> tuple[str, ...] | None:
    """One word as syllables, the longest first; None when it cannot be cut into some."""
    if len(token) > 60:
        return None
    best: list[tuple[str, ...] | None] = [None] * (len(token) + 1)
    best[len(token)] = ()
    for at in range(len(token) - 1, -1, -1):
        for size in range(min(_LONGEST_SYLLABLE, len(token) - at), 0, -1):
            rest = best[at + size]
            if rest is not None and token[at : at + size] in _sounds():
                known = best[at]
                if known is None or len(rest) + 1 < len(known):
                    best[at] = (token[at : at + size], *rest)
    return best[0]


@lru_cache(maxsize=1)
def _sounds() -> frozenset[str]:
    """Every syllable there is, without its tone."""
    sounds = {
        _bare(reading)
        for code in range(0x4E00, 0x9FA6)
        if code in PINYIN_DICT
        for reading in PINYIN_DICT[code].split(",")
    }
    return frozenset(s for s in sounds if s.isascii() and s.isalpha() and s not in _NO_SYLLABLE)
