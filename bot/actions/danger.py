"""What is said after the application has seen danger and acted on it. Scripted, never generated.

The ticket is opened before any of this runs. A question or a resource is said once: later danger words in
the same conversation are met with presence, unless the level has risen.
"""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from bot.actions.desk import Desk, DialogueState
from bot.actions.saying import say

NATIONAL_LINE = "12356 心理援助热线"


def danger_response(level: str, state: DialogueState) -> str:
    """Which response fits: a first word at this level, or staying with somebody who was already answered."""
    first = {"red": "utter_danger_red" if state.ticket else "utter_danger_red_alone"}.get(
        level, f"utter_danger_{level}"
    )
    answered = state.said.get(first, 0) > 0 or (level == "elevated" and state.danger_replies > 0)
    return "utter_danger_again" if answered else first


class Danger(Action):
    """Answers danger of one level: red, orange or elevated."""

    def __init__(self, desk: Desk, level: str) -> None:
        self.desk = desk
        self.level = level

    def name(self) -> str:
        return f"action_danger_{self.level}"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        state = await self.desk.state(tracker.sender_id)
        hotline = state.hotlines[0] if state.hotlines else NATIONAL_LINE
        say(dispatcher, state, danger_response(self.level, state), hotline=hotline)
        return []
