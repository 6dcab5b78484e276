"""Notices to a WeCom group through its robot (企业微信群机器人).

After developer.work.weixin.qq.com, 群机器人配置说明 (path 91770) and 全局错误码 (path 90455), looked up on 2026-11-22:
20 messages a minute for each robot; a text holds 2,048 bytes of UTF-8, Markdown 4,096. Failures come as `errcode`
inside HTTP 200: -1 busy, 6000 again later, 45009 and 45033 too fast, 40058 too long, 93000 no such robot.
"""

from datetime import timedelta
from hashlib import sha256

import httpx

from escalation.channels import Notice, PermanentFailure, Receipt
from escalation.channels.allowed import AllowedHosts
from escalation.channels.exchange import Codes
from escalation.channels.robots import PACE, Robot

MOST_BYTES = 2048
TOO_FAST = timedelta(minutes=1).total_seconds()
CODES = Codes(later=frozenset({-1, 6000}), slower={45009: TOO_FAST, 45033: TOO_FAST})


class WecomChannel:
    """Sends to the robot whose webhook the notice names. Plain text: Markdown is not shown outside WeCom.

    The robot gives no reference, so the receipt is a mark of the notice. The same notice sent again is said again.
    """

    name = "wecom"
    pace = PACE

    def __init__(
        self, hosts: AllowedHosts, budget_seconds: float, client: httpx.Client | None = None
    ) -> None:
        self._robot = Robot(hosts, budget_seconds, CODES, MOST_BYTES, client)

    def send(self, notice: Notice) -> Receipt:
        """Hand over one notice. `PermanentFailure` at once for an address without a key or off the list."""
        url = self._robot.checked(notice.to)
        if not url.params.get("key"):
            raise PermanentFailure("this robot's address has no key")
        self._robot.say(url, notice)
        return Receipt(self.name, sha256(notice.key.encode()).hexdigest()[:16])
