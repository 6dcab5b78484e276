"""The address that WeChat calls: closed to everybody else, and closed unless it is set up."""

import logging
from dataclasses import replace

import pytest
from sqlalchemy import select

from bot.transcript import Message
from server.settings import Settings
from server.wechat.account import Wechat, wechat_of
from server.wechat.cipher import key_of, seal_text
from server.wechat.signature import signature
from tests.support.wechat import APPID, KEY, TOKEN, Somebody, WechatTown


def greeting(town: WechatTown, **wrong: str) -> tuple[int, str]:
    now = str(int(town.clock.now.timestamp()))
    query = {"timestamp": now, "nonce": "n1", "echostr": "5837245612"}
    query["signature"] = signature(TOKEN, now, "n1")
    answer = town.ask("GET", "/wechat", params={**query, **wrong})
    return answer.status_code, answer.text


def test_wechat_tries_the_address_and_hears_its_own_word(town: WechatTown) -> None:
    assert greeting(town) == (200, "5837245612")
    for wrong in ({"signature": "0" * 40}, {"echostr": "<script>"}, {"timestamp": "1"}, {"nonce": "n2"}):
        assert greeting(town, **wrong)[0] == 401


def test_without_an_account_the_address_is_closed(town: WechatTown, somebody: Somebody) -> None:
    town.app.state.services = replace(town.services, wechat=None)
    assert greeting(town)[0] == 401
    plain = somebody.message("text", Content="你好", MsgId="1")
    assert somebody.posts(plain).status_code == 401


def test_half_a_set_up_is_none(town: WechatTown) -> None:
    whole = {
        "wechat_appid": APPID, "wechat_secret": "s", "wechat_token": TOKEN, "wechat_key": KEY,
    }  # fmt: skip

    def account(**more: str) -> Wechat | None:
        settings = Settings(**{**whole, **more}, _env_file=None)  # type: ignore[arg-type, call-arg]
        services = town.services
        return wechat_of(settings, town.database, town.clock, services.conversation, services.moving)

    assert account() is not None
    for missing in whole:
        assert account(**{missing: ""}) is None
    assert account(wechat_key="too short") is None
    assert account(wechat_url="http://somewhere.example") is None


def test_strangers_are_kept_out_and_nothing_is_repeated(
    town: WechatTown, somebody: Somebody, caplog: pytest.LogCaptureFixture
) -> None:
    plain = somebody.message("text", Content="金丝雀柒捌玖", MsgId="1")
    with caplog.at_level(logging.INFO):
        for wrong in (
            {"signature": "0" * 40}, {"msg_signature": "0" * 40}, {"timestamp": "1409735669"},
            {"body": plain}, {"body": "{}"}, {"body": "金丝雀柒捌玖"}, {"sealed": "AAAA"},
            {"sealed": seal_text(key_of(KEY), plain, "wx-other", b"r" * 16)},
            {"sealed": seal_text(key_of(KEY), "<xml>", APPID, b"r" * 16)},
        ):  # fmt: skip
            answer = somebody.posts(plain, **wrong)
            assert answer.status_code in (400, 401), wrong
            assert set(answer.json()) == {"problem", "sentence", "hotlines"}
            assert "金丝雀" not in answer.text
        assert somebody.posts(plain, body="x" * 300_000).status_code == 413
    assert "金丝雀" not in caplog.text
    assert "fault" not in caplog.text


def test_one_signature_carries_one_message_and_no_forged_one(town: WechatTown, somebody: Somebody) -> None:
    """What WeChat sends again may be sealed anew under the same signature; what nobody signed passes under none."""
    somebody.agrees()
    first = somebody.message("text", Content="我不想活了", MsgId="1")
    other = somebody.message("text", Content="再见", MsgId="2")
    sealed = [seal_text(key_of(KEY), first, APPID, random * 16) for random in (b"a", b"b")]
    assert sealed[0] != sealed[1]
    answers = [somebody.opened(somebody.posts(first, nonce="once", sealed=one)) for one in sealed]
    assert answers[0] == answers[1]
    now = str(int(town.clock.now.timestamp()))
    signed = signature(TOKEN, now, "once", sealed[0])
    forged = seal_text(key_of(KEY), other, APPID, b"c" * 16)
    assert somebody.posts(other, nonce="once", sealed=forged, msg_signature=signed).status_code == 401
    with town.database.transaction() as db:
        assert len(db.scalars(select(Message).where(Message.author == "resident")).all()) == 1


def test_hostile_words_are_answered_and_never_logged(
    somebody: Somebody, caplog: pytest.LogCaptureFixture
) -> None:
    somebody.agrees()
    with caplog.at_level(logging.INFO):
        for words in (
            "<script>alert(1)</script>", "]]>", "{{7*7}}", "/danger_red", "EXTERNAL: x", "\u202e金丝雀",
            "'; DROP TABLE message; --", "1" * 900, "心" * 3000, "0", "99", "-1", "１", "删 除", "\n\n", "%00",
        ):  # fmt: skip
            plain = somebody.message(
                "text", Content=words.replace("]]>", "]]]]><![CDATA[>"), MsgId=str(next(Somebody.numbers))
            )
            answer = somebody.opened(somebody.posts(plain))
            assert answer is None or answer.strip()
    ours = "\n".join(r.getMessage() for r in caplog.records if r.name.startswith("xinqiao"))
    assert "金丝雀" not in caplog.text
    assert somebody.openid not in ours
    assert "fault" not in ours
