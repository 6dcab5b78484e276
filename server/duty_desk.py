"""What staff see of the duty roster, and the acts behind its buttons."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from escalation.bell import Rung, rung_at
from escalation.chain import Telling
from escalation.channels import deadline_words
from escalation.contact_book import AUDIENCES, CHANNELS
from escalation.duty import DutyChange, DutyShift
from escalation.duty_book import ON_SHIFT, DutyBook, NewShift, leads, may_read
from escalation.duty_gaps import AHEAD, Gap, gap_bar, gaps_of, offices_on_duty, reachability
from escalation.duty_store import active_staff, changes_between, names_of, shifts_of
from escalation.duty_words import WEEKDAYS, days_words, gap_words, span_words
from escalation.errors import NotAllowed, NotThere, RosterError
from escalation.personnel import ROLES
from escalation.ringing import BellDesk, may_answer
from escalation.roster import DUTIES, LINE, is_workday, local_day, stretches, with_leads, zone_of
from escalation.staff import StaffAccount
from residents.district import Office
from server.console import Staff
from server.duty_schemas import (
    AddShift,
    BellShown,
    ChangeRecorded,
    ChangeShown,
    DayShown,
    DutyGaps,
    DutyWeek,
    GapShown,
    OfficeShown,
    OnDutyShown,
    PersonShown,
    ReachShown,
    RecordChange,
    ShiftShown,
    StretchShown,
)
from storage.database import Database

KINDS = {"leave": "请假", "swap": "换班", "offer": "请人换班，等答复"}
LONGEST_LOOK = 62


class DutyDesk:
    """The roster as the caller may see and change it. Another office's is `NotThere`, like one that never was."""

    def __init__(self, database: Database, clock: Callable[[], datetime], telling: Telling) -> None:
        self.database = database
        self.clock = clock
        self.telling = telling
        self.book = DutyBook(database, clock, telling)
        self.bells = BellDesk(database, clock)

    def week(self, staff: Staff, office: str | None, from_day: date | None, days: int) -> DutyWeek:
        """One office's roster: the caller's own unless another is named; from today, for a week."""
        account = staff.account
        here = self._readable(account, office)
        if not 1 <= days <= LONGEST_LOOK:
            raise RosterError(f"一次最多看 {LONGEST_LOOK} 天。")
        calendar = self.telling.calendar
        now = self.clock()
        first = from_day or local_day(now, calendar)
        if abs((first - local_day(now, calendar)).days) > 3660:
            raise RosterError("这一天太远了。")
        with self.database.transaction() as db:
            return self._week(db, account, here, first, days, now)

    def gaps(self, staff: Staff) -> DutyGaps:
        """What the coming week lacks: of the caller's office, or of all for whoever answers for the district."""
        account, now, calendar = staff.account, self.clock(), self.telling.calendar
        offices = [o for o in offices_on_duty(self.telling.district) if may_read(account, o.code)]
        if account.role == "partner":
            raise NotAllowed("值班表只给本区工作人员看。")
        with self.database.transaction() as db:
            found = [gap for office in offices for gap in gaps_of(db, office, now, now + AHEAD, calendar)]
            reach = reachability(db, self.telling.district, now, calendar)
            bar = gap_bar(db, offices, now, calendar)
            rung = rung_at(db, [office.code for office in offices])
            names = names_of(db, {r.point.staff_id for r in rung})
        codes = {office.code: office.name for office in offices}
        return DutyGaps(
            bar=bar,
            gaps=[self._gap(gap, now) for gap in sorted(found, key=lambda g: g.from_at)],
            reach=[
                ReachShown(
                    office=r.office,
                    office_name=r.office_name,
                    people=r.people,
                    enough=r.enough,
                    words=r.words(),
                )
                for r in reach
                if r.office in codes
            ],
            bells=[_bell(r, codes[r.point.office], names, account, now) for r in rung],
        )

    def answer_bell(self, staff: Staff, bell: UUID) -> DutyGaps:
        """Say that the weekly bell rang, and show how things stand now."""
        self.bells.answer_console(staff.account, bell)
        return self.gaps(staff)

    def add_shift(self, staff: Staff, body: AddShift) -> DutyWeek:
        """Add one line to the weekly pattern."""
        new = NewShift(
            duty=body.duty,
            person=body.person or "",
            days=body.days,
            starts=body.starts,
            ends=body.ends,
            backup=body.backup,
            valid_from=body.valid_from,
            valid_to=body.valid_to,
        )
        self.book.add_shift(staff.account, body.office, new)
        return self.week(staff, body.office, None, 7)

    def remove_shift(self, staff: Staff, shift: UUID) -> DutyWeek:
        """Take one line away."""
        return self.week(staff, self.book.remove_shift(staff.account, shift), None, 7)

    def record_change(self, staff: Staff, body: RecordChange) -> ChangeRecorded:
        """Write down a leave or a swap, and show what it left uncovered."""
        _, uncovered = self.book.record_change(
            staff.account,
            body.office,
            body.kind,
            body.person,
            body.from_at,
            body.to_at,
            body.replaced_by or "",
        )
        now = self.clock()
        return ChangeRecorded(
            week=self.week(staff, body.office, None, 7), uncovered=[self._gap(gap, now) for gap in uncovered]
        )

    def accept_swap(self, staff: Staff, change: UUID) -> DutyWeek:
        """Say yes to the shift that one is offered."""
        return self.week(staff, self.book.accept_swap(staff.account, change), None, 7)

    def end_change(self, staff: Staff, change: UUID) -> DutyWeek:
        """Take a leave or a swap back."""
        return self.week(staff, self.book.end_change(staff.account, change), None, 7)

    # --- showing -----------------------------------------------------------------------------------

    def _readable(self, account: StaffAccount, office: str | None) -> Office:
        here = self.book.office(office or account.office)
        if not may_read(account, here.code):
            raise NotThere()
        return here

    def _week(
        self, db: Session, account: StaffAccount, here: Office, first: date, days: int, now: datetime
    ) -> DutyWeek:
        calendar = self.telling.calendar
        begin = datetime.combine(first, time(), zone_of(calendar))
        end = begin + timedelta(days=days)
        active = active_staff(db, here.code)
        shifts = shifts_of(db, here.code)
        changes = changes_between(db, min(begin, now), end)
        own = [c for c in changes if c.office == here.code]
        names = names_of(
            db, {s.staff_id for s in shifts} | {c.staff_id for c in own} | {c.replaced_by for c in own}
        )
        names |= {a.id: a for a in active.values()}
        meant = with_leads(shifts, active.values(), first)
        duties = ("officer",) if here.kind == "district_desk" else ("officer", "lead")
        return DutyWeek(
            office=here.code,
            office_name=here.name,
            offices=[
                OfficeShown(code=o.code, name=o.name)
                for o in offices_on_duty(self.telling.district)
                if may_read(account, o.code)
            ],
            from_day=first,
            days=[
                self._day(here, duties, meant, changes, first + timedelta(days=n), active, now)
                for n in range(days)
            ],
            gaps=[self._gap(gap, now) for gap in gaps_of(db, here, max(begin, now), end, calendar)]
            if end > now
            else [],
            shifts=[_shift(s, names, active) for s in shifts],
            changes=[self._change(c, names, account, now) for c in own if c.to_at > now],
            people=[
                PersonShown(
                    username=a.username, name=a.name, role_name=ROLES[a.role], mine=a.id == account.id
                )
                for a in active.values()
                if a.role in ON_SHIFT
            ],
            may_edit=leads(account, here.code),
            may_be_away=account.office == here.code and account.role in ON_SHIFT,
            now=now,
        )

    def _day(
        self,
        here: Office,
        duties: Sequence[str],
        shifts: Sequence[DutyShift],
        changes: Sequence[DutyChange],
        day: date,
        active: dict[UUID, StaffAccount],
        now: datetime,
    ) -> DayShown:
        calendar = self.telling.calendar
        zone = zone_of(calendar)
        begin = datetime.combine(day, time(), zone)
        end = datetime.combine(day + timedelta(days=1), time(), zone)
        return DayShown(
            day=day,
            label=f"周{WEEKDAYS[day.weekday()]} {day.month}月{day.day}日",
            workday=is_workday(day, calendar),
            stretches=[
                StretchShown(
                    duty=duty,  # type: ignore[arg-type]
                    from_at=s.from_at,
                    to_at=s.to_at,
                    people=[_on_duty(p, active) for p in s.people],
                    words=f"{span_words(s.from_at, s.to_at, now, zone).split(' ', 1)[1]} "
                    + ("、".join(_on_duty(p, active).name for p in s.people) or "没有人"),
                )
                for duty in duties
                for s in stretches(shifts, changes, duty, begin, end, calendar, active)
            ],
        )

    def _gap(self, gap: Gap, now: datetime) -> GapShown:
        return GapShown(
            office=gap.office,
            office_name=gap.office_name,
            duty=gap.duty,  # type: ignore[arg-type]
            from_at=gap.from_at,
            to_at=gap.to_at,
            words=gap_words(
                gap.office_name, gap.duty, gap.from_at, gap.to_at, now, zone_of(self.telling.calendar)
            ),
        )

    def _change(
        self, change: DutyChange, names: dict[UUID, StaffAccount], account: StaffAccount, now: datetime
    ) -> ChangeShown:
        mine, for_me = change.staff_id == account.id, change.replaced_by == account.id
        acts = account.role in ON_SHIFT or account.role == "administrator"
        return ChangeShown(
            id=change.id,
            kind=change.kind,  # type: ignore[arg-type]
            kind_word=KINDS[change.kind],
            name=names[change.staff_id].name,
            from_at=change.from_at,
            to_at=change.to_at,
            words=span_words(change.from_at, change.to_at, now, zone_of(self.telling.calendar)),
            replaced_by=names[change.replaced_by].name if change.replaced_by else None,
            mine=mine,
            for_me=for_me,
            may_accept=for_me and change.kind == "offer" and acts,
            may_end=acts and (mine or (for_me and change.kind != "leave") or leads(account, change.office)),
        )


