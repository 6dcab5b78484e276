"""A sign of life that a program leaves in the database, for others to miss."""

from datetime import datetime, timedelta

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import Entity


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


def silent_since(db: Session, name: str, now: datetime) -> timedelta:
    """How long a program has given no sign; a very long time when it never did."""
    row = db.get(Heartbeat, name)
    return timedelta.max if row is None else now - row.beat_at
