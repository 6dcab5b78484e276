"""Listening: a reply put together from the bank, by topic, feeling and what was said before."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from bot.actions.crisis import stay_with
from bot.actions.desk import Desk, DialogueState
from bot.actions.saying import message, say
from bot.actions.wording import Button
from bot.companion.bank import Bank, Piece, read_bank
from bot.companion.believing import believed, complains, topic_in
from bot.companion.compose import ANY, FEELINGS, MOODS, NAME, Heard, bank_topics, compose, on_topic, thread_of
from bot.companion.knowledge import Door, door_for


def heard_in(state: DialogueState, intent: str | None, bank: Bank, text: str = "") -> Heard:
    """What this message is about: its intent where its words bear it out, else what its words name or the context
    reader is sure of, else what the talk was on.

    A mood that is said while the talk is on a matter stays within that matter.
    """
    listening = state.listening
    thread = thread_of(listening.said, bank)
    topic: str | None = None
    beside: str | None = None
    if intent in bank and believed(intent, text):
        topic = intent
        if intent in MOODS and thread is not None and thread not in MOODS:
            topic, beside = thread, intent
    else:
        read = [bank_topics()[topic] for topic in listening.topics if topic in bank_topics()]
        topic = topic_in(text, read, [one for one in bank if one not in NEVER_GUESSED]) or thread
    return Heard(
        topic,
        beside,
        listening.feeling,
        listening.said,
        listening.echoes,
        listening.brief,
        listening.seed,
    )


APOLOGY = "utter_complain_about_bot"
NEVER_GUESSED = FEELINGS | {ANY, "good_news", "feeling_better"}
"""What is not taken for the topic by its words alone: joy where there is none hurts most."""


def speak(dispatcher: CollectingDispatcher, pieces: tuple[Piece, ...]) -> None:
    """Say pieces of the bank, each as a bubble of its own; an offer carries its button."""
    for piece in pieces:
        buttons: tuple[Button, ...] = ()
        if piece.choice:
            buttons = (Button(piece.title or "好", piece.choice), Button("接着说", "talk"))
        dispatcher.utter_message(json_message=message(NAME + piece.id, piece.text, buttons=buttons))


def reflect(
    dispatcher: CollectingDispatcher, state: DialogueState, intent: str | None, text: str = ""
) -> None:
    """Listen. In the middle of a questionnaire only a word of it, since the item is asked again after this."""
    if complains(text) and not state.alarmed:
        say(dispatcher, state, APOLOGY)
        return
    bank = read_bank()
    heard = heard_in(state, intent, bank, text)
    if state.alarmed and state.item is None:
        stay_with(dispatcher, state, compose(bank, heard)[:1])
        return
    pieces = compose(bank, heard)
    door = door_for([heard.topic]) if heard.topic else None
    if door and state.item is None and state.step is None and on_topic(heard.said, heard.topic or "") == 1:
        speak(dispatcher, pieces[:1])
        offer_door(dispatcher, door)
        return
    speak(dispatcher, pieces[:1] if state.item is not None or state.step is not None else pieces)


def offer_door(dispatcher: CollectingDispatcher, door: Door) -> None:
    """Offer the other door of a dispute in one tap (CH14), once its feeling was heard: never with the first reply."""
    buttons = (Button(door.title, f"know_{door.entry}"), Button("接着说", "talk"))
    dispatcher.utter_message(json_message=message(f"door/{door.id}", door.offer, buttons=buttons))


class Reflect(Action):
    """Answers whatever somebody tells of themselves."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def name(self) -> str:
        return "action_reflect"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        state = await self.desk.state(tracker.sender_id)
        reflect(dispatcher, state, intent_of(tracker), text_of(tracker))
        return []


class Doubting(Action):
    """Another action, done only when the message bears out what Rasa read in it; else it is listened to.

    In the middle of a questionnaire or an exercise Rasa's reading stands. A plain complaint about this program is heard
    as one, whatever Rasa read.
    """

    def __init__(self, desk: Desk, inner: Action) -> None:
        self.desk = desk
        self.inner = inner

    def name(self) -> str:
        return str(self.inner.name())

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        text = text_of(tracker)
        if believed(intent_of(tracker), text) and not complains(text):
            return list(await self.inner.run(dispatcher, tracker, domain))
        state = await self.desk.state(tracker.sender_id)
        if state.item is not None or state.step is not None:
            return list(await self.inner.run(dispatcher, tracker, domain))
        reflect(dispatcher, state, None, text)
        return []


def text_of(tracker: Tracker) -> str:
    """The last message as Rasa has it: masked."""
    return (tracker.latest_message or {}).get("text") or ""


def intent_of(tracker: Tracker) -> str | None:
    """How Rasa read the last message."""
    return ((tracker.latest_message or {}).get("intent") or {}).get("name")
