"""What the dialogue may ask of the application, and what it is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class ItemShown:
    """One item of the open questionnaire, ready to be shown."""

    instrument: str
    title: str
    number: int
    of: int
    timeframe: str
    text: str
    options: tuple[str, ...]
    first: bool
    times_asked: int
    intro: str


@dataclass(frozen=True)
class DialogueState:
    """Where one conversation stands. Rasa keeps none of this."""

    item: ItemShown | None = None
    """The open questionnaire's next item; None when no questionnaire is open."""
    result_sentence: str | None = None
    next_steps: tuple[str, ...] = ()
    contact_field: str | None = None
    """name, phone, address, safe_to_call or trusted_person."""
    level: str | None = None
    danger_replies: int = 0
    """How often a danger reply was already given in this conversation."""
    ticket: bool = False
    hotlines: tuple[str, ...] = ()
    """Ready sentences with the hours of today."""
    said: Mapping[str, int] = field(default_factory=dict)
    """Response name to how often it was said in this conversation."""
    last_said: str | None = None
    """Name of the last listening or fallback response."""


class Desk(Protocol):
    """The application, as the actions see it.

    `sender` is the pseudonym the server made; no method takes or gives personal data.
    """

    async def state(self, sender: str) -> DialogueState: ...

    async def start_screening(self, sender: str) -> None:
        """Open or resume the first questionnaire; opens nothing without the resident's consent."""

    async def pause_screening(self, sender: str) -> None:
        """Put the open questionnaire aside; its answers stay and it can be resumed."""
