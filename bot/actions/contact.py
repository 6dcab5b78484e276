"""Finding the person: one short question at a time, each of which may be refused."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from bot.actions.desk import Desk
from bot.actions.saying import say

FIELDS = ("name", "phone", "address", "safe_to_call", "trusted_person")


class AskContact(Action):
    """Asks for the field that the application needs next; the answer never comes to Rasa."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def name(self) -> str:
        return "action_contact_asked"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        state = await self.desk.state(tracker.sender_id)
        if state.contact_field not in FIELDS:
            return []
        name = f"utter_contact_{state.contact_field}"
        if state.contact_field == "name" and state.level not in ("red", "orange"):
            name = "utter_contact_name_callback"
        elif state.contact_field == "name" and state.said.get("utter_danger_red"):
            name = "utter_contact_name_after_red"  # why they are asked was said a moment ago
        say(dispatcher, state, name)
        return []
