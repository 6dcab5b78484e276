"""The three readers that are compared: rules alone, the learned model alone, and both as residents meet them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from models.crisis.recogniser import CrisisRecogniser
from models.crisis.second_reader import SecondReader
from models.learned import ModelUnusable, trained_folder

RULES, MODEL, BOTH = "rules", "model", "both"
Reader = Callable[[str], str]


def readers(folder: Path | None = None) -> Mapping[str, Reader]:
    """Each by its name, from a text to a level. Without a trained model only the rules are there."""
    rules = CrisisRecogniser.from_files()
    found: dict[str, Reader] = {RULES: lambda text: rules.read(text).level}
    try:
        second = SecondReader.from_folder(folder or trained_folder("crisis"))
    except ModelUnusable:
        return found
    both = CrisisRecogniser.from_files(second=second)

    def alone(text: str) -> str:
        vote = second.vote(text)
        return vote.level if vote else "none"

    return found | {MODEL: alone, BOTH: lambda text: both.read(text).level}
