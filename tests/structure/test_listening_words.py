"""The words by which a topic is known: they carry few examples to words that no example holds."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
NLU = ROOT / "bot" / "data" / "nlu"
OLDER = (
    *("low_mood", "worry", "anger", "sleeplessness", "loneliness"),
    *("bereavement", "illness", "family_conflict", "work_stress"),
)


def read(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def plain(line: str) -> str:
    return re.sub(r"\[([^\]]+)\]\(\w+\)", r"\1", line.removeprefix("- ").strip())


WORDS: dict[str, str] = {
    entry["regex"]: entry["examples"].strip().removeprefix("- ")
    for entry in read(NLU / "listening_words.yml")["nlu"]
}
TOPICS = (*OLDER, *read(ROOT / "bot" / "domain" / "listening.yml")["intents"])


def by_intent() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for page in sorted(NLU.glob("*.yml")):
        for entry in read(page)["nlu"]:
            if entry.get("intent") in TOPICS:
                found.setdefault(entry["intent"], []).extend(map(plain, entry["examples"].splitlines()))
    return found


EXAMPLES = by_intent()


def test_each_set_of_words_is_one_pattern_that_does_not_match_nothing() -> None:
    for name, pattern in WORDS.items():
        assert "\n" not in pattern, name
        assert not re.search(pattern, ""), name


@pytest.mark.parametrize("topic", TOPICS)
def test_a_topic_is_known_by_its_own_words_in_most_of_its_lines(topic: str) -> None:
    lines = EXAMPLES[topic]
    known = [line for line in lines if re.search(WORDS[f"topic_{topic}"], line)]
    assert len(lines) >= 60
    assert len(known) >= 0.5 * len(lines), sorted(set(lines) - set(known))
