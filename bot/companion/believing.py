"""Whether a longer message means what Rasa read in it: it must hold a word of that matter (`anchors.yml`).

A classifier of words puts every sentence somewhere, and is as sure of what only sounds alike; a long tale that is taken
for a question about fraud is worse answered than one that is only listened to. What is not believed is read by the
words that the topics are known by, or by the context reader, or not at all.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import yaml

from bot.companion.compose import MOODS

BOT = Path(__file__).resolve().parents[1]


@cache
def _anchors() -> tuple[int, Mapping[str, re.Pattern[str]], Mapping[str, re.Pattern[str]]]:
    read = yaml.safe_load((BOT / "companion" / "anchors.yml").read_text("utf-8"))
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


def believed(intent: str | None, text: str) -> bool:
    """Whether this reading stands. A tap, a short message, and an intent that has no words here always do."""
    longer_than, topics, turning = _anchors()
    pattern = topics.get(intent or "") or turning.get(intent or "")
    if text.startswith("/") or len(text) <= longer_than or pattern is None:
        return True
    return pattern.search(text) is not None


def topic_in(text: str, read: Sequence[str], among: Sequence[str]) -> str | None:
    """The topic that a message is about by its words: of those that are named the one most often, a matter before a
    mood; what the context reader found (`read`) counts twice. None when none is named and nothing was read."""
    _, topics, _ = _anchors()
    named = {topic: len(topics[topic].findall(text)) for topic in among if topic in topics}
    counts = {topic: times + (2 if topic in read else 0) for topic, times in named.items() if times}
    if not counts:
        return next((topic for topic in read if topic in among), None)
    return max(counts, key=lambda topic: (topic not in MOODS, counts[topic]))
