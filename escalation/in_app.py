"""Notices in the console itself: what an office and its people have not looked at yet."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select, true
from sqlalchemy.orm import Session

from escalation.errors import NotAllowed, NotThere
from escalation.outbox import IN_APP, QueuedNotice
from escalation.staff import StaffAccount

AT_MOST = 50


def unseen(db: Session, account: StaffAccount) -> tuple[int, Sequence[QueuedNotice]]:
    """How many notices to this person or to their office nobody has looked at, and the newest of them."""
    waiting = and_(_for(account), QueuedNotice.seen_at.is_(None))
    count = db.scalar(select(func.count()).select_from(QueuedNotice).where(waiting)) or 0
    newest = (QueuedNotice.queued_at.desc(), QueuedNotice.id)
    return count, db.scalars(select(QueuedNotice).where(waiting).order_by(*newest).limit(AT_MOST)).all()


def see(db: Session, account: StaffAccount, notice_id: UUID, now: datetime) -> None:
    """Say that one has looked. Who looked first stays; another office's notice is `NotThere`.

    It takes no ticket: that is a person's acknowledgement, and nothing else.
    """
    if account.role == "auditor":
        raise NotAllowed("审计员只能查看。")
    notice = db.scalar(
        select(QueuedNotice).where(QueuedNotice.id == notice_id, _for(account)).with_for_update()
    )
    if notice is None:
        raise NotThere()
    if notice.seen_at is None:
        notice.seen_at, notice.seen_by = now, account.name


def _for(account: StaffAccount) -> ColumnElement[bool]:
    """Those to the caller, and those to their office; what an office's lead is told is for the lead."""
    own = or_(QueuedNotice.staff_id.is_(None), QueuedNotice.staff_id == account.id)
    led = true() if account.role == "supervisor" else QueuedNotice.audience != "supervisor"
    return and_(QueuedNotice.channel == IN_APP, QueuedNotice.office == account.office, own, led)
