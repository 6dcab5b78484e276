"""The cards of what to say, read once from `say_cards.yml`, which a clinician can read and change."""

from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import yaml

from escalation.errors import PolicyError

FILE = Path(__file__).with_name("say_cards.yml")
LEVELS = ("red", "orange", "other")


@dataclass(frozen=True)
class LevelCard:
    """For one level: the first sentence, what may follow, what to tell the family, and what never to say."""

    first: str
    then: tuple[str, ...]
    family: tuple[str, ...]
    never: tuple[str, ...]


@dataclass(frozen=True)
class SituationCard:
    """For what somebody finds at the door: what to look for, what to say, what not to say."""

    code: str
    name: str
    look: str
    say: tuple[str, ...]
    avoid: tuple[str, ...]


@dataclass(frozen=True)
class SayCards:
    """All cards, who answers for them, and the day on which a clinician has read them (None: nobody yet)."""

    owner: str
    reviewed_on: date | None
    levels: dict[str, LevelCard]
    situations: tuple[SituationCard, ...]


@cache
def say_cards(file: Path = FILE) -> SayCards:
    """The cards as they stand in the file. `PolicyError` when a level or a line is missing: nobody stands at a door
    with half a card."""
    read = yaml.safe_load(file.read_text(encoding="utf-8"))
    try:
        always = tuple(read["never"])
        levels = {
            key: LevelCard(
                card["first"],
                tuple(card["then"]),
                tuple(card["family"]),
                always + tuple(card.get("never", ())),
            )
            for key, card in read["levels"].items()
        }
        situations = tuple(
            SituationCard(code, one["name"], one["look"], tuple(one["say"]), tuple(one["avoid"]))
            for code, one in read["situations"].items()
        )
        cards = SayCards(read["owner"], read["reviewed_on"], levels, situations)
    except (KeyError, TypeError) as error:
        raise PolicyError(f"{file.name}: a card lacks {error}") from None
    lines = [line for card in levels.values() for line in (card.first, *card.then, *card.family, *card.never)]
    lines += [line for one in situations for line in (one.name, one.look, *one.say, *one.avoid)]
    if set(levels) != set(LEVELS) or not all(isinstance(line, str) and line.strip() for line in lines):
        raise PolicyError(f"{file.name}: a level is missing, or a line is empty")
    return cards
