"""The webhook against a gateway that refuses, hangs and lies: what is believed, and what is tried again."""

import json
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest

from escalation.channels import Channel, Notice, PermanentFailure, Receipt, TemporaryFailure, notice_text
from escalation.channels.webhook import WebhookChannel, payload
from tests.support.bad_gateway import MODES, BadGateway, bad_gateway

NOW = datetime(2026, 11, 20, 6, 15, tzinfo=UTC)
DUE = datetime(2026, 11, 20, 6, 30, tzinfo=UTC)
NOTICE = Notice(
    ticket_code="K-0731-7",
    level_word="红色",
    place="浦沿街道",
    respond_by=DUE,
    link="https://xinqiao.example/console/tickets/K-0731-7",
    text=notice_text("K-0731-7", "红色", "浦沿街道", DUE, NOW),
    key="ticket-1/round-1/webhook",
    round=1,
)
BUDGET = 0.4


@pytest.fixture
def gateway() -> Iterator[BadGateway]:
    with bad_gateway() as running:
        yield running


def channel(gateway: BadGateway, budget: float = 5.0) -> WebhookChannel:
    return WebhookChannel(gateway.url, budget, httpx.Client(trust_env=False))


def test_a_notice_that_is_taken_brings_a_receipt(gateway: BadGateway) -> None:
    receipt = channel(gateway).send(NOTICE)

    [kept] = gateway.received
    assert receipt == Receipt("webhook", kept["receipt"])
    assert kept["key"] == NOTICE.key
    assert kept["notice"]["text"] == "红色工单 K-0731-7 · 浦沿街道 · 14:30 前回应 · 点开查看"
    assert gateway.rang("K-0731-7")


def test_the_webhook_keeps_the_promise_of_a_channel(gateway: BadGateway) -> None:
    assert isinstance(channel(gateway), Channel)


def test_a_notice_says_nothing_but_ticket_level_place_deadline_and_link() -> None:
    assert set(payload(NOTICE)) == {"ticket", "level", "place", "respond_by", "link", "text", "key", "round"}


@pytest.mark.parametrize(
    ("mode", "failure", "budget"),
    [
        ("refuse", PermanentFailure, 5.0),
        ("hang", TemporaryFailure, BUDGET),
        ("error500", TemporaryFailure, 5.0),
        ("too_many", TemporaryFailure, 5.0),
        ("lie_html", TemporaryFailure, 5.0),
        ("lie_errcode", PermanentFailure, 5.0),
        ("no_receipt", TemporaryFailure, 5.0),
        ("slow", TemporaryFailure, 1.5),
        ("slow_headers", TemporaryFailure, 1.5),
        ("cut", TemporaryFailure, 5.0),
        ("redirect", PermanentFailure, 5.0),
        ("huge", TemporaryFailure, 5.0),
    ],
)
def test_a_gateway_that_misbehaves_is_not_believed(
    gateway: BadGateway, mode: str, failure: type[Exception], budget: float
) -> None:
    gateway.behave(mode)
    with pytest.raises(failure):
        channel(gateway, budget).send(NOTICE)
    assert gateway.attempts == 1


@pytest.mark.parametrize("mode", ["hang", "slow", "slow_headers"])
def test_a_gateway_that_keeps_us_waiting_is_left_when_the_time_is_up(gateway: BadGateway, mode: str) -> None:
    gateway.behave(mode)
    with pytest.raises(TemporaryFailure, match="in time"):
        channel(gateway, BUDGET).send(NOTICE)


def test_every_way_of_misbehaving_is_tried() -> None:
    tried = {case[0] for case in test_a_gateway_that_misbehaves_is_not_believed.pytestmark[0].args[1]}
    assert tried | {"accept"} == set(MODES)


def test_an_answer_that_was_lost_is_sent_again_and_rings_once(gateway: BadGateway) -> None:
    gateway.behave("cut", times=1)
    with pytest.raises(TemporaryFailure):
        channel(gateway).send(NOTICE)
    receipt = channel(gateway).send(NOTICE)

    [kept] = gateway.received
    assert kept["times"] == 2
    assert kept["receipt"] == receipt.reference


