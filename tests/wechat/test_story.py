"""One person and the official account: the same conversation as at the other doors."""

import uuid

import pytest
from sqlalchemy import func, select, text

from bot.transcript import Message
from escalation.ticket import Ticket, TicketEvent
from residents.follower import Follower, WechatHeard, WechatOutgoing
from residents.resident import Resident
from residents.session import ResidentSession
from tests.support.wechat import Somebody, WechatTown

LINES = ("110", "120", "12356")


def rows(town: WechatTown, entity: type) -> int:
    with town.database.transaction() as db:
        return db.scalar(select(func.count()).select_from(entity)) or 0


def test_who_follows_hears_first_that_it_is_a_program_and_what_they_would_agree_to(
    somebody: Somebody,
) -> None:
    welcome = somebody.event("subscribe")
    assert welcome is not None
    for said in ("我是一个程序，不是真人", "同意", "退出", "删除", "生命可能有危险", "经过微信"):
        assert said in welcome


def test_without_agreeing_nothing_harmless_is_kept(town: WechatTown, somebody: Somebody) -> None:
    somebody.event("subscribe")
    answer = somebody.says("今天天气不错")
    assert "没有保存" in answer
    assert "同意" in answer
    assert rows(town, Message) == 0
    assert somebody.says("不同意").startswith("好的")
    assert "12356" in somebody.says("热线")


def test_who_agrees_talks_as_at_every_door(town: WechatTown, somebody: Somebody) -> None:
    assert "welcome" in somebody.agrees()
    assert "listening" in somebody.says("最近睡不好")
    with town.database.transaction() as db:
        session = db.scalars(select(ResidentSession)).one()
    assert session.door == "wechat"
    assert town.dialogue.heard[-1][1] == "最近睡不好"


def test_danger_opens_the_same_ticket_and_the_answer_has_the_numbers_and_the_code(
    town: WechatTown, somebody: Somebody
) -> None:
    somebody.agrees()
    answer = somebody.says("我不想活了")
    assert all(line in answer for line in LINES)
    with town.database.transaction() as db:
        ticket = db.scalars(select(Ticket)).one()
        assert town.database.vault.open(ticket, "resident_code") in answer
    officer = town.officer("desk", "duty_officer")
    assert ticket.code in {t["code"] for t in officer.tickets()}


def test_danger_counts_before_anything_was_agreed_to(town: WechatTown, somebody: Somebody) -> None:
    answer = somebody.says("我不想活了")
    assert all(line in answer for line in LINES)
    assert rows(town, Ticket) == 1
    assert rows(town, Message) > 0


def test_a_message_that_comes_three_times_is_one(town: WechatTown, somebody: Somebody) -> None:
    somebody.agrees()
    answers = [somebody.says("我不想活了", number=77) for _ in range(3)]
    assert len(set(answers)) == 1
    with town.database.transaction() as db:
        said = db.scalars(select(Message).where(Message.author == "resident")).all()
    assert len(said) == 1
    assert rows(town, Ticket) == 1


def test_what_arrives_after_we_were_away_is_heard_once(town: WechatTown, somebody: Somebody) -> None:
    """Down at the first try: WeChat's second one is the first that anybody here sees."""
    somebody.agrees()
    plain = somebody.message("text", Content="我不想活了", MsgId="4711")
    keep, town.wechat.door._keep = town.wechat.door._keep, _falls_over  # type: ignore[method-assign]
    broken = somebody.opened(somebody.posts(plain))
    assert broken is not None
    assert "120" in broken
    town.wechat.door._keep = keep  # type: ignore[method-assign]
    heard = [somebody.opened(somebody.posts(plain)) for _ in range(2)]
    assert heard[0] == heard[1]
    assert rows(town, Ticket) == 1


def _falls_over(_: object) -> None:
    raise OSError("away")


