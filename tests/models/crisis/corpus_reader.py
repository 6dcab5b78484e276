"""The project's own lines: families of what is serious and families of what only sounds alike."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

FOLDER = Path(__file__).parent / "corpus"
LEVELS = ("none", "elevated", "crisis")


@dataclass(frozen=True)
class Family:
    """Lines of one kind with the level they must reach."""

    name: str
    level: str
    texts: tuple[str, ...]
    explicit: bool
    imminent: bool
    whose: str | None
    exact: bool


def families(name: str) -> list[Family]:
    """The families of one corpus file."""
    return [
        Family(
            name=entry["family"],
            level=entry["level"],
            texts=tuple(str(text) for text in entry["texts"]),
            explicit=entry.get("explicit", False),
            imminent=entry.get("imminent", False),
            whose=entry.get("whose"),
            exact=entry.get("exact", entry["level"] == "elevated"),
        )
        for entry in yaml.safe_load((FOLDER / f"{name}.yml").read_text(encoding="utf-8"))
    ]
