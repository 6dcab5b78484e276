"""Asking Rasa what to say. It may be slow, gone, or answer nothing: all three are the same error to us."""

import time
from typing import Any

import httpx

from bot.transcript import Bubble

ALLOWED_KINDS = {"text", "item", "exercise", "buttons", "danger"}


class RasaSilent(Exception):
    """Rasa gave no usable reply in time. Holds no text of anybody."""


class RasaClient:
    """Rasa's REST channel on loopback, with a budget for the whole turn and a rest after failures.

    After three failures in a row Rasa is left alone for `rest` seconds, so that nobody waits for what is
    known to be gone.
    """

    def __init__(self, url: str, budget_seconds: float, rest_seconds: float = 5.0) -> None:
        self.url = f"{url}/webhooks/rest/webhook"
        self.budget = budget_seconds
        self.rest = rest_seconds
        self.failures = 0
        self.rested_until = 0.0
        self.http = httpx.AsyncClient(
            timeout=httpx.Timeout(budget_seconds), trust_env=False, limits=httpx.Limits(max_connections=50)
        )

    async def send(self, sender: str, message: str, *, patient: bool = False) -> list[Bubble]:
        """What the dialogue says to this message; raises `RasaSilent` for nothing, rubbish, or too late.

        `patient` waits much longer: for the warm-up, whose first answer takes seconds.
        """
        if not patient and self.failures >= 3 and time.monotonic() < self.rested_until:
            raise RasaSilent("resting")
        try:
            answer = await self.http.post(
                self.url,
                json={"sender": sender, "message": message},
                timeout=60.0 if patient else self.budget,
            )
            answer.raise_for_status()
            bubbles = _bubbles(answer.json())
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            self._failed()
            raise RasaSilent(type(error).__name__) from None
        if not bubbles:
            self._failed()
            raise RasaSilent("empty")
        self.failures = 0
        return bubbles

    def _failed(self) -> None:
        self.failures += 1
        self.rested_until = time.monotonic() + self.rest

    async def close(self) -> None:
        """Let go of the connections."""
        await self.http.aclose()


def _bubbles(answer: Any) -> list[Bubble]:
    bubbles = []
    for part in answer:
        body = part.get("custom") or {"text": part["text"]}
        text = body["text"]
        if not isinstance(text, str) or not text.strip():
            continue
        kind = body.get("kind", "text")
        bubbles.append(
            Bubble(
                text=text,
                name=body.get("name"),
                kind=kind if kind in ALLOWED_KINDS else "text",
                buttons=[
                    {"choice": b["choice"].lstrip("/"), "title": b["title"]} for b in body.get("buttons", [])
                ],
                exercise=body.get("exercise"),
            )
        )
    return bubbles
