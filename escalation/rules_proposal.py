"""A changed file of rules that one administrator has rehearsed and asks another to bring into force."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import Entity, Identified

OPEN_FOR = timedelta(days=7)


class RulesProposal(Identified, Entity):
    """The whole content, what the rehearsal said of it, and what the second person decided."""

    __tablename__ = "rules_proposal"

    subject: Mapped[str] = mapped_column(index=True)
    content: Mapped[str]
    against: Mapped[str]
    lines: Mapped[dict[str, Any]]
    note: Mapped[str]
    asked_by_id: Mapped[UUID] = mapped_column(ForeignKey("staff_account.id"))
    asked_by: Mapped[str]
    asked_at: Mapped[datetime] = mapped_column(index=True)
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    decision: Mapped[str | None]


def proposal_of(db: Session, proposal_id: UUID) -> RulesProposal | None:
    """One proposal, locked: two people who decide at once decide one after the other."""
    return db.scalar(
        select(RulesProposal)
        .where(RulesProposal.id == proposal_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def proposals(db: Session, now: datetime, most: int = 20) -> Sequence[RulesProposal]:
    """Those that wait for a decision, then the newest of the others."""
    waiting = db.scalars(
        select(RulesProposal)
        .where(RulesProposal.decided_at.is_(None), RulesProposal.asked_at > now - OPEN_FOR)
        .order_by(RulesProposal.asked_at)
    ).all()
    decided = db.scalars(
        select(RulesProposal)
        .where(RulesProposal.decided_at.is_not(None))
        .order_by(RulesProposal.decided_at.desc())
        .limit(most)
    ).all()
    return [*waiting, *decided]
