"""Short codes that work once: to go on with a conversation on another device, or to begin one on a worker's phone.

    4821 0937 5526      eleven random digits and a check digit

Digits, because a kiosk can show a key for each of them and everybody can read them out. A code says nothing of
anybody; kept is only its keyed hash. It works once and for a day at most, from a kiosk for two minutes; a new one
voids the one before. The check digit finds every single wrong digit and every two neighbours swapped, so a slip is told
from a guess. Guesses are throttled where codes are redeemed: at 30 a minute in all, somebody who wants any of a hundred
living codes guesses for about sixty years.
"""

import re
import secrets
import unicodedata
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from residents.check_digit import damm
from storage.base import Entity, Identified

Purpose = Literal["move", "assist"]

RANDOM_DIGITS = 11
LIVES_FOR = timedelta(hours=24)
LIVES_AT_KIOSK = timedelta(seconds=120)
_FILLING = re.compile(r"[\s\-‐‑‒–—―−_·.,、。]+")


class OneTimeCode(Identified, Entity):
    """One code that was given out. `move`: `session_id` goes to another device, whose old cookie is then remembered as
    `left_token_hash`, so that the device that was left can say why. `assist`: another conversation of `resident_id`
    begins where `session_id` was, assisted by `made_by`."""

    __tablename__ = "one_time_code"

    code_index: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    purpose: Mapped[str]
    resident_id: Mapped[UUID] = mapped_column(ForeignKey("resident.id"), index=True)
    session_id: Mapped[UUID | None] = mapped_column(ForeignKey("resident_session.id"), index=True)
    made_by: Mapped[UUID | None]
    made_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    left_token_hash: Mapped[bytes | None] = mapped_column(LargeBinary, index=True)


def new_one_time_code() -> str:
    """A fresh code, twelve digits without spaces."""
    digits = f"{secrets.randbelow(10**RANDOM_DIGITS):0{RANDOM_DIGITS}d}"
    return digits + damm(digits)


def normal(text: str) -> str | None:
    """The twelve digits of a code however it was typed; `None` when there are not twelve or one is wrong."""
    if not isinstance(text, str) or len(text) > 60:
        return None
    digits = _FILLING.sub("", unicodedata.normalize("NFKC", text))
    if not re.fullmatch(rf"[0-9]{{{RANDOM_DIGITS + 1}}}", digits):
        return None
    return digits if damm(digits) == "0" else None


def written(code: str) -> str:
    """A code in groups of four, as it is shown."""
    return " ".join(code[start : start + 4] for start in range(0, len(code), 4))
