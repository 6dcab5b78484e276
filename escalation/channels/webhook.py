"""Notices over HTTP: one POST to one configured address, believed only when it answers as agreed."""

from datetime import timedelta
from typing import Any

import httpx

from escalation.channels import Notice, Receipt, TemporaryFailure, discreet
from escalation.channels.exchange import Codes, Exchange, json_bytes, json_object

LONGEST_REFERENCE = 200
CODES = Codes()


class WebhookChannel:
    """Sends notices as JSON to one URL, which is the operator's own setting.

    A notice counts as delivered only when the gateway answers 2xx with `{"errcode": 0, "receipt": "…"}` in
    the time allowed. Everything else is a failure: busy, broken, silent, unreachable or not understood may be
    tried again with the same key; a plain refusal (4xx, `errcode` above zero) and a redirect may not.
    Redirects are never followed and nothing in an answer is ever fetched, so only `url` is called.
    `budget_seconds` is for the whole exchange, however slowly the gateway drips.
    """

    name = "webhook"
    pace = timedelta(0)

    def __init__(self, url: str, budget_seconds: float, client: httpx.Client | None = None) -> None:
        self._url = plain_address(url)
        self._exchange = Exchange(budget_seconds, client)

    def send(self, notice: Notice) -> Receipt:
        """Hand over one notice and return the gateway's receipt.

        Raises `TemporaryFailure` if a later try may succeed, `PermanentFailure` if none can.
        """
        body = self._exchange.post(self._url, json_bytes(payload(notice)), {"Idempotency-Key": notice.key})
        answer = json_object(body)
        CODES.believe(answer)
        receipt = answer.get("receipt")
        if not isinstance(receipt, str) or not receipt.strip() or len(receipt) > LONGEST_REFERENCE:
            raise TemporaryFailure("the gateway gave no receipt")
        return Receipt(self.name, receipt.strip())


def plain_address(url: str) -> httpx.URL:
    """A gateway's address from the settings; `ValueError` when it is not http(s)://host/… without a password."""
    parsed = httpx.URL(url)
    if parsed.scheme not in ("http", "https") or not parsed.host or parsed.userinfo:
        raise ValueError("the gateway's address must be http(s)://host/… without a name or password in it")
    return parsed


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
