"""Notices: written in the transaction of what they tell, sent afterwards, followed until handed over.

A dispatcher polls the table. A row is claimed under a lease; whoever comes back after its lease was given
to another is refused by its token. There is no last try: what a gateway refuses for good is tried again each
minute too, because it may be mended, and the console shows meanwhile that it waits. What one channel has not
handed over in `SECOND_CHANNEL_AFTER`, or refuses for good, goes over the receiver's next one as well.

A person's telephone is not rung for each ticket of a storm: one address hears at most once in its channel's
`pace`, and what came together goes together, with the count. What is worse than the last that was sent there
does not wait. A later notice of the same ticket to the same desk takes the place of one that still waits, so
that a gateway that comes back after six hours says each thing once.
"""

import secrets
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, ForeignKey, Index, Select, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from escalation import bell, staff, ticket  # noqa: F401 - a notice names rows of theirs
from escalation.channels import Channel, Notice, PermanentFailure, TemporaryFailure, digest_text
from escalation.contact_point import ContactPoint
from escalation.triage import Level
from storage.base import Entity, Identified
from storage.database import Database
from storage.errors import StorageError
from storage.step_points import step

LEASE = timedelta(seconds=60)
LONGEST_WAIT = timedelta(seconds=60)
LONGEST_SILENCE = timedelta(minutes=10)
"""What a provider may ask for: a group's robot that was rung too often is deaf for ten minutes."""
SECOND_CHANNEL_AFTER = timedelta(seconds=45)
AT_ONCE = 8
IN_APP = "in_app"
TEXT_MESSAGE = "sms"