def test_who_dies_while_answering_leaves_nothing_unanswered(town: WechatTown, somebody: Somebody) -> None:
    """The words are kept, then the process is gone. WeChat does not send it again: the clocks answer."""
    somebody.agrees()
    conversation = town.services.conversation
    act, conversation._act = conversation._act, _dies  # type: ignore[method-assign]
    town.wechat.door.running.clear()
    assert "故障" in somebody.says("我不想活了")
    conversation._act = act  # type: ignore[method-assign]
    town.clock.advance(seconds=40)
    town.jobs()
    answer = somebody.later()
    assert all(line in answer for line in LINES)
    assert "收好了" in answer
    assert rows(town, Ticket) == 1


def _dies(*_: object) -> None:
    raise OSError("gone")


def test_a_screening_goes_by_digits_and_ends_with_its_result(town: WechatTown, somebody: Somebody) -> None:
    somebody.agrees()
    asks = somebody.event("CLICK", "test")
    assert asks is not None
    assert "1 同意，开始做" in asks
    question = somebody.says("1")
    assert "第 1 题" in question
    assert "1 " in question
    for _ in range(40):
        if "第" not in question or "题，一共" not in question:
            break
        question = somebody.says("2" if "\n2 没有" in question else "1")
    assert "您的小测试结果" in question
    assert "今晚可以" in question
    with town.database.transaction() as db:
        assert db.scalar(text("SELECT count(*) FROM rating")) == 1


def test_an_answer_of_danger_in_a_screening_asks_the_safety_questions(
    town: WechatTown, somebody: Somebody
) -> None:
    somebody.agrees()
    somebody.event("CLICK", "test")
    question = somebody.says("1")
    for _ in range(30):
        if "110" in question or rows(town, Ticket):
            break
        question = somebody.says("4" if "\n4 " in question else "1")
    assert all(line in question for line in LINES)
    assert rows(town, Ticket) == 1


def test_a_question_is_skipped_and_left_in_words(town: WechatTown, somebody: Somebody) -> None:
    somebody.agrees()
    somebody.event("CLICK", "test")
    first = somebody.says("1")
    assert "第 1 题" in first
    assert "第 2 题" in somebody.says("跳过")
    assert "paused" in somebody.says("先停")


def test_danger_said_in_the_middle_of_a_question_is_never_taken_for_an_option(
    town: WechatTown, somebody: Somebody
) -> None:
    somebody.agrees()
    somebody.event("CLICK", "test")
    somebody.says("1")
    assert all(line in somebody.says("1 我不想活了") for line in LINES)


def test_how_to_reach_them_is_asked_and_told_in_words(town: WechatTown, somebody: Somebody) -> None:
    somebody.agrees()
    answer = somebody.says("我不想活了")
    for _ in range(8):  # first the safety questions
        if "怎么称呼您" not in answer:
            answer = somebody.says("2")
    assert "怎么称呼您" in answer
    assert "哪个电话" in somebody.says("余大姐")
    assert "住在哪里" in somebody.says("13812345678")
    assert "方便吗" in somebody.says("浦沿街道东冠社区7幢")
    assert "找谁" in somebody.says("1")
    officer = town.officer("puyan")
    code = officer.only_ticket()["code"]
    officer.acknowledges(code)
    shown = officer.does("POST", f"/tickets/{code}/identity", {"reason": "准备上门"})
    assert (shown["name"], shown["phone"]) == ("余大姐", "13812345678")


def test_after_leaving_and_coming_back_everything_can_still_be_erased(
    town: WechatTown, somebody: Somebody
) -> None:
    somebody.agrees()
    somebody.says("我最近很烦，老是睡不着")
    assert "好的" in somebody.says("退出")
    again = somebody.says("你好")
    assert "程序" in again
    assert rows(town, ResidentSession) == 2
    assert rows(town, Resident) == 1

    asked = somebody.says("删除")
    assert "再回复一次“删除”" in asked
    assert "删好了" in somebody.says("删除")
    assert rows(town, Message) == 0
    for entity in (Follower, WechatHeard, WechatOutgoing):
        assert rows(town, entity) == 0
    assert "没有您的记录" in somebody.says("删除")
    assert rows(town, Follower) == 0


