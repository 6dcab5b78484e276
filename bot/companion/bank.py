"""The sentence bank, read from `bot/bank`: what may be said on a topic, by kind.

A topic is an intent of the group `listening`; besides these there are `any` and `feeling_<emotion>`. A reply takes one
`reflect` or `validate` and one `ask`, `offer` or `present`, so each piece stands alone after any other of its topic.
A piece with an `echo` is said only when the person named such a thing: `⟦亲人⟧` stands for 您妈妈, `⟦工作⟧` for 夜班 or
厂里, `⟦多久⟧` for 三个月, `⟦时候⟧` for 半夜.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

BANK = Path(__file__).resolve().parent.parent / "bank"
KINDS = ("reflect", "validate", "ask", "offer", "present")
STAGES = ("first", "going_on", "later")
ECHOES = ("亲人", "工作", "多久", "时候")
LONGEST = 60
"""A bubble says one thing, in at most so many signs (P5)."""

_ABOUT = {"owner", "review"}
_KEYS = {"text", "stage", "choice", "title"}
_PLACEHOLDER = re.compile(r"⟦([^⟧]*)⟧")
_ENDS = "。？…～"


@dataclass(frozen=True)
class Piece:
    """One sentence. `stage` is None where it fits at any time; only an offer has a `choice` with its `title`."""

    id: str
    text: str
    kind: str
    stage: str | None
    choice: str | None
    title: str | None
    echo: str | None


Bank = Mapping[str, Mapping[str, tuple[Piece, ...]]]


@cache
def read_bank(folder: Path = BANK) -> Bank:
    """All topics of a folder, each with all five kinds, some of them perhaps empty. Read once.

    `ValueError` names the file and the sentence that breaks a rule of the format. A sentence stands once in the bank.
    """
    bank: dict[str, Mapping[str, tuple[Piece, ...]]] = {}
    said: dict[str, str] = {}
    for page in sorted(folder.glob("*.yml")):
        kinds = _read_page(page)
        for piece in (piece for pieces in kinds.values() for piece in pieces):
            if piece.text in said:
                raise ValueError(f"{page.name}: “{piece.text}” stands in {said[piece.text]} already")
            said[piece.text] = page.name
        bank[page.stem] = MappingProxyType(kinds)
    return MappingProxyType(bank)


def _read_page(page: Path) -> dict[str, tuple[Piece, ...]]:
    try:
        top = yaml.safe_load(page.read_text(encoding="utf-8"))
    except yaml.YAMLError as broken:
        raise ValueError(f"{page.name}: {broken}") from None
    if not isinstance(top, dict) or set(top) - {*_ABOUT, *KINDS} or not all(top.get(key) for key in _ABOUT):
        raise ValueError(f"{page.name}: needs owner, review and lists named {', '.join(KINDS)}, nothing else")
    return {kind: tuple(_read_kind(page, kind, top.get(kind) or ())) for kind in KINDS}


def _read_kind(page: Path, kind: str, entries: Any) -> Iterator[Piece]:
    if not isinstance(entries, list | tuple):
        raise ValueError(f"{page.name}: {kind} is no list")
    for entry in entries:
        fields = entry if isinstance(entry, dict) else {"text": entry}
        if wrong := wrong_sentence(kind, fields):
            raise ValueError(f"{page.name}: {kind} “{fields.get('text')}”: {wrong}")
        text = fields["text"]
        echo = _PLACEHOLDER.search(text)
        yield Piece(
            id=f"{page.stem}.{kind}.{hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()[:8]}",
            text=text,
            kind=kind,
            stage=fields.get("stage"),
            choice=fields.get("choice"),
            title=fields.get("title"),
            echo=echo[1] if echo else None,
        )


def wrong_sentence(kind: str, fields: Mapping[str, Any]) -> str | None:
    """What is wrong with one entry, if anything."""
    text = fields.get("text")
    if set(fields) - _KEYS or not all(value and isinstance(value, str) for value in fields.values()):
        return f"only {', '.join(sorted(_KEYS))}, each a word"
    if not isinstance(text, str) or re.search(r"\s", text) or len(text) > LONGEST:
        return f"a sentence has no blanks and at most {LONGEST} signs"
    named = _PLACEHOLDER.findall(text)
    if len(named) > 1 or set(named) - set(ECHOES) or re.search("[⟦⟧]", _PLACEHOLDER.sub("", text)):
        return f"at most one placeholder, of {'、'.join(ECHOES)}"
    if text[-1] not in _ENDS or re.search("[?!！]", text):
        return "ends with 。 or ？ and never shouts"
    if kind == "ask" and (text.count("？") != 1 or not text.endswith("？")):
        return "asks one thing, at its end"
    if text.count("？") > (kind in ("ask", "offer")):
        return "asks nothing"
    if fields.get("stage", STAGES[0]) not in STAGES:
        return f"its stage is one of {', '.join(STAGES)}, or left out"
    if any((key in fields) != (kind == "offer") for key in ("choice", "title")):
        return "an offer, and nothing else, has a choice and its title"
    return None
