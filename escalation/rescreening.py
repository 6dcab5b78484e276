"""Asking again (SC10): every so many days from a start date or on fixed days, at a local time, told once.

`Rhythm` is the rule and knows no tables. What is due is a query (`due_plans`); `invite_due` is only woken by the clock.
An occasion is told once whoever asks, however often, whichever way the clock jumps: plans are settled under their row's
lock, and (plan, occasion) is unique. Days that were missed, and those that come while an invitation still stands, are
one invitation. It ends with any finished screening, and nothing is told, nor shown, without the tick for screening.

An invitation stands at the resident's own doors: the progress page and the conversation. There is no channel that
reaches residents elsewhere; one that comes has to look at the tick for contact, and may say no more than
`Intervals.come_again`, which names no questionnaire.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import yaml
from sqlalchemy import ForeignKey, Index, UniqueConstraint, exists, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from escalation.errors import NotAllowed
from escalation.signal import Rating
from escalation.triage import Level
from residents.resident import Resident, Scope
from residents.store import consents_of, lock_resident
from storage import audit
from storage.base import Entity, Identified
from storage.database import Database

FILE = Path(__file__).with_name("rescreening.yml")
AT_ONCE = 100
SOFTWARE = "software"
"""Made by the level of a screening, not by a person."""
DECLINED = "declined"
RESIDENT = "resident"


@dataclass(frozen=True)
class Rhythm:
    """Every `every_days` days from `starts_on` (the first), or the fixed `days`; at `at` on the clock of `zone`.

    `ValueError` for both or neither, fewer than one day, or a zone that is not known.
    """

    at: time
    zone: str
    every_days: int | None = None
    starts_on: date | None = None
    days: tuple[date, ...] = ()

    def __post_init__(self) -> None:
        every = self.every_days is not None and self.starts_on is not None and self.every_days >= 1
        one = self.every_days is not None or self.starts_on is not None
        if every == bool(self.days) or (one and not every):
            raise ValueError("either every so many days from a day, or fixed days")
        try:
            ZoneInfo(self.zone)
        except (KeyError, OSError) as error:
            raise ValueError(f"no zone is called {self.zone!r}") from error

    def latest(self, now: datetime) -> datetime | None:
        """The last occasion that is not after this moment; in UTC."""
        return next(
            (at for day in self._around(now) for at in [self._moment(day)] if at <= now),
            None,
        )

    def following(self, now: datetime) -> datetime | None:
        """The first occasion after this moment; None when none is left. In UTC."""
        later = [at for day in self._around(now) for at in [self._moment(day)] if at > now]
        return min(later, default=None)

    def _around(self, now: datetime) -> list[date]:
        """The days that may hold the last occasion and the next, latest first."""
        if self.days:
            return sorted(self.days, reverse=True)
        assert self.starts_on is not None
        assert self.every_days is not None
        done = (now.astimezone(ZoneInfo(self.zone)).date() - self.starts_on).days // self.every_days
        return [
            self.starts_on + timedelta(days=self.every_days * n)
            for n in range(done + 1, done - 2, -1)
            if n >= 0
        ] or [self.starts_on]

    def _moment(self, day: date) -> datetime:
        """This day's occasion. An hour that this day lacks comes as much later; one that it has twice, first."""
        return datetime.combine(day, self.at, ZoneInfo(self.zone)).astimezone(UTC)


@dataclass(frozen=True)
class Intervals:
    """`rescreening.yml`: after how many days each level is asked again, at which local time, and in which words.

    `no_more`, `again`: what a resident reads who wants no reminders, or wants them after all; `typed` are their words.
    """

    zone: str
    at: time
    every_days: Mapping[Level, int]
    come_again: str
    no_more: str
    again: str
    again_button: str
    typed: Mapping[str, frozenset[str]]


@cache
def intervals() -> Intervals:
    """The intervals of this installation."""
    data = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    levels = {level.key: level for level in Level}
    return Intervals(
        zone=data["zone"],
        at=time.fromisoformat(data["at"]),
        every_days={levels[key]: int(days) for key, days in data["every_days"].items()},
        come_again=data["words"]["come_again"],
        no_more=data["words"]["no_more"],
        again=data["words"]["again"],
        again_button=data["words"]["again_button"],
        typed={which: frozenset(words.split()) for which, words in data["typed"].items()},
    )