def _bell(
    rung: Rung, office_name: str, names: dict[UUID, StaffAccount], account: StaffAccount, now: datetime
) -> BellShown:
    point, state = rung.point, rung.state(now)
    who = (
        names[point.staff_id].name
        if point.staff_id is not None
        else f"所里的{AUDIENCES[point.audience]}联系方式"
    )
    last = deadline_words(rung.last_answered_at, now) if rung.last_answered_at else None
    since = f"上次有人答是 {last}" if last else "还没有人答过"
    said = {
        "never": "还没有试过铃",
        "waiting": f"正在试铃，{deadline_words(rung.bell.answer_until, now)} 前请答复" if rung.bell else "",
        "answered": since,
        "missed": f"试铃没有人答，{since}",
    }[state]
    mine = rung.bell is not None and may_answer(account, rung.bell)
    return BellShown(
        id=rung.bell.id if rung.bell is not None and mine and state in ("waiting", "missed") else None,
        office=point.office,
        office_name=office_name,
        who=who,
        channel=CHANNELS.get(point.channel, point.channel),
        state=state,
        mine=mine,
        words=f"{office_name} {who}（{CHANNELS.get(point.channel, point.channel)}）：{said}",
    )


def _shift(shift: DutyShift, names: dict[UUID, StaffAccount], active: dict[UUID, StaffAccount]) -> ShiftShown:
    person = names[shift.staff_id] if shift.staff_id is not None else None
    return ShiftShown(
        id=shift.id,
        duty=shift.duty,  # type: ignore[arg-type]
        duty_word=DUTIES[shift.duty],
        username=person.username if person else None,
        name=person.name if person else LINE,
        days=shift.days,
        days_word=days_words(shift.days),
        starts=shift.starts,
        ends=shift.ends,
        backup=shift.backup,
        valid_from=shift.valid_from,
        valid_to=shift.valid_to,
        away=shift.staff_id is not None and shift.staff_id not in active,
    )


def _on_duty(person: UUID | None, active: dict[UUID, StaffAccount]) -> OnDutyShown:
    if person is None:
        return OnDutyShown(username=None, name=LINE)
    return OnDutyShown(username=active[person].username, name=active[person].name)
