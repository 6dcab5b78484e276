"""The envelope around every message, both ways: signed, encrypted, and only for our account."""

import logging
import secrets
from collections.abc import Callable
from datetime import datetime

from server.wechat.cipher import RANDOM, key_of, open_text, seal_text
from server.wechat.errors import NotFromWechat, NotReadable
from server.wechat.messages import Said, read_fields, read_said, sealed_reply, text_reply
from server.wechat.signature import is_right, let_in, signature

log = logging.getLogger("xinqiao")


class Envelope:
    """Opens what WeChat sends and closes what we answer. There is no open mode: a plain body is not taken."""

    def __init__(self, appid: str, token: str, key: str, clock: Callable[[], datetime]) -> None:
        self._appid = appid
        self._token = token
        self._key = key_of(key)
        self._clock = clock

    def greet(self, given: str, timestamp: str, nonce: str) -> None:
        """Return only when WeChat itself tries out our address."""
        let_in(self._token, given, timestamp, nonce, self._clock())

    def open(self, body: bytes, given: str, sealed_given: str, timestamp: str, nonce: str) -> Said:
        """One message. `NotFromWechat` or `NotReadable` for everything else.

        Whatever comes under a right first signature and is not taken is an error in the log: somebody's words may be
        lost with it. The line is always the same and repeats nothing of what came.
        """
        let_in(self._token, given, timestamp, nonce, self._clock())
        try:
            fields = read_fields(body)
        except NotReadable:
            log.error("wechat: signed rightly, but the outer body is not readable")
            raise
        sealed = fields.get("Encrypt", "")
        if not sealed:
            log.error("wechat: signed rightly, but not encrypted; is the account in its secure mode?")
            raise NotFromWechat()
        if not is_right(sealed_given, self._token, timestamp, nonce, sealed):
            log.error("wechat: the address is signed rightly, what is encrypted is not")
            raise NotFromWechat()
        try:
            return read_said(open_text(self._key, sealed, self._appid), fields.get("ToUserName", ""))
        except NotReadable:
            log.error("wechat: signed rightly, but not readable; is the key still the account's?")
            raise

    def close(self, said: Said, text: str) -> str:
        """Our answer to this message, as it goes back in the same request."""
        now = str(int(self._clock().timestamp()))
        plain = text_reply(said, text, int(now))
        sealed = seal_text(self._key, plain, self._appid, secrets.token_bytes(RANDOM))
        nonce = secrets.token_hex(8)
        return sealed_reply(sealed, signature(self._token, now, nonce, sealed), now, nonce)
