"""The shape of one turn: what a resident's page shows after each request.

Texts are Chinese sentences ready to show. Times are UTC with an offset. No field carries a colour.
"""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

Exercise = Literal[
    "breathing", "breath_box", "breath_478", "ground_54321", "muscles", "body_scan", "candle", "timer"
]
"""The pictures that a page can draw beside an exercise."""


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
    exercise: Exercise | None = None
    at: datetime


class OptionShown(BaseModel):
    value: int
    label: str


class InputShown(BaseModel):
    """An answer that is written, not chosen. `clock`: minutes after midnight; `minutes`; `hours`: seconds."""

    unit: Literal["clock", "minutes", "hours"]
    lowest: int
    highest: int


class AnsweredItem(BaseModel):
    """An item of the open questionnaire that was answered before; posting it again changes the answer."""

    item: str
    number: int
    text: str
    options: list[OptionShown]
    input: InputShown | None = None
    given: int | None


class ReviewedForm(BaseModel):
    """One questionnaire of the screening that was just finished, to be looked through and changed."""

    administration: UUID
    title: str
    timeframe: str
    items: list[AnsweredItem]


class LengthShown(BaseModel):
    """One length of an entrance, for one age where age decides. `questions` and `minutes` are the least."""

    age: Literal["under_14", "from_14", "adult"] | None
    id: Literal["ultra", "short", "full"]
    name: str
    questions: int
    minutes: int


class EntranceShown(BaseModel):
    id: str
    name: str
    words: str
    before: str
    asks_age: bool
    lengths: list[LengthShown]


class AgeShown(BaseModel):
    id: Literal["under_14", "from_14", "adult", "not_said"]
    name: str


class EntrancesShown(BaseModel):
    """Who may come in by which way; `first` is the one of the place whose code was scanned."""

    entrances: list[EntranceShown]
    first: str | None
    ask_age: str
    ages: list[AgeShown]
    guardian: str
    guardian_agrees: str


class CodeGiven(BaseModel):
    """A code that works once, as it is read out, and the same as a picture for a camera."""

    code: str
    ends_at: datetime
    picture: str


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
    input: InputShown | None = None
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


class SkillShown(BaseModel):
    """The exercise that is going on: where in it somebody is, and which picture goes with this step."""

    skill: str
    step: str
    title: str
    number: int
    of: int
    ask: Literal["text", "choice", "next"]
    buttons: list[ButtonShown]
    picture: Exercise | None


class PlanStepShown(BaseModel):
    """One step of the safety plan, as the page shows it to be read or written."""

    id: str
    label: str
    words: str


class PlanShown(BaseModel):
    """A person's safety plan. `updated_at` is None while there is none; `shared`: its owner lets workers have it."""

    title: str
    steps: list[PlanStepShown]
    updated_at: datetime | None
    shared: bool


class MoodShown(BaseModel):
    at: datetime
    value: int


class MoodsShown(BaseModel):
    """How somebody said they felt, 1 (very low) to 5 (good), in the last seven days, and what may be said of it."""

    names: list[str]
    marks: list[MoodShown]
    words: str


class Turn(BaseModel):
    """The state of a resident's conversation after a request, with the bubbles that are new to the client.

    `review` holds the answers of the screening that `result` speaks of. `locked`: nothing but the
    questionnaire is within reach. `reminder`: `resume` asks to answer once more after some time. `came_back`: somebody
    talked on this phone before, and whether it is the same person is to be asked first.
    """

    stage: Literal["consent", "chat", "ended"]
    door: Literal["phone", "kiosk", "wechat"]
    place: str | None
    consents: ConsentsShown
    messages: list[MessageShown]
    screening: ScreeningShown | None = None
    result: ResultShown | None = None
    review: list[ReviewedForm] = []
    locked: bool = False
    contact: ContactShown | None = None
    alarm: AlarmShown | None = None
    worker: WorkerInChat | None = None
    worker_called: bool = False
    resume: str | None = None
    reminder: bool = False
    skill: SkillShown | None = None
    came_back: bool = False
    hotlines: list[HotlineShown] = []


class Erased(BaseModel):
    """What was erased at once and, when a ticket is open, what is kept until it closes, and why."""

    sentence: str
    kept: list[str]
