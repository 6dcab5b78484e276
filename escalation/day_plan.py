"""The doors that one office goes to today: visits that are due or late, and follow-ups, in an order. Reading alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from escalation.ticket import FollowUp, Ticket, TicketClock, TicketEvent

AT_MOST = 200
_ZONE = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True)
class Errand:
    """One thing to do today: which ticket, what (`visit` or `follow_up`), and until when."""

    ticket: Ticket
    what: str
    due_at: datetime


def local_day(now: datetime) -> date:
    """The district's day of this moment."""
    return now.astimezone(_ZONE).date()


def end_of_day(now: datetime) -> datetime:
    """The moment at which the district's day is over."""
    return datetime.combine(local_day(now) + timedelta(days=1), time(), _ZONE)


def in_order(errands: Sequence[Errand]) -> list[Errand]:
    """The worst level first, within a level by deadline; a door that has two errands is gone to once, at the first.

    Never by arrival. A ticket with a visit and a follow-up keeps both, one after the other.
    """
    first: dict[UUID, datetime] = {}
    for errand in sorted(errands, key=lambda e: e.due_at):
        first.setdefault(errand.ticket.id, errand.due_at)
    return sorted(
        errands, key=lambda e: (-e.ticket.level, first[e.ticket.id], e.ticket.code, e.due_at, e.what)
    )


def errands_of(db: Session, office: str, now: datetime) -> list[Errand]:
    """What this office has to go to until the day ends, late ones too; of itself alone, and without any lock."""
    until = end_of_day(now)
    visits = db.execute(
        select(Ticket, TicketClock.due_at)
        .join(TicketClock, TicketClock.ticket_id == Ticket.id)
        .where(
            Ticket.office == office,
            Ticket.closed_at.is_(None),
            TicketClock.name == "visit",
            TicketClock.stopped_at.is_(None),
            TicketClock.due_at < until,
        )
        .order_by(TicketClock.due_at)
        .limit(AT_MOST)
    )
    follow_ups = db.execute(
        select(Ticket, FollowUp.due_at)
        .join(FollowUp, FollowUp.ticket_id == Ticket.id)
        .where(FollowUp.office == office, FollowUp.done_at.is_(None), FollowUp.due_at < until)
        .order_by(FollowUp.due_at)
        .limit(AT_MOST)
    )
    return in_order(
        [
            *(Errand(ticket, "visit", due) for ticket, due in visits),
            *(Errand(ticket, "follow_up", due) for ticket, due in follow_ups),
        ]
    )


def with_a_wish(db: Session, tickets: Sequence[Ticket]) -> set[UUID]:
    """Which of these residents have said, behind their code, which time suits them or that they were out."""
    kinds = ("wish.suits", "wish.not_home")
    ids = [ticket.id for ticket in tickets]
    said = select(TicketEvent.ticket_id).where(TicketEvent.ticket_id.in_(ids), TicketEvent.kind.in_(kinds))
    return set(db.scalars(said))
