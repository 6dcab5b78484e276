"""The chain of people who are told until one of them acts."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from escalation.outbox import QueuedNotice, queue
from escalation.policy import Audience, Policy
from escalation.ticket import DeskCall, Ticket, TicketClock, TicketEvent
from escalation.triage import Level
from residents.district import District

CHANNEL = "webhook"
LOCAL = ZoneInfo("Asia/Shanghai")
_TOLD = {"office": "司法所值班", "supervisor": "司法所负责人", "district_desk": "区值班台"}


def take_step(
    db: Session, ticket: Ticket, policy: Policy, district: District, link: str, now: datetime
) -> None:
    """Tell whoever is next that nobody has the ticket yet, and set when the step after that is due.

    From the district's step on, the ticket stands on the district's desk as well.
    """
    rung = policy.step(ticket.rated, ticket.step)
    respond_by = policy.deadline("acknowledge", ticket.rated, ticket.spoken_at)
    tell(db, ticket, rung.tell, f"step{ticket.step}.{int(ticket.chain_since.timestamp() * 1e6)}", respond_by,
         district, link, now)  # fmt: skip
    ticket.step += 1
    ticket.step_due_at = policy.step_due(ticket.rated, ticket.step, ticket.chain_since)


def tell(
    db: Session,
    ticket: Ticket,
    audience: Audience,
    occasion: str,
    respond_by: datetime,
    district: District,
    link: str,
    now: datetime,
) -> None:
    """Queue one notice about a ticket. The same occasion told twice is told once."""
    office = ticket.office
    if audience == "district_desk":
        office = district.desk.code
        if ticket.office != office:
            ticket.also_office = office
    word = f"{ticket.rated.colour}色"
    place = area(district, ticket.office)
    local = respond_by.astimezone(LOCAL)
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
            link=f"{link}/console/tickets/{ticket.code}",
            text=f"{word}工单 {ticket.code} · {place} · {local:%H:%M} 前回应 · 点开查看",
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


def tell_desk(db: Session, call: DeskCall, district: District, link: str, now: datetime) -> None:
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
            link=f"{link}/console/",
            text=f"{call.place}有人请工作人员过去 · 现在 · 点开查看",
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


def restart_clocks(db: Session, ticket: Ticket, policy: Policy, clocks: list[TicketClock]) -> None:
    """Set the clocks to this level. A deadline is only ever brought forward; a stopped clock stays stopped."""
    known = {clock.name: clock for clock in clocks}
    for name in policy.clocks(ticket.rated):
        due = policy.deadline(name, ticket.rated, ticket.spoken_at, ticket.acknowledged_at)
        clock = known.get(name)
        if clock is None:
            db.add(TicketClock(ticket_id=ticket.id, name=name, due_at=due, rounds=0))
        elif clock.stopped_at is None:
            clock.due_at = min(clock.due_at, due)


def note(db: Session, ticket: Ticket, kind: str, who: str, text: str, now: datetime) -> TicketEvent:
    """Add one line to the time line."""
    event = TicketEvent(ticket_id=ticket.id, at=now, kind=kind, who=who, text=text)
    db.add(event)
    return event
