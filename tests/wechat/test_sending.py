"""Answers that take longer than WeChat waits, and a WeChat that is as difficult as the real one."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import func, select

from escalation.ticket import TicketEvent
from residents.follower import Follower, WechatOutgoing
from residents.session import ResidentSession
from server.wechat.errors import NotReachable, TryLater, WaitForThem
from server.wechat.service import CustomerService
from tests.support.clock import MovableClock
from tests.support.wechat import APPID, SECRET, Somebody, WechatTown, Weixin


def waiting(town: WechatTown) -> int:
    with town.database.transaction() as db:
        return db.scalar(select(func.count()).select_from(WechatOutgoing)) or 0


@pytest.fixture
def slow(town: WechatTown) -> WechatTown:
    """A dialogue that thinks for longer than WeChat waits."""
    town.wechat.door.patience = 0.3
    answer = town.dialogue.send

    async def thinks(sender: str, message: str, **more: Any) -> Any:
        await asyncio.sleep(1.0)
        return await answer(sender, message, **more)

    town.dialogue.send = thinks
    return town


def test_what_takes_longer_than_wechat_waits_comes_by_itself(slow: WechatTown, somebody: Somebody) -> None:
    somebody.event("subscribe")
    assert somebody.sends("text", Content="同意") is None
    slow.run(slow.wechat.door.finish())
    assert "welcome" in somebody.later()
    assert somebody.later() == "", "once"
    assert waiting(slow) == 0


def test_danger_is_acted_on_although_the_answer_is_late(slow: WechatTown, somebody: Somebody) -> None:
    somebody.event("subscribe")
    somebody.says("同意")
    plain = somebody.message("text", Content="我不想活了", MsgId="99")
    assert somebody.opened(somebody.posts(plain)) is None
    assert somebody.opened(somebody.posts(plain)) is None, "sent again while it is being answered"
    slow.run(slow.wechat.door.finish())
    answer = somebody.later()
    assert all(line in answer for line in ("110", "120", "12356"))
    assert somebody.later() == ""
    assert slow.officer("desk", "duty_officer").tickets()


@pytest.fixture
def waits(town: WechatTown, somebody: Somebody) -> Somebody:
    """Somebody with an open ticket, for whom one message waits to be sent."""
    somebody.agrees()
    somebody.says("我不想活了")
    queue(town, "第一条")
    return somebody


def queue(town: WechatTown, *texts: str) -> None:
    with town.database.transaction() as db:
        follower = db.scalars(select(Follower)).one()
        town.wechat.door.queue(db, follower, texts)


def test_what_was_not_taken_is_sent_again_later(town: WechatTown, waits: Somebody) -> None:
    waits.later()
    for trouble in ("empty", "html", "error500", -1, 45009, 45011, 48001, 99999):
        queue(town, f"{trouble}")
        town.weixin.codes.append(trouble)
        assert waits.later() == "", trouble
        assert waits.later() == "", "not at once"
        town.clock.advance(minutes=11)
        assert waits.later() == f"{trouble}"
        assert waiting(town) == 0


def test_a_silent_wechat_holds_nothing_up_for_long(town: WechatTown, waits: Somebody) -> None:
    town.wechat.post.service._exchange.budget = 0.3
    town.weixin.codes.append("silent")
    assert waits.later() == ""
    town.clock.advance(minutes=1)
    assert waits.later() == "第一条"


def test_a_token_that_was_ended_is_renewed_and_the_message_goes(town: WechatTown, waits: Somebody) -> None:
    assert waits.later() == "第一条"
    for code in (40001, 40014, 42001):
        queue(town, f"{code}")
        town.weixin.ends_token()
        town.weixin.codes.append(code)
        assert waits.later() == f"{code}"
    assert town.weixin.forced == [False, True, True, True]


def test_a_token_is_asked_for_once_and_again_before_it_ends(town: WechatTown, waits: Somebody) -> None:
    queue(town, "二", "三")
    waits.later()
    assert town.weixin.tokens == 1
    town.clock.advance(minutes=116)
    queue(town, "四")
    assert waits.later() == "四"
    assert town.weixin.forced == [False, False]


def test_without_a_token_nothing_is_lost(town: WechatTown, waits: Somebody) -> None:
    town.weixin.token_codes.extend([40164, 45009, -1])
    for _ in range(3):
        assert waits.later() == ""
        town.clock.advance(minutes=11)
    assert waits.later() == "第一条"


@pytest.mark.parametrize("code", [45015, 45047])
def test_after_48_hours_it_waits_until_they_write_and_the_office_is_told(
    town: WechatTown, waits: Somebody, code: int
) -> None:
    town.clock.advance(hours=49)
    town.weixin.codes.append(code)
    assert waits.later() == ""
    town.clock.advance(hours=1)
    before = town.weixin.attempts
    assert waits.later() == ""
    assert town.weixin.attempts == before, "not tried for nothing"
    assert waiting(town) == 1
    with town.database.transaction() as db:
        told = db.scalars(select(TicketEvent).where(TicketEvent.kind == "wechat_stuck")).one()
    assert "打电话" in told.text
    assert "第一条" not in told.text

    waits.says("在吗")
    assert waits.later() == "第一条"


def test_who_unfollowed_is_not_tried_again_and_the_office_is_told(town: WechatTown, waits: Somebody) -> None:
    town.clock.advance(minutes=1)
    town.weixin.codes.append(43004)
    waits.later()
    town.clock.advance(hours=1)
    before = town.weixin.attempts
    waits.later()
    assert town.weixin.attempts == before
    with town.database.transaction() as db:
        told = db.scalars(select(TicketEvent).where(TicketEvent.kind == "wechat_stuck")).one()
    assert "取消关注" in told.text


def notes(town: WechatTown) -> list[str]:
    with town.database.transaction() as db:
        told = (
            select(TicketEvent.text).where(TicketEvent.kind == "wechat_stuck").order_by(TicketEvent.position)
        )
        return list(db.scalars(told))


def test_a_ticket_that_is_opened_after_they_unfollowed_says_so(town: WechatTown, somebody: Somebody) -> None:
    """Their last words were kept and not yet read; they unfollow; then the watch reads them."""
    somebody.agrees()
    conversation = town.services.conversation
    act = conversation._act

    def away(*_: Any) -> Any:
        raise OSError("away")

    conversation._act = away  # type: ignore[method-assign]
    somebody.says("永别了，我不想活了")
    somebody.event("unsubscribe")
    conversation._act = act  # type: ignore[method-assign]
    assert notes(town) == []
    town.clock.advance(seconds=30)
    town.jobs()
    assert town.officer("desk", "duty_officer").tickets()
    assert len(notes(town)) == 1
    assert "取消关注" in notes(town)[0]
    town.clock.advance(hours=3)
    town.jobs()
    assert len(notes(town)) == 1, "once"


@pytest.mark.parametrize(("code", "word"), [(45015, "48 小时"), (43004, "取消关注"), (48001, "没有发出去")])
def test_a_ticket_that_is_opened_after_wechat_took_nothing_says_so(
    town: WechatTown, somebody: Somebody, code: int, word: str
) -> None:
    somebody.agrees()
    town.clock.advance(minutes=1)
    queue(town, "第一条")
    for _ in range(6):
        town.weixin.codes.append(code)
        somebody.later()
        town.clock.advance(minutes=11)
    assert notes(town) == []
    with town.database.transaction() as db:
        session = db.scalars(select(ResidentSession)).one()
        town.services.conversation.intake.call_back(db, session, town.clock.now)
    town.weixin.codes.clear()
    town.weixin.codes.append(code)
    somebody.later()
    assert len(notes(town)) == 1
    assert word in notes(town)[0]
    somebody.later()
    assert len(notes(town)) == 1, "once"


def test_messages_come_in_order_and_one_that_waits_holds_no_other_person_up(
    town: WechatTown, waits: Somebody
) -> None:
    queue(town, "第二条", "第三条")
    other = town.somebody("oABCDEF-somebody_2")
    other.agrees()
    with town.database.transaction() as db:
        theirs = db.scalars(select(Follower).order_by(Follower.came_at.desc())).first()
        assert theirs is not None
        town.wechat.door.queue(db, theirs, ["给您的"])
    town.weixin.codes.append(45009)
    waits.later()
    assert "给您的" in other.later()
    town.clock.advance(minutes=11)
    assert waits.later() == "第一条\n第二条\n第三条"


def test_our_own_account_set_up_wrongly_is_no_persons_fault(
    wechat_server: Weixin, clock: MovableClock
) -> None:
    wrong = CustomerService(APPID, "another secret", wechat_server.url(), clock)
    with pytest.raises(TryLater) as told:
        wrong.send("o1", "您好")
    assert told.value.code == 40125
    assert SECRET not in str(told.value)
    right = CustomerService(APPID, SECRET, wechat_server.url(), clock)
    for code, kind in ((45015, WaitForThem), (43004, NotReachable), (40003, NotReachable)):
        wechat_server.codes.append(code)
        with pytest.raises(kind):
            right.send("o1", "您好")


def test_only_https_leaves_this_machine(clock: MovableClock) -> None:
    with pytest.raises(ValueError, match="https"):
        CustomerService(APPID, SECRET, "http://api.weixin.qq.com", clock)


def test_a_message_that_does_not_open_holds_nobody_up(town: WechatTown, waits: Somebody) -> None:
    with town.database.transaction() as db:
        db.scalars(select(WechatOutgoing)).one().text_sealed = b"damaged"
    queue(town, "第二条")
    assert waits.later() == "第二条"
    assert waiting(town) == 0
