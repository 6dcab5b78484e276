"""How a sentence bends what it says: denied, somebody else's, past and resolved.

Pure functions over a view's text and the lists of `rules/frames.yml`. Where the sentence leaves it open,
the answer is the one that is taken more seriously: the speaker, now, not denied.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from models.crisis.normalise import BREAK

Frames = Mapping[str, re.Pattern[str]]
_PAUSE_SIGNS = ' ，。“”《》"'
_LOOK_BACK = 60
_LOOK_AHEAD = 60


@dataclass(frozen=True)
class Frame:
    """How one finding is meant."""

    denied: bool
    whose: str  # self or other
    past: bool
    now: bool


def clause_start(text: str, at: int) -> int:
    """Where the clause around `at` begins, looking back a bounded way."""
    floor = max(0, at - _LOOK_BACK)
    for index in range(at - 1, floor - 1, -1):
        if text[index] in _PAUSE_SIGNS:
            return index + 1
    return floor


def sentence_start(text: str, at: int) -> int:
    """Where the sentence around `at` begins, looking back a bounded way."""
    floor = max(0, at - _LOOK_BACK)
    return max(text.rfind(BREAK, floor, at) + 1, floor)


def is_denied(text: str, start: int, end: int, frames: Frames) -> bool:
    """Whether the words before (没有, 从来没想过要…) or behind (…是不可能的) take the finding back.

    Two denials cancel each other (不是不想…), a question (有没有…) and an exception (特别, 不断, 没事) are none.
    """
    ahead = text[end : end + 16]
    if (found := frames["denied_behind"].match(ahead)) and not frames["not_denied_behind"].match(ahead):
        return found.end() > 0
    return _denials(text[clause_start(text, start) : start], text[start:end], frames) % 2 == 1


def _denials(left: str, core: str, frames: Frames) -> int:
    count = 0
    for _ in range(3):
        stripped = _strip_fillers(left, frames["filler"])
        found = _last_ending_here(frames["denial"], stripped)
        if found is None:
            return count
        before, word = stripped[: found.start()], found.group()
        following = stripped[found.end() :] + left[len(stripped) :] + core
        if before and (before[-1] == following[:1] or before[-1] == word[-1]):  # 想不想, 有没有, 是不是
            return count
        if word == "不是" and before.endswith("是"):
            return count
        if _last_ending_here(frames["no_denial"], before + word) is not None:
            return count
        if frames["no_denial_with_next"].match(word + following):
            return count
        count += 1
        left, core = before, word
    return count


def _strip_fillers(left: str, filler: re.Pattern[str]) -> str:
    for _ in range(8):
        found = _last_ending_here(filler, left)
        if found is None:
            return left
        left = left[: found.start()]
    return left


def _last_ending_here(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    """The longest match of the pattern that ends where the text ends; words are at most eight long."""
    for width in range(min(8, len(text)), 0, -1):
        if found := pattern.fullmatch(text, len(text) - width):
            return found
    return None


def whose(text: str, start: int, end: int, frames: Frames) -> str:
    """Who the finding is about: "self" unless another person is clearly its subject."""
    sentence = text[sentence_start(text, start) : start]
    sentence = frames["told_me"].sub("说", sentence)
    clause = sentence[clause_start(sentence, len(sentence)) :] if sentence else ""
    mentions = list(frames["person"].finditer(sentence))
    if not mentions:
        return "self"
    last = mentions[-1]
    if frames["self"].fullmatch(last.group()):
        return "self"
    before, between = sentence[: last.start()], sentence[last.end() :]
    if frames["cause_before"].search(before[-4:]) and _ends(frames["cause_before"], before):
        return "self"
    if frames["harm_between"].search(between):
        return "self"
    if len(between) <= len(clause) - len(last.group()):  # the same clause
        return "other"
    if frames["elders"].search(
        last.group()
    ):  # parents, at the head of an earlier clause, are mostly the cause
        return "self"
    if frames["self"].search(sentence[last.end() :]) or frames["self"].search(before):
        return "self"
    return "other" if len(before) <= 6 else "self"


def _ends(pattern: re.Pattern[str], text: str) -> bool:
    return _last_ending_here(pattern, text) is not None


def is_past(text: str, start: int, end: int, frames: Frames) -> bool:
    """Whether it is said to be over: a sign of the past, and a sign that it is resolved now."""
    left = text[max(0, start - _LOOK_BACK) : start]
    after = text[end : end + _LOOK_AHEAD]
    past = frames["past"].search(left) or frames["past"].search(text[start:end]) or after.startswith("过")
    return bool(past and frames["resolved"].search(after) and not frames["still"].search(after))


def is_now(text: str, start: int, end: int, frames: Frames) -> bool:
    """Whether a sign says that it happens now (for somebody else's danger)."""
    window = text[max(0, start - 30) : end + 30]
    return bool(frames["now"].search(window)) and not frames["past"].search(window)


def frame_of(text: str, start: int, end: int, frames: Frames) -> Frame:
    """All of it for one finding."""
    return Frame(
        denied=is_denied(text, start, end, frames),
        whose=whose(text, start, end, frames),
        past=is_past(text, start, end, frames),
        now=is_now(text, start, end, frames),
    )
