"""The watch: what is overdue, found by asking the tables each time, and moved upward.

Nothing here remembers anything between two looks, so a restart, a jump of the clock or a second watch
loses nothing and does nothing twice: each ticket is locked and its due time moved on in one transaction.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from escalation import chain, joint, personnel, rerouting, transfer, trips
from escalation.chain import Telling
from escalation.policy import Audience
from escalation.policy_book import PolicyBook
from escalation.store import undo_acknowledgements
from escalation.teamwork import SubTask, Transfer, Trip
from escalation.ticket import FollowUp, Ticket, TicketClock
from storage import audit
from storage.database import Database
from storage.step_points import step

LATE_FOLLOW_UP_AGAIN = timedelta(hours=24)
CLOCK_NAMES_ZH = {
    "speak": "通话",
    "visit": "走访",
    "reach": "找人的下一步",
    "follow_up": "随访",
    "close": "结案",
}
_Query = Select[*tuple[Any, ...]]
_Find = Callable[[datetime], _Query]
_Act = Callable[..., None]


class Watch:
    """Looks over all open tickets and follow-ups and passes upward what nobody has done in time."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        policies: PolicyBook,
        telling: Telling,
    ) -> None:
        self.database = database
        self.clock = clock
        self.policies = policies
        self.telling = telling

    def escalate_overdue(self) -> int:
        """One look. Returns how many steps were taken.

        A ticket that cannot be moved up does not keep the others waiting; its error comes when all were tried.
        """
        stuck: defaultdict[_Find, set[UUID]] = defaultdict(set)
        taken, failed = 0, None
        while True:
            before = taken
            for find, act in self._due(stuck):
                while True:
                    try:
                        if not self._look(find, act, stuck[find]):
                            break
                        taken += 1
                    except _Stuck as error:
                        stuck[find].add(error.ticket_id)
                        failed = failed or error.why
            if taken == before:
                break
        if failed is not None:
            raise failed
        return taken

    def _due(self, stuck: Mapping[_Find, set[UUID]]) -> list[tuple[_Find, _Act]]:
        """What there is something to do about, asked in one transaction: mostly there is nothing."""
        changed: tuple[tuple[_Find, _Act], ...] = (
            (personnel.abandoned, self._let_go),
            (self._routed_by_another_tree, self._reroute),
        )
        now = self.clock()
        with self.database.transaction() as db:
            self.policies.refresh(db)
            self.telling.districts.refresh(db)
            all_of_them = (*changed, *self._timed())
            asked = [
                find(now).where(Ticket.id.not_in(stuck.get(find, ()))).order_by(None).exists()
                for find, _ in all_of_them
            ]
            there_is = db.execute(select(*asked)).one()
            return [what for what, there in zip(all_of_them, there_is, strict=True) if there]

    def behind(self, db: Session, at: datetime) -> bool:
        """Whether anything that was due at this moment has not been acted on."""
        return any(db.execute(find(at).limit(1)).first() is not None for find, _ in self._timed())

    def _timed(self) -> Sequence[tuple[_Find, _Act]]:
        """What falls due, and what is done about it."""
        return (
            (_lapsed, self._lapse),
            (_without_holder, self._next_steps),
            (_late_clocks, self._tell_late),
            (_late_follow_ups, self._tell_late_follow_up),
            (transfer.overdue, self._expire_transfer),
            (joint.overdue, self._tell_late_part),
            (trips.overdue, self._raise_alarm),
        )

    def _look(self, find: _Find, act: _Act, stuck: set[UUID]) -> bool:
        """Find one row that is due and act on it, in one transaction; False when there is none."""
        now = self.clock()
        with self.database.transaction() as db:
            query = find(now).where(Ticket.id.not_in(stuck)).limit(1).with_for_update(skip_locked=True)
            row = db.execute(query).one_or_none()
            if row is None:
                return False
            ticket_id = row[0].id  # asked now: after an error of the database nothing can be asked any more
            step("S12")
            try:
                act(db, *row, now)
                db.flush()
            except Exception as error:
                raise _Stuck(ticket_id, error) from error
        return True

    def _lapse(self, db: Session, ticket: Ticket, contact: TicketClock, now: datetime) -> None:
        """An acknowledgement without an attempt to reach the resident expires (C4)."""
        holder = ticket.holder_name
        policy = self.policies.of(db, ticket)
        ticket.lapse(now, policy.levels[ticket.rated].acknowledgements)
        undo_acknowledgements(db, ticket, now)
        chain.set_deadline(db, ticket, contact, policy, now, "lapsed", since=now)
        chain.note(db, ticket, "lapsed", "系统", f"{holder}签收后没有联系记录，工单重新派出。", now)
        chain.take_step(db, ticket, policy, self.telling, now)
        self._audit(db, "acknowledgement.lapsed", ticket, now)

    def _let_go(self, db: Session, ticket: Ticket, now: datetime) -> None:
        """Whoever has this ticket does not work here any more."""
        personnel.let_go(db, ticket, self.policies.of(db, ticket), self.telling, now)

    def _routed_by_another_tree(self, now: datetime) -> _Query:
        return rerouting.stale(self.telling.district.digest)

    def _reroute(self, db: Session, ticket: Ticket, now: datetime) -> None:
        """The district's tree has changed since this ticket was routed; or it is we who have not heard of the change,
        which another watch has, and then nothing is to be put back."""
        self.telling.districts.refresh(db)
        policy = self.policies.of(db, ticket)
        rerouting.reroute(db, ticket, self.database.vault, self.telling, policy, now)

    def _next_steps(self, db: Session, ticket: Ticket, now: datetime) -> None:
        """Not enough people have taken the ticket: every step of its chain that is due is taken."""
        policy = self.policies.of(db, ticket)
        while ticket.step_due_at <= now:
            chain.take_step(db, ticket, policy, self.telling, now)
        self._audit(db, "chain.step", ticket, now, step=ticket.step)

    def _tell_late(self, db: Session, ticket: Ticket, late: TicketClock, now: datetime) -> None:
        """A clock of a ticket in hand has run out: its lateness is told upward, again and again."""
        policy = self.policies.of(db, ticket)
        opens = chain.working_time(ticket, policy, now)
        if opens > now:
            late.told_at = opens
            return
        audience: Audience = "supervisor" if late.rounds == 0 else "district_desk"
        occasion = f"late.{late.name}.{late.due_at.timestamp():.0f}.{late.rounds}"
        chain.tell_up(db, ticket, audience, occasion, late.due_at, self.telling, now)
        late.rounds += 1
        late.told_at = now + policy.late_again(late.name, ticket.rated)
        chain.note(db, ticket, "late", "系统", f"{CLOCK_NAMES_ZH[late.name]}已超时，上报。", now)
        self._audit(db, "clock.late", ticket, now, clock=late.name, round=late.rounds)

    def _tell_late_follow_up(self, db: Session, ticket: Ticket, follow_up: FollowUp, now: datetime) -> None:
        """A follow-up is due and not done: the office is told, then its supervisor, then the district."""
        policy = self.policies.of(db, ticket)
        opens = chain.working_time(ticket, policy, now)
        if opens > now:
            follow_up.told_at = opens
            return
        audience = chain.UPWARD[min(follow_up.rounds, 2)]
        occasion = f"follow_up.{follow_up.id}.{follow_up.rounds}"
        chain.tell_up(db, ticket, audience, occasion, follow_up.due_at, self.telling, now)
        follow_up.rounds += 1
        follow_up.told_at = now + LATE_FOLLOW_UP_AGAIN
        self._audit(db, "follow_up.late", ticket, now, round=follow_up.rounds)

    def _expire_transfer(self, db: Session, ticket: Ticket, asked: Transfer, now: datetime) -> None:
        """Another office was asked to take this ticket and has not answered."""
        transfer.expire(db, ticket, asked, self.policies.of(db, ticket), self.telling, now)

    def _tell_late_part(self, db: Session, ticket: Ticket, part: SubTask, now: datetime) -> None:
        """Somebody else's part of this ticket is late."""
        joint.tell_late(db, ticket, part, self.policies.of(db, ticket), self.telling, now)

    def _raise_alarm(self, db: Session, ticket: Ticket, trip: Trip, now: datetime) -> None:
        """A worker who went to a visit has not been heard of."""
        trips.raise_alarm(db, ticket, trip, self.telling, now)

    def _audit(self, db: Session, action: str, ticket: Ticket, now: datetime, **details: Any) -> None:
        audit.record(db, actor="watch", action=action, subject=f"ticket:{ticket.code}", at=now, **details)


