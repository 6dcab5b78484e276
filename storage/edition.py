"""Editions: every version of a file that decides something, kept for as long as anything was decided by it.

A policy, a table of levels, a calendar or a district's tree is imported as a file and kept here word for word, so
that a ticket of last year can be judged again by what held then, and so that every process works by the same one.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import BigInteger, Identity, Index, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import Entity, Identified


class Edition(Identified, Entity):
    """One version of one subject (`policy:home_visit`, `levels`, `calendar`, `district:binjiang`).

    `digest` is the content's SHA-256, shortened to 16 letters; the edition saved last is the one in force. The same
    content may come into force again: that is a new row with the old digest.
    """

    __tablename__ = "edition"
    __table_args__ = (Index("ix_edition_newest", "subject", "position"),)

    position: Mapped[int] = mapped_column(BigInteger, Identity())
    subject: Mapped[str]
    digest: Mapped[str]
    content: Mapped[str]
    saved_at: Mapped[datetime]
    saved_by: Mapped[str]
    note: Mapped[str] = mapped_column(default="")


def digest_of(content: str) -> str:
    """The short name of a content: the first 16 letters of its SHA-256."""
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def save(db: Session, subject: str, content: str, saved_by: str, now: datetime, note: str = "") -> Edition:
    """Bring a content into force. Saving what is in force already changes nothing and gives that edition back."""
    newest = current(db, subject)
    digest = digest_of(content)
    if newest is not None and newest.digest == digest:
        return newest
    edition = Edition(
        subject=subject, digest=digest, content=content, saved_at=now, saved_by=saved_by, note=note
    )
    db.add(edition)
    db.flush()
    return edition


def current(db: Session, subject: str) -> Edition | None:
    """The edition in force, or None when nothing was ever saved."""
    return db.scalar(
        select(Edition).where(Edition.subject == subject).order_by(Edition.position.desc()).limit(1)
    )


def newest_position(db: Session, subject: str) -> int:
    """A number that grows with every edition of this subject: cheap to ask, to know whether to read again."""
    found = db.scalar(
        select(Edition.position).where(Edition.subject == subject).order_by(Edition.position.desc()).limit(1)
    )
    return found or 0


def by_digest(db: Session, subject: str, digest: str) -> Edition | None:
    """The edition with this content, whether in force or not."""
    return db.scalar(select(Edition).where(Edition.subject == subject, Edition.digest == digest).limit(1))


def history(db: Session, subject: str) -> Sequence[Edition]:
    """All editions of a subject, oldest first."""
    return db.scalars(select(Edition).where(Edition.subject == subject).order_by(Edition.position)).all()
