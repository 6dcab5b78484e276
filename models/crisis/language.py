"""The small language in which rules are written, so that a clinician can read them.

    想死              these characters
    (想死|寻死)        one of these
    [真的]想死         真的 may be there or not
    {想}死            one of the words of the list named 想 in words.yml
    吃了~药            up to 8 characters between, in the same clause
    药~~死            up to 16 characters between, in the same sentence
    孩子~!想死         a denial counts when it stands before the mark !, not before the whole
    <想死             at the start of a clause; 死了> at the end of a clause

Latin letters are read as whole words: no match, and nothing beside a gap, begins or ends within a word, so od is not
heard in good afternoon. Only an ending (pill, pills; kill, killing) may follow.

Nothing here repeats without a bound, so no message can make a pattern run away.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from models.crisis.errors import PatternError

_PAUSES = ' ，。“”《》"'
GAP = {1: f"[^{_PAUSES}]{{0,8}}?", 2: "[^。]{0,16}?"}
MOST_GAPS = 2
_CLAUSE_START = f"(?:(?<=[{_PAUSES}])|(?<![\\s\\S]))"
_CLAUSE_END = f"(?=[{_PAUSES}]|$)"
_LATIN = re.compile(r"(?<!\\)[a-z]")
_WORD_START = "(?:(?<![a-z])|(?![a-z]))"
_WORD_END = "(?:(?<![a-z])|(?=(?:s|es|d|ed|ing|ting|ning|ping)?(?![a-z])))"
_OFTEN = (
    "的我不了是一有你在人就他这个好会说么来到那都要自也还看去没着过想得可和她以天时上下什大们为心能家后然里对"
    "子多小把起让事给很现吗但些样当中知道生开点只觉又跟和老前做出真用感被从里面话再因而己"
)
"""The characters that stand in most messages, the most frequent first: they rule out little."""


@dataclass(frozen=True, eq=False)
class Seeker:
    """A compiled pattern, and its needs: sets of characters of which a text must hold one each, or it cannot match."""

    regex: re.Pattern[str]
    needs: tuple[frozenset[str], ...]

    def possible(self, characters: frozenset[str]) -> bool:
        """Whether a text of these characters can match at all."""
        return not any(need.isdisjoint(characters) for need in self.needs)


@dataclass(frozen=True)
class _Piece:
    """Part of a pattern: its regular expression and the sets of characters of which it needs one each."""

    regex: str
    needs: tuple[frozenset[str], ...] = ()


def seeker(pattern: str, words: Mapping[str, list[str]]) -> Seeker:
    """Compile one pattern; raises `PatternError` when it is not well formed, or matches nothing at all."""
    piece = _parse(pattern, words)
    regex = re.compile(piece.regex)
    if regex.fullmatch(""):
        raise PatternError(f"{pattern} matches nothing at all")
    alone = frozenset(character for need in piece.needs if len(need) == 1 for character in need)
    needs = {need for need in piece.needs if len(need) == 1 or not need & alone}
    return Seeker(regex, tuple(sorted(needs, key=cost)))


def to_regex(pattern: str, words: Mapping[str, list[str]]) -> str:
    """Translate one pattern; raises `PatternError` when it is not well formed or has too many gaps."""
    return _parse(pattern, words).regex


def alternatives(words: list[str]) -> str:
    """One group of the words, the longest first."""
    return "(?:" + "|".join(re.escape(word) for word in sorted(set(words), key=lambda w: (-len(w), w))) + ")"


def _parse(pattern: str, words: Mapping[str, list[str]]) -> _Piece:
    piece, index, gaps = _choice(pattern, 0, words)
    if index < len(pattern):
        raise PatternError(f"{pattern}: brackets do not fit")
    if gaps > MOST_GAPS:
        raise PatternError(f"{pattern}: more than {MOST_GAPS} gaps")
    if not _LATIN.search(piece.regex):
        return _Piece(f"(?:{piece.regex})", piece.needs)
    regex = piece.regex
    for gap in GAP.values():
        regex = regex.replace(gap, f"{_WORD_END}{gap}{_WORD_START}")
    return _Piece(f"{_WORD_START}(?:{regex}){_WORD_END}", piece.needs)


def _choice(pattern: str, index: int, words: Mapping[str, list[str]]) -> tuple[_Piece, int, int]:
    """What stands between two brackets (or in the whole pattern): sequences, parted by bars."""
    ways: list[_Piece] = []
    gaps = 0
    while True:
        piece, index, more = _sequence(pattern, index, words)
        ways.append(piece)
        gaps += more
        if pattern[index : index + 1] != "|":
            break
        index += 1
    regex = "|".join(way.regex for way in ways)
    if len(ways) == 1:
        return ways[0], index, gaps
    return _Piece(regex, _one_of(ways)), index, gaps


def _sequence(pattern: str, index: int, words: Mapping[str, list[str]]) -> tuple[_Piece, int, int]:
    out: list[str] = []
    needs: list[frozenset[str]] = []
    gaps = 0
    while index < len(pattern) and pattern[index] not in ")]|":
        sign = pattern[index]
        if sign in "([":
            inner, index, more = _choice(pattern, index + 1, words)
            gaps += more
            if pattern[index : index + 1] != (")" if sign == "(" else "]"):
                raise PatternError(f"{pattern}: brackets do not fit")
            out.append(f"(?:{inner.regex})" + ("" if sign == "(" else "?"))
            needs.extend(inner.needs if sign == "(" else ())
        elif sign == "{":
            close = pattern.find("}", index)
            name = pattern[index + 1 : close]
            if close < 0 or name not in words:
                raise PatternError(f"{pattern}: no word list named {name!r}")
            out.append(alternatives(words[name]))
            needs.extend(_one_of([_Piece("", _letters(word)) for word in words[name]]))
            index = close
        elif sign == "~":
            width = 2 if pattern[index : index + 2] == "~~" else 1
            gaps += 1
            out.append(GAP[width])
            index += width - 1
        elif sign in _SIGNS:
            out.append(_SIGNS[sign])
        elif sign in "*+?.\\^$":
            raise PatternError(f"{pattern}: {sign!r} is not part of the language")
        else:
            out.append(re.escape(sign))
            needs.append(frozenset(sign))
        index += 1
    return _Piece("".join(out), tuple(dict.fromkeys(needs))), index, gaps


_SIGNS = {"!": "()", "<": _CLAUSE_START, ">": _CLAUSE_END}


@lru_cache(maxsize=4096)
def _letters(word: str) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(letter) for letter in dict.fromkeys(word))


def _one_of(ways: list[_Piece]) -> tuple[frozenset[str], ...]:
    """What one of several ways needs: the best need of each way, together; nothing when a way needs nothing."""
    if any(not way.needs for way in ways):
        return ()
    return (frozenset().union(*(min(way.needs, key=cost) for way in ways)),)


_WEIGHTS = {letter: 100 / (rank + 4) for rank, letter in enumerate(dict.fromkeys(_OFTEN))}


def cost(need: frozenset[str]) -> tuple[float, str]:
    """How little a need rules out: many characters, or some that stand in most messages."""
    return (sum(_WEIGHTS.get(letter, 0.5) for letter in need), "".join(sorted(need)))
