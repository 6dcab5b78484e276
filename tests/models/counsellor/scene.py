"""A whole town with a stub model in its counsellor's place."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bot.turn import Turn
from models.counsellor.address import ServerAddress
from models.counsellor.frame import Frame
from models.counsellor.remote import RemoteVoice
from models.counsellor.screen import Screen
from models.counsellor.slot import Counsellor
from models.counsellor.voice import Voice
from storage.database import Database
from tests.support.acting_dialogue import ActingDialogue
from tests.support.clock import MovableClock
from tests.support.stub_model import Answers, StubModel, Wire, stub_model
from tests.support.town import Resident, Town, the_recogniser

FRAME = Frame.from_file()
NUMBERS = ("12356", "120", "110", "0571-0000-0100", "0571-0000-0101")
GOOD = "听起来您心里装着事。最放不下的是哪一件？"


def reads(text: str) -> str:
    """The real crisis reader's word for a text."""
    return the_recogniser().read(text).level


def counsellor_with(voice: Voice, **more: Any) -> Counsellor:
    """A counsellor of the real frame and screen; `frame` and `reads` may be given."""
    frame, reader = more.pop("frame", FRAME), more.pop("reads", reads)
    more.setdefault("rest_after", 10**6)
    return Counsellor(voice, Screen.from_file(frame, NUMBERS, reader), frame, reader, **more)


@contextmanager
def counselled_town(
    database: Database, clock: MovableClock, home: Path, answer: str | Wire | Answers = GOOD, **more: Any
) -> Iterator[tuple[Town, StubModel]]:
    """A town whose dialogue has its real wording, and whose counsellor is a server that says this."""
    with stub_model(answer) as stub:
        voice = more.pop("voice", None) or RemoteVoice(ServerAddress(stub.url), "stub", "a-key")
        town = Town(database, clock, home, rasa=ActingDialogue(), counsellor=counsellor_with(voice, **more))
        try:
            yield town, stub
        finally:
            town.close()


def someone(town: Town, **ticks: bool) -> Resident:
    """Somebody at a hall's phone door who has agreed."""
    resident = town.resident(place="puyan-hall")
    resident.agrees(**ticks)
    return resident


def said(turn: Turn) -> list[str]:
    """What the program said in this turn."""
    return [message.text for message in turn.messages if message.author == "program"]
