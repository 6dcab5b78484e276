"""The ways of reaching a worker that this machine has, from its settings."""

from urllib.parse import urlsplit

from escalation.channels import Channel
from escalation.channels.allowed import LOOPBACK, AllowedHosts
from escalation.channels.dingtalk import DingtalkChannel
from escalation.channels.in_app import InAppChannel
from escalation.channels.mail import MailChannel
from escalation.channels.sms import SmsChannel
from escalation.channels.webhook import WebhookChannel
from escalation.channels.wecom import WecomChannel
from server.settings import Settings


def build_channels(settings: Settings) -> dict[str, Channel]:
    """All channels by name. Those that need a server of their own are there when it is set.

    `ValueError` with a sentence for the operator when a setting cannot be meant: a process that could not warn
    anybody does not start.
    """
    budget = settings.gateway_budget_seconds
    hosts = AllowedHosts(settings.robot_hosts.split(","), loopback=settings.mode == "demo")
    channels: list[Channel] = [
        InAppChannel(),
        WebhookChannel(settings.gateway_url, budget),
        DingtalkChannel(hosts, budget),
        WecomChannel(hosts, budget),
    ]
    if settings.sms_url:
        _refuse_plain(settings)
        secret = settings.sms_secret.get_secret_value()
        if not secret:
            raise ValueError("短信网关要有签名用的密钥（XINQIAO_SMS_SECRET）")
        channels.append(SmsChannel(settings.sms_url, secret, settings.sms_mark, budget))
    if settings.mail_host:
        try:
            mail = MailChannel(
                settings.mail_host,
                settings.mail_port,
                settings.mail_sender,
                budget,
                security=settings.mail_security,
                user=settings.mail_user,
                password=settings.mail_password.get_secret_value(),
            )
        except ValueError:
            raise ValueError(
                "邮件设置不对：发件地址（XINQIAO_MAIL_SENDER）要写全，不加密（none）只能发给本机的邮件服务器"
            ) from None
        channels.append(mail)
    return {channel.name: channel for channel in channels}


def _refuse_plain(settings: Settings) -> None:
    address = urlsplit(settings.sms_url or "")
    if settings.mode == "live" and address.scheme != "https" and address.hostname not in LOOPBACK:
        raise ValueError("正式模式下，短信网关的地址（XINQIAO_SMS_URL）必须以 https:// 开头")
