"""The shapes that cross HTTP. The pages' client is generated from these through the OpenAPI document.

Texts are Chinese sentences ready to show. Times are UTC with an offset. No field of a resident's answer
carries a colour, and no field of a list that staff see carries a full name.
"""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from bot.turn import ConsentsShown, HotlineShown, MessageShown
from server.shapes import Body, LevelName, Text
from server.teamwork_schemas import Act, TeamShown

Choice = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")]


class Problem(BaseModel):
    """Every answer of 4xx or 5xx: one sentence that says what happened and what to do next."""

    problem: str
    sentence: str
    hotlines: list[HotlineShown] = []


# --- residents -----------------------------------------------------------------------------------


class DistrictShown(BaseModel):
    """What the first screen needs before anybody has said anything.

    `words_leave`: a language model outside the building answers in the chat; the page of ticks says so.
    `staffed`: offices are open at this moment; `staff_hours`: when they are, in words.
    """

    demo: bool
    district: str
    place: str | None
    hotlines: list[HotlineShown]
    draft_wording: bool
    words_leave: bool
    staffed: bool
    staff_hours: str


class OpenSession(Body):
    door: Literal["phone", "kiosk"] = "phone"
    place: Annotated[Text, Field(max_length=3000)] | None = None


class GiveConsents(Body):
    chat: bool
    screening: bool
    contact: bool
    share: bool


class Say(Body):
    """What a resident says. Too long or not storable is for the conversation to judge: it reads it first.

    So `text` has no limit here: with one, a lone surrogate (half an emoji) would be refused unread.
    """

    client_id: UUID
    text: str


class Choose(Body):
    client_id: UUID
    choice: Choice


class Answer(Body):
    client_id: UUID
    administration: UUID
    item: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")]
    value: Annotated[int, Field(ge=0, le=86_400)] | None


class KeepPlan(Body):
    """Steps of the safety plan; an empty text takes one away. `shared`: whether those who see to the owner's matter
    may have it."""

    steps: Annotated[
        dict[Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")], Annotated[str, Field(max_length=300)]],
        Field(max_length=12),
    ]
    shared: bool | None = None


class MarkMood(Body):
    value: Annotated[int, Field(ge=1, le=5)]


class Enter(Body):
    """Come in by an entrance. `guardian`: who agrees for a child under 14, beside it at this moment."""

    client_id: UUID
    entrance: Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]
    length: Literal["ultra", "short", "full"]
    age: Literal["under_14", "from_14", "adult", "not_said"] | None = None
    guardian: Literal["parent", "grandparent", "other"] | None = None


class Redeem(Body):
    code: Annotated[Text, Field(max_length=60)]
    door: Literal["phone", "kiosk"] = "phone"


class GiveContact(Body):
    client_id: UUID
    field: Literal["name", "phone", "address", "safe_to_call", "trusted_person"]
    value: Annotated[Text, Field(max_length=200)] | None


class CallPerson(Body):
    client_id: UUID


class ProgressStep(BaseModel):
    name: str
    done_at: datetime | None
    due_at: datetime | None


class Opening(BaseModel):
    """One time that staff opened sealed data: shown to the person whom it concerns."""

    at: datetime
    who: str
    what: str


class Progress(BaseModel):
    """The resident's side of a ticket: no name, no level, no reason."""

    code: str
    sentence: str
    office: str
    steps: list[ProgressStep]
    openings: list[Opening]
    closed: bool
    hotlines: list[HotlineShown]


class DeskCallMade(BaseModel):
    sentence: str


# --- staff ---------------------------------------------------------------------------------------


class Login(Body):
    username: Annotated[Text, Field(min_length=1, max_length=60)]
    password: Annotated[str, Field(min_length=1, max_length=200)]


class Me(BaseModel):
    """Who is logged in. `person` is what the page sends along, so that nothing is done in a colleague's name."""

    person: str
    username: str
    name: str
    role: Literal[
        "social_worker",
        "judicial_officer",
        "supervisor",
        "duty_officer",
        "auditor",
        "administrator",
        "partner",
    ]
    role_name: str
    office: str
    office_name: str
    demo: bool
    second: Literal["none", "to_bind", "to_give", "given"]


class ClockShown(BaseModel):
    """One clock of a ticket. `state` is a word, so that lateness is never only a colour."""

    name: Literal["acknowledge", "contact", "speak", "visit", "reach", "follow_up", "close"]
    label: str
    due_at: datetime
    stopped_at: datetime | None
    state: Literal["running", "late", "kept", "kept_late", "stopped"]
    why: list[str] = []