def test_a_busy_gateway_says_when_to_come_back(gateway: BadGateway) -> None:
    gateway.behave("too_many")
    with pytest.raises(TemporaryFailure) as failure:
        channel(gateway).send(NOTICE)
    assert failure.value.retry_after == 7


def test_a_redirect_is_not_followed_even_by_a_client_that_would() -> None:
    called: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        called.append(str(request.url))
        return httpx.Response(
            302, stream=httpx.ByteStream(b""), headers={"Location": "http://10.0.0.1/admin"}
        )

    willing = httpx.Client(transport=httpx.MockTransport(answer), follow_redirects=True)
    with pytest.raises(PermanentFailure):
        WebhookChannel("https://gateway.example/notices", 5, willing).send(NOTICE)
    assert called == ["https://gateway.example/notices"]


def test_an_answer_without_end_is_not_read_to_its_end(gateway: BadGateway) -> None:
    gateway.behave("huge")
    with pytest.raises(TemporaryFailure, match="too long"):
        channel(gateway).send(NOTICE)


def test_nobody_at_home_may_be_there_later() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(TemporaryFailure):
        WebhookChannel(f"http://127.0.0.1:{port}/notices", 5).send(NOTICE)


def answering(status: int, content: bytes, headers: dict[str, str] | None = None) -> WebhookChannel:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(status, stream=httpx.ByteStream(content), headers=headers)

    return WebhookChannel(
        "https://gateway.example/notices", 5, httpx.Client(transport=httpx.MockTransport(answer))
    )


@pytest.mark.parametrize(
    ("status", "content", "failure"),
    [
        (200, b"", TemporaryFailure),
        (204, b"", TemporaryFailure),
        (200, b"null", TemporaryFailure),
        (200, b"[]", TemporaryFailure),
        (200, b"{}", TemporaryFailure),
        (200, b'{"errcode": "0", "receipt": "r"}', TemporaryFailure),
        (200, b'{"errcode": false, "receipt": "r"}', TemporaryFailure),
        (200, b'{"errcode": 0.0, "receipt": "r"}', TemporaryFailure),
        (200, b'{"errcode": null, "receipt": "r"}', TemporaryFailure),
        (200, b'{"errcode": 0, "receipt": ""}', TemporaryFailure),
        (200, b'{"errcode": 0, "receipt": 7}', TemporaryFailure),
        (200, b'{"errcode": 0, "receipt": "' + b"r" * 300 + b'"}', TemporaryFailure),
        (200, b'{"errcode": -1, "receipt": "r"}', TemporaryFailure),
        (200, b'{"errcode": 1, "receipt": "r"}', PermanentFailure),
        (200, b'{"errcode": ' + b"9" * 5000 + b"}", TemporaryFailure),
        (200, b"[" * 10000, TemporaryFailure),
        (200, b"\xff\xfe\x00{", TemporaryFailure),
        (301, b"", PermanentFailure),
        (304, b"", PermanentFailure),
        (400, b"", PermanentFailure),
        (401, b"", PermanentFailure),
        (404, b"", PermanentFailure),
        (408, b"", TemporaryFailure),
        (429, b"", TemporaryFailure),
        (502, b"<html>", TemporaryFailure),
        (503, b"", TemporaryFailure),
    ],
)
def test_an_answer_counts_only_when_it_says_what_was_agreed(
    status: int, content: bytes, failure: type[Exception]
) -> None:
    with pytest.raises(failure):
        answering(status, content).send(NOTICE)


def test_any_success_status_with_the_agreed_answer_counts() -> None:
    assert answering(202, b'{"errcode": 0, "receipt": " r-1 "}').send(NOTICE).reference == "r-1"


@pytest.mark.parametrize(
    ("asked", "waited"), [("0", 0), ("30", 30), ("-5", None), ("nan", None), ("1e9", 3600), ("soon", None)]
)
def test_a_gateway_cannot_silence_us_for_ever(asked: str, waited: float | None) -> None:
    with pytest.raises(TemporaryFailure) as failure:
        answering(503, b"", {"Retry-After": asked}).send(NOTICE)
    assert failure.value.retry_after == waited


