"""When the calendar changes: the running clocks that count by it are set anew, with the rules their tickets keep."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from escalation import chain
from escalation.calendar import WorkCalendar
from escalation.policy import Policy
from escalation.policy_book import CALENDAR, PolicyBook
from escalation.store import deadlines_set
from escalation.ticket import DeadlineSet, Ticket, TicketClock
from storage import audit, edition


@dataclass(frozen=True)
class Moved:
    """One deadline before and after."""

    code: str
    clock: str
    before: datetime
    after: datetime


def recompute(db: Session, policies: PolicyBook, now: datetime) -> list[Moved]:
    """Set every running clock that counts by the calendar by the one in force; says which moved, soonest first.

    A ticket keeps its rules and takes only the calendar over. What ran in wall time stays as it is, and so does what
    was stopped; what was set before stays on record, for this only adds to it. Doing it twice changes nothing.
    """
    moved = []
    open_tickets = select(Ticket).where(Ticket.closed_at.is_(None)).order_by(Ticket.code)
    for ticket in db.scalars(open_tickets.with_for_update()).all():
        policy = policies.with_calendar(db, ticket)
        if policy is None or policy.edition == ticket.policy:
            continue
        for clock in _running(db, ticket):
            last = _last(db, ticket, clock)
            if last is None or not policy.rule(last.clock, ticket.rated).by_calendar:
                continue
            before = clock.due_at
            if policy.deadline(last.clock, ticket.rated, last.spoken_at, last.acknowledged_at) == before:
                continue
            _set(db, ticket, clock, last, policy, now)
            moved.append(Moved(ticket.code, clock.name, before, clock.due_at))
        ticket.policy = policy.edition
    return sorted(moved, key=lambda m: (m.after, m.code))


def _set(
    db: Session, ticket: Ticket, clock: TicketClock, last: DeadlineSet, policy: Policy, now: datetime
) -> None:
    chain.set_deadline(
        db,
        ticket,
        clock,
        policy,
        now,
        "calendar",
        last.acknowledged_at,
        since=last.spoken_at,
        rule=last.clock,
    )
    clock.rounds, clock.told_at = 0, None


def _running(db: Session, ticket: Ticket) -> list[TicketClock]:
    clocks = select(TicketClock).where(TicketClock.ticket_id == ticket.id, TicketClock.stopped_at.is_(None))
    return list(db.scalars(clocks.order_by(TicketClock.name)))


def _last(db: Session, ticket: Ticket, clock: TicketClock) -> DeadlineSet | None:
    """How this clock was set last; None for one from before that was kept."""
    of_clock = [row for row in deadlines_set(db, ticket) if row.clock.partition(".")[0] == clock.name]
    return of_clock[-1] if of_clock else None


def import_calendar(
    db: Session, policies: PolicyBook, newer: WorkCalendar, by: str, now: datetime
) -> list[Moved]:
    """Bring a calendar into force beside the years that it does not speak of, and set the running clocks by it."""
    whole = policies.calendar.joined_with(newer)
    saved = edition.save(db, CALENDAR, whole.text(), by, now)
    policies.refresh(db)
    moved = recompute(db, policies, now)
    audit.record(
        db, actor=by, action="rules.saved", subject=CALENDAR, at=now, digest=saved.digest, moved=len(moved)
    )
    return moved
