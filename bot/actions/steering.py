"""Where somebody turns the talk: back, over it, not now, wait, again. It means something else within a form."""

from __future__ import annotations

import re
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import FollowupAction
from rasa_sdk.executor import CollectingDispatcher

from bot.actions.answering import shown_the_door, tell
from bot.actions.crisis import stay_with
from bot.actions.desk import Desk, DialogueState
from bot.actions.reflect import reflect, text_of
from bot.actions.saying import say
from bot.actions.skills import ENDED, LEFT, answers_the_step, fitting, offer, start
from bot.companion.bank import read_bank
from bot.companion.compose import thread_of
from bot.companion.doing import skill_of
from bot.companion.knowledge import Found, read_knowledge


class GoBack(Action):
    """上一题, 上一步: the item or the step before, which its form then shows."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def name(self) -> str:
        return "action_go_back"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        state = await self.desk.state(tracker.sender_id)
        if state.item is not None:
            await self.desk.item_back(tracker.sender_id)
            say(dispatcher, state, "utter_item_back")
        elif state.step is not None:
            await self.desk.step_back(tracker.sender_id)
        else:
            say(dispatcher, state, "utter_go_back")
        return []


class SkipIt(Action):
    """跳过: this step of an exercise; an item of a questionnaire is skipped by its own button, so that it is meant."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def name(self) -> str:
        return "action_skip_item"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        state = await self.desk.state(tracker.sender_id)
        if state.step is not None:
            await self.desk.skip_step(tracker.sender_id)
            if (await self.desk.state(tracker.sender_id)).step is None:
                return ENDED
            return []
        say(dispatcher, state, "utter_skip_item" if state.item is not None else "utter_change_topic")
        return []


_BEGINS = re.compile("(好|嗯|那|行)*[，, ]?(练|做|来|试|试试|开始)(吧|呗|一下|练|看)[。～]?")
"""A bare "练吧" after an offer begins it, though it is built like a "算了吧"."""


class CancelIt(Action):
    """算了, 不做了: whatever is open is put aside at once, with nothing said to keep anybody."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def name(self) -> str:
        return "action_cancel_it"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        state = await self.desk.state(tracker.sender_id)
        offered = state.last_choices[0] if state.last_choices else ""
        idle = state.item is None and state.step is None
        if idle and _BEGINS.fullmatch(text_of(tracker).strip()) and skill_of(offered) is not None:
            return await start(self.desk, dispatcher, tracker, offered)
        if await put_aside(self.desk, dispatcher, tracker, state) is not None:
            return []
        if state.alarmed:
            stay_with(dispatcher, state)
        else:
            say(dispatcher, state, "utter_cancel_it")
        return []


class WhatShouldIDo(Action):
    """怎么办: no advice from above, but who is there for this matter, else something small to do that fits."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def name(self) -> str:
        return "action_what_should_i_do"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        state = await self.desk.state(tracker.sender_id)
        if state.alarmed:
            stay_with(dispatcher, state)
            return []
        if shown_the_door(dispatcher, state):
            return []
        topic = thread_of(state.listening.said, read_bank())
        if topic and fitting(topic) and not state.said.get("utter_offer_skills"):
            say(dispatcher, state, "utter_what_should_i_do")
            offer(dispatcher, state, topic)
        else:
            reflect(dispatcher, state, None, text_of(tracker))
        return []


OWN_ACTIONS = {
    "start_screening": "action_start_screening",
    "hotlines": "action_hotlines",
    "call_me_back": "action_call_me_back",
    "list_skills": "action_list_skills",
}
"""What a yes to an offer leads to, where it is no exercise."""


DOOR = "know_"
"""What stands before an entry of the files of facts in a choice: a yes to the offer of one is its answer."""


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
        offered = state.last_choices[0] if state.last_choices else ""
        if state.item is None and offered.startswith(DOOR) and not state.alarmed:
            tell(dispatcher, state, Found(read_knowledge().entry(offered.removeprefix(DOOR)), 1.0))
            return []
        if state.item is None and offered in OWN_ACTIONS and not state.alarmed:
            return [FollowupAction(OWN_ACTIONS[offered])]
        if state.item is None and skill_of(offered) is not None:
            return await start(self.desk, dispatcher, tracker, offered)
        if state.alarmed and state.item is None:
            stay_with(dispatcher, state)
        elif state.listening.said and state.item is None:
            reflect(dispatcher, state, None)
        else:
            say(dispatcher, state, "utter_agree")
        return []


_STOPS = re.compile("算了|不做|不弄|不想(做|答|写|弄|继续)|停|拉倒|到此为止")


async def put_aside(
    desk: Desk, dispatcher: CollectingDispatcher, tracker: Tracker, state: DialogueState
) -> list[dict[str, Any]] | None:
    """Put aside whatever form is open, with what leads out of it; None when none is."""
    if state.item is not None:
        await desk.pause_screening(tracker.sender_id)
        say(dispatcher, state, "utter_screening_paused")
    elif state.step is not None:
        await desk.stop_skill(tracker.sender_id)
        say(dispatcher, state, "utter_skill_stopped")
    else:
        return None
    return LEFT


class OrStay(Action):
    """A reply of one sentence, such as to a no or a thanks; after an alarm its script goes on instead."""

    def __init__(self, desk: Desk, skill: str) -> None:
        self.desk = desk
        self.skill = skill

    def name(self) -> str:
        return f"action_{self.skill}"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        state: DialogueState = await self.desk.state(tracker.sender_id)
        if self.skill == "not_now" and _STOPS.search(text_of(tracker)):
            stopped = await put_aside(self.desk, dispatcher, tracker, state)
            if stopped is not None:
                return stopped
        taken = await answers_the_step(self.desk, state, tracker)
        if taken is not None:
            return taken
        if state.alarmed and state.item is None and state.step is None:
            stay_with(dispatcher, state)
        else:
            say(dispatcher, state, f"utter_{self.skill}")
        return []
