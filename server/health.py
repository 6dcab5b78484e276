"""Whether an alarm would get through at this moment, and one sentence for those who must know when it would not."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from escalation.outbox import QueuedNotice
from storage.database import Database
from storage.errors import StorageError
from storage.heartbeat import beat, beats_of, forget

SILENT = timedelta(seconds=30)
LEFT_LYING = timedelta(seconds=60)
SKEWED = timedelta(seconds=60)
LOOKOUT_SILENT = timedelta(minutes=2)
RESERVE_BYTES = 300 * 1024 * 1024

_BAR = {
    "watch_silent": "后台的时钟停了，超时不会自动上报，请直接看列表。",
    "delivery_silent": "发送通知的程序停了，值班手机不会响，请直接看列表并打电话联系。",
    "steps_waiting": "后台的时钟跟不上，超时没有按时上报，请直接看列表。",
    "clock_skew": "服务器的时间不准，时限可能算错，请按自己的表看时限，并告诉运维人员。",
    "disk": "服务器的磁盘快满了，新的情况可能存不下来，请马上告诉运维人员。",
}
_READER_BAR = "读话程序的学习模型出了错，眼下只按规则读，拐弯的话可能听漏，请多看对话，并告诉运维人员。"
_LOOKOUT_BAR = "看护程序两分钟没有来问了：后台要是停了，不会有电话提醒，请留意列表，并告诉运维人员。"


def utc_now() -> datetime:
    """This machine's own clock, whatever the application was told the time is."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Readiness:
    """`wrong` names what is not as it must be; `lookouts`, when each watcher outside last asked.

    `crisis_reader` says what reads residents' words: the rules and the learned model, or the rules alone. That is no
    reason to ring anybody at night: the rules read every message in any case.
    """

    wrong: tuple[str, ...]
    lookouts: Mapping[str, datetime]
    crisis_reader: str = "rules"

    @property
    def ready(self) -> bool:
        return not self.wrong


class ReadsWords(Protocol):
    """What health asks of the crisis reader."""

    @property
    def runs_on(self) -> str: ...

    @property
    def second_fails(self) -> bool: ...


class Health:
    """Asks the tables, the disk and the clocks each time; remembers nothing.

    `behind` says whether anything that was due at a moment has not been acted on. `jobs_silent_after` may make it
    stricter, never more patient than `SILENT`.
    """

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        behind: Callable[[Session, datetime], bool],
        home: Path,
        demo: bool,
        jobs_silent_after: timedelta = SILENT,
        wall: Callable[[], datetime] = utc_now,
        crisis_reader: ReadsWords | None = None,
    ) -> None:
        self.database = database
        self.clock = clock
        self.behind = behind
        self.home = home
        self.demo = demo
        self.silent_after = min(jobs_silent_after, SILENT)
        self.wall = wall
        self.crisis_reader = crisis_reader

    def look(self) -> Readiness:
        """Ready, or what is not (C5)."""
        try:
            with self.database.transaction() as db:
                now = self.clock()
                wrong = self._wrong(db, now)
                lookouts = {n.partition("@")[2]: at for n, at in beats_of(db, "lookout").items()}
        except (SQLAlchemyError, StorageError):
            wrong, lookouts = ["database"], {}
        return Readiness(
            tuple(wrong), lookouts, self.crisis_reader.runs_on if self.crisis_reader else "rules"
        )

    def asked_by(self, lookout: str, *, leaving: bool = False) -> None:
        """A watcher outside has asked; from now on it is missed when it does not ask, until it says that it leaves."""
        try:
            with self.database.transaction() as db:
                if leaving:
                    forget(db, f"lookout@{lookout}")
                else:
                    beat(db, f"lookout@{lookout}", self.clock())
        except (SQLAlchemyError, StorageError):
            return  # it is told so by the answer itself

    def red_bar(self, db: Session, now: datetime) -> str | None:
        """One sentence when something is silent that must not be: then people have to look for themselves."""
        wrong = self._wrong(db, now)
        if "notices_waiting" in wrong:
            minutes = int((now - (oldest_notice(db, now) or now)).total_seconds() // 60)
            return f"有通知发不出去（已 {minutes} 分钟），请直接看列表，照值班电话单打电话联系。"
        if wrong:
            return _BAR[wrong[0]]
        if self.crisis_reader is not None and self.crisis_reader.second_fails:
            return _READER_BAR
        asked = beats_of(db, "lookout").values()
        if any(now - at > LOOKOUT_SILENT for at in asked) or not (asked or self.demo):
            return _LOOKOUT_BAR
        return None

    def _wrong(self, db: Session, now: datetime) -> list[str]:
        signs = {role: beats_of(db, role).values() for role in ("watch", "delivery")}
        wrong = [
            f"{role}_silent"
            for role, beats in signs.items()
            if not beats or any(now - at > self.silent_after for at in beats)
        ]
        if oldest_notice(db, now) is not None:
            wrong.append("notices_waiting")
        if self.behind(db, now - LEFT_LYING):
            wrong.append("steps_waiting")
        here, there = self.wall(), db.scalar(select(func.clock_timestamp()))
        ahead = any(at - now > SKEWED for beats in signs.values() for at in beats)
        if there is None or abs(here - there) > SKEWED or ahead:
            wrong.append("clock_skew")
        if free_bytes(self.home) < RESERVE_BYTES:
            wrong.append("disk")
        return wrong


def oldest_notice(db: Session, now: datetime) -> datetime | None:
    """Since when the oldest notice waits that has waited too long, however often it was tried."""
    return db.scalar(
        select(QueuedNotice.queued_at)
        .where(
            QueuedNotice.state == "waiting",
            QueuedNotice.queued_at < now - LEFT_LYING,
            QueuedNotice.bell_id.is_(None),  # an address that cannot be rung shows on the duty page
        )
        .order_by(QueuedNotice.queued_at)
        .limit(1)
    )


def free_bytes(home: Path) -> int:
    """What is left on the disk of this folder; nothing, when it cannot be asked."""
    try:
        return shutil.disk_usage(home).free
    except OSError:
        return 0
