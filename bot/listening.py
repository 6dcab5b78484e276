"""How one message of a conversation is read: alone, with what was asked just before, and with what was said before.

Reading alone is the reader's; here the conversation is put beside it. Nothing here lowers what the words alone reach.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from assessments.typed_answers import read_answer
from bot.standing import Standing
from bot.transcript import Message
from escalation.intake import Span
from escalation.signal import Signal
from escalation.store import signals_of_session
from models.crisis.course import Heard
from models.crisis.recogniser import CrisisRecogniser, Reading
from storage.errors import SealBroken
from storage.vault import Vault

LOOKS_BACK = 40
"""At most so many of the resident's earlier messages are opened again."""
_ORDER = ("none", "elevated", "crisis")


class ReadingUnfinished(Exception):
    """Time ran out before the message was read to its end: it is not known to be harmless."""


@dataclass(frozen=True)
class Understood:
    """What one message came to in its conversation, as `Intake.receive_words` takes it."""

    level: str
    categories: frozenset[str]
    imminent: bool
    spans: Sequence[Span]


def understand(
    db: Session, vault: Vault, reader: CrisisRecogniser, message: Message, words: str, before: Standing
) -> Understood:
    """Read one message where it stands. `ReadingUnfinished` when it could not be read to its end and is no crisis."""
    reading = reader.read(words, asked=asked_before(db, vault, reader, message, words, before))
    if not reading.finished and reading.level != "crisis":
        raise ReadingUnfinished()
    alone = Understood(
        reading.level,
        reading.categories,
        reading.imminent,
        [(reason.rule, reason.start, reason.end) for reason in reading.reasons],
    )
    return (
        alone if reading.level == "crisis" else _in_course(db, vault, reader, message, words, reading, alone)
    )


def asked_before(
    db: Session, vault: Vault, reader: CrisisRecogniser, message: Message, words: str, before: Standing
) -> str | None:
    """What a short answer would answer: the item that is open, or the question that was asked last.

    None where the words are plainly one of the form's own options: then they are judged as that answer. A place
    ("第二个", "3") is asked back by the form; a "有" that leaves open how often is heard here at once.
    """
    if before.item is not None and before.administration is not None:
        typed = read_answer(words, before.item)
        by_place = any(sign.isdigit() or sign in "第选一二三四五" for sign in words)
        if typed.sure or typed.refused or (typed.value is not None and (typed.value == 0 or by_place)):
            return None
        return f"{before.administration.instrument}.{before.item.id}"
    last = db.scalar(
        select(Message)
        .where(Message.session_id == message.session_id, Message.position < message.position)
        .order_by(Message.position.desc())
        .limit(1)
    )
    if last is None or last.author == "resident":
        return None
    return reader.asks(_opened(vault, last))


def _in_course(
    db: Session,
    vault: Vault,
    reader: CrisisRecogniser,
    message: Message,
    words: str,
    reading: Reading,
    alone: Understood,
) -> Understood:
    """Raise it when what was said before makes more of it than the words alone."""
    course = reader.course
    now = course.heard(words, reading.level, reading.categories)
    if not (now.signs or now.confirms or now.level != "none"):
        return alone
    earlier = heard_before(db, vault, reader, message)
    reached, before = course.read([*earlier, now]), course.read(earlier)
    new = [rule for rule in reached.reasons if rule not in before.reasons]
    if not new or _ORDER.index(reached.level) <= _ORDER.index(alone.level) or reached.category is None:
        return alone
    return Understood(
        reached.level,
        alone.categories | {reached.category},
        alone.imminent,
        [*alone.spans, *((rule, 0, len(words)) for rule in new)],
    )


def heard_before(db: Session, vault: Vault, reader: CrisisRecogniser, message: Message) -> list[Heard]:
    """The resident's earlier messages, oldest first, as they were read then, with the small signs in them."""
    said = db.scalars(
        select(Message)
        .where(
            Message.session_id == message.session_id,
            Message.author == "resident",
            Message.position < message.position,
        )
        .order_by(Message.position.desc())
        .limit(LOOKS_BACK)
    ).all()
    judged: dict[str, tuple[str, frozenset[str]]] = {}
    for signal in signals_of_session(db, message.session_id):
        if signal.kind == "words":
            judged[signal.source] = _as_judged(vault, signal)
    heard = []
    for each in reversed(said):
        level, categories = judged.get(f"message:{each.id}", ("none", frozenset()))
        heard.append(
            reader.course.heard(_opened(vault, each), level if level in _ORDER else "none", categories)
        )
    return heard


def _as_judged(vault: Vault, signal: Signal) -> tuple[str, frozenset[str]]:
    try:
        kept = json.loads(vault.open(signal, "inputs") or "{}").get("words") or {}
    except SealBroken:  # something was heard then, and what it was cannot be read any more
        return "elevated", frozenset()
    return kept.get("reading", "none"), frozenset(kept.get("categories", ()))


def _opened(vault: Vault, message: Message) -> str:
    try:
        return vault.open(message, "text") or ""
    except SealBroken:  # what cannot be opened was dealt with when it was read
        return ""
