"""What the dialogue may ask of the application, and what it is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
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
class StepShown:
    """The step of the exercise that is going on, ready to be said. A button's choice is the application's."""

    skill: str
    step: str
    ask: str
    """text, choice or next."""
    bubbles: tuple[str, ...]
    buttons: tuple[tuple[str, str], ...]
    """Title and choice."""
    picture: str | None


@dataclass(frozen=True)
class Listening:
    """What a listening reply may go by: nothing of a person's own, only what kind of thing was said."""

    said: tuple[str, ...] = ()
    """The ids of the bank's sentences that were said in this conversation, in order."""
    echoes: frozenset[str] = frozenset()
    """Which placeholders the application could fill."""
    feeling: str | None = None
    topics: tuple[str, ...] = ()
    """What the context reader is sure of, in the words of models/context/labels.yml."""
    brief: bool = False
    """Whether the last message has hardly any words."""
    seed: str = ""


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
    """Name of the last response."""
    last_choices: tuple[str, ...] = ()
    """What the buttons under it would choose, in their order."""
    listening: Listening = Listening()
    step: StepShown | None = None
    """What the exercise that is going on says next."""
    farewell: tuple[str, ...] = ()
    """What the exercise that has just ended says at last."""
    ask_again: tuple[str, ...] = ()
    """What is asked of an earlier exercise today, after the greeting."""
    imminent: bool = False
    """Whether anything said in this conversation was rated as danger now."""
    known: frozenset[str] = frozenset()
    """The kinds of danger that were heard in this conversation."""
    planned: bool = False
    """Whether this person has a safety plan."""
    today: date | None = None

    @property
    def alarmed(self) -> bool:
        """Whether an alarm has gone out for this person."""
        return self.level in ("orange", "red")


class Desk(Protocol):
    """The application, as the actions see it.

    `sender` is the pseudonym the server made; no method takes or gives personal data.
    """

    async def state(self, sender: str) -> DialogueState: ...

    async def start_screening(self, sender: str) -> None:
        """Open or resume the first questionnaire; opens nothing without the resident's consent."""

    async def pause_screening(self, sender: str) -> None:
        """Put the open questionnaire aside; its answers stay and it can be resumed."""

    async def start_skill(self, sender: str, skill: str) -> None:
        """Begin an exercise; one that is going on is left."""

    async def answer_step(self, sender: str) -> None:
        """Take this conversation's last message as the answer to the open step; never the same one twice."""

    async def step_back(self, sender: str) -> None:
        """Go to the step before."""

    async def skip_step(self, sender: str) -> None:
        """Leave this step out."""

    async def stop_skill(self, sender: str) -> None:
        """End the exercise that is going on; what was written stays."""

    async def item_back(self, sender: str) -> None:
        """Show the item before the open one again; its answer can be given anew."""
