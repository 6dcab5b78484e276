"""Which whole messages are a wish, and which are words: what was asked goes first, and nothing is lost on the way."""

import asyncio
import uuid
from typing import Any

import pytest
from sqlalchemy import select

from bot.transcript import Bubble, Message
from escalation.ticket import Ticket
from residents.follower import Follower
from residents.resident import Scope
from residents.session import ResidentSession
from residents.store import consents_of
from server.wechat.door import _Wait
from server.wechat.messages import read_said
from server.wechat.saying import Asked, Offer
from tests.support.town import Officer
from tests.support.wechat import Somebody, WechatTown
from tests.wechat.test_story import LINES, rows

SHORT = ("愿意", "不愿意", "同意", "不同意", "电话", "热线", "真人", "离开")


def heard(town: WechatTown) -> list[str]:
    """Everything that residents said, as it was kept."""
    with town.database.transaction() as db:
        said = db.scalars(select(Message).where(Message.author == "resident").order_by(Message.position))
        return [town.database.vault.open(message, "text") or "" for message in said]


def consents(town: WechatTown) -> dict[Scope, bool]:
    with town.database.transaction() as db:
        return consents_of(db, db.scalars(select(Follower)).one().resident_id)


def alive(town: WechatTown) -> bool:
    with town.database.transaction() as db:
        return db.scalars(select(ResidentSession)).one().ended_at is None


def asks(town: WechatTown, question: str) -> None:
    """From now on the dialogue answers everything with this."""

    async def send(sender: str, message: str, **_: Any) -> list[Bubble]:
        town.dialogue.heard.append((sender, message))
        return [Bubble(question, name="utter_question")]

    town.dialogue.send = send


def test_an_open_question_of_the_dialogue_is_answered(town: WechatTown, somebody: Somebody) -> None:
    somebody.agrees()
    asks(town, "您愿意跟家里人说说吗？想怎么联系？")
    somebody.says("跟女儿吵了一架")
    for answer in ("愿意", "不愿意", "同意", "不同意", "电话", "热线", "真人"):
        assert "家里人" in somebody.says(answer), answer
        assert heard(town)[-1] == answer
        assert town.dialogue.heard[-1][1] == answer
    assert consents(town)[Scope.CHAT]
    assert rows(town, Ticket) == 0


def test_an_open_question_of_a_form_is_answered(town: WechatTown, somebody: Somebody) -> None:
    somebody.agrees()
    somebody.event("CLICK", "test")
    assert "第 1 题" in somebody.says("1")
    for answer in ("愿意", "不愿意", "同意", "不同意", "电话", "热线", "真人"):
        assert "题，一共" in somebody.says(answer), "it is asked again"
        assert heard(town)[-1] == answer
    assert consents(town)[Scope.SCREENING]


def test_nobody_takes_consent_back_by_not_being_willing(town: WechatTown, somebody: Somebody) -> None:
    somebody.agrees()
    somebody.says("心里烦")
    somebody.says("不愿意")
    assert heard(town) == ["心里烦", "不愿意"]
    assert consents(town)[Scope.CHAT]
    assert "不保存" in somebody.says("撤回同意")
    assert not consents(town)[Scope.CHAT]
    somebody.says("愿意")
    assert consents(town)[Scope.CHAT], "that was asked for"


def test_a_button_of_the_account_is_always_what_it_says(town: WechatTown, somebody: Somebody) -> None:
    somebody.agrees()
    asks(town, "您愿意说说吗？")
    somebody.says("心里烦")
    assert "12356" in (somebody.event("CLICK", "hotlines") or "")
    assert "已经同意过" in (somebody.event("CLICK", "agree") or "")
    assert somebody.event("CLICK", "a key of nobody's"), "it is answered"
    somebody.event("CLICK", "leave")
    assert not alive(town)


@pytest.fixture
def worker(town: WechatTown, somebody: Somebody) -> Officer:
    """A worker who has joined this person's chat."""
    somebody.agrees()
    somebody.says("我不想活了，浦沿街道东冠社区7幢")
    officer = town.officer("desk", "duty_officer", "周平")
    officer.acknowledges(code(town))
    officer.does("POST", f"/tickets/{code(town)}/chat", {"action": "join"})
    says(officer, town, "您愿意去医院看看吗？")
    assert "周平" in somebody.later()
    return officer


