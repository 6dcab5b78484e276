"""The chain of people who are told until one of them acts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from escalation.channels import notice_text
from escalation.outbox import QueuedNotice, queue
from escalation.policy import Audience, Policy
from escalation.staff import StaffAccount
from escalation.store import desks_of, put_beside
from escalation.ticket import DeskCall, Ticket, TicketClock, TicketEvent
from escalation.triage import Level
from residents.district import District

CHANNEL = "webhook"
AGAIN_EVERY = timedelta(minutes=15)
_TOLD = {"office": "司法所值班", "supervisor": "司法所负责人", "district_desk": "区值班台"}


@dataclass(frozen=True)
class Telling:
    """What every notice needs: whose offices, which address its link begins with, and whether all is a demo."""

    district: District
    link: str
    demo: bool


def take_step(db: Session, ticket: Ticket, policy: Policy, telling: Telling, now: datetime) -> None:
    """Tell whoever is next that nobody has the ticket yet, and set when the step after that is due.

    From the district's step on, the ticket stands on the district's desk as well.
    """
    rung = policy.step(ticket.rated, ticket.step)
    respond_by = policy.deadline("acknowledge", ticket.rated, ticket.spoken_at)
    occasion = f"step{ticket.step}.{int(ticket.chain_since.timestamp() * 1e6)}"
    tell(db, ticket, rung.tell, occasion, respond_by, telling, now)
    ticket.step = policy.next_step(ticket.rated, ticket.step, ticket.chain_since, now)
    ticket.step_due_at = policy.step_due(ticket.rated, ticket.step, ticket.chain_since)


def tell_again(db: Session, ticket: Ticket, policy: Policy, telling: Telling, now: datetime) -> None:
    """Tell the office that the resident is in danger again, at most once in a quarter of an hour."""
    clock = "contact" if "contact" in policy.clocks(ticket.rated) else "speak"
    respond_by = policy.deadline(clock, ticket.rated, ticket.spoken_at, now)  # type: ignore[arg-type]
    occasion = f"again.{now.timestamp() // AGAIN_EVERY.total_seconds():.0f}"
    tell(db, ticket, "office", occasion, respond_by, telling, now)


def tell(
    db: Session,
    ticket: Ticket,
    audience: Audience,
    occasion: str,
    respond_by: datetime,
    telling: Telling,
    now: datetime,
    *,
    office: str | None = None,
) -> None:
    """Queue one notice about a ticket, to its own office unless another is named. The same occasion told twice
    is told once.

    What the district's desk is told of stands on its list from then on, beside the office of whoever has it.
    """
    district = telling.district
    office = office or ticket.office
    if audience == "district_desk":
        office = district.desk.code
        ticket.office = office_of_holder(db, ticket) or ticket.office
        put_beside(db, ticket, office, now)
    word = f"{ticket.rated.colour}色"
    place = area(district, ticket.office)
    queued = queue(
        db,
        QueuedNotice(
            key=f"{ticket.code}.{ticket.rated.key}.{audience}.{office}.{occasion}",
            ticket_id=ticket.id,
            level=ticket.level,
            audience=audience,
            office=office,
            channel=CHANNEL,
            round=ticket.step,
            code=ticket.code,
            level_word=word,
            place=place,
            respond_by=respond_by,
            link=f"{telling.link}/console/tickets/{ticket.code}",
            text=notice_text(ticket.code, word, place, respond_by, now, demo=telling.demo),
            queued_at=now,
            due_at=now,
            state="waiting",
            attempts=0,
        ),
    )
    if queued:
        note(
            db, ticket, "notice", "系统", f"已通知{_TOLD[audience]}（{district.office(office).name}）。", now
        )


def office_of_holder(db: Session, ticket: Ticket) -> str | None:
    """The office of whoever has this ticket in hand, among those that may see it; None when nobody has it."""
    holder = db.get(StaffAccount, ticket.holder_id) if ticket.holder_id is not None else None
    if holder is None:
        return None
    return holder.office if holder.office in desks_of(db, ticket) else ticket.office


def tell_desk(db: Session, call: DeskCall, telling: Telling, now: datetime) -> None:
    """Queue one notice that somebody at a kiosk asks for a human being."""
    queue(
        db,
        QueuedNotice(
            key=f"desk.{call.id}",
            level=int(Level.YELLOW),
            audience="office",
            office=call.office,
            channel=CHANNEL,
            round=0,
            code="叫人",
            level_word="现场",
            place=call.place,
            respond_by=now,
            link=f"{telling.link}/console/",
            text=f"{'【演示】' if telling.demo else ''}{call.place}有人请工作人员过去 · 现在 · 点开查看",
            queued_at=now,
            due_at=now,
            state="waiting",
            attempts=0,
        ),
    )


def area(district: District, office: str) -> str:
    """The street that an office answers for, or the district: all that a notice says about where."""
    street = district.office(office).street
    return district.street(street).name if street else district.name


def restart_clocks(
    db: Session, ticket: Ticket, policy: Policy, clocks: Sequence[TicketClock], now: datetime
) -> None:
    """Set the clocks to this level and this sentence.

    A running clock is only ever brought forward; one that was stopped runs again, but not the acknowledgement
    of a ticket that somebody has: they are to reach the resident as if they had taken it now.
    """
    known = {clock.name: clock for clock in clocks}
    held_since = now if ticket.holder_id is not None else None
    for name in policy.clocks(ticket.rated):
        due = policy.deadline(name, ticket.rated, ticket.spoken_at, held_since)
        clock = known.get(name)
        if clock is None:
            db.add(TicketClock(ticket_id=ticket.id, name=name, due_at=due, rounds=0))
        elif clock.stopped_at is None:
            clock.due_at = min(clock.due_at, due)
        elif name != "acknowledge" or held_since is None:
            clock.due_at, clock.stopped_at = due, None
            clock.rounds, clock.told_at = 0, None


def note(db: Session, ticket: Ticket, kind: str, who: str, text: str, now: datetime) -> TicketEvent:
    """Add one line to the time line."""
    event = TicketEvent(ticket_id=ticket.id, at=now, kind=kind, who=who, text=text)
    db.add(event)
    return event
