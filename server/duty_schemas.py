"""The shapes of the duty roster and of staff administration. No resident stands in any of them."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from server.shapes import Body, Text

OfficeCode = Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,80}$")]
Username = Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,80}$")]
Duty = Literal["officer", "lead"]
ShortText = Annotated[Text, Field(max_length=60)]

# --- the roster ------------------------------------------------------------------------------------


class OnDutyShown(BaseModel):
    """Somebody on duty; `username` None is the office's duty line."""

    username: str | None
    name: str


class StretchShown(BaseModel):
    """From one moment to another the same people; without people it is a gap, said in `words`."""

    duty: Duty
    from_at: datetime
    to_at: datetime
    people: list[OnDutyShown]
    words: str


class DayShown(BaseModel):
    """One day of a week as the roster has it."""

    day: date
    label: str
    workday: bool
    stretches: list[StretchShown]


class GapShown(BaseModel):
    """When nobody is on duty: one sentence to be shown in red, and the moments behind it."""

    office: str
    office_name: str
    duty: Duty
    from_at: datetime
    to_at: datetime
    words: str


class ShiftShown(BaseModel):
    """One line of the weekly pattern. `away`: its person has left or moved, and it covers nothing."""

    id: UUID
    duty: Duty
    duty_word: str
    username: str | None
    name: str
    days: str
    days_word: str
    starts: str
    ends: str
    backup: bool
    valid_from: date | None
    valid_to: date | None
    away: bool


class ChangeShown(BaseModel):
    """A leave, a swap, or the offer of one. `mine`: the caller is away; `for_me`: the caller is asked or stands in."""

    id: UUID
    kind: Literal["leave", "swap", "offer"]
    kind_word: str
    name: str
    from_at: datetime
    to_at: datetime
    words: str
    replaced_by: str | None
    mine: bool
    for_me: bool
    may_accept: bool
    may_end: bool


class PersonShown(BaseModel):
    """Somebody who can be put on a roster."""

    username: str
    name: str
    role_name: str
    mine: bool


class OfficeShown(BaseModel):
    code: str
    name: str


class DutyWeek(BaseModel):
    """One office's roster from a day on: who, when, and when nobody."""

    office: str
    office_name: str
    offices: list[OfficeShown]
    from_day: date
    days: list[DayShown]
    gaps: list[GapShown]
    shifts: list[ShiftShown]
    changes: list[ChangeShown]
    people: list[PersonShown]
    may_edit: bool
    may_be_away: bool
    now: datetime


class ReachShown(BaseModel):
    """How many of an office's people could be reached within a week; two are needed."""

    office: str
    office_name: str
    people: int
    enough: bool
    words: str


class BellShown(BaseModel):
    """How one address stands with the weekly bell. `missed`: nobody answered the newest one in time.

    `id` is there where the caller may say that it rang. The address itself is not shown.
    """

    id: UUID | None
    office: str
    office_name: str
    who: str
    channel: str
    state: Literal["never", "waiting", "answered", "missed"]
    mine: bool
    words: str


class DutyGaps(BaseModel):
    """What the coming week lacks at the offices that the caller answers for, and which addresses nobody answers.
    `bar`: the one sentence on top."""

    bar: str | None
    gaps: list[GapShown]
    reach: list[ReachShown]
    bells: list[BellShown]


class AddShift(Body):
    """One line of the weekly pattern; `person` None is the office's duty line."""

    office: OfficeCode
    duty: Duty = "officer"
    person: Username | None = None
    days: ShortText
    starts: ShortText
    ends: ShortText
    backup: bool = False
    valid_from: date | None = None
    valid_to: date | None = None


class RecordChange(Body):
    """Somebody is away, or another takes their place. One's own swap is an offer until the other accepts it."""

    office: OfficeCode
    kind: Literal["leave", "swap"]
    person: Username
    from_at: AwareDatetime
    to_at: AwareDatetime
    replaced_by: Username | None = None


class ChangeRecorded(BaseModel):
    """The week as it stands now, and what the change left uncovered: those were told at once."""

    week: DutyWeek
    uncovered: list[GapShown]


# --- people ----------------------------------------------------------------------------------------


class AddressShown(BaseModel):
    """One address, never whole."""

    id: UUID
    owner: str
    owner_name: str
    what_for: str
    channel: str
    channel_word: str
    address: str
    rank: int


class AccountShown(BaseModel):
    """One account. `open_tickets`: what would be told again if it were ended now."""

    username: str
    name: str
    role: str
    role_name: str
    office: str
    office_name: str
    active: bool
    open_tickets: int
    may_change: bool
    may_move: bool


class PeopleList(BaseModel):
    """The accounts and addresses that the caller looks after. `administrators`: in words, where those come from."""

    people: list[AccountShown]
    contacts: list[AddressShown]
    offices: list[OfficeShown]
    roles: list[OfficeShown]
    may_move: bool
    administrators: str


class AddPerson(Body):
    username: ShortText
    name: ShortText
    role: ShortText
    office: OfficeCode


class PersonAdded(BaseModel):
    """The new account's password is in this answer and nowhere else."""

    username: str
    password: str
    list: PeopleList


class PersonLeft(BaseModel):
    """What was told again because somebody left."""

    tickets: int
    second: int
    trips: int
    lowerings: int
    list: PeopleList


class MovePerson(Body):
    office: OfficeCode
    role: ShortText = ""


class AddContact(Body):
    """`owner`: a user name, or an office's code for an address of the office as a whole."""

    owner: OfficeCode
    channel: ShortText
    address: Annotated[Text, Field(max_length=500)]
    audience: Literal["office", "supervisor", "district_desk"] = "office"
    rank: Annotated[int, Field(ge=0, le=9)] = 0
