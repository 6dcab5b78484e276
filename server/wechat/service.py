"""Sending through WeChat: the access token, and customer-service messages. What WeChat answers is believed by its code.

Looked up in WeChat's own pages ("获取稳定版接口调用凭据", "客服消息", "全局返回码") on 2026-11-23:

    POST /cgi-bin/stable_token                      {"grant_type", "appid", "secret", "force_refresh"}
    POST /cgi-bin/message/custom/send?access_token  {"touser", "msgtype": "text", "text": {"content"}}

A refusal comes as `errcode` inside HTTP 200. The same message sent twice is shown twice: there is no key by which
WeChat would know a repeat, so a message whose answer was lost may come double, and never not at all.
"""

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import httpx

from escalation.channels import ChannelFailure, TemporaryFailure
from escalation.channels.exchange import Exchange, json_bytes, json_object
from escalation.channels.webhook import plain_address
from server.wechat.errors import NotReachable, TryLater, WaitForThem

TOKEN_GONE = frozenset({40001, 40014, 41001, 42001})
NOT_THERE = frozenset({40003, 43004, 43019, 50005})
UNTIL_THEY_WRITE = frozenset({45015, 45047})
"""48 hours have passed since they wrote, or too many messages went out since."""
SLOWER: Mapping[int, float] = {45009: 600.0, 45011: 60.0}
BROKEN_SET_UP = 300.0
RENEW_BEFORE = timedelta(minutes=5)
SHORTEST_TOKEN_LIFE = 60


class CustomerService:
    """Speaks to WeChat in the name of one account. One request at a time asks for a token; many may send."""

    def __init__(
        self,
        appid: str,
        secret: str,
        url: str,
        clock: Callable[[], datetime],
        budget_seconds: float = 5.0,
        client: httpx.Client | None = None,
    ) -> None:
        self._appid = appid
        self._secret = secret
        self._base = plain_address(url.rstrip("/") + "/")
        if self._base.scheme != "https" and self._base.host not in ("127.0.0.1", "localhost", "::1"):
            raise ValueError("WeChat is spoken to over https")
        self._clock = clock
        self._exchange = Exchange(budget_seconds, client)
        self._lock = threading.Lock()
        self._token = ""
        self._good_until: datetime | None = None

    def send(self, openid: str, text: str) -> None:
        """Hand over one text message; returns only when WeChat has taken it.

        `TryLater`, `WaitForThem` or `NotReachable` otherwise. A token that WeChat has ended is renewed once.
        """
        message = {"touser": openid, "msgtype": "text", "text": {"content": text}}
        token = self._token_now()
        code = self._post(token, message)
        if code in TOKEN_GONE:
            code = self._post(self._token_now(instead_of=token), message)
        if code == 0:
            return
        if code in NOT_THERE:
            raise NotReachable(code)
        if code in UNTIL_THEY_WRITE:
            raise WaitForThem(code)
        if code in SLOWER:
            raise TryLater("sent too much", SLOWER[code], code)
        if code < 0:
            raise TryLater("busy", code=code)
        raise TryLater("refused", BROKEN_SET_UP, code)

    def _post(self, token: str, message: Mapping[str, Any]) -> int:
        url = self._base.join("cgi-bin/message/custom/send").copy_with(params={"access_token": token})
        return _code_of(self._ask(url, message))

    def _token_now(self, instead_of: str = "") -> str:
        """The access token. `instead_of`: WeChat says that this one has ended, so a new one is forced."""
        with self._lock:
            fresh = self._good_until is not None and self._clock() < self._good_until
            if fresh and self._token != instead_of:
                return self._token
            answer = self._ask(
                self._base.join("cgi-bin/stable_token"),
                {
                    "grant_type": "client_credential",
                    "appid": self._appid,
                    "secret": self._secret,
                    "force_refresh": bool(instead_of),
                },
            )
            token, seconds = answer.get("access_token"), answer.get("expires_in")
            if not isinstance(token, str) or not token or type(seconds) is not int:
                code = _code_of(answer)
                raise TryLater("no access token", SLOWER.get(code, BROKEN_SET_UP if code > 0 else None), code)
            life = max(timedelta(seconds=seconds) - RENEW_BEFORE, timedelta(seconds=SHORTEST_TOKEN_LIFE))
            self._token, self._good_until = token, self._clock() + life
            return token

    def _ask(self, url: httpx.URL, body: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return json_object(self._exchange.post(url, json_bytes(body)))
        except TemporaryFailure as failure:
            raise TryLater("no answer", failure.retry_after) from None
        except ChannelFailure:
            raise TryLater("refused", BROKEN_SET_UP) from None


def _code_of(answer: Mapping[str, Any]) -> int:
    code = answer.get("errcode")
    if type(code) is not int:
        raise TryLater("an answer without errcode")
    return code
