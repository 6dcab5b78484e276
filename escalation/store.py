"""Queries on tickets, signals and follow-ups."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, CompoundSelect, or_, select, true, union_all, update
from sqlalchemy.orm import Session

from escalation.errors import DeskCallNotFound, TicketNotFound
from escalation.signal import Rating, Signal
from escalation.staff import StaffAccount
from escalation.teamwork import Acknowledgement, Lowering, SubTask, Transfer
from escalation.ticket import DeadlineSet, DeskCall, FollowUp, Ticket, TicketClock, TicketDesk, TicketEvent
from escalation.triage import Level
from residents.session import ResidentSession

CLOSED_SHOWN = 200


def open_ticket_of(db: Session, resident_id: UUID, kind: str = "home_visit") -> Ticket | None:
    """The open ticket of this person, locked and as it stands now. The caller holds the resident's row."""
    return db.scalar(
        select(Ticket)
        .where(Ticket.resident_id == resident_id, Ticket.kind == kind, Ticket.closed_at.is_(None))
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def latest_ticket_of_session(db: Session, session_id: UUID, resident_id: UUID) -> Ticket | None:
    """The ticket that this conversation speaks of: the open one, else the last one that it opened."""
    return db.scalar(
        select(Ticket)
        .where(
            Ticket.resident_id == resident_id,
            or_(Ticket.closed_at.is_(None), Ticket.session_id == session_id),
        )
        .order_by(Ticket.closed_at.is_(None).desc(), Ticket.opened_at.desc())
        .limit(1)
    )


def ticket_for(db: Session, code: str, account: StaffAccount, *, lock: bool = False) -> Ticket:
    """The ticket of this code if the caller may read it; otherwise `TicketNotFound`, whatever exists.

    The office is part of the query: what is not the caller's is never read. An auditor reads the tickets of
    the whole district, and acts on none.
    """
    if not (code.isascii() and code.isprintable()):  # no name of ours, and PostgreSQL refuses a NUL
        raise TicketNotFound()
    query = select(Ticket).where(Ticket.code == code, _within(account))
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    ticket = db.scalar(query)
    if ticket is None:
        raise TicketNotFound()
    return ticket


def tickets_for(db: Session, account: StaffAccount, *, closed: bool = False) -> Sequence[Ticket]:
    """The tickets of the caller's office; for an auditor, of the district. Of the closed ones, the newest."""
    if not closed:
        return db.scalars(select(Ticket).where(Ticket.closed_at.is_(None), _within(account))).all()
    query = select(Ticket).where(Ticket.closed_at.is_not(None))
    if account.role != "auditor":
        query = query.where(Ticket.id.in_(_newest_closed(account.office)))
    return db.scalars(query.order_by(Ticket.opened_at.desc()).limit(CLOSED_SHOWN)).all()


def _newest_closed(office: str) -> CompoundSelect[UUID]:
    """What an office had itself and what stood on its list beside it, each by an index that begins with the newest:
    a list is asked for every few seconds and must not read all that was ever closed."""
    closed = select(Ticket.id).where(Ticket.closed_at.is_not(None))
    own = closed.where(Ticket.office == office).order_by(Ticket.opened_at.desc())
    beside = closed.join(TicketDesk, TicketDesk.ticket_id == Ticket.id).where(TicketDesk.office == office)
    newest = beside.order_by(TicketDesk.since.desc())
    return union_all(own.limit(CLOSED_SHOWN), newest.limit(CLOSED_SHOWN))


def _within(account: StaffAccount) -> ColumnElement[bool]:
    if account.role == "auditor":
        return true()
    beside = select(TicketDesk.id).where(
        TicketDesk.ticket_id == Ticket.id, TicketDesk.office == account.office
    )
    return or_(Ticket.office == account.office, beside.exists())


def desks_of(db: Session, ticket: Ticket) -> set[str]:
    """The other desks on whose lists this ticket stands."""
    return set(db.scalars(select(TicketDesk.office).where(TicketDesk.ticket_id == ticket.id)))


def put_beside(db: Session, ticket: Ticket, office: str, now: datetime) -> bool:
    """Put a ticket on another desk's list too; False when it stands there already or is that desk's own."""
    if office == ticket.office or office in desks_of(db, ticket):
        return False
    db.add(TicketDesk(ticket_id=ticket.id, office=office, since=now))
    db.flush()
    return True


def give_to(db: Session, ticket: Ticket, office: str) -> None:
    """Make an office responsible: the ticket, and what it has promised to ask again, are its from now on."""
    if office == ticket.office:
        return
    ticket.office = office
    db.execute(
        update(FollowUp)
        .where(FollowUp.ticket_id == ticket.id, FollowUp.done_at.is_(None))
        .values(office=office)
    )


def undo_acknowledgements(db: Session, ticket: Ticket, now: datetime) -> None:
    """Everybody who had taken this ticket has it no longer."""
    db.execute(
        update(Acknowledgement)
        .where(Acknowledgement.ticket_id == ticket.id, Acknowledgement.undone_at.is_(None))
        .values(undone_at=now)
    )


def closed_matter_of(db: Session, resident_id: UUID, kind: str, since: datetime) -> Ticket | None:
    """The last ticket of this person and kind that was closed at or after `since`, locked."""
    return db.scalar(
        select(Ticket)
        .where(Ticket.resident_id == resident_id, Ticket.kind == kind, Ticket.closed_at >= since)
        .order_by(Ticket.closed_at.desc())
        .limit(1)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def ticket_by_resident_code(db: Session, index: bytes) -> Ticket | None:
    """For the resident's own page, which needs no login and shows nothing personal. By blind index."""
    return db.scalar(select(Ticket).where(Ticket.resident_code_index == index))


def code_taken(db: Session, code: str) -> bool:
    """Whether a ticket has this name already."""
    return db.scalar(select(Ticket.id).where(Ticket.code == code)) is not None


def clocks_of(db: Session, ticket_ids: Sequence[UUID]) -> Sequence[TicketClock]:
    """All clocks of these tickets."""
    return db.scalars(select(TicketClock).where(TicketClock.ticket_id.in_(ticket_ids))).all()


def clock_of(db: Session, ticket: Ticket, name: str) -> TicketClock | None:
    """One clock of one ticket."""
    return db.scalar(select(TicketClock).where(TicketClock.ticket_id == ticket.id, TicketClock.name == name))


def stop_clocks(db: Session, ticket: Ticket, names: Sequence[str], now: datetime) -> None:
    """Stop those of these clocks that still run."""
    for clock in clocks_of(db, [ticket.id]):
        if clock.name in names and clock.stopped_at is None:
            clock.stopped_at = now


def deadlines_set(db: Session, ticket: Ticket) -> Sequence[DeadlineSet]:
    """How this ticket's deadlines came about, oldest first."""
    return db.scalars(
        select(DeadlineSet).where(DeadlineSet.ticket_id == ticket.id).order_by(DeadlineSet.at)
    ).all()


def events_of(db: Session, ticket: Ticket) -> Sequence[TicketEvent]:
    """The time line, oldest first."""
    return db.scalars(
        select(TicketEvent)
        .where(TicketEvent.ticket_id == ticket.id)
        .order_by(TicketEvent.at, TicketEvent.position)
    ).all()


def event_recorded(db: Session, client_id: UUID, by: str | None = None) -> bool:
    """Whether this act was recorded before, by anybody or by somebody of this name."""
    query = select(TicketEvent.id).where(TicketEvent.client_id == client_id)
    return db.scalar(query if by is None else query.where(TicketEvent.who == by)) is not None


def follow_ups_of(db: Session, ticket_ids: Sequence[UUID]) -> Sequence[FollowUp]:
    """The follow-ups of these tickets, earliest first."""
    return db.scalars(
        select(FollowUp).where(FollowUp.ticket_id.in_(ticket_ids)).order_by(FollowUp.due_at)
    ).all()


def signal_of(db: Session, source: str) -> Signal | None:
    """What was judged from this source before, if anything was."""
    return db.scalar(select(Signal).where(Signal.source == source))


def signals_of_ticket(db: Session, ticket: Ticket) -> Sequence[Signal]:
    """What opened or raised a ticket, oldest first."""
    return db.scalars(
        select(Signal).where(Signal.ticket_id == ticket.id).order_by(Signal.at, Signal.id)
    ).all()


def rating_of_sitting(db: Session, sitting_id: UUID) -> Rating | None:
    """How this screening was rated last; an answer that is changed afterwards has it rated again."""
    return db.scalar(select(Rating).where(Rating.sitting_id == sitting_id))


def signals_of_session(db: Session, session_id: UUID) -> Sequence[Signal]:
    """Everything judged in one conversation, oldest first."""
    return db.scalars(
        select(Signal).where(Signal.session_id == session_id).order_by(Signal.at, Signal.id)
    ).all()


def turned_out_serious(db: Session, session: ResidentSession, *, signal_from: Level = Level.RED) -> bool:
    """Whether a finished screening of this conversation was rated orange or red, or anything in it `signal_from` on."""
    rated = select(Rating.id).where(
        Rating.resident_id == session.resident_id,
        Rating.session_id == session.id,
        Rating.level >= int(Level.ORANGE),
    )
    judged = select(Signal.id).where(Signal.session_id == session.id, Signal.level >= int(signal_from))
    return db.scalar(rated.limit(1)) is not None or db.scalar(judged.limit(1)) is not None


def rating_of(db: Session, sitting_id: UUID) -> Rating | None:
    """The level of one finished sitting."""
    return db.scalar(select(Rating).where(Rating.sitting_id == sitting_id))


def desk_call_for(db: Session, call_id: UUID, account: StaffAccount) -> DeskCall:
    """One call to the caller's office, locked; otherwise `DeskCallNotFound`, whatever exists."""
    call = db.scalar(
        select(DeskCall).where(DeskCall.id == call_id, DeskCall.office == account.office).with_for_update()
    )
    if call is None:
        raise DeskCallNotFound()
    return call


def has_open_ticket(db: Session, resident_id: UUID) -> bool:
    """Whether somebody still has to do something for this person."""
    found = select(Ticket.id).where(Ticket.resident_id == resident_id, Ticket.closed_at.is_(None)).limit(1)
    return db.scalar(found) is not None


def erase_notes(db: Session, resident_id: UUID) -> None:
    """Delete what workers noted about this person on tickets that are closed, and where they lived.

    What was done, and when, stays.
    """
    closed = select(Ticket.id).where(Ticket.resident_id == resident_id, Ticket.closed_at.is_not(None))
    db.execute(update(TicketEvent).where(TicketEvent.ticket_id.in_(closed)).values(note_sealed=None))
    db.execute(update(Ticket).where(Ticket.id.in_(closed)).values(place_sealed=None, routing_sealed=None))
    asked = update(Transfer).where(Transfer.ticket_id.in_(closed))
    db.execute(asked.values(reason_sealed=None, answer_reason_sealed=None))
    parts = update(SubTask).where(SubTask.ticket_id.in_(closed))
    db.execute(parts.values(ask_sealed=None, result_sealed=None))
    db.execute(update(Lowering).where(Lowering.ticket_id.in_(closed)).values(reason_sealed=None))


def desk_calls_of(db: Session, office: str, answered_since: datetime) -> Sequence[DeskCall]:
    """Who is waiting at a kiosk of this office, and whose call was answered since then."""
    return db.scalars(
        select(DeskCall)
        .where(
            DeskCall.office == office,
            or_(DeskCall.answered_at.is_(None), DeskCall.answered_at >= answered_since),
        )
        .order_by(DeskCall.at)
    ).all()
