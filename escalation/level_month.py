"""How many came to which level in each calendar month: published once when it is over, kept as it was.

No row of a person stands behind a `LevelMonth`: what is small was merged or hidden before it was kept
(`server/report.py`). An erasure or a late correction changes nothing that was printed, so two prints cannot be
subtracted.
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, not_, or_, select
from sqlalchemy.dialects.postgresql import JSONB, distinct_on
from sqlalchemy.orm import Mapped, Session, mapped_column

from escalation.campaign import Campaign
from escalation.signal import Rating
from escalation.triage import Level
from residents.session import ResidentSession
from storage.base import Entity, Identified


class LevelMonth(Identified, Entity):
    """One calendar month by the district's clock. `content` is what was published of it; counts, no names."""

    __tablename__ = "level_month"

    begins: Mapped[date] = mapped_column(unique=True)
    at: Mapped[datetime]
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)


def month_of(db: Session, begins: date) -> LevelMonth | None:
    """What was published of the month that begins on this day."""
    return db.scalar(select(LevelMonth).where(LevelMonth.begins == begins))


def lock_months(db: Session) -> None:
    """One transaction decides about months at a time."""
    db.execute(select(func.pg_advisory_xact_lock(func.hashtext("level_month"))))


def last_levels(
    db: Session, begins: datetime, ends: datetime, first: date, last: date
) -> Mapping[str | None, Mapping[Level, int]]:
    """How many people came to which level, by the place of their last screening in this time; each counts once.

    None stands for no place. What belongs to a group screening is left out: that is published by itself.
    """
    near = select(Campaign).where(
        Campaign.from_day <= last + timedelta(days=1), Campaign.to_day >= first - timedelta(days=1)
    )
    theirs = [
        and_(
            ResidentSession.place.is_not_distinct_from(one.place),
            Rating.at >= one.period[0],
            Rating.at < one.period[1],
        )
        for one in db.scalars(near)
    ]
    asked = (
        select(Rating.resident_id, ResidentSession.place, Rating.level)
        .join(ResidentSession, ResidentSession.id == Rating.session_id)
        .where(Rating.level.is_not(None), Rating.at >= begins, Rating.at < ends)
    )
    if theirs:
        asked = asked.where(not_(or_(*theirs)))
    each = (
        asked.ext(distinct_on(Rating.resident_id))
        .order_by(Rating.resident_id, Rating.at.desc(), Rating.id)
        .subquery()
    )
    found: dict[str | None, dict[Level, int]] = defaultdict(dict)
    for place, level, count in db.execute(
        select(each.c.place, each.c.level, func.count()).group_by(each.c.place, each.c.level)
    ):
        found[place][Level(level)] = count
    return found
