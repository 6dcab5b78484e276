"""How a guided skill goes: from a position and what was said to what is said now and where one stands then.

Plain values in and out; the application keeps the position and the sealed answers between turns. Danger is read
before and elsewhere. Whatever is said, nothing here raises, and each step lets go at the second try.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from assessments.answer_scales import plain
from bot.companion.skills import FINISH, Ask, Choice, Skill, Step, kept_named

LONGEST_KEPT = 300
LONGEST_REPEATED = 24
SHORT = 24
"""Longer messages are somebody telling something; no word in them is taken for an answer to a step."""
GO_ON = "next"
"""The value of the one button that a step with `ask: next` has."""

Kept = Mapping[str, str]
"""Answers by step: the words of a text, the value of a choice."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where somebody stands: the step, how often it was tried, the steps before it, whether it got worse once."""

    step: str
    tries: int = 0
    path: tuple[str, ...] = ()
    worse: bool = False

    def as_json(self) -> dict[str, Any]:
        """The position as it is kept; it holds no words of the resident."""
        return {"step": self.step, "tries": self.tries, "path": list(self.path), "worse": self.worse}

    @classmethod
    def from_json(cls, data: object) -> Position:
        """The position as it was kept; whatever is none reads as a position that begins the skill anew."""
        if not isinstance(data, Mapping) or not isinstance(data.get("step"), str):
            return cls("")
        tries, path = data.get("tries"), data.get("path")
        return cls(
            data["step"],
            tries if isinstance(tries, int) else 0,
            tuple(str(step) for step in path) if isinstance(path, list | tuple) else (),
            data.get("worse") is True,
        )


