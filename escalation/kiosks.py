"""Kiosks that stand in halls: each has a key and a PIN, leaves a sign of life, and is missed when it falls silent.

The key says which machine it is, and nothing of who stands before it. The PIN opens the staff's screen on the machine;
it is counted per machine, so that nobody in the hall can try all of them. Both are shown once, when they are made, and
kept only as hashes. A place has one machine at a time: a new key ends the old one.

A machine beats each `BEAT`. After two that are missed it is silent in the console. Its office is told once, and only of
silence in working hours: a machine may be switched off for the night, and stay so for a quarter of an hour in the
morning.
"""

import hashlib
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import Index, LargeBinary, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from escalation.announcing import announce
from escalation.calendar import WorkCalendar
from escalation.chain import Telling
from escalation.errors import KioskError, PinRefused, PinThrottled
from escalation.staff import StaffAccount, WrongTry
from residents.district import Place
from storage import audit
from storage.base import Entity, Identified
from storage.database import Database

BEAT = timedelta(seconds=30)
SILENT_AFTER = timedelta(seconds=75)
"""Two beats, and as long as the third may be under way."""
MORNING = timedelta(minutes=15)
OLDEST_PARCEL = timedelta(days=30)
"""How long answers that wait on a machine without a network are taken, after its key was ended too."""
TRIES, WINDOW = 5, timedelta(minutes=15)
PIN_DIGITS = 6
_VERSION = re.compile(r"[A-Za-z0-9._-]{1,40}")
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)

KioskState = Literal["never", "well", "silent"]


class KioskDevice(Identified, Entity):
    """One machine at one place, until it is replaced or taken away."""

    __tablename__ = "kiosk_device"
    __table_args__ = (
        Index("uq_kiosk_device_place", "place", unique=True, postgresql_where=text("ended_at IS NULL")),
    )

    place: Mapped[str]
    key_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    pin_hash: Mapped[str]
    made_at: Mapped[datetime]
    seen_at: Mapped[datetime | None]
    version: Mapped[str | None]
    ended_at: Mapped[datetime | None]

    def state(self, now: datetime) -> KioskState:
        """Whether it was ever switched on, and whether it is heard of now."""
        if self.seen_at is None:
            return "never"
        return "silent" if now - self.seen_at > SILENT_AFTER else "well"


@dataclass(frozen=True)
class KioskKeys:
    """What a new machine needs; shown once."""

    place: Place
    key: str
    pin: str
    replaced: bool


@dataclass(frozen=True)
class KioskSeen:
    """One machine for a list."""

    place: Place
    device: KioskDevice
    state: KioskState


