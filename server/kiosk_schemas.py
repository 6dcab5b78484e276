"""What kiosks in halls send and are told, and what staff see of them. Nothing here is about who stands before one."""

from datetime import datetime
from typing import Annotated, Literal

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
