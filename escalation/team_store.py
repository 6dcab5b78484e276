"""Queries on what several people do on one ticket."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from escalation.errors import SubTaskNotFound
from escalation.staff import StaffAccount
from escalation.teamwork import Acknowledgement, Lowering, ReachAttempt, SubTask, Transfer, Trip
from escalation.ticket import Ticket, TicketDesk


def acknowledgements_of(db: Session, ticket: Ticket) -> Sequence[Acknowledgement]:
    """Who has taken this ticket and has it still, first taker first."""
    return db.scalars(
        select(Acknowledgement)
        .where(Acknowledgement.ticket_id == ticket.id, Acknowledgement.undone_at.is_(None))
        .order_by(Acknowledgement.at)
    ).all()


def transfers_of(db: Session, ticket: Ticket) -> Sequence[Transfer]:
    """Every asking to take this ticket over, oldest first."""
    return db.scalars(
        select(Transfer).where(Transfer.ticket_id == ticket.id).order_by(Transfer.asked_at)
    ).all()


def open_transfer(db: Session, ticket: Ticket) -> Transfer | None:
    """The asking that nobody has answered yet, if there is one. The caller holds the ticket's row."""
    return db.scalar(
        select(Transfer)
        .where(Transfer.ticket_id == ticket.id, Transfer.answered_at.is_(None))
        .execution_options(populate_existing=True)
    )


def attempts_of(db: Session, ticket: Ticket) -> Sequence[ReachAttempt]:
    """The tries to reach this person since the sentence that the clocks count from, oldest first."""
    return db.scalars(
        select(ReachAttempt)
        .where(ReachAttempt.ticket_id == ticket.id, ReachAttempt.at >= ticket.spoken_at)
        .order_by(ReachAttempt.at)
    ).all()


def sub_tasks_of(db: Session, ticket: Ticket) -> Sequence[SubTask]:
    """What was asked of partners for this ticket, oldest first."""
    return db.scalars(select(SubTask).where(SubTask.ticket_id == ticket.id).order_by(SubTask.asked_at)).all()


def sub_task_of(db: Session, ticket: Ticket, name: str) -> SubTask:
    """One part of this ticket by its name; `SubTaskNotFound` for another ticket's, as for none."""
    found = [task for task in sub_tasks_of(db, ticket) if task.name == name]
    if not found:
        raise SubTaskNotFound()
    return found[0]