class QueuedNotice(Identified, Entity):
    """One notice to one person or desk over one channel. `key` is unique: the same occasion is told once.

    It holds no name, score or words: a code, a level word, a place, a time and a link. `state`: `waiting`,
    `delivered`, or `superseded` (a later notice of the same ticket to the same desk says it better). `rank` above 0
    stands in for a channel that failed. `reply_code` lets its receiver take the ticket by text message. Those that
    are shown in the console itself (`in_app`) are delivered at once, and `seen_at` when somebody has looked. With
    `bell_id` it is a weekly bell: alone in its message, behind everything real, over no other channel, with no code.
    """

    __tablename__ = "queued_notice"
    __table_args__ = (
        Index("ix_queued_notice_due", "due_at", postgresql_where="state = 'waiting'"),
        Index("ix_queued_notice_old", "queued_at", postgresql_where="state = 'waiting'"),
        Index("ix_queued_notice_unseen", "office", postgresql_where="channel = 'in_app' AND seen_at IS NULL"),
        Index("ix_queued_notice_reply", "reply_code", postgresql_where="reply_code IS NOT NULL"),
        Index("ix_queued_notice_contact", "contact_id", "delivered_at"),
        Index("ix_queued_notice_receipt", "receipt", postgresql_where="state = 'delivered'"),
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
    bell_id: Mapped[UUID | None] = mapped_column(ForeignKey("bell.id"), index=True)


def queue(db: Session, notice: QueuedNotice) -> bool:
    """Write a notice unless its key is there already; says whether it was written.

    It takes the place of those of the same ticket to the same receiver that still wait and are on nobody's hands,
    and stands in the queue where the oldest of them stood.
    """
    if notice.channel == TEXT_MESSAGE and notice.staff_id is not None and notice.bell_id is None:
        notice.reply_code = f"{secrets.randbelow(10**6):06d}"
    columns = QueuedNotice.__table__.columns.keys()
    values = {name: getattr(notice, name) for name in columns}
    written = db.execute(
        insert(QueuedNotice)
        .values(values)
        .on_conflict_do_nothing(index_elements=["key"])
        .returning(QueuedNotice.id)
    ).all()
    if written and notice.ticket_id is not None and notice.state == "waiting":
        _supersede(db, notice)
    return bool(written)


def _supersede(db: Session, notice: QueuedNotice) -> None:
    older = db.scalars(
        select(QueuedNotice)
        .where(
            QueuedNotice.ticket_id == notice.ticket_id,
            QueuedNotice.office == notice.office,
            QueuedNotice.audience == notice.audience,
            QueuedNotice.staff_id.is_not_distinct_from(notice.staff_id),
            QueuedNotice.state == "waiting",
            QueuedNotice.level <= notice.level,
            _same_matter(notice),
            QueuedNotice.id != notice.id,
            or_(QueuedNotice.lease_until.is_(None), QueuedNotice.lease_until <= notice.queued_at),
        )
        .with_for_update(skip_locked=True)
    ).all()
    if older:
        oldest = min(row.queued_at for row in older)
        db.execute(
            update(QueuedNotice)
            .where(QueuedNotice.id.in_([row.id for row in older]))
            .values(state="superseded", lease_token=None, lease_until=None)
        )
        db.execute(update(QueuedNotice).where(QueuedNotice.id == notice.id).values(queued_at=oldest))


def _same_matter(notice: QueuedNotice) -> ColumnElement[bool]:
    """The ticket's own notices take each other's place; one about a colleague in danger takes only that of another."""
    levels = [f"{level.colour}色" for level in Level]
    if notice.level_word in levels:
        return QueuedNotice.level_word.in_(levels)
    return QueuedNotice.level_word == notice.level_word


@dataclass(frozen=True)
class _Parcel:
    """What goes out in one message: one notice, or several to the same address."""

    rows: tuple[QueuedNotice, ...]
    contact: ContactPoint | None
    token: str

    @property
    def first(self) -> QueuedNotice:
        return self.rows[0]


def deliver_due(database: Database, channel: Channel, clock: Callable[[], datetime]) -> int:
    """Send what is due over this channel, the worst and oldest first; returns how many notices were handed over.

    Several dispatchers may run: each row is claimed by one. A dispatcher that dies leaves rows that are
    due again when their lease ends.
    """
    parcels = _claim(database, channel, clock())
    if not parcels:
        return 0
    step("S7")
    if len(parcels) == 1:
        return _send(database, channel, parcels[0], clock)
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        return sum(pool.map(lambda parcel: _send(database, channel, parcel, clock), parcels))


def _claim(database: Database, channel: Channel, now: datetime) -> list[_Parcel]:
    """Take up to `AT_ONCE` parcels. An address that is to be left in peace keeps only its own notices waiting.

    A bell goes by itself, when nothing else is due: an alarm that falls due meanwhile has one trial before it at most,
    however slow the gateway is and however many bells wait.
    """
    parcels: list[_Parcel] = []
    with database.transaction() as db:
        quiet: set[UUID] = set()
        while len(parcels) < AT_ONCE:
            taken = [row.id for parcel in parcels for row in parcel.rows]
            row = db.scalar(
                _due(channel.name, now)
                .where(QueuedNotice.id.not_in(taken))
                .where(or_(QueuedNotice.contact_id.is_(None), QueuedNotice.contact_id.not_in(quiet)))
                .limit(1)
                .with_for_update(skip_locked=True)
            )
            if row is None or (row.bell_id is not None and parcels):
                break
            contact, rows = None, [row]
            if row.contact_id is not None:
                contact = db.scalar(
                    select(ContactPoint)
                    .where(ContactPoint.id == row.contact_id)
                    .with_for_update(skip_locked=True)
                )
                if contact is None or not _may_ring(contact, channel, row, now):
                    quiet.add(row.contact_id)
                    if contact is not None:
                        _lead_past(db, contact, channel, now)
                    continue
                if channel.pace:
                    if row.bell_id is None:
                        rows = list(
                            db.scalars(
                                _due(channel.name, now)
                                .where(
                                    QueuedNotice.contact_id == row.contact_id, QueuedNotice.bell_id.is_(None)
                                )
                                .with_for_update(skip_locked=True)
                            )
                        )
                    contact.quiet_until, contact.told_level = now + LEASE, row.level
            token = secrets.token_hex(8)
            for one in rows:
                one.lease_token, one.lease_until = token, now + LEASE
                one.attempts += 1
            db.flush()
            parcels.append(_Parcel(tuple(rows), contact, token))
            if row.bell_id is not None:
                break
    return parcels


def _due(channel: str, now: datetime) -> Select[QueuedNotice]:
    return (
        select(QueuedNotice)
        .where(
            QueuedNotice.state == "waiting",
            QueuedNotice.channel == channel,
            QueuedNotice.due_at <= now,
            or_(QueuedNotice.lease_until.is_(None), QueuedNotice.lease_until <= now),
        )
        .order_by(QueuedNotice.level.desc(), QueuedNotice.queued_at, QueuedNotice.id)
    )


def _lead_past(db: Session, contact: ContactPoint, channel: Channel, now: datetime) -> None:
    """What waits at an address whose provider asked for a long silence goes over the next channel at once."""
    if contact.quiet_until is None or contact.quiet_until <= now + max(channel.pace, LEASE):
        return
    waiting = _due(channel.name, now).where(QueuedNotice.contact_id == contact.id)
    for row in db.scalars(waiting.with_for_update(skip_locked=True)):
        second_channel(db, row, now)


def _may_ring(contact: ContactPoint, channel: Channel, row: QueuedNotice, now: datetime) -> bool:
    """Whether this address may hear something now. A quiet time further off than the channel's own is one that
    its provider asked for (or that a clock put back has left behind): that one holds for everything."""
    if contact.quiet_until is None or contact.quiet_until <= now:
        return True
    longest = max(channel.pace, LEASE)
    if contact.quiet_until > now + LONGEST_SILENCE:
        return True
    return row.level > contact.told_level and contact.quiet_until <= now + longest


def _send(database: Database, channel: Channel, parcel: _Parcel, clock: Callable[[], datetime]) -> int:
    """Hand over one parcel and write down what came of it; how many notices were handed over."""
    receipt, failure, wait, hopeless = None, None, LONGEST_WAIT, False
    try:
        step("S8")
        receipt = channel.send(_as_sent(parcel, database, clock())).reference
        step("S9")
    except TemporaryFailure as error:
        failure = f"{type(error).__name__}: {error}"[:200]
        asked = timedelta(seconds=error.retry_after or 0)
        limit = LONGEST_WAIT if parcel.contact is None else LONGEST_SILENCE
        wait = min(limit, max(asked, wait_after(parcel.first.attempts)))
        hopeless = wait > LONGEST_WAIT
    except (PermanentFailure, ValueError, StorageError) as error:
        failure = f"{type(error).__name__}: {error}"[:200]
        hopeless = True
    except Exception as error:  # a fault of ours: it may hold anything, so its kind alone is kept
        failure, hopeless = type(error).__name__, True
    now = clock()
    with database.transaction() as db:
        mine = db.scalars(
            select(QueuedNotice)
            .where(
                QueuedNotice.id.in_([row.id for row in parcel.rows]),
                QueuedNotice.lease_token == parcel.token,
                QueuedNotice.state == "waiting",
            )
            .order_by(QueuedNotice.id)
            .with_for_update()
        ).all()
        for row in mine:
            row.lease_token = row.lease_until = None
            if failure is None:
                row.state, row.delivered_at, row.receipt = "delivered", now, receipt
                row.digest = parcel.token if len(parcel.rows) > 1 else None
                _let_go_of_others(db, row)
            else:
                row.last_failure, row.due_at = failure, now + wait
                if hopeless or now - row.queued_at >= SECOND_CHANNEL_AFTER:
                    second_channel(db, row, now)
        if failure is None and any(row.last_failure is not None for row in mine):
            _back_again(db, parcel.first, now)
        if mine and parcel.contact is not None and (channel.pace or wait > LONGEST_WAIT):
            contact = db.get_one(ContactPoint, parcel.contact.id)
            contact.quiet_until = now + (channel.pace if failure is None else wait)
    step("S10")
    return len(mine) if failure is None else 0


def _back_again(db: Session, row: QueuedNotice, now: datetime) -> None:
    """What had failed is taken again: the others that wait out a failure of the same gateway wait no longer, so
    that the worst and oldest of them are next, whoever it was that found the gateway mended."""
    waiting = (
        select(QueuedNotice.id)
        .where(
            QueuedNotice.state == "waiting",
            QueuedNotice.channel == row.channel,
            QueuedNotice.contact_id.is_not_distinct_from(row.contact_id),
            QueuedNotice.last_failure.startswith(TemporaryFailure.__name__),
            QueuedNotice.due_at > now,
            QueuedNotice.lease_token.is_(None),
        )
        .with_for_update(skip_locked=True)
    )
    db.execute(update(QueuedNotice).where(QueuedNotice.id.in_(waiting)).values(due_at=now))


def second_channel(db: Session, row: QueuedNotice, now: datetime) -> bool:
    """Queue a notice once more over its receiver's next channel; the first goes on being tried.

    False when there is no other, when that has been done for this notice, and for a bell, which tries this address.
    """
    if row.bell_id is not None:
        return False
    point = _next_point(db, row)
    if point is None:
        return False
    copy = {name: getattr(row, name) for name in QueuedNotice.__table__.columns.keys()}  # noqa: SIM118
    copy |= {
        "id": uuid4(), "key": f"{row.key.split('~')[0]}~{row.rank + 1}", "rank": row.rank + 1,
        "channel": point.channel, "contact_id": point.id, "due_at": now, "state": "waiting", "attempts": 0,
        "lease_until": None, "lease_token": None, "last_failure": None, "reply_code": None,
    }  # fmt: skip
    if point.channel == TEXT_MESSAGE and row.staff_id is not None:
        copy["reply_code"] = f"{secrets.randbelow(10**6):06d}"
    return bool(
        db.execute(
            insert(QueuedNotice)
            .values(copy)
            .on_conflict_do_nothing(index_elements=["key"])
            .returning(QueuedNotice.id)
        ).all()
    )


def _next_point(db: Session, row: QueuedNotice) -> ContactPoint | None:
    points = points_of(db, row.office, row.audience, row.staff_id)
    here = next((i for i, point in enumerate(points) if point.id == row.contact_id), -1)
    return points[here + 1] if here + 1 < len(points) else None


def points_of(db: Session, office: str, audience: str, staff_id: UUID | None) -> Sequence[ContactPoint]:
    """Where a person, or an office for this kind of notice, is reached: what is tried first comes first."""
    query = select(ContactPoint).where(ContactPoint.active.is_(True), ContactPoint.channel != IN_APP)
    if staff_id is not None:
        query = query.where(ContactPoint.staff_id == staff_id)
    else:
        query = query.where(
            ContactPoint.staff_id.is_(None),
            ContactPoint.office == office,
            ContactPoint.audience == audience,
        )
    return db.scalars(query.order_by(ContactPoint.rank, ContactPoint.id)).all()


def _let_go_of_others(db: Session, row: QueuedNotice) -> None:
    """Its receiver has it: the same notice over another channel need not go out any more."""
    base = row.key.split("~")[0]
    db.execute(
        update(QueuedNotice)
        .where(
            or_(QueuedNotice.key == base, QueuedNotice.key.startswith(f"{base}~", autoescape=True)),
            QueuedNotice.id != row.id,
            QueuedNotice.state == "waiting",
            QueuedNotice.lease_token.is_(None),
        )
        .values(state="superseded")
    )


def adopt_strays(db: Session, known: Collection[str], now: datetime) -> int:
    """Notices for a channel that this installation no longer has go over the receiver's next one, or the first of
    those that it has; how many there were."""
    strays = db.scalars(
        select(QueuedNotice)
        .where(
            QueuedNotice.state == "waiting",
            QueuedNotice.channel.not_in(known),
            QueuedNotice.bell_id.is_(None),
        )
        .with_for_update(skip_locked=True)
    ).all()
    for row in strays:
        row.channel, row.contact_id, row.due_at = next(iter(known)), None, now
    return len(strays)


def wait_after(attempts: int) -> timedelta:
    """How long to wait after so many tries: 2, 4, 8 … seconds, never more than a minute, for ever."""
    return min(LONGEST_WAIT, timedelta(seconds=2 ** min(attempts, 6)))


def _as_sent(parcel: _Parcel, database: Database, now: datetime) -> Notice:
    """What the channel is given. Several at once say the worst level, the soonest deadline and how many."""
    row, count = parcel.first, len(parcel.rows)
    if parcel.contact is not None and not parcel.contact.active:
        raise PermanentFailure("this address is no longer in use")
    to = database.vault.open(parcel.contact, "address") if parcel.contact is not None else None
    place = row.place if len({one.place for one in parcel.rows}) == 1 else "本区"
    soonest = min(one.respond_by for one in parcel.rows)
    text = row.text
    if count > 1:
        text = digest_text(count, row.level_word, place, soonest, now, demo=row.text.startswith("【演示】"))
    return Notice(
        ticket_code=row.code,
        level_word=row.level_word,
        place=place,
        respond_by=soonest,
        link=row.link if count == 1 else row.link.split("/tickets/")[0] + "/",
        text=text,
        key=row.key if count == 1 else f"digest.{parcel.token}",
        round=row.round,
        to=to or "",
        reply_code=row.reply_code if count == 1 else None,
        count=count,
    )
