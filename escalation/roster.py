"""Who is on duty at an office, at any moment, and when nobody is. Pure, but for `on_duty`.

The weekly pattern (`DutyShift`) says who should be there, changes (`DutyChange`) say who is not and who stands in.
Nothing here guesses: an office without a roster has nobody, and whoever asks tells the next step of the chain.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from escalation.duty import DutyChange, DutyShift
from escalation.duty_store import active_staff, changes_between, shifts_of
from escalation.errors import RosterError
from escalation.staff import StaffAccount

Duty = Literal["officer", "lead"]
DUTIES: dict[str, str] = {"officer": "值班", "lead": "负责人值班"}
DUTY_OF = {"office": "officer", "supervisor": "lead", "district_desk": "officer"}
"""Whose shifts answer for which audience of the chain."""

HOLDING = ("leave", "swap")
"""Changes that hold; an `offer` is a swap that the other has not accepted yet, and changes nothing."""

LINE = "值班电话"
"""How the office's own duty line is called where a person's name would stand."""

DAYS = re.compile(r"(?!.*(.).*\1)[1-7]{1,7}|workday|restday")
CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|24:00")
_ZONE = ZoneInfo("Asia/Shanghai")


class Calendar(Protocol):
    """What a roster needs of a calendar: which days are worked, and whose clock is meant."""

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which shifts are written."""
        ...

    def is_workday(self, day: date, /) -> bool:
        """Whether this day is worked by the official calendar."""
        ...


@dataclass(frozen=True)
class OnDuty:
    """Somebody who is on duty: a member of staff, or (`staff_id` None) the office's own duty line."""

    staff_id: UUID | None
    name: str


@dataclass(frozen=True)
class Stretch:
    """From one moment to another, the same people: `people` are staff ids, None for the duty line."""

    from_at: datetime
    to_at: datetime
    people: tuple[UUID | None, ...]


def checked_days(days: str) -> str:
    """The days of a shift as they are kept, or `RosterError` with what would be understood."""
    if not DAYS.fullmatch(days):
        raise RosterError(
            "“星期”写 1 到 7 的数字（1 是星期一，如 12345），或 workday（工作日）、restday（休息日）。"
        )
    return days if days.isalpha() else "".join(sorted(days))


def checked_clock(clock: str) -> str:
    """A time of day as it is kept, or `RosterError`."""
    if not CLOCK.fullmatch(clock):
        raise RosterError("时间写成 08:30 这样的四位数，一天的末尾写 24:00。")
    return clock


def on_duty(
    db: Session, office: str, audience: str, now: datetime, calendar: Calendar | None
) -> list[OnDuty]:
    """Who is on duty at an office for this audience now; an empty list is nobody, and the chain goes on at once.

    Only active accounts of this very office count: whoever left or moved could not open the ticket. Where the
    office has no shifts for its lead, its supervisors answer, unless they are on leave.
    """
    active = active_staff(db, office)
    shifts = with_leads(shifts_of(db, office), active.values(), local_day(now, calendar))
    people = people_at(shifts, changes_between(db, now, now), DUTY_OF[audience], now, calendar, active)
    return [OnDuty(p, active[p].name if p is not None else LINE) for p in people]


def with_leads(shifts: Sequence[DutyShift], staff: Iterable[StaffAccount], day: date) -> Sequence[DutyShift]:
    """The roster as it is meant: where no shifts are kept for the lead, the supervisors answer round the clock."""
    if any(s.duty == "lead" and (s.valid_to is None or s.valid_to >= day) for s in shifts):
        return shifts
    supervisors = [a for a in staff if a.role == "supervisor"]
    return [
        *shifts,
        *(
            DutyShift(
                office=a.office,
                duty="lead",
                staff_id=a.id,
                days="1234567",
                starts="00:00",
                ends="24:00",
                backup=False,
            )
            for a in supervisors
        ),
    ]


def people_at(
    shifts: Sequence[DutyShift],
    changes: Sequence[DutyChange],
    duty: str,
    at: datetime,
    calendar: Calendar | None,
    active: Collection[UUID],
) -> tuple[UUID | None, ...]:
    """Who is on duty at this moment: staff ids, None for the duty line; empty when nobody is.

    A shift holds from its first minute up to, not including, its last. Those on leave are replaced by whoever
    was named, those who swapped by the other; a backup comes in only when nobody else is there.
    """
    now = [s for s in shifts if s.duty == duty and _holds(s, at, calendar)]
    regular = _present([s.staff_id for s in now if not s.backup], changes, at, active)
    return tuple(regular or _present([s.staff_id for s in now if s.backup], changes, at, active))


