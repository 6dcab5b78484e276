"""Notices about no ticket: a gap in the roster, somebody who left, a test. The same channels, the same rules."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from escalation.chain import CHANNEL, Telling
from escalation.outbox import IN_APP, QueuedNotice, points_of, queue
from escalation.roster import on_duty
from escalation.triage import Level


def announce(
    db: Session,
    *,
    key: str,
    audience: str,
    office: str,
    heading: str,
    level_word: str,
    place: str,
    text: str,
    link: str,
    respond_by: datetime,
    telling: Telling,
    now: datetime,
    person: UUID | None = None,
) -> int:
    """Tell whoever is on duty at an office for this audience, or this one `person`, in the console and where they are.

    Nobody on duty, or nobody with an address: the office's own address, else the gateway that knows offices. The
    same key twice is told once; how many notices were written.
    """
    if is_told(db, key):
        return 0
    ways: list[tuple[str, UUID | None, str, UUID | None]] = [("", person, IN_APP, None)]
    people = (
        [person] if person else [p.staff_id for p in on_duty(db, office, audience, now, telling.calendar)]
    )
    for one in people or [None]:
        points = points_of(db, office, audience, one)
        if points:
            ways.append((f".{len(ways)}", one, points[0].channel, points[0].id))
    if len(ways) == 1 and person is None:
        own = points_of(db, office, audience, None)
        ways.append((".1", None, own[0].channel, own[0].id) if own else (".1", None, CHANNEL, None))
    demo = "【演示】" if telling.demo else ""
    written = 0
    for suffix, staff_id, channel, contact_id in ways:
        in_app = channel == IN_APP
        written += queue(
            db,
            QueuedNotice(
                key=f"{key}{suffix}",
                level=int(Level.YELLOW),
                audience=audience,
                office=office,
                staff_id=staff_id,
                contact_id=contact_id,
                channel=channel,
                rank=0,
                round=0,
                code=heading,
                level_word=level_word,
                place=place,
                respond_by=respond_by,
                link=link,
                text=f"{demo}{text}",
                queued_at=now,
                due_at=now,
                state="delivered" if in_app else "waiting",
                delivered_at=now if in_app else None,
                attempts=0,
            ),
        )
    return written


def is_told(db: Session, key: str) -> bool:
    """Whether this occasion was told before."""
    return db.scalar(select(QueuedNotice.id).where(QueuedNotice.key == key)) is not None
