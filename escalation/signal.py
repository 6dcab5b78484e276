"""What a resident said or answered that matters, with its level and its reasons."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Entity, Identified


class Signal(Identified, Entity):
    """One judged thing. `source` names what was judged and is unique: judged twice, it counts once.

    `level` is the number of `triage.Level`, or None when nothing was rated. `asks_directly`: the safety
    questions are to be asked. Reasons (rule ids, items, spans of text) are sealed, and so is what the level was
    computed from, by which it can be computed again.
    """

    __tablename__ = "signal"
    __table_args__ = (
        Index("ix_signal_episode", "resident_id", "at"),
        Index("ix_signal_counted", "at", postgresql_where=text("level >= 3")),
    )

    resident_id: Mapped[UUID] = mapped_column(ForeignKey("resident.id"))
    session_id: Mapped[UUID] = mapped_column(ForeignKey("resident_session.id"), index=True)
    source: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    level: Mapped[int | None]
    asks_directly: Mapped[bool] = mapped_column(default=False)
    danger_to_life: Mapped[bool] = mapped_column(default=False)
    policy: Mapped[str]
    reasons_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    inputs_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    ticket_id: Mapped[UUID | None] = mapped_column(ForeignKey("ticket.id"), index=True)
    spoken_at: Mapped[datetime]
    at: Mapped[datetime]


class Rating(Identified, Entity):
    """The level of one finished sitting as a whole. `level` None: not rated (something was declined)."""

    __tablename__ = "rating"

    resident_id: Mapped[UUID] = mapped_column(ForeignKey("resident.id"), index=True)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("resident_session.id"))
    sitting_id: Mapped[UUID] = mapped_column(unique=True)
    level: Mapped[int | None]
    policy: Mapped[str]
    at: Mapped[datetime] = mapped_column(index=True)
    inputs_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
