"""Keeping the roster: shifts, leave and swaps, by whoever may, each with its audit entry.

Whoever leads an office keeps its roster, the district's duty officer the desk's, an administrator all. Everybody may
say that they themselves are away: that is always written down, and when nobody covers it, the lead and the
district's desk learn it at once. A swap holds when the other has accepted it.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from escalation.announcing import announce
from escalation.chain import Telling
from escalation.duty import DutyChange, DutyShift
from escalation.duty_gaps import AHEAD, Gap, gaps_of, tell_of
from escalation.duty_store import active_staff, lock_roster
from escalation.duty_words import span_words
from escalation.errors import NotAllowed, NotThere, RosterError
from escalation.roster import DUTIES, checked_clock, checked_days, zone_of
from escalation.staff import StaffAccount
from residents.district import Office
from storage import audit
from storage.database import Database

ON_SHIFT = ("judicial_officer", "social_worker", "supervisor", "duty_officer")
"""Whose work it is to be told of tickets; the others are never on a roster."""
LONGEST_CHANGE = timedelta(days=366)


@dataclass(frozen=True)
class NewShift:
    """One line of a roster as somebody wrote it. `person` is a user name, or empty for the duty line."""

    duty: str
    person: str
    days: str
    starts: str
    ends: str
    backup: bool = False
    valid_from: date | None = None
    valid_to: date | None = None


class DutyBook:
    """The acts on rosters. Another office's is `NotThere`; who may not gets `NotAllowed`, nonsense `RosterError`."""

    def __init__(self, database: Database, clock: Callable[[], datetime], telling: Telling) -> None:
        self.database = database
        self.clock = clock
        self.telling = telling

    def add_shift(self, account: StaffAccount, office: str, new: NewShift) -> DutyShift:
        """Add one line to an office's weekly pattern."""
        may_edit(account, office)
        with self.database.transaction() as db:
            lock_roster(db, office)
            shift = self.put(db, self.office(office), new)
            audit.record(
                db, actor=account.username, action="duty.shift_added", subject=f"office:{office}", at=self.clock(),
                shift=str(shift.id), duty=shift.duty, days=shift.days, starts=shift.starts, ends=shift.ends,
            )  # fmt: skip
        return shift

    def put(self, db: Session, office: Office, new: NewShift) -> DutyShift:
        """Check one line and add it; `RosterError` says what is wrong with it."""
        if new.duty not in DUTIES:
            raise RosterError("岗位写 officer（值班）或 lead（负责人值班）。")
        if new.valid_from and new.valid_to and new.valid_to < new.valid_from:
            raise RosterError("有效期的结束不能早于开始。")
        shift = DutyShift(
            id=uuid4(),
            office=office.code,
            duty=new.duty,
            staff_id=_person(db, office, new.person).id if new.person else None,
            days=checked_days(new.days),
            starts=checked_clock(new.starts),
            ends=checked_clock(new.ends),
            backup=new.backup,
            valid_from=new.valid_from,
            valid_to=new.valid_to,
        )
        if shift.starts == "24:00":
            raise RosterError("班次从 24:00 开始没有意义，写第二天的 00:00。")
        same = [
            s for s in db.scalars(select(DutyShift).where(DutyShift.office == office.code)) if _same(s, shift)
        ]
        if same:
            raise RosterError("这一班已经在值班表里了。")
        db.add(shift)
        db.flush()
        return shift

    def replace(
        self, by: str, lines: Mapping[str, Sequence[NewShift]], *, keep: bool = True
    ) -> tuple[int, int]:
        """Bring in the rosters of several offices at once; how many shifts came and how many went.

        Of each office in it: lines for single days take the place of all its single days in that span, lines of a
        weekly pattern that of its whole pattern. `keep=False` tries it out and changes nothing.
        """
        now = self.clock()
        came = went = 0
        with suppress(_TriedOut), self.database.transaction() as db:
            for office, shifts in sorted(lines.items()):
                lock_roster(db, office)
                here = self.office(office)
                for old in db.scalars(select(DutyShift).where(DutyShift.office == office)).all():
                    if _replaced(old, shifts):
                        db.delete(old)
                        went += 1
                db.flush()
                for shift in shifts:
                    self.put(db, here, shift)
                    came += 1
                audit.record(
                    db, actor=by, action="duty.imported", subject=f"office:{office}", at=now, shifts=len(shifts)
                )  # fmt: skip
            if not keep:
                raise _TriedOut
        return came, went

    def remove_shift(self, account: StaffAccount, shift_id: UUID) -> str:
        """Take one line away, and give its office. The gap it leaves within a week is told at once."""
        now = self.clock()
        with self.database.transaction() as db:
            shift = db.get(DutyShift, shift_id)
            if shift is None or not may_read(account, shift.office):
                raise NotThere()
            may_edit(account, shift.office)
            lock_roster(db, shift.office)
            office, before = self.office(shift.office), self._gaps(db, shift.office, now, now + AHEAD)
            db.delete(shift)
            audit.record(
                db, actor=account.username, action="duty.shift_removed", subject=f"office:{office.code}", at=now,
                shift=str(shift_id),
            )  # fmt: skip
            self._tell_new(db, office, before, now, now + AHEAD, f"removed.{shift_id}", now)
        return office.code

    def record_change(
        self,
        account: StaffAccount,
        office: str,
        kind: str,
        person: str,
        from_at: datetime,
        to_at: datetime,
        replaced_by: str = "",
    ) -> tuple[DutyChange, tuple[Gap, ...]]:
        """Write down that somebody is away, or gives a shift to another; the gaps that come of it.

        One's own swap is an offer until the other accepts it. A gap that a leave makes is told to the lead and to
        the district's desk at once, whoever wrote it down.
        """
        now = self.clock()
        if account.role not in ON_SHIFT and account.role != "administrator":
            raise NotAllowed("值班表由本所负责人、区值班和管理员来改。")
        if not may_read(account, office):
            raise NotThere()
        with self.database.transaction() as db:
            lock_roster(db, office)
            here = self.office(office)
            who = _person(db, here, person)
            if who.id != account.id:
                may_edit(account, office)
            other = _person(db, here, replaced_by) if replaced_by else None
            _check_change(kind, who, other, from_at, to_at, now)
            own_swap = kind == "swap" and who.id == account.id and not leads(account, office)
            span = (max(from_at, now), max(to_at, now))
            before = self._gaps(db, office, *span)
            change = DutyChange(
                id=uuid4(),
                office=office,
                kind="offer" if own_swap else kind,
                staff_id=who.id,
                from_at=from_at,
                to_at=to_at,
                replaced_by=other.id if other else None,
                made_by=account.username,
                made_at=now,
            )
            db.add(change)
            audit.record(
                db, actor=account.username, action=f"duty.{change.kind}", subject=f"office:{office}", at=now,
                change=str(change.id), person=who.username, replaced_by=other.username if other else None,
                from_at=from_at.isoformat(), to_at=to_at.isoformat(),
            )  # fmt: skip
            new = self._tell_new(db, here, before, *span, f"change.{change.id}", now)
            if own_swap:
                self._tell_offer(db, here, change, now)
        return change, new

    def accept_swap(self, account: StaffAccount, change_id: UUID) -> str:
        """Say yes to somebody's shift that one is offered; from now on the swap holds. Gives the office."""
        with self.database.transaction() as db:
            change = self._change(db, account, change_id)
            if change.replaced_by != account.id:
                raise NotAllowed("只有被请的那一位能答应换班。")
            if change.kind == "leave" or change.ended_at is not None or change.to_at <= self.clock():
                raise NotAllowed("这次换班已经取消或者过去了。")
            if change.kind == "offer":
                change.kind = "swap"
                self._audit(db, account, "duty.swap_accepted", change)
        return change.office

    def end_change(self, account: StaffAccount, change_id: UUID) -> str:
        """Take a leave or a swap back; its row stays. Whom it concerns may, and whoever keeps the roster."""
        now = self.clock()
        with self.database.transaction() as db:
            change = self._change(db, account, change_id)
            mine = change.staff_id == account.id or (
                change.replaced_by == account.id and change.kind != "leave"
            )
            if not mine:
                may_edit(account, change.office)
            if change.ended_at is None:
                office, before = self.office(change.office), self._gaps(db, change.office, now, now + AHEAD)
                change.ended_at = now
                db.flush()
                self._audit(db, account, "duty.change_ended", change)
                self._tell_new(db, office, before, now, now + AHEAD, f"ended.{change.id}", now)
        return change.office

    def office(self, code: str) -> Office:
        """An office that can have a roster, or `NotThere`."""
        for office in self.telling.district.offices:
            if office.code == code:
                return office
        raise NotThere()

    def _change(self, db: Session, account: StaffAccount, change_id: UUID) -> DutyChange:
        change = db.get(DutyChange, change_id, with_for_update=True)
        if change is None or not may_read(account, change.office):
            raise NotThere()
        if account.role not in ON_SHIFT and account.role != "administrator":
            raise NotAllowed("您只能查看值班表。")
        return change

    def _gaps(self, db: Session, office: str, from_at: datetime, to_at: datetime) -> tuple[Gap, ...]:
        db.flush()
        return gaps_of(db, self.office(office), from_at, to_at, self.telling.calendar)

    def _tell_new(
        self,
        db: Session,
        office: Office,
        before: tuple[Gap, ...],
        from_at: datetime,
        to_at: datetime,
        occasion: str,
        now: datetime,
    ) -> tuple[Gap, ...]:
        """Tell the gaps that were not there before, if any."""
        known = set(before)
        new = tuple(gap for gap in self._gaps(db, office.code, from_at, to_at) if gap not in known)
        if new:
            tell_of(db, office, new, f"gap.{occasion}", self.telling, now)
        return new

    def _tell_offer(self, db: Session, office: Office, change: DutyChange, now: datetime) -> None:
        zone = zone_of(self.telling.calendar)
        announce(
            db,
            key=f"offer.{change.id}",
            audience="office",
            office=office.code,
            person=change.replaced_by,
            heading="值班",
            level_word="换班",
            place=office.name,
            text=f"同事想请您换班：{span_words(change.from_at, change.to_at, now, zone)} · {office.name} · 请答复",
            link=f"{self.telling.link}/console/duty",
            respond_by=max(change.from_at, now),
            telling=self.telling,
            now=now,
        )

    def _audit(self, db: Session, account: StaffAccount, action: str, change: DutyChange) -> None:
        audit.record(
            db, actor=account.username, action=action, subject=f"office:{change.office}", at=self.clock(),
            change=str(change.id),
        )  # fmt: skip


