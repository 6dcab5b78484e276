"""What residents say of a closed matter: one tap, once, by the code that only they have. Nobody has to.

An answer is for counting alone (`server/board.py`, `server/report.py`): it stands on no time line and tells nobody, so
that people say what they think of those who were at their door.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import IntEnum
from uuid import UUID

from sqlalchemy import ForeignKey, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from escalation.ticket import Ticket
from storage.base import Entity, Identified


class Answer(IntEnum):
    """How a matter was handled, as its resident found it."""

    BADLY = 1
    SO_SO = 2
    WELL = 3


class Satisfaction(Identified, Entity):
    """The answer about one ticket. The first one holds."""

    __tablename__ = "satisfaction"

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"), unique=True)
    answer: Mapped[int]
    at: Mapped[datetime] = mapped_column(index=True)


def answered(db: Session, ticket_id: UUID) -> Answer | None:
    """What was answered about this ticket."""
    found = db.scalar(select(Satisfaction.answer).where(Satisfaction.ticket_id == ticket_id))
    return None if found is None else Answer(found)


def keep_answer(db: Session, ticket_id: UUID, answer: Answer, now: datetime) -> bool:
    """Keep an answer, unless there is one; whether it was kept."""
    written = db.execute(
        insert(Satisfaction)
        .values(ticket_id=ticket_id, answer=int(answer), at=now)
        .on_conflict_do_nothing(index_elements=["ticket_id"])
        .returning(Satisfaction.id)
    ).all()
    return bool(written)


def answers_between(db: Session, begins: datetime, ends: datetime) -> Mapping[str, tuple[int, int]]:
    """How many answers came in this time, and how many of them say that it was done well, by the ticket's office."""
    rows = db.execute(
        select(Ticket.office, func.count(), func.count().filter(Satisfaction.answer == int(Answer.WELL)))
        .select_from(Satisfaction)
        .join(Ticket, Ticket.id == Satisfaction.ticket_id)
        .where(Satisfaction.at >= begins, Satisfaction.at < ends)
        .group_by(Ticket.office)
    )
    return {office: (whole, well) for office, whole, well in rows}
