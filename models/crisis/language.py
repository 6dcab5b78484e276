"""The small language in which rules are written, so that a clinician can read them.

    想死              these characters
    (想死|寻死)        one of these
    [真的]想死         真的 may be there or not
    {想}死            one of the words of the list named 想 in words.yml
    吃了~药            up to 8 characters between, in the same clause
    药~~死            up to 16 characters between, in the same sentence
    孩子~!想死         a denial counts when it stands before the mark !, not before the whole
    <想死             at the start of a clause; 死了> at the end of a clause

Nothing here repeats without a bound, so no message can make a pattern run away.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from models.crisis.errors import PatternError

_PAUSES = ' ，。“”《》"'
GAP = {1: f"[^{_PAUSES}]{{0,8}}?", 2: "[^。]{0,16}?"}
MOST_GAPS = 2
_CLAUSE_START = f"(?:(?<=[{_PAUSES}])|(?<![\\s\\S]))"
_CLAUSE_END = f"(?=[{_PAUSES}]|$)"


def to_regex(pattern: str, words: Mapping[str, list[str]]) -> str:
    """Translate one pattern; raises `PatternError` when it is not well formed or has too many gaps."""
    out: list[str] = []
    closing: list[str] = []
    gaps = 0
    index = 0
    while index < len(pattern):
        sign = pattern[index]
        if sign == "~":
            width = 2 if pattern[index : index + 2] == "~~" else 1
            gaps += 1
            out.append(GAP[width])
            index += width
            continue
        if sign == "{":
            close = pattern.find("}", index)
            name = pattern[index + 1 : close]
            if close < 0 or name not in words:
                raise PatternError(f"{pattern}: no word list named {name!r}")
            out.append(alternatives(words[name]))
            index = close + 1
            continue
        if sign in "([":
            out.append("(?:")
            closing.append(")" if sign == "(" else "]")
        elif sign in ")]":
            if not closing or closing.pop() != sign:
                raise PatternError(f"{pattern}: brackets do not fit")
            out.append(")" if sign == ")" else ")?")
        elif sign == "|":
            out.append("|")
        elif sign == "!":
            out.append("()")
        elif sign == "<":
            out.append(_CLAUSE_START)
        elif sign == ">":
            out.append(_CLAUSE_END)
        elif sign in "*+?.\\^$":
            raise PatternError(f"{pattern}: {sign!r} is not part of the language")
        else:
            out.append(re.escape(sign))
        index += 1
    if closing:
        raise PatternError(f"{pattern}: brackets do not fit")
    if gaps > MOST_GAPS:
        raise PatternError(f"{pattern}: more than {MOST_GAPS} gaps")
    return "(?:" + "".join(out) + ")"


def alternatives(words: list[str]) -> str:
    """One group of the words, the longest first."""
    return "(?:" + "|".join(re.escape(word) for word in sorted(set(words), key=lambda w: (-len(w), w))) + ")"
