"""The district's own people and roster, read from the product's database, for a simulation of just them."""

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from escalation.duty import DutyShift
from escalation.staff import StaffAccount
from residents.district import District
from server.settings import Settings
from server.simulation.world import Shift, Staffing, Worker
from server.wiring import database_url
from storage.database import Database
from storage.errors import StorageError
from storage.vault import Keyring, Vault

AT_WORK = ("judicial_officer", "social_worker", "supervisor", "duty_officer")


def own_staff(settings: Settings, district: District) -> Staffing | None:
    """Who works here and when, as the tables say now; None when there is no database or no roster in it.

    Names and what people did stay where they are: only who is on duty when is taken over.
    """
    try:
        database = Database(database_url(settings), Vault(Keyring.load(settings.keys)), pool_size=1)
        try:
            with database.transaction() as db:
                return staff_in(db, district)
        finally:
            database.close()
    except (StorageError, SQLAlchemyError, OSError):
        return None


def staff_in(db: Session, district: District) -> Staffing | None:
    """Who works here and when, from one look at the tables; None without a roster."""
    accounts = db.scalars(
        select(StaffAccount).where(StaffAccount.active, StaffAccount.role.in_(AT_WORK))
    ).all()
    shifts = db.scalars(select(DutyShift).where(DutyShift.valid_to.is_(None))).all()
    if not shifts:
        return None
    offices = {
        office.code for office in district.offices if office.kind in ("judicial_office", "district_desk")
    }
    usernames = {account.id: account.username for account in accounts if account.office in offices}
    workers = [
        Worker(a.username, a.username, a.role, a.office)  # type: ignore[arg-type]
        for a in sorted(accounts, key=lambda a: a.username)
        if a.office in offices
    ]
    for office in sorted(offices):
        role = "duty_officer" if office == district.desk.code else "judicial_officer"
        workers.append(Worker(f"{office}.line", "值班电话", role, office, line=True))  # type: ignore[arg-type]
    kept = tuple(
        Shift(
            shift.office,
            shift.duty,  # type: ignore[arg-type]
            usernames[shift.staff_id] if shift.staff_id is not None else None,
            shift.days,
            shift.starts,
            shift.ends,
            shift.backup,
        )
        for shift in shifts
        if shift.office in offices and (shift.staff_id is None or shift.staff_id in usernames)
    )
    return Staffing(tuple(workers), kept)
