"""The shapes of what several people do on one ticket: handing over, reaching, joint work, trips, lowering.

Reasons that staff write are theirs to read on the ticket; nothing here carries a resident's words or name.
"""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from server.shapes import Body, LevelName, Text

Why = Annotated[Text, Field(min_length=5, max_length=500)]
"""A written reason: never fewer than five letters."""
Note = Annotated[Text, Field(max_length=2000)]
Way = Literal["phone", "message", "door", "chat", "trusted_person", "community", "property", "police"]
Act = Literal[
    "acknowledge",
    "call",
    "visit",
    "refer",
    "plan_follow_up",
    "follow_up",
    "close",
    "reopen",
    "attempt",
    "transfer",
    "hand_over",
    "answer_transfer",
    "withdraw_transfer",
    "take_over",
    "to_district",
    "decide",
    "sub_task",
    "set_out",
    "arrived",
    "back",
    "two_people",
    "lower",
    "answer_lowering",
]
"""What somebody may do on a ticket now; each is one button, and one route."""

# --- what is shown ---------------------------------------------------------------------------------


class Choosable(BaseModel):
    """One office, partner or level to choose from."""

    code: str
    name: str


class Colleague(BaseModel):
    """Somebody of the same office, to hand a ticket to or to go with."""

    id: UUID
    name: str
    role_name: str


class AcknowledgementShown(BaseModel):
    name: str
    at: datetime
    mine: bool


class TransferShown(BaseModel):
    """One asking of another office, or of a colleague (`to_name`), to take the ticket. `answer` None: still open."""

    from_office: str
    from_name: str
    to_office: str
    to_office_name: str
    to_name: str | None
    reason: str
    asked_by: str
    asked_at: datetime
    answer_by: datetime
    late: bool
    answer: Literal["accepted", "refused", "expired", "withdrawn", "arbiter"] | None
    answer_word: str
    answered_by: str | None
    answered_at: datetime | None
    answer_reason: str | None
    for_me: bool


class AttemptShown(BaseModel):
    way: Way
    way_word: str
    reached: bool
    at: datetime
    by: str


class ReachStepShown(BaseModel):
    """What to try next to reach this person, in one sentence, by when, and in which ways."""

    what: Literal["try", "trusted_person", "community", "police"]
    sentence: str
    ways: list[Way]
    due_at: datetime
    late: bool


class SubTaskShown(BaseModel):
    """A part of the ticket that another body does, as the ticket's own office sees it."""

    task: str
    partner: str
    partner_name: str
    what: str
    ask: str
    with_name: bool
    asked_by: str
    asked_at: datetime
    due_at: datetime
    state: Literal["asked", "accepted", "done", "cannot", "withdrawn"]
    state_word: str
    late: bool
    result: str | None
    ended_by: str | None
    ended_at: datetime | None


class TripShown(BaseModel):
    """Who is out on a visit, and by when they will be heard of."""

    name: str
    companion: str | None
    set_out_at: datetime
    arrived_at: datetime | None
    back_by: datetime
    overdue: bool
    help_wanted: bool
    mine: bool


class LoweringShown(BaseModel):
    """Somebody finds the level too high, and a second person has to say whether it is."""

    from_level: LevelName
    to_level: LevelName
    to_word: str
    reason: str
    asked_by: str
    asked_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    confirmed: bool | None


class WishShown(BaseModel):
    """What the resident said on their own page about this matter: when it suits, or what they object to."""

    at: datetime
    kind: str
    kind_word: str
    text: str | None


class TeamShown(BaseModel):
    """Everything that several people do on one ticket."""

    acknowledgements: list[AcknowledgementShown]
    acknowledgements_wanted: int
    missing: int
    transfer: TransferShown | None
    transfers: list[TransferShown]
    bounces: int
    must_decide: bool
    settled: bool
    attempts: list[AttemptShown]
    reach: ReachStepShown | None
    sub_tasks: list[SubTaskShown]
    trip: TripShown | None
    longest_trip_minutes: int
    lowering: LoweringShown | None
    lowerings: list[LoweringShown]
    two_people: bool
    reopened: int
    wishes: list[WishShown]
    offices: list[Choosable]
    colleagues: list[Colleague]
    partners: list[Choosable]
    lower_to: list[Choosable]
    outcomes: list[Choosable]
    new_level_wanted: bool
    ladder_hours: list[int]


