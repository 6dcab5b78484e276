"""Skills that only have something to say: the action `action_<skill>` says `utter_<skill>`."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from bot.actions.desk import Desk
from bot.actions.saying import say

REPLIES = (
    "welcome",
    "greet",
    "who_are_you",
    "privacy",
    "breathing",
    "talk",
    "low_mood",
    "worry",
    "anger",
    "sleeplessness",
    "loneliness",
    "bereavement",
    "illness",
    "family_conflict",
    "work_stress",
    "thanks",
    "help",
    "not_now",
    "rephrase",
    "skip_item",
    "delete_record",
    "export_record",
    "record_deletion_asked",
    "record_deleted",
    "call_me_back",
    "call_person",
    "callback_offered",
    "left",
    "worker_left",
    "screening_paused",
    "contact_finished",
)


class Reply(Action):
    """Says one response of the domain, in the variation that is due."""

    def __init__(self, desk: Desk, skill: str) -> None:
        self.desk = desk
        self.skill = skill

    def name(self) -> str:
        return f"action_{self.skill}"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        say(dispatcher, await self.desk.state(tracker.sender_id), f"utter_{self.skill}")
        return []
