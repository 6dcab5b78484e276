"""The shapes of the resident's page behind a code. Nothing in them is personal, and no level is named."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from bot.turn import HotlineShown
from server.schemas import Body, Progress

Kind = Literal["suits", "not_home", "object", "thanks"]


class Choice(BaseModel):
    """One answer that can be tapped."""

    value: int
    words: str


class NextStep(BaseModel):
    """What happens next and by when, in one sentence."""

    sentence: str
    due_at: datetime
    late: bool


class WishMade(BaseModel):
    """That something was said on this page, and when; never the words."""

    at: datetime
    what: str


class Asked(BaseModel):
    """The one question after a matter is closed; nobody has to answer. `thanks`: it was answered, and how we say so."""

    question: str
    choices: list[Choice]
    thanks: str | None


class ProgressPage(Progress):
    """Everything that the page shows. `who` is an office and a role, and a name once somebody has taken it.

    `rescreen`: whoever follows this up invites the resident to answer the questions once more. `reminders_off`: the
    resident wants no such invitations. `asked` is None until the matter is closed.
    """

    who: str
    rescreen: bool
    reminders_off: bool
    next: NextStep | None
    wishes: list[WishMade]
    asked: Asked | None


class HowItWent(Body):
    """The answer to that question."""

    answer: Literal[1, 2, 3]


class Reminders(Body):
    """Whether the resident wants to be asked again some day."""

    wanted: bool


class Wish(Body):
    """What somebody with the code wants said. `text` has no limit here: it is read for danger before it is refused."""

    client_id: UUID
    kind: Kind
    text: str = ""


class WishTaken(BaseModel):
    """What became of it. `danger`: the words were of danger, and people have been called."""

    sentence: str
    danger: bool
    hotlines: list[HotlineShown]
    progress: ProgressPage
