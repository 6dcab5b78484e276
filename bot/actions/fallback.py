"""When Rasa did not know what was meant: what the context reader knows, what the talk was on, a fact that was asked
for, else an honest word that it was not understood."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import FollowupAction
from rasa_sdk.executor import CollectingDispatcher

from bot.actions.answering import answered
from bot.actions.crisis import stay_with
from bot.actions.desk import Desk, DialogueState
from bot.actions.reflect import reflect
from bot.actions.saying import say
from bot.companion.knowledge import asks

TOLD = 6
"""A message of so many signs tells something, even where nothing in it was recognised."""


def tells_something(text: str, state: DialogueState) -> bool:
    """Whether there is something to listen to: a feeling, a topic, words enough, or a talk that goes on."""
    listening = state.listening
    written = sum("\u4e00" <= sign <= "\u9fff" for sign in text)
    known = bool(listening.topics or listening.feeling not in (None, "neutral"))
    return known or written >= TOLD or (bool(listening.said) and written >= 2)


class NotUnderstood(Action):
    """Never the same words twice in a row, and never pretending to have understood."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def name(self) -> str:
        return "action_not_understood"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        state = await self.desk.state(tracker.sender_id)
        text = (tracker.latest_message or {}).get("text") or ""
        if state.item is not None:
            say(dispatcher, state, "utter_fallback_in_screening")
        elif state.alarmed:
            stay_with(dispatcher, state)
        elif asks(text) and answered(dispatcher, state, text, None):
            pass
        elif tells_something(text, state):
            reflect(dispatcher, state, None, text)
        else:
            say(dispatcher, state, "utter_fallback")
        return []


class LostThread(NotUnderstood):
    """No rule fits: says so once, and waits for the resident."""

    def name(self) -> str:
        return "action_lost_thread"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        await super().run(dispatcher, tracker, domain)
        return [FollowupAction("action_listen")]
