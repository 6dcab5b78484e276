"""The demo district's roster and contact points: working hours by two people, lunch covered, nights by a duty line.

One hole is left on purpose, so that the console shows what it is for: Saturday 12:00 to 13:30 at 西兴.
"""

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from escalation.contact_book import add_point
from escalation.contact_point import ContactPoint
from escalation.duty import DutyShift
from escalation.staff import StaffAccount
from residents.district import District
from storage.vault import Vault

WITH_A_HOLE = "xixing"
_MORNING, _LUNCH, _AFTERNOON = ("08:30", "12:00"), ("12:00", "13:30"), ("13:30", "17:30")
_NIGHT, _ROUND_THE_CLOCK = ("17:30", "08:30"), ("08:30", "08:30")


def write(
    db: Session, vault: Vault, district: District, teams: Mapping[str, tuple[str, str]], desk: str
) -> int:
    """Write the roster unless there is one, and addresses unless there are any; how many shifts were written.

    `teams`: a street's code -> the user names of its first and its second officer; `desk`: the duty officer's.
    """
    people = {a.username: a for a in db.scalars(select(StaffAccount))}
    if db.scalar(select(ContactPoint.id).limit(1)) is None:
        _contacts(db, vault, district, people)
    if db.scalar(select(DutyShift.id).limit(1)) is not None:
        return 0
    shifts = [
        DutyShift(
            office=district.desk.code,
            duty="officer",
            staff_id=people[desk].id,
            **_hours("workday", "08:30", "17:30"),
        ),
        DutyShift(office=district.desk.code, duty="officer", **_hours("1234567", "00:00", "24:00")),
    ]
    for street, (first, second) in teams.items():
        shifts += _street(district, street, people[first], people[second])
    db.add_all(shifts)
    return len(shifts)


def _street(district: District, street: str, first: StaffAccount, second: StaffAccount) -> list[DutyShift]:
    office = district.office_of(street).code
    shifts = [
        DutyShift(office=office, duty="officer", staff_id=person.id, **_hours("workday", *span))
        for person, span in ((first, _MORNING), (second, _LUNCH), (first, _AFTERNOON))
    ]
    shifts.append(
        DutyShift(
            office=office,
            duty="officer",
            staff_id=second.id,
            backup=True,
            **_hours("workday", "08:30", "17:30"),
        )
    )
    if street == WITH_A_HOLE:
        lines = [
            ("12345", *_NIGHT), ("6", "08:30", "12:00"), ("6", "13:30", "08:30"), ("7", *_ROUND_THE_CLOCK),
        ]  # fmt: skip
        holidays = DutyShift(office=office, duty="officer", backup=True, **_hours("12345", "08:30", "17:30"))
        return [
            *shifts,
            *(DutyShift(office=office, duty="officer", **_hours(*line)) for line in lines),
            holidays,
        ]
    lines = [("workday", *_NIGHT), ("restday", *_ROUND_THE_CLOCK)]
    return [*shifts, *(DutyShift(office=office, duty="officer", **_hours(*line)) for line in lines)]


def _hours(days: str, starts: str, ends: str) -> dict[str, str]:
    return {"days": days, "starts": starts, "ends": ends}


def _contacts(db: Session, vault: Vault, district: District, people: Mapping[str, StaffAccount]) -> None:
    """Everybody is reached through the demo gateway, which shows on a page what it was given."""
    for account in people.values():
        if account.role in ("judicial_officer", "social_worker", "supervisor", "duty_officer"):
            add_point(
                db, vault, office=account.office, staff_id=account.id, audience="office", channel="webhook",
                address=account.username,
            )  # fmt: skip
    for office in district.offices:
        if office.kind == "judicial_office":
            for audience in ("office", "supervisor"):
                add_point(
                    db, vault, office=office.code, staff_id=None, audience=audience, channel="webhook",
                    address=f"{office.code}-line",
                )  # fmt: skip
    for audience in ("office", "district_desk"):
        add_point(
            db, vault, office=district.desk.code, staff_id=None, audience=audience, channel="webhook",
            address=f"{district.desk.code}-line",
        )  # fmt: skip
