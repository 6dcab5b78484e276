"""What was said, kept before anything else can fail.

Two tables: `message` is the conversation, `received` is the ledger of requests. A request is written down with
its words in one commit; its answer is written into the same row, so that the same request sent again gets the
same answer and changes nothing.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, UniqueConstraint, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from residents.store import lock_session
from storage.base import Entity, Identified
from storage.vault import Vault

Author = Literal["resident", "program", "worker"]
Whose = Literal["new", "left", "theirs"]
"""Who is to work on a request: a new one is the caller's; so is one whose worker has died, whatever that one
did; anybody else's was answered or is being worked on."""

CLAIM = timedelta(seconds=15)
"""How long one process may work on a request before another may take it over."""


class Message(Identified, Entity):
    """One bubble. `read_at` is when a resident's words were read for danger; empty means *not yet*.

    `name` is the dialogue's name of what the program said. `facts` (buttons, kind) is sealed with the words.
    """

    __tablename__ = "message"
    __table_args__ = (
        Index("ix_message_conversation", "session_id", "position"),
        Index("ix_message_unread", "at", postgresql_where=text("author = 'resident' AND read_at IS NULL")),
    )

    session_id: Mapped[UUID] = mapped_column(ForeignKey("resident_session.id"))
    position: Mapped[int]
    author: Mapped[str]
    author_name: Mapped[str | None]
    name: Mapped[str | None]
    text_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    facts_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    at: Mapped[datetime]
    read_at: Mapped[datetime | None]
    failed_reads: Mapped[int] = mapped_column(default=0)


class Received(Identified, Entity):
    """One request of one conversation. `claimed_until`: who works on it has until then."""

    __tablename__ = "received"
    __table_args__ = (UniqueConstraint("session_id", "client_id"),)

    session_id: Mapped[UUID] = mapped_column(ForeignKey("resident_session.id"))
    client_id: Mapped[UUID]
    message_id: Mapped[UUID | None] = mapped_column(ForeignKey("message.id"))
    at: Mapped[datetime]
    claimed_until: Mapped[datetime]
    answer_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)


@dataclass(frozen=True)
class Bubble:
    """Something to say, before it is kept."""

    text: str
    name: str | None = None
    kind: str = "text"
    buttons: Sequence[Mapping[str, str]] = ()
    exercise: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


def receive(
    db: Session,
    vault: Vault,
    session_id: UUID,
    client_id: UUID,
    now: datetime,
    *,
    words: str | None = None,
) -> tuple[Received, Whose]:
    """Write a request into the ledger, with its words if it has any, and say whose work it is.

    From here on this transaction holds the conversation. Whoever does the request's work in this very
    transaction does it for a `new` one only: for one that was `left`, the work is in the database and only
    the answer is missing.
    """
    lock_session(db, session_id)
    values = {
        "session_id": session_id,
        "client_id": client_id,
        "at": now,
        "claimed_until": now + CLAIM,
    }
    fresh = Received(**values)
    written = db.execute(
        insert(Received)
        .values(id=fresh.id, **values)
        .on_conflict_do_nothing(index_elements=["session_id", "client_id"])
        .returning(Received.id)
    ).all()
    row = db.scalars(
        select(Received)
        .where(Received.session_id == session_id, Received.client_id == client_id)
        .with_for_update()
    ).one()
    if written:
        if words is not None:
            row.message_id = hear(db, vault, session_id, words, now).id
        return row, "new"
    if row.answer_sealed is None and row.claimed_until <= now:
        row.claimed_until = now + CLAIM
        return row, "left"
    return row, "theirs"


def hear(db: Session, vault: Vault, session_id: UUID, words: str, now: datetime) -> Message:
    """Keep what a resident said."""
    message = Message(
        session_id=session_id,
        position=_next(db, session_id),
        author="resident",
        at=now,
        failed_reads=0,
    )
    vault.seal(message, "text", words)
    db.add(message)
    db.flush()
    return message


