"""Group screenings of a company, school or hall: a place code, a period, an entrance; and what was published of one.

A campaign knows nobody. Who takes part is whoever came in at its place within its days; danger in what they say is
acted on as anywhere else. What is published is kept as it was published and never computed a second time.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ForeignKey, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from escalation.signal import Rating
from escalation.triage import Level
from residents.session import ResidentSession
from storage.base import Entity, Identified


class Campaign(Identified, Entity):
    """One group screening. From the morning of `from_day` through the night of `to_day`, by the clock of `zone`.

    No two campaigns of one place share a day, so that no screening is counted twice.
    """

    __tablename__ = "campaign"

    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    place: Mapped[str] = mapped_column(index=True)
    entrance: Mapped[str]
    from_day: Mapped[date]
    to_day: Mapped[date]
    zone: Mapped[str]
    made_by: Mapped[str]
    made_at: Mapped[datetime]

    @property
    def period(self) -> tuple[datetime, datetime]:
        """Beginning and end (not included), in UTC."""
        zone = ZoneInfo(self.zone)
        begins = datetime.combine(self.from_day, time(), zone)
        ends = datetime.combine(self.to_day + timedelta(days=1), time(), zone)
        return begins.astimezone(UTC), ends.astimezone(UTC)


class CampaignPublication(Identified, Entity):
    """What was published of one campaign, once, after its last day. `step` and `counts` as in `server.aggregates`;
    no `step`: nothing could be published."""

    __tablename__ = "campaign_publication"

    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaign.id"), unique=True)
    place: Mapped[str] = mapped_column(index=True)
    at: Mapped[datetime]
    step: Mapped[int | None]
    counts: Mapped[list[Any]]


def campaigns(db: Session) -> Sequence[Campaign]:
    """All of them, newest first."""
    return db.scalars(select(Campaign).order_by(Campaign.from_day.desc(), Campaign.code)).all()


def campaign_of(db: Session, code: str) -> Campaign | None:
    """The campaign of this code."""
    return db.scalar(select(Campaign).where(Campaign.code == code))


def campaign_at(db: Session, place: str, now: datetime) -> Campaign | None:
    """The campaign that runs at this place now."""
    theirs = db.scalars(select(Campaign).where(Campaign.place == place))
    return next((one for one in theirs if one.period[0] <= now < one.period[1]), None)


def overlapping(db: Session, place: str, from_day: date, to_day: date) -> bool:
    """Whether a campaign of this place has one of these days."""
    theirs = select(Campaign.id).where(
        Campaign.place == place, Campaign.from_day <= to_day, Campaign.to_day >= from_day
    )
    return db.scalar(theirs.limit(1)) is not None


def lock_place(db: Session, place: str) -> None:
    """Everything that makes or publishes campaigns of one place queues here, until the end of this transaction."""
    db.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"campaign:{place}"))))


def publication_of(db: Session, campaign_id: UUID) -> CampaignPublication | None:
    """What was published of this campaign."""
    return db.scalar(select(CampaignPublication).where(CampaignPublication.campaign_id == campaign_id))


def published_at(db: Session, place: str) -> Sequence[CampaignPublication]:
    """Everything that was published of this place, oldest first."""
    return db.scalars(
        select(CampaignPublication)
        .where(CampaignPublication.place == place, CampaignPublication.step.is_not(None))
        .order_by(CampaignPublication.at, CampaignPublication.id)
    ).all()


def unpublished(db: Session, now: datetime) -> list[Campaign]:
    """Campaigns whose last day is over and of which nothing was decided yet, in the order in which they ended."""
    done = select(CampaignPublication.campaign_id)
    open_ones = db.scalars(select(Campaign).where(Campaign.id.not_in(done)))
    return sorted((c for c in open_ones if c.period[1] <= now), key=lambda c: (c.period[1], c.code))


def levels_of(db: Session, campaign: Campaign) -> Mapping[Level, int]:
    """How many people's last rated screening within this campaign came to which level. Never shown as it is."""
    begins, ends = campaign.period
    rows = db.execute(
        select(Rating.resident_id, Rating.level)
        .join(ResidentSession, ResidentSession.id == Rating.session_id)
        .where(
            ResidentSession.place == campaign.place,
            Rating.level.is_not(None),
            Rating.at >= begins,
            Rating.at < ends,
        )
        .order_by(Rating.at, Rating.id)
    )
    last = {resident: Level(level) for resident, level in rows if level is not None}
    return {level: sum(1 for one in last.values() if one is level) for level in Level}
