"""What a provider says later of a notice that it took: a text message may be lost after it was accepted (H04)."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from escalation.outbox import LONGEST_WAIT, QueuedNotice, second_channel
from escalation.ticket import Ticket
from storage import audit
from storage.database import Database

LOST = "undelivered"
FAILURE = "the provider's receipt says that it was not delivered"


class Receipts:
    """Takes delivery receipts. Only the bad ones change anything: a good one is no person's acknowledgement."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self.database = database
        self.clock = clock

    def take(self, channel: str, reference: str, status: str) -> bool:
        """Put a lost notice back. False when nothing changes: a good word, a repeated one, or a strange one."""
        if status != LOST:
            return False
        with self.database.transaction() as db:
            return bool(undelivered(db, channel, reference, self.clock()))


def undelivered(db: Session, channel: str, reference: str, now: datetime) -> int:
    """Let the notices with this receipt wait again, and go over their receiver's next channel at once.

    How many there were: several, if they went as a digest; none of a ticket that is closed. What is put back has no
    receipt any more, so the same word said again finds nothing.
    """
    rows = db.scalars(
        select(QueuedNotice)
        .outerjoin(Ticket, Ticket.id == QueuedNotice.ticket_id)
        .where(
            QueuedNotice.channel == channel,
            QueuedNotice.receipt == reference,
            QueuedNotice.state == "delivered",
            Ticket.closed_at.is_(None),
        )
        .order_by(QueuedNotice.id)
        .with_for_update(of=QueuedNotice)
    ).all()
    for row in rows:
        row.state, row.delivered_at, row.receipt = "waiting", None, None
        row.last_failure, row.due_at = FAILURE, now + LONGEST_WAIT
        db.flush()
        if not second_channel(db, row, now):
            _call_back_others(db, row, now)
        audit.record(
            db,
            actor="gateway",
            action="notice.undelivered",
            subject=f"notice:{row.code}",
            at=now,
            channel=channel,
        )
    return len(rows)


def _call_back_others(db: Session, row: QueuedNotice, now: datetime) -> None:
    """The same notice over another channel was let go when this one seemed to have arrived: it waits again too."""
    base = row.key.split("~")[0]
    db.execute(
        update(QueuedNotice)
        .where(
            or_(QueuedNotice.key == base, QueuedNotice.key.startswith(f"{base}~", autoescape=True)),
            QueuedNotice.id != row.id,
            QueuedNotice.state == "superseded",
        )
        .values(state="waiting", due_at=now)
    )
