"""What whoever has somebody's ticket in hand is told of WeChat: a line on the ticket, and no word of anybody's.

It is told when it happens (`tell_office`), and on a ticket that is opened or reopened afterwards (`untold`).
"""

from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import Interval, exists, func, literal, or_, select
from sqlalchemy.orm import Session

from escalation import chain
from escalation.ticket import Ticket, TicketEvent
from residents.follower import Follower
from server.wechat.service import NOT_THERE

Why = Literal["wait", "gone", "fails", "unheard", "place"]
KIND = "wechat_stuck"
NOTES: dict[Why, str] = {
    "wait": "居民的微信现在收不到我们的话（超过 48 小时没有来信，或发得太多）。请改打电话或上门。",
    "gone": "居民已经取消关注，微信上联系不到了。请改打电话或上门。",
    "fails": "发给居民的微信一直没有发出去，还在继续发。请改打电话或上门。",
    "unheard": "居民在微信里发来了语音、图片或别的东西，这里看不了，也没有保存，已请居民打字。可以打电话问问。",
    "place": "居民在微信里发来了一个位置，坐标这里看不了，也没有保存，已请居民把地址写下来。可以打电话问清人在哪里。",
}
UNREACHED: tuple[Why, ...] = ("wait", "gone", "fails")
NOT_AGAIN_FOR = timedelta(minutes=30)
TELL_AFTER = 5
"""Tries to send something after which whoever has the ticket is told."""


def tell_office(db: Session, follower: Follower, why: Why, now: datetime) -> None:
    """Write it on each open ticket of this person, if there is one; the same thing once in half an hour."""
    open_ones = select(Ticket).where(Ticket.resident_id == follower.resident_id, Ticket.closed_at.is_(None))
    for ticket in db.scalars(open_ones):
        tell(db, ticket, why, now)


def tell(db: Session, ticket: Ticket, why: Why, now: datetime) -> None:
    """Write it on this ticket, unless that was done within half an hour."""
    told = select(TicketEvent.id).where(
        TicketEvent.ticket_id == ticket.id,
        TicketEvent.kind == KIND,
        TicketEvent.text == NOTES[why],
        TicketEvent.at > now - NOT_AGAIN_FOR,
    )
    if db.scalar(told.limit(1)) is None:
        chain.note(db, ticket, KIND, "微信", NOTES[why], now)


def why_unreached(follower: Follower) -> Why | None:
    """Why our words do not reach this person now; None when nothing is known against it."""
    if follower.left_at is not None or follower.held in NOT_THERE:
        return "gone"
    if follower.held is not None:
        return "wait"
    return "fails" if follower.tries >= TELL_AFTER else None


def untold(db: Session, most: int) -> list[tuple[UUID, UUID]]:
    """Followers whom our words do not reach, each with an open ticket that does not say so: it was opened since."""
    since = func.coalesce(Follower.left_at, Follower.heard_at) - literal(NOT_AGAIN_FOR, Interval())
    says = exists().where(
        TicketEvent.ticket_id == Ticket.id,
        TicketEvent.kind == KIND,
        TicketEvent.text.in_([NOTES[why] for why in UNREACHED]),
        TicketEvent.at > since,
    )
    unreached = or_(Follower.left_at.is_not(None), Follower.held.is_not(None), Follower.tries >= TELL_AFTER)
    rows = db.execute(
        select(Follower.id, Ticket.id)
        .join(Ticket, Ticket.resident_id == Follower.resident_id)
        .where(unreached, Ticket.closed_at.is_(None), ~says)
        .limit(most)
    )
    return [(follower_id, ticket_id) for follower_id, ticket_id in rows]
