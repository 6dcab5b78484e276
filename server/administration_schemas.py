"""The shapes of administration: second factor, audit, rules, sentences, places."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from server.shapes import Body, Text

Word = Annotated[Text, Field(max_length=60)]
Password = Annotated[str, Field(min_length=1, max_length=200)]


# --- second factor ------------------------------------------------------------------------------------


class SecondShown(BaseModel):
    """Where this log-in stands: `to_bind` and `to_give` open nothing but this."""

    state: Literal["none", "to_bind", "to_give", "given"]
    papers_left: int | None
    may_bind: bool


class BeginSecond(Body):
    password: Password


class SecondOffered(BaseModel):
    """What goes into the telephone: a picture to scan, and the same as letters. Shown this once."""

    secret: str
    picture: str


class TypedCode(Body):
    code: Annotated[Text, Field(min_length=1, max_length=40)]


class PaperCodes(BaseModel):
    """Eight codes for paper, each for one time. Shown this once."""

    codes: list[str]


# --- audit --------------------------------------------------------------------------------------------


class SearchAudit(Body):
    """What to look for. It travels in the body, so that no address and no log repeats it."""

    kind: Word | None = None
    ticket: Word | None = None
    person: Word | None = None
    from_at: AwareDatetime | None = None
    to_at: AwareDatetime | None = None
    before: Annotated[int, Field(ge=1, le=2**53 - 1)] | None = None


class AuditEntryShown(BaseModel):
    """One entry. `state`: a check has walked over it, none has yet, or the row is not as it was written."""

    seq: int
    at: AwareDatetime
    actor: str
    actor_word: str
    action: str
    action_word: str
    subject: str
    purpose: str
    failed: bool
    details: list[str]
    state: Literal["checked", "not_yet", "broken"]


class AuditKind(BaseModel):
    code: str
    word: str


class AuditCheckShown(BaseModel):
    state: Literal["never", "whole", "broken"]
    entries: int
    checked: int
    at: AwareDatetime | None
    sentence: str


class AuditPage(BaseModel):
    entries: list[AuditEntryShown]
    next_before: int | None
    check: AuditCheckShown
    kinds: list[AuditKind]


# --- rules --------------------------------------------------------------------------------------------

Rules = Annotated[Text, Field(min_length=1, max_length=200_000)]


class RulesFile(BaseModel):
    """One file of rules that is in force."""

    subject: str
    name: str
    edition: str
    since: AwareDatetime
    by: str
    content: str


class RulesProposalShown(BaseModel):
    """A changed file that waits for a second person, or what became of it."""

    id: UUID
    subject: str
    name: str
    asked_by: str
    asked_at: AwareDatetime
    note: str
    lines: list[str]
    changed: list[str]
    state: Literal["waiting", "outdated", "approved", "refused", "withdrawn"]
    decided_by: str | None
    decided_at: AwareDatetime | None
    may_decide: bool
    mine: bool


class RulesShown(BaseModel):
    files: list[RulesFile]
    proposals: list[RulesProposalShown]


class RehearseRules(Body):
    content: Rules
    days: Literal[28, 56, 84] = 28


class RehearsalShown(BaseModel):
    """What the proposal would have done, line by line, and which lines of the file differ."""

    subject: str
    name: str
    lines: list[str]
    changed: list[str]
    same: bool


class ProposeRules(Body):
    content: Rules
    note: Annotated[Text, Field(min_length=2, max_length=200)]


class DecideRules(Body):
    answer: Literal["approve", "refuse", "withdraw"]


# --- sentences ----------------------------------------------------------------------------------------


class SearchSentences(Body):
    words: Word = ""
    area: Word = ""
    state: Literal["", "due", "never", "changed", "overdue", "fresh"] = ""
    after: Annotated[int, Field(ge=0, le=1_000_000)] = 0


class SentenceShown(BaseModel):
    sentence: str
    digest: str
    text: str
    area: str
    where: str
    owner: str
    state: Literal["never", "changed", "overdue", "fresh"]
    state_word: str
    review_by: date | None
    reviewer: str | None
    reviewed_on: date | None


class Area(BaseModel):
    code: str
    name: str
    due: int
    all: int


class SentencePage(BaseModel):
    sentences: list[SentenceShown]
    found: int
    next_after: int | None
    areas: list[Area]
    due: int
    all: int


class OneReading(Body):
    sentence: Annotated[Text, Field(min_length=1, max_length=200)]
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]


class MarkReviewed(Body):
    sentences: Annotated[list[OneReading], Field(min_length=1, max_length=200)]
    reviewer: Annotated[Text, Field(min_length=2, max_length=20)]
    reviewed_on: date


class Marked(BaseModel):
    marked: int


# --- places -------------------------------------------------------------------------------------------


class PlaceShown(BaseModel):
    """A place with its own code. `spoken`: a number that can be read to somebody on the telephone."""

    code: str
    name: str
    kind: str
    street: str
    office: str
    office_name: str
    spoken: str
    closed: bool
    poster: bool


class TypedPlace(Body):
    """The eight digits on a poster, as a resident types them."""

    code: Annotated[Text, Field(min_length=1, max_length=40)]


class TypedPlaceShown(BaseModel):
    """The signed code of that place, as its poster's picture holds it; nothing where no poster has these digits."""

    place: str | None
    name: str | None


class PlaceList(BaseModel):
    places: list[PlaceShown]
    offices: list[AuditKind]


# --- the tree -----------------------------------------------------------------------------------------


class TreeShown(BaseModel):
    lines: list[str]


class LookAtTree(Body):
    """A table of the district's tree: its name says what it is, the content is base64."""

    name: Annotated[Text, Field(min_length=3, max_length=120)]
    content: Annotated[str, Field(min_length=1, max_length=250_000, pattern=r"^[A-Za-z0-9+/=]*$")]


class SaveTree(LookAtTree):
    """The table that was looked at, to be put in force; `before` names the tree it was compared with."""

    before: Annotated[str, Field(pattern=r"^[0-9a-f]{4,64}$")]
    note: Annotated[Text, Field(min_length=2, max_length=200)]


class TreeProblem(BaseModel):
    line: int | None
    problem: str


class TreeLooked(BaseModel):
    """What a table would change; or everything that is wrong with it, by line, and then nothing was saved."""

    problems: list[TreeProblem]
    changes: list[str]
    moves: list[str]
    before: str
