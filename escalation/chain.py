"""The chain of people who are told until one of them acts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from escalation.calendar import WorkCalendar
from escalation.channels import notice_text
from escalation.contact_point import ContactPoint
from escalation.outbox import IN_APP, QueuedNotice, points_of, queue
from escalation.policy import Audience, ClockName, Policy
from escalation.policy_book import PolicyBook
from escalation.roster import on_duty
from escalation.staff import StaffAccount
from escalation.store import desks_of, give_to, put_beside
from escalation.ticket import DeadlineSet, DeskCall, Ticket, TicketClock, TicketEvent
from escalation.triage import Level
from residents.district import District
from residents.district_book import DistrictBook

CHANNEL = "webhook"
"""Where an office hears that has no address of its own: the district's gateway."""
AGAIN_EVERY = timedelta(minutes=15)
UPWARD: tuple[Audience, ...] = ("office", "supervisor", "district_desk")
_TOLD = {"office": "值班", "supervisor": "负责人", "district_desk": "区值班台"}
_SOONER = ("raised", "again")
"""What may only bring a running deadline forward."""


@dataclass(frozen=True)
class Telling:
    """What every notice needs: whose offices, by which calendar, which address its link begins with, and whether
    all is a demo."""

    districts: DistrictBook
    policies: PolicyBook
    link: str
    demo: bool

    @property
    def district(self) -> District:
        """The district as it stands now."""
        return self.districts.current

    @property
    def calendar(self) -> WorkCalendar:
        """The official calendar in force."""
        return self.policies.calendar


def take_step(db: Session, ticket: Ticket, policy: Policy, telling: Telling, now: datetime) -> None:
    """Tell whoever is next that nobody has the ticket yet, and set when the step after that is due.

    A step at which nobody is on duty is skipped at once, and the steps after it come as much sooner; the last one is
    always taken, for the district's desk is told whoever is there. From the district's step on, the ticket stands on
    that desk as well. What is neither red nor orange wakes nobody: its steps wait for working hours, and those after
    them wait as much longer, so that the office is not passed over on the first morning after a holiday.
    """
    opens = working_time(ticket, policy, now)
    if opens > now:
        ticket.step_due_at, ticket.chain_since = opens, ticket.chain_since + (opens - now)
        return
    respond_by = policy.deadline("acknowledge", ticket.rated, ticket.spoken_at)
    last = len(policy.levels[ticket.rated].steps) - 1
    while True:
        rung, at_last = policy.step(ticket.rated, ticket.step), ticket.step >= last
        occasion = f"step{ticket.step}.{int(ticket.chain_since.timestamp() * 1e6)}"
        told = tell(db, ticket, rung.tell, occasion, respond_by, telling, now)
        ticket.step = policy.next_step(ticket.rated, ticket.step, ticket.chain_since, now)
        ticket.step_due_at = policy.step_due(ticket.rated, ticket.step, ticket.chain_since)
        if told or at_last:
            return
        ticket.chain_since = now - policy.step(ticket.rated, ticket.step).after
        note(db, ticket, "skipped", "系统", f"{_TOLD[rung.tell]}这会儿没有人，直接通知下一级。", now)


def jump_to_district(db: Session, ticket: Ticket, policy: Policy, telling: Telling, now: datetime) -> None:
    """Take the last step of the chain now, whichever would have been next; its repetitions count from it."""
    ticket.step = len(policy.levels[ticket.rated].steps) - 1
    respond_by = policy.deadline("acknowledge", ticket.rated, ticket.spoken_at)
    occasion = f"jump.{int(now.timestamp() * 1e6)}"
    tell(db, ticket, "district_desk", occasion, respond_by, telling, now)
    if ticket.missing:
        ticket.step = policy.next_step(ticket.rated, ticket.step, ticket.chain_since, now)
        ticket.step_due_at = policy.step_due(ticket.rated, ticket.step, ticket.chain_since)


def working_time(ticket: Ticket, policy: Policy, now: datetime) -> datetime:
    """From when on somebody may be told of this ticket: at once for red and orange, in working hours otherwise."""
    if ticket.rated >= Level.ORANGE and ticket.closed_at is None:
        return now
    moment = timedelta(microseconds=1)
    return policy.calendar.add_working_time(now, moment) - moment


