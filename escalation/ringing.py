"""Ringing the weekly bells, taking their answers, and telling who did not answer. What is due is always a query."""

import secrets
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID, uuid4

from sqlalchemy import exists, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from escalation.announcing import announce
from escalation.bell import IN_APP, RANK_OF_A_BELL, WORD, Bell, BellPolicy, bell_policy
from escalation.chain import Telling
from escalation.contact_point import ContactPoint
from escalation.duty import DutyChange, DutyShift
from escalation.duty_gaps import TOLD_FROM, TOLD_UNTIL, offices_on_duty
from escalation.duty_store import active_staff, changes_between, shifts_of
from escalation.errors import NotThere
from escalation.outbox import QueuedNotice, queue
from escalation.roster import DUTIES, at_own_shift, is_workday, local_day, people_at, with_leads, zone_of
from escalation.staff import StaffAccount
from escalation.ticket import Ticket
from escalation.triage import Level
from residents.district import Office
from storage import audit
from storage.database import Database

BY_PHONE, BY_LINK, BY_CONSOLE = "sms", "link", "console"


def in_storm(db: Session, now: datetime, policy: BellPolicy) -> bool:
    """Whether real alarms come in such numbers that nobody is to be rung for a trial."""
    waiting = db.scalar(
        select(func.count())
        .select_from(QueuedNotice)
        .where(
            QueuedNotice.state == "waiting",
            QueuedNotice.ticket_id.is_not(None),
            QueuedNotice.queued_at
            > now - policy.storm_within,  # an address that is dead for good is no storm
        )
    )
    opened = db.scalar(
        select(func.count())
        .select_from(Ticket)
        .where(Ticket.opened_at > now - policy.storm_within, Ticket.level >= Level.ORANGE)
    )
    return (waiting or 0) >= policy.storm_waiting or (opened or 0) >= policy.storm_opened


def ring_due(db: Session, telling: Telling, now: datetime) -> int:
    """Ring every address that has not rung this week and whose people are at work now; how many bells there were.

    Several processes may ask at once, and each as often as it likes: one follows the other, and an address rings once
    a week. In a storm of real alarms nothing rings, and what is queued waits.
    """
    policy = bell_policy()
    db.execute(select(func.pg_advisory_xact_lock(func.hashtext("bell"))))
    _withdraw(db, now)
    if in_storm(db, now, policy):
        _hold_back(db, policy, now)
        return 0
    week, rung = policy.week(now), 0
    for office in offices_on_duty(telling.district):
        points = _not_rung(db, office.code, week)
        if points:
            at_work = _AtWork(db, office, telling, policy, now)
            for point in points:
                if at_work.rings(point):
                    _ring(db, point, office, week, policy, telling, now)
                    rung += 1
    return rung


def tell_unanswered(db: Session, telling: Telling, now: datetime) -> int:
    """Tell each office's lead at how many of its addresses nobody answered; how many bells that were.

    By day on working days, once for each bell. The district's desk hears of its own, and of those of a lead, who would
    otherwise be the only one to hear that they cannot be reached.
    """
    calendar = telling.calendar
    local = now.astimezone(zone_of(calendar))
    if not (TOLD_FROM <= local.time() < TOLD_UNTIL and is_workday(local.date(), calendar)):
        return 0
    told = 0
    for office in offices_on_duty(telling.district):
        missed = db.execute(
            select(Bell, ContactPoint)
            .join(ContactPoint, ContactPoint.id == Bell.contact_id)
            .where(
                Bell.office == office.code,
                Bell.answered_at.is_(None),
                Bell.told_at.is_(None),
                Bell.answer_until <= now,
                ContactPoint.active.is_(True),
            )
            .with_for_update(of=Bell)
        ).all()
        if not missed:
            continue
        _tell(db, office, [point for _, point in missed], telling, now)
        for bell, _ in missed:
            bell.told_at = now
        told += len(missed)
    return told


class BellDesk:
    """Takes a person's answer to a bell, whichever way it comes. Said twice it is done once."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self.database = database
        self.clock = clock

    def rings(self, token: str) -> bool:
        """Whether this link's bell is the newest of its address: looking answers nothing, because programs open
        links too."""
        with self.database.transaction() as db:
            return _of_link(db, token) is not None

    def answer_link(self, token: str) -> bool:
        """Somebody has opened the link and pressed the button. False when the bell is over or never was."""
        now = self.clock()
        with self.database.transaction() as db:
            bell = _of_link(db, token)
            return bell is not None and bool(_settle(db, bell, None, BY_LINK, now))

    def answer_console(self, account: StaffAccount, bell_id: UUID) -> None:
        """Its receiver says in the console that it rang. Another's, and one that never was, is `NotThere`."""
        now = self.clock()
        with self.database.transaction() as db:
            bell = db.get(Bell, bell_id)
            if (
                bell is None
                or not may_answer(account, bell)
                or not _settle(db, bell, account, BY_CONSOLE, now)
            ):
                raise NotThere()


