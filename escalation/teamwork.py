"""What several people do on one ticket, as it is kept: handing over, joint work, visits in pairs, lowering.

The rules are in `transfer.py`, `reach.py`, `joint.py`, `trips.py` and `lowering.py`.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Entity, Identified


class Acknowledgement(Identified, Entity):
    """One person's taking of a ticket. A level may want two; one that lapsed or was given back has `undone_at`."""

    __tablename__ = "acknowledgement"

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"), index=True)
    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff_account.id"), index=True)
    name: Mapped[str]
    at: Mapped[datetime]
    undone_at: Mapped[datetime | None]


class Transfer(Identified, Entity):
    """One office asks another, or one person a colleague (`to_staff_id`), to take a ticket over, with a written
    reason. The sender keeps it until accepted.

    `answer`: `accepted`, `refused`, `expired` (nobody answered in time), `withdrawn` (by who asked, or because the
    matter went another way), or `arbiter` (the district decided, and that stands). At most one is open per ticket.
    """

    __tablename__ = "transfer"
    __table_args__ = (
        Index("ix_transfer_one_open", "ticket_id", unique=True, postgresql_where=text("answered_at IS NULL")),
        Index("ix_transfer_due", "answer_by", postgresql_where=text("answered_at IS NULL")),
        Index("ix_transfer_answered", "answered_at"),
    )

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"), index=True)
    from_office: Mapped[str]
    to_office: Mapped[str]
    to_staff_id: Mapped[UUID | None] = mapped_column(ForeignKey("staff_account.id"))
    reason_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    asked_by: Mapped[str]
    asked_at: Mapped[datetime]
    answer_by: Mapped[datetime]
    answer: Mapped[str | None]
    answered_by: Mapped[str | None]
    answered_at: Mapped[datetime | None]
    answer_reason_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)


class ReachAttempt(Identified, Entity):
    """One try to reach the resident, or somebody who may know how they are.

    `way`: phone, message, door, chat; trusted_person, community, property, police. `reached`: whether the resident
    was spoken to or seen.
    """

    __tablename__ = "reach_attempt"

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"), index=True)
    way: Mapped[str]
    reached: Mapped[bool]
    at: Mapped[datetime]
    by: Mapped[str]


class SubTask(Identified, Entity):
    """A part of a ticket that another body does: community, school, hospital, police. It sees this part alone.

    What it is asked, and what came of it, is sealed. `with_name`: it cannot be done without knowing who it is.
    `outcome`: `done`, `cannot`, or `withdrawn` by the office.
    """

    __tablename__ = "sub_task"
    __table_args__ = (Index("ix_sub_task_due", "due_at", postgresql_where=text("ended_at IS NULL")),)

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"), index=True)
    name: Mapped[str] = mapped_column(unique=True)
    partner: Mapped[str] = mapped_column(index=True)
    what: Mapped[str]
    ask_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    asked_by: Mapped[str]
    asked_at: Mapped[datetime]
    due_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    accepted_by: Mapped[str | None]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]
    outcome: Mapped[str | None]
    result_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    with_name: Mapped[bool] = mapped_column(default=False)
    rounds: Mapped[int] = mapped_column(default=0)
    told_at: Mapped[datetime | None]


class Trip(Identified, Entity):
    """A worker is on the way to a visit and says by when they will be heard of again (check-in and check-out).

    `help_at`: they asked for help; `back_at`: they are back, or a person has ended the alarm.
    """

    __tablename__ = "trip"
    __table_args__ = (Index("ix_trip_due", "back_by", postgresql_where=text("back_at IS NULL")),)

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"), index=True)
    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff_account.id"))
    name: Mapped[str]
    office: Mapped[str]
    companion: Mapped[str | None]
    set_out_at: Mapped[datetime]
    arrived_at: Mapped[datetime | None]
    back_by: Mapped[datetime]
    back_at: Mapped[datetime | None]
    help_at: Mapped[datetime | None]
    rounds: Mapped[int] = mapped_column(default=0)
    told_at: Mapped[datetime | None]


class Lowering(Identified, Entity):
    """A named worker finds the level too high and says why; a second one confirms it, or not."""

    __tablename__ = "lowering"
    __table_args__ = (
        Index("ix_lowering_one_open", "ticket_id", unique=True, postgresql_where=text("decided_at IS NULL")),
    )

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"), index=True)
    from_level: Mapped[int]
    to_level: Mapped[int]
    reason_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    asked_by_id: Mapped[UUID] = mapped_column(ForeignKey("staff_account.id"))
    asked_by: Mapped[str]
    asked_at: Mapped[datetime]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    confirmed: Mapped[bool | None]
