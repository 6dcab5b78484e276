"""A typed time that can be read in two ways is asked back once; a yes, or the same thing said again, settles it."""

import json

from sqlalchemy import select
from sqlalchemy.orm import Session

from assessments.answer_scales import WORDING, plain
from assessments.typed_answers import TypedAnswer
from assessments.typed_times import in_words
from bot.standing import Standing
from bot.transcript import Bubble, Message
from storage.vault import Vault

NAME = "time_asked_back"
_WORDS = WORDING["times"]
_YES, _NO = frozenset(_WORDS["agreed"].split()), frozenset(_WORDS["denied"].split())


def confirmed(db: Session, vault: Vault, before: Standing, words: str, typed: TypedAnswer) -> TypedAnswer:
    """What was typed; sure where it settles what was asked back just before, about this very question."""
    last = db.scalar(
        select(Message)
        .where(Message.session_id == before.session.id, Message.author == "program")
        .order_by(Message.position.desc())
        .limit(1)
    )
    if last is None or last.name != NAME or before.administration is None or before.item is None:
        return typed
    asked = json.loads(vault.open(last, "facts") or "{}")
    if asked.get("administration") != str(before.administration.id) or asked.get("item") != before.item.id:
        return typed
    value: int = asked["value"]
    return TypedAnswer(value, sure=True) if plain(words) in _YES or typed.value == value else typed


def asked_back(before: Standing, words: str, typed: TypedAnswer) -> Bubble | None:
    """The bubble that asks whether this time was meant, or for the time anew after a no; `None` for anything else."""
    if before.item is None or before.administration is None or before.item.measured is None:
        return None
    if typed.value is not None:
        text = _WORDS["asked_back"].format(time=in_words(typed.value, before.item))
        facts = {
            "administration": str(before.administration.id),
            "item": before.item.id,
            "value": typed.value,
        }
        return Bubble(text, name=NAME, facts=facts)
    if plain(words) in _NO:
        return Bubble(_WORDS["anew"][before.item.measured.unit], name="time_asked_anew")
    return None