def may_answer(account: StaffAccount, bell: Bell) -> bool:
    """Whose bell it is: the person's own, or that of the office where they work."""
    if account.role in ("auditor", "partner"):
        return False
    return bell.staff_id == account.id or (bell.staff_id is None and bell.office == account.office)


def answer_phone(db: Session, index: bytes, now: datetime) -> bool:
    """收到 came from this telephone (by its blind index): settles its open bell. False when none is open."""
    bell = db.scalar(
        select(Bell)
        .join(ContactPoint, ContactPoint.id == Bell.contact_id)
        .where(ContactPoint.channel == BY_PHONE, ContactPoint.address_index == index)
        .order_by(Bell.rung_at.desc())
        .limit(1)
    )
    return bell is not None and bool(_settle(db, bell, None, BY_PHONE, now))


# --- who is at work --------------------------------------------------------------------------------


class _AtWork:
    """Whether an address of this office may ring now."""

    def __init__(
        self, db: Session, office: Office, telling: Telling, policy: BellPolicy, now: datetime
    ) -> None:
        calendar = telling.calendar
        self.policy, self.now, self.calendar = policy, now, calendar
        self.active = active_staff(db, office.code)
        self.shifts: Sequence[DutyShift] = with_leads(
            shifts_of(db, office.code), self.active.values(), local_day(now, calendar)
        )
        self.changes: Sequence[DutyChange] = changes_between(db, now, now + timedelta(days=7))
        self.office_hours = policy.by_day(now) and is_workday(local_day(now, calendar), calendar)

    def rings(self, point: ContactPoint) -> bool:
        """An office's own address in office hours; a person's while they are on duty, by day where they ever are."""
        if point.staff_id is None:
            return self.office_hours
        if point.staff_id not in self.active or not self._there(point.staff_id, self.now):
            return False
        return self.policy.by_day(self.now) or not self._ever_by_day(point.staff_id)

    def _there(self, person: UUID, at: datetime) -> bool:
        if at_own_shift(self.shifts, self.changes, person, at, self.calendar):
            return True
        return any(
            person in people_at(self.shifts, self.changes, duty, at, self.calendar, self.active)
            for duty in DUTIES
        )

    def _ever_by_day(self, person: UUID) -> bool:
        hours = (self.now + timedelta(hours=ahead) for ahead in range(7 * 24))
        return any(self.policy.by_day(at) and self._there(person, at) for at in hours)


# --- ringing ---------------------------------------------------------------------------------------


def _not_rung(db: Session, office: str, week: str) -> Sequence[ContactPoint]:
    return db.scalars(
        select(ContactPoint)
        .where(
            ContactPoint.office == office,
            ContactPoint.active.is_(True),
            ContactPoint.channel != IN_APP,
            ~exists().where(Bell.contact_id == ContactPoint.id, Bell.week == week),
        )
        .order_by(ContactPoint.rank, ContactPoint.id)
    ).all()


def _ring(
    db: Session,
    point: ContactPoint,
    office: Office,
    week: str,
    policy: BellPolicy,
    telling: Telling,
    now: datetime,
) -> None:
    """Keep the bell, and queue its notice unless the same address is rung this week for another of its roles."""
    token, bell_id = secrets.token_urlsafe(16), uuid4()
    sounding = _same_address(db, point, week)
    written = db.execute(
        insert(Bell)
        .values(
            id=bell_id,
            contact_id=point.id,
            office=point.office,
            staff_id=point.staff_id,
            week=week,
            token_hash=_hashed(token),
            rung_at=now,
            answer_until=now + policy.answer_within,
        )
        .on_conflict_do_nothing(index_elements=["contact_id", "week"])
        .returning(Bell.id)
    ).all()
    if not written or sounding:
        return
    queue(
        db,
        QueuedNotice(
            key=f"bell.{bell_id.hex}",
            bell_id=bell_id,
            level=RANK_OF_A_BELL,
            audience=point.audience,
            office=point.office,
            staff_id=point.staff_id,
            contact_id=point.id,
            channel=point.channel,
            rank=0,
            round=0,
            code=WORD,
            level_word=WORD,
            place=office.name,
            respond_by=now + policy.answer_within,
            link=f"{telling.link}/bell/{token}",
            text=f"{'【演示】' if telling.demo else ''}{policy.notice}",
            queued_at=now,
            due_at=now,
            state="waiting",
            attempts=0,
        ),
    )


