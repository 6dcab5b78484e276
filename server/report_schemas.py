"""The shapes of reports that cross HTTP. Counts and sentences, never a person."""

from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, Field

from server.shapes import Body

Code = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,60}$")]


class StreetChoice(BaseModel):
    """A street that the caller may have a report of; `district` is the whole of it."""

    code: str
    name: str


class FigureLine(BaseModel):
    """One figure: this period, the one before, and how it was made. `note` is the number of its footnote."""

    id: str
    name: str
    shown: str
    shown_before: str
    sentence: str
    query: str
    denominator: str
    note: int


class FigureSection(BaseModel):
    id: str
    heading: str
    lines: list[FigureLine]


class LevelCount(BaseModel):
    name: str
    count: int


class PlaceThatStandsOut(BaseModel):
    """A place for which a letter may be drafted. Every count is ten or more."""

    place: str
    name: str
    sentence: str


class ReportShown(BaseModel):
    """A report as the console shows it. `levels` None: too few people, or not a calendar month; the sentence says."""

    street: str
    street_name: str
    period: str
    period_before: str
    first: date
    last: date
    running: str | None
    made_at: datetime
    sections: list[FigureSection]
    levels_heading: str
    levels_sentence: str
    levels: list[LevelCount] | None
    satisfied_heading: str
    satisfied_sentence: str
    places: list[PlaceThatStandsOut]
    may_sign: bool
    streets: list[StreetChoice]


class SignLetter(Body):
    """Sign a recommendation letter under one's own name."""

    street: Code
    first: date
    last: date
    place: Code
