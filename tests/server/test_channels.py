"""The channels of a machine come from its settings; one that cannot be meant keeps it from starting."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from escalation.channels import Channel, PermanentFailure
from escalation.channels.dingtalk import DingtalkChannel
from server.channels import build_channels
from server.settings import Settings
from tests.escalation.channels.notices import a_notice

SMS = {"sms_url": "https://sms.example/send", "sms_secret": "a-secret"}
MAIL = {"mail_host": "mail.example", "mail_sender": "duty@xinqiao.example"}


def built(tmp_path: Path, **more: Any) -> dict[str, Channel]:
    return build_channels(Settings(home=tmp_path, _env_file=None, **more))  # type: ignore[call-arg]


def test_a_machine_has_the_console_the_gateway_and_robots_and_what_is_set(tmp_path: Path) -> None:
    always = {"in_app", "webhook", "dingtalk", "wecom"}
    assert set(built(tmp_path)) == always
    everything = built(tmp_path, **SMS, **MAIL)
    assert set(everything) == {*always, "sms", "mail"}
    for name, channel in everything.items():
        assert isinstance(channel, Channel)
        assert channel.name == name
    assert everything["in_app"].send(a_notice()).channel == "in_app"


def test_a_robot_on_this_machine_is_for_demos_only(tmp_path: Path) -> None:
    here = "http://127.0.0.1:9/robot/send?access_token=t#SEC"
    live = built(tmp_path, mode="live")["dingtalk"]
    assert isinstance(live, DingtalkChannel)
    with pytest.raises(PermanentFailure, match="list"):
        live.send(a_notice(to=here))


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"sms_url": "https://sms.example"}, "XINQIAO_SMS_SECRET"),
        ({**SMS, "sms_url": "http://sms.example", "mode": "live"}, "https://"),
        ({**MAIL, "mail_sender": "duty"}, "XINQIAO_MAIL_SENDER"),
        ({**MAIL, "mail_security": "none"}, "不加密"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_refused_in_a_sentence(
    tmp_path: Path, wrong: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        built(tmp_path, **wrong)


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    settings = Settings(
        home=tmp_path,
        sms_secret=SecretStr("s3cret-1"),
        mail_password=SecretStr("s3cret-2"),
        gateway_token=SecretStr("s3cret-3"),
        _env_file=None,
    )  # type: ignore[call-arg]
    assert "s3cret" not in f"{settings!r}{settings}"
