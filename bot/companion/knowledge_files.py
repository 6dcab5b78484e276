"""The files of `bot/knowledge`, read strictly: what is unknown, missing or doubled is refused by file and place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

FOLDER = Path(__file__).resolve().parent.parent / "knowledge"
DOORS, ELSEWHERE, SAME = "doors.yml", "elsewhere.yml", "same_words.yml"
NOWHERE = "talk"
"""What Likeness calls that which is no question at all."""
LONGEST, MOST_BUBBLES, FEWEST_ASKS = 60, 3, 5

_LINE = re.compile(r"⟦电话:([0-9-]+)⟧")


@dataclass(frozen=True)
class Source:
    """Where a fact is written: title, by whom, since when in force, which article."""

    title: str
    by: str
    in_force: date | None
    article: str | None


@dataclass(frozen=True)
class Number:
    """A telephone number that an answer of its file may name, and who says so."""

    number: str
    name: str
    source: str


@dataclass(frozen=True)
class Entry:
    """One fact: ways to ask for it, words that speak of it, and the answer as it was reviewed.

    `opens`: the intents whose bare name, as on a button, it answers.
    """

    id: str
    area: str
    intents: tuple[str, ...]
    opens: tuple[str, ...]
    asks: tuple[str, ...]
    words: tuple[str, ...]
    answer: tuple[str, ...]
    source: Source
    window: str
    demo: bool
    owner: str
    reviewed: date
    numbers: tuple[Number, ...]

    @property
    def title(self) -> str:
        """How a button names it: the first way to ask."""
        return self.asks[0]

    def line_in(self, bubble: str) -> str | None:
        """The number whose ready sentence a bubble stands for, if it stands for one."""
        found = _LINE.search(bubble)
        return found[1] if found else None


@dataclass(frozen=True)
class Mediator:
    """Somebody who mediates: what they are good at, when and where they are found."""

    id: str
    name: str
    good_at: tuple[str, ...]
    about: str
    hours: str
    window: str
    entry: str


@dataclass(frozen=True)
class Elsewhere:
    """A matter that is asked here and known elsewhere."""

    id: str
    window: str
    asks: tuple[str, ...]


@dataclass(frozen=True)
class Door:
    """The other door that a dispute opens: a sentence that offers it, its button, and the entry behind that."""

    id: str
    topics: tuple[str, ...]
    window: str
    offer: str
    title: str
    entry: str
    mediator: str | None


@dataclass(frozen=True)
class Pages:
    """All that the files hold, the doors aside."""

    entries: Mapping[str, Entry]
    mediators: Mapping[str, Mediator]
    elsewhere: Mapping[str, Elsewhere]
    talk: tuple[str, ...]
    same: Mapping[str, str]
    asking: tuple[str, ...]
    telling: tuple[str, ...]


@cache
def read_pages(folder: Path = FOLDER) -> Pages:
    """Read the folder. `ValueError` names file and place; no question stands twice."""
    pages = {path.name: _load(path) for path in sorted(folder.glob("*.yml")) if path.name != DOORS}
    away, same = pages.pop(ELSEWHERE), pages.pop(SAME)
    entries = [entry for name, top in pages.items() for entry in _entries(name, top)]
    mediators = [
        _mediator(name, fields) for name, top in pages.items() for fields in top.get("mediators", ())
    ]
    elsewhere = [_elsewhere(fields) for fields in _known(ELSEWHERE, away, "elsewhere", "talk")["elsewhere"]]
    _once("ids", [entry.id for entry in entries] + [NOWHERE] + [matter.id for matter in elsewhere])
    asked = [ask for entry in entries for ask in entry.asks] + [
        ask for matter in elsewhere for ask in matter.asks
    ]
    _once("questions", [*asked, *away["talk"]])
    _once("openings", [intent for entry in entries for intent in entry.opens])
    named = {entry.id for entry in entries}
    for mediator in mediators:
        if mediator.entry not in named:
            raise ValueError(f"mediators: {mediator.id}: there is no entry {mediator.entry}")
    return Pages(
        entries=MappingProxyType({entry.id: entry for entry in entries}),
        mediators=MappingProxyType({mediator.id: mediator for mediator in mediators}),
        elsewhere=MappingProxyType({matter.id: matter for matter in elsewhere}),
        talk=_texts(ELSEWHERE, away["talk"]),
        same=MappingProxyType(_same(_known(SAME, same, "same", "asking", "telling")["same"])),
        asking=_texts(SAME, same["asking"]),
        telling=_texts(SAME, same["telling"]),
    )


@cache
def read_doors(folder: Path = FOLDER) -> tuple[Door, ...]:
    """The doors in their order; each leads to an entry, and no topic opens two."""
    pages = read_pages(folder)
    doors = []
    for fields in _known(DOORS, _load(folder / DOORS), "doors")["doors"]:
        keys = {"id", "topics", "window", "offer", "title", "entry"}
        _keys(DOORS, fields, keys, {"mediator"})
        door = Door(
            id=fields["id"],
            topics=_texts(DOORS, fields["topics"]),
            window=fields["window"],
            offer=_bubble(DOORS, fields["offer"]),
            title=fields["title"],
            entry=fields["entry"],
            mediator=fields.get("mediator"),
        )
        if door.entry not in pages.entries or door.mediator not in (None, *pages.mediators):
            raise ValueError(f"{DOORS}: {door.id}: leads to what is not there")
        doors.append(door)
    _once(DOORS, [topic for door in doors for topic in door.topics])
    return tuple(doors)


def _load(path: Path) -> dict[str, Any]:
    try:
        top = yaml.load(
            path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        )
    except (OSError, yaml.YAMLError) as broken:
        raise ValueError(f"{path.name}: {broken}") from None
    if not isinstance(top, dict) or not top.get("owner") or not (top.get("reviewed") or top.get("review")):
        raise ValueError(f"{path.name}: needs an owner and a day of review")
    return top


def _known(name: str, top: dict[str, Any], *keys: str) -> dict[str, Any]:
    _keys(name, top, {"owner", *keys}, {"reviewed", "review"})
    return top


def _keys(name: str, fields: Any, needed: set[str], also: set[str]) -> None:
    if not isinstance(fields, dict):
        raise ValueError(f"{name}: {fields!r} is no mapping")
    where = f"{name}: {fields.get('id', '(top)')}"
    if missing := sorted(needed - fields.keys()):
        raise ValueError(f"{where}: {', '.join(missing)} missing")
    if unknown := sorted(fields.keys() - needed - also):
        raise ValueError(f"{where}: {', '.join(unknown)} not known here")


def _entries(name: str, top: dict[str, Any]) -> Iterator[Entry]:
    _keys(name, top, {"owner", "reviewed", "entries"}, {"numbers", "mediators"})
    numbers = tuple(Number(**number) for number in top.get("numbers", ()))
    reviewed = top["reviewed"]
    if not isinstance(reviewed, date) or isinstance(reviewed, datetime):
        raise ValueError(f"{name}: reviewed must be a day such as 2026-11-20")
    for fields in top["entries"]:
        _keys(
            name, fields, {"id", "intents", "asks", "answer", "source", "window"}, {"opens", "words", "demo"}
        )
        where = f"{name}: {fields['id']}"
        entry = Entry(
            id=fields["id"],
            area=name.removesuffix(".yml"),
            intents=_texts(where, fields["intents"]),
            opens=_texts(where, fields.get("opens", ())),
            asks=_texts(where, fields["asks"]),
            words=_texts(where, fields.get("words", ())),
            answer=tuple(_bubble(where, bubble) for bubble in fields["answer"]),
            source=_source(where, fields["source"]),
            window=fields["window"],
            demo=bool(fields.get("demo", False)),
            owner=top["owner"],
            reviewed=reviewed,
            numbers=numbers,
        )
        if len(entry.asks) < FEWEST_ASKS:
            raise ValueError(f"{where}: at least {FEWEST_ASKS} ways to ask")
        if not set(entry.opens) <= set(entry.intents):
            raise ValueError(f"{where}: opens what is not among its intents")
        if not 1 <= len(entry.answer) <= MOST_BUBBLES:
            raise ValueError(f"{where}: one to {MOST_BUBBLES} bubbles")
        yield entry


def _source(where: str, fields: Any) -> Source:
    _keys(where, fields, {"title", "by"}, {"in_force", "article"})
    return Source(fields["title"], fields["by"], fields.get("in_force"), fields.get("article"))


def _mediator(name: str, fields: Any) -> Mediator:
    _keys(name, fields, {"id", "name", "good_at", "about", "hours", "window", "entry"}, set())
    return Mediator(
        **{**fields, "good_at": _texts(name, fields["good_at"]), "about": _bubble(name, fields["about"])}
    )


def _elsewhere(fields: Any) -> Elsewhere:
    _keys(ELSEWHERE, fields, {"id", "window", "asks"}, set())
    return Elsewhere(fields["id"], fields["window"], _texts(ELSEWHERE, fields["asks"]))


def _same(lines: Iterable[Iterable[str]]) -> dict[str, str]:
    folded: dict[str, str] = {}
    for line in lines:
        first, *others = _texts(SAME, line)
        for word in (first, *others):
            if word in folded:
                raise ValueError(f"{SAME}: {word} stands twice")
            folded[word] = first
    return folded


def _texts(where: str, values: Any) -> tuple[str, ...]:
    if not isinstance(values, list | tuple) or not all(
        isinstance(value, str) and value.strip() for value in values
    ):
        raise ValueError(f"{where}: must be a list of texts")
    return tuple(values)


def _bubble(where: str, text: Any) -> str:
    if not isinstance(text, str) or not text.strip() or len(text) > LONGEST:
        raise ValueError(f"{where}: a bubble has one to {LONGEST} signs")
    return text


def _once(what: str, names: list[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"{what}: {name} stands twice")
        seen.add(name)
