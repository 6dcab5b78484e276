"""The start of a tracker: Rasa remembers nothing, so where we stand is asked of the application."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import ActionExecuted, ActiveLoop, SessionStarted, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from bot.actions.desk import Desk
from bot.actions.screening import FORM, SLOT
from bot.actions.skills import SKILL_FORM, SKILL_SLOT


class SessionStart(Action):
    """Begins a tracker, in the middle of the open questionnaire or exercise if there is one."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def name(self) -> str:
        return "action_session_start"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        events = [SessionStarted()]
        state = await self.desk.state(tracker.sender_id)
        if state.item is not None:
            events += [ActiveLoop(FORM), SlotSet("requested_slot", SLOT)]
        elif state.step is not None:
            events += [ActiveLoop(SKILL_FORM), SlotSet("requested_slot", SKILL_SLOT)]
        return [*events, ActionExecuted("action_listen")]