def test_the_last_conversation_is_erased_although_it_was_left(town: WechatTown, somebody: Somebody) -> None:
    somebody.agrees()
    somebody.says("我最近很烦")
    somebody.says("退出")
    somebody.says("删除")
    assert "删好了" in somebody.says("删除")
    assert rows(town, Message) == 0


def test_erasing_is_not_done_when_something_else_was_said_between(
    town: WechatTown, somebody: Somebody
) -> None:
    somebody.agrees()
    somebody.says("我最近很烦")
    somebody.says("删除")
    somebody.says("算了，还是聊聊吧")
    assert "再回复一次" in somebody.says("删除")
    assert rows(town, Message) > 0


def test_leaving_is_at_once_and_a_ticket_stays(town: WechatTown, somebody: Somebody) -> None:
    somebody.agrees()
    somebody.says("我不想活了")
    somebody.says("退出")
    with town.database.transaction() as db:
        assert db.scalars(select(ResidentSession)).one().ended_at is not None
        assert db.scalars(select(Ticket)).one().closed_at is None


def test_what_is_not_words_is_answered_kindly(somebody: Somebody) -> None:
    somebody.agrees()
    for kind, word in (
        ("image", "图片"),
        ("voice", "语音"),
        ("video", "视频"),
        ("link", "链接"),
        ("sticker", "打字"),
    ):
        answer = somebody.sends(kind, MediaId="m")
        assert answer is not None
        assert word in answer
    assert somebody.sends("location", Location_X="30.1", Location_Y="120.2") is not None


def test_what_nobody_can_read_is_known_to_whoever_has_their_ticket(
    town: WechatTown, somebody: Somebody
) -> None:
    somebody.agrees()
    somebody.says("我不想活了")
    for _ in range(2):
        assert "110" in (somebody.sends("voice", MediaId="m") or "")
    assert "打字" in somebody.says("【收到不支持的消息类型，暂无法显示】")
    with town.database.transaction() as db:
        told = db.scalars(select(TicketEvent).where(TicketEvent.kind == "wechat_stuck")).one()
    assert "语音" in told.text


@pytest.mark.parametrize("agrees", [True, False])
def test_whoever_can_only_speak_comes_to_a_person(town: WechatTown, somebody: Somebody, agrees: bool) -> None:
    somebody.event("subscribe")
    if agrees:
        somebody.says("同意")
    for _ in range(2):
        first = somebody.sends("voice", MediaId="m", number=88)
    assert first is not None
    assert "回复“找真人”" in first
    assert rows(town, Ticket) == 0, "sent twice by WeChat it is one"
    second = somebody.sends("voice", MediaId="m", number=89)
    assert second is not None
    assert "已经请工作人员" in second
    assert "语音" in second
    assert rows(town, Ticket) == 1
    with town.database.transaction() as db:
        ticket = db.scalars(select(Ticket)).one()
        assert ticket.kind == "call_back"
        assert db.scalars(select(ResidentSession)).one().worker_wanted
        told = db.scalars(select(TicketEvent).where(TicketEvent.kind == "wechat_stuck")).one()
    assert "语音" in told.text
    desk = town.officer("desk", "duty_officer")
    assert ticket.code in {t["code"] for t in desk.tickets()}
    assert "已经请工作人员" not in (somebody.sends("voice", MediaId="m") or ""), "not at every one of them"
    assert rows(town, Ticket) == 1
    if not agrees:
        assert "程序" in somebody.says("同意")