@dataclass(frozen=True, slots=True)
class Shown:
    """A step as it is put before a resident: "第 number 步 / 共 of 步". A step with `ask: next` has one choice."""

    bubbles: tuple[str, ...]
    ask: Ask
    choices: tuple[Choice, ...]
    picture: str | None
    number: int
    of: int


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of a turn. `bubbles` is all that is said now; buttons and picture are `shown` at `position`.

    `kept` is everything kept so far, this turn's answer included. When `finished`, the position is the last one;
    `stopped` too, when they stopped before the end or were let out.
    """

    position: Position
    kept: Kept
    bubbles: tuple[str, ...]
    finished: bool = False
    helped: bool = False
    stopped: bool = False


def begin(skill: Skill) -> Position:
    """The first step."""
    return Position(skill.steps[0].id)


def shown(skill: Skill, position: Position, kept: Kept | None = None) -> Shown:
    """The step at a position. A position of another edition shows the first step."""
    at, step, position = _where(skill, position)
    start = skill.start if at == 0 and position.tries == 0 else ()
    return Shown(
        bubbles=_filled(skill, (*start, *step.say), kept or {}),
        ask=step.ask,
        choices=_buttons(step),
        picture=step.picture,
        number=at + 1,
        of=len(skill.steps),
    )


def take(
    skill: Skill, position: Position, words: str = "", *, choice: str | None = None, kept: Kept | None = None
) -> Taken:
    """What follows from words or a tapped choice, with what was kept before.

    A text is kept as it stands, but for words that ask for help. A choice is read from its title, its place, a number
    or its words; unread, it is asked again once, then left. While something is being done, words of not managing get
    help once, and anything else goes on. Whoever says that it is enough, or twice that it gets worse, is let out with
    the last bubble.
    """
    known = skill.step(position.step) is not None
    _, step, position = _where(skill, position)
    kept = dict(kept or {})
    if not known:
        return Taken(position, kept, shown(skill, position, kept).bubbles)
    said = _key(words)
    if choice is None and said in _WORDS.back:
        return back(skill, position, kept=kept)
    if choice is None and said in _WORDS.skip:
        return skip(skill, position, kept=kept)
    if step.ask == "choice":
        tapped = next((c for c in step.choices if c.value == choice), None)
        chosen = meant(step, words) if choice is None else tapped
        if chosen is not None:
            if step.keep:
                kept[step.id] = chosen.value
            return _on(skill, position, kept, chosen.goto)
        if said in _WORDS.stop:
            return _stop(skill, position, kept)
        if _gets_worse(said):
            return _worse(skill, position, step, kept)
        return _again(skill, position, step.help or _WORDS.choose, kept)
    if choice is None and said in _WORDS.stop:
        return _stop(skill, position, kept)
    if step.ask == "text":
        return _text(skill, position, step, "" if choice is not None else words, kept)
    if choice is None and _gets_worse(said):
        return _worse(skill, position, step, kept)
    if choice is None and step.help and len(said) <= SHORT and _names(said, _WORDS.cannot):
        return _again(skill, position, step.help, kept)
    return _on(skill, position, kept, None)


def skip(skill: Skill, position: Position, *, kept: Kept | None = None) -> Taken:
    """On to the next step, keeping nothing of this one; what was kept of it before stays."""
    _, _, position = _where(skill, position)
    return _on(skill, position, dict(kept or {}), None)


def back(skill: Skill, position: Position, *, kept: Kept | None = None) -> Taken:
    """To the step that was shown before this one; at the first step, that step again."""
    _, _, position = _where(skill, position)
    if position.path:
        position = replace(position, step=position.path[-1], tries=0, path=position.path[:-1])
        _, _, position = _where(skill, position)
    else:
        position = replace(position, tries=0)
    return Taken(position, dict(kept or {}), shown(skill, position, kept).bubbles)


def meant(step: Step, words: str) -> Choice | None:
    """The choice that typed words mean; `None` when that is not clearly one, or when they are long."""
    said = _key(words)
    if not said or len(said) > SHORT:
        return None
    forms = {_key(form): choice for choice in step.choices for form in (choice.title, *choice.words)}
    return forms.get(said) or _by_number(step, said) or _by_words(forms, said)


def card(skill: Skill, kept: Kept) -> tuple[tuple[str, str], ...]:
    """What was kept, with its labels, as the resident reads it: a choice by its title."""
    return tuple(
        (step.label or step.id, _read(step, kept[step.id]))
        for step in skill.kept_steps()
        if kept.get(step.id)
    )


def follow_up(skill: Skill, kept: Kept) -> tuple[str, ...]:
    """What is asked the next day; nothing, when the skill asks nothing or what it would name was not kept."""
    if skill.check is None:
        return ()
    named = {name for bubble in skill.check.say for name in kept_named(bubble)}
    return _filled(skill, skill.check.say, kept) if all(kept.get(name) for name in named) else ()


def _where(skill: Skill, position: Position) -> tuple[int, Step, Position]:
    for at, step in enumerate(skill.steps):
        if step.id == position.step:
            return at, step, position
    return 0, skill.steps[0], begin(skill)


def _on(skill: Skill, position: Position, kept: Kept, goto: str | None) -> Taken:
    at, step, _ = _where(skill, position)
    if goto is None:
        goto = skill.steps[at + 1].id if at + 1 < len(skill.steps) else FINISH
    if goto == FINISH:
        return Taken(replace(position, tries=0), kept, _filled(skill, skill.finish, kept), finished=True)
    position = replace(position, step=goto, tries=0, path=(*position.path, step.id))
    return Taken(position, kept, shown(skill, position, kept).bubbles)


def _again(skill: Skill, position: Position, help_: tuple[str, ...], kept: Kept) -> Taken:
    """Help once and stay; the second time on, with nothing kept."""
    if position.tries > 0:
        return _on(skill, position, kept, None)
    return Taken(replace(position, tries=1), kept, help_, helped=True)


def _worse(skill: Skill, position: Position, step: Step, kept: Kept) -> Taken:
    """Once: the step made easier, or a pause. Twice, at whatever step: out, and to somebody who helps."""
    if position.worse:
        return _stop(skill, position, kept)
    return Taken(replace(position, tries=1, worse=True), kept, step.help or _WORDS.worse, helped=True)


def _stop(skill: Skill, position: Position, kept: Kept) -> Taken:
    """Enough for now, without a word on what is missing; what was kept stays."""
    return Taken(position, kept, (_WORDS.ended, skill.finish[-1]), finished=True, stopped=True)


def _text(skill: Skill, position: Position, step: Step, words: str, kept: dict[str, str]) -> Taken:
    said = _key(words)
    if said in _WORDS.worse_words:
        return _worse(skill, position, step, kept)
    nothing = not said or said in _WORDS.stuck
    if (nothing or said in _WORDS.none) and step.help and position.tries == 0:
        return _again(skill, position, step.help, kept)
    if step.keep and not nothing:
        kept[step.id] = " ".join(words.translate(_BRACKETS).split())[:LONGEST_KEPT]
    return _on(skill, position, kept, None)


def _buttons(step: Step) -> tuple[Choice, ...]:
    return step.choices if step.ask != "next" else (Choice(step.button or _WORDS.button, GO_ON),)


def _filled(skill: Skill, bubbles: Iterable[str], kept: Kept) -> tuple[str, ...]:
    """The bubbles with what they repeat; one that would repeat what was skipped is left out."""
    return tuple(
        _REPEATS.sub(lambda found: _shortened(skill, found[1], kept), bubble)
        for bubble in bubbles
        if all(kept.get(name) for name in kept_named(bubble))
    )


def _shortened(skill: Skill, name: str, kept: Kept) -> str:
    step = skill.step(name)
    words = kept[name] if step is None else _read(step, kept[name])
    words = words.translate(_BRACKETS).rstrip("。，,. ")
    return words if len(words) <= LONGEST_REPEATED else words[: LONGEST_REPEATED - 1] + "…"


def _read(step: Step, kept: str) -> str:
    return next((choice.title for choice in step.choices if choice.value == kept), kept)


def _by_number(step: Step, said: str) -> Choice | None:
    """ "第二个" and "2" are places; where the titles are ranges (4–6), a number, or 七八分, lies in one of them."""
    spans = [_SPAN.fullmatch(choice.title) for choice in step.choices]
    if any(spans) and (match := _RATED.fullmatch(said)):
        low, high = _number(match[1] or match[2]), _number(match[2])
        for choice, span in zip(step.choices, spans, strict=True):
            if span is not None and int(span[1]) <= low <= high <= int(span[2]):
                return choice
        return None
    if said in ("最后一个", "最后那个"):
        return step.choices[-1]
    match = _PLACED.fullmatch(said)
    place = _number(match[1]) if match else 0
    return step.choices[place - 1] if 1 <= place <= len(step.choices) else None


def _number(text: str) -> int:
    return _NUMBERS[text] if text in _NUMBERS else int(text)


def _by_words(forms: Mapping[str, Choice], said: str) -> Choice | None:
    rest, found = said, set()
    for form in sorted(forms, key=len, reverse=True):
        if len(form) > 1 and form in rest:
            rest = rest.replace(form, "|")
            found.add(forms[form].value)
    if len(found) != 1 or _DENIED.search(rest):
        return None
    return next(choice for choice in forms.values() if choice.value in found)


def _gets_worse(said: str) -> bool:
    return len(said) <= SHORT and _names(said, _WORDS.worse_words)


def _names(said: str, phrases: Iterable[str]) -> bool:
    return any(not _NOT.search(said.replace(phrase, "|")) for phrase in phrases if phrase in said)


def _key(text: str) -> str:
    """One writing for one meaning; a message of signs alone is these signs."""
    return plain(text) or text.replace("\ufe0f", "").strip()


@dataclass(frozen=True)
class _Words:
    """`course.yml`: the sentences as they stand, the words that are looked for in one writing."""

    button: str
    choose: tuple[str, ...]
    worse: tuple[str, ...]
    ended: str
    back: frozenset[str]
    skip: frozenset[str]
    stop: frozenset[str]
    stuck: frozenset[str]
    none: frozenset[str]
    cannot: frozenset[str]
    worse_words: frozenset[str]


def _read_words() -> _Words:
    data = yaml.safe_load((Path(__file__).parent / "course.yml").read_text("utf-8"))

    def forms(name: str) -> frozenset[str]:
        return frozenset(_key(word) for word in data[name])

    return _Words(
        button=data["button"],
        choose=tuple(data["choose"]),
        worse=tuple(data["worse"]),
        ended=data["ended"],
        back=forms("said_back"),
        skip=forms("said_skip"),
        stop=forms("said_stop"),
        stuck=forms("stuck"),
        none=forms("none"),
        cannot=forms("cannot"),
        worse_words=forms("worse_words"),
    )


_WORDS = _read_words()
_BRACKETS = str.maketrans("⟦⟧", "「」")
_REPEATS = re.compile(r"⟦记下:([^⟦⟧]*)⟧")
_SPAN = re.compile(r"(\d+)\s*[–-]\s*(\d+)")
_NUMBERS = {word: at for at, word in enumerate("零一二三四五六七八九十")} | {"两": 2}
_RATED = re.compile(
    r"(?:我?觉得|我|大概|大约|差不多|有个|有|就|是|也就)*"
    r"([一二两三四五六七八九]?)(\d{1,2}|[零一二两三四五六七八九十])(?:分|成)?(?:左右|的?样子|吧)?"
)
_PLACED = re.compile(r"(?:我?选)?第?(\d{1,2}|[一二两三四五])(?:个|项|条|号)?(?:吧)?")
_DENIED = re.compile(r"[不没别未][^|]{0,2}\|")
_NOT = re.compile(r"[不没](?:有|是|觉得)*\|")