class TicketRow(BaseModel):
    code: str
    kind: str
    kind_word: str
    level: LevelName
    level_word: str
    state: Literal["requested", "accepted", "in-progress", "completed"]
    state_word: str
    resident: str
    place: str
    office: str
    office_name: str
    holder: str | None
    mine: bool
    opened_at: datetime
    next_clock: ClockShown | None
    worker_wanted_in_chat: bool
    drill: bool = False


class TicketList(BaseModel):
    tickets: list[TicketRow]
    counts: dict[str, int]
    now: datetime
    red_bar: str | None


class ReasonShown(BaseModel):
    """Why this level: the rule's id, its fixed sentence, and the items concerned. Never the words."""

    rule: str
    sentence: str
    items: list[str]
    at: datetime
    level: LevelName | None


class TimelineEntry(BaseModel):
    id: UUID
    at: datetime
    kind: str
    who: str
    text: str
    note: str | None = None


class FollowUpShown(BaseModel):
    id: UUID
    due_at: datetime
    label: str
    done_at: datetime | None
    outcome: str | None
    late: bool
    invite: bool


class IdentityShown(BaseModel):
    """Masked until it is opened with a reason (`opened` true)."""

    opened: bool
    name: str | None
    phone: str | None
    address: str | None
    address_state: Literal["stated", "confirmed", "unknown"]
    safe_to_call: str | None
    trusted_person: str | None


class TicketDetail(BaseModel):
    ticket: TicketRow
    clocks: list[ClockShown]
    reasons: list[ReasonShown]
    routing: str
    basis: str
    consents: ConsentsShown
    identity: IdentityShown
    timeline: list[TimelineEntry]
    follow_ups: list[FollowUpShown]
    next_step: Literal[
        "acknowledge", "call", "visit", "refer", "plan_follow_up", "close", "follow_up", "none"
    ]
    actions: list[Act]
    close_needs: list[str]
    words_kept: int
    chat_open: bool
    chat_mine: bool
    team: TeamShown


class Reason(Body):
    reason: Annotated[Text, Field(min_length=2, max_length=200)]


class RecordCall(Body):
    client_id: UUID
    outcome: Literal["spoke", "no_answer", "refused", "wrong_number"]
    address_confirmed: bool = False
    need: Literal["visit", "no_visit", "emergency"] | None = None
    note: Annotated[Text, Field(max_length=2000)] = ""


class RecordVisit(Body):
    client_id: UUID
    outcome: Literal["met", "nobody_home", "refused", "wrong_address"]
    findings: list[
        Literal["illness", "bereavement", "debt", "isolation", "conflict", "means_at_home", "none"]
    ] = Field(default_factory=list)
    family_present: bool = False
    visited_at: AwareDatetime | None = None
    note: Annotated[Text, Field(max_length=2000)] = ""


class RecordReferral(Body):
    client_id: UUID
    to: Literal["hospital", "counsellor", "community", "mediation", "legal_aid", "police", "ambulance"]
    agreed: bool
    note: Annotated[Text, Field(max_length=2000)] = ""


class PlanFollowUps(Body):
    client_id: UUID
    after_hours: Annotated[list[Annotated[int, Field(ge=1, le=24 * 400)]], Field(min_length=1, max_length=10)]
    invite: bool = False


class RecordFollowUp(Body):
    client_id: UUID
    outcome: Literal["better", "same", "worse", "not_reached"]
    note: Annotated[Text, Field(max_length=2000)] = ""


class CloseTicket(Body):
    client_id: UUID
    outcome: Choice
    new_level: LevelName | None = None
    note: Annotated[Text, Field(max_length=2000)] = ""


class WordsShown(BaseModel):
    """The resident's own words, opened with a reason; `danger` marks the spans that raised a rule."""

    at: datetime
    text: str
    spans: list[tuple[int, int]]


class WorkerSays(Body):
    client_id: UUID
    text: Annotated[Text, Field(min_length=1, max_length=2000)]


class ChatAction(Body):
    action: Literal["join", "leave"]


class ChatShown(BaseModel):
    messages: list[MessageShown]
    mine: bool


class DeskCallShown(BaseModel):
    """A call from a kiosk; `unasked`: nobody pressed for it, staff are to look in there quietly."""

    id: UUID
    place: str
    at: datetime
    answered_by: str | None
    unasked: bool