def tell_again(db: Session, ticket: Ticket, policy: Policy, telling: Telling, now: datetime) -> None:
    """Tell the office that the resident is in danger again, at most once in a quarter of an hour."""
    clock: ClockName = "contact" if "contact" in policy.clocks(ticket.rated) else "speak"
    respond_by = policy.deadline(clock, ticket.rated, ticket.spoken_at, now)
    occasion = f"again.{now.timestamp() // AGAIN_EVERY.total_seconds():.0f}"
    tell_up(db, ticket, "office", occasion, respond_by, telling, now)


def tell_up(
    db: Session,
    ticket: Ticket,
    audience: Audience,
    occasion: str,
    respond_by: datetime,
    telling: Telling,
    now: datetime,
    *,
    office: str | None = None,
    alarm: str | None = None,
) -> Audience:
    """Tell this audience, or the next above it where nobody is on duty; says who was told."""
    for upward in UPWARD[UPWARD.index(audience) :]:
        if tell(db, ticket, upward, occasion, respond_by, telling, now, office=office, alarm=alarm):
            return upward
    return "district_desk"


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
    alarm: str | None = None,
) -> bool:
    """Queue the notices about a ticket to one audience of its own office, unless another office is named.

    False when nobody is on duty there: then nothing is queued, and the caller goes on to the next. The district's
    desk is always told. Who is on duty hears on their own first channel, the desk itself on its; the console shows
    it too. The same occasion told twice is told once. What the district's desk is told of stands on its list from
    then on, beside the office of whoever has it. `alarm` stands where the level would: a colleague is in danger.
    """
    district = telling.district
    office = office or ticket.office
    if audience == "district_desk":
        office = district.desk.code
        give_to(db, ticket, office_of_holder(db, ticket) or ticket.office)
        put_beside(db, ticket, office, now)
    there = on_duty(db, office, audience, now, telling.calendar) if district.has_office(office) else []
    if not there and audience != "district_desk":
        return False
    word = alarm or f"{ticket.rated.colour}色"
    place = area(district, ticket.office)
    key = f"{ticket.code}.{ticket.rated.key}.{audience}.{office}.{occasion}"
    queued = False
    for staff_id, point, channel in _receivers(db, office, audience, [p.staff_id for p in there]):
        notice = QueuedNotice(
            key=key if staff_id is None else f"{key}.{staff_id.hex[:12]}",
            ticket_id=ticket.id,
            level=int(Level.RED) if alarm else ticket.level,
            audience=audience,
            office=office,
            staff_id=staff_id,
            contact_id=point.id if point else None,
            channel=channel,
            round=ticket.step,
            code=ticket.code,
            level_word=word,
            place=place,
            respond_by=respond_by,
            link=f"{telling.link}/console/tickets/{ticket.code}",
            text=notice_text(
                ticket.code, f"{alarm} · " if alarm else word, place, respond_by, now, demo=telling.demo
            ),
            queued_at=now,
            due_at=now,
            state="waiting",
            attempts=0,
        )
        if channel == IN_APP:
            notice.key, notice.state, notice.delivered_at = f"{key}.app", "delivered", now
        queued = queue(db, notice) or queued
    if queued:
        told = (
            "区值班台"
            if audience == "district_desk"
            else f"{district.office_once(office).name}{_TOLD[audience]}"
        )
        note(db, ticket, "notice", "系统", f"已通知{told}。", now)
    return True


def _receivers(
    db: Session, office: str, audience: Audience, people: Sequence[UUID | None]
) -> Iterator[tuple[UUID | None, ContactPoint | None, str]]:
    """The desk, each person on duty who has an address of their own, and the console."""
    desk = points_of(db, office, audience, None)
    yield (None, desk[0], desk[0].channel) if desk else (None, None, CHANNEL)
    for staff_id in people:
        own = points_of(db, office, audience, staff_id) if staff_id is not None else ()
        if own:
            yield staff_id, own[0], own[0].channel
    yield None, None, IN_APP


def office_of_holder(db: Session, ticket: Ticket) -> str | None:
    """The office of whoever has this ticket in hand, among those that may see it; None when nobody has it."""
    holder = db.get(StaffAccount, ticket.holder_id) if ticket.holder_id is not None else None
    if holder is None:
        return None
    return holder.office if holder.office in desks_of(db, ticket) else ticket.office


