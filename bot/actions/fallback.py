"""When the words were not understood, and when a short yes has to be read from what was offered."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import FollowupAction
from rasa_sdk.executor import CollectingDispatcher

from bot.actions.desk import Desk, DialogueState
from bot.actions.saying import last_variation, say
from bot.actions.wording import read_wording


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
        say(dispatcher, state, "utter_fallback_in_screening" if state.item else "utter_fallback")
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


def offered(state: DialogueState) -> str | None:
    """The choice that the last listening reply offered first, if it offered one."""
    name = (state.last_said or "").removesuffix("/2")
    if name not in read_wording():
        return None
    buttons = last_variation(name, state).buttons
    return buttons[0].choice if buttons else None


FOLLOWS = {
    "breathing": "action_breathing",
    "start_screening": "action_start_screening",
    "hotlines": "action_hotlines",
    "call_me_back": "action_call_me_back",
}


class Agree(Action):
    """A bare yes: takes up what the last reply offered, else asks to go on telling."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def name(self) -> str:
        return "action_agree"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        state = await self.desk.state(tracker.sender_id)
        follow = FOLLOWS.get(offered(state) or "")
        if follow and state.item is None:
            return [FollowupAction(follow)]
        say(dispatcher, state, "utter_agree")
        return []
