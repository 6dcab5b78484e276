"""The shapes of the wall screen and of the public board. Counts and names of places; nobody stands in any of them."""

from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel

ColourName = Literal["green", "blue", "yellow", "orange", "red"]


class BoardColour(BaseModel):
    """One of the five colours: its name, its word, its pattern, and below which probability it begins."""

    key: ColourName
    colour: str
    word: str
    pattern: Literal["plain", "dots", "lines", "hatch", "cross"]
    below: float


class BoardCell(BaseModel):
    """One cell or street. `number` None: hidden. `colour` None: not said. `formula` says how the colour came about."""

    code: str
    name: str
    number: int | None
    colour: ColourName | None
    sentence: str
    past: list[int | None]
    expected: str | None
    probability: str | None
    formula: str


class BoardStreet(BoardCell):
    """One street, the cells of it that may be shown, and a sentence about the rest of them."""

    cells: list[BoardCell]
    rest: str


class BoardShare(BaseModel):
    """So many of so many. No `whole`: too few to be named; no `part`: it, or what is left, is too few."""

    name: str
    part: int | None
    whole: int | None
    sentence: str


class BoardClock(BaseModel):
    """How many deadlines of one clock fell into the week for one layer of offices, and how many were late."""

    layer: str
    clock: str
    kept: int | None
    late: int | None
    whole: int | None


class BoardCluster(BaseModel):
    """More people than chance gives, in one cell."""

    name: str
    window: str
    observed: int
    expected: str
    probability: str
    sentence: str


class Board(BaseModel):
    """The wall screen. All of a week that is over, but `late_now`."""

    district: str
    demo: bool
    made_at: datetime
    week_from: date | None
    week_to: date | None
    sentence: str
    colours: list[BoardColour]
    streets: list[BoardStreet]
    weeks: list[date]
    clocks: list[BoardClock]
    clocks_sentence: str
    completion: BoardShare
    satisfied: BoardShare
    clusters: list[BoardCluster]
    clusters_sentence: str
    late_now: str


class BoardMap(BaseModel):
    """The district's own map (GeoJSON, a feature for each street with its `code`), where it has one."""

    map: dict[str, Any] | None


class PublicBoard(BaseModel):
    """What everybody may see of the last week: how many were helped, what was in time, what was late."""

    district: str
    demo: bool
    week_from: date | None
    week_to: date | None
    title: str
    lead: str
    lines: list[BoardShare]
    help: str
