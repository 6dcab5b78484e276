"""Whether a request comes from WeChat: SHA-1 over sorted parts, fresh, and not used for something else.

The form of the signature is WeChat's (developers.weixin.qq.com, "接入指南" and "消息加解密说明"). SHA-1 is all that it
offers; over a secret token and together with the encrypted body it is enough to keep strangers out.
"""

import hashlib
import hmac
import re
import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta

from server.wechat.errors import NotFromWechat

FRESH = timedelta(minutes=5)
REMEMBERED = 10_000
"""How many requests are remembered; far more than one account gets in ten minutes."""


def signature(*parts: str) -> str:
    """SHA-1 over the parts, sorted and put together, in hex."""
    return hashlib.sha1("".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest()


def is_right(given: str, *parts: str) -> bool:
    """Whether this is the signature of these parts; takes the same time for every wrong one."""
    return hmac.compare_digest(given.encode(), signature(*parts).encode())


class Doorkeeper:
    """Lets in what WeChat has signed, and remembers it for as long as it is fresh.

    WeChat sends a request again when we do not answer, and then everything in it is the same: that passes. The same
    signature under another body does not.
    """

    def __init__(self, token: str, clock: Callable[[], datetime]) -> None:
        self._token = token
        self._clock = clock
        self._seen: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._lock = threading.Lock()

    def check(self, given: str, timestamp: str, nonce: str, *more: str, about: str) -> None:
        """Return only for a fresh signature over the token, these two and `more`; `about` is what came with it."""
        if not re.fullmatch(r"[0-9]{1,12}", timestamp) or not 1 <= len(nonce) <= 64:
            raise NotFromWechat()
        if not is_right(given, self._token, timestamp, nonce, *more):
            raise NotFromWechat()
        now = self._clock()
        if abs(now.timestamp() - int(timestamp)) > FRESH.total_seconds():
            raise NotFromWechat()
        body = hashlib.sha256(about.encode()).hexdigest()
        with self._lock:
            known = self._seen.setdefault((timestamp, nonce), body)
            while len(self._seen) > REMEMBERED:
                self._seen.popitem(last=False)
        if known != body:
            raise NotFromWechat()
