"""The shapes of a worker's own desk: views, the day, the board, what to say, and the key for what a phone keeps."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from server.shapes import Body, LevelName, Text

Base = Literal["open", "mine", "due", "overdue", "follow_up", "closed"]


class ViewShown(BaseModel):
    id: UUID
    name: str
    base: Base
    levels: list[LevelName]
    free_only: bool


class KeepView(Body):
    """A view to keep: no levels means all; `free_only` shows what nobody has taken."""

    name: Annotated[Text, Field(min_length=1, max_length=12, pattern=r"\S")]
    base: Base
    levels: Annotated[list[LevelName], Field(max_length=5, default_factory=list)]
    free_only: bool = False


class ErrandShown(BaseModel):
    """One door of the day. The name is masked; what the resident wished is a mark, never their words."""

    code: str
    what: Literal["visit", "follow_up"]
    what_word: str
    level: LevelName
    level_word: str
    resident: str
    place: str
    due_at: datetime
    late: bool
    holder: str | None
    mine: bool
    two_people: bool
    wish: bool


class DayPlan(BaseModel):
    day: date
    office_name: str
    now: datetime
    errands: list[ErrandShown]


class LoadShown(BaseModel):
    """What one person has in hand; `too_many_reds` beyond the house rule."""

    name: str
    role_name: str
    red: int
    orange: int
    other: int
    total: int
    too_many_reds: bool


class LateShown(BaseModel):
    code: str
    level: LevelName
    level_word: str
    clock: str
    due_at: datetime
    holder: str | None


class BouncedShown(BaseModel):
    code: str
    level: LevelName
    level_word: str
    bounces: int


class DigestShown(BaseModel):
    """Last month in sentences: praise first, three problems at most."""

    month: str
    praise: list[str]
    problems: list[str]
    kept: list["KeptShown"]


class KeptShown(BaseModel):
    clock: str
    due: int
    kept: int


class OfficeBoard(BaseModel):
    office_name: str
    now: datetime
    people: list[LoadShown]
    nobody: int
    late: list[LateShown]
    bounced: list[BouncedShown]
    oldest: datetime | None
    oldest_code: str | None
    closed: int
    mistaken: int
    many_reds: int
    digest: DigestShown


class KeepingKey(BaseModel):
    """For sealing on a phone what cannot be sent yet. The same for one person at every log-in, and nobody else's."""

    id: str
    key: str


class LevelCardShown(BaseModel):
    first: str
    then: list[str]
    family: list[str]
    never: list[str]


class SituationShown(BaseModel):
    code: str
    name: str
    look: str
    say: list[str]
    avoid: list[str]


class SayCardsShown(BaseModel):
    owner: str
    reviewed_on: date | None
    levels: dict[str, LevelCardShown]
    situations: list[SituationShown]
