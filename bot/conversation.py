"""One conversation with one resident, from the first tick to 退出.

The order never changes: what was said is kept, then read for danger and acted on in one transaction, and only
then is Rasa asked what to say. Whatever Rasa answers, nothing, late or wrong, the ticket stands and the crisis
card is on the screen.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar
from uuid import UUID, uuid4

import yaml
from sqlalchemy import select
from sqlalchemy.orm import Session

from assessments import store as sittings
from assessments.errors import AssessmentError
from assessments.routes import Age, Length
from assessments.typed_answers import read_answer
from bot import record, reminders, times_asked, transcript
from bot.coming_back import come_back
from bot.companion import doing
from bot.companion.keeping import last_run
from bot.companion.knowledge import Found, read_knowledge
from bot.companion.skills import read_skills
from bot.contact import normal_phone, read_contact
from bot.counselling import Counselling
from bot.entering import age_wanted, enter, say_age
from bot.errors import (
    AgeNotSaid,
    ChatNotAgreed,
    ConsentMissing,
    ContactNotAgreed,
    Locked,
    MessageTooLong,
    NothingToAnswer,
    SessionMoved,
    SessionOver,
    Unstorable,
)
from bot.handoff import Handoff, absent_workers
from bot.listening import Understood, understand
from bot.masking import for_rasa
from bot.rasa_client import RasaClient, RasaSilent
from bot.standing import Standing, asked_at, standing_of
from bot.transcript import Bubble, Message, Received, Whose
from bot.turn import Erased, Turn
from bot.turns import TurnMaker
from escalation.intake import Intake, Outcome
from escalation.kiosks import staffed
from escalation.signal import Rating
from escalation.store import has_open_ticket, rating_of_sitting
from escalation.triage import Level, Triage
from models.context.trained import LifeReader
from models.crisis.recogniser import CrisisRecogniser
from residents.errors import BadPlaceCode
from residents.place_codes import read as read_place
from residents.resident import ContactField, Identity, Resident, Scope
from residents.session import Door, ResidentSession, new_sender, new_token, token_hash
from residents.store import (
    erase_identity,
    identity_of,
    lock_session,
    lock_sessions_of,
    moved_away,
    session_by_token,
    sessions_of,
    set_consents,
)
from storage import audit
from storage.database import Database
from storage.errors import SealBroken
from storage.step_points import step

T = TypeVar("T")
log = logging.getLogger("xinqiao")

LONGEST = 4000
WORDING_VERSION = "2026-11"
UNREAD_AFTER = timedelta(seconds=5)
READS_BEFORE_ALARM = 3
SAFETY_REPLY: dict[str, list[str]] = yaml.safe_load(
    (Path(__file__).parent / "safety_reply.yml").read_text("utf-8")
)
LEAVE_WORDS = {"退出", "我要退出", "离开", "结束对话"}
DELETE_WORDS = {"删除我的记录", "删掉我的记录", "删除记录"}
_ASKED_BEFORE_ERASING = ("utter_delete_record", "utter_record_deletion_asked", "safety_deletion_asked")


@dataclass
class Plan:
    """What Rasa is to be asked, in order; each with the fixed text that stands in when it is silent."""

    asks: list[tuple[str, str]] = field(default_factory=list)
    fixed: bool = False
    """Say the fixed texts and ask nobody: without the tick for talking the dialogue answers nothing."""

    def ask(self, message: str, instead: str) -> None:
        self.asks.append((message, instead))


class Conversation:
    """All conversations, whichever door they came through."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        recogniser: CrisisRecogniser,
        intake: Intake,
        rasa: RasaClient,
        turns: TurnMaker,
        threads: Executor,
        site: str,
        counselling: Counselling | None = None,
        life: LifeReader | None = None,
    ) -> None:
        self.database = database
        self.vault = database.vault
        self.clock = clock
        self.recogniser = recogniser
        self.intake = intake
        self.rasa = rasa
        self.turns = turns
        self.threads = threads
        self.site = site
        self.counselling = counselling
        self.life = life

    # --- beginning and state -----------------------------------------------------------------------

    async def open(
        self, door: Door, place: str | None, token: str | None, may_begin: Callable[[], None]
    ) -> tuple[str, Turn]:
        """Begin a conversation, or go on with the one that `token` opened at this kind of door, if it is alive.

        `may_begin` is asked before a new one only, and refuses by raising.
        """
        return await self._in_thread(self._open, door, place, token, may_begin)

    def _open(
        self, door: Door, place: str | None, token: str | None, may_begin: Callable[[], None]
    ) -> tuple[str, Turn]:
        now = self.clock()
        with self.database.transaction() as db:
            self.intake.telling.districts.refresh(db)
            known = session_by_token(db, token) if token else None
            if known is not None and known.door == door and known.alive(now):
                known.seen_at = now
                known.place = self.place_of(place, now) or known.place
                assert token is not None
                return token, self._turn(db, known, after=-1)
            may_begin()
            self.threads.submit(self._warm)  # before the first word is typed
            earlier = known.resident_id if known is not None and _may_come_back(known, door) else None
            token = new_token()
            resident = Resident(arrived_at=now)
            db.add(resident)
            db.flush()
            session = ResidentSession(
                resident_id=resident.id,
                token_hash=token_hash(token),
                sender=new_sender(),
                door=door,
                place=self.place_of(place, now),
                opened_at=now,
                seen_at=now,
                callback_wanted=False,
                worker_wanted=False,
                came_back_to=None if earlier is None or record.erased(db, earlier) else earlier,
            )
            db.add(session)
            db.flush()
            audit.record(
                db, actor="resident", action="session.opened", subject=f"session:{session.id}", at=now
            )
            return token, self._turn(db, session, after=-1)

    def place_of(self, signed: str | None, now: datetime) -> str | None:
        """The place that a signed code names, if the district knows it: a closed one too, whose poster still hangs."""
        if not signed:
            return None
        try:
            code = read_place(self.vault.check, signed, now, site=self.site).place
        except BadPlaceCode:
            return None
        return code if self.intake.district.place(code) else None

    def session_of(self, token: str | None) -> ResidentSession:
        """The living conversation behind a cookie; `SessionOver` without one."""
        now = self.clock()
        with self.database.transaction() as db:
            session = session_by_token(db, token) if token else None
            if session is None or not session.alive(now):
                if token and session is None and moved_away(db, token):
                    raise SessionMoved()
                raise SessionOver()
            if now - session.seen_at > timedelta(seconds=30):
                session.seen_at = now
        return session

    def state(self, session: ResidentSession, after: UUID | None) -> Turn:
        """Where the conversation stands, with the bubbles after `after`."""
        with self.database.transaction() as db:
            return self._turn(db, session, after=transcript.position_of(db, session.id, after))

    def turn_of(self, db: Session, session: ResidentSession, after: int = -1) -> Turn:
        """The conversation as it stands: all of it, or from a position on, for a device that has just come to it."""
        return self._turn(db, session, after=after)

    def _turn(self, db: Session, session: ResidentSession, *, after: int) -> Turn:
        standing = standing_of(db, self.intake, session)
        return self.turns.make(db, standing, transcript.messages_of(db, session.id, after))

    @property
    def words_leave(self) -> bool:
        """Whether a language model outside the building answers in ordinary talk."""
        return self.counselling is not None and self.counselling.counsellor.voice.where == "outside"

    # --- consent -----------------------------------------------------------------------------------

    async def consent(self, session: ResidentSession, ticks: dict[str, bool]) -> Turn:
        """Record the ticks. The first agreement to talk brings the greeting."""
        before, first = await self._in_thread(self._consent, session, ticks)
        plan = Plan()
        if first:
            plan.ask("/welcome", "plain")
        return await self._say_and_show(session, plan, before)

    def _consent(self, session: ResidentSession, ticks: dict[str, bool]) -> tuple[int, bool]:
        now = self.clock()
        with self.database.transaction() as db:
            lock_session(db, session.id)
            wording = f"{WORDING_VERSION}+words_leave" if self.words_leave else WORDING_VERSION
            changed = set_consents(db, session.resident_id, ticks, wording, now)
            if changed:
                audit.record(
                    db, actor="resident", action="consent.changed", subject=f"session:{session.id}", at=now,
                    given=[str(s) for s in changed if ticks[s]],
                    withdrawn=[str(s) for s in changed if not ticks[s]],
                )  # fmt: skip
                if (
                    Scope.CONTACT in changed
                    and not ticks["contact"]
                    and not has_open_ticket(db, session.resident_id)
                ):
                    erase_identity(db, session.resident_id)
            last = transcript.last_position(db, session.id)
            return last, last < 0 and Scope.CHAT in changed and ticks["chat"]

    # --- one message -------------------------------------------------------------------------------

    async def reply(self, session: ResidentSession, client_id: UUID, text: str) -> Turn:
        """Answer one message. The same message received twice gets the same answer and changes nothing."""
        step("S0")
        _not_locked(session)
        words = readable(text)
        agreed = await self._in_thread(self._may_hear, session, client_id, words)
        received, whose, before = await self._in_thread(self._hear, session, client_id, words)
        step("S1")
        if whose == "theirs":
            same = await self._same_answer(session, client_id)
            return same or await self.reply(session, client_id, text)
        assert received.message_id is not None
        plan = await self._or_let_go(received, self._act, session, received.message_id)
        await self._in_thread(self._look_in, session)
        step("S5")
        if words != text and not plan_is_alarm(plan):
            await self._in_thread(self._let_go, received)
            raise MessageTooLong() if len(text) > LONGEST else Unstorable()
        if whose == "left" and not plan.asks:
            plan = await self._in_thread(self._take_up, session, words)
        plan.fixed = not agreed
        turn = await self._say_and_show(session, plan, before, received=received)
        step("S6")
        return turn

    async def hear_oversize(self, session: ResidentSession, text: str) -> None:
        """Keep and read the two ends of a message that is too large to be taken, and act on them."""
        words, client_id = readable(text), uuid4()
        try:
            agreed = await self._in_thread(self._may_hear, session, client_id, words)
        except ChatNotAgreed:
            return
        received, _, before = await self._in_thread(self._hear, session, client_id, words)
        assert received.message_id is not None
        plan = await self._in_thread(self._act, session, received.message_id)
        await self._in_thread(self._look_in, session)
        plan.fixed = not agreed
        if plan_is_alarm(plan):
            await self._say_and_show(session, plan, before, received=received)

    def _may_hear(self, session: ResidentSession, client_id: UUID, words: str) -> bool:
        """Whether this person agreed to talk; `ChatNotAgreed` when they did not and nothing else calls for hearing.

        Without the tick nothing is kept and nothing answered, with three exceptions: words that are not plainly
        harmless (danger to life), the answer to a question of safety or contact that is open, and words to a
        worker who is in the chat.
        """
        with self.database.transaction() as db:
            standing = standing_of(db, self.intake, session)
            if standing.consents[Scope.CHAT]:
                return True
            known = db.scalar(
                select(Received.id).where(Received.session_id == session.id, Received.client_id == client_id)
            )
            field = standing.contact_field
            answers = field is not None and read_contact(field, words) is not None
            if known or standing.worker or answers or self._answers_safely(words, standing):
                return False
        try:
            harmless = self.recogniser.read(words).level == "none"
        except Exception:  # not read is not harmless
            harmless = False
        if harmless:
            raise ChatNotAgreed()
        return False

    def _hear(self, session: ResidentSession, client_id: UUID, words: str) -> tuple[Received, Whose, int]:
        with self.database.transaction() as db:
            lock_session(db, session.id)
            before = transcript.last_position(db, session.id)
            received, whose = transcript.receive(
                db, self.vault, session.id, client_id, self.clock(), words=words
            )
            self._still_here(db, session)
            if whose == "left":
                before = transcript.position_of(db, session.id, received.message_id) - 1
        return received, whose, before

    def _take_up(self, session: ResidentSession, words: str | None = None) -> Plan:
        """What to say to somebody whose request was acted on by a process that died before it answered."""
        plan = Plan()
        with self.database.transaction() as db:
            standing = standing_of(db, self.intake, session)
            if standing.worker is not None:
                return plan
            if standing.alarmed:
                name = "danger_red" if standing.level is Level.RED else "danger_orange"
                plan.ask(f"/{name}", name)
            if standing.item is not None:
                plan.ask("/screening_started", "item")
            elif standing.contact_field:
                plan.ask("/contact_asked", "contact")
            elif standing.rating is not None and not standing.alarmed:
                plan.ask("/screening_finished", "finished")
            if not plan.asks:
                plan.ask(self._masked(words, standing) if words else "/talk", "plain")
        return plan

    def _act(self, session: ResidentSession, message_id: UUID) -> Plan:
        """Read one kept message for danger and act on it, in one transaction; then see what else it is.

        A message that was read before is not judged again. If reading fails the message stays unread, the
        watch reads it again soon, and the resident is asked directly meanwhile.
        """
        plan = Plan()
        self._warm()  # here, where no transaction waits: on a busy machine loading outlasts what one may be idle
        with self.database.transaction() as db:
            session = lock_session(db, session.id)
            message = db.get(Message, message_id, with_for_update=True)
            if message is None or message.read_at is not None:
                return plan
            words = self._words_of(message)
            before = standing_of(db, self.intake, session)
            asked = asked_at(db, before)
            if asked is not None and message.at < asked:  # words of before a question do not answer it
                before = replace(before, administration=None, item=None)
            outcome = self._judge(db, session, message, words, before)
            try:
                with db.begin_nested():
                    self._decide(db, session, words or "", before, outcome, plan)
            except Exception as error:  # whatever broke in choosing words, what was judged stands
                log.error("no plan: %s", type(error).__name__)
                asked_again = outcome.triage.level is None and before.item is not None
                plan.asks = [
                    ("/answer_not_understood", "item") if asked_again else fallback_ask(outcome.triage)
                ]
                if before.worker is not None:
                    plan.asks = []
            step("S4")
        return plan

    def _look_in(self, session: ResidentSession, left: bool = False) -> None:
        """After what was judged stands: send somebody of the hall to a kiosk, quietly. What fails here takes nothing
        else with it, and is tried again at this person's next request.

        Whoever has `left` will finish no screening any more: then an orange signal is enough.
        """
        if session.door != "kiosk":
            return
        try:
            with self.database.transaction() as db:
                row = lock_session(db, session.id)
                self.intake.look_in(db, row, self.clock(), left=left)
        except Exception as error:
            log.error("nobody of the hall was asked to look in: %s", type(error).__name__)

    def _words_of(self, message: Message) -> str | None:
        """What was said; None when its seal does not open, which is *not read* and not *nothing said*."""
        try:
            return self.vault.open(message, "text") or ""
        except SealBroken:
            return None

    def _warm(self) -> None:
        """Load what reads. What does not load is met again where it is used, and dealt with there."""
        try:
            self.recogniser.warm()
            if self.life:
                self.life.load()
        except Exception as error:
            log.error("a reader could not be loaded: %s", type(error).__name__)

    def _judge(
        self, db: Session, session: ResidentSession, message: Message, words: str | None, before: Standing
    ) -> Outcome:
        try:
            if words is None:
                raise ValueError("the seal does not open")
            with db.begin_nested():
                read = understand(db, self.vault, self.recogniser, message, words, before)
            message.read_at = self.clock()
        except Exception as error:  # whatever broke in reading, "not read" is not "no risk"
            log.error("a message could not be read for danger: %s", type(error).__name__)
            message.failed_reads += 1
            read = Understood("unread", frozenset(), False, ())
            if message.failed_reads >= READS_BEFORE_ALARM:
                read, message.read_at = replace(read, level="crisis"), self.clock()
        return self.intake.receive_words(
            db,
            session,
            message.id,
            read.level,
            read.categories,
            read.imminent,
            read.spans,
            message.at,
            life_events=self.life.events(words) if self.life and words else (),
        )

    def _decide(
        self,
        db: Session,
        session: ResidentSession,
        words: str,
        before: Standing,
        outcome: Outcome,
        plan: Plan,
    ) -> None:
        """What the dialogue is to say, after what this message turned out to be."""
        if before.worker is not None:
            return
        triage = outcome.triage
        if triage.level in (Level.RED, Level.ORANGE) or triage.ask_asq:
            doing.leave(db, session.id, self.clock())
        if triage.level is Level.RED:
            plan.ask("/danger_red", "danger_red")
            self._then_contact(db, session, plan)
        elif (triage.level is Level.ORANGE or triage.ask_asq) and not self._answers_safely(words, before):
            name = "danger_orange" if triage.level is Level.ORANGE else "danger_elevated"
            plan.ask(f"/{name}", name)
            if self.intake.open_item(db, session):
                plan.ask("/screening_started", "item")
            else:
                self._then_contact(db, session, plan)
        elif words.strip(" 。.!！") in LEAVE_WORDS:
            session.ended_at = self.clock()
            self.intake.pause_screening(db, session)
            plan.ask("/left", "left")
        elif words.strip(" 。.!！") in DELETE_WORDS:
            plan.ask("/record_deletion_asked", "deletion_asked")
        elif (kept := reminders.said(db, session, words, self.clock())) is not None:
            transcript.say(db, self.vault, session.id, [kept], self.clock())
        elif before.contact_field and (told := read_contact(before.contact_field, words)):
            self._keep_contact(db, session, before.contact_field, told.value)
            self._then_contact(db, session, plan, finished=True)
        elif before.item is not None and before.administration is not None:
            self._typed_answer(db, session, words, before, plan)
        else:
            plan.ask(self._masked(words, before), "plain")

    def _answers_safely(self, words: str, before: Standing) -> bool:
        """Whether words of danger are plainly the answer to the safety question that is open."""
        asked = before.item is not None and before.administration is not None
        if not asked or before.administration.instrument != "asq":  # type: ignore[union-attr]
            return False
        return read_answer(words, before.item).sure  # type: ignore[arg-type]

    def _typed_answer(
        self, db: Session, session: ResidentSession, words: str, before: Standing, plan: Plan
    ) -> None:
        assert before.item is not None
        assert before.administration is not None
        typed = read_answer(words, before.item)
        if before.item.measured is not None:
            typed = times_asked.confirmed(db, self.vault, before, words, typed)
        if typed.sure or typed.refused:
            value = typed.value if typed.sure else None
            outcome = self.intake.receive_answer(
                db, session, before.administration.id, before.item.id, value, self.clock()
            )
            if outcome is not None:
                self._after_answer(db, session, outcome, plan)
        elif (back := times_asked.asked_back(before, words, typed)) is not None:
            transcript.say(db, self.vault, session.id, [back], self.clock())
        elif typed.value is not None:
            likely = before.item.label(typed.value)
            asked_back = Bubble(f"您是说“{likely}”吗？是的话点一下就好。", name="answer_asked_back")
            transcript.say(db, self.vault, session.id, [asked_back], self.clock())
            plan.ask("/answer_not_understood", "item")
        else:
            plan.ask(self._masked(words, before), "item")

    def _after_answer(self, db: Session, session: ResidentSession, outcome: Outcome, plan: Plan) -> None:
        """What follows an answer: the safety questions, the next item, or the result and how to reach them."""
        if outcome.triage.level is Level.RED:
            plan.ask("/danger_red", "danger_red")
            self._then_contact(db, session, plan)
        elif outcome.finished:
            plan.ask("/screening_finished", "finished")
            if outcome.rated is Level.YELLOW:
                plan.ask("/callback_offered", "finished")
            self._then_contact(db, session, plan)
        elif outcome.triage.ask_asq:
            plan.ask("/danger_orange" if outcome.triage.level else "/danger_elevated", "danger_elevated")
            plan.ask("/screening_started", "item")
        else:
            plan.ask("/answer_recorded", "item")

    def _then_contact(
        self, db: Session, session: ResidentSession, plan: Plan, *, finished: bool = False
    ) -> None:
        db.flush()
        if standing_of(db, self.intake, session).contact_field:
            plan.ask("/contact_asked", "contact")
        elif finished:
            plan.ask("/contact_finished", "contact")

    def _masked(self, words: str, standing: Standing) -> str:
        identity = standing.identity
        fields = ("name", "phone", "address", "trusted_person")
        known = tuple((self.vault.open(identity, f) or "") if identity else "" for f in fields)
        return for_rasa(words, known)

    # --- buttons, taps and cards -------------------------------------------------------------------

    async def choose(self, session: ResidentSession, client_id: UUID, choice: str) -> Turn:
        """Press a button."""
        if choice not in LOCKED_CHOICES:
            _not_locked(session)
        if choice == "delete_record" and await self._in_thread(self._deletion_asked, session):
            await self.erase(session)
            return _farewell(session)
        return await self._once(session, client_id, partial(self._choose, choice=choice))

    def _deletion_asked(self, session: ResidentSession) -> bool:
        with self.database.transaction() as db:
            _, last = transcript.names_said(db, session.id)
        return (last or "").startswith(_ASKED_BEFORE_ERASING)

    def _choose(self, db: Session, session: ResidentSession, plan: Plan, *, choice: str) -> None:
        now = self.clock()
        before = standing_of(db, self.intake, session)
        if choice in ("start_screening", "agree_screening") and before.item is None and before.paused is None:
            if age_wanted(self.intake, session):
                raise AgeNotSaid()
            session.route = None
        if choice in ("same_person", "not_same_person"):
            come_back(db, session, same=choice == "same_person")
            if standing_of(db, self.intake, session).consents[Scope.CHAT]:
                plan.ask("/welcome", "plain")
        elif choice in ("start_screening", "continue_screening", "agree_screening"):
            doing.leave(db, session.id, now)
            if choice == "agree_screening":
                set_consents(db, session.resident_id, {Scope.SCREENING: True}, WORDING_VERSION, now)
            elif not before.consents[Scope.SCREENING]:
                raise ConsentMissing()
            self.intake.start_screening(db, session)
            plan.ask("/screening_started", "item")
        elif choice == "pause_screening":
            self.intake.pause_screening(db, session)
            plan.ask("/screening_paused", "paused")
            self._then_contact(db, session, plan)
        elif choice == "skip_item" and before.administration and before.item:
            self._answered(db, session, plan, before.administration.id, before.item.id, None)
        elif choice == "call_me_back":
            session.callback_wanted = True
            set_consents(
                db, session.resident_id, {Scope.CONTACT: True, Scope.SHARE: True}, WORDING_VERSION, now
            )
            if before.ticket is None or before.ticket.closed_at is not None:
                self.intake.call_back(db, session, now)
            self._then_contact(db, session, plan, finished=True)
        elif choice == "call_person":
            self._call_person(db, session, plan)
        elif choice == "not_now" and before.contact_field:
            self._keep_contact(db, session, before.contact_field, None)
            self._then_contact(db, session, plan, finished=True)
        elif choice == "leave":
            session.ended_at = now
            self.intake.pause_screening(db, session)
            plan.ask("/left", "left")
        elif choice == "delete_record":
            plan.ask("/record_deletion_asked", "deletion_asked")
        elif (kept := reminders.chosen(db, session, choice, now)) is not None:
            transcript.say(db, self.vault, session.id, [kept], now)
        elif choice.startswith("step_") or choice in SKILL_CHOICES:
            self._in_skill(db, session, plan, choice)
        elif choice.startswith("know_"):
            self._tell_entry(db, session, choice.removeprefix("know_"))
        elif choice in DIALOGUE_CHOICES or choice in read_skills():
            plan.ask(f"/{choice}", "plain")
        else:
            raise NothingToAnswer()

    def _tell_entry(self, db: Session, session: ResidentSession, name: str) -> None:
        """What a button promised to tell, as it was reviewed; nobody else is asked for it."""
        entry = read_knowledge().entries.get(name)
        if entry is None:
            raise NothingToAnswer()
        lines = [line.sentence for line in self.turns.hotlines()]
        said = Found(entry, 1.0).bubbles(self.clock().date(), lines)
        bubbles = [
            Bubble(text, name=f"know/{name}" + (f"/{at + 1}" if at else "")) for at, text in enumerate(said)
        ]
        transcript.say(db, self.vault, session.id, bubbles, self.clock())

    def _in_skill(self, db: Session, session: ResidentSession, plan: Plan, choice: str) -> None:
        """A tap in the exercise that is going on."""
        run = doing.running(db, session.id)
        if run is None:
            raise NothingToAnswer()
        now = self.clock()
        if choice == "skill_stop":
            doing.leave(db, session.id, now, "stopped")
            plan.ask("/skill_stopped", "skill_stopped")
            return
        if choice == "skill_back":
            doing.back(db, self.vault, run, now)
        elif choice == "skill_skip":
            doing.skip(db, self.vault, run, now)
        else:
            doing.answer(db, self.vault, run, now, choice=choice.removeprefix("step_"))
        plan.ask("/skill_moved" if run.ended_at is None else "/skill_finished", "skill")

    async def answer(
        self, session: ResidentSession, client_id: UUID, administration: UUID, item: str, value: int | None
    ) -> Turn:
        """Answer one item by tapping. It is committed, judged and acted on before Rasa hears of it."""
        step("S0")
        return await self._once(
            session,
            client_id,
            lambda db, s, plan: self._answered(db, s, plan, administration, item, value),
        )

    def _answered(
        self,
        db: Session,
        session: ResidentSession,
        plan: Plan,
        administration: UUID,
        item: str,
        value: int | None,
    ) -> None:
        try:
            self._agreed_to_answer(db, session, administration, item, value)
            before = self._was_rated(db, session, administration)
            level = before and before.level
            outcome = self.intake.receive_answer(db, session, administration, item, value, self.clock())
        except AssessmentError as error:
            raise NothingToAnswer() from error
        if outcome is None:
            raise NothingToAnswer()
        looked_through = before is not None and outcome.finished and before.level == level
        if outcome.new and not (looked_through and not outcome.triage.ask_asq):
            self._after_answer(db, session, outcome, plan)

    def _was_rated(self, db: Session, session: ResidentSession, administration: UUID) -> Rating | None:
        """How the screening of this questionnaire was rated already."""
        sitting = sittings.administration(db, administration, session.id)
        return rating_of_sitting(db, sitting.sitting_id) if sitting else None

    async def enter(
        self,
        session: ResidentSession,
        client_id: UUID,
        entrance: str,
        length: Length,
        age: Age | None,
        guardian: str | None,
    ) -> Turn:
        """Come in by one of the entrances: begin its questionnaires.

        What was said of the age is kept first, whether or not anything begins.
        """
        _not_locked(session)

        def keep_age() -> None:
            with self.database.transaction() as db:
                if age is not None:
                    say_age(lock_session(db, session.id), age)

        await self._in_thread(keep_age)

        def begin(db: Session, s: ResidentSession, plan: Plan) -> None:
            enter(
                db, self.intake, s, entrance=entrance, length=length, guardian=guardian,
                wording=WORDING_VERSION, now=self.clock(),
            )  # fmt: skip
            plan.ask("/screening_started", "item")

        return await self._once(session, client_id, begin)

    def _agreed_to_answer(
        self, db: Session, session: ResidentSession, administration: UUID, item: str, value: int | None
    ) -> None:
        """`ConsentMissing` for an answer without the tick for screening, unless it speaks of danger to life."""
        if self.intake.agreed_to_screening(db, session):
            return
        sitting = sittings.administration(db, administration, session.id)
        if sitting and not self.intake.counts_without_consent(sitting.instrument, item, value):
            raise ConsentMissing()

    async def contact(
        self, session: ResidentSession, client_id: UUID, field: ContactField, value: str | None
    ) -> Turn:
        """Keep one thing about how this person can be reached; None declines it."""
        _not_locked(session)

        def keep(db: Session, s: ResidentSession, plan: Plan) -> None:
            before = standing_of(db, self.intake, s)
            wanted = s.callback_wanted or (before.ticket is not None and before.ticket.closed_at is None)
            if value is not None and not wanted and not before.consents[Scope.CONTACT]:
                raise ContactNotAgreed()
            self._keep_contact(db, s, field, value)
            self._then_contact(db, s, plan, finished=True)

        return await self._once(session, client_id, keep)

    def _keep_contact(
        self, db: Session, session: ResidentSession, field: ContactField, value: str | None
    ) -> None:
        """Seal one field of the identity. An address sends the open tickets to its office."""
        now = self.clock()
        identity = identity_of(db, session.resident_id)
        if identity is None:
            identity = Identity(resident_id=session.resident_id, address_confirmed=False, declined="")
            db.add(identity)
        value = (value or "").strip() or None
        if value is None:
            identity.decline(field)
        else:
            self.vault.seal(identity, field, value)
            if field == "phone":
                identity.phone_index = self.vault.index("phone", normal_phone(value))
        db.flush()
        if field == "address" and value is not None:
            identity.address_confirmed = False
            self.intake.address_stated(db, session, value, now)
        audit.record(
            db, actor="resident", action="contact.told" if value else "contact.declined",
            subject=f"session:{session.id}", at=now, field=field,
        )  # fmt: skip

    async def call_person(self, session: ResidentSession, client_id: UUID) -> Turn:
        """Ask for a human being."""
        return await self._once(session, client_id, self._call_person)

    def _call_person(self, db: Session, session: ResidentSession, plan: Plan) -> None:
        """At a kiosk the hall is called; on a phone a worker is called into the chat, on a ticket."""
        now = self.clock()
        standing = standing_of(db, self.intake, session)
        self.intake.telling.districts.refresh(db)
        place = self.intake.district.place(session.place) if session.place else None
        if session.door == "kiosk" and place is not None:
            self.intake.call_to_desk(db, session, place, now)
            open_now = staffed(self.intake.telling.calendar, now)
            text = WORDING_PERSON["kiosk" if open_now else "kiosk_closed"]
        else:
            session.worker_wanted = True
            if standing.ticket is None or standing.ticket.closed_at is not None:
                self.intake.call_back(db, session, now)
            text = WORDING_PERSON["phone"]
        audit.record(db, actor="resident", action="person.called", subject=f"session:{session.id}", at=now)
        transcript.say(db, self.vault, session.id, [Bubble(text, name="person_called")], now)

    # --- leaving -----------------------------------------------------------------------------------

    async def leave(self, session: ResidentSession) -> Turn:
        """End at once. What was answered so far counts, and a ticket stays open."""
        _not_locked(session)

        def end() -> Turn:
            with self.database.transaction() as db:
                row = lock_session(db, session.id)
                row.ended_at = self.clock()
                self.intake.pause_screening(db, row)
                audit.record(
                    db, actor="resident", action="session.left", subject=f"session:{row.id}", at=row.ended_at
                )
                db.flush()
                return self._turn(db, row, after=transcript.last_position(db, row.id))

        turn = await self._in_thread(end)
        await self._in_thread(self._look_in, session, True)
        return turn

    async def erase(self, session: ResidentSession) -> Erased:
        """Erase this person; not from a phone that is only lent.

        See `bot.record.erase` for what an open ticket keeps, and until when.
        """

        _not_locked(session)

        def erase() -> Erased:
            while True:
                self._read_all(session)
                with self.database.transaction() as db:
                    lock_sessions_of(db, session.resident_id)
                    if not self._unread(db, session):
                        return record.erase(db, session, self.clock())

        return await self._in_thread(erase)

    def export(self, session: ResidentSession) -> dict[str, object]:
        """Everything that is kept about this person."""
        _not_locked(session)
        with self.database.transaction() as db:
            exported = record.export(db, self.vault, session)
            audit.record(
                db,
                actor="resident",
                action="record.exported",
                subject=f"session:{session.id}",
                at=self.clock(),
            )
        return exported

    def _read_all(self, session: ResidentSession) -> None:
        """Nothing is erased before it was read for danger, or was taken for danger because it cannot be read."""
        with self.database.transaction() as db:
            unread = self._unread(db, session)
        for theirs, message_id in unread:
            self._act(theirs, message_id)

    def _unread(self, db: Session, session: ResidentSession) -> list[tuple[ResidentSession, UUID]]:
        """What nobody has read yet in any conversation of this person, with that conversation."""
        return [
            (theirs, message.id)
            for theirs in sessions_of(db, session.resident_id)
            for message in transcript.messages_of(db, theirs.id)
            if message.author == "resident" and message.read_at is None
        ]

    # --- what nobody has read yet ------------------------------------------------------------------

    def read_unread(self) -> int:
        """Read words that were kept but, because something died, not read for danger. Returns how many.

        One that cannot be acted on does not keep the others waiting; its error comes when all were tried.
        """
        with self.database.transaction() as db:
            waiting = [
                (m.id, m.session_id) for m in transcript.unread(db, before=self.clock() - UNREAD_AFTER)
            ]
        failed: Exception | None = None
        for message_id, session_id in waiting:
            try:
                with self.database.transaction() as db:
                    session = db.get(ResidentSession, session_id)
                if session is not None:
                    self._act(session, message_id)
                    self._look_in(session)
            except Exception as error:
                failed = failed or error
        if failed is not None:
            raise failed
        return len(waiting)

    def return_to_silent_chats(self) -> int:
        """Come back to residents whose worker has not answered for ten minutes, and call somebody again."""
        now = self.clock()
        with self.database.transaction() as db:
            waiting = [(h.id, h.session_id) for h in absent_workers(db, now)]
        for handoff_id, session_id in waiting:
            with self.database.transaction() as db:
                session = lock_session(db, session_id)
                handoff = db.get(Handoff, handoff_id, with_for_update=True)
                if handoff is None or handoff.left_at is not None:
                    continue
                handoff.left_at = now
                session.worker_wanted = True
                bubbles = [Bubble(text, name="worker_absent") for text in SAFETY_REPLY["worker_absent"]]
                transcript.say(db, self.vault, session.id, bubbles, now)
                audit.record(
                    db, actor="watch", action="chat.worker_absent", subject=f"session:{session.id}", at=now
                )
        return len(waiting)

    # --- once and for all --------------------------------------------------------------------------

    async def _once(
        self,
        session: ResidentSession,
        client_id: UUID,
        act: Callable[[Session, ResidentSession, Plan], None],
    ) -> Turn:
        """Do something exactly once for this request, then say and show what follows."""

        def receive_and_act() -> tuple[Received, Whose, int, Plan]:
            plan = Plan()
            with self.database.transaction() as db:
                row = lock_session(db, session.id)
                before = transcript.last_position(db, session.id)
                received, whose = transcript.receive(db, self.vault, session.id, client_id, self.clock())
                self._still_here(db, session)
                if whose == "new":
                    act(db, row, plan)
                    if standing_of(db, self.intake, row).worker is not None:
                        plan.asks.clear()
                    step("S4")
            self._look_in(session)
            return received, whose, before, plan

        received, whose, before, plan = await self._in_thread(receive_and_act)
        step("S5")
        if whose == "theirs":
            same = await self._same_answer(session, client_id)
            return same or await self._once(session, client_id, act)
        if whose == "left":
            plan = await self._in_thread(self._take_up, session)
        turn = await self._say_and_show(session, plan, before, received=received)
        step("S6")
        return turn

    async def _same_answer(self, session: ResidentSession, client_id: UUID) -> Turn | None:
        """The answer that this request was given or is being given; None when whoever was at it has died."""

        def look() -> tuple[str | None, bool]:
            with self.database.transaction() as db:
                row = db.scalars(
                    select(Received).where(Received.session_id == session.id, Received.client_id == client_id)
                ).one()
                return self.vault.open(row, "answer"), row.claimed_until <= self.clock()

        for _ in range(200):
            kept, left = await self._in_thread(look)
            if kept:
                return Turn.model_validate_json(kept)
            if left:
                return None
            await asyncio.sleep(0.1)
        return await self._in_thread(self.state, session, None)

    async def _say_and_show(
        self, session: ResidentSession, plan: Plan, before: int, *, received: Received | None = None
    ) -> Turn:
        """Ask Rasa, keep what it says or the fixed text instead, and make the turn."""
        step("S2")
        bubbles: list[Bubble] = []
        fixed: set[str] = set()
        for message, instead in plan.asks:
            if bubbles:  # what follows is chosen by what was said
                await self._or_let_go(received, self._keep_bubbles, session, bubbles)
                bubbles = []
            try:
                if plan.fixed:
                    raise RasaSilent("not agreed")
                bubbles = await self.rasa.send(session.sender, message)
                if self.counselling and instead == "plain" and not message.startswith("/"):
                    bubbles, asks = await self.counselling.instead(session, message, bubbles)
                    plan.asks.extend(asks)
            except RasaSilent:
                if instead == "plain":
                    instead = await self._in_thread(self._another_than_last, session)
                if instead not in fixed:
                    fixed.add(instead)
                    bubbles = [Bubble(text, name=f"safety_{instead}") for text in SAFETY_REPLY[instead]]
        return await self._or_let_go(received, self._keep_replies, session, bubbles, before, received)

    def _another_than_last(self, session: ResidentSession) -> str:
        """The fixed text for ordinary talk, never the same twice in a row."""
        with self.database.transaction() as db:
            _, last = transcript.names_said(db, session.id)
        return "plain_again" if last == "safety_plain" else "plain"

    def _keep_bubbles(self, session: ResidentSession, bubbles: Sequence[Bubble]) -> None:
        with self.database.transaction() as db:
            lock_session(db, session.id)
            self._write_bubbles(db, session, bubbles)

    def _write_bubbles(self, db: Session, session: ResidentSession, bubbles: Sequence[Bubble]) -> None:
        """Keep what is said, with the echoes filled in; nothing is kept of a person who was erased meanwhile."""
        if record.is_erased(db, session):
            return
        standing = standing_of(db, self.intake, session)
        filled = [
            Bubble(self.turns.fill(b.text, standing, db), b.name, b.kind, b.buttons, b.exercise, b.facts)
            for b in bubbles
        ]
        if any(b.name == "skill/asked_again" for b in bubbles):
            doing.asked_again(db, standing.session.resident_id, self.clock())
        run = last_run(db, session.id)
        if run is not None and any((b.name or "").startswith("skill/") for b in bubbles):
            doing.told(self.vault, run)
        transcript.say(db, self.vault, session.id, filled, self.clock())

    def _keep_replies(
        self, session: ResidentSession, bubbles: Sequence[Bubble], before: int, received: Received | None
    ) -> Turn:
        with self.database.transaction() as db:
            lock_session(db, session.id)
            self._write_bubbles(db, session, bubbles)
            turn = self._turn(db, session, after=before)
            row = db.get(Received, received.id, with_for_update=True) if received else None
            if row is not None and not record.is_erased(db, session):
                self.vault.seal(row, "answer", turn.model_dump_json())
        return turn

    def _still_here(self, db: Session, session: ResidentSession) -> None:
        """Refuse what arrived while this person's record was being erased: it would be kept for ever."""
        if record.is_erased(db, session):
            raise SessionOver()

    async def _or_let_go(self, received: Received | None, act: Callable[..., T], *args: object) -> T:
        """Do this; when it fails, what was received is free at once to be taken up when it is sent again."""
        try:
            return await self._in_thread(act, *args)
        except Exception:
            if received is not None:
                with suppress(Exception):
                    await self._in_thread(self._let_go, received)
            raise

    def _let_go(self, received: Received) -> None:
        with self.database.transaction() as db:
            row = db.get(Received, received.id)
            if row is not None:
                row.claimed_until = self.clock()

    async def _in_thread(self, act: Callable[..., T], *args: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self.threads, partial(act, *args))


