"""Bring a message into one plain form for matching, and remember where each character came from.

The original is never changed. `Normaliser.views` promises one or two readings of the same text: the plain
one (symbols and emoji between the characters fall away) and, where emoji carry a meaning, one in which they
are words. Every character of a view knows its span in the original.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import opencc

WHOLE_UP_TO = 20_000
ENDS = 4_000
BREAK, PAUSE = "。", "，"
_STRONG = set("。！？!?;；\n\r\u2028\u2029\u0085")
_WEAK = set('，,、:：()（）[]【】{}<>〈〉\t \u3000…“”"「」『』‘’')
_QUOTES = {"“": "“", "”": "”", '"': '"', "「": "“", "」": "”", "『": "“", "』": "”", "《": "《", "》": "》"}
_HAN = "\u3400-\u9fff\U00020000-\U000323af"
_TRADITIONAL_TOO = {
    "著": "着",
    "妳": "你",
    "祂": "他",
    "牠": "它",
    "喺": "在",
    "嘅": "的",
    "佢": "他",
    "唔": "不",
}
_SEPARATORS = " ，。“”\0"


@dataclass(frozen=True)
class View:
    """One plain reading of a message; `start[i]` and `end[i]` give character i's span in the original."""

    text: str
    start: Sequence[int]
    end: Sequence[int]

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The span in the original message of a span in this view."""
        if not self.text or start >= end:
            return (0, 0)
        return (self.start[start], self.end[end - 1])

    def replace(self, pattern: re.Pattern[str], written: str | None) -> View:
        """Put `written` for every match (None: the match without its separators); spans follow."""
        text: list[str] = []
        start: list[int] = []
        end: list[int] = []
        at = 0
        for found in pattern.finditer(self.text):
            first, last = found.span()
            if first == last:
                continue
            text.append(self.text[at:first])
            start.extend(self.start[at:first])
            end.extend(self.end[at:first])
            if written is None:
                for index in range(first, last):
                    if self.text[index] not in _SEPARATORS:
                        text.append(self.text[index])
                        start.append(self.start[index])
                        end.append(self.end[index])
            else:
                text.append(written)
                start.extend([self.start[first]] * len(written))
                end.extend([self.end[last - 1]] * len(written))
            at = last
        if not at:
            return self
        text.append(self.text[at:])
        start.extend(self.start[at:])
        end.extend(self.end[at:])
        return View("".join(text), start, end)


@dataclass(frozen=True)
class Spelling:
    """One disguised way of writing a risk word, and where it counts as that word."""

    pattern: re.Pattern[str]
    means: str


@lru_cache(maxsize=1)
def _simplified() -> dict[str, str]:
    codes = [*range(0x3400, 0xA000), *range(0xF900, 0xFB00), *range(0x20000, 0x2A6E0)]
    characters = [chr(code) for code in codes]
    plain = opencc.OpenCC("t2s").convert("\n".join(characters)).split("\n")
    table = {a: b for a, b in zip(characters, plain, strict=True) if a != b}
    return table | _TRADITIONAL_TOO


@lru_cache(maxsize=8192)
def _plain(character: str) -> str:
    """One character as it is matched: '' drops it, '\\0' marks a symbol that vanishes between characters."""
    if character in _QUOTES:
        return _QUOTES[character]
    if character in _STRONG:
        return BREAK
    if character in _WEAK:
        return " " if character.isspace() else PAUSE
    if character == "'" or character == "’":
        return ""
    kind = unicodedata.category(character)
    if kind in {"Cf", "Cs", "Cn", "Co", "Mn", "Me", "Sk"}:
        return ""
    if kind == "Cc":
        return "\0"
    folded = unicodedata.normalize("NFKC", character).lower()
    if len(folded) == 1 and folded != character:
        return _plain(folded)
    table = _simplified()
    out = []
    for part in folded:
        if part.isalnum():
            out.append(table.get(part, part))
        elif part in _STRONG:
            out.append(BREAK)
        elif part.isspace():
            out.append(" ")
        elif part in _WEAK:
            out.append(PAUSE)
        elif unicodedata.category(part) not in {"Mn", "Me", "Cf"}:
            out.append("\0")
    return "".join(out)


def _is_han(character: str) -> bool:
    return "\u3400" <= character <= "\u9fff" or "\U00020000" <= character <= "\U000323af"


class Normaliser:
    """Makes the views of a message. Never raises on any string, and takes time in proportion to its length."""

    def __init__(
        self, spellings: Iterable[Spelling], emoji: Mapping[str, str], joined: Iterable[str]
    ) -> None:
        self._spellings = tuple(spellings)
        self._emoji = dict(emoji)
        words = sorted({word for word in joined if len(word) > 1}, key=len, reverse=True)
        gap = f"[{_SEPARATORS}]{{0,4}}"
        self._joined = re.compile("|".join(gap.join(re.escape(c) for c in word) for word in words) or r"(?!)")
        one = f"[{_HAN}a-z0-9]"
        single = f"(?:(?<=[{_SEPARATORS}])|^){one}[{_SEPARATORS}]{{1,4}}"
        self._spaced = re.compile(f"{single}(?:{one}[{_SEPARATORS}]{{1,4}})+{one}(?=[{_SEPARATORS}]|$)")

    def views(self, text: str) -> tuple[list[View], tuple[int, int] | None]:
        """The views of the message, and the span that was left unread where it is far too long."""
        unread = None
        spans: list[tuple[int, int]] = [(0, len(text))]
        if len(text) > WHOLE_UP_TO:
            unread = (ENDS, len(text) - ENDS)
            spans = [(0, unread[0]), (unread[1], len(text))]
        views = [self._view(text, spans, {})]
        if any(sign in text[a:b] for a, b in spans for sign in self._emoji):
            views.append(self._view(text, spans, self._emoji))
        return views, unread

    def _view(self, text: str, spans: list[tuple[int, int]], emoji: Mapping[str, str]) -> View:
        out: list[str] = []
        start: list[int] = []
        end: list[int] = []

        def put(character: str, at: int) -> None:
            last = out[-1] if out else BREAK
            if character in " \0" and (last in " \0。，"):
                return
            if character in "。，" and last in " \0。，":
                if out and last != BREAK:
                    out[-1], start[-1], end[-1] = character, at, at + 1
                return
            out.append(character)
            start.append(at)
            end.append(at + 1)

        for number, (first, last) in enumerate(spans):
            if number:
                put(BREAK, first)
            for index in range(first, last):
                character = text[index]
                word = emoji.get(character)
                for part in word if word is not None else _plain(character):
                    put(part, index)
        view = View("".join(out), start, end).replace(self._spaced, None)
        view = self._without_symbols(view)
        view = view.replace(self._joined, None)
        for spelling in self._spellings:
            view = view.replace(spelling.pattern, spelling.means)
        return view

    @staticmethod
    def _without_symbols(view: View) -> View:
        """A symbol between two Chinese characters was put there to hide; elsewhere it is a space."""
        if "\0" not in view.text:
            return view
        text: list[str] = []
        start: list[int] = []
        end: list[int] = []
        source = view.text
        for index, character in enumerate(source):
            if character == "\0":
                before = source[index - 1] if index else ""
                after = source[index + 1] if index + 1 < len(source) else ""
                if (before and after) and (_is_han(before) or _is_han(after)):
                    continue
                character = " "
            text.append(character)
            start.append(view.start[index])
            end.append(view.end[index])
        return View("".join(text), start, end)