def code(town: WechatTown) -> str:
    with town.database.transaction() as db:
        return db.scalars(select(Ticket)).one().code


def says(officer: Officer, town: WechatTown, text: str) -> None:
    body = {"client_id": str(uuid.uuid4()), "text": text}
    officer.does("POST", f"/tickets/{code(town)}/chat/messages", body)


def test_a_worker_in_the_chat_hears_every_word(town: WechatTown, somebody: Somebody, worker: Officer) -> None:
    every = (*SHORT, "1", "找真人", "网页", "跳过", "先停", "热线电话")
    for answer in every:
        assert somebody.sends("text", Content=answer) is None, answer
        assert heard(town)[-1] == answer
        assert alive(town)
        assert consents(town)[Scope.CHAT]
    shown = str(worker.does("GET", f"/tickets/{code(town)}/chat"))
    assert all(f"'{answer}'" in shown for answer in every)


def test_before_a_worker_leaving_and_erasing_are_words_first_and_done_when_said_again(
    town: WechatTown, somebody: Somebody, worker: Officer
) -> None:
    for wish in ("退出", "撤回同意", "删除"):
        assert f"再回复一次“{wish}”" in somebody.says(wish)
        assert heard(town)[-1] == wish
        says(worker, town, f"您说的{wish}是什么意思？")
        assert "周平" in somebody.later()
        somebody.says(wish)
        assert heard(town)[-1] == wish, "an answer to the worker"
        assert alive(town)
        assert consents(town)[Scope.CHAT]
        somebody.says("没什么")
    somebody.says("退出")
    somebody.says("退出")
    assert not alive(town)


def test_danger_is_read_before_anything_else_that_words_may_be(town: WechatTown, somebody: Somebody) -> None:
    """Even of a message that is a button, word for word."""
    somebody.agrees()
    dangerous = "我不想活了"

    async def send(sender: str, message: str, **_: Any) -> list[Bubble]:
        button = {"title": dangerous, "choice": "talk"}
        return [Bubble("您想说哪个？", name="utter_choose", buttons=[button])]

    town.dialogue.send = send
    assert f"1 {dangerous}" in somebody.says("心里烦")
    assert all(line in somebody.says(dangerous) for line in LINES)
    assert rows(town, Ticket) == 1


def test_what_cannot_be_read_is_no_wish(town: WechatTown, somebody: Somebody) -> None:
    somebody.agrees()
    somebody.says("心里烦")
    reader = town.services.conversation.recogniser
    town.services.conversation.recogniser = Broken()  # type: ignore[assignment]
    try:
        somebody.says("撤回同意")
    finally:
        town.services.conversation.recogniser = reader
    assert heard(town)[-1] == "撤回同意"
    assert consents(town)[Scope.CHAT]


class Broken:
    """A reader that fails at everything."""

    def __getattr__(self, name: str) -> Any:
        raise OSError("away")


# --- erasing ----------------------------------------------------------------------------------------


def test_the_request_to_erase_is_never_its_own_confirmation(town: WechatTown, somebody: Somebody) -> None:
    """The program dies before it has answered; WeChat sends the same message again."""
    somebody.agrees()
    somebody.says("我最近很烦")
    door = town.wechat.door
    settle, door._settle = door._settle, _dies  # type: ignore[method-assign]
    plain = somebody.message("text", Content="删除", MsgId="4712")
    assert "故障" in (somebody.opened(somebody.posts(plain)) or "")
    door._settle = settle  # type: ignore[method-assign]
    town.clock.advance(seconds=6)
    for _ in range(3):
        assert "再回复一次" in (somebody.opened(somebody.posts(plain)) or "")
        town.clock.advance(seconds=6)
    assert heard(town) == ["我最近很烦"]
    assert "删好了" in somebody.says("删除")
    assert heard(town) == []


def _dies(*_: object) -> None:
    raise OSError("gone")