class RescreeningPlan(Identified, Entity):
    """When one person is asked again; at most one plan of a person runs.

    `next_at` is when there is something to do, found out at `settled_at` and never trusted when that lies ahead.
    `sitting_id` and `rated_at`: the rating from which software made it. `ended_why`: `replaced`, `withdrawn`, `erased`,
    `stopped`, `level` (people follow this one up), `other_plan` (somebody's own plan ran, so this one never began),
    `declined` (the resident wants no reminders; nobody's plan begins until they say otherwise), `no_reminders` (this
    one, therefore).
    """

    __tablename__ = "rescreening_plan"
    __table_args__ = (
        UniqueConstraint("sitting_id", "rated_at"),
        Index("ix_rescreening_plan_due", "next_at", postgresql_where="ended_at IS NULL"),
        Index("uq_rescreening_plan_running", "resident_id", unique=True, postgresql_where="ended_at IS NULL"),
    )

    resident_id: Mapped[UUID] = mapped_column(ForeignKey("resident.id"), index=True)
    made_by: Mapped[str]
    sitting_id: Mapped[UUID | None]
    rated_at: Mapped[datetime | None]
    made_at: Mapped[datetime]
    every_days: Mapped[int | None]
    starts_on: Mapped[date | None]
    days: Mapped[list[str]]
    local_time: Mapped[str]
    zone: Mapped[str]
    next_at: Mapped[datetime | None]
    settled_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_why: Mapped[str | None]

    @property
    def rhythm(self) -> Rhythm:
        """The rule that these columns hold."""
        return Rhythm(
            at=time.fromisoformat(self.local_time),
            zone=self.zone,
            every_days=self.every_days,
            starts_on=self.starts_on,
            days=tuple(date.fromisoformat(day) for day in self.days),
        )

    def end(self, why: str, now: datetime) -> None:
        """Let it run no further."""
        self.ended_at, self.ended_why = now, why


class RescreeningInvitation(Identified, Entity):
    """One invitation, for `occasion_at` and for every later occasion up to `covers_until`."""

    __tablename__ = "rescreening_invitation"
    __table_args__ = (UniqueConstraint("plan_id", "occasion_at"),)

    plan_id: Mapped[UUID] = mapped_column(ForeignKey("rescreening_plan.id"))
    resident_id: Mapped[UUID] = mapped_column(ForeignKey("resident.id"), index=True)
    occasion_at: Mapped[datetime]
    covers_until: Mapped[datetime]
    invited_at: Mapped[datetime]


def plan(
    db: Session,
    resident_id: UUID,
    rhythm: Rhythm,
    made_by: str,
    now: datetime,
    rating: Rating | None = None,
) -> RescreeningPlan:
    """Ask this person again in this rhythm from now on, in place of whatever plan ran. Days before now are not told.

    `NotAllowed` for somebody who was erased, who did not tick the screening, or who wants no reminders.
    """
    resident = lock_resident(db, resident_id)
    if (refusal := _refusal(db, resident)) is not None:
        raise NotAllowed(refusal)
    if (running := running_plan(db, resident_id)) is not None:
        running.end("replaced", now)
        db.flush()
    made = _row(resident_id, rhythm, made_by, now, rating)
    db.add(made)
    audit.record(
        db, actor=made_by, action="rescreening.planned", subject=f"resident:{resident_id}", at=now,
        every_days=rhythm.every_days, days=len(rhythm.days),
    )  # fmt: skip
    db.flush()
    return made


def stop(db: Session, resident_id: UUID, by: str, now: datetime) -> None:
    """Ask this person no more, until a new plan is made."""
    lock_resident(db, resident_id)
    if (running := running_plan(db, resident_id)) is not None:
        running.end("stopped", now)
        audit.record(db, actor=by, action="rescreening.stopped", subject=f"resident:{resident_id}", at=now)


def decline(db: Session, resident_id: UUID, now: datetime) -> None:
    """Remind this person of nothing any more: what ran ends, and no plan begins until `welcome` is called."""
    lock_resident(db, resident_id)
    if declined(db, resident_id):
        return
    row = running_plan(db, resident_id)
    if row is None:
        settings = intervals()
        today = now.astimezone(ZoneInfo(settings.zone)).date()
        row = _row(resident_id, Rhythm(settings.at, settings.zone, days=(today,)), RESIDENT, now, None)
        db.add(row)
    row.end(DECLINED, now)
    audit.record(db, actor=RESIDENT, action="rescreening.declined", subject=f"resident:{resident_id}", at=now)
    db.flush()