@pytest.mark.parametrize("agrees", [True, False])
@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("location", {"Location_X": "30.1", "Location_Y": "120.2", "Label": "我不想活了，在桥上"}),
        ("link", {"Title": "给家里人", "Description": "我不想活了", "Url": "http://example.org/"}),
    ],
)
def test_what_a_place_or_a_link_is_called_is_read_for_danger(
    town: WechatTown, somebody: Somebody, kind: str, fields: dict[str, str], agrees: bool
) -> None:
    somebody.event("subscribe")
    if agrees:
        somebody.says("同意")
    answer = somebody.sends(kind, **fields)
    assert answer is not None
    assert all(line in answer for line in LINES)
    assert rows(town, Ticket) == 1
    with town.database.transaction() as db:
        notes = db.scalars(select(TicketEvent).where(TicketEvent.kind == "wechat_stuck")).all()
    assert ["位置" in note.text for note in notes] == ([True] if kind == "location" else [])
    assert "桥上" not in str([note.text for note in notes])


def test_a_name_beside_something_else_is_kept_when_it_is_danger_and_is_never_a_wish(
    town: WechatTown, somebody: Somebody
) -> None:
    somebody.agrees()
    for title in ("今天的菜谱", "删除", "退出"):
        answer = somebody.sends("link", Title=title, Url="http://example.org/") or ""
        assert "链接我打不开" in answer
        assert "再回复一次" not in answer
    with town.database.transaction() as db:
        assert db.scalars(select(ResidentSession)).one().ended_at is None
        assert not db.scalars(select(Message).where(Message.author == "resident")).all()


def test_a_name_that_could_not_be_read_is_words(town: WechatTown, somebody: Somebody) -> None:
    somebody.agrees()
    conversation = town.services.conversation
    reader, conversation.recogniser = conversation.recogniser, None  # type: ignore[assignment]
    try:
        somebody.sends("location", Label="闻涛路")
    finally:
        conversation.recogniser = reader
    with town.database.transaction() as db:
        assert db.scalars(select(Message).where(Message.author == "resident")).one()


def test_before_a_worker_the_name_of_a_place_is_words_and_a_voice_calls_nobody_else(
    town: WechatTown, somebody: Somebody
) -> None:
    somebody.agrees()
    somebody.says("我不想活了")
    with town.database.transaction() as db:
        ticket = db.scalars(select(Ticket)).one()
    officer = town.officer("desk", "duty_officer", "周平")
    officer.acknowledges(ticket.code)
    officer.does("POST", f"/tickets/{ticket.code}/chat", {"action": "join"})
    somebody.later()
    somebody.sends("location", Location_X="30.1", Location_Y="120.2", Label="闻涛路江边")
    assert "闻涛路江边" in str(officer.does("GET", f"/tickets/{ticket.code}/chat"))
    for _ in range(2):
        answer = somebody.sends("voice", MediaId="m") or ""
        assert "语音" in answer
        assert "找真人" not in answer
        assert "已经请工作人员" not in answer
    with town.database.transaction() as db:
        told = db.scalars(select(TicketEvent).where(TicketEvent.kind == "wechat_stuck")).all()
    assert ["位置" in note.text for note in sorted(told, key=lambda n: n.position)] == [True, False]


def test_a_voice_that_wechat_wrote_down_is_read_for_danger(town: WechatTown, somebody: Somebody) -> None:
    somebody.agrees()
    answer = somebody.sends("voice", MediaId="m", Recognition="我不想活了。")
    assert answer is not None
    assert all(line in answer for line in LINES)
    assert rows(town, Ticket) == 1


def test_the_place_of_the_poster_is_known(town: WechatTown, somebody: Somebody) -> None:
    from datetime import date

    from residents import place_codes

    signed = place_codes.make(town.database.vault.sign, "puyan-hall", date(2030, 1, 1), site="binjiang")
    somebody.event("subscribe", f"qrscene_{signed}")
    somebody.says("同意")
    somebody.says("我不想活了")
    assert town.officer("puyan").only_ticket()


