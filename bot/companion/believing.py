"""Whether a longer message means what Rasa read in it: it must hold a word of that matter (`anchors.yml`).

A classifier of words puts every sentence somewhere, and is as sure of what only sounds alike; a long tale that is taken
for a question about fraud is worse answered than one that is only listened to. What is not believed is read by the
words that the topics are known by, or by the context reader, or not at all.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from bot.companion.compose import MOODS
from bot.companion.manner import manner_of, what_counts
from bot.companion.points import points_in

BOT = Path(__file__).resolve().parents[1]


@cache
def _file() -> Mapping[str, Any]:
    read: Mapping[str, Any] = yaml.safe_load((BOT / "companion" / "anchors.yml").read_text("utf-8"))
    return read


@cache
def _anchors() -> tuple[int, Mapping[str, re.Pattern[str]], Mapping[str, re.Pattern[str]]]:
    read = _file()
    topics = dict(_topic_words())
    topics |= {topic: re.compile(words) for topic, words in read["topics"].items()}
    turning = {intent: re.compile(words, re.S) for intent, words in read["turning"].items()}
    return read["longer_than"], topics, turning


def _topic_words() -> Mapping[str, re.Pattern[str]]:
    """The words by which Rasa's own features know the topics."""
    page = yaml.safe_load((BOT / "data" / "nlu" / "listening_words.yml").read_text("utf-8"))
    found = {}
    for entry in page["nlu"]:
        name = entry.get("regex", "")
        if name.startswith("topic_"):
            words = [line.removeprefix("- ").strip() for line in entry["examples"].splitlines()]
            found[name.removeprefix("topic_")] = re.compile("|".join(f"(?:{word})" for word in words if word))
    return found


def believed(intent: str | None, text: str, *, answering: bool = False) -> bool:
    """Whether this reading stands. A tap, most short messages, and an intent that has no words here always do.

    `answering`: an open question of ours stands before it. What follows is an answer first, so that also a short
    sentence turns the talk only with a word of what it turns to.
    """
    longer_than, topics, turning = _anchors()
    pattern = topics.get(intent or "") or turning.get(intent or "")
    if text.startswith("/") or pattern is None:
        return True
    if intent in _file()["must_ask"] and (
        manner_of(text) == "takes_up" or not re.search(_file()["asking"], text)
    ):
        return False
    if intent in _file()["needs"] and not re.search(_file()["needs"][intent], text):
        return False
    if answering and (intent or "").startswith("small_talk") and not re.search(_file()["asking"], text):
        return False
    if (
        len(text) > longer_than
        and (intent or "").startswith("ask_")
        and not re.search(_file()["questions"], text)
    ):
        return False
    if intent in turning:
        longer_than = _file()["an_answer" if answering else "turning_longer_than"]
    if len(text) <= longer_than and not _doubted_though_short(intent, text):
        return True
    return pattern.search(text) is not None


def names(topic: str, text: str) -> bool:
    """Whether a message holds a word of this topic; always, where the topic is known by no words."""
    pattern = _anchors()[1].get(topic)
    return pattern is None or pattern.search(text) is not None


def _doubted_though_short(intent: str | None, text: str) -> bool:
    figure = any(sign.isdigit() for sign in text)
    if intent in _file()["gives_way"] and any(not point.broad for point in points_in(text)):
        return True
    return intent in _file()["always_doubted"] or (figure and intent in _file()["doubted_with_a_figure"])


def complains(text: str) -> bool:
    """Whether this is plainly said of the program's own way to talk (你说的跟心灵鸡汤一样)."""
    return re.search(_file()["complains"], text) is not None


def topic_in(text: str, read: Sequence[str], among: Sequence[str]) -> str | None:
    """The topic that a message is about by its words: of those that are named the one most often, a matter before a
    mood; what the context reader found (`read`) counts twice. None when none is named and nothing was read.

    What stands after 但是 is asked first, and the whole only when that names nothing.
    """
    _, topics, _ = _anchors()
    for part in (what_counts(text), text):
        found = {topic: topics[topic].findall(part) for topic in among if topic in topics}
        counts = {topic: len(hits) + (2 if topic in read else 0) for topic, hits in found.items() if hits}
        if counts:
            return max(
                counts, key=lambda topic: (topic not in MOODS, counts[topic], _last(topics[topic], part))
            )
    return next((topic for topic in read if topic in among), None)


def times(topic: str, text: str) -> int:
    """How often a message names this topic."""
    pattern = _anchors()[1].get(topic)
    return len(pattern.findall(text)) if pattern else 0


def _last(pattern: re.Pattern[str], text: str) -> int:
    """Of two that are named as often, the one that is named last is what it comes out at."""
    return max((hit.start() for hit in pattern.finditer(text)), default=0)
