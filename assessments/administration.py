"""One sitting of one questionnaire: what was answered, committed answer by answer."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Entity, Identified

State = Literal["open", "paused", "finished", "left"]


class Administration(Identified, Entity):
    """One person answering one instrument. At most one is open in a conversation.

    `sitting_id` joins the questionnaires of one staged screening. The content hash says exactly which wording
    was answered. The score is sealed; it stays empty when something was declined (incomplete is not low). `route` is
    the way through the forms that was chosen. `assisted_by`: the member of staff who handed over the phone for it.
    `looks_at`: an item that was answered and that the person has gone back to; it is the open one until it is answered.
    """

    __tablename__ = "administration"
    __table_args__ = (
        Index(
            "ix_administration_one_open", "session_id", unique=True, postgresql_where=text("state = 'open'")
        ),
        UniqueConstraint("sitting_id", "instrument"),
        Index("ix_administration_started", "started_at"),
    )

    resident_id: Mapped[UUID] = mapped_column(ForeignKey("resident.id"), index=True)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("resident_session.id"), index=True)
    sitting_id: Mapped[UUID]
    instrument: Mapped[str]
    version: Mapped[str]
    content_hash: Mapped[str]
    state: Mapped[str]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    route: Mapped[str] = mapped_column(default="core")
    assisted_by: Mapped[UUID | None]
    looks_at: Mapped[str | None]
    score_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)


class GivenAnswer(Identified, Entity):
    """One answer as given; a changed answer is a new row (`revision`), and the highest one holds."""

    __tablename__ = "given_answer"
    __table_args__ = (UniqueConstraint("administration_id", "item", "revision"),)

    administration_id: Mapped[UUID] = mapped_column(ForeignKey("administration.id"))
    item: Mapped[str]
    revision: Mapped[int]
    value_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    carried_over: Mapped[bool] = mapped_column(default=False)
    at: Mapped[datetime]
