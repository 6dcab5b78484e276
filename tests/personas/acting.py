"""Somebody says their twenty sentences to a whole town; what the page showed after each is kept."""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from bot.turn import MessageShown, Turn
from tests.support.town import Town

FOLDER = Path(__file__).parent / "cast"
RISKS = ("none", "indirect", "explicit")


@dataclass(frozen=True)
class Line:
    """One thing to say, and what is in it."""

    says: str
    risk: str = "none"
    imminent: bool = False


@dataclass(frozen=True)
class Persona:
    """One resident. `asked_directly`: how the five safety questions are answered when they are asked."""

    name: str
    door: str
    asked_directly: tuple[int, ...]
    turns: tuple[Line, ...]
    harmless: bool

    def first(self, *risks: str) -> int | None:
        """The first turn with one of these."""
        return next((at for at, line in enumerate(self.turns) if line.risk in risks), None)

    def imminent(self) -> int | None:
        """The first turn with danger that is there now."""
        return next((at for at, line in enumerate(self.turns) if line.imminent), None)


@cache
def personas() -> dict[str, Persona]:
    """All of them, by the name of their file."""
    return {path.stem: read(path) for path in sorted(FOLDER.glob("*.yml"))}


def read(path: Path) -> Persona:
    """One persona; `ValueError` for a file that is not one."""
    raw: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    lines = tuple(
        Line(str(t["says"]), t.get("risk", "none"), bool(t.get("imminent", False))) for t in raw["turns"]
    )
    if any(line.risk not in RISKS for line in lines) or len(raw["asked_directly"]) != 5:
        raise ValueError(path.name)
    return Persona(
        raw["name"], raw["door"], tuple(raw["asked_directly"]), lines, bool(raw.get("harmless", False))
    )


@dataclass
class Shown:
    """What the page showed after one thing was said. `said`: the program's bubbles in answer to it."""

    turn: Turn
    said: list[MessageShown]
    asked: list[str] = field(default_factory=list)
    """The safety questions that were asked before the next thing was said."""

    @property
    def words(self) -> str:
        return "\n".join(bubble.text for bubble in self.said)

    @property
    def noticed(self) -> bool:
        """Whether the program has noticed: the crisis card, or the safety questions."""
        return self.turn.alarm is not None or bool(self.asked)


def act(town: Town, persona: Persona) -> list[Shown]:
    """Say everything, answering the safety questions as this person does. Nothing else is answered."""
    resident = town.resident(place="puyan-hall", door=persona.door)
    resident.agrees()
    seen: list[Shown] = []
    for line in persona.turns:
        turn = resident.says(line.says)
        shown = Shown(turn, [m for m in turn.messages if m.author == "program"])
        while (item := resident.turn.screening) is not None and item.instrument == "asq":
            shown.asked.append(item.text)
            answer = persona.asked_directly[int(item.item.removeprefix("q")) - 1]
            after = resident.answers(answer)
            shown.said += [m for m in after.messages if m.author == "program"]
        seen.append(shown)
    return seen
