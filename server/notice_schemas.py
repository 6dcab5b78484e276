"""The shapes of notices in the console, and of what the gateway for text messages hands in."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from escalation.outbox import QueuedNotice
from server.shapes import Body, Text


class NoticeShown(BaseModel):
    """One notice in the console. `ticket` is the code to open, where it is about one."""

    id: UUID
    at: datetime
    text: str
    level: str
    ticket: str | None
    respond_by: datetime

    @classmethod
    def of(cls, row: QueuedNotice) -> "NoticeShown":
        """As the console shows it."""
        return cls(
            id=row.id,
            at=row.queued_at,
            text=row.text,
            level=row.level_word,
            ticket=row.code if row.ticket_id is not None else None,
            respond_by=row.respond_by,
        )


class NoticeList(BaseModel):
    """The newest notices that nobody has looked at; `count` is of all."""

    count: int
    notices: list[NoticeShown]


class Reply(Body):
    """Somebody answered a text message."""

    sender: Annotated[Text, Field(alias="from", min_length=1, max_length=40)]
    text: Annotated[Text, Field(max_length=500)]


class ReplyAnswered(BaseModel):
    """What to send back to the telephone; nothing where it is nobody's here."""

    sentence: str | None


class DeliveryReceipt(Body):
    """What became of a text message that the gateway had taken."""

    reference: Annotated[Text, Field(min_length=1, max_length=200)]
    status: Annotated[Text, Field(min_length=1, max_length=40)]


class ReceiptTaken(BaseModel):
    """Whether the word changed anything."""

    changed: bool
