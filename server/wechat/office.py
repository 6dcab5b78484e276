"""What whoever has somebody's ticket in hand is told of WeChat: a line on the ticket, and no word of anybody's."""

from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from escalation import chain
from escalation.store import latest_ticket_of_session
from escalation.ticket import TicketEvent
from residents.follower import Follower

Why = Literal["wait", "gone", "fails", "unheard"]
NOTES: dict[Why, str] = {
    "wait": "居民的微信现在收不到我们的话（超过 48 小时没有来信，或发得太多）。请改打电话或上门。",
    "gone": "居民已经取消关注，微信上联系不到了。请改打电话或上门。",
    "fails": "发给居民的微信一直没有发出去，还在继续发。请改打电话或上门。",
    "unheard": "居民在微信里发来了语音、图片或别的东西，这里看不了，也没有保存，已请居民打字。可以打电话问问。",
}
NOT_AGAIN_FOR = timedelta(minutes=30)


def tell_office(db: Session, follower: Follower, why: Why, now: datetime) -> None:
    """Write it on the person's open ticket, if there is one; the same thing once in half an hour."""
    if follower.session_id is None:
        return
    ticket = latest_ticket_of_session(db, follower.session_id, follower.resident_id)
    if ticket is None or ticket.closed_at is not None:
        return
    told = select(TicketEvent.id).where(
        TicketEvent.ticket_id == ticket.id,
        TicketEvent.kind == "wechat_stuck",
        TicketEvent.text == NOTES[why],
        TicketEvent.at > now - NOT_AGAIN_FOR,
    )
    if db.scalar(told.limit(1)) is None:
        chain.note(db, ticket, "wechat_stuck", "微信", NOTES[why], now)
