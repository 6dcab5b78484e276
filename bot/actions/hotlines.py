"""Telephone numbers with today's hours, and a reason to call."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from bot.actions.danger import NATIONAL_LINE
from bot.actions.desk import Desk
from bot.actions.saying import say


class Hotlines(Action):
    """Says at most three hotlines with their hours; the emergency numbers always stand beside them."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def name(self) -> str:
        return "action_hotlines"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        state = await self.desk.state(tracker.sender_id)
        lines = "\n".join(state.hotlines[:3] or (NATIONAL_LINE,))
        say(dispatcher, state, "utter_hotlines", hotlines=lines)
        return []
