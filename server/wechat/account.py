"""The official account that the settings name, put together; None when there is none, which is the default."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot.conversation import Conversation
from bot.moving import Moving
from server.settings import Settings
from server.wechat.door import WechatDoor
from server.wechat.envelope import Envelope
from server.wechat.post import WechatPost
from server.wechat.service import CustomerService
from storage.database import Database

log = logging.getLogger("xinqiao")


@dataclass(frozen=True)
class Wechat:
    """Everything about one account: what opens its messages, what acts on them, and what sends."""

    envelope: Envelope
    door: WechatDoor
    post: WechatPost


def wechat_of(
    settings: Settings,
    database: Database,
    clock: Callable[[], datetime],
    conversation: Conversation,
    moving: Moving,
) -> Wechat | None:
    """The account of the settings. One that cannot be used as it is set is logged and left out: the other doors
    stay open meanwhile."""
    secret, token, key = (
        one.get_secret_value() for one in (settings.wechat_secret, settings.wechat_token, settings.wechat_key)
    )
    named = (settings.wechat_appid, secret, token, key)
    if not all(named):
        if any(named):
            log.error("wechat: left out, appid, secret, token and key are needed together")
        return None
    try:
        envelope = Envelope(settings.wechat_appid, token, key, clock)
        service = CustomerService(settings.wechat_appid, secret, settings.wechat_url, clock)
    except ValueError as error:
        log.error("wechat: left out, %s", error)
        return None
    door = WechatDoor(database, clock, conversation, moving, settings.public_url.rstrip("/"))
    return Wechat(envelope, door, WechatPost(database, clock, door, service))
