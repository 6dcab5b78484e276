"""What WeChat's own published example says of signature and cipher, and everything that is not let in."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from server.wechat.cipher import key_of, open_text, seal_text
from server.wechat.envelope import Envelope
from server.wechat.errors import NotFromWechat, NotReadable
from server.wechat.messages import read_fields, read_said, text_reply
from server.wechat.signature import is_right, let_in, signature

APPID, TOKEN, KEY = "wx2c2769f8efd9abc2", "spamtest", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
STAMP, NONCE, SIGNED = "1409735669", "1320562132", "5d197aaffba7e9b25a30732f161a50dee96bd5fa"
SEALED = (
    "hyzAe4OzmOMbd6TvGdIOO6uBmdJoD0Fk53REIHvxYtJlE2B655HuD0m8KUePWB3+LrPXo87wzQ1QLvbeUgmBM4x6F8PGHQHFVAFmOD2LdJF9FrXpbUAh0"
    "B5GIItb52sn896wVsMSHGuPE328HnRGBcrS7C41IzDWyWNlZkyyXwon8T332jisa+h6tEDYsVticbSnyU8dKOIbgU6ux5VTjg3yt+WGzjlpKn6NPhRjpA91"
    "2xMezR4kw6KWwMrCVKSVCZciVGCgavjIQ6X8tCOp3yZbGpy0VxpAe+77TszTfRd5RJSVO/HTnifJpXgCSUdUue1v6h0EIBYYI1BD1DlD+C0CR8e6Oewpus"
    "jZ4uBl9FyJvnhvQl+q5rv1ixrcpCumEPo5MJSgM9ehVsNPfUM669WuMyVWQLCzpu9GhglF2PE="
)
"""WeChat's own example of an encrypted message, as its documentation has printed it for years."""
BODY = (
    f"<xml><ToUserName><![CDATA[gh_10f6c3c3ac5a]]></ToUserName><Encrypt><![CDATA[{SEALED}]]></Encrypt></xml>"
)


def at(moment: datetime) -> Callable[[], datetime]:
    return lambda: moment


THEN = datetime.fromtimestamp(int(STAMP), UTC)


def envelope(moment: datetime = THEN, appid: str = APPID, key: str = KEY) -> Envelope:
    return Envelope(appid, TOKEN, key, at(moment))


def test_the_published_example_is_opened() -> None:
    said = envelope().open(BODY.encode(), signature(TOKEN, STAMP, NONCE), SIGNED, STAMP, NONCE)
    assert (said.who, said.to, said.kind) == ("oyORnuP8q7ou2gfYjqLzSIWZf0rs", "gh_10f6c3c3ac5a", "text")
    assert (said.words, said.at) == ("abcdteT", 1409735668)
    assert "oyORnu" not in repr(said)
    assert "abcdteT" not in repr(said)


def test_the_published_signature_is_right_and_no_other() -> None:
    assert is_right(SIGNED, TOKEN, STAMP, NONCE, SEALED)
    assert not is_right(SIGNED.upper(), TOKEN, STAMP, NONCE, SEALED)
    assert not is_right("", TOKEN, STAMP, NONCE, SEALED)
    assert not is_right("金" * 40, TOKEN, STAMP, NONCE, SEALED)


@pytest.mark.parametrize(
    "wrong",
    [
        {"given": "0" * 40}, {"sealed_given": "0" * 40}, {"sealed_given": ""}, {"timestamp": "1409735670"},
        {"nonce": "1320562133"}, {"nonce": ""}, {"timestamp": "x"}, {"timestamp": "9" * 40},
        {"body": BODY.replace("hyzAe4", "hyzAe5").encode()},
        {"body": b"<xml><FromUserName>o1</FromUserName><MsgType>text</MsgType><CreateTime>1</CreateTime></xml>"},
    ],
    ids=str,
)  # fmt: skip
def test_nothing_else_is_let_in(wrong: dict[str, str | bytes]) -> None:
    good: dict[str, str | bytes] = {
        "body": BODY.encode(), "given": signature(TOKEN, STAMP, NONCE), "sealed_given": SIGNED,
        "timestamp": STAMP, "nonce": NONCE,
    }  # fmt: skip
    with pytest.raises(NotFromWechat):
        envelope().open(**{**good, **wrong})  # type: ignore[arg-type]


