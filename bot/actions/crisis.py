"""Staying with somebody after the alarm has gone out: a fixed script, one question at a time, each asked once.

What is asked, and after what, stands in `bot/crisis_talk.yml`; the sentences are those of `bot/domain/danger.yml`. It
ends in presence, never in silence, and never says the same line again while there is another.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml
from rasa_sdk.executor import CollectingDispatcher

from bot.actions.desk import DialogueState
from bot.actions.saying import message, say
from bot.companion.bank import Piece
from bot.companion.compose import NAME

SCRIPT = Path(__file__).resolve().parent.parent / "crisis_talk.yml"


@dataclass(frozen=True)
class Line:
    """One thing of the script: said once, when none of `unless` was heard or said already."""

    say: str
    unless: frozenset[str]
    only: frozenset[str]


@cache
def read_script(path: Path = SCRIPT) -> Mapping[str, tuple[Line, ...]]:
    """The lines in their order, for danger now (`imminent`) and for danger that is not now (`not_imminent`)."""
    read = yaml.safe_load(path.read_text("utf-8"))
    return {
        way: tuple(
            Line(line["say"], frozenset(line.get("unless", ())), frozenset(line.get("only", ())))
            for line in read[way]
        )
        for way in ("imminent", "not_imminent")
    }


def next_line(imminent: bool, known: Collection[str], said: Collection[str], planned: bool) -> str | None:
    """The response that comes next; None when all that is needed was said."""
    heard = {*known, *said, *(["planned"] if planned else [])}
    for line in read_script()["imminent" if imminent else "not_imminent"]:
        if line.say not in said and not line.unless & heard and line.only <= heard:
            return line.say
    return None


def stay_with(
    dispatcher: CollectingDispatcher, state: DialogueState, taken_up: tuple[Piece, ...] = ()
) -> None:
    """Take up what was said, and ask or say the next thing of the script; else stay."""
    line = next_line(state.imminent, state.known, state.said, state.planned)
    for piece in taken_up:
        dispatcher.utter_message(json_message=message(NAME + piece.id, piece.text))
    say(dispatcher, state, line or "utter_danger_stay")