def welcome(db: Session, resident_id: UUID, now: datetime) -> None:
    """This person may be reminded again, from the next screening or a worker's next plan on."""
    lock_resident(db, resident_id)
    said = select(RescreeningPlan).where(
        RescreeningPlan.resident_id == resident_id, RescreeningPlan.ended_why == DECLINED
    )
    for row in db.scalars(said).all():
        row.ended_why = "stopped"
        audit.record(
            db, actor=RESIDENT, action="rescreening.welcomed", subject=f"resident:{resident_id}", at=now
        )
    db.flush()


def declined(db: Session, resident_id: UUID) -> bool:
    """Whether this person said that they want no reminders."""
    said = select(RescreeningPlan.id).where(
        RescreeningPlan.resident_id == resident_id, RescreeningPlan.ended_why == DECLINED
    )
    return db.scalar(said.limit(1)) is not None


def _refusal(db: Session, resident: Resident) -> str | None:
    """Why nobody may ask this person again, in a sentence for staff."""
    if resident.erased_at is not None:
        return "居民已经删除了记录，不能再约。"
    if declined(db, resident.id):
        return "居民说了不要再提醒，不能约。见面或通话时可以当面问。"
    if not consents_of(db, resident.id)[Scope.SCREENING]:
        return "居民没有同意做小测试，不能约。"
    return None


def running_plan(db: Session, resident_id: UUID) -> RescreeningPlan | None:
    """The plan of this person that runs."""
    return db.scalar(
        select(RescreeningPlan).where(
            RescreeningPlan.resident_id == resident_id, RescreeningPlan.ended_at.is_(None)
        )
    )


def open_invitation(db: Session, resident_id: UUID) -> RescreeningInvitation | None:
    """The invitation that stands: told, not answered by any finished screening since, its plan running, and the tick
    for screening there."""
    answered = exists().where(
        Rating.resident_id == resident_id, Rating.at >= RescreeningInvitation.invited_at
    )
    found = db.scalar(
        select(RescreeningInvitation)
        .join(RescreeningPlan, RescreeningPlan.id == RescreeningInvitation.plan_id)
        .where(
            RescreeningInvitation.resident_id == resident_id, RescreeningPlan.ended_at.is_(None), ~answered
        )
        .order_by(RescreeningInvitation.occasion_at.desc())
        .limit(1)
    )
    if found is None or not consents_of(db, resident_id)[Scope.SCREENING]:
        return None
    return found


def due_plans(db: Session, now: datetime) -> list[UUID]:
    """Running plans with something to do by this moment, or that were settled at a moment which has not come yet."""
    return list(
        db.scalars(
            select(RescreeningPlan.id)
            .where(
                RescreeningPlan.ended_at.is_(None),
                or_(RescreeningPlan.next_at <= now, RescreeningPlan.settled_at > now),
            )
            .order_by(RescreeningPlan.next_at, RescreeningPlan.id)
            .limit(AT_ONCE)
        )
    )


def unplanned_ratings(db: Session, now: datetime) -> list[Rating]:
    """Screenings whose level says when to ask again, or ends a plan, and that were not looked at yet."""
    seen = exists().where(
        RescreeningPlan.sitting_id == Rating.sitting_id, RescreeningPlan.rated_at == Rating.at
    )
    return list(
        db.scalars(
            select(Rating)
            .where(Rating.level.is_not(None), Rating.at <= now, ~seen)
            .order_by(Rating.at, Rating.id)
            .limit(AT_ONCE)
        )
    )


def invite_due(database: Database, clock: Callable[[], datetime]) -> int:
    """Make the plans that ratings call for, then tell every occasion that has come. Says how many were told.

    Each is a transaction of its own. What another process has in hand is left to it.
    """
    now = clock()
    with database.transaction() as db:
        ratings = [rating.id for rating in unplanned_ratings(db, now)]
        plans = due_plans(db, now)
    for rating_id in ratings:
        with database.transaction() as db:
            _plan_from(db, rating_id, clock())
    told = 0
    for plan_id in plans:
        with database.transaction() as db:
            told += _settle(db, plan_id, clock())
    return told