class _TriedOut(Exception):
    """Nothing of this transaction is to be kept."""


def may_read(account: StaffAccount, office: str) -> bool:
    """Whether this office's roster is shown to the caller: their own; the whole district to those who answer for it."""
    if account.role == "partner":
        return False
    return account.office == office or account.role in ("administrator", "auditor", "duty_officer")


def may_edit(account: StaffAccount, office: str) -> None:
    """Pass whoever keeps this roster; `NotThere` where it is not even shown, `NotAllowed` where it is."""
    if not may_read(account, office):
        raise NotThere()
    if not leads(account, office):
        raise NotAllowed("这张值班表由本所负责人、区值班和管理员来改。")


def leads(account: StaffAccount, office: str) -> bool:
    """Whether the caller keeps this office's roster."""
    if account.role == "administrator":
        return True
    return account.role in ("supervisor", "duty_officer") and account.office == office


def _person(db: Session, office: Office, username: str) -> StaffAccount:
    for account in active_staff(db, office.code).values():
        if account.username == username and account.role in ON_SHIFT:
            return account
    raise RosterError(f"{office.name}没有在岗的“{username[:40]}”：写用户名，而且要在这个所、会值班。")


def _check_change(
    kind: str,
    who: StaffAccount,
    other: StaffAccount | None,
    from_at: datetime,
    to_at: datetime,
    now: datetime,
) -> None:
    if to_at <= from_at:
        raise RosterError("结束要晚于开始。")
    if to_at <= now:
        raise RosterError("这段时间已经过去了。")
    if to_at - from_at > LONGEST_CHANGE:
        raise RosterError("一次最多写一年。")
    if other is not None and other.id == who.id:
        raise RosterError("不能由本人代替本人。")
    if kind == "swap" and other is None:
        raise RosterError("换班要写由谁来值。")


def _replaced(old: DutyShift, new: Sequence[NewShift]) -> bool:
    """Whether a shift gives way to these: a single day to single days around it, a weekly line to weekly lines."""
    days = [shift.valid_from for shift in new if shift.valid_from and shift.valid_from == shift.valid_to]
    if old.valid_from is not None and old.valid_from == old.valid_to:
        return bool(days) and min(days) <= old.valid_from <= max(days)
    return len(days) < len(new)


def _same(one: DutyShift, two: DutyShift) -> bool:
    names = ("duty", "staff_id", "days", "starts", "ends", "backup", "valid_from", "valid_to")
    return all(getattr(one, name) == getattr(two, name) for name in names)