def _same_address(db: Session, point: ContactPoint, week: str) -> Sequence[Bell]:
    """The bells of this week at the same address, which may stand for several roles."""
    if point.address_index is None:
        return []
    return db.scalars(
        select(Bell)
        .join(ContactPoint, ContactPoint.id == Bell.contact_id)
        .where(
            ContactPoint.channel == point.channel,
            ContactPoint.address_index == point.address_index,
            Bell.week == week,
        )
    ).all()


def _withdraw(db: Session, now: datetime) -> None:
    """What never went out and can no longer be answered in time is not sent any more: the bell counts as missed."""
    over = select(Bell.id).where(Bell.answered_at.is_(None), Bell.answer_until <= now)
    _waiting(db, over, state="superseded")


def _hold_back(db: Session, policy: BellPolicy, now: datetime) -> None:
    """Bells that are queued wait until the storm is over, and the time to answer them begins then."""
    open_bells = select(Bell.id).where(Bell.answered_at.is_(None), Bell.answer_until > now)
    held = _waiting(db, open_bells, due_at=now + policy.look_again)
    if held:
        db.execute(
            update(Bell)
            .where(Bell.id.in_(held))
            .values(answer_until=now + policy.look_again + policy.answer_within)
        )


def _waiting(db: Session, bells: object, **values: object) -> list[UUID]:
    """Change the notices of these bells that wait and are on nobody's hands; whose they were."""
    rows = db.scalars(
        select(QueuedNotice)
        .where(
            QueuedNotice.bell_id.in_(bells),  # type: ignore[arg-type]
            QueuedNotice.state == "waiting",
            QueuedNotice.lease_token.is_(None),
        )
        .with_for_update(skip_locked=True)
    ).all()
    for row in rows:
        for name, value in values.items():
            setattr(row, name, value)
    return [row.bell_id for row in rows if row.bell_id is not None]


# --- answers ---------------------------------------------------------------------------------------


def _hashed(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def _of_link(db: Session, token: str) -> Bell | None:
    """The bell of a link, while it is the newest of its address."""
    later = aliased(Bell)
    return db.scalar(
        select(Bell).where(
            Bell.token_hash == _hashed(token),
            ~exists().where(later.contact_id == Bell.contact_id, later.rung_at > Bell.rung_at),
        )
    )


def _settle(db: Session, bell: Bell, by: StaffAccount | None, how: str, now: datetime) -> int:
    """A person has answered: at every role of this address. How many are settled, those of before included; nothing
    once the next bell has rung, because that one is to be answered."""
    point = db.get_one(ContactPoint, bell.contact_id)
    later = select(Bell.id).where(Bell.contact_id == bell.contact_id, Bell.rung_at > bell.rung_at)
    if db.scalar(later.limit(1)) is not None:
        return 0
    ids = {bell.id, *(one.id for one in _same_address(db, point, bell.week))}
    rows = db.scalars(select(Bell).where(Bell.id.in_(ids)).order_by(Bell.id).with_for_update()).all()
    fresh = [row for row in rows if row.answered_at is None]
    for row in fresh:
        row.answered_at, row.answered_how = now, how
        row.answered_by = by.username if by is not None else None
    if fresh:
        _waiting(db, select(Bell.id).where(Bell.id.in_(ids)), state="superseded")
        audit.record(
            db,
            actor=by.username if by is not None else "somebody",
            action="bell.answered",
            subject=f"bell:{bell.id}",
            at=now,
            how=how,
        )
    return len(rows)


def _tell(
    db: Session, office: Office, points: Collection[ContactPoint], telling: Telling, now: datetime
) -> None:
    desk = telling.district.desk
    leads = set(
        db.scalars(
            select(StaffAccount.id).where(
                StaffAccount.id.in_([p.staff_id for p in points if p.staff_id is not None]),
                StaffAccount.role == "supervisor",
            )
        )
    )
    receivers = {("supervisor", office.code)}
    if office.code == desk.code:
        receivers = {("district_desk", desk.code)}
    elif any(p.audience == "supervisor" or p.staff_id in leads for p in points):
        receivers.add(("district_desk", desk.code))
    for audience, code in sorted(receivers):
        announce(
            db,
            key=f"unanswered.{office.code}.{int(now.timestamp())}.{audience}",
            audience=audience,
            office=code,
            heading=WORD,
            level_word="没人答",
            place=office.name,
            text=f"{office.name}有 {len(points)} 个联系方式，这周试铃没有人答 · 请核对",
            link=f"{telling.link}/console/duty",
            respond_by=now,
            telling=telling,
            now=now,
        )
