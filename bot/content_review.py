"""Who has read a sentence that the program may say, and when: one row for each reading, kept with the sentence's hash.

A sentence that was changed has another hash and waits for a new reading.
"""

from datetime import date, datetime

from sqlalchemy import Index, select
from sqlalchemy.orm import Mapped, Session

from storage.base import Entity, Identified


class ContentReview(Identified, Entity):
    """Somebody read exactly this sentence on that day. `marked_by` is the account that wrote it down."""

    __tablename__ = "content_review"
    __table_args__ = (Index("ix_content_review_sentence", "sentence", "reviewed_on"),)

    sentence: Mapped[str]
    digest: Mapped[str]
    reviewer: Mapped[str]
    reviewed_on: Mapped[date]
    marked_by: Mapped[str]
    marked_at: Mapped[datetime]


def kept_reviews(db: Session) -> list[ContentReview]:
    """The newest reading of each wording at each place, oldest first."""
    wording = (ContentReview.sentence, ContentReview.digest)
    rows = db.scalars(
        select(ContentReview)
        .distinct(*wording)
        .order_by(*wording, ContentReview.reviewed_on.desc(), ContentReview.marked_at.desc())
    )
    return sorted(rows, key=lambda row: (row.reviewed_on, row.marked_at))
