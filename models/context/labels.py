"""The labels and their Chinese names, from `labels.yml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

LABELS = Path(__file__).parent / "labels.yml"
TASKS = ("emotion", "topic", "life_event")
CALM = "neutral"  # the feeling of a message without one
CHEERFUL = frozenset({"joy", "relief"})  # to be glad with somebody in despair is worse than to miss a joy
NONE = "none"  # no topic, no event: an answer of the models that is not reported


@dataclass(frozen=True)
class About:
    """What a worker reads for a label, and what it covers."""

    name: str
    about: str


@lru_cache(maxsize=1)
def _all() -> dict[str, dict[str, About]]:
    written = yaml.safe_load(LABELS.read_text(encoding="utf-8"))
    return {task: {label: About(**entry) for label, entry in written[task].items()} for task in TASKS}


def labels_of(task: str) -> Mapping[str, About]:
    """The labels of `emotion`, `topic` or `life_event`, in the order of the file."""
    return _all()[task]
