"""Listening: a reply put together from the bank, by topic, feeling and what was said before."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from bot.actions.crisis import stay_with
from bot.actions.desk import Desk, DialogueState
from bot.actions.saying import message, say
from bot.actions.wording import Button, read_wording
from bot.companion.bank import Bank, Piece, read_bank
from bot.companion.believing import believed, complains, names, times, topic_in
from bot.companion.compose import (
    ANY,
    FEELINGS,
    FEW_WORDS,
    MOODS,
    NAME,
    Heard,
    bank_topics,
    compose,
    on_topic,
    thread_of,
)
from bot.companion.knowledge import Door, asks, door_for
from bot.companion.manner import MANNERS, manner_of, only_thanks, refuses
from bot.companion.own_words import FACED, PLACEHOLDERS
from bot.companion.points import EVERYWHERE, LAST, MOST, Point, points_in


def heard_in(state: DialogueState, intent: str | None, bank: Bank, text: str = "") -> Heard:
    """What this message is about: its intent where its words bear it out, else what its words name or the context
    reader is sure of, else what the talk was on.

    A mood that is said while the talk is on a matter stays within that matter.
    """
    listening = state.listening
    thread = thread_of(listening.said, bank)
    read = [bank_topics()[topic] for topic in listening.topics if topic in bank_topics()]
    named = topic_in(text, read, [one for one in bank if one not in NEVER_GUESSED])
    if thread is None and _in_passing(named, intent, text, read):
        named = None
    topic: str | None = None
    beside: str | None = None
    if intent in bank and believed(intent, text):
        led = named if _leads_away(named, text, read, thread) else None
        stays = intent in SOFT and thread is not None and not _leads_away(intent, text, read, thread)
        topic = thread if stays else _settled(intent or "", text, led, thread)
        if intent in MOODS and topic != intent and names(intent or "", text):
            beside = intent
    elif thread is not None and thread not in MOODS and not _leads_away(named, text, read, thread):
        topic, beside = thread, named if named in MOODS else None
    else:
        topic = named or thread
    if thread in PART_OF.get(topic or "", ()):
        topic = thread
    points = points_in(text) if text and not text.startswith("/") and topic not in MOURNED else ()
    free = thread is None or thread in MOODS
    if free and points and not points[0].fits(topic) and _gives_way(topic, intent, text, read, points[0]):
        topic = points[0].of[0]
    elif topic is None and points:
        topic = next((one for point in points for one in point.of if one != EVERYWHERE), None)
    points = tuple(point for point in points if point.fits(topic) and (point.broad < LAST or topic is None))[
        :MOST
    ]
    leading = bool(points) and (topic is None or topic in {*MOODS, *points[0].of} or topic in YIELDS)
    return Heard(
        topic,
        beside,
        listening.feeling if listening.feeling != "surprise" or SURPRISED.search(text) else None,
        listening.said,
        listening.echoes,
        listening.brief,
        listening.seed,
        manner_of(text) if text and not text.startswith("/") else None,
        refuses(text),
        points,
        leading,
        _own(state, topic, points[0] if leading else None, text),
    )


def _own(state: DialogueState, topic: str | None, point: Point | None, text: str) -> str | None:
    """How the clause is meant that may be said back: where no point says it better, what is told only where nothing
    heavy is named, what is asked or planned within every matter but a death. Never in the middle of something, and
    never once danger was heard in this conversation. A plan is not answered as a worry."""
    busy = state.item is not None or state.step is not None or state.alarmed or state.danger_replies > 0
    own = next((kind for kind, holder in PLACEHOLDERS.items() if holder in state.listening.echoes), None)
    if own is None or busy or text.startswith("/") or topic in {*MOURNED, *FEW_WORDS}:
        return None
    manner = manner_of(text)
    if own == "plans" and manner == "takes_up":  # points are silent beside a plan
        return own
    if point is not None and _says_it_better(point, own):
        return None
    if own not in TAKEN_AS_SAID and not (topic is None or topic in MOODS or topic in YIELDS):
        return None
    if own in ("asks", "weighs_up", *FACED):
        return own
    if manner in ("agrees", "takes_up"):
        return None
    return own if own != "plans" or manner is None else None


def _says_it_better(point: Point, own: str) -> bool:
    """Whether a point says more than their own words: a narrow one does; a broad one that names a mood only to who asks
    in general how to change it."""
    if point.broad == LAST:
        return False
    return not point.broad or own == "asks" or not MOODS & set(point.of)


TAKEN_AS_SAID = frozenset({"asks", "weighs_up", "ifs", "plans"})
"""What somebody asks or plans is taken up in their own words also where their matter is named."""
PART_OF = {
    "sleeplessness": frozenset({"night_shift", "new_mother", "bereavement", "exam_stress"}),
    "money_tight": frozenset({"wages_owed", "debt", "gambling", "unemployment"}),
    "debt": frozenset({"gambling"}),
    "school_trouble": frozenset({"exam_stress", "bullying"}),
    "parenting_child": frozenset({"new_mother", "wages_owed"}),
}
"""What belongs to another matter: while the talk is on that, it stays on that."""
SOFT = frozenset(
    {"love", "self_worth", "social_fear", "direction", "parents", "seeking_help", "friends"}
) | frozenset(
    {
        "neighbour_dispute",
        "property_dispute",
        "bullying",
        "work_stress",
        "school_trouble",
        "couple_quarrel",
        "divorce",
    }
)
"""What comes up within every matter (a neighbour who calls, a boss who says no): named in passing, it does not take the
talk away from one."""


YIELDS = (SOFT - {"neighbour_dispute", "property_dispute"}) | frozenset(
    {
        *("heartbreak", "family_conflict", "exam_stress", "infidelity", "parenting_child", "parenting_teen"),
        "unemployment",
    }
)
"""Matters of which the points say better what was told than their own first sentence; where the talk was on nothing, a
point that does not belong to such a matter brings its own."""


def _in_passing(named: str | None, intent: str | None, text: str, read: Sequence[str]) -> bool:
    """Whether a longer message only happens to hold a word of a heavy matter, which neither Rasa nor the context reader
    found in it."""
    heavy = named is not None and named not in MOODS and named not in YIELDS
    return (
        heavy
        and len(text) > LONGER
        and named != intent
        and named not in read
        and times(named or "", text) < 2
    )


def _gives_way(topic: str | None, intent: str | None, text: str, read: Sequence[str], point: Point) -> bool:
    """Whether a topic gives way to a point of another: never what the context reader found as well or a short message
    is read as, and a heavy matter only where neither Rasa read it nor its words name it more than once."""
    if topic is None or topic in MOODS:
        return True
    if topic == intent and len(text) <= LONGER:
        return False
    if topic in read and (point.broad or topic not in YIELDS):
        return False
    return topic in YIELDS or (topic != intent and not point.broad and times(topic, text) < 2)


def _leads_away(named: str | None, text: str, read: Sequence[str], thread: str | None) -> bool:
    """Whether what a message names takes the talk from the matter that it is on: never a mood or what comes up within
    every matter, unless it is named twice or the context reader found it as well."""
    if named is None or named in MOODS:
        return False
    if thread is None or thread in MOODS:
        return True
    return named not in SOFT or thread in SOFT or times(named, text) > 1 or named in read


def _settled(intent: str, text: str, named: str | None, thread: str | None) -> str:
    """The topic where Rasa read one: a mood belongs to the matter that it is said of or within, and a matter that
    none of the words bear out gives way to the one that they name, or to what the talk is on."""
    matter = thread if thread not in MOODS else None
    if intent in MOODS:
        return matter or (named if named and named not in MOODS else intent)
    if names(intent, text) or text.startswith("/"):
        return intent
    return named if named and named not in MOODS else matter or intent


SURPRISED = re.compile("突然|忽然|没想到|意外|吓|惊|竟然?|居然|一下子|怎么(就|会)")
"""A feeling of surprise is said back only where something came as one."""
LONGER = 18
"""From so many signs on a message has room for more than one word of its matter."""
THANKS = "utter_thanks"
APOLOGY = "utter_complain_about_bot"
MOURNED = frozenset({"bereavement", "missing_someone", "pregnancy_loss", "pet_loss"})
"""While the talk is on one of these, 她 is who is gone, and nobody is feared for."""
ANOTHER = "utter_worried_about_other"
NEVER_GUESSED = FEELINGS | {*MANNERS, ANY, "good_news", "feeling_better"}
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
    if goes_on_about_another(state, text):
        say(dispatcher, state, ANOTHER)
        return
    if only_thanks(text) and not state.alarmed and state.item is None and state.step is None:
        say(dispatcher, state, THANKS)
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


def goes_on_about_another(state: DialogueState, text: str) -> bool:
    """Whether somebody who was asked about the person they fear for goes on telling of them: "她说活着没意思" is then
    not their own emptiness. Only as long as there is something new to say to it."""
    if thread_of(state.listening.said, read_bank()) in MOURNED:
        return False
    said = state.said.get(ANOTHER, 0)
    open_already = state.item is not None or state.step is not None or state.alarmed
    asked = (state.last_said or "").startswith(ANOTHER) and 0 < said < len(read_wording()[ANOTHER])
    return (
        asked
        and not open_already
        and re.search("他|她|怕|我[爸妈爷奶弟妹哥姐]|儿子|女儿|孩子", text) is not None
    )


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


class Around(Action):
    """Another action under its own name, with something that is looked at before it."""

    def __init__(self, desk: Desk, inner: Action) -> None:
        self.desk = desk
        self.inner = inner

    def name(self) -> str:
        return str(self.inner.name())


class Doubting(Around):
    """Another action, done only when the message bears out what Rasa read in it; else it is listened to.

    In the middle of a questionnaire or an exercise Rasa's reading stands. A plain complaint about this program is heard
    as one, whatever Rasa read.
    """

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        text = text_of(tracker)
        state = await self.desk.state(tracker.sender_id)
        if believed(
            intent_of(tracker), text, answering=asked_openly(state) and not asks(text)
        ) and not complains(text):
            return list(await self.inner.run(dispatcher, tracker, domain))
        if state.item is not None or state.step is not None:
            return list(await self.inner.run(dispatcher, tracker, domain))
        reflect(dispatcher, state, None, text)
        return []


def asked_openly(state: DialogueState) -> bool:
    """Whether the last thing said was an open question of the bank, so that an answer to it is awaited."""
    return (state.last_said or "").startswith(NAME) and ".ask." in (state.last_said or "")


def text_of(tracker: Tracker) -> str:
    """The last message as Rasa has it: masked."""
    return (tracker.latest_message or {}).get("text") or ""


def intent_of(tracker: Tracker) -> str | None:
    """How Rasa read the last message."""
    return ((tracker.latest_message or {}).get("intent") or {}).get("name")