LOCKED_CHOICES = frozenset(
    ["start_screening", "continue_screening", "agree_screening", "pause_screening", "skip_item"]
)
DIALOGUE_CHOICES = frozenset(
    [
        "breathing",
        "talk",
        "hotlines",
        "who_are_you",
        "help",
        "not_now",
        "rephrase",
        "skip_item",
        "export_record",
        "list_skills",
        "relax_something",
        "ask_mediation",
        "ask_petition",
        "ask_complaint",
        "ask_arbitration",
        "ask_legal_aid",
        "ask_judicial_office",
        "ask_hospital",
        "ask_police_or_ambulance",
        "ask_benefits",
    ]
)
SKILL_CHOICES = frozenset(["skill_back", "skill_skip", "skill_stop"])
WORDING_PERSON = {
    "kiosk": "已经请大厅的工作人员过来了，请稍等一下。要是眼下有危险，请直接打 110 或 120。",
    "kiosk_closed": "现在不是上班时间，大厅里可能没有人。已经告诉司法所的值班电话，不一定马上有人过来。"
    "要是眼下有危险，请直接打 110 或 120；想有人说说，可以打 12356。",
    "phone": "已经请工作人员到这个对话里来了，来了会告诉您是谁。要是眼下有危险，请直接打 110 或 120。",
}