def _plan_from(db: Session, rating_id: UUID, now: datetime) -> None:
    """One row for each rating, so that it is looked at once: the plan, or a plan that ended at once."""
    rating = db.get(Rating, rating_id)
    if rating is None or rating.level is None:
        return
    resident = lock_resident(db, rating.resident_id)
    looked_at = select(RescreeningPlan.id).where(
        RescreeningPlan.sitting_id == rating.sitting_id, RescreeningPlan.rated_at == rating.at
    )
    if db.scalar(looked_at.limit(1)) is not None:
        return
    settings, level = intervals(), Level(rating.level)
    days = settings.every_days.get(level)
    first = rating.at.astimezone(ZoneInfo(settings.zone)).date() + timedelta(days=days or 1)
    rhythm = Rhythm(settings.at, settings.zone, every_days=days or 1, starts_on=first)
    running = running_plan(db, rating.resident_id)
    own = running is not None and running.made_by != SOFTWARE and running.next_at is not None
    newer = running is not None and running.rated_at is not None and running.rated_at > rating.at
    why = None
    if resident.erased_at is not None:
        why = "erased"
    elif own or newer:
        why = "other_plan"
    elif not consents_of(db, rating.resident_id)[Scope.SCREENING]:
        why = "withdrawn"
    elif declined(db, rating.resident_id):
        why = "no_reminders"
    elif days is None:
        why = "level"
    if why is None:
        plan(db, rating.resident_id, rhythm, SOFTWARE, now, rating)
        return
    if running is not None and why != "other_plan":
        running.end(why, now)
        db.flush()
    never_began = _row(rating.resident_id, rhythm, SOFTWARE, now, rating)
    never_began.end(why, now)
    db.add(never_began)


def _settle(db: Session, plan_id: UUID, now: datetime) -> int:
    """Tell the last occasion that has come, if it was not told, and find out when there is something to do again."""
    owner = db.scalar(select(RescreeningPlan.resident_id).where(RescreeningPlan.id == plan_id))
    if owner is None:
        return 0
    resident: Resident = lock_resident(db, owner)
    found = db.scalar(
        select(RescreeningPlan)
        .where(RescreeningPlan.id == plan_id, RescreeningPlan.ended_at.is_(None))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if found is None or not ((found.next_at is not None and found.next_at <= now) or found.settled_at > now):
        return 0
    told = 0
    if resident.erased_at is not None:
        found.end("erased", now)
    elif not consents_of(db, owner)[Scope.SCREENING]:
        found.end("withdrawn", now)
    else:
        occasion = found.rhythm.latest(now)
        if occasion is not None and occasion >= found.made_at:
            told = _tell(db, found, occasion, now)
        found.next_at = found.rhythm.following(now)
    found.settled_at = now
    return told


def _tell(db: Session, found: RescreeningPlan, occasion: datetime, now: datetime) -> int:
    covered = select(RescreeningInvitation.id).where(
        RescreeningInvitation.plan_id == found.id, RescreeningInvitation.covers_until >= occasion
    )
    if db.scalar(covered.limit(1)) is not None:
        return 0
    standing = open_invitation(db, found.resident_id)
    if standing is not None:
        standing.covers_until = occasion
        return 0
    written = db.execute(
        insert(RescreeningInvitation)
        .values(
            id=uuid4(),
            plan_id=found.id,
            resident_id=found.resident_id,
            occasion_at=occasion,
            covers_until=occasion,
            invited_at=now,
        )
        .on_conflict_do_nothing(index_elements=["plan_id", "occasion_at"])
        .returning(RescreeningInvitation.id)
    ).all()
    if written:
        audit.record(
            db, actor=SOFTWARE, action="rescreening.invited", subject=f"resident:{found.resident_id}", at=now
        )
    return len(written)


def _row(
    resident_id: UUID, rhythm: Rhythm, made_by: str, now: datetime, rating: Rating | None
) -> RescreeningPlan:
    return RescreeningPlan(
        resident_id=resident_id,
        made_by=made_by,
        sitting_id=rating.sitting_id if rating else None,
        rated_at=rating.at if rating else None,
        made_at=now,
        every_days=rhythm.every_days,
        starts_on=rhythm.starts_on,
        days=[day.isoformat() for day in rhythm.days],
        local_time=f"{rhythm.at:%H:%M}",
        zone=rhythm.zone,
        next_at=rhythm.following(now),
        settled_at=now,
    )
