"""A look back at a week of moods, in a sentence that praises nothing and blames nothing (P13)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import yaml
from sqlalchemy.orm import Session

from bot.companion.keeping import moods_of
from storage.vault import Vault

WEEK = timedelta(days=7)
WORDING = yaml.safe_load((Path(__file__).parents[1] / "page_wording.yml").read_text("utf-8"))["mood"]


@dataclass(frozen=True)
class Week:
    """The marks of the last seven days, oldest first, and what may be said of them."""

    marks: tuple[tuple[datetime, int], ...]
    words: str


def this_week(db: Session, vault: Vault, resident_id: UUID, now: datetime) -> Week:
    """How somebody said they felt in the last seven days."""
    marks = tuple(moods_of(db, vault, resident_id, now - WEEK))
    return Week(marks, in_words([value for _, value in marks]))


def in_words(values: list[int]) -> str:
    """What may be said of some moods in order. Up or down only where the later half differs by over half a step."""
    name = dict(enumerate(WORDING["names"], start=1))
    if not values:
        return str(WORDING["none"])
    if len(values) == 1:
        return str(WORDING["one"]).replace("⟦名⟧", name[values[0]])
    half = len(values) // 2
    change = sum(values[-half:]) / half - sum(values[:half]) / half
    usual = sorted(values)[len(values) // 2]
    way = "same" if abs(change) <= 0.5 else "up" if change > 0 else "down"
    filled = {"次": _count(len(values)), "名": name[usual], "先": name[values[0]], "后": name[values[-1]]}
    if way != "same" and (values[-1] - values[0]) * change <= 0:
        way = "same"
    words = str(WORDING[way])
    for key, value in filled.items():
        words = words.replace(f"⟦{key}⟧", value)
    return words


def _count(number: int) -> str:
    return "两" if number == 2 else str(number)
