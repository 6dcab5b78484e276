"""Text messages: what a telephone reads, how a request is signed, and which answers are believed."""

import json

import httpx
import pytest

from escalation.channels import PermanentFailure, TemporaryFailure
from escalation.channels.sms import MOST_BYTES, SmsChannel, signature
from tests.escalation.channels.notices import LINK, NOW, a_notice
from tests.support import bad_providers
from tests.support.bad_providers import SECRET

PHONE = "13800000000"


def answering(body: object) -> SmsChannel:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=httpx.ByteStream(json.dumps(body).encode()))

    client = httpx.Client(transport=httpx.MockTransport(answer))
    return SmsChannel("https://sms.example/send", SECRET, "心桥", 3, lambda: NOW, client)


def test_a_telephone_reads_who_sends_what_it_is_how_to_answer_and_the_link() -> None:
    with bad_providers.listening(bad_providers.sms()) as gateway:
        channel = SmsChannel(gateway.url, SECRET, "心桥", 3)
        receipt = channel.send(a_notice(to=PHONE, reply_code="483920"))
    [said] = gateway.said
    line = "红色工单 K-0731-7 · 浦沿街道 · 14:30 前回应 · 点开查看"
    assert (said.to, said.text) == (PHONE, f"【心桥】{line} 回复“签收 483920”接单 {LINK}")
    assert receipt.reference == "sms-1"


def test_a_text_is_at_most_four_parts() -> None:
    long = a_notice(
        to=PHONE, link="https://xinqiao.example/" + "k" * 200, reply_code="483920", text="长" * 140
    )
    with bad_providers.listening(bad_providers.sms()) as gateway:
        SmsChannel(gateway.url, SECRET, "心桥", 3).send(long)
    [said] = gateway.said
    assert len(said.text.encode("utf-16-le")) <= MOST_BYTES
    assert said.text.endswith(f"回复“签收 483920”接单 {long.link}")


def test_a_signature_covers_the_time_and_the_body() -> None:
    """Computed once with `printf '1\\n{}' | openssl dgst -sha256 -hmac secret`."""
    assert (
        signature("secret", "1", b"{}") == "9ac24343f3d1e3f780a9237ea898b18d017d7837c7b3f038010685aba2835fc9"
    )


@pytest.mark.parametrize(
    "to",
    [
        "",
        "+",
        "1380",
        "13800000000,13900000000",
        "138 0000 0000",
        "tel:13800000000",
        "１３８００００００００",
    ],
)
def test_what_is_no_number_is_not_sent_to(to: str) -> None:
    with pytest.raises(PermanentFailure, match="telephone"):
        answering({"code": "OK", "reference": "r"}).send(a_notice(to=to))


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        ({"code": "isp.SYSTEM_ERROR", "reference": "r"}, TemporaryFailure),
        ({"code": "isv.BUSINESS_LIMIT_CONTROL", "reference": "r"}, TemporaryFailure),
        ({"code": "Throttling.User", "reference": "r"}, TemporaryFailure),
        ({"code": "isv.AMOUNT_NOT_ENOUGH", "reference": "r"}, PermanentFailure),
        ({"code": "ok", "reference": "r"}, PermanentFailure),
        ({"code": "", "reference": "r"}, TemporaryFailure),
        ({"code": 0, "reference": "r"}, TemporaryFailure),
        ({"code": True, "reference": "r"}, TemporaryFailure),
        ({"errcode": 0, "receipt": "r"}, TemporaryFailure),
        ({"code": "OK"}, TemporaryFailure),
        ({"code": "OK", "reference": " "}, TemporaryFailure),
        ({"code": "OK", "reference": 5}, TemporaryFailure),
        ({"code": "OK", "reference": "r" * 300}, TemporaryFailure),
        ([], TemporaryFailure),
        ("OK", TemporaryFailure),
        (None, TemporaryFailure),
    ],
)
def test_an_answer_counts_only_when_it_says_what_was_agreed(answer: object, failure: type[Exception]) -> None:
    with pytest.raises(failure) as raised:
        answering(answer).send(a_notice(to=PHONE))
    assert type(raised.value) is failure


def test_a_gateway_needs_an_address_and_a_secret() -> None:
    with pytest.raises(ValueError, match="secret"):
        SmsChannel("https://sms.example", "", "心桥", 3)
    with pytest.raises(ValueError, match="address"):
        SmsChannel("https://me:pw@sms.example", SECRET, "心桥", 3)