class TransferWaiting(BaseModel):
    """A ticket that is offered to the caller or their office."""

    code: str
    level: LevelName
    level_word: str
    place: str
    from_name: str
    to_name: str | None
    answer_by: datetime
    late: bool


class LoweringWaiting(BaseModel):
    """A lowering that wants a second person, who may be the caller."""

    code: str
    level: LevelName
    level_word: str
    to_level: LevelName
    to_word: str
    place: str
    asked_by: str
    asked_at: datetime


class TripWaiting(BaseModel):
    """Somebody of the caller's office who is out."""

    code: str
    name: str
    companion: str | None
    back_by: datetime
    overdue: bool
    help_wanted: bool
    mine: bool


class DecisionWaiting(BaseModel):
    """A ticket that the district's desk has to decide."""

    code: str
    level: LevelName
    level_word: str
    place: str
    office_name: str
    bounces: int
    since: datetime


class Waiting(BaseModel):
    """What waits for the caller beside the tickets themselves."""

    now: datetime
    transfers: list[TransferWaiting]
    lowerings: list[LoweringWaiting]
    trips: list[TripWaiting]
    decisions: list[DecisionWaiting]


class PartnerTask(BaseModel):
    """What a partner sees: what is asked of it, by when and where. Never the ticket.

    `resident` is a name only where the resident agreed to it, or where it is needed and life is in danger.
    """

    task: str
    what: str
    ask: str
    where: str
    resident: str | None
    asked_by: str
    office_name: str
    office_phone: str
    asked_at: datetime
    due_at: datetime
    late: bool
    state: Literal["asked", "accepted", "done", "cannot", "withdrawn"]
    state_word: str
    result: str | None


class PartnerTaskList(BaseModel):
    partner_name: str
    now: datetime
    tasks: list[PartnerTask]


# --- what is sent ----------------------------------------------------------------------------------


class AskTransfer(Body):
    """To another office."""

    client_id: UUID
    to_office: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
    reason: Why


class HandOver(Body):
    """To a named colleague of one's own office."""

    client_id: UUID
    to_staff: UUID
    reason: Why


class AnswerTransfer(Body):
    """A refusal has a written reason; a yes needs none."""

    client_id: UUID
    answer: Literal["accept", "refuse"]
    reason: Annotated[Text, Field(max_length=500)] = ""


class WithReason(Body):
    client_id: UUID
    reason: Why


class OnlyOnce(Body):
    client_id: UUID


class Decide(Body):
    """`office` None: the ticket stays at the district's desk, in the caller's hand."""

    client_id: UUID
    office: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")] | None
    reason: Why


class RecordAttempt(Body):
    client_id: UUID
    way: Way
    reached: bool
    note: Note = ""


class AskPartner(Body):
    """`with_name`: the partner needs to know who it is; without consent only danger to life allows that."""

    client_id: UUID
    partner: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
    what: Literal["look_in", "accompany", "information", "assess", "protect", "other"]
    ask: Annotated[Text, Field(min_length=5, max_length=1000)]
    due_at: AwareDatetime
    with_name: bool = False


class SetOut(Body):
    client_id: UUID
    companion: Annotated[Text, Field(min_length=2, max_length=40)] | None = None
    minutes: Annotated[int, Field(ge=5, le=24 * 60)]


class ComeBack(Body):
    """`help`: everybody above is told at once, and again until a person ends the alarm."""

    client_id: UUID
    how: Literal["safe", "help"]
    note: Note = ""


class TwoPeople(Body):
    client_id: UUID
    needed: bool
    reason: Why


class AskLowering(Body):
    client_id: UUID
    to_level: Literal["yellow", "orange"]
    reason: Why


class AnswerLowering(Body):
    """A no has a reason too; a yes needs none beside the one that stands there."""

    client_id: UUID
    answer: Literal["confirm", "decline"]
    reason: Annotated[Text, Field(max_length=500)] = ""


class SayResult(Body):
    """What came of a part that a partner took."""

    client_id: UUID
    result: Annotated[Text, Field(min_length=2, max_length=1000)]
