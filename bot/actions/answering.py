"""Questions of fact, answered from reviewed files; where none answers, who knows."""

from __future__ import annotations

import re
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from bot.actions.desk import Desk, DialogueState
from bot.actions.reflect import intent_of
from bot.actions.saying import message, say
from bot.actions.skills import answers_the_step
from bot.companion.bank import read_bank
from bot.companion.compose import thread_of
from bot.companion.knowledge import Found, Unsure, door_for, read_knowledge

NAME = "know/"
"""What stands before an entry's id in the name of its bubbles."""


def answered(
    dispatcher: CollectingDispatcher,
    state: DialogueState,
    text: str,
    intent: str | None,
    sure: float = 0.0,
    of: re.Pattern[str] | None = None,
) -> bool:
    """Answer from the files when one of them fits, at least so surely, its id one of those; False when none does, and
    nothing was said."""
    if text.startswith("/"):
        return _tapped(dispatcher, state, intent)
    found = read_knowledge().find(text, intent)
    if not isinstance(found, Found) or found.sureness < sure or (of and not of.search(found.entry.id)):
        return False
    tell(dispatcher, state, found)
    return True


def tell(dispatcher: CollectingDispatcher, state: DialogueState, found: Found) -> None:
    """Say one entry, as it was reviewed."""
    for at, bubble in enumerate(found.bubbles(state.today, state.hotlines)):
        name = f"{NAME}{found.entry.id}" if at == 0 else f"{NAME}{found.entry.id}/{at + 1}"
        dispatcher.utter_message(json_message=message(name, bubble))


def shown_the_door(dispatcher: CollectingDispatcher, state: DialogueState) -> bool:
    """Tell who is there for the dispute that the talk is on, once; False where it is on none, or that was told."""
    topic = thread_of(state.listening.said, read_bank())
    door = door_for([topic]) if topic else None
    if door is None or f"{NAME}{door.entry}" in state.said:
        return False
    tell(dispatcher, state, Found(read_knowledge().entry(door.entry), 1.0))
    return True


def _tapped(dispatcher: CollectingDispatcher, state: DialogueState, intent: str | None) -> bool:
    """A button that names a matter and no question: the entry that opens it."""
    first = read_knowledge().opening(intent)
    if first is not None:
        tell(dispatcher, state, Found(first, 1.0))
    return first is not None


class AnswerQuestion(Action):
    """Answers a question of fact, or says who knows."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        read_knowledge()  # now, so that the first question need not wait for it

    def name(self) -> str:
        return "action_answer_question"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        state = await self.desk.state(tracker.sender_id)
        taken = await answers_the_step(self.desk, state, tracker, longer_than=4)
        if taken is not None:
            return taken
        text, intent = (tracker.latest_message or {}).get("text") or "", intent_of(tracker)
        if not answered(dispatcher, state, text, intent) and not shown_the_door(dispatcher, state):
            found = read_knowledge().find(text, intent)
            assert isinstance(found, Unsure)
            say(dispatcher, state, "utter_dont_know", window=found.window)
        return []
