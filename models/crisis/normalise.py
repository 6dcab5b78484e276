"""Bring a message into one plain form for matching, and remember where each character came from.

The original is never changed. `Normaliser.views` promises one to three readings of the same text: the plain
one (symbols and emoji between the characters fall away), where emoji carry a meaning one in which they are
words, and where there is pinyin one in which it is read as characters. Every character of a view knows its span
in the original.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import opencc

from models.crisis.pinyin import PinyinReader

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
_PAUSES = "，。"
_LATIN = re.compile("[a-z]{2}[a-z ]{2}")


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
    """One disguised way of writing a risk word, and where it counts as that word.

    `needs`: a text without any of these characters is not written so.
    """

    pattern: re.Pattern[str]
    means: str
    needs: frozenset[str]


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
    if "\u00c0" <= folded <= "\u024f" or "\u1e00" <= folded <= "\u1eff":  # à and ǎ are a
        folded = unicodedata.normalize("NFD", folded)
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


def _heard_view(view: View, heard: Sequence[tuple[str, int, int]]) -> View:
    return View(
        "".join(character for character, _, _ in heard),
        [view.start[first] for _, first, _ in heard],
        [view.end[last - 1] for _, _, last in heard],
    )


def _is_han(character: str) -> bool:
    return "\u3400" <= character <= "\u9fff" or "\U00020000" <= character <= "\U000323af"


class Normaliser:
    """Makes the views of a message. Never raises on any string, and takes time in proportion to its length."""

    def __init__(
        self,
        spellings: Iterable[Spelling],
        emoji: Mapping[str, str],
        joined: Iterable[str],
        pinyin: PinyinReader | None = None,
    ) -> None:
        self._spellings = tuple(spellings)
        self._spelt_with: dict[str, list[int]] = {}
        for at, spelling in enumerate(self._spellings):
            for sign in spelling.needs:
                self._spelt_with.setdefault(sign, []).append(at)
        self._pinyin = pinyin
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
        plain = self._plain_view(text, spans, {})
        views = [self._respelt(plain)]
        if any(not self._emoji.keys().isdisjoint(text[a:b]) for a, b in spans):
            views.append(self._respelt(self._plain_view(text, spans, self._emoji)))
        if self._pinyin is not None and _LATIN.search(plain.text):
            heard = self._pinyin.read(plain.text)
            if heard is not None:
                views.append(self._respelt(_heard_view(plain, heard)))
        return views, unread

    def _respelt(self, view: View) -> View:
        done = -1
        while True:  # in their order; a word that was put right may call for a later one
            ahead = sorted(
                {at for sign in set(view.text) for at in self._spelt_with.get(sign, ()) if at > done}
            )
            for done in ahead:
                changed = view.replace(self._spellings[done].pattern, self._spellings[done].means)
                if changed is not view:
                    view = changed
                    break
            else:
                return view

    def _plain_view(self, text: str, spans: list[tuple[int, int]], emoji: Mapping[str, str]) -> View:
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
        view = self._unspaced(View("".join(out), start, end))
        return self._without_symbols(view).replace(self._joined, None)

    def _unspaced(self, view: View) -> View:
        """Join what was written one character at a time. The odd pause among the gaps is a pause of the sentence."""
        text: list[str] = []
        start: list[int] = []
        end: list[int] = []
        at = 0
        for run in self._spaced.finditer(view.text):
            gaps = [sign for sign in run.group() if sign in _SEPARATORS]
            pauses = [sign for sign in gaps if sign in _PAUSES]
            keep = _PAUSES if len(pauses) * 3 <= len(gaps) else ""
            for index in range(at, run.end()):
                sign = view.text[index]
                if index < run.start() or sign not in _SEPARATORS or sign in keep:
                    text.append(sign)
                    start.append(view.start[index])
                    end.append(view.end[index])
            at = run.end()
        if not at:
            return view
        return View("".join(text) + view.text[at:], [*start, *view.start[at:]], [*end, *view.end[at:]])

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