def stretches(
    shifts: Sequence[DutyShift],
    changes: Sequence[DutyChange],
    duty: str,
    from_at: datetime,
    to_at: datetime,
    calendar: Calendar | None,
    active: Collection[UUID],
) -> tuple[Stretch, ...]:
    """The time between two moments, without holes or overlaps, cut where somebody comes or goes."""
    if from_at >= to_at:
        return ()
    edges = {from_at}
    first, last = local_day(from_at, calendar) - timedelta(days=1), local_day(to_at, calendar)
    for shift in shifts:
        if shift.duty == duty:
            for day in _days(first, last):
                if _on_day(shift, day, calendar):
                    edges.update(_span(shift, day, calendar))
    for change in changes:
        edges.update((change.from_at, change.to_at))
    inside = sorted(edge for edge in edges if from_at <= edge < to_at)
    found: list[Stretch] = []
    for begin, end in zip(inside, [*inside[1:], to_at], strict=True):
        people = people_at(shifts, changes, duty, begin, calendar, active)
        if found and found[-1].people == people:
            found[-1] = Stretch(found[-1].from_at, end, people)
        else:
            found.append(Stretch(begin, end, people))
    return tuple(found)


def at_own_shift(
    shifts: Sequence[DutyShift],
    changes: Sequence[DutyChange],
    person: UUID,
    at: datetime,
    calendar: Calendar | None,
) -> bool:
    """Whether one of this person's own shifts holds now, a backup's too, and they are not away."""
    away = any(c.staff_id == person and _applies(c, at) for c in changes)
    return not away and any(s.staff_id == person and _holds(s, at, calendar) for s in shifts)


def gaps(
    shifts: Sequence[DutyShift],
    changes: Sequence[DutyChange],
    duty: str,
    from_at: datetime,
    to_at: datetime,
    calendar: Calendar | None,
    active: Collection[UUID],
) -> tuple[tuple[datetime, datetime], ...]:
    """When nobody is on duty between two moments: apart from each other, in order."""
    found = stretches(shifts, changes, duty, from_at, to_at, calendar, active)
    return tuple((s.from_at, s.to_at) for s in found if not s.people)


def local_day(at: datetime, calendar: Calendar | None) -> date:
    """The date that a clock on the office's wall shows."""
    return at.astimezone(zone_of(calendar)).date()


def zone_of(calendar: Calendar | None) -> ZoneInfo:
    """The zone in which the roster is written."""
    return calendar.zone if calendar is not None else _ZONE


def is_workday(day: date, calendar: Calendar | None) -> bool:
    """Whether this day is worked; Monday to Friday until a calendar is there."""
    return calendar.is_workday(day) if calendar is not None else day.isoweekday() <= 5


def _holds(shift: DutyShift, at: datetime, calendar: Calendar | None) -> bool:
    """Whether a shift holds at this moment; it may have begun yesterday."""
    today = local_day(at, calendar)
    for day in (today - timedelta(days=1), today):
        if _on_day(shift, day, calendar):
            begin, end = _span(shift, day, calendar)
            if begin <= at < end:
                return True
    return False


def _on_day(shift: DutyShift, day: date, calendar: Calendar | None) -> bool:
    """Whether a shift begins on this day."""
    if (shift.valid_from and day < shift.valid_from) or (shift.valid_to and day > shift.valid_to):
        return False
    if shift.days in ("workday", "restday"):
        return is_workday(day, calendar) == (shift.days == "workday")
    return str(day.isoweekday()) in shift.days


def _span(shift: DutyShift, day: date, calendar: Calendar | None) -> tuple[datetime, datetime]:
    """From when to when a shift that begins on this day lasts."""
    begin = _moment(day, shift.starts, calendar)
    end = _moment(day, shift.ends, calendar)
    return begin, end if end > begin else _moment(day + timedelta(days=1), shift.ends, calendar)


def _moment(day: date, clock: str, calendar: Calendar | None) -> datetime:
    if clock == "24:00":
        day, clock = day + timedelta(days=1), "00:00"
    return datetime.combine(day, time.fromisoformat(clock), zone_of(calendar))


def _present(
    planned: Sequence[UUID | None], changes: Sequence[DutyChange], at: datetime, active: Collection[UUID]
) -> list[UUID | None]:
    """Who is really there for these people, each once."""
    found: dict[UUID | None, None] = {}
    for person in planned:
        if person is None:
            found[None] = None
        else:
            found.update(dict.fromkeys(_in_place_of(person, changes, at, active)))
    return list(found)


def _in_place_of(
    person: UUID, changes: Sequence[DutyChange], at: datetime, active: Collection[UUID]
) -> list[UUID]:
    """The person themselves, or whoever takes their place; nobody when none of them is there.

    A swap gives away one's own shift only: whoever swapped may well stand in for another at the same time.
    A leave is being away altogether, so its replacement is asked for in turn.
    """
    mine = [c for c in changes if c.staff_id == person and _applies(c, at)]
    if not mine:
        return [person] if person in active else []
    waiting = [c.replaced_by for c in sorted(mine, key=lambda c: c.kind != "swap") if c.replaced_by]
    seen = {person} if any(c.kind == "leave" for c in mine) else set()
    while waiting:
        other = waiting.pop(0)
        if other in seen:
            continue
        seen.add(other)
        away = [c for c in changes if c.staff_id == other and c.kind == "leave" and _applies(c, at)]
        if not away and other in active:
            return [other]
        waiting += [c.replaced_by for c in away if c.replaced_by]
    return []


def _applies(change: DutyChange, at: datetime) -> bool:
    return change.kind in HOLDING and change.ended_at is None and change.from_at <= at < change.to_at


def _days(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += timedelta(days=1)
