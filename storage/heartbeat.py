"""Signs of life that programs leave in the database, for others to miss.

A sign is `role@who`: `delivery@hall-1:4711` is the delivery loop of process 4711 on the machine hall-1. Each
process is missed by itself, so one of two that has died is seen. One that stops in order takes its signs
away; one that was killed leaves them, until a process that is started in its place takes that place.
"""

import os
import socket
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import Entity
from storage.database import Database

MISSED = timedelta(seconds=5)
"""A process beats each second: one that has been silent this long may be replaced."""
MAY_REPLACE_FOR = timedelta(seconds=60)


class Heartbeat(Entity):
    """When a program was last seen at work."""

    __tablename__ = "heartbeat"

    name: Mapped[str] = mapped_column(primary_key=True)
    beat_at: Mapped[datetime]


def beat(db: Session, name: str, now: datetime) -> None:
    """Say that this program has just done its round."""
    db.execute(
        insert(Heartbeat)
        .values(name=name, beat_at=now)
        .on_conflict_do_update(index_elements=["name"], set_={"beat_at": now})
    )


def forget(db: Session, name: str) -> None:
    """Miss this sign no more: its program has ended in order."""
    db.execute(delete(Heartbeat).where(Heartbeat.name == name))


def beats_of(db: Session, role: str) -> Mapping[str, datetime]:
    """Every sign of this role and of its parts (`delivery.sms` is one of `delivery`), with its time."""
    rows = db.scalars(select(Heartbeat).where(Heartbeat.name.startswith(role, autoescape=True)))
    return {row.name: row.beat_at for row in rows if row.name[len(role)] in "@."}


def process_name() -> str:
    """This process, as its signs name it."""
    return f"{socket.gethostname()}:{os.getpid()}"


class Pulse:
    """The signs of one process, in all its roles."""

    def __init__(self, database: Database, clock: Callable[[], datetime], who: str) -> None:
        self.database = database
        self.clock = clock
        self.who = who
        self._lock = threading.Lock()
        self._ended = False
        self._placed = False
        self._born: datetime | None = None

    def beat(self, role: str) -> None:
        """Say that this loop has just done its work. Nothing is said any more after `end`."""
        with self._lock:
            if not self._ended:
                with self.database.transaction() as db:
                    beat(db, f"{role}@{self.who}", self.clock())

    def take_a_place(self) -> None:
        """Stand in for one process that was killed; to be asked again and again, it is done at most once.

        Only in the first minute: later on, somebody else who dies is missed. Who has left signs under this very
        name is replaced already.
        """
        now = self.clock()
        self._born = self._born or now
        if self._placed or now - self._born > MAY_REPLACE_FOR:
            return
        with self.database.transaction() as db:
            last: dict[str, datetime] = {}
            for row in db.scalars(select(Heartbeat).where(~Heartbeat.name.startswith("lookout@"))):
                who = row.name.partition("@")[2]
                last[who] = max(last.get(who, row.beat_at), row.beat_at)
            dead = sorted((at, who) for who, at in last.items() if who != self.who and now - at > MISSED)
            if last.get(self.who, now) < self._born:
                self._placed = True
            elif dead:
                signs = delete(Heartbeat).where(Heartbeat.name.endswith(f"@{dead[0][1]}", autoescape=True))
                self._placed = bool(db.execute(signs.returning(Heartbeat.name)).all())

    def end(self) -> None:
        """Take the signs away: this process stops in order."""
        held = self._lock.acquire(timeout=5)
        try:
            self._ended = True
            with self.database.transaction() as db:
                db.execute(delete(Heartbeat).where(Heartbeat.name.endswith(f"@{self.who}", autoescape=True)))
        finally:
            if held:
                self._lock.release()
