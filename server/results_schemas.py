"""What came of questionnaires, as residents and workers see it. No answer is in any of these."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, Field

from server.schemas import Body, ReasonShown
from server.shapes import LevelName


class TrendPoint(BaseModel):
    """One complete set of answers: when it was finished, and its total in points of the form."""

    at: datetime
    total: int


class OwnTrend(BaseModel):
    """One questionnaire that this person has completed at least twice, in the same edition. `words` come first."""

    instrument: str
    title: str
    words: str
    highest: int
    points: list[TrendPoint]


class OwnResults(BaseModel):
    """The caller's own trends, newest questionnaire first; empty the first time."""

    trends: list[OwnTrend]


class FigureShown(BaseModel):
    """One figure beside the total; `percentile` only where the form has Chinese norms."""

    name: str
    value: float
    percentile: int | None = None


class AdministrationShown(BaseModel):
    """One questionnaire. Total, band and figures are there only when every answer is; `note` says what is missing."""

    id: UUID
    instrument: str
    title: str
    version: str
    at: datetime
    finished: bool
    total: int | None = None
    highest: int | None = None
    standard_score: int | None = None
    percentile: int | None = None
    band: str | None = None
    figures: list[FigureShown] = []
    flags: list[str] = []
    norms: str | None = None
    note: str | None = None
    level: LevelName | None = None
    level_word: str | None = None
    reasons: list[ReasonShown] = []
    quality: list[str] = []


class WorkerTrend(BaseModel):
    """Totals over time. `band`: half the width of the reliable-change band, in points; null when it is not known."""

    instrument: str
    title: str
    highest: int
    high_is_good: bool
    points: list[TrendPoint]
    band: float | None
    since_last: str
    since_first: str | None
    basis: str | None


class AskingAgainShown(BaseModel):
    """When this person is asked again. `by`: the worker who planned it; none where a screening's level did.

    `declined`: the resident wants no reminders, and nobody can plan one.
    """

    every_days: int | None
    next_at: datetime | None
    by: str | None
    declined: bool


class PlanAskingAgain(Body):
    """Every so many days, the first time on `starts_on`."""

    client_id: UUID
    every_days: int = Field(ge=1, le=366)
    starts_on: date


class StopAskingAgain(Body):
    """Ask no more."""

    client_id: UUID


class TicketResults(BaseModel):
    """Everything that this ticket's resident has answered, newest first, without the answers."""

    administrations: list[AdministrationShown]
    trends: list[WorkerTrend]
    would_change: list[str] = []
    asking_again: AskingAgainShown
