"""The weekly bell: whether each address that an alarm would use is read by a person (H04). Rules, rows and queries.

A gateway that takes a notice proves nothing; only a person's answer does. So each address rings once a week while its
people are at work, and who does not answer is a gap, like a shift that nobody has. A bell is no ticket: it has no code,
it waits behind every real notice, and it goes over no second channel, because each address has a bell of its own.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import yaml
from sqlalchemy import ForeignKey, Index, UniqueConstraint, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Mapped, Session, mapped_column

from escalation.contact_point import ContactPoint
from storage.base import Entity, Identified

FILE = Path(__file__).with_name("bell.yml")
WORD = "试铃"
RANK_OF_A_BELL = 0
"""Below every level: whatever is real goes first."""
IN_APP = "in_app"
State = Literal["never", "waiting", "answered", "missed"]


@dataclass(frozen=True)
class BellPolicy:
    """When bells ring, how long a person has to answer, and when there is something more important."""

    zone: ZoneInfo
    rings_from: time
    rings_until: time
    answer_within: timedelta
    storm_waiting: int
    storm_opened: int
    storm_within: timedelta
    look_again: timedelta
    notice: str
    thanks: str
    nothing_open: str
    typed: frozenset[str]

    def week(self, now: datetime) -> str:
        """The week that a bell belongs to, as the calendar on the wall counts them."""
        year, week, _ = now.astimezone(self.zone).isocalendar()
        return f"{year}-W{week:02d}"

    def by_day(self, now: datetime) -> bool:
        """Whether it is the time of day at which bells ring."""
        return self.rings_from <= now.astimezone(self.zone).time() < self.rings_until


@cache
def bell_policy() -> BellPolicy:
    """The rules of this installation."""
    data = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    hours, storm, words = data["hours"], data["storm"], data["words"]
    return BellPolicy(
        zone=ZoneInfo(data["zone"]),
        rings_from=time.fromisoformat(hours["from"]),
        rings_until=time.fromisoformat(hours["until"]),
        answer_within=timedelta(hours=data["answer_within_hours"]),
        storm_waiting=storm["waiting"],
        storm_opened=storm["opened"],
        storm_within=timedelta(minutes=storm["within_minutes"]),
        look_again=timedelta(minutes=storm["look_again_minutes"]),
        notice=words["notice"],
        thanks=words["thanks"],
        nothing_open=words["nothing_open"],
        typed=frozenset(data["typed"].split()),
    )


class Bell(Identified, Entity):
    """One ringing of one address in one week; `(contact_id, week)` is unique, whoever rings.

    `token_hash` is of the code in its link. `answered_how`: `sms`, `link` or `console`. `told_at`: when the lead was
    told that nobody answered. An answer that comes late still counts, until the next bell.
    """

    __tablename__ = "bell"
    __table_args__ = (
        UniqueConstraint("contact_id", "week"),
        Index("ix_bell_unanswered", "answer_until", postgresql_where="answered_at IS NULL"),
    )

    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contact_point.id"))
    office: Mapped[str] = mapped_column(index=True)
    staff_id: Mapped[UUID | None] = mapped_column(ForeignKey("staff_account.id"))
    week: Mapped[str]
    token_hash: Mapped[str] = mapped_column(unique=True)
    rung_at: Mapped[datetime]
    answer_until: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[str | None]
    answered_how: Mapped[str | None]
    told_at: Mapped[datetime | None]


@dataclass(frozen=True)
class Rung:
    """How one address stands: its newest bell, and when a person last answered one there."""

    point: ContactPoint
    bell: Bell | None
    last_answered_at: datetime | None

    def state(self, now: datetime) -> State:
        """Whether somebody answered, may still answer, or did not."""
        if self.bell is None:
            return "never"
        if self.bell.answered_at is not None:
            return "answered"
        return "waiting" if now < self.bell.answer_until else "missed"


def rung_at(db: Session, offices: Collection[str]) -> Sequence[Rung]:
    """Every address in use of these offices, as it stands."""
    points = db.scalars(
        select(ContactPoint)
        .where(
            ContactPoint.office.in_(offices), ContactPoint.active.is_(True), ContactPoint.channel != IN_APP
        )
        .order_by(ContactPoint.office, ContactPoint.audience, ContactPoint.rank, ContactPoint.id)
    ).all()
    ids = [point.id for point in points]
    newest = _one_each(
        db.scalars(
            select(Bell)
            .where(Bell.contact_id.in_(ids))
            .ext(distinct_on(Bell.contact_id))
            .order_by(Bell.contact_id, Bell.rung_at.desc())
        ).all()
    )
    answered = _one_each(
        db.scalars(
            select(Bell)
            .where(Bell.contact_id.in_(ids), Bell.answered_at.is_not(None))
            .ext(distinct_on(Bell.contact_id))
            .order_by(Bell.contact_id, Bell.answered_at.desc())
        ).all()
    )
    return [
        Rung(point, newest.get(point.id), answered[point.id].answered_at if point.id in answered else None)
        for point in points
    ]


def missed_at(db: Session, offices: Collection[str], now: datetime) -> Sequence[Rung]:
    """The addresses of these offices at which nobody answered the newest bell in time."""
    return [rung for rung in rung_at(db, offices) if rung.state(now) == "missed"]


def silent_people(db: Session, office: str, now: datetime) -> frozenset[UUID | None]:
    """Who of an office answers nowhere: all their addresses that have rung were missed. None is the office's line."""
    states: dict[UUID | None, set[State]] = {}
    for rung in rung_at(db, [office]):
        if rung.point.staff_id is not None or rung.point.audience != "supervisor":
            states.setdefault(rung.point.staff_id, set()).add(rung.state(now))
    return frozenset(who for who, found in states.items() if found - {"never"} == {"missed"})


def _one_each(bells: Sequence[Bell]) -> Mapping[UUID, Bell]:
    return {bell.contact_id: bell for bell in bells}
