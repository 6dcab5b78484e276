"""The one form of all exercises: it says whatever step the application has open, and keeps nothing itself.

What a resident answers is taken by the application from the message it has kept; here only the turn of it is given.
"""

from __future__ import annotations

import re
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import ActiveLoop, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from bot.actions.desk import Desk, DialogueState, StepShown
from bot.actions.reflect import heard_in, intent_of, reflect, speak
from bot.actions.saying import message, say
from bot.actions.wording import Button
from bot.companion.bank import read_bank
from bot.companion.compose import compose
from bot.companion.doing import BY_INTENT, skill_of
from bot.companion.knowledge import asks
from bot.companion.manner import manner_of
from bot.companion.skills import Skill, read_skills

SKILL_FORM = "skill_form"
SKILL_SLOT = "skill_answer"
MOST_OFFERED = 4
MOST_WAITS = 2
"""After so many words that a step waits, it waits no longer: the talk is about something else."""
LEFT: list[dict[str, Any]] = [ActiveLoop(None), SlotSet("requested_slot", None)]


def say_step(dispatcher: CollectingDispatcher, state: DialogueState, step: StepShown) -> None:
    """Say the open step; the third time, after two digressions, only that it is still there (P15)."""
    name = f"skill/{step.skill}/{step.step}"
    buttons = tuple(Button(title, choice) for title, choice in step.buttons)
    if state.said.get(name, 0) >= 2:
        say(dispatcher, state, "utter_step_waits")
        return
    for at, text in enumerate(step.bubbles):
        last = at == len(step.bubbles) - 1
        bubble = message(
            name if at == 0 else f"{name}/{at + 1}",
            text,
            buttons=buttons if last else (),
            exercise=step.picture if last else None,
        )
        dispatcher.utter_message(json_message=bubble)


class AskStep(Action):
    """Says the next step of the exercise that is going on."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def name(self) -> str:
        return f"action_ask_{SKILL_FORM}_{SKILL_SLOT}"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        state = await self.desk.state(tracker.sender_id)
        if state.step is None:
            return []
        if state.said.get("utter_step_waits", 0) >= MOST_WAITS:
            await self.desk.stop_skill(tracker.sender_id)
            say(dispatcher, state, "utter_skill_stopped")
            return LEFT
        say_step(dispatcher, state, state.step)
        return []


class ValidateSkill(Action):
    """Gives the application the turn, and ends the form when the exercise has ended."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def name(self) -> str:
        return f"validate_{SKILL_FORM}"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        events = []
        if tracker.get_slot(SKILL_SLOT) is not None:
            events.append(SlotSet(SKILL_SLOT, None))
            if intent_of(tracker) != "skill_moved":
                await self.desk.answer_step(tracker.sender_id)
        if (await self.desk.state(tracker.sender_id)).step is None:
            events.append(SlotSet("requested_slot", None))
        return events


ENDED: list[dict[str, Any]] = [*LEFT, FollowupAction("action_skill_finished")]
"""What leads out of the form when the last step was taken within a digression."""
LONG = 8


async def answers_the_step(
    desk: Desk, state: DialogueState, tracker: Tracker, longer_than: int = LONG
) -> list[dict[str, Any]] | None:
    """Take as the answer to an open question what Rasa read as a wish or a question and is neither: a sentence of
    some length that asks nothing. None when it is what Rasa read."""
    text = (tracker.latest_message or {}).get("text") or ""
    told = len(text) > longer_than and not text.startswith("/") and not asks(text)
    if state.step is None or state.step.ask != "text" or not told:
        return None
    await desk.answer_step(tracker.sender_id)
    return [] if (await desk.state(tracker.sender_id)).step is not None else ENDED