def tell_desk(db: Session, call: DeskCall, telling: Telling, now: datetime) -> None:
    """Queue one notice that somebody at a kiosk asks for a human being, or that one is to look in there unasked.

    Who is to be looked in on, and why, is not said: whoever reads over a shoulder learns of a machine in a hall.
    """
    code, ask = (
        ("照看", "终端机旁请自然地过去看看，对方没有叫人") if call.unasked else ("叫人", "有人请工作人员过去")
    )
    points = points_of(db, call.office, "office", None)
    queue(
        db,
        QueuedNotice(
            key=f"desk.{call.id}",
            level=int(Level.YELLOW),
            audience="office",
            office=call.office,
            contact_id=points[0].id if points else None,
            channel=points[0].channel if points else CHANNEL,
            round=0,
            code=code,
            level_word="现场",
            place=call.place,
            respond_by=now,
            link=f"{telling.link}/console/",
            text=f"{'【演示】' if telling.demo else ''}{call.place}{ask} · 现在 · 点开查看",
            queued_at=now,
            due_at=now,
            state="waiting",
            attempts=0,
        ),
    )


def area(district: District, office: str) -> str:
    """The street that an office answers for, or the district: all that a notice says about where."""
    street = district.office_once(office).street
    return district.street(street).name if street else district.name


def set_deadline(
    db: Session,
    ticket: Ticket,
    clock: TicketClock,
    policy: Policy,
    now: datetime,
    because: str,
    acknowledged_at: datetime | None = None,
    *,
    since: datetime | None = None,
    rule: str | None = None,
) -> None:
    """Set one clock by the policy's rule of its name (or by `rule`), counted from the resident's sentence (or from
    `since`), and keep how.

    A higher level and new danger only ever bring a running deadline forward.
    """
    counted = since or ticket.spoken_at
    due = policy.deadline(rule or clock.name, ticket.rated, counted, acknowledged_at)
    before = clock.due_at if because in _SOONER and clock.stopped_at is None else None
    if before is not None:
        due = min(before, due)
    clock.due_at, clock.stopped_at = due, None
    db.add(
        DeadlineSet(
            ticket_id=ticket.id,
            clock=rule or clock.name,
            level=ticket.level,
            policy=policy.edition,
            spoken_at=counted,
            acknowledged_at=acknowledged_at,
            before=before,
            due_at=due,
            because=because,
            at=now,
        )
    )


def restart_clocks(
    db: Session,
    ticket: Ticket,
    policy: Policy,
    clocks: Sequence[TicketClock],
    now: datetime,
    because: str = "opened",
) -> None:
    """Set the clocks to this level and this sentence.

    A running clock is only ever brought forward, unless two people have lowered the level; one that was stopped
    runs again, but not the acknowledgement of a ticket that somebody has: they are to reach the resident as if
    they had taken it now. What the level no longer asks for stops, and so does the search for somebody whom
    nobody could reach: the next try that fails begins it anew.
    """
    known = {clock.name: clock for clock in clocks}
    held_since = now if ticket.holder_id is not None else None
    wanted: list[str] = list(policy.clocks(ticket.rated))
    for name in wanted:
        clock = known.get(name)
        if clock is None:
            clock = TicketClock(ticket_id=ticket.id, name=name, rounds=0, due_at=now, stopped_at=now)
            db.add(clock)
        elif clock.stopped_at is not None:
            if because == "lowered" or (name == "acknowledge" and held_since is not None):
                continue
            clock.rounds, clock.told_at = 0, None
        elif because == "raised":
            clock.told_at = None  # lateness that was told at the slower rhythm of before is told again now
        set_deadline(db, ticket, clock, policy, now, because, held_since)
    for name, clock in known.items():
        if name not in wanted and clock.stopped_at is None:
            clock.stopped_at = now


def note(db: Session, ticket: Ticket, kind: str, who: str, text: str, now: datetime) -> TicketEvent:
    """Add one line to the time line."""
    event = TicketEvent(ticket_id=ticket.id, at=now, kind=kind, who=who, text=text)
    db.add(event)
    return event
