"""What kiosks in halls send and are told, and what staff see of them. Nothing here is about who stands before one."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from server.schemas import Body, Text


class KioskBeat(Body):
    """A sign of life. `version`: the name of the page's file, to see which machine still shows an old one."""

    version: Annotated[Text, Field(max_length=40)] | None = None


class KioskHeard(BaseModel):
    """The machine was heard."""

    place: str
    at: datetime


class KioskPin(Body):
    """What was typed on the machine to open the staff's screen."""

    pin: Annotated[Text, Field(min_length=1, max_length=20)]


class KioskOpened(BaseModel):
    """The PIN was right; what the staff's screen says of this machine."""

    place: str
    made_at: datetime
    at: datetime


class KioskShown(BaseModel):
    """One machine in the console."""

    place: str
    state: Literal["never", "well", "silent"]
    seen_at: datetime | None
    version: str | None
    words: str


class OfflineOption(BaseModel):
    """One thing that may be answered."""

    value: int
    label: str


class OfflineItem(BaseModel):
    """One question of the questionnaire for a cut network; `danger`: the answers that call for a person."""

    item: str
    text: str
    options: list[OfflineOption]
    danger: list[int | None]


class OfflinePack(BaseModel):
    """What a kiosk needs while the network is cut. `total_from`: from which total on a person is called for.

    `key` is the public half of the key that opens what the page has sealed (P-256, base64).
    """

    form: str
    content: str
    title: str
    timeframe: str
    items: list[OfflineItem]
    total_from: int | None
    key: str


class OfflineParcel(Body):
    """What was answered while the network was cut, sealed on the page for the server.

    `key` is the page's half, made for this parcel alone; `sent` how long the page has been open, in milliseconds.
    """

    id: UUID
    key: Annotated[Text, Field(max_length=120)]
    iv: Annotated[Text, Field(max_length=24)]
    sealed: Annotated[Text, Field(max_length=8000)]
    sent: Annotated[float, Field(ge=0, allow_inf_nan=False)]


class ParcelTaken(BaseModel):
    """The parcel is kept, and need not be sent again."""

    id: UUID
