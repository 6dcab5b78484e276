"""Where notices go: the telephones, groups and addresses of people and offices."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Entity, Identified


class ContactPoint(Identified, Entity):
    """One address on one channel, of a person (`staff_id`) or of an office as a whole (a group's robot, a mailbox).

    `audience` says, for an office's own, which of its notices go there: `office`, `supervisor` or `district_desk`.
    `rank` 0 is tried first, the next when it fails. The address is sealed; `address_index` is its blind index, by
    which an answer by text message finds its sender. Until `quiet_until` nothing is sent there, because something
    is on its way or has just gone; what is worse than `told_level` does not wait for that.
    """

    __tablename__ = "contact_point"
    __table_args__ = (Index("ix_contact_point_address", "channel", "address_index"),)

    office: Mapped[str] = mapped_column(index=True)
    staff_id: Mapped[UUID | None] = mapped_column(ForeignKey("staff_account.id"), index=True)
    audience: Mapped[str]
    channel: Mapped[str]
    address_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    address_index: Mapped[bytes | None] = mapped_column(LargeBinary)
    rank: Mapped[int]
    active: Mapped[bool] = mapped_column(default=True)
    quiet_until: Mapped[datetime | None]
    told_level: Mapped[int] = mapped_column(default=0)