class StartSkill(Action):
    """Begins the exercise that was asked for, or that a button names."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def name(self) -> str:
        return "action_start_skill"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        intent = intent_of(tracker) or ""
        state = await self.desk.state(tracker.sender_id)
        asked = asks_for_it((tracker.latest_message or {}).get("text") or "")
        taken = await answers_the_step(self.desk, state, tracker, LONG if asked else 0)
        if taken is not None:
            return taken
        skill = skill_of(intent)
        if skill is not None and not asked:
            text = (tracker.latest_message or {}).get("text") or ""
            topic = heard_in(state, None, read_bank(), text).topic
            if topic is not None and topic not in skill.for_:
                reflect(dispatcher, state, None, text)
                return []
            listen_and_offer(dispatcher, state, skill)
            return []
        return await start(self.desk, dispatcher, tracker, BY_INTENT.get(intent, intent))


async def start(
    desk: Desk, dispatcher: CollectingDispatcher, tracker: Tracker, skill: str
) -> list[dict[str, Any]]:
    """Begin an exercise and go into its form; where it does not exist, say what there is."""
    await desk.start_skill(tracker.sender_id, skill)
    state = await desk.state(tracker.sender_id)
    if state.step is None:
        offer(dispatcher, state, None)
        return []
    return [FollowupAction(SKILL_FORM)]


_ASKED = re.compile(
    r"教|练|做|怎么|想试|试试|来一|来个|开始|带我|帮我|陪我|一起|写|记一?(下|笔|录)|方法|办法|有没有|有什么|想要|我要|给我(来|放|做|讲|念|找|安排|看)|呼吸|放松|"
    r"小卡|安全计划|计划|冥想|扫描|好的|可以"
)


def asks_for_it(text: str) -> bool:
    """Whether words that name an exercise's matter also ask for one; a button always does.

    "三点又醒了" is told, "早醒了怎么办" asks: who tells is listened to first.
    """
    told = manner_of(text) == "takes_up" and len(text) > LONG
    return text.startswith("/") or (_ASKED.search(text) is not None and not told)


def listen_and_offer(dispatcher: CollectingDispatcher, state: DialogueState, skill: Skill) -> None:
    """Take up what was told, and offer the exercise that fits it; in the middle of something only the first."""
    topic = next((topic for topic in skill.for_ if topic in read_bank()), None)
    heard = heard_in(state, topic, read_bank())
    pieces = compose(read_bank(), heard)
    open_already = state.item is not None or state.step is not None
    offered = f"offer/{skill.id}" in state.said
    speak(dispatcher, pieces if offered and not open_already else pieces[:1])
    if not offered and not open_already:
        buttons = (Button(skill.title, skill.id), Button("接着说", "talk"))
        dispatcher.utter_message(json_message=message(f"offer/{skill.id}", skill.offer, buttons=buttons))


class SkillFinished(Action):
    """Says the last words of an exercise."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def name(self) -> str:
        return "action_skill_finished"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        state = await self.desk.state(tracker.sender_id)
        if not state.farewell:
            say(dispatcher, state, "utter_skill_over")
        for at, text in enumerate(state.farewell, start=1):
            dispatcher.utter_message(json_message=message(f"skill/finish/{at}", text))
        return []


class ListSkills(Action):
    """Offers a few exercises: those that fit what the talk is about, else those that fit anybody."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def name(self) -> str:
        return "action_list_skills"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        state = await self.desk.state(tracker.sender_id)
        said = [piece.partition(".")[0] for piece in state.listening.said]
        topic = next((one for one in reversed(said) if fitting(one)), None)
        offer(dispatcher, state, topic)
        return []


def fitting(topic: str | None) -> list[Skill]:
    """The exercises that say of themselves that they are for this topic."""
    return [skill for skill in read_skills().values() if topic in skill.for_]


ANYBODY = ("breathing_box", "grounding", "body_scan", "mood_checkin")


def offer(dispatcher: CollectingDispatcher, state: DialogueState, topic: str | None) -> None:
    """Say which exercises there are, at most four, each with its button."""
    skills = read_skills()
    chosen = fitting(topic) if topic else []
    chosen += [skills[name] for name in ANYBODY if name in skills and skills[name] not in chosen]
    buttons = tuple(Button(skill.title, skill.id) for skill in chosen[:MOST_OFFERED])
    text = "眼下可以一起做的有这几样，都不长，哪样顺手点哪样。"
    if state.said.get("utter_offer_skills", 0):
        text = "再看看这几样？点一个就开始，想停随时停。"
    dispatcher.utter_message(json_message=message("utter_offer_skills", text, buttons=buttons))
