"""A person in the chat. While one is there the program is silent."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ForeignKey, Index, exists, func, select, text
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from bot.transcript import Message
from storage.base import Entity, Identified


class Handoff(Identified, Entity):
    """One stay of one worker in one conversation. At most one is there at a time."""

    __tablename__ = "handoff"
    __table_args__ = (
        Index("ix_handoff_one", "session_id", unique=True, postgresql_where=text("left_at IS NULL")),
    )

    session_id: Mapped[UUID] = mapped_column(ForeignKey("resident_session.id"))
    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff_account.id"))
    role: Mapped[str]
    name: Mapped[str]
    from_position: Mapped[int]
    joined_at: Mapped[datetime]
    left_at: Mapped[datetime | None]


def worker_in(db: Session, session_id: UUID) -> Handoff | None:
    """Who is in this conversation now."""
    return db.scalar(select(Handoff).where(Handoff.session_id == session_id, Handoff.left_at.is_(None)))


def accompanied(db: Session, sessions: Collection[UUID]) -> set[UUID]:
    """Those of these conversations in which a worker is now."""
    return set(
        db.scalars(
            select(Handoff.session_id).where(Handoff.session_id.in_(sessions), Handoff.left_at.is_(None))
        )
    )


ABSENT_AFTER = timedelta(minutes=10)
"""How long a resident waits for a word of the worker in the chat before the program comes back."""


def absent_workers(db: Session, now: datetime) -> list[Handoff]:
    """Who is in a chat without having answered what the resident said ten minutes ago; locked."""
    said = aliased(Message)
    answered = (
        select(func.max(said.position))
        .where(said.session_id == Handoff.session_id, said.author == "worker")
        .correlate(Handoff)
        .scalar_subquery()
    )
    waiting = exists().where(
        Message.session_id == Handoff.session_id,
        Message.author == "resident",
        Message.position > answered,
        Message.at <= now - ABSENT_AFTER,
    )
    return list(
        db.scalars(
            select(Handoff).where(Handoff.left_at.is_(None), waiting).with_for_update(skip_locked=True)
        )
    )


def first_seen_by(db: Session, session_id: UUID, staff_id: UUID) -> int | None:
    """From which bubble on this worker may read: where they first came in. None when they never did."""
    return db.scalar(
        select(Handoff.from_position)
        .where(Handoff.session_id == session_id, Handoff.staff_id == staff_id)
        .order_by(Handoff.joined_at)
        .limit(1)
    )
