"""What whoever leads an office looks at: who carries how much, what is late, what came back, and the month behind.

The queries count; the sentences of the month are made by a pure function. Only tickets of the office itself, read
without a lock.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from escalation.acts import WORKERS
from escalation.staff import StaffAccount
from escalation.ticket import FollowUp, Ticket, TicketClock

SHOWN = 50
MANY_REDS = 3
"""More red tickets than these in one hand are too many at once: a house rule, said on the board."""
ENOUGH = 5
"""Fewer clocks than these say nothing about an office."""
WELL = 0.9
LOOK_BACK = timedelta(days=30)
_ZONE = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True)
class Kept:
    """Of one clock within a period: how many fell due, and how many were kept."""

    clock: str
    due: int
    kept: int

    @property
    def share(self) -> float:
        """The part that was kept."""
        return self.kept / self.due


@dataclass(frozen=True)
class Digest:
    """A month in sentences: what went well, and three things at most that did not."""

    praise: list[str]
    problems: list[str]


def people_of(db: Session, office: str) -> Sequence[StaffAccount]:
    """Everybody who works on tickets at this office."""
    working = and_(StaffAccount.active.is_(True), StaffAccount.role.in_(WORKERS))
    return db.scalars(
        select(StaffAccount).where(StaffAccount.office == office, working).order_by(StaffAccount.name)
    ).all()


def in_hand(db: Session, office: str) -> dict[UUID | None, dict[int, int]]:
    """How many open tickets of each level each person has; under None those that nobody has."""
    found: dict[UUID | None, dict[int, int]] = {}
    counted = (
        select(Ticket.holder_id, Ticket.level, func.count())
        .where(Ticket.office == office, Ticket.closed_at.is_(None))
        .group_by(Ticket.holder_id, Ticket.level)
    )
    for holder, level, many in db.execute(counted):
        found.setdefault(holder, {})[level] = many
    return found


def late(db: Session, office: str, now: datetime) -> list[tuple[Ticket, str, datetime]]:
    """The clocks of open tickets, and the follow-ups, whose time is over: the longest waiting first."""
    clocks = db.execute(
        select(Ticket, TicketClock.name, TicketClock.due_at)
        .join(TicketClock, TicketClock.ticket_id == Ticket.id)
        .where(
            Ticket.office == office,
            Ticket.closed_at.is_(None),
            TicketClock.stopped_at.is_(None),
            TicketClock.due_at < now,
            or_(TicketClock.name != "contact", Ticket.holder_id.is_not(None)),
        )
        .order_by(TicketClock.due_at)
        .limit(SHOWN)
    )
    promises = db.execute(
        select(Ticket, FollowUp.due_at)
        .join(FollowUp, FollowUp.ticket_id == Ticket.id)
        .where(FollowUp.office == office, FollowUp.done_at.is_(None), FollowUp.due_at < now)
        .order_by(FollowUp.due_at)
        .limit(SHOWN)
    )
    found = [(t, name, due) for t, name, due in clocks] + [(t, "follow_up", due) for t, due in promises]
    return sorted(found, key=lambda one: one[2])[:SHOWN]


def bounced(db: Session, office: str) -> Sequence[Ticket]:
    """The open tickets that other offices have sent back, most often first."""
    return db.scalars(
        select(Ticket)
        .where(Ticket.office == office, Ticket.closed_at.is_(None), Ticket.bounces > 0)
        .order_by(Ticket.bounces.desc(), Ticket.opened_at)
        .limit(SHOWN)
    ).all()


def oldest_open(db: Session, office: str) -> Ticket | None:
    """The ticket that has been open longest."""
    open_here = select(Ticket).where(Ticket.office == office, Ticket.closed_at.is_(None))
    return db.scalar(open_here.order_by(Ticket.opened_at).limit(1))


def closed_between(db: Session, office: str, start: datetime, end: datetime) -> tuple[int, int]:
    """How many tickets were closed in this period, and how many of them had turned out a false alarm."""
    closed = and_(Ticket.office == office, Ticket.closed_at >= start, Ticket.closed_at < end)
    false = func.count().filter(Ticket.outcome == "mistaken")
    row = db.execute(select(func.count(), false).select_from(Ticket).where(closed)).one()
    return row[0], row[1]


def last_month(now: datetime) -> tuple[datetime, datetime]:
    """The district's last whole month: its first moment, and the first moment after it."""
    this = now.astimezone(_ZONE).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (this - timedelta(days=1)).replace(day=1), this


def kept_between(db: Session, office: str, start: datetime, end: datetime) -> list[Kept]:
    """For each clock: of those that fell due in this period, how many were stopped in time."""
    in_time = func.count().filter(TicketClock.stopped_at <= TicketClock.due_at)
    counted = (
        select(TicketClock.name, func.count(), in_time)
        .join(Ticket, Ticket.id == TicketClock.ticket_id)
        .where(Ticket.office == office, TicketClock.due_at >= start, TicketClock.due_at < end)
        .group_by(TicketClock.name)
        .order_by(TicketClock.name)
    )
    return [Kept(name, due, kept) for name, due, kept in db.execute(counted)]


def digest(kept: Sequence[Kept], words: Mapping[str, str], closed: int, false_alarms: int) -> Digest:
    """The month in sentences, each with its denominator. Praise comes first; never more than three problems.

    A clock that ran fewer than five times is not judged: it says more of the month than of the office.
    """
    judged = [one for one in kept if one.due >= ENOUGH]
    best = max(judged, key=lambda one: (one.share, one.due), default=None)
    praise = []
    if best is not None and best.share >= WELL:
        praise.append(f"{words[best.clock]}做得最稳：{best.due} 次里 {best.kept} 次按时。")
    if closed:
        praise.append(f"办结了 {closed} 件，谢谢大家。")
    short = sorted((one for one in judged if one.share < WELL), key=lambda one: (one.share, -one.due))
    problems = [f"{words[one.clock]}：{one.due} 次里 {one.due - one.kept} 次没有按时。" for one in short[:3]]
    if len(problems) < 3 and closed >= ENOUGH and false_alarms * 2 > closed:
        problems.append(f"办结的 {closed} 件里 {false_alarms} 件是误会，请和区里说说哪些话容易看错。")
    return Digest(praise, problems)