@pytest.mark.parametrize("minutes", [-6, 6])
def test_an_old_one_and_one_of_tomorrow_are_refused(minutes: int, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR), pytest.raises(NotFromWechat):
        let_in(TOKEN, signature(TOKEN, STAMP, NONCE), STAMP, NONCE, THEN + timedelta(minutes=minutes))
    assert "clock" in caplog.text, "if it is our clock that is wrong, somebody must hear of it"


def test_a_message_as_long_as_a_request_may_be_is_read() -> None:
    fields = "<FromUserName>o1</FromUserName><CreateTime>1</CreateTime><MsgType>text</MsgType>"
    said = read_said(f"<xml>{fields}<Content>{'心' * 60_000}我不想活了</Content></xml>", "gh")
    assert said.words.endswith("我不想活了")


def test_a_message_for_another_account_or_under_another_key_is_not_read(
    caplog: pytest.LogCaptureFixture,
) -> None:
    for other in (
        envelope(appid="wx0000000000000000"),
        envelope(key="0123456789ABCDEFGabcdefghijklmnopqrstuvwxyz"),
    ):
        with pytest.raises(NotReadable):
            other.open(BODY.encode(), signature(TOKEN, STAMP, NONCE), SIGNED, STAMP, NONCE)
        assert "the key" in caplog.text, "it was signed: words of somebody's are lost here"
        caplog.clear()


@pytest.mark.parametrize(
    ("wrong", "refused", "line"),
    [
        ({"body": b"<xml><Content>w</Content></xml>"}, NotFromWechat, "signed rightly, but not encrypted"),
        ({"body": b"<xml><Content>w"}, NotReadable, "the outer body is not readable"),
        ({"sealed_given": "0" * 40}, NotFromWechat, "what is encrypted is not"),
    ],
)  # fmt: skip
def test_whatever_is_signed_and_not_taken_is_an_error_in_the_log(
    wrong: dict[str, str | bytes],
    refused: type[Exception],
    line: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    good: dict[str, str | bytes] = {
        "body": BODY.encode(), "given": signature(TOKEN, STAMP, NONCE), "sealed_given": SIGNED,
        "timestamp": STAMP, "nonce": NONCE,
    }  # fmt: skip
    with pytest.raises(refused):
        envelope().open(**{**good, **wrong})  # type: ignore[arg-type]
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert line in caplog.text
    caplog.clear()
    with pytest.raises(NotFromWechat):
        envelope().open(**{**good, **wrong, "given": "0" * 40})  # type: ignore[arg-type]
    assert caplog.text == "", "a stranger fills no log"


@pytest.mark.parametrize(
    ("fields", "beside"),
    [
        ("<MsgType>location</MsgType><Label>滨江区闻涛路</Label><Location_X>30.1</Location_X>", "滨江区闻涛路"),
        ("<MsgType>link</MsgType><Title>题目</Title><Description>说明</Description><Url>u</Url>", "题目\n说明"),
        ("<MsgType>image</MsgType><PicUrl>p</PicUrl><MediaId>m</MediaId>", ""),
        ("<MsgType>text</MsgType><Content>话</Content><Title>不是</Title>", ""),
    ],
)  # fmt: skip
def test_what_a_place_and_a_link_are_called_is_found(fields: str, beside: str) -> None:
    said = read_said(f"<xml><FromUserName>o1</FromUserName><CreateTime>1</CreateTime>{fields}</xml>", "gh")
    assert said.beside == beside
    assert not beside or beside not in repr(said)


def test_what_is_sealed_is_opened_again_whatever_its_length() -> None:
    key = key_of(KEY)
    for length in (0, 1, 11, 12, 13, 31, 32, 33, 2000):
        text = "心" * length
        assert open_text(key, seal_text(key, text, APPID, b"r" * 16), APPID) == text


@pytest.mark.parametrize(
    "sealed", ["", "!", "AAAA", "A" * 64, SEALED[:-4], SEALED[:64], SEALED[64:], "心" * 64, SEALED + "AAAA"]
)
def test_a_damaged_one_is_refused_and_says_nothing(sealed: str) -> None:
    with pytest.raises(NotReadable) as refused:
        open_text(key_of(KEY), sealed, APPID)
    assert str(refused.value) == ""
    assert refused.value.__cause__ is None


@pytest.mark.parametrize("key", ["", "short", KEY + "x", KEY[:-1] + "=", KEY[:-1] + "心"])
def test_a_key_that_is_none_is_refused_at_the_start(key: str) -> None:
    with pytest.raises(ValueError, match="43"):
        key_of(key)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{}", b"<xml>", b"<html/>", b"\xff\xfe<", b"<xml>" + b"<a>" * 9000,
        b'<!DOCTYPE a [<!ENTITY b "c">]><xml>&b;</xml>',
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><xml/>', b"<xml>" + b"a" * 270_000 + b"</xml>",
        b'<?xml version="1.0" encoding="no-such"?><xml/>', b"<xml>\x00</xml>",
    ],
)  # fmt: skip
def test_what_is_no_such_xml_is_refused(body: bytes) -> None:
    with pytest.raises(NotReadable):
        read_fields(body)