def test_a_confirmation_that_was_broken_off_is_one_when_it_comes_again(
    town: WechatTown, somebody: Somebody
) -> None:
    somebody.agrees()
    somebody.says("我最近很烦")
    somebody.says("删除")
    conversation = town.services.conversation
    erase, conversation.erase = conversation.erase, _falls  # type: ignore[method-assign]
    plain = somebody.message("text", Content="删除", MsgId="4713")
    assert "故障" in (somebody.opened(somebody.posts(plain)) or "")
    conversation.erase = erase  # type: ignore[method-assign]
    town.clock.advance(seconds=6)
    assert "删好了" in (somebody.opened(somebody.posts(plain)) or "")
    assert heard(town) == []


async def _falls(*_: object) -> None:
    raise OSError("gone")


def test_words_between_undo_the_asking_although_they_are_not_answered_yet(
    town: WechatTown, somebody: Somebody
) -> None:
    somebody.agrees()
    somebody.says("删除")
    door = town.wechat.door
    settle, door._settle = door._settle, _dies  # type: ignore[method-assign]
    somebody.says("算了，还是聊聊吧")
    door._settle = settle  # type: ignore[method-assign]
    assert "再回复一次" in somebody.says("删除")


@pytest.mark.parametrize(
    ("words", "answer"),
    [("我不想活了", LINES), ("今天天气不错", ("同意",)), ("热线", LINES), ("同意", ("welcome",))],
)
def test_what_comes_while_everything_is_erased_is_heard_as_of_somebody_new(
    town: WechatTown, somebody: Somebody, words: str, answer: tuple[str, ...]
) -> None:
    """They were found, and then there is nobody any more to whom their words could be kept."""
    somebody.agrees()
    somebody.says("我最近很烦")
    somebody.says("删除")
    door, conversation = town.wechat.door, town.services.conversation
    keep = door._keep

    def keep_and_erase(*said: Any) -> Any:
        kept = keep(*said)
        door._keep = keep  # type: ignore[method-assign]
        loop = asyncio.new_event_loop()
        loop.run_until_complete(conversation.erase(kept.session))
        loop.close()
        return kept

    door._keep = keep_and_erase  # type: ignore[method-assign]
    told = somebody.says(words)
    assert all(sign in told for sign in answer), told
    assert rows(town, Ticket) == (1 if words == "我不想活了" else 0)
    assert rows(town, Follower) == 1
    assert "我最近很烦" not in heard(town)


# --- what cannot be kept at once ----------------------------------------------------------------------


@pytest.mark.parametrize("patience", [60.0, 0.05])
def test_danger_that_could_not_be_kept_is_kept_as_soon_as_it_can_be(
    town: WechatTown, somebody: Somebody, patience: float
) -> None:
    """The database was away for a moment. WeChat does not send again what was answered."""
    somebody.agrees()
    door = town.wechat.door
    door.patience, door.again_after = patience, (0.01, 0.01, 0.01)
    keep, fails = door._keep, iter((True, True, False))

    def comes_back(*said: Any) -> Any:
        if next(fails, False):
            asyncio.run(asyncio.sleep(0.2))
            raise OSError("away")
        return keep(*said)

    door._keep = comes_back  # type: ignore[method-assign]
    somebody.sends("text", Content="我不想活了")
    town.run(door.finish())
    assert heard(town) == ["我不想活了"]
    assert rows(town, Ticket) == 1
    told = somebody.later()
    assert all(line in told for line in LINES), told


def catches(town: WechatTown, *, seconds: float = 0) -> list[Any]:
    """What comes to the door from now on; between two tries of it so much time passes."""
    door, caught = town.wechat.door, []
    keep = door._keep

    def keeps(*said: Any) -> Any:
        caught.append(said)
        town.clock.advance(seconds=seconds)
        return keep(*said)

    door._keep = keeps  # type: ignore[method-assign]
    return caught


def dies_once(of: Any, name: str) -> None:
    """The next time this is called the database is away."""
    real = getattr(of, name)

    def away(*_: Any) -> Any:
        setattr(of, name, real)
        raise OSError("away")

    setattr(of, name, away)


