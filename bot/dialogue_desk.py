"""The application as the dialogue's actions see it: where a conversation stands, without anybody's data."""

import asyncio
from concurrent.futures import Executor
from functools import partial

from sqlalchemy.orm import Session

from bot.actions.desk import DialogueState, ItemShown
from bot.standing import Standing, asked_at, standing_of
from bot.transcript import names_said, times_said_since
from bot.turns import TurnMaker
from escalation.intake import Intake
from escalation.triage import Level
from residents.hotlines import DANGER_NUMBERS
from residents.resident import Scope
from residents.store import session_by_sender
from storage.database import Database


def times_shown(db: Session, standing: Standing) -> int:
    """How often the open item was shown already."""
    since = asked_at(db, standing)
    return 0 if since is None else times_said_since(db, standing.session.id, "screening_item", since)


class ApplicationDesk:
    """Answers the actions of all conversations. An unknown sender is somebody of whom nothing is known."""

    def __init__(self, database: Database, intake: Intake, turns: TurnMaker, threads: Executor) -> None:
        self.database = database
        self.intake = intake
        self.turns = turns
        self.threads = threads

    async def state(self, sender: str) -> DialogueState:
        """Where this conversation stands."""
        return await asyncio.get_running_loop().run_in_executor(self.threads, partial(self._state, sender))

    async def start_screening(self, sender: str) -> None:
        """Open or resume the questionnaire; opens nothing without the resident's consent."""
        await asyncio.get_running_loop().run_in_executor(self.threads, partial(self._start, sender))

    async def pause_screening(self, sender: str) -> None:
        """Put the open questionnaire aside."""
        await asyncio.get_running_loop().run_in_executor(self.threads, partial(self._pause, sender))

    def _state(self, sender: str) -> DialogueState:
        with self.database.transaction() as db:
            session = session_by_sender(db, sender)
            if session is None:
                return DialogueState(hotlines=self._lines())
            standing = standing_of(db, self.intake, session)
            said, last = names_said(db, session.id)
            rating = standing.rating
            level = None if rating is None or rating.level is None else Level(rating.level)
            policy = self.intake.levels
            turn = self.turns.make(db, standing, [])
            return DialogueState(
                item=self._item(standing, times_shown(db, standing)),
                result_sentence=policy.resident_sentence(level) if rating else None,
                next_steps=tuple(turn.result.tonight) if turn.result else (),
                contact_field=standing.contact_field,
                level=standing.level.key if standing.level else None,
                danger_replies=sum(n for name, n in said.items() if name.startswith("utter_danger")),
                ticket=standing.ticket is not None and standing.ticket.closed_at is None,
                hotlines=self._lines(),
                said=said,
                last_said=last,
            )

    def _item(self, standing: Standing, shown: int) -> ItemShown | None:
        if standing.administration is None or standing.item is None:
            return None
        instrument = self.intake.library[standing.administration.instrument]
        asked = [i for i in instrument.items if instrument.applies(i, standing.answers)]
        fresh = not standing.answers
        return ItemShown(
            instrument=instrument.id,
            title=instrument.title,
            number=asked.index(standing.item) + 1,
            of=len(asked),
            timeframe=instrument.timeframe,
            text=standing.item.text,
            options=tuple(option.label for option in standing.item.options),
            first=fresh,
            times_asked=shown,
            intro=instrument.intro,
        )

    def _lines(self) -> tuple[str, ...]:
        """The lines as sentences: those that answer now first, the emergency numbers after those to talk to."""
        lines = self.turns.hotlines()
        return tuple(
            line.sentence
            for line in sorted(lines, key=lambda line: (not line.open_now, line.number in DANGER_NUMBERS))
        )

    def _start(self, sender: str) -> None:
        with self.database.transaction() as db:
            session = session_by_sender(db, sender)
            if session is None or not standing_of(db, self.intake, session).consents[Scope.SCREENING]:
                return
            self.intake.start_screening(db, session)

    def _pause(self, sender: str) -> None:
        with self.database.transaction() as db:
            session = session_by_sender(db, sender)
            if session is not None:
                self.intake.pause_screening(db, session)
