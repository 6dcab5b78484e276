"""The duty roster as it is kept: who is on duty at an office, week by week, and what changes it."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Entity, Identified


class DutyShift(Identified, Entity):
    """One line of an office's weekly pattern: on these days, from `starts` to `ends`, this person.

    `duty` is `officer` (who is told of a ticket first) or `lead` (who is told when nobody took it). `days` are
    digits, 1 for Monday to 7, or the words `workday` and `restday` by the official calendar. `ends` at or before
    `starts` passes midnight; `00:00` to `24:00` is the whole day. `backup` stands in when nobody who is not a backup
    is there. `staff_id` None is the office's own duty line: a telephone that somebody always answers.
    """

    __tablename__ = "duty_shift"

    office: Mapped[str] = mapped_column(index=True)
    duty: Mapped[str]
    staff_id: Mapped[UUID | None] = mapped_column(ForeignKey("staff_account.id"))
    days: Mapped[str]
    starts: Mapped[str]
    ends: Mapped[str]
    backup: Mapped[bool] = mapped_column(default=False)
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]


class DutyChange(Identified, Entity):
    """Somebody is away (`leave`), or another takes their place (`swap`), from one moment to another.

    An `offer` is a swap that the other has not accepted yet; it changes nothing. Without `replaced_by` the backup
    stands in. A change that was taken back keeps its row, with `ended_at`.
    """

    __tablename__ = "duty_change"

    office: Mapped[str] = mapped_column(index=True)
    kind: Mapped[str]
    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff_account.id"))
    from_at: Mapped[datetime]
    to_at: Mapped[datetime]
    replaced_by: Mapped[UUID | None] = mapped_column(ForeignKey("staff_account.id"))
    made_by: Mapped[str]
    made_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
