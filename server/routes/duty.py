"""The duty roster and staff administration. Every route asks who is calling; another office's is 404."""

from datetime import date
from uuid import UUID

from fastapi import APIRouter, Query

from server.callers import CurrentStaff, Wired
from server.duty_schemas import (
    AddContact,
    AddPerson,
    AddShift,
    ChangeRecorded,
    DutyGaps,
    DutyWeek,
    MovePerson,
    PeopleList,
    PersonAdded,
    PersonLeft,
    RecordChange,
)

router = APIRouter(prefix="/api/staff", tags=["duty"])


@router.get("/duty")
def read_week(
    staff: CurrentStaff,
    services: Wired,
    office: str | None = None,
    from_day: date | None = None,
    days: int = Query(default=7),
) -> DutyWeek:
    """One office's roster (the caller's own unless named): who, when, and when nobody is on duty."""
    return services.duty_desk.week(staff, office, from_day, days)


@router.get("/duty/gaps")
def read_gaps(staff: CurrentStaff, services: Wired) -> DutyGaps:
    """What the coming week lacks, and where fewer than two people could be reached."""
    return services.duty_desk.gaps(staff)


@router.post("/duty/shifts")
def add_shift(body: AddShift, staff: CurrentStaff, services: Wired) -> DutyWeek:
    """Add one line to an office's weekly pattern."""
    return services.duty_desk.add_shift(staff, body)


@router.delete("/duty/shifts/{shift}")
def remove_shift(shift: UUID, staff: CurrentStaff, services: Wired) -> DutyWeek:
    """Take one line away; the gap it leaves is told at once."""
    return services.duty_desk.remove_shift(staff, shift)


@router.post("/duty/changes")
def record_change(body: RecordChange, staff: CurrentStaff, services: Wired) -> ChangeRecorded:
    """Write down a leave or a swap. What it leaves uncovered is told to the lead and the district at once."""
    return services.duty_desk.record_change(staff, body)


@router.post("/duty/changes/{change}/accept")
def accept_swap(change: UUID, staff: CurrentStaff, services: Wired) -> DutyWeek:
    """Say yes to the shift that one is offered."""
    return services.duty_desk.accept_swap(staff, change)


@router.post("/duty/changes/{change}/end")
def end_change(change: UUID, staff: CurrentStaff, services: Wired) -> DutyWeek:
    """Take a leave or a swap back."""
    return services.duty_desk.end_change(staff, change)


@router.post("/duty/bells/{bell}/answer")
def answer_bell(bell: UUID, staff: CurrentStaff, services: Wired) -> DutyGaps:
    """Say that the weekly bell rang at one's own address, or at the office's. Another's is 404."""
    return services.duty_desk.answer_bell(staff, bell)


@router.get("/people")
def list_people(staff: CurrentStaff, services: Wired) -> PeopleList:
    """Accounts and (masked) addresses: a supervisor's own office, an administrator's district."""
    return services.people_desk.people(staff)


@router.post("/people")
def add_person(body: AddPerson, staff: CurrentStaff, services: Wired) -> PersonAdded:
    """Hire somebody. The password is in this answer and nowhere else."""
    return services.people_desk.add(staff, body)


@router.post("/people/{username}/deactivate")
def deactivate_person(username: str, staff: CurrentStaff, services: Wired) -> PersonLeft:
    """End an account at once: its sessions die, its tickets are told again, its lead hears of it."""
    return services.people_desk.deactivate(staff, username)


@router.post("/people/{username}/move")
def move_person(username: str, body: MovePerson, staff: CurrentStaff, services: Wired) -> PersonLeft:
    """Send somebody to another office; what they had in hand stays with the old one and is told again."""
    return services.people_desk.move(staff, username, body)


@router.post("/contacts")
def add_contact(body: AddContact, staff: CurrentStaff, services: Wired) -> PeopleList:
    """Keep an address of a person or of an office."""
    return services.people_desk.add_contact(staff, body)


@router.delete("/contacts/{contact}")
def remove_contact(contact: UUID, staff: CurrentStaff, services: Wired) -> PeopleList:
    """Forget an address."""
    return services.people_desk.remove_contact(staff, contact)


@router.post("/contacts/{contact}/test")
def test_contact(contact: UUID, staff: CurrentStaff, services: Wired) -> PeopleList:
    """Send a drill there, marked as one."""
    return services.people_desk.test_contact(staff, contact)
