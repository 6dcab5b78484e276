"""How a sentence bends what it says: denied, somebody else's, past and resolved.

Pure functions over a view's text and the lists of `rules/frames.yml`. Where the sentence leaves it open,
the answer is the one that is taken more seriously: the speaker, now, not denied.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from models.crisis.normalise import BREAK

Frames = Mapping[str, re.Pattern[str]]
_PAUSE_SIGNS = ' ，。“”《》"'
_LOOK_BACK = 60
_LOOK_AHEAD = 60
_PAST_AHEAD = 24


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
        found, stripped = _nearest_denial(left, frames)
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


def _nearest_denial(left: str, frames: Frames) -> tuple[re.Match[str] | None, str]:
    """The denial at the end of `left`, looking back over at most eight words that carry no content."""
    for _ in range(9):
        if found := _last_ending_here(frames["denial"], left):
            return found, left
        filler = _last_ending_here(frames["filler"], left)
        if filler is None:
            break
        left = left[: filler.start()]
    return None, left


def _last_ending_here(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    """The longest match of the pattern that ends where the text ends; words are at most eight long."""
    for width in range(min(8, len(text)), 0, -1):
        if found := pattern.fullmatch(text, len(text) - width):
            return found
    return None


def whose(text: str, start: int, frames: Frames) -> str:
    """Who the finding that begins at `start` is about: "self" unless somebody else is clearly its subject."""
    sentence = text[sentence_start(text, start) : start]
    sentence = frames["told_me"].sub("说", sentence)
    clause = len(sentence) - clause_start(sentence, len(sentence))
    for mention in reversed(list(frames["person"].finditer(sentence))):
        if frames["self"].fullmatch(mention.group()):
            return "self"
        if frames["addressed"].fullmatch(mention.group()):  # 你们…: those spoken to, not whose danger it is
            continue
        before, between = sentence[: mention.start()], sentence[mention.end() :]
        if _ends(frames["cause_before"], before):  # 被爸妈骂…: not the subject; somebody before may be
            continue
        if frames["harm_between"].search(between):
            return "self"
        if "自己" in between and not frames["says"].search(between):
            return "self"
        if len(between) <= clause - len(mention.group()):  # the same clause
            return "other"
        if frames["elders"].search(
            mention.group()
        ):  # at the head of an earlier clause they are mostly the cause
            return "self"
        return "self" if frames["self"].search(before) or len(before) > 6 else "other"
    return "self"


def is_supposed(text: str, start: int, end: int, frames: Frames) -> bool:
    """Whether it is only asked what would follow if somebody said it (如果我说想死你们会报警吗)."""
    before = text[max(0, start - 24) : start]
    return bool(
        frames["if_said"].search(before) and frames["what_then"].search(text[end : end + _LOOK_AHEAD])
    )


def is_of_people(text: str, start: int, end: int, frames: Frames) -> bool:
    """Whether it is said of people in general (想自杀的人, 人为什么会想自杀), and not of the one who speaks."""
    clause = text[clause_start(text, start) : start]
    if frames["self"].search(clause):
        return False
    return bool(frames["such_people"].match(text, end) or frames["people"].search(clause))


def whose_words(text: str, start: int, frames: Frames) -> str:
    """Whose words they are: "other" only when somebody else is said to say, want or feel it (我妈说想…)."""
    sentence = text[sentence_start(text, start) : start]
    said = list(frames["other_says"].finditer(sentence))
    if not said or frames["self"].search(sentence, said[-1].end()):
        return "self"
    return "other"


def _ends(pattern: re.Pattern[str], text: str) -> bool:
    return _last_ending_here(pattern, text) is not None


def is_past(text: str, start: int, end: int, frames: Frames) -> bool:
    """Whether it is said to be over: a sign of the past, and a sign that it is resolved now."""
    left = text[max(0, start - _LOOK_BACK) : start]
    after = text[end : end + _LOOK_AHEAD]
    past = (
        frames["past"].search(left)
        or frames["past"].search(text[start : end + _PAST_AHEAD])
        or after.startswith("过")
        or "过" in text[start:end]
    )
    return bool(past and frames["resolved"].search(after) and not frames["still"].search(after))


def is_long_ago(text: str, start: int, end: int, frames: Frames) -> bool:
    """Whether it is told of the past (小时候…) with no sign in the same words that it goes on."""
    window = text[max(0, start - 30) : end + 20]
    if frames["over_now"].search(window):
        return True
    return bool(frames["past"].search(window)) and not frames["goes_on"].search(window)


def is_now(text: str, start: int, end: int, frames: Frames) -> bool:
    """Whether a sign says that it happens now (for somebody else's danger)."""
    window = text[max(0, start - 30) : end + 30]
    return bool(frames["now"].search(window)) and not frames["past"].search(window)