def test_a_gateways_words_do_not_reach_our_logs() -> None:
    with pytest.raises(PermanentFailure) as failure:
        answering(403, "余大姐,浦沿".encode()).send(NOTICE)
    assert "余大姐" not in str(failure.value)


def test_a_cookie_that_the_gateway_sets_is_not_sent_back() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        agreed = httpx.ByteStream(b'{"errcode": 0, "receipt": "r"}')
        return httpx.Response(200, stream=agreed, headers={"Set-Cookie": "a=b; Path=/"})

    sender = WebhookChannel(
        "https://gateway.example/n", 5, httpx.Client(transport=httpx.MockTransport(answer))
    )
    sender.send(NOTICE)
    sender.send(NOTICE)
    assert [request.headers.get("Cookie") for request in seen] == [None, None]
    assert {str(request.url) for request in seen} == {"https://gateway.example/n"}


@pytest.mark.parametrize(
    "url",
    ["ftp://gateway/notices", "file:///etc/passwd", "http://", "//gateway", "https://me:pw@gateway/n", ""],
)
def test_an_address_that_is_no_plain_web_address_is_refused_at_the_start(url: str) -> None:
    with pytest.raises(ValueError, match="address"):
        WebhookChannel(url, 5)


@pytest.mark.parametrize("budget", [0, -1, 121, float("nan")])
def test_a_budget_is_a_few_seconds(budget: float) -> None:
    with pytest.raises(ValueError, match="budget"):
        WebhookChannel("http://127.0.0.1/n", budget)


@pytest.mark.parametrize(
    "change",
    [
        {"respond_by": datetime(2026, 11, 20, 6, 30)},
        {"key": "有中文"},
        {"key": ""},
        {"key": "a\r\nX-Evil: 1"},
    ],
)
def test_a_notice_that_no_channel_could_send_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"^a (notice's key|deadline) "):
        replace(NOTICE, **change)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("place", "sent"),
    [("浦沿街道滨文路12号", "浦沿街道滨文路**号"), ("电话１３８", "电话***"), ("浦" * 40, "浦" * 30)],
)
def test_a_number_in_a_place_stays_here_and_the_notice_still_goes(
    gateway: BadGateway, place: str, sent: str
) -> None:
    text = notice_text("K-0731-7", "红色", place, DUE, NOW)
    channel(gateway).send(replace(NOTICE, place=place, text=text))

    [kept] = gateway.received
    assert kept["notice"]["place"] == sent
    assert kept["notice"]["text"] == f"红色工单 K-0731-7 · {sent} · 14:30 前回应 · 点开查看"


@pytest.mark.parametrize(("text", "sent"), [("长" * 200, "长" * 140), ("两行\n字", "两行 字")])
def test_a_text_is_one_short_line(text: str, sent: str) -> None:
    assert payload(replace(NOTICE, text=text))["text"] == sent


def test_somebody_who_asks_for_a_person_at_a_kiosk_is_heard_in_round_nought(gateway: BadGateway) -> None:
    channel(gateway).send(replace(NOTICE, ticket_code="叫人", round=0))
    assert gateway.rang("叫人")


@pytest.mark.parametrize(
    ("due", "words"),
    [
        (datetime(2026, 11, 20, 6, 30, tzinfo=UTC), "14:30 前回应"),
        (datetime(2026, 11, 20, 16, 0, tzinfo=UTC), "明天 00:00 前回应"),
        (datetime(2026, 11, 21, 16, 0, tzinfo=UTC), "11月22日 00:00 前回应"),
    ],
)
def test_a_deadline_is_written_as_a_worker_reads_a_clock(due: datetime, words: str) -> None:
    assert words in notice_text("K-0731-7", "橙色", "西兴街道", due, NOW)


def test_a_demo_notice_says_that_it_is_one() -> None:
    assert notice_text("K-0731-7", "红色", "浦沿街道", DUE, NOW, demo=True).startswith("【演示】")


def test_a_notice_is_sent_in_readable_chinese(gateway: BadGateway) -> None:
    channel(gateway).send(NOTICE)
    assert json.loads(json.dumps(gateway.received[0]["notice"]))["place"] == "浦沿街道"