def readable(text: str) -> str:
    """A copy that can be kept and read: NUL and lone surrogates replaced, and of a text beyond 4,000 characters
    the first and the last 2,000."""
    repaired = "".join("\ufffd" if c == "\x00" or "\ud800" <= c <= "\udfff" else c for c in text)
    if len(repaired) > LONGEST:
        repaired = repaired[: LONGEST // 2] + "\n……\n" + repaired[-LONGEST // 2 :]
    return repaired


def _may_come_back(earlier: ResidentSession, door: Door) -> bool:
    """Whether somebody may be asked if they are the one who talked here before: on their phone, and not left."""
    return (
        door == "phone"
        and earlier.door == "phone"
        and earlier.ended_at is None
        and earlier.assisted_by is None
    )


def _not_locked(session: ResidentSession) -> None:
    """Refuse on a phone that a worker handed over whatever is not the questionnaire."""
    if session.assisted_by is not None:
        raise Locked()


def fallback_ask(triage: Triage) -> tuple[str, str]:
    """What Rasa is asked when nothing better could be planned: by the level alone."""
    if triage.level is Level.RED:
        return "/danger_red", "danger_red"
    if triage.level is Level.ORANGE:
        return "/danger_orange", "danger_orange"
    return ("/danger_elevated", "danger_elevated") if triage.ask_asq else ("/talk", "plain")


def plan_is_alarm(plan: Plan) -> bool:
    """Whether what follows is an answer to danger: then a broken message is answered, not refused."""
    return any(message.startswith("/danger") for message, _ in plan.asks)


def _farewell(session: ResidentSession) -> Turn:
    return Turn.model_validate(
        {"stage": "ended", "door": session.door, "place": None, "consents": {}, "messages": []}
    )
