"""Asking Rasa what to say. It may be slow, gone, or answer nothing: all three are the same error to us."""

import asyncio
import time
from typing import Annotated, Any

import httpx
from pydantic import AfterValidator, BaseModel, TypeAdapter

from bot.transcript import Bubble
from bot.turn import Exercise

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
            async with asyncio.timeout(
                60.0 if patient else self.budget
            ):  # the client's own begins anew per byte
                answer = await self.http.post(
                    self.url, json={"sender": sender, "message": message}, timeout=60.0
                )
            answer.raise_for_status()
            bubbles = _bubbles(answer.json())
        except (httpx.HTTPError, TimeoutError, ValueError, RecursionError) as error:
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


def _storable(text: str) -> str:
    if "\x00" in text or any("\ud800" <= c <= "\udfff" for c in text):
        raise ValueError("this cannot be kept")
    return text


Text = Annotated[str, AfterValidator(_storable)]


class _Button(BaseModel):
    choice: Text
    title: Text


class _Said(BaseModel):
    text: Text
    name: Text | None = None
    kind: str = "text"
    buttons: list[_Button] = []
    exercise: Exercise | None = None


class _Part(BaseModel):
    """One message of Rasa's REST channel: our own form under `custom`, else plain `text`."""

    custom: _Said | None = None
    text: Text | None = None


_ANSWER = TypeAdapter(list[_Part])


def _bubbles(answer: Any) -> list[Bubble]:
    """What is in an answer that has our form; `ValueError` for any other."""
    said = [part.custom or _Said(text=part.text or "") for part in _ANSWER.validate_python(answer)]
    return [
        Bubble(
            text=one.text,
            name=one.name,
            kind=one.kind if one.kind in ALLOWED_KINDS else "text",
            buttons=[{"choice": b.choice.lstrip("/"), "title": b.title} for b in one.buttons],
            exercise=one.exercise,
        )
        for one in said
        if one.text.strip()
    ]