def sub_task_for(db: Session, name: str, account: StaffAccount) -> SubTask:
    """One part that is asked of the caller's own body, locked; `SubTaskNotFound` for anything else."""
    if account.role != "partner" or not (name.isascii() and name.isprintable()):
        raise SubTaskNotFound()
    found = db.scalar(
        select(SubTask)
        .where(SubTask.name == name, SubTask.partner == account.office)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise SubTaskNotFound()
    return found


def sub_tasks_for(db: Session, account: StaffAccount, ended_since: datetime) -> Sequence[SubTask]:
    """What is asked of the caller's body, by deadline, with what ended since then."""
    return db.scalars(
        select(SubTask)
        .where(
            SubTask.partner == account.office,
            or_(SubTask.ended_at.is_(None), SubTask.ended_at >= ended_since),
        )
        .order_by(SubTask.ended_at.is_not(None), SubTask.due_at)
    ).all()


def sub_task_name_taken(db: Session, name: str) -> bool:
    """Whether a part has this name already."""
    return db.scalar(select(SubTask.id).where(SubTask.name == name)) is not None


def open_trip(db: Session, ticket: Ticket) -> Trip | None:
    """Who is out for this ticket now, if somebody is."""
    return db.scalar(select(Trip).where(Trip.ticket_id == ticket.id, Trip.back_at.is_(None)))


def lowerings_of(db: Session, ticket: Ticket) -> Sequence[Lowering]:
    """Every finding that the level is too high, oldest first."""
    return db.scalars(
        select(Lowering).where(Lowering.ticket_id == ticket.id).order_by(Lowering.asked_at)
    ).all()


def open_lowering(db: Session, ticket: Ticket) -> Lowering | None:
    """The finding that no second person has answered yet, if there is one."""
    return db.scalar(
        select(Lowering)
        .where(Lowering.ticket_id == ticket.id, Lowering.decided_at.is_(None))
        .execution_options(populate_existing=True)
    )


def take_from_desk(db: Session, ticket: Ticket, office: str) -> None:
    """Take this ticket off another desk's list: it is neither theirs nor asked of them."""
    for row in db.scalars(
        select(TicketDesk).where(TicketDesk.ticket_id == ticket.id, TicketDesk.office == office)
    ):
        db.delete(row)
    db.flush()


def colleagues_of(db: Session, account: StaffAccount, roles: Sequence[str]) -> Sequence[StaffAccount]:
    """Who else works at the caller's office in one of these roles."""
    return db.scalars(
        select(StaffAccount)
        .where(
            StaffAccount.office == account.office,
            StaffAccount.active.is_(True),
            StaffAccount.role.in_(roles),
            StaffAccount.id != account.id,
        )
        .order_by(StaffAccount.name)
    ).all()


def account_of(db: Session, staff_id: UUID | None) -> StaffAccount | None:
    """The account of this id, if there is one."""
    return None if staff_id is None else db.get(StaffAccount, staff_id)


def tickets_with_transfer(db: Session, account: StaffAccount) -> Sequence[tuple[Ticket, Transfer]]:
    """The tickets that are offered to the caller, or to their office by another."""
    return [
        (ticket, transfer)
        for ticket, transfer in db.execute(
            select(Ticket, Transfer)
            .join(Transfer, Transfer.ticket_id == Ticket.id)
            .where(
                Transfer.answered_at.is_(None),
                Ticket.closed_at.is_(None),
                or_(
                    Transfer.to_staff_id == account.id,
                    Transfer.to_staff_id.is_(None) & (Transfer.to_office == account.office),
                ),
            )
            .order_by(Transfer.answer_by)
        )
    ]


def tickets_with_lowering(db: Session, account: StaffAccount) -> Sequence[tuple[Ticket, Lowering]]:
    """The tickets on the caller's lists whose level waits for a second person, who may be the caller."""
    beside = select(TicketDesk.ticket_id).where(TicketDesk.office == account.office)
    return [
        (ticket, lowering)
        for ticket, lowering in db.execute(
            select(Ticket, Lowering)
            .join(Lowering, Lowering.ticket_id == Ticket.id)
            .where(
                Lowering.decided_at.is_(None),
                Lowering.asked_by_id != account.id,
                Ticket.closed_at.is_(None),
                or_(Ticket.office == account.office, Ticket.id.in_(beside)),
            )
            .order_by(Lowering.asked_at)
        )
    ]


def trips_for(db: Session, account: StaffAccount, *, everywhere: bool) -> Sequence[tuple[Ticket, Trip]]:
    """Who of the caller's office is out; at the district's desk (`everywhere`) also those who are overdue."""
    out = Trip.office == account.office
    if everywhere:
        beside = select(TicketDesk.ticket_id).where(TicketDesk.office == account.office)
        out = or_(out, Ticket.id.in_(beside) & (Trip.rounds > 0))
    return [
        (ticket, trip)
        for ticket, trip in db.execute(
            select(Ticket, Trip)
            .join(Trip, Trip.ticket_id == Ticket.id)
            .where(Trip.back_at.is_(None), out)
            .order_by(Trip.back_by)
        )
    ]


def tickets_to_decide(db: Session, office: str) -> Sequence[tuple[Ticket, datetime]]:
    """The open tickets on the district desk's list that nobody has settled, with since when they stand there."""
    return [
        (ticket, since)
        for ticket, since in db.execute(
            select(Ticket, TicketDesk.since)
            .join(TicketDesk, TicketDesk.ticket_id == Ticket.id)
            .where(
                TicketDesk.office == office,
                Ticket.closed_at.is_(None),
                Ticket.settled.is_(False),
                Ticket.missing > 0,
            )
            .order_by(Ticket.level.desc(), TicketDesk.since)
        )
    ]
