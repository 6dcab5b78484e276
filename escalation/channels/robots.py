"""What the robots of two group chats have in common: an address per group, 20 messages a minute, codes inside 200."""

from datetime import timedelta

import httpx

from escalation.channels import Notice, PermanentFailure, whole_text
from escalation.channels.allowed import AllowedHosts
from escalation.channels.exchange import Codes, Exchange, json_bytes, json_object

PACE = timedelta(seconds=4)
"""Fifteen messages a minute, so that twenty are never reached, whoever else uses the same robot a little."""


class Robot:
    """Sends a text to a group's robot."""

    def __init__(
        self,
        hosts: AllowedHosts,
        budget_seconds: float,
        codes: Codes,
        most_bytes: int,
        client: httpx.Client | None = None,
    ) -> None:
        self._hosts = hosts
        self._codes = codes
        self._most_bytes = most_bytes
        self._exchange = Exchange(budget_seconds, client)

    def checked(self, address: str) -> httpx.URL:
        """The robot's address if it may be called; `PermanentFailure` when there is none or it may not."""
        if not address:
            raise PermanentFailure("nobody has given this robot's address")
        return self._hosts.check(address)

    def say(self, url: httpx.URL, notice: Notice) -> None:
        """Have the robot say it. Returns only when the provider says that it did."""
        try:
            content = whole_text(notice, self._most_bytes)
        except ValueError:
            raise PermanentFailure("the notice is longer than this robot allows") from None
        body = json_bytes({"msgtype": "text", "text": {"content": content}})
        self._codes.believe(json_object(self._exchange.post(url, body, pinned=self._hosts.pin(url))))
