"""The sentences of the dialogue, read from the `responses` in bot/domain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

DOMAIN = Path(__file__).resolve().parent.parent / "domain"


@dataclass(frozen=True)
class Button:
    """A choice offered under a bubble; the application acts on `choice`."""

    title: str
    choice: str


@dataclass(frozen=True)
class Variation:
    """One way of saying something: one or two bubbles, and what is offered under the last."""

    bubbles: tuple[str, ...]
    buttons: tuple[Button, ...]
    exercise: str | None


Wording = Mapping[str, tuple[Variation, ...]]


def read_variation(response: Mapping[str, Any]) -> Variation:
    """One response of the domain; an empty line in its text parts two bubbles."""
    bubbles = tuple(part.strip() for part in response["text"].split("\n\n") if part.strip())
    buttons = tuple(
        Button(button["title"], button["payload"].removeprefix("/")) for button in response.get("buttons", ())
    )
    return Variation(bubbles, buttons, (response.get("metadata") or {}).get("exercise"))


@cache
def read_wording(folder: Path = DOMAIN) -> Wording:
    """All responses of the domain, by name. Read once."""
    wording: dict[str, tuple[Variation, ...]] = {}
    for page in sorted(folder.glob("*.yml")):
        responses = (yaml.safe_load(page.read_text(encoding="utf-8")) or {}).get("responses") or {}
        for name, variations in responses.items():
            wording[name] = tuple(read_variation(variation) for variation in variations)
    return wording
