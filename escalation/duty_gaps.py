"""When nobody is on duty, seen a week ahead and told to those who can mend it; and who could be reached at all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from escalation.announcing import announce, is_told
from escalation.bell import missed_at, silent_people
from escalation.chain import Telling
from escalation.duty_store import active_staff, changes_between, reachable_of, shifts_of
from escalation.duty_words import gap_words
from escalation.roster import Calendar, gaps, is_workday, local_day, stretches, with_leads, zone_of
from residents.district import District, Office

AHEAD = timedelta(days=7)
ENOUGH = 2
"""How many reachable people each office needs: one may be ill, or the one that the matter is about."""
TOLD_FROM, TOLD_UNTIL = time(9), time(17)


@dataclass(frozen=True)
class Gap:
    """From one moment to another nobody of an office is on duty (`duty` `officer`), or no lead (`lead`)."""

    office: str
    office_name: str
    duty: str
    from_at: datetime
    to_at: datetime

    def words(self, now: datetime, calendar: Calendar | None) -> str:
        """One sentence: 下周三 12:00–13:30 浦沿司法所没有人值班."""
        return gap_words(self.office_name, self.duty, self.from_at, self.to_at, now, zone_of(calendar))


@dataclass(frozen=True)
class Reach:
    """How many people of an office are on the roster of a week and have somewhere to be reached.

    `silent` have an address, and did not answer the weekly bell there: they stay on the roster and do not count.
    """

    office: str
    office_name: str
    people: int
    unreachable: tuple[str, ...]
    silent: tuple[str, ...] = ()

    @property
    def enough(self) -> bool:
        """Whether a second one is there when the first is not."""
        return self.people >= ENOUGH

    def words(self) -> str:
        """One sentence for the list and the console."""
        missing = f"，{'、'.join(self.unreachable)}没有登记联系方式" if self.unreachable else ""
        missing += f"，{'、'.join(self.silent)}试铃没有回应" if self.silent else ""
        few = "" if self.enough else "，不够两个"
        return f"{self.office_name}一周内能联系上的值班人员有 {self.people} 个{few}{missing}"


def offices_on_duty(district: District) -> tuple[Office, ...]:
    """The offices that tickets lie on: each of them has to have somebody."""
    return tuple(o for o in district.offices if o.kind in ("judicial_office", "district_desk"))


def gaps_of(
    db: Session, office: Office, from_at: datetime, to_at: datetime, calendar: Calendar | None
) -> tuple[Gap, ...]:
    """When nobody, or no lead, of this office is on duty. The district's desk has no lead: it is the last step."""
    active = active_staff(db, office.code)
    shifts = with_leads(shifts_of(db, office.code), active.values(), local_day(from_at, calendar))
    changes = changes_between(db, from_at, to_at)
    duties = ("officer",) if office.kind == "district_desk" else ("officer", "lead")
    found = [
        Gap(office.code, office.name, duty, *gap)
        for duty in duties
        for gap in gaps(shifts, changes, duty, from_at, to_at, calendar, active)
    ]
    return tuple(sorted(found, key=lambda gap: (gap.from_at, gap.duty != "officer")))


def gap_bar(db: Session, offices: Sequence[Office], now: datetime, calendar: Calendar | None) -> str | None:
    """One sentence for the console when one of these offices has a gap within a week, the next one first, or an
    address at which nobody answered the weekly bell."""
    found = sorted(
        (gap for office in offices for gap in gaps_of(db, office, now, now + AHEAD, calendar)),
        key=lambda gap: gap.from_at,
    )
    said = f"{told_together(found, now, calendar)}，请排人。" if found else ""
    missed = missed_at(db, [office.code for office in offices], now)
    if missed:
        names = {office.code: office.name for office in offices}
        where = "、".join(dict.fromkeys(names[one.point.office] for one in missed))
        said += f"{where}有 {len(missed)} 个联系方式试铃没有人答，请核对。"
    return said or None


def told_together(found: Sequence[Gap], now: datetime, calendar: Calendar | None) -> str:
    """Several gaps in one sentence: the first in full, the others as a number."""
    more = f"，另外还有 {len(found) - 1} 段" if len(found) > 1 else ""
    return found[0].words(now, calendar) + more


def tell_gaps(db: Session, telling: Telling, now: datetime) -> int:
    """Tell what the coming week lacks: each office's lead its own, the district's desk all; how many were told.

    Once a day, between nine and five, and only on working days, except for a gap that begins before the next one:
    that is told on a day of rest too. Asked again the same day it tells nothing, so it may be asked every minute.
    """
    calendar = telling.calendar
    local = now.astimezone(zone_of(calendar))
    if not TOLD_FROM <= local.time() < TOLD_UNTIL:
        return 0
    district = telling.district
    soon = _next_working_morning(local.date(), calendar)
    told = 0
    for office in offices_on_duty(district):
        occasion = f"gaps.{office.code}.{local:%Y%m%d}"
        if is_told(db, f"{occasion}.district_desk"):
            continue
        found = gaps_of(db, office, now, now + AHEAD, calendar)
        if not is_workday(local.date(), calendar):
            found = tuple(gap for gap in found if local_day(gap.from_at, calendar) <= soon)
        if found:
            told += tell_of(db, office, found, occasion, telling, now)
    return told


def tell_of(
    db: Session, office: Office, found: Sequence[Gap], occasion: str, telling: Telling, now: datetime
) -> int:
    """Tell the office's lead and the district's desk of these gaps; the same occasion twice is told once."""
    text = told_together(found, now, telling.calendar)
    respond_by = found[0].from_at
    told = 0
    desk = telling.district.desk
    receivers = {("supervisor", office.code), ("district_desk", desk.code)}
    if office.code == desk.code:
        receivers = {("district_desk", desk.code)}
    for audience, code in sorted(receivers):
        told += announce(
            db,
            key=f"{occasion}.{audience}",
            audience=audience,
            office=code,
            heading="值班",
            level_word="空档",
            place=office.name,
            text=f"{text} · 请排人",
            link=f"{telling.link}/console/duty",
            respond_by=max(respond_by, now),
            telling=telling,
            now=now,
        )
    return told


def reachability(
    db: Session, district: District, now: datetime, calendar: Calendar | None
) -> tuple[Reach, ...]:
    """For each office, how many of those on duty within a week could be reached (the nightly check of H06)."""
    found = []
    for office in offices_on_duty(district):
        active = active_staff(db, office.code)
        shifts, changes = shifts_of(db, office.code), changes_between(db, now, now + AHEAD)
        on_roster: dict[UUID | None, None] = {}
        for stretch in stretches(shifts, changes, "officer", now, now + AHEAD, calendar, active):
            on_roster.update(dict.fromkeys(stretch.people))
        reachable = reachable_of(db, office.code)
        names = [active[p].name if p is not None else "值班电话" for p in on_roster if p not in reachable]
        mute = silent_people(db, office.code, now)
        quiet = [p for p in on_roster if p in reachable and p in mute]
        silent = [active[p].name if p is not None else "值班电话" for p in quiet]
        people = len(on_roster) - len(names) - len(silent)
        found.append(Reach(office.code, office.name, people, tuple(sorted(names)), tuple(sorted(silent))))
    return tuple(found)


def _next_working_morning(day: date, calendar: Calendar | None) -> date:
    """The next day that is worked; no further than three weeks, however long the holidays are."""
    for ahead in range(1, 22):
        if is_workday(day + timedelta(days=ahead), calendar):
            return day + timedelta(days=ahead)
    return day + timedelta(days=22)