def say(
    db: Session,
    vault: Vault,
    session_id: UUID,
    bubbles: Sequence[Bubble],
    now: datetime,
    *,
    author: Author = "program",
    author_name: str | None = None,
) -> list[Message]:
    """Keep what is said to a resident, in this order."""
    position = _next(db, session_id)
    messages = []
    for offset, bubble in enumerate(bubbles):
        message = Message(
            session_id=session_id,
            position=position + offset,
            author=author,
            author_name=author_name,
            name=bubble.name,
            at=now,
            read_at=now,
        )
        vault.seal(message, "text", bubble.text)
        facts = {
            "kind": bubble.kind,
            "buttons": [dict(b) for b in bubble.buttons],
            "exercise": bubble.exercise,
            **bubble.facts,
        }
        vault.seal(message, "facts", json.dumps(facts))
        db.add(message)
        messages.append(message)
    db.flush()
    return messages


def _next(db: Session, session_id: UUID) -> int:
    lock_session(db, session_id)
    return last_position(db, session_id) + 1


def last_position(db: Session, session_id: UUID) -> int:
    """The position of the last bubble; -1 when nothing was said."""
    last = db.scalar(
        select(Message.position)
        .where(Message.session_id == session_id)
        .order_by(Message.position.desc())
        .limit(1)
    )
    return -1 if last is None else last


def messages_of(db: Session, session_id: UUID, after: int = -1) -> Sequence[Message]:
    """The bubbles of a conversation from a position on."""
    return db.scalars(
        select(Message)
        .where(Message.session_id == session_id, Message.position > after)
        .order_by(Message.position, Message.at)
    ).all()


def position_of(db: Session, session_id: UUID, message_id: UUID | None) -> int:
    """Where in the conversation this bubble stands; -1 for none and for a foreign one."""
    if message_id is None:
        return -1
    found = db.scalar(
        select(Message.position).where(Message.session_id == session_id, Message.id == message_id)
    )
    return -1 if found is None else found


def names_in_order(db: Session, session_id: UUID) -> list[str]:
    """What the program said in this conversation, each thing by its name, in order."""
    names = db.scalars(
        select(Message.name)
        .where(Message.session_id == session_id, Message.author == "program", Message.name.is_not(None))
        .order_by(Message.position)
    )
    return [name for name in names if name]


def names_said(db: Session, session_id: UUID) -> tuple[Counter[str], str | None]:
    """How often the program said each thing in this conversation, and what it said last."""
    names = names_in_order(db, session_id)
    return Counter(names), (names[-1] if names else None)


def last_words(db: Session, session_id: UUID, most: int = 1) -> list[Message]:
    """The resident's last messages, the newest first."""
    said = (
        select(Message)
        .where(Message.session_id == session_id, Message.author == "resident")
        .order_by(Message.position.desc())
        .limit(most)
    )
    return list(db.scalars(said))


def last_choices(db: Session, vault: Vault, session_id: UUID) -> tuple[str, ...]:
    """What the buttons under the program's last bubble choose, in their order."""
    last = db.scalar(
        select(Message)
        .where(Message.session_id == session_id, Message.author == "program")
        .order_by(Message.position.desc())
        .limit(1)
    )
    facts = json.loads(vault.open(last, "facts") or "{}") if last is not None else {}
    return tuple(button["choice"] for button in facts.get("buttons", ()))


def times_said_since(db: Session, session_id: UUID, name: str, since: datetime) -> int:
    """How often the program has said this thing from a moment on."""
    return (
        db.scalar(
            select(func.count())
            .select_from(Message)
            .where(Message.session_id == session_id, Message.name == name, Message.at >= since)
        )
        or 0
    )


def unread(db: Session, before: datetime, limit: int = 20) -> Sequence[Message]:
    """Residents' words that nobody has read for danger, oldest first, locked."""
    return db.scalars(
        select(Message)
        .where(Message.author == "resident", Message.read_at.is_(None), Message.at <= before)
        .order_by(Message.failed_reads, Message.at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
