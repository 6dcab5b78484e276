"""A ticket: something that an office must do for one resident, followed until a person closes it.

States after FHIR Task: requested (nobody has it), accepted (somebody took it), in-progress (somebody spoke to
or saw the resident), completed. The clocks start at the resident's sentence, not at the acknowledgement.
"""

from datetime import datetime
from uuid import UUID, uuid5

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from escalation.errors import TicketHeld
from escalation.triage import Level
from storage.base import Entity, Identified


class Ticket(Identified, Entity):
    """One matter of one resident. There is at most one open ticket per resident and kind.

    `code` is its name for staff and opens nothing; the resident's own code opens the progress page and is a
    secret. `office` is responsible; other desks that it stands on are rows of `TicketDesk`.
    `policy` and `tree` name the editions that it is judged and routed by.
    Where the resident is, and why it went to this office, is part of an address, and sealed.
    `spoken_at` is the sentence that all clocks count from. `step` is the next step of the chain that has not
    been taken, due at `step_due_at` while `missing` people have still to take the ticket; the chain counts from
    `chain_since`. `two_people`: nobody visits alone. `bounces` counts refused transfers; `settled`: the district
    has decided whose it is.
    """

    __tablename__ = "ticket"
    __table_args__ = (
        Index(
            "ix_ticket_one_open",
            "resident_id",
            "kind",
            unique=True,
            postgresql_where=text("closed_at IS NULL"),
        ),
        Index("ix_ticket_steps", "step_due_at", postgresql_where=text("closed_at IS NULL AND missing > 0")),
        Index("ix_ticket_tree", "tree", postgresql_where=text("closed_at IS NULL")),
        Index("ix_ticket_closed", "office", "opened_at", postgresql_where=text("closed_at IS NOT NULL")),
        Index("ix_ticket_closed_at", "closed_at", postgresql_where=text("closed_at IS NOT NULL")),
    )

    code: Mapped[str] = mapped_column(unique=True)
    resident_code_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    resident_code_index: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    kind: Mapped[str]
    policy: Mapped[str]
    tree: Mapped[str] = mapped_column(default="")
    resident_id: Mapped[UUID] = mapped_column(ForeignKey("resident.id"), index=True)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("resident_session.id"))
    level: Mapped[int]
    state: Mapped[str]
    office: Mapped[str] = mapped_column(index=True)
    place_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    routing_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    danger_to_life: Mapped[bool]
    spoken_at: Mapped[datetime]
    opened_at: Mapped[datetime]
    chain_since: Mapped[datetime]
    step: Mapped[int]
    step_due_at: Mapped[datetime]
    missing: Mapped[int] = mapped_column(default=1)
    holder_id: Mapped[UUID | None] = mapped_column(ForeignKey("staff_account.id"))
    holder_name: Mapped[str | None]
    acknowledged_at: Mapped[datetime | None]
    attempted_at: Mapped[datetime | None]
    spoke_at: Mapped[datetime | None]
    met_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    level_at_close: Mapped[int | None]
    two_people: Mapped[bool] = mapped_column(default=False)
    bounces: Mapped[int] = mapped_column(default=0)
    settled: Mapped[bool] = mapped_column(default=False)
    reopened: Mapped[int] = mapped_column(default=0)

    @property
    def rated(self) -> Level:
        """The level, as the rules know it."""
        return Level(self.level)

    def acknowledge(self, officer_id: UUID, name: str, now: datetime) -> bool:
        """Take the ticket. False when this officer has it already; `TicketHeld` when another has."""
        if self.holder_id == officer_id:
            return False
        if self.holder_id is not None:
            raise TicketHeld(self.code, by=self.holder_name or "")
        self.holder_id, self.holder_name, self.acknowledged_at = officer_id, name, now
        self.missing = max(0, self.missing - 1)
        if self.state == "requested":
            self.state = "accepted"
        return True

    def start_chain(self, now: datetime) -> None:
        """Tell the office again from the first step on: the ticket is new, rose, or was dropped."""
        self.chain_since, self.step, self.step_due_at = now, 0, now

    def lapse(self, now: datetime, wanted: int = 1) -> None:
        """Undo the acknowledgements; the chain begins again, until `wanted` people have taken the ticket."""
        self.holder_id = self.holder_name = self.acknowledged_at = None
        self.missing = wanted
        self.state = "requested"
        self.start_chain(now)

    def rise(self, level: Level, spoken_at: datetime, now: datetime, wanted: int = 1) -> None:
        """A higher level is a new alarm: whoever had the ticket takes it again, or somebody else does."""
        self.level = int(level)
        self.stir(spoken_at)
        self.lapse(now, wanted)

    def reopen(self, level: Level, spoken_at: datetime, now: datetime, wanted: int = 1) -> None:
        """A closed matter has come back: the same code, a new alarm. Never lower than the level it was closed at."""
        self.closed_at = self.outcome = None
        self.reopened += 1
        self.bounces, self.settled = 0, False
        self.rise(max(level, Level(self.level_at_close or level)), spoken_at, now, wanted)
        self.level_at_close = None

    def stir(self, spoken_at: datetime) -> None:
        """New danger: what was done before it no longer counts as having reached this person."""
        self.spoken_at = spoken_at
        self.attempted_at = self.spoke_at = self.met_at = None
        self.state = "accepted" if self.holder_id is not None else "requested"

    def attempt(self, now: datetime) -> None:
        """Somebody tried to reach the resident."""
        self.attempted_at = self.attempted_at or now

    def speak(self, now: datetime) -> None:
        """Somebody spoke to the resident."""
        self.attempt(now)
        self.spoke_at = self.spoke_at or now
        self.state = "in-progress"

    def meet(self, now: datetime) -> None:
        """Somebody saw the resident."""
        self.speak(now)
        self.met_at = self.met_at or now

    def complete(self, outcome: str, now: datetime) -> None:
        """Close. Whether it may be closed is `casework.missing_before_closing`."""
        self.state, self.outcome, self.closed_at = "completed", outcome, now


