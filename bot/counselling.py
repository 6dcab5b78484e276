"""Where the counsellor model may speak in a conversation, and what it is shown.

It speaks only where the dialogue has answered with ordinary listening, to somebody who agreed to talk, with nothing
elevated in this conversation and no worker in it. What it is shown is this conversation's text, masked as for Rasa.
Whatever goes wrong here, the dialogue's own words stand.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from bot import transcript
from bot.masking import for_rasa
from bot.standing import Standing, standing_of
from bot.transcript import Bubble, Message
from escalation.intake import Intake
from escalation.triage import Level
from models.counsellor.frame import Said
from models.counsellor.slot import Counsellor, Reply
from residents.resident import Scope
from residents.session import ResidentSession
from residents.store import lock_session
from storage.database import Database

T = TypeVar("T")
log = logging.getLogger("xinqiao")

NAME = "counsellor"
"""The name of what the model says; its fixed scripts are `counsellor_<kind>`."""

Ask = tuple[str, str]
"""What Rasa is to be asked next, and the fixed text that stands in."""


@dataclass(frozen=True)
class _Seen:
    """One conversation as far as the model may see it. `open`: the model may speak in it."""

    open: bool
    history: tuple[Said, ...]
    rested: bool


class Counselling:
    """The counsellor in all conversations."""

    def __init__(self, database: Database, intake: Intake, threads: Executor, counsellor: Counsellor) -> None:
        self.database = database
        self.vault = database.vault
        self.intake = intake
        self.threads = threads
        self.counsellor = counsellor

    async def instead(
        self, session: ResidentSession, words: str, bubbles: Sequence[Bubble]
    ) -> tuple[list[Bubble], list[Ask]]:
        """What is said in place of the dialogue's `bubbles`, and what is to be asked of it after that.

        `words` are the resident's, masked. The dialogue's own bubbles come back wherever the model may not speak
        or was not heard, and a way to a person with them when something in this conversation was elevated.
        """
        told = list(bubbles)
        if not any(self._ordinary(bubble) for bubble in told):
            return told, []
        try:
            return await self._instead(session, words, told)
        except Exception as error:  # whatever breaks here, the dialogue has answered
            log.error("counsellor: the dialogue's own words stand (%s)", type(error).__name__)
            return told, []

    def _ordinary(self, bubble: Bubble) -> bool:
        return (bubble.name or "").partition("/")[0] in self.counsellor.frame.speaks_for

    async def _instead(
        self, session: ResidentSession, words: str, told: list[Bubble]
    ) -> tuple[list[Bubble], list[Ask]]:
        seen = await self._in_thread(self._look, session)
        if not seen.open:
            return self._with_a_person(told), []
        if not all(
            self._ordinary(bubble) for bubble in told
        ):  # an exercise or the other door is offered besides
            return told, []
        reply = await self.counsellor.reply(seen.history, words)
        if reply.raises:
            return [], await self._in_thread(self._raise, session)
        if reply.away or (reply.why == ("turns",) and seen.rested):
            return told, []
        if not await self._in_thread(self._still_open, session):  # something has happened meanwhile
            return self._with_a_person(told), []
        return self._bubbles(reply), []

    def _still_open(self, session: ResidentSession) -> bool:
        with self.database.transaction() as db:
            return _may_speak(standing_of(db, self.intake, session))

    def _look(self, session: ResidentSession) -> _Seen:
        with self.database.transaction() as db:
            standing = standing_of(db, self.intake, session)
            messages = transcript.messages_of(db, session.id)
            known = self._known(standing)
            told = [said for message in messages if (said := self._said(message, known)) is not None]
            last = max((at for at, said in enumerate(told) if said.author == "resident"), default=len(told))
            rested = any(message.name == f"{NAME}_rest" for message in messages)
            return _Seen(_may_speak(standing), tuple(told[:last]), rested)

    def _known(self, standing: Standing) -> tuple[str, ...]:
        identity = standing.identity
        fields = ("name", "phone", "address", "trusted_person")
        return tuple((self.vault.open(identity, field) or "") if identity else "" for field in fields)

    def _said(self, message: Message, known: tuple[str, ...]) -> Said | None:
        """One bubble as the model may see it; None for what is not for it: danger, questions, workers' words."""
        name = message.name or ""
        if message.author == "resident":
            return Said("resident", for_rasa(self.vault.open(message, "text") or "", known))
        if message.author != "program":
            return None
        text = self.vault.open(message, "text") or ""
        if name.startswith(NAME):
            mine = name.partition("/")[0] == NAME
            text = text.removeprefix(self.counsellor.frame.label)
            return Said("program", text, by_model=mine and "/" not in name)
        if name.partition("/")[0] in self.counsellor.frame.speaks_for:
            return Said("program", for_rasa(text, known))
        return None

    def _raise(self, session: ResidentSession) -> list[Ask]:
        """The crisis reader found danger in the chat as a whole: the safety questions are asked, by the script.

        The last words are judged once more as *not read to be harmless*, which can only raise.
        """
        with self.database.transaction() as db:
            session = lock_session(db, session.id)
            said = [m for m in transcript.messages_of(db, session.id) if m.author == "resident"]
            if not said:
                return []
            self.intake.receive_words(db, session, said[-1].id, "chat", frozenset(), False, [], said[-1].at)
            db.flush()
            asks: list[Ask] = [("/danger_elevated", "danger_elevated")]
            if self.intake.open_item(db, session):
                asks.append(("/screening_started", "item"))
            return asks

    def _bubbles(self, reply: Reply) -> list[Bubble]:
        frame = self.counsellor.frame
        made = reply.source == "model"
        kind = NAME if made else f"{NAME}_{self._kind(reply)}"
        bubbles = [
            Bubble(
                f"{frame.label}{text}" if made else text,
                name=kind if at == 0 else f"{kind}/{at + 1}",
                facts={"counsellor": frame.edition},
            )
            for at, text in enumerate(reply.bubbles)
        ]
        return (
            bubbles if made else [*bubbles[:-1], replace(bubbles[-1], kind="buttons", buttons=frame.buttons)]
        )

    def _kind(self, reply: Reply) -> str:
        return next(
            kind for kind, variants in self.counsellor.frame.fixed.items() if reply.bubbles in variants
        )

    def _with_a_person(self, told: list[Bubble]) -> list[Bubble]:
        """The dialogue's own words, with the button that calls a person under the last of them."""
        person = self.counsellor.frame.buttons[0]
        last = told[-1]
        if any(button["choice"] == person["choice"] for button in last.buttons):
            return told
        return [*told[:-1], replace(last, buttons=[*last.buttons, person])]

    async def _in_thread(self, act: Callable[..., T], *args: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self.threads, partial(act, *args))


def _may_speak(standing: Standing) -> bool:
    """Whether this is ordinary talk with somebody who agreed to it, and nothing in it was elevated or more."""
    rated = standing.rating.level if standing.rating else None
    raised = any(s.asks_directly or (s.level or 0) >= Level.YELLOW for s in standing.signals)
    return (
        standing.consents[Scope.CHAT]
        and standing.worker is None
        and standing.item is None
        and standing.session.ended_at is None
        and not raised
        and (rated or 0) < Level.YELLOW
    )