class _Stuck(Exception):
    """This ticket could not be moved up."""

    def __init__(self, ticket_id: UUID, why: Exception) -> None:
        super().__init__()
        self.ticket_id = ticket_id
        self.why = why


def _lapsed(now: datetime) -> _Query:
    return (
        select(Ticket, TicketClock)
        .join(TicketClock, TicketClock.ticket_id == Ticket.id)
        .where(
            Ticket.closed_at.is_(None),
            Ticket.holder_id.is_not(None),
            Ticket.attempted_at.is_(None),
            TicketClock.name == "contact",
            TicketClock.stopped_at.is_(None),
            TicketClock.due_at <= now,
        )
        .order_by(Ticket.level.desc(), TicketClock.due_at)
    )


def _without_holder(now: datetime) -> _Query:
    return (
        select(Ticket)
        .where(Ticket.closed_at.is_(None), Ticket.missing > 0, Ticket.step_due_at <= now)
        .order_by(Ticket.level.desc(), Ticket.step_due_at)
    )


def _late_clocks(now: datetime) -> _Query:
    """The acknowledgement has its chain and the contact its lapse; lateness of the others is told."""
    return (
        select(Ticket, TicketClock)
        .join(TicketClock, TicketClock.ticket_id == Ticket.id)
        .where(
            Ticket.closed_at.is_(None),
            Ticket.holder_id.is_not(None),
            TicketClock.name.in_(tuple(CLOCK_NAMES_ZH)),
            TicketClock.stopped_at.is_(None),
            TicketClock.due_at <= now,
            or_(TicketClock.told_at.is_(None), TicketClock.told_at <= now),
        )
        .order_by(TicketClock.due_at)
    )


def _late_follow_ups(now: datetime) -> _Query:
    return (
        select(Ticket, FollowUp)
        .join(FollowUp, FollowUp.ticket_id == Ticket.id)
        .where(
            FollowUp.done_at.is_(None),
            FollowUp.due_at <= now,
            or_(FollowUp.told_at.is_(None), FollowUp.told_at <= now),
        )
        .order_by(FollowUp.due_at)
    )
