"""A resident's conversation at one door: who is speaking, without knowing who it is."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Entity, Identified

Door = Literal["phone", "kiosk", "wechat"]

RESUMABLE_FOR = timedelta(hours=24)
"""How long the same phone goes on with the same conversation (CH13)."""


class ResidentSession(Identified, Entity):
    """One conversation. Its cookie is known only as a hash; Rasa knows it only as `sender`.

    `callback_wanted`: the resident asked to be called, so contact is asked for below orange too.
    `worker_wanted`: a person is to come into the chat. `route` and `age`: by which way through the questionnaires this
    person came in, and what they said of their age where it is asked. `assisted_by`: the member of staff who handed
    over this phone; the conversation is then locked to the questionnaire, and only their sign-in ends it.
    `came_back_to`: who talked on this phone before; nothing of theirs is shown until they say that it is they.
    """

    __tablename__ = "resident_session"

    resident_id: Mapped[UUID] = mapped_column(ForeignKey("resident.id"), index=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    sender: Mapped[str] = mapped_column(unique=True)
    door: Mapped[str]
    place: Mapped[str | None]
    opened_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    callback_wanted: Mapped[bool] = mapped_column(default=False)
    worker_wanted: Mapped[bool] = mapped_column(default=False)
    route: Mapped[str | None]
    age: Mapped[str | None]
    assisted_by: Mapped[UUID | None]
    came_back_to: Mapped[UUID | None] = mapped_column(ForeignKey("resident.id"))

    def alive(self, now: datetime) -> bool:
        """Whether the conversation goes on: not left, and seen within `RESUMABLE_FOR`."""
        return self.ended_at is None and now - self.seen_at < RESUMABLE_FOR


def new_token() -> str:
    """A session token of 256 random bits, for a cookie."""
    return secrets.token_urlsafe(32)


def new_sender() -> str:
    """A pseudonym of 128 random bits: all that Rasa ever learns of who is speaking."""
    return secrets.token_hex(16)


def token_hash(token: str) -> bytes:
    """What the database keeps of a token."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
