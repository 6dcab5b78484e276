"""Notices over HTTP: one POST to one configured address, believed only when it answers as agreed."""

import json
import math
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import httpx

from escalation.channels import Notice, PermanentFailure, Receipt, TemporaryFailure, discreet

LARGEST_ANSWER = 16 * 1024
LONGEST_REFERENCE = 200
LATER = frozenset({408, 409, 423, 425, 429})  # refusals that say "not now" rather than "never"
LONGEST_WAIT = 3600.0


class WebhookChannel:
    """Sends notices as JSON to one URL.

    A notice counts as delivered only when the gateway answers 2xx with `{"errcode": 0, "receipt": "…"}` in
    the time allowed. Everything else is a failure: busy, broken, silent, unreachable or not understood may be
    tried again with the same key; a plain refusal (4xx, `errcode` above zero) and a redirect may not.
    Redirects are never followed and nothing in an answer is ever fetched, so only `url` is called.
    `budget_seconds` is for the whole exchange, however slowly the gateway drips.
    """

    name = "webhook"
    pace = timedelta(0)

    def __init__(self, url: str, budget_seconds: float, client: httpx.Client | None = None) -> None:
        parsed = httpx.URL(url)
        if parsed.scheme not in ("http", "https") or not parsed.host or parsed.userinfo:
            raise ValueError(
                "the gateway's address must be http(s)://host/… without a name or password in it"
            )
        if not 0 < budget_seconds <= 120:
            raise ValueError("the budget must be above 0 and at most 120 seconds")
        self._url = parsed
        self._budget = budget_seconds
        self._client = client or httpx.Client(trust_env=False)

    def send(self, notice: Notice) -> Receipt:
        """Hand over one notice and return the gateway's receipt.

        Raises `TemporaryFailure` if a later try may succeed, `PermanentFailure` if none can.
        """
        with _deadline(self._budget) as watch:
            try:
                response, body = self._exchange(notice, watch)
            except (httpx.UnsupportedProtocol, httpx.InvalidURL):
                raise PermanentFailure("the gateway's address cannot be used") from None
            except httpx.TimeoutException:
                raise TemporaryFailure("the gateway did not answer in time") from None
            except (httpx.TransportError, OSError):
                if watch.rang:
                    raise TemporaryFailure("the gateway did not answer in time") from None
                raise TemporaryFailure("the gateway cannot be reached or broke off") from None
        return self._believe(response, body)

    def _exchange(self, notice: Notice, watch: "_Watch") -> tuple[httpx.Response, bytes]:
        request = self._client.build_request(
            "POST",
            self._url,
            content=json.dumps(payload(notice), ensure_ascii=False).encode(),
            headers={
                "Content-Type": "application/json; charset=utf-8",
                "Accept": "application/json",
                "Accept-Encoding": "identity",
                "Idempotency-Key": notice.key,
                "Connection": "close",
            },
            timeout=self._budget,
            extensions={"trace": watch.trace},
        )
        request.headers.pop("Cookie", None)
        response = self._client.send(request, stream=True, follow_redirects=False)
        try:
            body = b""
            for piece in response.iter_raw():
                body += piece
                if len(body) > LARGEST_ANSWER:
                    raise TemporaryFailure("the gateway's answer is too long")
            if watch.rang:
                raise TemporaryFailure("the gateway did not answer in time")
            return response, body
        finally:
            response.close()

    def _believe(self, response: httpx.Response, body: bytes) -> Receipt:
        status = response.status_code
        if 300 <= status < 400:
            raise PermanentFailure(f"the gateway answered {status}: it wants to send us elsewhere")
        if status in LATER or status >= 500:
            raise TemporaryFailure(f"the gateway answered {status}", _retry_after(response))
        if not 200 <= status < 300:
            raise PermanentFailure(f"the gateway answered {status}")
        try:
            answer = json.loads(body)
        except (ValueError, RecursionError):
            raise TemporaryFailure("the gateway's answer is not JSON") from None
        if not isinstance(answer, dict) or type(answer.get("errcode")) is not int:
            raise TemporaryFailure("the gateway's answer has no errcode")
        if answer["errcode"] > 0:
            raise PermanentFailure(f"the gateway refused with errcode {str(answer['errcode'])[:12]}")
        if answer["errcode"] < 0:  # by custom "the system is busy"
            raise TemporaryFailure("the gateway is busy")
        receipt = answer.get("receipt")
        if not isinstance(receipt, str) or not receipt.strip() or len(receipt) > LONGEST_REFERENCE:
            raise TemporaryFailure("the gateway gave no receipt")
        return Receipt(self.name, receipt.strip())


def payload(notice: Notice) -> dict[str, Any]:
    """What the gateway is told. Nothing in it is about a person."""
    notice = discreet(notice)
    return {
        "ticket": notice.ticket_code,
        "level": notice.level_word,
        "place": notice.place,
        "respond_by": notice.respond_by.isoformat(),
        "link": notice.link,
        "text": notice.text,
        "key": notice.key,
        "round": notice.round,
    }


class _Watch:
    """Ends an exchange when its time is over.

    The client's own timeouts begin anew with each byte that arrives, so a gateway that drips could hold a
    sender for ever. The watch learns each connection as it is made and shuts it down when the time is up.
    """

    def __init__(self) -> None:
        self.rang = False
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []

    def trace(self, event: str, info: dict[str, Any]) -> None:
        """Called by the client for each step of an exchange."""
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            connection = info["return_value"].get_extra_info("socket")
            with self._lock:
                if connection is not None:
                    self._sockets.append(connection)
                if self.rang:
                    self._shut()

    def ring(self) -> None:
        """The time is up."""
        with self._lock:
            self.rang = True
            self._shut()

    def _shut(self) -> None:
        for connection in self._sockets:
            with suppress(OSError):  # already gone is as good as shut
                connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def _deadline(budget: float) -> Iterator[_Watch]:
    watch = _Watch()
    timer = threading.Timer(budget, watch.ring)
    timer.daemon = True
    timer.start()
    try:
        yield watch
    finally:
        timer.cancel()


def _retry_after(response: httpx.Response) -> float | None:
    """The seconds a gateway asks for, within reason; it may not silence us for ever."""
    try:
        seconds = float(response.headers.get("Retry-After", ""))
    except ValueError:
        return None
    return min(seconds, LONGEST_WAIT) if math.isfinite(seconds) and seconds >= 0 else None
