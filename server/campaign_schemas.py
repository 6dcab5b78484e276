"""The shapes of group screenings. No resident stands in any of them."""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from server.shapes import Body, Text


class CampaignCell(BaseModel):
    """One group of levels that may be published, and how many people it counts."""

    name: str
    count: int


class CampaignShown(BaseModel):
    """One group screening. `cells` and `total` only once it is over, and only what the rule lets through."""

    code: str
    name: str
    place_name: str
    entrance_name: str
    from_day: date
    to_day: date
    state: Literal["coming", "running", "ended", "published", "withheld"]
    sentence: str
    cells: list[CampaignCell]
    total: int | None


class Choice(BaseModel):
    code: str
    name: str


class CampaignList(BaseModel):
    """All group screenings, newest first, and what a new one can be made of."""

    campaigns: list[CampaignShown]
    places: list[Choice]
    entrances: list[Choice]
    may_end_on: date


class AddCampaign(Body):
    """A new group screening: whom it asks by which entrance, at which place, from which day to which."""

    name: Annotated[Text, Field(max_length=60)]
    place: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
    entrance: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")]
    from_day: date
    to_day: date
