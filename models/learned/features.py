"""What the small model sees of a text: character n-grams, words, and pairs of words that stand near each other.

Each is a number (its key) with a weight: the more often it stands in the text the more, the rarer it is in the
corpus the more (tf-idf, sublinear), and each of the two kinds has length 1 in all. A pair such as 药 … 吃完 is found
whatever stands between.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import cache, lru_cache

import jieba
import numpy as np
import numpy.typing as npt

from models.learned.tasks import TRAINED

Numbers = npt.NDArray[np.int64]
Weights = npt.NDArray[np.float32]
NEAR = 4
"""A pair is a word and one of the next so many."""
_PRIME = 0x9E3779B97F4A7C15
_MIX = 0xBF58476D1CE4E5B9
_MASK = (1 << 64) - 1


@dataclass(frozen=True)
class Term:
    """Terms of one kind, as they stand in the text: `key[i]` covers the characters `first[i]:last[i]`, and all that it
    is made of ends before `reach[i]`."""

    key: Numbers
    first: Numbers
    last: Numbers
    reach: Numbers

    def within(self, start: int, end: int) -> Term:
        """Those that lie wholly in a stretch of the text."""
        kept = (self.first >= start) & (self.reach <= end)
        return Term(
            self.key[kept], self.first[kept] - start, self.last[kept] - start, self.reach[kept] - start
        )


@dataclass(frozen=True)
class Features:
    """One text: its characters' n-grams, and its words and pairs."""

    grams: Term
    words: Term
    length: int

    @property
    def kinds(self) -> tuple[Term, Term]:
        return self.grams, self.words

    def within(self, start: int, end: int) -> Features:
        """What a stretch of the text has, its words cut as they are in the whole text."""
        return Features(self.grams.within(start, end), self.words.within(start, end), end - start)


def features(text: str, longest: int) -> Features:
    """The terms of a text in its plain view."""
    return Features(_grams(text, longest), _words(text), len(text))


def weighed(terms: Features, keys: Numbers, idf: npt.NDArray[np.float32]) -> tuple[Numbers, Weights]:
    """The places of the terms among the sorted `keys`, and their weights.

    What is not among them adds nothing, but it counts towards the length like the rarest of them: the less of a text is
    known, the less is said about it.
    """
    unknown = idf.max(initial=1.0)
    places, weights = [], []
    for kind in terms.kinds:
        found, times = np.unique(kind.key, return_counts=True)
        place = np.searchsorted(keys, found)
        known = keys[np.minimum(place, len(keys) - 1)] == found
        rarity = np.where(known, idf[np.minimum(place, len(keys) - 1)], unknown)
        weight = (1 + np.log(times)) * rarity
        places.append(place[known])
        weights.append(weight[known] / (float(np.sqrt((weight**2).sum())) or 1.0))
    return np.concatenate(places), np.concatenate(weights).astype(np.float32)


def _grams(text: str, longest: int) -> Term:
    base = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    found: list[Numbers] = []
    first: list[Numbers] = []
    rolling = np.zeros(len(base), dtype=np.uint64)
    for n in range(1, min(longest, len(base)) + 1):
        rolling = rolling[: len(base) - n + 1] * np.uint64(_PRIME) + base[n - 1 :]
        mixed = (rolling ^ (rolling >> np.uint64(31)) ^ np.uint64(n)) * np.uint64(_MIX)
        found.append((mixed >> np.uint64(1)).astype(np.int64))
        first.append(np.arange(len(found[-1]), dtype=np.int64))
    if not found:
        return _nothing()
    last = np.concatenate([places + n for n, places in enumerate(first, 1)])
    return Term(np.concatenate(found), np.concatenate(first), last, last)


def _words(text: str) -> Term:
    """Words, and pairs of words; a pair covers its first word only, so that what spoke most can be shown."""
    words = [(word, start, end) for word, start, end in _cutter().tokenize(text) if word.strip()]
    if not words:
        return _nothing()
    hashed = np.array([_hash(word) for word, _, _ in words], np.uint64)
    first = np.array([start for _, start, _ in words], np.int64)
    last = np.array([end for _, _, end in words], np.int64)
    pairs = [hashed]
    for apart in range(1, min(NEAR, len(words) - 1) + 1):
        pairs.append(hashed[:-apart] * np.uint64(_PRIME) + hashed[apart:] + np.uint64(1))
    return Term(
        _mixed(np.concatenate(pairs)),
        np.concatenate([first[: len(some)] for some in pairs]),
        np.concatenate([last[: len(some)] for some in pairs]),
        np.concatenate([last[len(last) - len(some) :] for some in pairs]),
    )


def _mixed(numbers: npt.NDArray[np.uint64]) -> Numbers:
    return (((numbers ^ (numbers >> np.uint64(31))) * np.uint64(_MIX)) >> np.uint64(1)).astype(np.int64)


def _nothing() -> Term:
    return Term(*(np.zeros(0, dtype=np.int64) for _ in range(4)))


@lru_cache(maxsize=1 << 16)
def _hash(word: str) -> int:
    number = 7
    for character in word:
        number = (number * _PRIME + ord(character)) & _MASK
    return number


@cache
def _cutter() -> jieba.Tokenizer:
    """A cutter of our own, which nobody else's word list changes; it keeps its table beside our models."""
    jieba.setLogLevel(logging.ERROR)
    cutter = jieba.Tokenizer()
    TRAINED.mkdir(parents=True, exist_ok=True)
    cutter.tmp_dir = str(TRAINED)
    cutter.initialize()
    return cutter
