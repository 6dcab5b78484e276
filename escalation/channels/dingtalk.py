"""Notices to a DingTalk group through its custom robot (钉钉自定义机器人).

After DingTalk's open platform, 自定义机器人接入 and its table of error codes, and nightingale issue 369, which quotes
130101 from a live system; looked up on 2026-11-22. Each robot says at most 20 messages a minute; beyond that it is
deaf for ten minutes. Signed requests carry `timestamp` (milliseconds, within an hour of theirs) and
`sign` = Base64(HMAC-SHA256(secret, timestamp + "\\n" + secret)). Failures come as `errcode` inside HTTP 200.
"""

import base64
import hmac
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256

import httpx

from escalation.channels import Notice, PermanentFailure, Receipt
from escalation.channels.allowed import AllowedHosts
from escalation.channels.exchange import Codes
from escalation.channels.robots import PACE, Robot

SILENCE = 600.0
MOST_BYTES = 5000
"""Theirs is 20,000 bytes for a message; nobody reads more than this on a telephone."""

CODES = Codes(
    later=frozenset({-1}), slower={130101: SILENCE, 410100: SILENCE, 90018: SILENCE, 90030: SILENCE}
)
"""Refusals among the rest: 310000 (signature, keyword or address), 400013 (group dissolved), 400101 and 400106
(no such robot), 400102 (robot stopped), 430101 to 430104 (content), 460101 (too long)."""


class DingtalkChannel:
    """Sends to the robot whose address the notice names: its webhook, `#`, and the secret for signing.

    The robot gives no reference, so the receipt is the time at which it was signed. The same notice sent again is
    said again: DingTalk knows no repeats.
    """

    name = "dingtalk"
    pace = PACE

    def __init__(
        self,
        hosts: AllowedHosts,
        budget_seconds: float,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        client: httpx.Client | None = None,
    ) -> None:
        self._robot = Robot(hosts, budget_seconds, CODES, MOST_BYTES, client)
        self._clock = clock

    def send(self, notice: Notice) -> Receipt:
        """Hand over one notice. `PermanentFailure` at once for an address without a secret or off the list."""
        address, _, secret = notice.to.partition("#")
        url = self._robot.checked(address)
        if not secret or not url.params.get("access_token"):
            raise PermanentFailure("this robot's address has no token or no secret for signing")
        timestamp = str(int(self._clock().timestamp() * 1000))
        signed = {"timestamp": timestamp, "sign": sign(secret, timestamp)}
        self._robot.say(url.copy_merge_params(signed), notice)
        return Receipt(self.name, timestamp)


def sign(secret: str, timestamp: str) -> str:
    """The signature that DingTalk wants beside the timestamp."""
    mac = hmac.digest(secret.encode(), f"{timestamp}\n{secret}".encode(), sha256)
    return base64.b64encode(mac).decode()
