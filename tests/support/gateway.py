"""The gateway for text messages as the caller: it signs what it hands in."""

import json
from typing import Any

import httpx
from pydantic import SecretStr

from escalation.channels.sms import signature
from tests.support.town import Town

TOKEN = "a-token-of-the-gateway-for-text-messages"


class Gateway:
    """Hands replies and receipts to one district."""

    def __init__(self, town: Town, token: str = TOKEN) -> None:
        self.town = town
        self.token = token
        town.services.settings.gateway_token = SecretStr(TOKEN)

    def headers(self, body: bytes, seconds_ago: float = 0) -> dict[str, str]:
        """What proves that this body comes from here, now."""
        at = str(int(self.town.clock().timestamp() - seconds_ago))
        return {
            "Content-Type": "application/json",
            "X-Timestamp": at,
            "X-Signature": signature(self.token, at, body),
        }

    def hands_in(self, path: str, value: Any, **more: Any) -> httpx.Response:
        """One signed request."""
        body = json.dumps(value, ensure_ascii=False).encode()
        return self.town.ask(
            "POST", f"/api/gateway/{path}", content=body, headers={**self.headers(body), **more}
        )

    def replies(self, phone: str, text: str) -> str | None:
        """Somebody answers a text message; the sentence that is sent back."""
        answer = self.hands_in("replies", {"from": phone, "text": text})
        assert answer.status_code == 200, answer.text
        return answer.json()["sentence"]

    def says(self, reference: str, status: str = "undelivered") -> bool:
        """A delivery receipt; whether it changed anything."""
        answer = self.hands_in("receipts", {"reference": reference, "status": status})
        assert answer.status_code == 200, answer.text
        return answer.json()["changed"]