@pytest.mark.parametrize(
    "fields",
    [
        "", "<MsgType>text</MsgType>", "<FromUserName>o 1</FromUserName>", "<FromUserName>o1</FromUserName>",
        "<FromUserName>o1</FromUserName><CreateTime>x</CreateTime><MsgType>text</MsgType>",
        "<FromUserName>o1</FromUserName><CreateTime>1</CreateTime>",
    ],
)  # fmt: skip
def test_a_message_without_what_every_message_has_is_refused(fields: str) -> None:
    with pytest.raises(NotReadable):
        read_said(f"<xml>{fields}</xml>", "gh_1")


def test_the_same_message_has_the_same_mark_and_another_has_another() -> None:
    def said(**more: str) -> str:
        fields = {"FromUserName": "o1", "CreateTime": "1", "MsgType": "text", "MsgId": "7", **more}
        return read_said(
            "<xml>" + "".join(f"<{k}>{v}</{k}>" for k, v in fields.items()) + "</xml>", "gh"
        ).mark

    assert said() == said(CreateTime="2")
    assert (
        len({said(), said(MsgId="8"), said(FromUserName="o2"), said(MsgId="", Event="CLICK", EventKey="a")})
        == 4
    )
    assert said(MsgId="", Event="CLICK", EventKey="a") != said(MsgId="", Event="CLICK", EventKey="b")


def test_an_answer_may_hold_anything_that_somebody_wrote() -> None:
    said = read_said(
        "<xml><FromUserName>o1</FromUserName><CreateTime>1</CreateTime><MsgType>text</MsgType></xml>", "gh"
    )
    for words in ("<b>&]]></b>", "a\x00\x08b\ud800", "心\u202e"):
        assert "Content" in read_fields(text_reply(said, words, 1))


def test_our_answer_opens_as_wechat_opens_it() -> None:
    ours = envelope()
    said = ours.open(BODY.encode(), signature(TOKEN, STAMP, NONCE), SIGNED, STAMP, NONCE)
    fields = read_fields(ours.close(said, "您好 <1>"))
    assert fields["MsgSignature"] == signature(TOKEN, fields["TimeStamp"], fields["Nonce"], fields["Encrypt"])
    inner = read_fields(open_text(key_of(KEY), fields["Encrypt"], APPID))
    assert (inner["ToUserName"], inner["FromUserName"], inner["Content"]) == (said.who, said.to, "您好 <1>")
