"""Skills that only have something to say: the action `action_<skill>` says `utter_<skill>`."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from bot.actions.desk import Desk
from bot.actions.reflect import text_of
from bot.actions.saying import message, say
from bot.companion.manner import manner_of

REPLIES = (
    *("welcome", "greet", "who_are_you", "privacy", "help", "rephrase"),
    *("delete_record", "export_record", "record_deletion_asked", "record_deleted"),
    *("call_me_back", "call_person", "callback_offered", "left", "worker_left", "screening_paused"),
    *("wait_a_moment", "repeat_it", "personal_question", "complain_about_bot", "am_i_ill"),
    *("ask_medicine", "worried_about_other", "is_minor", "scam_suspicion", "cost", "language_other"),
    *("en_greet", "en_need_help", "en_talk_to_person", "en_who_are_you", "en_sleep"),
    *("skill_stopped", "contact_finished"),
)
OR_STAY = (
    *(
        "talk",
        "thanks",
        "not_now",
        "change_topic",
        "insult",
        "praise",
        "nonsense",
        "joke_request",
        "small_talk",
    ),
    *("i_dont_know", "sigh", "already_said", "no_advice_please", "can_it_get_better", "is_it_normal"),
    *("silence_ok", "too_long_text_sorry", "en_low_mood", "en_thanks", "en_worry"),
)
"""What is answered with a sentence, unless an alarm has gone out: then its script goes on (`steering.OrStay`)."""


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
        state = await self.desk.state(tracker.sender_id)
        asks_how = self.skill == "worried_about_other" and manner_of(text_of(tracker)) == "asks_how"
        say(dispatcher, state, "utter_how_to_ask" if asks_how else f"utter_{self.skill}")
        for text in state.ask_again if self.skill == "welcome" else ():
            dispatcher.utter_message(json_message=message("skill/asked_again", text))
        if self.skill == "contact_finished" and state.alarmed and not state.imminent and not state.planned:
            say(dispatcher, state, "utter_crisis_safety_plan")
        return []
