"""What of a resident's own words may be named back to them: whom they speak of, their work, since when, at what hour.

Rasa never sees this. It is looked for in the conversation itself when a sentence with a placeholder is kept, and only
what `echoes.yml` lists, a plain span of time, or a clause that `own_words.py` lets pass is ever filled in: never a
name, a place or a number of theirs.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import yaml

from bot.companion.own_words import PLACEHOLDERS, own_words

KINDS = {"kin": "亲人", "work": "工作", "when": "时候", "long": "多久"}
"""The kind in `echoes.yml`, and the placeholder ⟦…⟧ that it fills."""

FILLED = frozenset({*KINDS.values(), *PLACEHOLDERS.values()})
"""All that is filled in from what somebody said."""

_NOT_MINE = "他她它人您你"
_SPAN = re.compile(
    r"(好几|几|半|一|两|二|三|四|五|六|七|八|九|十|十几|二十|[0-9]{1,2})"
    r"(年半?|个半?月|个?星期|个?礼拜|周|天)(?=了|没|多|来|里|，|,|。|$| |都|还|一直|睡|吃)"
)


@cache
def _book() -> Mapping[str, tuple[tuple[str, re.Pattern[str]], ...]]:
    read = yaml.safe_load((Path(__file__).parent / "echoes.yml").read_text("utf-8"))
    return {
        kind: tuple(
            (said, re.compile("|".join(sorted(map(re.escape, words), key=len, reverse=True))))
            for said, words in read[kind].items()
        )
        for kind in ("kin", "work", "when")
    }


def echoes_in(messages: Iterable[str]) -> dict[str, str]:
    """What may be named back, by placeholder, of a person's messages, the newest first.

    Of each kind the newest mention counts; where one message mentions two, the one that stands first. A clause of
    their own words is only ever one of the newest message.
    """
    found: dict[str, str] = {}
    for at, words in enumerate(messages):
        if at == 0 and (own := own_words(words)) is not None:
            found[PLACEHOLDERS[own.kind]] = own.words
        for kind, entries in _book().items():
            if KINDS[kind] not in found and (said := _first(words, entries)):
                found[KINDS[kind]] = said
        if KINDS["long"] not in found and (span := _SPAN.search(words)) and span[0] not in ("一天", "两天"):
            found[KINDS["long"]] = _spoken(*span.groups())
    return found


def _first(words: str, entries: Iterable[tuple[str, re.Pattern[str]]]) -> str | None:
    hits = [
        (match.start(), -len(match.group()), said)
        for said, pattern in entries
        for match in pattern.finditer(words)
        if _mine(words[: match.start()])
    ]
    return min(hits)[2] if hits else None


def _mine(before: str) -> bool:
    """Whether who is named is the speaker's own: not 他妈, and not 让人操心的孩子, which they may be themselves."""
    return not before or (before[-1] not in _NOT_MINE and not re.search("[^我己]的$", before))


def _spoken(number: str, unit: str) -> str:
    """A span of time as it is spoken: 3个月 is 三个月, 2年 is 两年."""
    if number.isdigit() and 0 < int(number) <= 10:
        number = "零一两三四五六七八九十"[int(number)]
    return number + unit
