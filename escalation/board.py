"""What happened in each week, in counts: published once when the week is over, kept as it was, never computed again.

No row of a person stands behind a `BoardWeek`, and none can be found from it: what is small was hidden before it was
kept (`server/board.py`).
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, literal_column, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from assessments.administration import Administration
from escalation.campaign import Campaign
from escalation.signal import Rating, Signal
from escalation.ticket import Ticket, TicketClock
from escalation.triage import Level
from residents.session import ResidentSession
from storage.base import Entity, Identified

COUNTED_FROM = Level.YELLOW
_COUNTED = Signal.level >= literal_column(str(int(COUNTED_FROM)))  # as the index has it
WEEK = timedelta(days=7)


class BoardWeek(Identified, Entity):
    """One week from Monday to Sunday by the district's clock. `content` is what was published; counts, no names."""

    __tablename__ = "board_week"

    begins: Mapped[date] = mapped_column(unique=True)
    at: Mapped[datetime]
    content: Mapped[dict[str, Any]]


def monday_of(now: datetime, zone: ZoneInfo) -> date:
    """The first day of the week in which this moment lies."""
    today = now.astimezone(zone).date()
    return today - timedelta(days=today.weekday())


def period_of(begins: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Beginning and end (not included) of the week of this Monday, in UTC."""
    first, last = (datetime.combine(day, time(), zone) for day in (begins, begins + WEEK))
    return first.astimezone(UTC), last.astimezone(UTC)


def weeks_since(db: Session, first: date) -> Sequence[BoardWeek]:
    """The published weeks from this Monday on, oldest first."""
    return db.scalars(select(BoardWeek).where(BoardWeek.begins >= first).order_by(BoardWeek.begins)).all()


def lock_weeks(db: Session) -> None:
    """Whoever publishes queues here, until the end of this transaction."""
    db.execute(select(func.pg_advisory_xact_lock(func.hashtext("board"))))


def first_counted(db: Session) -> datetime | None:
    """When the first of what is counted here was said or answered; None when nothing was yet."""
    counted = select(Signal.at).where(_COUNTED)
    return db.scalar(counted.order_by(Signal.at).limit(1))


def last_signals(
    db: Session, begins: datetime, ends: datetime
) -> Mapping[UUID, tuple[str | None, UUID | None]]:
    """For each person of whom something counted in this time: the place and the ticket of the last of it.

    What was said or answered within a group screening is left out: that is published by itself.
    """
    theirs = _campaigns(db, begins, ends)
    rows = db.execute(
        select(Signal.resident_id, Signal.at, ResidentSession.place, Signal.ticket_id)
        .join(ResidentSession, ResidentSession.id == Signal.session_id)
        .where(Signal.at >= begins, Signal.at < ends, _COUNTED)
        .order_by(Signal.at, Signal.id)
    )
    return {
        resident: (place, ticket)
        for resident, at, place, ticket in rows
        if not any(place == one and a <= at < b for one, a, b in theirs)
    }


def tickets_by_id(db: Session, ids: Collection[UUID]) -> dict[UUID, Ticket]:
    """These tickets."""
    return {one.id: one for one in db.scalars(select(Ticket).where(Ticket.id.in_(ids)))} if ids else {}


def clocks_between(db: Session, begins: datetime, ends: datetime) -> Counter[tuple[str, str, bool]]:
    """How many deadlines fell into this time, by the ticket's office, by clock, and whether they were kept."""
    kept = and_(TicketClock.stopped_at.is_not(None), TicketClock.stopped_at <= TicketClock.due_at)
    rows = db.execute(
        select(Ticket.office, TicketClock.name, kept, func.count())
        .join(Ticket, Ticket.id == TicketClock.ticket_id)
        .where(TicketClock.due_at >= begins, TicketClock.due_at < ends)
        .group_by(Ticket.office, TicketClock.name, kept)
    )
    return Counter({(office, name, bool(held)): n for office, name, held, n in rows})


def sittings_between(db: Session, begins: datetime, ends: datetime) -> tuple[int, int]:
    """How many screenings were begun in this time, and how many of them came to a result."""
    begun = select(Administration.sitting_id).distinct().where(
        Administration.started_at >= begins, Administration.started_at < ends
    ).subquery()  # fmt: skip
    row = db.execute(
        select(func.count(), func.count(Rating.id))
        .select_from(begun)
        .outerjoin(Rating, Rating.sitting_id == begun.c.sitting_id)
    ).one()
    return row[0], row[1]


def late_now(db: Session, now: datetime) -> int:
    """How many deadlines have passed and still run."""
    late = select(func.count()).where(TicketClock.stopped_at.is_(None), TicketClock.due_at < now)
    return db.scalar(late) or 0


def _campaigns(db: Session, begins: datetime, ends: datetime) -> list[tuple[str, datetime, datetime]]:
    near = select(Campaign).where(
        Campaign.from_day <= (ends + timedelta(days=1)).date(),
        Campaign.to_day >= (begins - timedelta(days=1)).date(),
    )
    return [(one.place, *one.period) for one in db.scalars(near)]
