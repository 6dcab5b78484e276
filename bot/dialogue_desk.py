"""The application as the dialogue's actions see it: where a conversation stands, without anybody's data."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from functools import partial

from sqlalchemy.orm import Session

from assessments.instrument import Item
from bot.actions.desk import DialogueState, ItemShown, Listening, StepShown
from bot.companion import doing
from bot.companion.compose import NAME
from bot.companion.echoes import echoes_in
from bot.companion.keeping import SkillRun, plan_of
from bot.companion.own_words import PLACEHOLDERS
from bot.companion.plainly import kept_from
from bot.entering import age_wanted
from bot.standing import Standing, asked_at, standing_of
from bot.transcript import Message, last_choices, last_words, names_in_order, times_said_since
from bot.turns import TurnMaker
from escalation.intake import Intake
from escalation.signal import Signal
from escalation.triage import Level
from models.context.reader import Context
from models.context.trained import LifeReader
from residents.hotlines import DANGER_NUMBERS
from residents.resident import Scope
from residents.session import ResidentSession
from residents.store import lock_session, session_by_sender
from storage.database import Database
from storage.errors import SealBroken
from storage.vault import Vault

HOW_TO_WRITE = {
    "clock": "写几点几分，比如 22:30",
    "minutes": "写多少分钟，比如 30",
    "hours": "写几个小时，比如 6.5",
}


NEAR = frozenset({"亲人"})
"""What names somebody near: not named in a question while something is kept from them."""
OWN = frozenset(PLACEHOLDERS.values())
"""What says a clause of theirs back: not at a kiosk, where a queue may read along."""
BRIEF = 3
"""A message of so many signs has hardly any words."""


def times_shown(db: Session, standing: Standing) -> int:
    """How often the open item was shown already."""
    since = asked_at(db, standing)
    return 0 if since is None else times_said_since(db, standing.session.id, "screening_item", since)


def _how_to_write(item: Item) -> tuple[str, ...]:
    """What stands in the place of options where the answer is a time."""
    unit = item.measured.unit if item.measured else None
    return (HOW_TO_WRITE[unit],) if unit else ()


class ApplicationDesk:
    """Answers the actions of all conversations. An unknown sender is somebody of whom nothing is known."""

    def __init__(
        self,
        database: Database,
        intake: Intake,
        turns: TurnMaker,
        threads: Executor,
        context: LifeReader | None = None,
    ) -> None:
        self.database = database
        self.vault = database.vault
        self.intake = intake
        self.turns = turns
        self.threads = threads
        self.context = context

    async def state(self, sender: str) -> DialogueState:
        """Where this conversation stands."""
        return await asyncio.get_running_loop().run_in_executor(self.threads, partial(self._state, sender))

    async def start_screening(self, sender: str) -> None:
        """Open or resume the questionnaire; opens nothing without the resident's consent."""
        await asyncio.get_running_loop().run_in_executor(self.threads, partial(self._start, sender))

    async def pause_screening(self, sender: str) -> None:
        """Put the open questionnaire aside."""
        await asyncio.get_running_loop().run_in_executor(self.threads, partial(self._pause, sender))

    async def start_skill(self, sender: str, skill: str) -> None:
        """Begin an exercise."""
        await self._do(sender, partial(self._begin, skill))

    async def answer_step(self, sender: str) -> None:
        """Take the last message as the answer to the open step."""
        await self._do(sender, self._answer)

    async def step_back(self, sender: str) -> None:
        """Go to the step before."""
        await self._do(sender, partial(self._with_run, doing.back))

    async def skip_step(self, sender: str) -> None:
        """Leave this step out."""
        await self._do(sender, partial(self._with_run, doing.skip))

    async def stop_skill(self, sender: str) -> None:
        """End the exercise that is going on."""
        await self._do(
            sender,
            lambda db, session: doing.leave(db, session.id, self.turns.clock(), "stopped"),
        )

    async def item_back(self, sender: str) -> None:
        """Show the item before the open one again."""
        await self._do(sender, lambda db, session: self.intake.step_back(db, session))

    async def _do(self, sender: str, act: Callable[[Session, ResidentSession], object]) -> None:
        def locked() -> None:
            with self.database.transaction() as db:
                found = session_by_sender(db, sender)
                if found is not None and found.ended_at is None:
                    act(db, lock_session(db, found.id))

        await asyncio.get_running_loop().run_in_executor(self.threads, locked)

    def _begin(self, name: str, db: Session, session: ResidentSession) -> None:
        skill = doing.skill_of(name)
        if skill is not None:
            self.intake.pause_screening(db, session)
            doing.begin(db, self.vault, session, skill, self.turns.clock())

    def _answer(self, db: Session, session: ResidentSession) -> None:
        run, last = doing.running(db, session.id), last_words(db, session.id)
        if run is None or not last or last[0].id == run.heard:
            return
        run.heard = last[0].id
        doing.answer(db, self.vault, run, self.turns.clock(), words=_opened(self.vault, last[0]))

    def _with_run(self, act: Callable[..., None], db: Session, session: ResidentSession) -> None:
        run = doing.running(db, session.id)
        if run is not None:
            act(db, self.vault, run, self.turns.clock())

    def _state(self, sender: str) -> DialogueState:
        with self.database.transaction() as db:
            session = session_by_sender(db, sender)
            if session is None:
                return DialogueState(hotlines=self._lines())
            standing = standing_of(db, self.intake, session)
            names = names_in_order(db, session.id)
            run = doing.running(db, session.id)
            earlier = doing.to_ask_again(db, session.resident_id, self.turns.clock())
            rating = standing.rating
            level = None if rating is None or rating.level is None else Level(rating.level)
            policy = self.intake.levels
            turn = self.turns.make(db, standing, [])
            return DialogueState(
                item=self._item(standing, times_shown(db, standing)),
                result_sentence=_result_sentence(policy.resident_sentence(level), level, session.door)
                if rating
                else None,
                next_steps=tuple(turn.result.tonight) if turn.result else (),
                contact_field=standing.contact_field,
                level=standing.level.key if standing.level else None,
                danger_replies=sum(name.startswith("utter_danger") for name in names),
                ticket=standing.ticket is not None and standing.ticket.closed_at is None,
                hotlines=self._lines(),
                said=Counter(names),
                last_said=names[-1] if names else None,
                last_choices=last_choices(db, self.vault, session.id),
                listening=self._listening(db, session, names, quiet=not standing.signals),
                step=self._step(run) if standing.item is None else None,
                farewell=doing.farewell_of(db, self.vault, session.id),
                ask_again=doing.question_about(self.vault, earlier) if earlier else (),
                imminent=standing.level is Level.RED,
                known=_categories(self.vault, standing.signals),
                planned=bool(plan_of(db, self.vault, session.resident_id)),
                today=self.turns.clock().date(),
            )

    def _step(self, run: SkillRun | None) -> StepShown | None:
        return doing.step_of(self.vault, run) if run is not None else None

    def _listening(
        self, db: Session, session: ResidentSession, names: Sequence[str], *, quiet: bool
    ) -> Listening:
        """`quiet`: nothing of danger was heard. Only then, and where no queue reads along, a clause of theirs is said
        back to them."""
        words = [_opened(self.vault, message) for message in last_words(db, session.id, doing.LOOKS_BACK)]
        last = words[0] if words else ""
        read = self.context.read(last) if self.context else Context()
        return Listening(
            said=tuple(name.removeprefix(NAME) for name in names if name.startswith(NAME)),
            echoes=frozenset(echoes_in(words))
            - (NEAR if kept_from(words) else frozenset())
            - (frozenset() if quiet and session.door != "kiosk" else OWN),
            feeling=read.emotion.label if read.emotion else None,
            topics=tuple(found.label for found in read.topics),
            brief=len(last.strip()) <= BRIEF,
            seed=session.sender,
        )

    def _item(self, standing: Standing, shown: int) -> ItemShown | None:
        if standing.administration is None or standing.item is None:
            return None
        instrument = standing.form or self.intake.library[standing.administration.instrument]
        asked = standing.asked(instrument)
        fresh = not standing.answers
        return ItemShown(
            instrument=instrument.id,
            title=instrument.title,
            number=asked.index(standing.item) + 1,
            of=len(asked),
            timeframe=instrument.timeframe,
            text=standing.item.text,
            options=tuple(option.label for option in standing.item.options) or _how_to_write(standing.item),
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
            if age_wanted(self.intake, session):
                return
            self.intake.start_screening(db, session)

    def _pause(self, sender: str) -> None:
        with self.database.transaction() as db:
            session = session_by_sender(db, sender)
            if session is not None:
                self.intake.pause_screening(db, session)


def _opened(vault: Vault, message: Message) -> str:
    try:
        return vault.open(message, "text") or ""
    except SealBroken:
        return ""


def _result_sentence(sentence: str, level: Level | None, door: str) -> str:
    """What is said of a result. At a kiosk a queue may read along: there the level's own words are left out."""
    return sentence.partition("。")[2] if level is not None and door == "kiosk" else sentence


def _categories(vault: Vault, signals: Sequence[Signal]) -> frozenset[str]:
    """The kinds of danger that were heard in words."""
    found: set[str] = set()
    for signal in signals:
        with suppress(SealBroken, ValueError):
            found |= set(
                (json.loads(vault.open(signal, "inputs") or "{}").get("words") or {}).get("categories", ())
            )
    return frozenset(found)
