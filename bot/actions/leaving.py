"""Leaving: at once, with nothing said to keep anybody."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from bot.actions.desk import Desk
from bot.actions.saying import say


class Leave(Action):
    """The resident typed that they want to go: puts whatever is open aside and shows the way out."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def name(self) -> str:
        return "action_leave"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        state = await self.desk.state(tracker.sender_id)
        if state.item is not None:
            await self.desk.pause_screening(tracker.sender_id)
        if state.step is not None:
            await self.desk.stop_skill(tracker.sender_id)
        say(dispatcher, state, "utter_leave")
        return []
