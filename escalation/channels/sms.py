"""Notices as text messages, through a gateway over HTTP.

Providers sign and name things each in their own way; this speaks the smallest form that all of them can be given
by a few lines of adapter, and keeps what they have in common (Alibaba Cloud's API error codes, looked up on
2026-11-22: `OK`, `isp.*` for their own trouble, `BUSINESS_LIMIT_CONTROL` for too many to one number or in all,
`isv.*` for what no repeat will mend):

    POST {"to", "text", "key"}    headers X-Timestamp (seconds), X-Signature (see `signature`), Idempotency-Key
    200  {"code": "OK", "reference": "…"}    the reference comes back in the delivery receipt
"""

import hmac
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import httpx

from escalation.channels import Notice, PermanentFailure, Receipt, TemporaryFailure, whole_text
from escalation.channels.exchange import Exchange, json_bytes, json_object
from escalation.channels.webhook import LONGEST_REFERENCE, plain_address

MOST_BYTES = 2 * 67 * 4
"""Four parts of a long message: 67 signs of two bytes each (UCS-2, as telephones count)."""
PHONE = re.compile(r"\+?[0-9]{5,20}")
TOO_MANY = 60.0


class SmsChannel:
    """Sends text messages to the telephone that the notice names, beginning with the sender's mark 【…】.

    `pace` keeps a telephone from ringing for each ticket of a storm, and stays far below what providers allow for
    one number. The same notice sent again carries the same key, by which the gateway knows the repeat.
    """

    name = "sms"
    pace = timedelta(minutes=1)

    def __init__(
        self,
        url: str,
        secret: str,
        mark: str,
        budget_seconds: float,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        client: httpx.Client | None = None,
    ) -> None:
        if not secret:
            raise ValueError("the gateway for text messages needs a secret for signing")
        self._url = plain_address(url)
        self._secret = secret
        self._mark = f"【{mark}】" if mark else ""
        self._clock = clock
        self._exchange = Exchange(budget_seconds, client)

    def send(self, notice: Notice) -> Receipt:
        """Hand over one notice and return the gateway's reference.

        Raises `TemporaryFailure` if a later try may succeed, `PermanentFailure` if none can.
        """
        if not PHONE.fullmatch(notice.to):
            raise PermanentFailure("nobody has given a telephone number that can be sent to")
        try:
            room = MOST_BYTES - len(self._mark.encode("utf-16-le"))
            text = self._mark + whole_text(notice, room, "utf-16-le")
        except ValueError:
            raise PermanentFailure("the notice is longer than a text message") from None
        body = json_bytes({"to": notice.to, "text": text, "key": notice.key})
        timestamp = str(int(self._clock().timestamp()))
        headers = {
            "Idempotency-Key": notice.key,
            "X-Timestamp": timestamp,
            "X-Signature": signature(self._secret, timestamp, body),
        }
        return Receipt(self.name, _believed(self._exchange.post(self._url, body, headers)))


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """HMAC-SHA256 over the timestamp, a line feed and the body, in hex. The gateway's own requests carry it too."""
    return hmac.new(secret.encode(), timestamp.encode() + b"\n" + body, sha256).hexdigest()


def _believed(body: bytes) -> str:
    answer = json_object(body)
    code = answer.get("code")
    if not isinstance(code, str) or not code:
        raise TemporaryFailure("the gateway's answer has no code")
    if code != "OK":
        word = re.sub(r"[^A-Za-z0-9_.]", "", code)[:40]
        if "LIMIT_CONTROL" in code or "Throttling" in code:
            raise TemporaryFailure(f"the gateway is sent too much ({word})", TOO_MANY)
        if code.startswith("isp."):
            raise TemporaryFailure(f"the gateway is busy ({word})")
        raise PermanentFailure(f"the gateway refused ({word})")
    reference = answer.get("reference")
    if not isinstance(reference, str) or not reference.strip() or len(reference) > LONGEST_REFERENCE:
        raise TemporaryFailure("the gateway gave no reference")
    return reference.strip()
