"""The robots of DingTalk and WeCom: how a request is signed, what their limits are, and what they never say."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from escalation.channels import PermanentFailure, TemporaryFailure
from escalation.channels.allowed import AllowedHosts
from escalation.channels.dingtalk import DingtalkChannel, sign
from escalation.channels.wecom import MOST_BYTES, WecomChannel
from tests.escalation.channels.notices import LINK, a_notice
from tests.support import bad_providers
from tests.support.bad_providers import SECRET, TOKEN

HERE = AllowedHosts([], loopback=True)


def test_a_signature_is_the_one_of_the_providers_own_example() -> None:
    """Computed once with `printf '%s\\n%s' … | openssl dgst -sha256 -hmac … -binary | base64`."""
    assert sign("this is secret", "1577262236757") == "hmPWwU+7lVdm3ZZz0r9tSfx0L4Q26jWOZr9+Gs6EZQM="


def test_the_receipt_is_the_time_of_the_signature() -> None:
    with bad_providers.listening(bad_providers.dingtalk()) as robot:
        channel = DingtalkChannel(HERE, 3, lambda: datetime(2026, 11, 20, 6, 15, tzinfo=UTC))
        assert channel.send(a_notice(to=f"{robot.url}#{SECRET}")).reference == "1795155300000"


@pytest.mark.parametrize("secret", ["", "#", "#SEC-wrong"])
def test_a_robot_without_the_right_secret_is_refused(secret: str) -> None:
    with bad_providers.listening(bad_providers.dingtalk()) as robot, pytest.raises(PermanentFailure):
        DingtalkChannel(HERE, 3).send(a_notice(to=robot.url + secret))
    assert robot.said == []


@pytest.mark.parametrize("channel", [DingtalkChannel(HERE, 3), WecomChannel(HERE, 3)], ids=lambda c: c.name)
@pytest.mark.parametrize(
    "to", ["", "#SEC", "https://oapi.dingtalk.com/robot/send?access_token=t#SEC", "robot"]
)
def test_an_address_that_may_not_be_called_is_refused_at_once(
    channel: DingtalkChannel | WecomChannel, to: str
) -> None:
    with pytest.raises(PermanentFailure):
        channel.send(a_notice(to=to))


def test_a_robots_key_must_be_the_robots() -> None:
    with bad_providers.listening(bad_providers.wecom()) as robot:
        for key in ("", "another"):
            with pytest.raises(PermanentFailure):
                WecomChannel(HERE, 3).send(a_notice(to=robot.url.replace(TOKEN, key)))
    assert robot.said == []


def test_a_group_reads_the_line_how_to_answer_and_the_link() -> None:
    with bad_providers.listening(bad_providers.wecom()) as robot:
        WecomChannel(HERE, 3).send(a_notice(to=robot.url, reply_code="483920"))
    [said] = robot.said
    line = "红色工单 K-0731-7 · 浦沿街道 · 14:30 前回应 · 点开查看"
    assert said.text == f"{line} 回复“签收 483920”接单 {LINK}"


@pytest.mark.parametrize("length", [1900, 1960, 2000, 2047])
def test_a_text_is_never_longer_than_the_robot_takes(length: int) -> None:
    """Cut by bytes, between two signs; the link stays whole, because without it nobody can act."""
    link = "https://xinqiao.example/" + "k" * (length - 24)
    with bad_providers.listening(bad_providers.wecom()) as robot:
        WecomChannel(HERE, 3).send(a_notice(to=robot.url, link=link))
    [said] = robot.said
    assert said.text.endswith(link)
    assert len(said.text.encode()) <= MOST_BYTES
    assert "红色工单 K-0731-7 · 浦沿街道 · 14:30".startswith(said.text.removesuffix(link).strip()[:12])


def test_a_link_that_does_not_fit_goes_over_another_channel() -> None:
    with (
        bad_providers.listening(bad_providers.wecom()) as robot,
        pytest.raises(PermanentFailure, match="longer"),
    ):
        WecomChannel(HERE, 3).send(a_notice(to=robot.url, link="https://xinqiao.example/" + "k" * 2100))
    assert robot.attempts == 0


@pytest.mark.parametrize("make", [bad_providers.dingtalk, bad_providers.wecom])
def test_a_robot_that_was_rung_too_often_is_not_believed(make: object) -> None:
    with bad_providers.listening(make()) as robot:  # type: ignore[operator]
        name = "dingtalk" if "access_token" in robot.path else "wecom"
        channel = DingtalkChannel(HERE, 3) if name == "dingtalk" else WecomChannel(HERE, 3)
        notice = a_notice(to=robot.url + (f"#{SECRET}" if name == "dingtalk" else ""))
        for number in range(20):
            channel.send(replace(notice, key=f"k{number}"))
        with pytest.raises(TemporaryFailure, match="too much"):
            channel.send(notice)
    assert len(robot.said) == 20


def test_twenty_a_minute_are_never_reached() -> None:
    for channel in (DingtalkChannel(HERE, 3), WecomChannel(HERE, 3)):
        assert 60 / channel.pace.total_seconds() <= 19
