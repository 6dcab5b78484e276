"""The guided skills: small things done together, step by step, one file each in `bot/skills`.

Every sentence is content with an owner and its sources; `course.py` walks through a skill. A file that a resident could
get stuck in, or read more than a bubble holds of, is refused here and never in a conversation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, cast

import yaml

SKILLS = Path(__file__).resolve().parents[1] / "skills"
LONGEST_BUBBLE = 60
LONGEST_TITLE = 12
MOST_STEPS = 12
FINISH = "finish"
"""Where a choice may lead besides a later step: to the end. No step is called so."""

Ask = Literal["text", "choice", "next"]
ASKS: tuple[Ask, ...] = ("text", "choice", "next")
PICTURES = ("breath_box", "breath_478", "ground_54321", "muscles", "body_scan", "candle", "timer")
FILLED = ("热线", "附近", "这周")
"""What the application puts into a bubble; `记下:<step>` is put in by `course.py`."""

_PLACE = re.compile(r"⟦([^⟦⟧]*)⟧")
_KEPT = "记下:"


@dataclass(frozen=True, slots=True)
class Source:
    """What a skill rests on: the method, who published it and when, and which part of it is used."""

    what: str
    who: str
    used: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One button. `goto` names a later step, or `finish`; without it the next step follows."""

    title: str
    value: str
    goto: str | None = None
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One turn: what is said and what is waited for. What is `keep` comes back on the card under `label`."""

    id: str
    say: tuple[str, ...]
    ask: Ask
    choices: tuple[Choice, ...] = ()
    button: str | None = None
    help: tuple[str, ...] = ()
    picture: str | None = None
    keep: bool = False
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """What is asked later, when the resident comes again or agreed to be asked."""

    after: Literal["next_day"]
    say: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Skill:
    """One guided skill. `for_` are the topics after which it is worth offering (`for` in the file).

    `start` is said before the first step, in the same turn. The last bubble of `finish` says what to do when it did
    not help, and stands alone.
    """

    id: str
    title: str
    minutes: int
    source: tuple[Source, ...]
    owner: str
    review: str
    for_: tuple[str, ...]
    picture: str | None
    offer: str
    start: tuple[str, ...]
    steps: tuple[Step, ...]
    finish: tuple[str, ...]
    check: Check | None = None

    def step(self, step_id: str) -> Step | None:
        """The step of this id; `None` when there is none in this edition."""
        return next((step for step in self.steps if step.id == step_id), None)

    def kept_steps(self) -> tuple[Step, ...]:
        """The steps whose answers stand on the card, in their order."""
        return tuple(step for step in self.steps if step.keep)

    def bubbles(self) -> Iterator[str]:
        """Every sentence of this skill that may be put before a resident, buttons aside."""
        yield from (self.offer, *self.start, *self.finish, *(self.check.say if self.check else ()))
        for step in self.steps:
            yield from (*step.say, *step.help)


def read_skills(folder: Path = SKILLS) -> Mapping[str, Skill]:
    """All skills of a folder by id, read once.

    Refused with a `ValueError` that names the file and what is wrong: unknown or missing keys, a name that is not the
    file's, a bubble over 60 characters, more than two bubbles in one turn, a `goto` that does not lead forward, a
    `⟦记下:x⟧` whose step keeps nothing or comes later, and a turn that would be empty without it.
    """
    return _read(folder.resolve())


def kept_named(bubble: str) -> tuple[str, ...]:
    """The steps whose answers this bubble repeats."""
    return tuple(name.removeprefix(_KEPT) for name in _PLACE.findall(bubble) if str(name).startswith(_KEPT))


@cache
def _read(folder: Path) -> Mapping[str, Skill]:
    paths = sorted(folder.glob("*.yml"))
    if not paths:
        raise ValueError(f"{folder.name}: no skills")
    return MappingProxyType({path.stem: _File(path).skill() for path in paths})


class _File:
    """One file while it is being read; every refusal names it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def skill(self) -> Skill:
        try:
            content = yaml.safe_load(self._path.read_text("utf-8"))
        except yaml.YAMLError as error:
            raise ValueError(f"{self._path.name}: not YAML: {error}") from error
        data = self._entry(
            content,
            "the file",
            {
                *("id", "title", "minutes", "source", "owner", "review", "for"),
                *("picture", "offer", "start", "steps", "finish"),
            },
            {"check"},
        )
        if data["id"] != self._path.stem:
            self._refuse(f"id {data['id']!r} is not the name of the file")
        if not isinstance(data["minutes"], int) or not 1 <= data["minutes"] <= 30:
            self._refuse(f"minutes: {data['minutes']!r}")
        check = data.get("check")
        skill = Skill(
            id=data["id"],
            title=self._text(data["title"], "title"),
            minutes=data["minutes"],
            source=tuple(self._source(entry) for entry in self._list(data["source"], "source")),
            owner=self._text(data["owner"], "owner"),
            review=self._text(data["review"], "review"),
            for_=self._texts(data["for"], "for", most=None, empty=True),
            picture=self._picture(data["picture"], "picture"),
            offer=self._text(data["offer"], "offer"),
            start=self._texts(data["start"], "start"),
            steps=tuple(self._step(entry) for entry in self._list(data["steps"], "steps")),
            finish=self._texts(data["finish"], "finish"),
            check=None if check is None else self._check(check),
        )
        self._hangs_together(skill)
        return skill

    def _source(self, entry: object) -> Source:
        data = self._entry(entry, "source", {"what", "who", "used"})
        return Source(
            **{key: self._text(data[key], f"source {key}", None) for key in ("what", "who", "used")}
        )

    def _check(self, entry: object) -> Check:
        data = self._entry(entry, "check", {"after", "say"})
        if data["after"] != "next_day":
            self._refuse(f"check after {data['after']!r}")
        return Check("next_day", self._texts(data["say"], "check say"))

    def _step(self, entry: object) -> Step:
        optional = {"choices", "words", "button", "help", "picture", "keep", "label"}
        data = self._entry(entry, "a step", {"id", "say", "ask"}, optional)
        where = self._text(data["id"], "step id")
        if data["ask"] not in ASKS:
            self._refuse(f"{where}: ask {data['ask']!r}")
        ask = cast(Ask, data["ask"])
        keep = data.get("keep", False)
        if not isinstance(keep, bool) or keep != ("label" in data) or (keep and ask == "next"):
            self._refuse(f"{where}: what is kept has words and a label, and nothing else has one")
        if ("choices" in data) != (ask == "choice") or ("button" in data and ask != "next"):
            self._refuse(f"{where}: choices belong to ask: choice, a button to ask: next")
        return Step(
            id=where,
            say=self._texts(data["say"], f"{where} say"),
            ask=ask,
            choices=self._choices(data, where) if ask == "choice" else (),
            button=self._title(data["button"], where) if "button" in data else None,
            help=self._texts(data["help"], f"{where} help") if "help" in data else (),
            picture=self._picture(data.get("picture"), where),
            keep=keep,
            label=self._text(data["label"], f"{where} label") if keep else None,
        )

    def _choices(self, data: dict[str, Any], where: str) -> tuple[Choice, ...]:
        words = data.get("words", {})
        listed = self._list(data["choices"], f"{where} choices")
        entries = [self._entry(entry, f"{where} choice", {"title", "value"}, {"goto"}) for entry in listed]
        values = [self._text(entry["value"], f"{where} value") for entry in entries]
        titles = [self._title(entry["title"], where) for entry in entries]
        if not 2 <= len(entries) <= 5 or len(set(values)) < len(values) or len(set(titles)) < len(titles):
            self._refuse(f"{where}: two to five different choices")
        if not isinstance(words, dict) or not words.keys() <= set(values):
            self._refuse(f"{where}: words for a choice that is not offered")
        said = {value: self._texts(words[value], f"{where} words", most=None) for value in words}
        every = [word for listed in (*said.values(), tuple(titles)) for word in listed]
        if len(set(every)) < len(every):
            self._refuse(f"{where}: the same words for two choices")
        return tuple(
            Choice(title, value, entry.get("goto"), said.get(value, ()))
            for title, value, entry in zip(titles, values, entries, strict=True)
        )

    def _hangs_together(self, skill: Skill) -> None:
        ids = [step.id for step in skill.steps]
        if len(set(ids)) < len(ids) or FINISH in ids or len(ids) > MOST_STEPS:
            self._refuse(f"at most {MOST_STEPS} steps, each with an id of its own, none called {FINISH}")
        for at, step in enumerate(skill.steps):
            for choice in step.choices:
                if choice.goto is not None and choice.goto not in (*ids[at + 1 :], FINISH):
                    self._refuse(f"{step.id}: goto {choice.goto!r} is no later step")
            self._places(step.say, {s.id for s in skill.steps[:at] if s.keep}, step.id)
            self._places(step.help, set(), f"{step.id} help")
        if len(skill.start) + len(skill.steps[0].say) > 2:
            self._refuse("start and the first step are said together: two bubbles")
        kept = {step.id for step in skill.kept_steps()}
        self._places((skill.offer,), set(), "offer")
        self._places(skill.start, set(), "start")
        self._places(skill.finish, kept, "finish")
        if skill.check is not None:
            self._places(skill.check.say, kept, "check")

    def _places(self, bubbles: tuple[str, ...], kept: set[str], where: str) -> None:
        """The last bubble says what is wanted and so repeats nothing: what was skipped cannot be repeated."""
        for bubble in bubbles:
            for name in _PLACE.findall(bubble):
                if not (name in FILLED or (name.startswith(_KEPT) and name.removeprefix(_KEPT) in kept)):
                    self._refuse(f"{where}: ⟦{name}⟧ is nothing that was kept before, or that is filled in")
        if bubbles and kept_named(bubbles[-1]):
            self._refuse(f"{where}: the last bubble repeats what may have been skipped")

    def _picture(self, value: object, where: str) -> str | None:
        if value is None:
            return None
        if value not in PICTURES:
            self._refuse(f"{where}: no picture {value!r}")
        return str(value)

    def _title(self, value: object, where: str) -> str:
        title = self._text(value, where)
        if len(title) > LONGEST_TITLE:
            self._refuse(f"{where}: a button of more than {LONGEST_TITLE} characters: {title}")
        return title

    def _texts(self, value: object, where: str, most: int | None = 2, empty: bool = False) -> tuple[str, ...]:
        listed = [value] if isinstance(value, str) else value
        if not isinstance(listed, list) or not (listed or empty) or (most and len(listed) > most):
            self._refuse(f"{where}: one or {most or 'more'} sentences")
        return tuple(self._text(entry, where) for entry in cast(list[object], listed))

    def _text(self, value: object, where: str, longest: int | None = LONGEST_BUBBLE) -> str:
        if not isinstance(value, str) or not value.strip() or value != value.strip():
            self._refuse(f"{where}: {value!r} is not a text")
        text = cast(str, value)
        if longest is not None and len(_PLACE.sub("", text)) > longest:
            self._refuse(f"{where}: more than {longest} characters: {text}")
        return text

    def _list(self, value: object, where: str) -> list[object]:
        if not isinstance(value, list) or not value:
            self._refuse(f"{where}: a list is wanted")
        return cast(list[object], value)

    def _entry(
        self, value: object, where: str, needed: set[str], optional: set[str] | frozenset[str] = frozenset()
    ) -> dict[str, Any]:
        if not isinstance(value, dict):
            self._refuse(f"{where}: keys are wanted")
        data = cast(dict[str, Any], value)
        if unknown := data.keys() - needed - optional:
            self._refuse(f"{where}: unknown keys {sorted(map(str, unknown))}")
        if missing := needed - data.keys():
            self._refuse(f"{where}: keys missing {sorted(missing)}")
        return data

    def _refuse(self, what: str) -> None:
        raise ValueError(f"{self._path.name}: {what}")
