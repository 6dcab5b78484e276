"""R07, each channel by itself: nine ways of failing, none believed, none that holds a sender for long.

That the second channel is reached in two minutes is `tests/faults/test_second_channel.py`.
"""

import threading
from collections.abc import Callable

import pytest

from escalation.channels import Channel, ChannelFailure, PermanentFailure, TemporaryFailure
from escalation.channels.allowed import AllowedHosts
from escalation.channels.dingtalk import DingtalkChannel
from escalation.channels.mail import MailChannel
from escalation.channels.sms import SmsChannel
from escalation.channels.webhook import WebhookChannel
from escalation.channels.wecom import WecomChannel
from tests.escalation.channels.notices import a_notice
from tests.support import bad_providers
from tests.support.bad_providers import HTTP_MODES, MAIL_MODES, SECRET, BadProvider

BUDGET, DRIPPING = 0.5, 1.5
"""A second passes between two bytes that drip: only a limit for the whole exchange ends that one."""
HERE = AllowedHosts([], loopback=True)
NEVER = {"code_never", "never550"}
SENT: dict[str, tuple[Callable[[], BadProvider], Callable[[BadProvider, float], tuple[Channel, str]]]] = {
    "dingtalk": (
        bad_providers.dingtalk,
        lambda robot, budget: (DingtalkChannel(HERE, budget), f"{robot.url}#{SECRET}"),
    ),
    "wecom": (bad_providers.wecom, lambda robot, budget: (WecomChannel(HERE, budget), robot.url)),
    "sms": (
        bad_providers.sms,
        lambda gateway, budget: (SmsChannel(gateway.url, SECRET, "心桥", budget), "13800000000"),
    ),
    "webhook": (bad_providers.wecom, lambda gateway, budget: (WebhookChannel(gateway.url, budget), "")),
}


@pytest.mark.parametrize("name", [name for name in SENT if name != "webhook"])
def test_a_provider_that_works_is_believed(name: str) -> None:
    make, send_to = SENT[name]
    with bad_providers.listening(make()) as provider:
        channel, to = send_to(provider, BUDGET)
        receipt = channel.send(a_notice(to=to))
    assert receipt.channel == name
    assert receipt.reference
    assert len(provider.said) == 1
    assert isinstance(channel, Channel)


@pytest.mark.parametrize("mode", HTTP_MODES)
@pytest.mark.parametrize("name", SENT)
def test_a_provider_that_fails_is_not_believed(name: str, mode: str) -> None:
    make, send_to = SENT[name]
    with bad_providers.listening(make(), mode) as provider:
        channel, to = send_to(provider, DRIPPING if mode == "slow" else BUDGET)
        failure = _fails(lambda: channel.send(a_notice(to=to)))
    refused = mode in NEVER or (name == "webhook" and mode == "code_later")
    assert type(failure) is (PermanentFailure if refused else TemporaryFailure)
    assert provider.said == []
    if mode == "too_many":
        assert isinstance(failure, TemporaryFailure)
        assert failure.retry_after == 7


@pytest.mark.parametrize("mode", MAIL_MODES)
def test_a_mail_server_that_fails_is_not_believed(mode: str) -> None:
    with bad_providers.mail(mode) as server:
        budget = DRIPPING if mode == "slow" else BUDGET
        channel = MailChannel("127.0.0.1", server.port, "duty@xinqiao.example", budget, security="none")
        failure = _fails(lambda: channel.send(a_notice(to="officer@puyan.example")))
    assert type(failure) is (PermanentFailure if mode in NEVER else TemporaryFailure)
    assert server.said == []


def _fails(send: Callable[[], object]) -> ChannelFailure:
    """The failure that sending ends in. The sender must be free again long before ten seconds are over."""
    ended: list[ChannelFailure] = []

    def sending() -> None:
        try:
            send()
        except ChannelFailure as failure:
            ended.append(failure)

    worker = threading.Thread(target=sending, daemon=True)
    worker.start()
    worker.join(10)
    assert not worker.is_alive(), "the sender is held up"
    [failure] = ended
    return failure


@pytest.mark.parametrize(("name", "silence"), [("dingtalk", 600), ("wecom", 60), ("sms", 60)])
def test_a_provider_that_is_sent_too_much_is_left_alone_for_as_long_as_it_is_deaf(
    name: str, silence: float
) -> None:
    make, send_to = SENT[name]
    with bad_providers.listening(make(), "code_later") as provider:
        channel, to = send_to(provider, BUDGET)
        failure = _fails(lambda: channel.send(a_notice(to=to)))
    assert isinstance(failure, TemporaryFailure)
    assert failure.retry_after == silence


@pytest.mark.parametrize("name", SENT)
def test_a_failure_repeats_neither_the_provider_nor_the_address(name: str) -> None:
    make, send_to = SENT[name]
    provider = make()
    provider.never = {"errcode": 4, "errmsg": "余大姐", "code": "余大姐<"}
    with bad_providers.listening(provider, "code_never"):
        channel, to = send_to(provider, BUDGET)
        failure = _fails(lambda: channel.send(a_notice(to=to)))
    for word in ("余大姐", SECRET, "token", "127.0.0.1", "138000"):
        assert word not in f"{failure}{failure!r}"
    assert failure.__cause__ is None
