"""Whether a request comes from WeChat: SHA-1 over sorted parts, and fresh.

The form of the signature is WeChat's (developers.weixin.qq.com, "接入指南" and "消息加解密说明"). SHA-1 is all that it
offers; over a secret token and together with the encrypted body it is enough to keep strangers out.
"""

import hashlib
import hmac
import logging
import re
from datetime import datetime, timedelta

from server.wechat.errors import NotFromWechat

FRESH = timedelta(minutes=5)
log = logging.getLogger("xinqiao")


def signature(*parts: str) -> str:
    """SHA-1 over the parts, sorted and put together, in hex."""
    return hashlib.sha1("".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest()


def is_right(given: str, *parts: str) -> bool:
    """Whether this is the signature of these parts; takes the same time for every wrong one."""
    return hmac.compare_digest(given.encode(), signature(*parts).encode())


def let_in(token: str, given: str, timestamp: str, nonce: str, now: datetime) -> None:
    """Return only for a fresh signature over the token and these two; `NotFromWechat` otherwise.

    It says nothing of the body: that is what the second signature is for. Nothing is remembered here, because WeChat
    sends a request again when we do not answer, and may seal it anew: a message that comes again is known by its mark.
    """
    if not re.fullmatch(r"[0-9]{1,12}", timestamp) or not 1 <= len(nonce) <= 64:
        raise NotFromWechat()
    if not is_right(given, token, timestamp, nonce):
        raise NotFromWechat()
    if abs(now.timestamp() - int(timestamp)) > FRESH.total_seconds():
        log.error("wechat: signed rightly, but more than five minutes from our clock")
        raise NotFromWechat()
