"""What is said so plainly that it is answered as that, whatever Rasa read in it; and a mistake of ours is owned.

Only outside a questionnaire and an exercise, where their own rules hold. After an alarm its script goes on, but a wish
for a person is heard always.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from bot.actions.answering import answered
from bot.actions.desk import DialogueState
from bot.actions.reflect import Around, heard_in, intent_of, reflect, speak, text_of
from bot.actions.saying import say
from bot.companion.bank import read_bank
from bot.companion.compose import compose, thread_of
from bot.companion.knowledge import asks
from bot.companion.plainly import corrects, facts_first, plainly, stands
from bot.companion.points import points_in

OWNED = "utter_heard_wrong"
SURE_AMONG_TALK = 0.9
"""How sure an answer must be where no question of fact was read: of 1,417 questions among other people's clients'
messages this answers 27, most of them rightly."""


class Plainly(Around):
    """Another action, done unless the words plainly call for something else."""

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        text, intent = text_of(tracker), intent_of(tracker)
        state = await self.desk.state(tracker.sender_id)
        typed = bool(text) and not text.startswith("/") and state.item is None and state.step is None
        if typed and answered_plainly(dispatcher, state, intent, text):
            return []
        return list(await self.inner.run(dispatcher, tracker, domain))


def answered_plainly(
    dispatcher: CollectingDispatcher, state: DialogueState, intent: str | None, text: str
) -> bool:
    """Answer what is plain; False when nothing is, and nothing was said."""
    wish = plainly(text)
    if wish == "call_person":
        say(dispatcher, state, "utter_call_person")
    elif state.alarmed:
        return False
    elif wish is not None:
        say(dispatcher, state, f"utter_{wish}")
    elif corrects(text) and state.listening.said:
        own_it(dispatcher, state, intent, text)
    elif intent == "rephrase" and stands(
        intent, text
    ):  # of our own words: there is no question of a form that could be put otherwise
        say(dispatcher, state, "utter_repeat_it")
    elif intent == "company_places" and asks(text) and answered(dispatcher, state, text, None):
        pass  # where the canteen is has an answer, and wants no exercise
    elif asked_among_talk(intent, text) and answered(
        dispatcher, state, text, None, sure=SURE_AMONG_TALK, of=facts_first() if points_in(text) else None
    ):
        pass  # a plain question of fact is answered, whatever matter it was listened to as
    elif not stands(intent, text):
        if not (asks(text) and answered(dispatcher, state, text, None)):
            reflect(dispatcher, state, None, text)
    else:
        return False
    return True


def asked_among_talk(intent: str | None, text: str) -> bool:
    """Whether something is asked in what was read as a matter to listen to."""
    return (intent is None or intent in read_bank()) and asks(text)


def own_it(dispatcher: CollectingDispatcher, state: DialogueState, intent: str | None, text: str) -> None:
    """Say that it was heard wrongly, and go back to what the talk was on before: the topic that was wrong is left."""
    bank = read_bank()
    wrong = thread_of(state.listening.said, bank)
    kept = tuple(piece for piece in state.listening.said if piece.partition(".")[0] != wrong)
    before = thread_of(kept, bank)
    heard = heard_in(
        replace(state, listening=replace(state.listening, said=kept)),
        intent if intent in bank else None,
        bank,
        text,
    )
    if before is not None and heard.topic in (wrong, None):
        heard = replace(heard, topic=before)
    say(dispatcher, state, OWNED)
    speak(dispatcher, compose(bank, replace(heard, said=state.listening.said))[:1])
