"""The watch: what is overdue, found by asking the tables each time, and moved upward.

Nothing here remembers anything between two looks, so a restart, a jump of the clock or a second watch
loses nothing and does nothing twice: each ticket is locked and its due time moved on in one transaction.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from escalation import chain
from escalation.chain import Telling
from escalation.policy import Audience, Policy
from escalation.store import clock_of
from escalation.ticket import FollowUp, Ticket, TicketClock
from storage import audit
from storage.database import Database
from storage.step_points import step

LATE_FOLLOW_UP_AGAIN = timedelta(hours=24)
CLOCK_NAMES_ZH = {"acknowledge": "签收", "contact": "联系", "speak": "通话", "visit": "走访"}


class Watch:
    """Looks over all open tickets and follow-ups and passes upward what nobody has done in time."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        policies: Mapping[str, Policy],
        telling: Telling,
    ) -> None:
        self.database = database
        self.clock = clock
        self.policies = policies
        self.telling = telling

    def escalate_overdue(self) -> int:
        """One look. Returns how many steps were taken."""
        taken = 0
        for look in (self._lapsed, self._next_step, self._late_clock, self._late_follow_up):
            while look():
                taken += 1
        return taken

    def _lapsed(self) -> bool:
        """An acknowledgement without an attempt to reach the resident expires (C4)."""
        now = self.clock()
        with self.database.transaction() as db:
            ticket = db.scalar(
                _open_tickets()
                .join(TicketClock, TicketClock.ticket_id == Ticket.id)
                .where(
                    Ticket.holder_id.is_not(None),
                    Ticket.attempted_at.is_(None),
                    TicketClock.name == "contact",
                    TicketClock.stopped_at.is_(None),
                    TicketClock.due_at <= now,
                )
            )
            if ticket is None:
                return False
            step("S12")
            holder = ticket.holder_name
            ticket.lapse(now)
            contact = clock_of(db, ticket, "contact")
            if contact is not None:
                contact.due_at = now + timedelta(minutes=30)
            chain.note(db, ticket, "lapsed", "系统", f"{holder}签收后没有联系记录，工单重新派出。", now)
            chain.take_step(db, ticket, self.policies[ticket.kind], self.telling, now)
            self._audit(db, "acknowledgement.lapsed", ticket, now)
        return True

    def _next_step(self) -> bool:
        """Nobody holds the ticket and the next step of its chain is due."""
        now = self.clock()
        with self.database.transaction() as db:
            ticket = db.scalar(_open_tickets().where(Ticket.holder_id.is_(None), Ticket.step_due_at <= now))
            if ticket is None:
                return False
            step("S12")
            while ticket.step_due_at <= now:
                chain.take_step(db, ticket, self.policies[ticket.kind], self.telling, now)
            self._audit(db, "chain.step", ticket, now, step=ticket.step)
        return True

    def _late_clock(self) -> bool:
        """A clock other than the acknowledgement has run out: its lateness is told upward, again and again."""
        now = self.clock()
        with self.database.transaction() as db:
            row = db.execute(
                select(TicketClock, Ticket)
                .join(Ticket, Ticket.id == TicketClock.ticket_id)
                .where(
                    Ticket.closed_at.is_(None),
                    Ticket.holder_id.is_not(None),
                    TicketClock.name.in_(("speak", "visit")),
                    TicketClock.stopped_at.is_(None),
                    TicketClock.due_at <= now,
                    (TicketClock.told_at.is_(None)) | (TicketClock.told_at <= now),
                )
                .order_by(TicketClock.due_at)
                .limit(1)
                .with_for_update(skip_locked=True)
            ).one_or_none()
            if row is None:
                return False
            late, ticket = row
            audience: Audience = "supervisor" if late.rounds == 0 else "district_desk"
            occasion = f"late.{late.name}.{late.due_at.timestamp():.0f}.{late.rounds}"
            chain.tell(db, ticket, audience, occasion, late.due_at, self.telling, now)
            late.rounds += 1
            late.told_at = now + self.policies[ticket.kind].levels[ticket.rated].late_again_every
            label = CLOCK_NAMES_ZH[late.name]
            chain.note(db, ticket, "late", "系统", f"{label}已超时，上报。", now)
            self._audit(db, "clock.late", ticket, now, clock=late.name, round=late.rounds)
        return True

    def _late_follow_up(self) -> bool:
        """A follow-up is due and not done: the office is told, then its supervisor, then the district."""
        now = self.clock()
        with self.database.transaction() as db:
            row = db.execute(
                select(FollowUp, Ticket)
                .join(Ticket, Ticket.id == FollowUp.ticket_id)
                .where(
                    FollowUp.done_at.is_(None),
                    FollowUp.due_at <= now,
                    (FollowUp.told_at.is_(None)) | (FollowUp.told_at <= now),
                )
                .order_by(FollowUp.due_at)
                .limit(1)
                .with_for_update(skip_locked=True)
            ).one_or_none()
            if row is None:
                return False
            follow_up, ticket = row
            audience = ("office", "supervisor", "district_desk")[min(follow_up.rounds, 2)]
            occasion = f"follow_up.{follow_up.id}.{follow_up.rounds}"
            chain.tell(db, ticket, audience, occasion, follow_up.due_at, self.telling, now)  # type: ignore[arg-type]
            follow_up.rounds += 1
            follow_up.told_at = now + LATE_FOLLOW_UP_AGAIN
            self._audit(db, "follow_up.late", ticket, now, round=follow_up.rounds)
        return True

    def _audit(self, db: Session, action: str, ticket: Ticket, now: datetime, **details: Any) -> None:
        audit.record(db, actor="watch", action=action, subject=f"ticket:{ticket.code}", at=now, **details)


def _open_tickets():  # type: ignore[no-untyped-def]
    return (
        select(Ticket)
        .where(Ticket.closed_at.is_(None))
        .order_by(Ticket.level.desc(), Ticket.step_due_at)
        .limit(1)
        .with_for_update(skip_locked=True, of=Ticket)
    )