def test_a_worker_in_the_chat_is_read_in_wechat(town: WechatTown, somebody: Somebody) -> None:
    somebody.event("subscribe")
    somebody.agrees()
    somebody.says("我不想活了，浦沿街道东冠社区7幢")
    with town.database.transaction() as db:
        ticket = db.scalars(select(Ticket)).one()
    officer = town.officer("desk", "duty_officer", "周平")
    officer.acknowledges(ticket.code)
    officer.does("POST", f"/tickets/{ticket.code}/chat", {"action": "join"})
    officer.does(
        "POST",
        f"/tickets/{ticket.code}/chat/messages",
        {"client_id": str(uuid.uuid4()), "text": "我在，您说。"},
    )
    assert "周平（工作人员）：我在，您说。" in somebody.later()
    assert somebody.sends("text", Content="我在家") is None, "the program is silent while a person is there"
    shown = officer.does("GET", f"/tickets/{ticket.code}/chat")
    assert "我在家" in str(shown)


def test_the_page_is_reached_by_a_link_without_words(town: WechatTown, somebody: Somebody) -> None:
    somebody.agrees()
    somebody.says("我最近睡不着，心里烦")
    link = next(line for line in somebody.says("网页").splitlines() if "/q/#" in line)
    code = link.split("#")[1]
    assert code.isdigit()
    moved = town.ask("POST", "/api/sessions/moved", json={"code": code, "door": "phone"})
    assert moved.status_code == 201
    assert "睡不着" in moved.text
    cookie = moved.headers["set-cookie"].split(";")[0]
    said = {"client_id": str(uuid.uuid4()), "text": "现在我在网页上说"}
    answered = town.ask("POST", "/api/session/messages", json=said, cookie=cookie)
    assert answered.status_code == 200
    assert any(m["author"] == "program" for m in answered.json()["messages"])
    assert somebody.later() == "", "what is said there is not told where somebody else may read"
    assert "程序" in somebody.says("我又来微信了"), "a new conversation of the same person"
    assert rows(town, Resident) == 1


def test_who_unfollows_is_sent_nothing_and_the_ticket_stays(town: WechatTown, somebody: Somebody) -> None:
    somebody.agrees()
    somebody.says("我不想活了")
    assert somebody.event("unsubscribe") is None
    with town.database.transaction() as db:
        follower = db.scalars(select(Follower)).one()
        assert follower.openid_sealed is None
        assert db.scalars(select(Ticket)).one().closed_at is None
        told = db.scalars(select(TicketEvent).where(TicketEvent.kind == "wechat_stuck")).one()
    assert "取消关注" in told.text
    assert "又见面" in (somebody.event("subscribe") or "")


def test_an_unfollowing_that_comes_again_after_they_came_back_changes_nothing(
    town: WechatTown, somebody: Somebody
) -> None:
    somebody.agrees()
    gone = somebody.message("event", Event="unsubscribe", EventKey="")
    assert somebody.opened(somebody.posts(gone)) is None
    somebody.event("subscribe")
    somebody.says("我又来了")
    assert somebody.opened(somebody.posts(gone)) is None
    with town.database.transaction() as db:
        follower = db.scalars(select(Follower)).one()
        assert follower.openid_sealed is not None
        session = db.get(ResidentSession, follower.session_id)
        assert session is not None
        assert session.ended_at is None


def test_what_they_take_along_says_that_they_came_by_wechat(town: WechatTown, somebody: Somebody) -> None:
    somebody.agrees()
    with town.database.transaction() as db:
        session = db.scalars(select(ResidentSession)).one()
    exported = town.services.conversation.export(session)
    assert somebody.openid in str(exported["微信"])


def test_nothing_clear_names_them_in_the_database(town: WechatTown, somebody: Somebody) -> None:
    somebody.agrees()
    somebody.says("我不想活了")
    with town.database.transaction() as db:
        for table in (
            "wechat_follower",
            "wechat_heard",
            "wechat_outgoing",
            "resident_session",
            "audit_entry",
        ):
            for row in db.execute(text(f"SELECT row_to_json({table})::text FROM {table}")):
                assert somebody.openid not in row[0]
                assert "不想活" not in row[0]
