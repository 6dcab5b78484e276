"""Views of the list that somebody has made for themselves. Kept by the server, so that they follow a person from the
desk to the phone; they say which tickets to show and nothing of any of them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from escalation.errors import NotAllowed, NotThere
from escalation.staff import StaffAccount
from storage.base import Entity, Identified

MOST = 12


class DeskView(Identified, Entity):
    """One person's own view: its name, the list it begins with, and what of it is shown."""

    __tablename__ = "desk_view"
    __table_args__ = (UniqueConstraint("account_id", "name"),)

    account_id: Mapped[UUID] = mapped_column(ForeignKey("staff_account.id"))
    name: Mapped[str]
    base: Mapped[str]
    levels: Mapped[list[str]]
    free_only: Mapped[bool]
    made_at: Mapped[datetime]


def views_of(db: Session, account: StaffAccount) -> Sequence[DeskView]:
    """This person's views, in the order in which they were made."""
    mine = select(DeskView).where(DeskView.account_id == account.id)
    return db.scalars(mine.order_by(DeskView.made_at, DeskView.name)).all()


def keep_view(
    db: Session,
    account: StaffAccount,
    name: str,
    base: str,
    levels: Sequence[str],
    free_only: bool,
    now: datetime,
) -> None:
    """Keep a view under its name; the same name again changes that view. `NotAllowed` beyond a dozen."""
    db.execute(select(StaffAccount.id).where(StaffAccount.id == account.id).with_for_update())
    found = db.scalar(select(DeskView).where(DeskView.account_id == account.id, DeskView.name == name))
    if found is None:
        many = db.scalar(select(func.count()).where(DeskView.account_id == account.id)) or 0
        if many >= MOST:
            raise NotAllowed(f"最多存 {MOST} 个视图，先删掉一个不用的。")
        found = DeskView(account_id=account.id, name=name, made_at=now)
        db.add(found)
    found.base, found.levels, found.free_only = base, list(levels), free_only
    db.flush()


def forget_view(db: Session, account: StaffAccount, view: UUID) -> None:
    """Forget one of this person's views; `NotThere` for another's, as for none."""
    found = db.scalar(select(DeskView).where(DeskView.id == view, DeskView.account_id == account.id))
    if found is None:
        raise NotThere()
    db.delete(found)
    db.flush()
