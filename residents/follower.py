"""Somebody who talks with us through the WeChat official account, and what is still to be said to them there.

A follower is found again by a keyed hash of WeChat's id for them; the id itself is sealed, for sending alone. What was
said stands in the conversation's transcript: here is only how far of it was told, and what waits to be sent.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import Entity, Identified


class Follower(Identified, Entity):
    """One WeChat account before our official account.

    `told`: up to which bubble of `session_id`'s transcript was put into words for them; `card_told`: they have the
    crisis card's numbers and code; `result_told_at`: which result they were told. `menu`: what the digits in the last
    message stand for, and which wishes it asked for. `asked_to_erase`: not used any more; it may go with the next
    migration. `held`: WeChat's number for why nothing goes out until
    they write again. `left_at`: they do not follow any more.
    """

    __tablename__ = "wechat_follower"

    resident_id: Mapped[UUID] = mapped_column(ForeignKey("resident.id"), index=True)
    session_id: Mapped[UUID | None] = mapped_column(ForeignKey("resident_session.id"), index=True)
    openid_index: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    openid_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    menu_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    told: Mapped[int] = mapped_column(default=-1)
    card_told: Mapped[bool] = mapped_column(default=False)
    result_told_at: Mapped[datetime | None]
    asked_to_erase: Mapped[bool] = mapped_column(default=False)
    came_at: Mapped[datetime]
    heard_at: Mapped[datetime]
    left_at: Mapped[datetime | None]
    held: Mapped[int | None]
    tries: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime | None]
    sending_until: Mapped[datetime | None]


class WechatHeard(Identified, Entity):
    """One message or event as WeChat numbers it, so that one that is sent three times is one.

    `claimed_until`: who works on it has until then. `late`: whoever sent it does not wait any longer, so that its
    answer goes out by itself. `answer`: what was answered at once, for the same request sent again.
    """

    __tablename__ = "wechat_heard"
    __table_args__ = (Index("ix_wechat_heard_at", "at"),)

    follower_id: Mapped[UUID] = mapped_column(ForeignKey("wechat_follower.id"), index=True)
    mark: Mapped[str] = mapped_column(unique=True)
    at: Mapped[datetime]
    claimed_until: Mapped[datetime]
    late: Mapped[bool] = mapped_column(default=False)
    done_at: Mapped[datetime | None]
    answer_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)


class WechatOutgoing(Identified, Entity):
    """One message that waits to be sent; deleted as soon as WeChat has taken it."""

    __tablename__ = "wechat_outgoing"
    __table_args__ = (Index("ix_wechat_outgoing_next", "follower_id", "number"),)

    follower_id: Mapped[UUID] = mapped_column(ForeignKey("wechat_follower.id"))
    number: Mapped[int]
    text_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    at: Mapped[datetime]


def followers_of(db: Session, resident_id: UUID) -> list[Follower]:
    """The WeChat accounts through which this person talks: as a rule one, or none."""
    return list(db.scalars(select(Follower).where(Follower.resident_id == resident_id)))


def forget_follower(db: Session, resident_id: UUID) -> None:
    """Delete every trace of this person's WeChat account. Whoever writes again is somebody new."""
    theirs = select(Follower.id).where(Follower.resident_id == resident_id)
    for rows in (WechatOutgoing, WechatHeard):
        db.execute(delete(rows).where(rows.follower_id.in_(theirs)))
    db.execute(delete(Follower).where(Follower.resident_id == resident_id))