class TicketDesk(Identified, Entity):
    """Another desk on whose list a ticket stands, beside its own office: it was told, or somebody there has it."""

    __tablename__ = "ticket_desk"
    __table_args__ = (
        UniqueConstraint("ticket_id", "office"),
        Index("ix_ticket_desk_office", "office", "since"),
    )

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"))
    office: Mapped[str]
    since: Mapped[datetime]


class TicketClock(Identified, Entity):
    """One deadline of one ticket, with its own stop. `told_at`/`rounds`: lateness that was passed on."""

    __tablename__ = "ticket_clock"
    __table_args__ = (
        UniqueConstraint("ticket_id", "name"),
        Index("ix_ticket_clock_due", "due_at", postgresql_where=text("stopped_at IS NULL")),
        Index("ix_ticket_clock_fell", "due_at"),
    )

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"))
    name: Mapped[str]
    due_at: Mapped[datetime]
    stopped_at: Mapped[datetime | None]
    rounds: Mapped[int] = mapped_column(default=0)
    told_at: Mapped[datetime | None]


class DeadlineSet(Identified, Entity):
    """How one deadline came about, so that it can be computed again: written whenever one is set, never changed.

    `due_at` is what `policy` gives for this clock, level, `spoken_at` (the moment it counts from) and
    `acknowledged_at`; where `before` is not empty, the sooner of that and `before`. `because` is what set it:
    `opened`, `raised`, `again`, `acknowledged`, `lapsed`, `lowered`, `reopened`, `unreached`, `calendar`.
    """

    __tablename__ = "deadline_set"

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"), index=True)
    clock: Mapped[str]
    level: Mapped[int]
    policy: Mapped[str]
    spoken_at: Mapped[datetime]
    acknowledged_at: Mapped[datetime | None]
    before: Mapped[datetime | None]
    due_at: Mapped[datetime]
    because: Mapped[str]
    at: Mapped[datetime]


class TicketEvent(Identified, Entity):
    """One line of the time line. Notes are sealed; `client_id` makes recording twice the same as once."""

    __tablename__ = "ticket_event"
    __table_args__ = (
        Index("ix_ticket_event_timeline", "ticket_id", "at"),
        Index("ix_ticket_event_at", "at"),
    )

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"))
    position: Mapped[int] = mapped_column(BigInteger, Identity())
    client_id: Mapped[UUID | None] = mapped_column(unique=True)
    at: Mapped[datetime]
    kind: Mapped[str]
    who: Mapped[str]
    text: Mapped[str]
    note_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)


class FollowUp(Identified, Entity):
    """A promise to ask again. It belongs to an office, so that nobody's leave can lose it.

    `invite`: from its day on, the resident's own door offers to answer the questions once more.
    """

    __tablename__ = "follow_up"
    __table_args__ = (
        Index("ix_follow_up_due", "due_at", postgresql_where=text("done_at IS NULL")),
        Index("ix_follow_up_fell", "due_at"),
    )

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"), index=True)
    office: Mapped[str]
    planned_at: Mapped[datetime]
    due_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    done_by: Mapped[str | None]
    outcome: Mapped[str | None]
    invite: Mapped[bool] = mapped_column(default=False)
    rounds: Mapped[int] = mapped_column(default=0)
    told_at: Mapped[datetime | None]


def unasked_call_id(session_id: UUID) -> UUID:
    """The id of the one call that is made for a conversation without anybody's asking: a second one is no other."""
    return uuid5(session_id, "unasked")


class DeskCall(Identified, Entity):
    """Somebody at a kiosk asked for a human being; or, `unasked`, staff of the hall are to look in there quietly."""

    __tablename__ = "desk_call"

    session_id: Mapped[UUID] = mapped_column(ForeignKey("resident_session.id"))
    place: Mapped[str]
    office: Mapped[str] = mapped_column(index=True)
    at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[str | None]

    @property
    def unasked(self) -> bool:
        """Whether nobody pressed for it: it was made because of how a result or words turned out."""
        return self.id == unasked_call_id(self.session_id)
