"""The shape of one turn: what a resident's page shows after each request.

Texts are Chinese sentences ready to show. Times are UTC with an offset. No field carries a colour.
"""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel


class HotlineShown(BaseModel):
    """One telephone line with its hours, and whether somebody answers now."""

    number: str
    name: str
    for_what: str
    hours: str
    open_now: bool
    sentence: str


class ConsentsShown(BaseModel):
    """The separate ticks; each can be given and taken back on its own."""

    chat: bool = False
    screening: bool = False
    contact: bool = False
    share: bool = False


class ButtonShown(BaseModel):
    """A button under a bubble; pressing it posts `choice`."""

    choice: str
    title: str


class MessageShown(BaseModel):
    """One bubble. `kind` item: the open question of a questionnaire (the page may draw its card instead);
    exercise: opens the named exercise; danger: part of the crisis conversation."""

    id: UUID
    author: Literal["resident", "program", "worker"]
    author_name: str | None = None
    kind: Literal["text", "item", "exercise", "danger"] = "text"
    text: str
    buttons: list[ButtonShown] = []
    exercise: Literal["breathing"] | None = None
    at: datetime


class OptionShown(BaseModel):
    value: int
    label: str


class AnsweredItem(BaseModel):
    """An item of the open questionnaire that was answered before; posting it again changes the answer."""

    item: str
    number: int
    text: str
    options: list[OptionShown]
    given: int | None


class ScreeningShown(BaseModel):
    """The open questionnaire: exactly one next item, and what was answered so far."""

    administration: UUID
    instrument: str
    title: str
    intro: str
    timeframe: str
    minutes: int
    item: str
    number: int
    of: int
    text: str
    options: list[OptionShown]
    answered: list[AnsweredItem]


class ResultDetail(BaseModel):
    """Shown under 「详细」 only: the score of one questionnaire in plain words."""

    title: str
    total: int | None
    out_of: int
    words: str


class ResultShown(BaseModel):
    """In the order in which the page shows it: thanks, sentence, level word, tonight, what we do, a person, details."""

    thanks: str
    sentence: str
    level_word: str | None
    tonight: list[str]
    we_do: str | None
    talk_to: str
    details: list[ResultDetail]
    at: datetime


class ContactShown(BaseModel):
    """The one question about reaching this person that is open now; every one can be declined."""

    field: Literal["name", "phone", "address", "safe_to_call", "trusted_person"]
    number: int
    of: int
    text: str
    hint: str
    choices: list[str] = []


class AlarmShown(BaseModel):
    """The crisis card. It is made by the application, never by the dialogue engine."""

    sentence: str
    code: str | None
    office: str | None
    respond_by: datetime | None
    hotlines: list[HotlineShown]


class WorkerInChat(BaseModel):
    role: str
    name: str


class Turn(BaseModel):
    """The state of a resident's conversation after a request, with the bubbles that are new to the client."""

    stage: Literal["consent", "chat", "ended"]
    door: Literal["phone", "kiosk"]
    place: str | None
    consents: ConsentsShown
    messages: list[MessageShown]
    screening: ScreeningShown | None = None
    result: ResultShown | None = None
    contact: ContactShown | None = None
    alarm: AlarmShown | None = None
    worker: WorkerInChat | None = None
    worker_called: bool = False
    resume: str | None = None
    hotlines: list[HotlineShown] = []


class Erased(BaseModel):
    """What was erased at once and, when a ticket is open, what is kept until it closes, and why."""

    sentence: str
    kept: list[str]