def test_a_claim_that_nobody_could_let_go_is_not_taken_for_heard(
    town: WechatTown, somebody: Somebody
) -> None:
    """It was taken in, then the database went away; the claim stands, and nobody is at it."""
    somebody.agrees()
    door = town.wechat.door
    door.again_after = (0.01,) * 6
    tries = catches(town, seconds=2)
    dies_once(town.services.conversation, "_hear")
    dies_once(door, "_let_go")
    assert "故障" in (somebody.sends("text", Content="我不想活了") or "")
    town.run(door.finish())
    assert len(tries) > 2, "the first ones met the claim"
    assert heard(town) == ["我不想活了"]
    assert rows(town, Ticket) == 1
    told = somebody.later()
    assert all(line in told for line in LINES), told


def test_what_was_given_up_meanwhile_is_heard_when_it_can_be(town: WechatTown, somebody: Somebody) -> None:
    """The clocks were back before the next try came, and have asked for it again."""
    somebody.agrees()
    door = town.wechat.door
    tries = catches(town)
    dies_once(town.services.conversation, "_hear")
    dies_once(door, "_let_go")
    somebody.sends("text", Content="我不想活了")
    town.clock.advance(seconds=40)
    assert "没有收到" in somebody.later()
    door.again_after = (0.01,)
    town.run(door._try_again(*tries[0]))
    assert heard(town) == ["我不想活了"]
    assert rows(town, Ticket) == 1
    told = somebody.later()
    assert all(line in told for line in LINES), told


def test_what_another_process_took_and_died_with_is_heard_by_whoever_has_it_too(
    town: WechatTown, somebody: Somebody
) -> None:
    somebody.agrees()
    door = town.wechat.door
    door.again_after = (0.01,) * 6
    message = somebody.message("text", Content="我不想活了", MsgId="4714")
    town.run(
        door._in_thread(door._keep, read_said(message, "gh"), _Wait(town.clock.now))
    )  # and then it is gone
    tries = catches(town, seconds=2)
    assert somebody.opened(somebody.posts(message)) is None
    town.run(door.finish())
    assert len(tries) > 2
    assert heard(town) == ["我不想活了"]
    told = somebody.later()
    assert all(line in told for line in LINES), told


def test_an_answer_whose_keeping_was_not_acknowledged_is_sent_once(
    town: WechatTown, somebody: Somebody
) -> None:
    """It was committed, and then the line broke: WeChat has been told of a fault instead of the crisis card."""
    somebody.agrees()
    door = town.wechat.door
    door.again_after = (0.01, 0.01)
    settle = door._settle

    def settles(*kept: Any) -> Any:
        door._settle = settle  # type: ignore[method-assign]
        settle(*kept)
        raise OSError("away")

    door._settle = settles  # type: ignore[method-assign]
    dies_once(door, "_queue_for")  # and once more
    plain = somebody.message("text", Content="我不想活了", MsgId="4715")
    assert "故障" in (somebody.opened(somebody.posts(plain)) or "")
    town.run(door.finish())
    told = somebody.later()
    assert all(line in told for line in LINES), told
    assert "编号" in told
    assert somebody.opened(somebody.posts(plain)) is None
    assert somebody.later() == "", "once"
    assert rows(town, Ticket) == 1


def test_a_digit_that_is_heard_late_chooses_nothing_of_what_was_offered_since(
    town: WechatTown, somebody: Somebody
) -> None:
    somebody.agrees()
    somebody.event("CLICK", "test")
    door = town.wechat.door
    keep, held = door._keep, []

    def away(*said: Any) -> Any:
        held.append(said)
        raise OSError("away")

    door._keep = away  # type: ignore[method-assign]
    somebody.says("1")
    door._keep = keep  # type: ignore[method-assign]
    town.clock.advance(seconds=3)
    assert "第 1 题" in somebody.says("1")
    said, wait = held[0]
    town.run(door._whole(said, wait))
    with town.database.transaction() as db:
        assert db.scalars(select(Message).where(Message.author == "resident")).one().position >= 0
    assert heard(town) == ["1"], "it is words"


def test_what_was_offered_and_is_over_is_words(town: WechatTown, somebody: Somebody) -> None:
    somebody.agrees()
    somebody.says("心里烦")
    door = town.wechat.door
    with town.database.transaction() as db:
        follower = db.scalars(select(Follower)).one()
        door._keep_menu(follower, (Offer("choose", "step_better", "好一点了"),), Asked())
    assert "listening" in somebody.says("好一点了")
    assert heard(town)[-1] == "好一点了"
