"""Queries on the duty roster and on who works where."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from escalation.contact_point import ContactPoint
from escalation.duty import DutyChange, DutyShift
from escalation.outbox import IN_APP
from escalation.staff import StaffAccount
from escalation.ticket import Ticket


def active_staff(db: Session, office: str) -> dict[UUID, StaffAccount]:
    """The accounts of this office that can act today, by id."""
    found = db.scalars(
        select(StaffAccount)
        .where(StaffAccount.office == office, StaffAccount.active)
        .order_by(StaffAccount.name, StaffAccount.id)
    )
    return {account.id: account for account in found}


def shifts_of(db: Session, office: str) -> Sequence[DutyShift]:
    """The weekly pattern of an office, in the order in which it is read aloud."""
    order = (DutyShift.duty.desc(), DutyShift.backup, DutyShift.starts, DutyShift.days, DutyShift.id)
    return db.scalars(select(DutyShift).where(DutyShift.office == office).order_by(*order)).all()


def changes_between(db: Session, from_at: datetime, to_at: datetime) -> Sequence[DutyChange]:
    """The leaves and swaps that hold at some moment between these two, those taken back left out."""
    return db.scalars(
        select(DutyChange)
        .where(
            DutyChange.ended_at.is_(None),
            DutyChange.to_at > from_at,
            DutyChange.from_at <= to_at,
        )
        .order_by(DutyChange.from_at, DutyChange.made_at, DutyChange.id)
    ).all()


def reachable_of(db: Session, office: str) -> set[UUID | None]:
    """Who of an office has an address outside the console: staff ids, None for the office's own line."""
    found = db.execute(
        select(ContactPoint.staff_id, ContactPoint.audience).where(
            ContactPoint.office == office, ContactPoint.active.is_(True), ContactPoint.channel != IN_APP
        )
    )
    return {staff for staff, audience in found if staff is not None or audience != "supervisor"}


def lock_roster(db: Session, office: str) -> None:
    """Let one act on an office's roster follow the other, so that each sees what the one before left."""
    db.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"duty:{office}"))))


def names_of(db: Session, ids: Collection[UUID | None]) -> dict[UUID, StaffAccount]:
    """These accounts by id, whether they still work here or not."""
    found = db.scalars(
        select(StaffAccount).where(StaffAccount.id.in_([id_ for id_ in ids if id_ is not None]))
    )
    return {account.id: account for account in found}


def tickets_in_hand(db: Session, ids: Collection[UUID]) -> dict[UUID, int]:
    """How many open tickets each of these people holds."""
    counted = db.execute(
        select(Ticket.holder_id, func.count())
        .where(Ticket.holder_id.in_(ids), Ticket.closed_at.is_(None))
        .group_by(Ticket.holder_id)
    )
    return {holder: count for holder, count in counted if holder is not None}
