"""Notices: written in the transaction of what they tell, sent afterwards, followed until handed over.

A dispatcher polls the table. A row is claimed under a lease; whoever comes back after its lease was given
to another is refused by its token. There is no last try: what a gateway refuses for good is tried again each
minute too, because it may be mended, and the console shows meanwhile that it waits.
"""

import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ForeignKey, Index, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from escalation import contact_point  # noqa: F401 - a notice names one
from escalation.channels import Channel, Notice, PermanentFailure, TemporaryFailure
from storage.base import Entity, Identified
from storage.database import Database
from storage.step_points import step

LEASE = timedelta(seconds=60)
LONGEST_WAIT = timedelta(seconds=60)
AT_ONCE = 8


class QueuedNotice(Identified, Entity):
    """One notice to one person or desk over one channel. `key` is unique: the same occasion is told once.

    It holds no name, score or words: a code, a level word, a place, a time and a link. `state`: `waiting`,
    `delivered`, or `superseded` (a later notice of the same ticket to the same desk says it better). `rank` above 0
    stands in for a channel that failed. `reply_code` lets its receiver take the ticket by text message. Those that
    are shown in the console itself (`in_app`) are delivered at once, and `seen_at` when somebody has looked.
    """

    __tablename__ = "queued_notice"
    __table_args__ = (
        Index("ix_queued_notice_due", "due_at", postgresql_where="state = 'waiting'"),
        Index("ix_queued_notice_old", "queued_at", postgresql_where="state = 'waiting'"),
        Index("ix_queued_notice_unseen", "office", postgresql_where="channel = 'in_app' AND seen_at IS NULL"),
        Index("ix_queued_notice_reply", "reply_code", postgresql_where="reply_code IS NOT NULL"),
        Index("ix_queued_notice_contact", "contact_id", "delivered_at"),
    )

    key: Mapped[str] = mapped_column(unique=True)
    ticket_id: Mapped[UUID | None] = mapped_column(ForeignKey("ticket.id"), index=True)
    level: Mapped[int]
    audience: Mapped[str]
    office: Mapped[str]
    staff_id: Mapped[UUID | None] = mapped_column(ForeignKey("staff_account.id"))
    contact_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact_point.id"))
    channel: Mapped[str]
    rank: Mapped[int] = mapped_column(default=0)
    round: Mapped[int]
    code: Mapped[str]
    level_word: Mapped[str]
    place: Mapped[str]
    respond_by: Mapped[datetime]
    link: Mapped[str]
    text: Mapped[str]
    queued_at: Mapped[datetime]
    due_at: Mapped[datetime]
    state: Mapped[str]
    attempts: Mapped[int]
    lease_until: Mapped[datetime | None]
    lease_token: Mapped[str | None]
    delivered_at: Mapped[datetime | None]
    receipt: Mapped[str | None]
    last_failure: Mapped[str | None]
    reply_code: Mapped[str | None]
    digest: Mapped[str | None]
    seen_at: Mapped[datetime | None]
    seen_by: Mapped[str | None]


def queue(db: Session, notice: QueuedNotice) -> bool:
    """Write a notice unless its key is there already; says whether it was written."""
    columns = QueuedNotice.__table__.columns.keys()
    values = {name: getattr(notice, name) for name in columns}
    written = db.execute(
        insert(QueuedNotice)
        .values(values)
        .on_conflict_do_nothing(index_elements=["key"])
        .returning(QueuedNotice.id)
    ).all()
    return bool(written)


def deliver_due(database: Database, channel: Channel, clock: Callable[[], datetime]) -> int:
    """Send what is due over this channel, the worst and oldest first; returns how many were handed over.

    Several dispatchers may run: each row is claimed by one. A dispatcher that dies leaves rows that are
    due again when their lease ends.
    """
    claimed = _claim(database, channel.name, clock())
    if not claimed:
        return 0
    step("S7")
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        return sum(pool.map(lambda row: _send(database, channel, row, clock), claimed))


def _claim(database: Database, channel: str, now: datetime) -> Sequence[QueuedNotice]:
    with database.transaction() as db:
        rows = db.scalars(
            select(QueuedNotice)
            .where(
                QueuedNotice.state == "waiting",
                QueuedNotice.channel == channel,
                QueuedNotice.due_at <= now,
                or_(QueuedNotice.lease_until.is_(None), QueuedNotice.lease_until <= now),
            )
            .order_by(QueuedNotice.level.desc(), QueuedNotice.queued_at)
            .limit(AT_ONCE)
            .with_for_update(skip_locked=True)
        ).all()
        for row in rows:
            row.lease_token, row.lease_until = secrets.token_hex(8), now + LEASE
            row.attempts += 1
    return rows


def _send(database: Database, channel: Channel, row: QueuedNotice, clock: Callable[[], datetime]) -> bool:
    """Hand over one claimed notice and write down what came of it."""
    receipt, failure, wait = None, None, None
    try:
        step("S8")
        receipt = channel.send(_as_sent(row)).reference
        step("S9")
    except TemporaryFailure as error:
        failure = f"{type(error).__name__}: {error}"[:200]
        asked = timedelta(seconds=error.retry_after or 0)
        wait = min(LONGEST_WAIT, max(asked, wait_after(row.attempts)))
    except (PermanentFailure, ValueError) as error:
        failure = f"{type(error).__name__}: {error}"[:200]
        wait = LONGEST_WAIT
    now = clock()
    with database.transaction() as db:
        mine = db.scalar(
            select(QueuedNotice)
            .where(QueuedNotice.id == row.id, QueuedNotice.lease_token == row.lease_token)
            .with_for_update()
        )
        if mine is None or mine.state != "waiting":
            return False
        mine.lease_token = mine.lease_until = None
        if failure is None:
            mine.state, mine.delivered_at, mine.receipt = "delivered", now, receipt
        else:
            mine.last_failure, mine.due_at = failure, now + (wait or LONGEST_WAIT)
    step("S10")
    return failure is None


def wait_after(attempts: int) -> timedelta:
    """How long to wait after so many tries: 2, 4, 8 … seconds, never more than a minute, for ever."""
    return min(LONGEST_WAIT, timedelta(seconds=2 ** min(attempts, 6)))


def _as_sent(row: QueuedNotice) -> Notice:
    return Notice(
        ticket_code=row.code,
        level_word=row.level_word,
        place=row.place,
        respond_by=row.respond_by,
        link=row.link,
        text=row.text,
        key=row.key,
        round=row.round,
    )