class Kiosks:
    """Making keys, hearing beats, checking PINs, and saying which machine is silent."""

    def __init__(self, database: Database, clock: Callable[[], datetime], telling: Telling) -> None:
        self.database = database
        self.clock = clock
        self.telling = telling

    def set_up(self, place: str, by: str) -> KioskKeys:
        """A key and a PIN for the machine of a place; from now on the ones before open nothing. `KioskError` for a
        place that is not (any more)."""
        found = self._place(place)
        now = self.clock()
        key, pin = secrets.token_urlsafe(32), f"{secrets.randbelow(10**PIN_DIGITS):0{PIN_DIGITS}d}"
        with self.database.transaction() as db:
            older = self._end(db, found.code, now)
            db.add(
                KioskDevice(place=found.code, key_hash=_hash(key), pin_hash=_HASHER.hash(pin), made_at=now)
            )
            audit.record(db, actor=by, action="kiosk.set_up", subject=f"place:{found.code}", at=now)
        return KioskKeys(found, key, pin, older)

    def retire(self, place: str, by: str) -> None:
        """Take the machine of a place away; it is not missed any more. `KioskError` when there is none."""
        now = self.clock()
        with self.database.transaction() as db:
            if not self._end(db, place, now):
                raise KioskError(f"{place} 没有登记过终端机。")
            audit.record(db, actor=by, action="kiosk.retired", subject=f"place:{place}", at=now)

    def device_of(self, key: str, *, ended_after: datetime | None = None) -> KioskDevice | None:
        """The machine with this key; None when it opens nothing (any more), unless it was ended after `ended_after`."""
        with self.database.transaction() as db:
            device = db.scalar(select(KioskDevice).where(KioskDevice.key_hash == _hash(key)))
            if device is None or device.ended_at is None:
                return device
            return device if ended_after is not None and device.ended_at > ended_after else None

    def beat(self, device: KioskDevice, version: str | None) -> None:
        """The machine shows its page. A version that is no name of a file is not kept."""
        with self.database.transaction() as db:
            row = db.get(KioskDevice, device.id, with_for_update=True)
            if row is not None:
                row.seen_at = self.clock()
                row.version = version if version and _VERSION.fullmatch(version) else None

    def unlock(self, device: KioskDevice, pin: str) -> None:
        """Whether this PIN opens the staff's screen. `PinRefused` when it does not; after five wrong ones within 15
        minutes `PinThrottled`, whatever the PIN."""
        now, who = self.clock(), hashlib.sha256(f"kiosk:{device.id}".encode()).hexdigest()
        subject = f"place:{device.place}"
        with self.database.transaction() as db:
            db.get(KioskDevice, device.id, with_for_update=True)  # two tries at once are two tries
            wrong = select(func.count()).where(WrongTry.who == who, WrongTry.at > now - WINDOW)
            if (db.scalar(wrong) or 0) >= TRIES:
                raise PinThrottled()
            right = _matches(device.pin_hash, pin)
            if not right:
                db.add(WrongTry(who=who, at=now))
            audit.record(
                db, actor="kiosk", action="kiosk.unlocked", subject=subject, at=now,
                outcome="success" if right else "failure",
            )  # fmt: skip
        if not right:
            raise PinRefused()

    def seen_by(self, account: StaffAccount) -> Sequence[KioskSeen]:
        """The machines that an office looks after; the district's desk sees all. The silent ones first."""
        district = self.telling.district
        mine = None if account.office == district.desk.code else account.office
        return [one for one in self.all() if mine is None or one.place.office == mine]

    def all(self) -> Sequence[KioskSeen]:
        """Every machine whose place is still in the tree, the silent ones first."""
        now = self.clock()
        with self.database.transaction() as db:
            self.telling.districts.refresh(db)
            rows = db.scalars(select(KioskDevice).where(KioskDevice.ended_at.is_(None))).all()
        places = {row.id: self.telling.district.place(row.place) for row in rows}
        found = [KioskSeen(place, row, row.state(now)) for row in rows if (place := places[row.id])]
        return sorted(found, key=lambda one: (one.state != "silent", one.place.code))

    def _place(self, code: str) -> Place:
        with self.database.transaction() as db:
            self.telling.districts.refresh(db)
        place = self.telling.district.place(code)
        if place is None or place.closed:
            known = "、".join(p.code for p in self.telling.district.places if not p.closed)
            raise KioskError(f"区划里没有地点 {code}。可以写：{known}")
        return place

    def _end(self, db: Session, place: str, now: datetime) -> bool:
        row = db.scalar(
            select(KioskDevice)
            .where(KioskDevice.place == place, KioskDevice.ended_at.is_(None))
            .with_for_update()
        )
        if row is None:
            return False
        row.ended_at = now
        db.flush()
        return True


def missed(seen_at: datetime, now: datetime, calendar: WorkCalendar) -> bool:
    """Whether somebody has to go and look: silent in working hours, and not just after they have begun (pure)."""
    silent = now - seen_at
    if not staffed(calendar, now) or silent <= SILENT_AFTER:
        return False
    all_of_it_worked = calendar.working_time(seen_at, now) == silent
    return all_of_it_worked or calendar.working_time(now - MORNING, now) == MORNING


def staffed(calendar: WorkCalendar, now: datetime) -> bool:
    """Whether offices are open at this moment (pure)."""
    return bool(calendar.working_time(now, now + timedelta(seconds=1)))


def tell_silent(db: Session, telling: Telling, now: datetime) -> int:
    """Tell the office of each machine that has fallen silent, once for each silence; how many notices were written."""
    told = 0
    telling.districts.refresh(db)
    for row in db.scalars(
        select(KioskDevice).where(KioskDevice.ended_at.is_(None), KioskDevice.seen_at < now - SILENT_AFTER)
    ):
        place = telling.district.place(row.place)
        if place is None or row.seen_at is None or not missed(row.seen_at, now, telling.calendar):
            continue
        minutes = int((now - row.seen_at).total_seconds() // 60)
        told += announce(
            db,
            key=f"kiosk.{row.id}.{row.seen_at.timestamp():.0f}",
            audience="office",
            office=place.office,
            heading="终端机",
            level_word="没有信号",
            place=place.name,
            text=f"{place.name}的终端机 {minutes} 分钟没有信号 · 请去看看电源和网络",
            link=f"{telling.link}/console/",
            respond_by=now,
            telling=telling,
            now=now,
        )
    return told


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "replace")).digest()


def _matches(stored: str, pin: str) -> bool:
    try:
        return _HASHER.verify(stored, pin.encode("utf-8", "surrogatepass"))
    except (VerifyMismatchError, InvalidHashError, UnicodeEncodeError):
        return False
