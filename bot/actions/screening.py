"""The one generic form: it shows whatever item the application has open, and keeps nothing itself."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from bot.actions.desk import Desk, DialogueState, ItemShown
from bot.actions.saying import message, say
from bot.actions.wording import Button

FORM = "screening_form"
SLOT = "screening_answer"

WAYS_OUT = (
    Button("换个说法", "rephrase"),
    Button("跳过这题", "skip_item"),
    Button("先停一停", "pause_screening"),
)


def item_text(item: ItemShown) -> str:
    """The item for a door that shows text only: number, time frame, question, numbered options.

    From the third asking on the question gives way to the options alone, so that nobody reads the same
    question a third time.
    """
    options = "\n".join(f"{number}. {option}" for number, option in enumerate(item.options, start=1))
    head = f"第 {item.number} 题 / 共 {item.of} 题"
    if item.times_asked >= 2:
        return f"{head} 还在这儿等您，不急。哪个最接近？\n{options}"
    return f"{head}\n{item.timeframe}，{item.text}\n{options}"


def show_item(dispatcher: CollectingDispatcher, item: ItemShown) -> None:
    """Show the item once; before the first of a questionnaire, how long it is and what it asks about."""
    if item.first and item.times_asked == 0 and item.intro:
        dispatcher.utter_message(json_message=message("screening_intro", item.intro))
    bubble = message(
        "screening_item",
        item_text(item),
        variant=item.times_asked,
        kind="item",
        buttons=WAYS_OUT if item.times_asked >= 2 else (),
        item={
            "instrument": item.instrument,
            "title": item.title,
            "number": item.number,
            "of": item.of,
            "timeframe": item.timeframe,
            "text": item.text,
            "options": list(item.options),
            "times_asked": item.times_asked,
        },
    )
    dispatcher.utter_message(json_message=bubble)


def tell_result(dispatcher: CollectingDispatcher, state: DialogueState) -> None:
    """Thanks, the sentence of the result, and what comes next. Never a number, never a colour."""
    if state.result_sentence is None:
        say(dispatcher, state, "utter_screening_finished")
        return
    say(dispatcher, state, "utter_result", result=state.result_sentence)
    if state.next_steps:
        steps = "\n".join(f"{number}. {step}" for number, step in enumerate(state.next_steps, start=1))
        say(dispatcher, state, "utter_next_steps", steps=steps)


class AskItem(Action):
    """Shows the next item of the open questionnaire."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def name(self) -> str:
        return f"action_ask_{FORM}_{SLOT}"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        item = (await self.desk.state(tracker.sender_id)).item
        if item is not None:
            show_item(dispatcher, item)
        return []


class ValidateScreening(Action):
    """Lets the form go on while the application has an item open, and ends it when it has none."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def name(self) -> str:
        return f"validate_{FORM}"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        state = await self.desk.state(tracker.sender_id)
        events = [SlotSet(SLOT, None)] if tracker.get_slot(SLOT) is not None else []
        if state.item is None:
            events.append(SlotSet("requested_slot", None))
        return events


class StartScreening(Action):
    """The resident wants the questions: asks the application to open them, and begins if it did."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def name(self) -> str:
        return "action_start_screening"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        await self.desk.start_screening(tracker.sender_id)
        state = await self.desk.state(tracker.sender_id)
        if state.item is None:
            say(dispatcher, state, "utter_screening_needs_consent")
            return []
        return [FollowupAction(FORM)]


class PauseScreening(Action):
    """The resident wants to stop for now: the answers stay, nothing is asked again."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def name(self) -> str:
        return "action_pause_screening"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        state = await self.desk.state(tracker.sender_id)
        if state.item is None and state.step is not None:
            await self.desk.stop_skill(tracker.sender_id)
            say(dispatcher, state, "utter_skill_stopped")
            return []
        if state.item is None:
            say(dispatcher, state, "utter_not_now")
            return []
        await self.desk.pause_screening(tracker.sender_id)
        say(dispatcher, state, "utter_screening_paused")
        return []


class AnswerNotUnderstood(Action):
    """The words fitted no option. The form shows the item again after this, with ways out the second time."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def name(self) -> str:
        return "action_answer_not_understood"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        state = await self.desk.state(tracker.sender_id)
        if (
            state.last_said != "answer_asked_back"
        ):  # a guess was asked already; "not understood" would take it back
            say(dispatcher, state, "utter_answer_not_understood")
        return []


class TellResult(Action):
    """Says what came of a finished questionnaire."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def name(self) -> str:
        return "action_result"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        tell_result(dispatcher, await self.desk.state(tracker.sender_id))
        return []
