"""Where residents' words and answers arrive, are judged, and are acted on.

Everything here runs inside the caller's transaction: what was said, its level, the ticket, its clocks, its
notices and the audit entry are written together or not at all. Judged twice, a thing counts once.
"""

import json
import logging
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from assessments import store as sittings
from assessments.administration import Administration
from assessments.errors import AnswerNotOffered, IncompleteAnswers, UnknownInstrument
from assessments.instrument import Answers, Instrument, Item
from assessments.library import Library
from assessments.routes import Routes
from assessments.scoring import Score, score_answers
from assessments.staging import CORE, SAFETY_FORMS, Step, next_step
from escalation import chain, trips
from escalation.chain import Telling
from escalation.errors import PolicyError
from escalation.explain import Known
from escalation.policy_book import PolicyBook
from escalation.replay import inputs_of_answer, inputs_of_rating, inputs_of_words, reasons_of
from escalation.rerouting import where
from escalation.signal import Rating, Signal
from escalation.store import (
    clocks_of,
    closed_matter_of,
    code_taken,
    give_to,
    open_ticket_of,
    put_beside,
    rating_of_sitting,
    signal_of,
    signals_of_session,
    turned_out_serious,
    undo_acknowledgements,
)
from escalation.ticket import DeskCall, Ticket, unasked_call_id
from escalation.ticket_code import new_code, new_name
from escalation.triage import (
    Level,
    LevelPolicy,
    Triage,
    core_screen_level,
    endangers_life,
    in_circumstances,
    triage_answer,
    triage_circumstances,
    triage_score,
    triage_words,
    worst,
)
from residents.district import District, Place
from residents.resident import UNDER_AGE, Basis, Disclosure, Scope, basis_for_passing_on
from residents.routing import Route, route
from residents.session import ResidentSession
from residents.store import consents_of, guardian_agreed, identity_of, lock_resident
from storage import audit
from storage.errors import SealBroken
from storage.step_points import step
from storage.vault import Vault

log = logging.getLogger("xinqiao")

READ = ("none", "elevated", "crisis")
"""What a message that was really read may be; anything else is judged again when it has been read."""

STILL_THERE = timedelta(minutes=3)
"""A kiosk has cleared itself before somebody has been silent for so long."""

Span = tuple[str, int, int]
"""A rule of the crisis reader and where in the message it fired."""


@dataclass(frozen=True)
class Outcome:
    """What came of one thing that a resident said or answered.

    `new` is False when it had been judged before. `opened` and `raised` speak of the ticket; `finished` says
    that a screening has just come to its end, with `rated` as its level.
    """

    triage: Triage
    new: bool = True
    ticket: Ticket | None = None
    opened: bool = False
    raised: bool = False
    finished: bool = False
    rated: Level | None = None


class Intake:
    """Judges what residents say and answer, and makes sure that the right people must act on it."""

    def __init__(
        self,
        vault: Vault,
        clock: Callable[[], datetime],
        library: Library,
        policies: PolicyBook,
        telling: Telling,
        routes: Routes | None = None,
    ) -> None:
        self.vault = vault
        self.clock = clock
        self.library = library
        self.policies = policies
        self.telling = telling
        self.routes = routes or Routes.from_file(library)

    @property
    def levels(self) -> LevelPolicy:
        """The table of levels as it stands now."""
        return self.policies.levels

    @property
    def district(self) -> District:
        """The district as it stands now."""
        return self.telling.district

    def receive_words(
        self,
        db: Session,
        session: ResidentSession,
        message_id: UUID,
        reading: str,
        categories: Collection[str],
        imminent: bool,
        spans: Sequence[Span],
        spoken_at: datetime,
        *,
        life_events: Collection[str] = (),
        protective: Collection[str] = (),
    ) -> Outcome:
        """Act on how one message was read: `none`, `elevated`, `crisis`, or anything else for *not read*.

        `life_events` are what a reader of context found (its labels), `protective` what holds this person: workers read
        them as reasons, and an event may make the level of a screening one higher (`in_circumstances`). Words that call
        for it open the safety questions; words of present danger put every questionnaire aside, because then a person
        is to come, not a form.
        """
        lock_resident(db, session.resident_id)
        self.policies.refresh(db)
        triage = worst(
            triage_words(reading, categories, imminent, self.levels),
            triage_circumstances(life_events, protective, self.levels),
        )
        source = f"message:{message_id}" if reading in READ else f"message:{message_id}:unread"
        inputs = inputs_of_words(reading, categories, imminent, life_events, protective)
        outcome = self._respond(db, session, "words", source, triage, inputs, spans, spoken_at)
        if not outcome.new:
            return outcome
        if triage.level is Level.RED:
            self.pause_screening(db, session)
        elif triage.ask_asq and not self._asked_directly(db, session):
            self._begin_safety_questions(db, session)
        return outcome

    def receive_answer(
        self,
        db: Session,
        session: ResidentSession,
        administration_id: UUID,
        item_id: str,
        value: int | None,
        spoken_at: datetime,
    ) -> Outcome | None:
        """Record one answer and act on it. None when there is no such question in this conversation.

        A critical item counts at this moment. The same answer received twice changes nothing the second
        time; a changed answer is judged again, and can only raise. `AnswerNotOffered` for a value that the
        form does not print.
        """
        lock_resident(db, session.resident_id)
        self.policies.refresh(db)
        administration = sittings.administration(db, administration_id, session.id)
        if administration is None:
            return None
        instrument = self.form_of(db, administration)
        item = instrument.item(item_id)
        if value is not None and not item.offers(value):
            raise AnswerNotOffered(item.number, value)
        now = min(self.clock(), spoken_at)  # an answer that arrives late was given when it was given
        administration.looks_at = None
        if not sittings.record(db, self.vault, administration, item_id, value, now):
            return Outcome(Triage(), new=False, ticket=open_ticket_of(db, session.resident_id))
        answers = sittings.answers_of(db, self.vault, administration.id)
        triage = triage_answer(instrument.id, item_id, value, self.levels)
        after_form = item not in instrument.items  # it is never scored, and judges nothing
        last = not after_form and instrument.next_item(answers) is None
        if after_form:
            sittings.put_aside(administration)
        if last:
            score = self._score(db, administration, answers)
            sittings.keep_score(self.vault, administration, score, now)
            step("S3")
            if score is not None:
                triage = worst(triage, triage_score(score, self.levels))
        source = f"answer:{administration.id}:{item_id}:{uuid4().hex[:8]}"
        inputs = inputs_of_answer(instrument, item_id, value, answers if last else None)
        outcome = self._respond(db, session, "answer", source, triage, inputs, (), spoken_at)
        if triage.level is Level.RED:
            self.pause_screening(db, session)
            return replace(outcome, finished=True, rated=self._rate(db, session, administration.sitting_id))
        if self._open_next(db, session, administration.sitting_id) is None:
            return replace(outcome, finished=True, rated=self._rate(db, session, administration.sitting_id))
        return outcome

    def start_screening(self, db: Session, session: ResidentSession, *, anew: bool = False) -> bool:
        """Begin the staged screening, or go on with the one that was put aside. False when one is open.

        `anew` puts whatever is open aside and begins on the route that was chosen; what was answered stays and counts.
        """
        lock_resident(db, session.resident_id)
        self.policies.refresh(db)  # before the first answer, every edition that may be answered is kept
        if anew:
            sittings.put_open_aside(db, session.id)
            return self._open_next(db, session, uuid4()) is not None
        if sittings.open_administration(db, session.id):
            return False
        paused = sittings.paused_administration(db, session.id)
        return self._open_next(db, session, paused.sitting_id if paused else uuid4()) is not None

    def pause_screening(self, db: Session, session: ResidentSession) -> bool:
        """Put the open questionnaire aside; what was answered stays and counts."""
        administration = sittings.open_administration(db, session.id, lock=True)
        if administration is None:
            return False
        sittings.put_aside(administration)
        return True

    def open_item(self, db: Session, session: ResidentSession) -> tuple[Administration, Item, Answers] | None:
        """The question that is open now, with the answers that its questionnaire has so far."""
        administration = sittings.open_administration(db, session.id)
        if administration is None:
            return None
        upcoming = self._upcoming(db, session, administration.sitting_id)
        if upcoming is None or upcoming.instrument != administration.instrument:
            return None
        form = self.form_of(db, administration)
        answers = sittings.answers_of(db, self.vault, administration.id)
        looked_at = administration.looks_at if administration.looks_at in answers else None
        return administration, form.item(looked_at or upcoming.item), answers

    def step_back(self, db: Session, session: ResidentSession) -> bool:
        """Open the item that was answered before the open one again; False at the first of its questionnaire.

        Nothing is unsaid by it: the answer that was given holds until another is.
        """
        shown = self.open_item(db, session)
        if shown is None:
            return False
        administration, item, answers = shown
        form = self.form_of(db, administration)
        asked = [one for one in form.items if one.id in answers or one.id == item.id]
        if item not in asked[1:]:
            return False
        administration.looks_at = asked[asked.index(item) - 1].id
        db.flush()
        return True

    def form_of(self, db: Session, administration: Administration) -> Instrument:
        """The form that this sitting is answered on: the edition whose content stands with it, whatever came since.

        Were that edition nowhere any more, the form as it is now: answers are still judged one by one, and nothing is
        scored by it.
        """
        form, content = administration.instrument, administration.content_hash
        if form in self.library and self.library[form].content_hash == content:
            return self.library[form]
        kept = self.policies.form(db, form, content)
        if kept is None:
            log.error("the edition of %s that was answered is not kept", form)
        return kept or self.library[form]

    def known_of(self, db: Session, session_id: UUID) -> Known:
        """All that the level of one conversation comes from, for `explain.what_would_change`."""
        signals = signals_of_session(db, session_id)
        forms = {
            a.instrument: (self.form_of(db, a), sittings.answers_of(db, self.vault, a.id))
            for a in sittings.of_session(db, session_id)
        }
        spoken = [Level(s.level) for s in signals if s.kind == "words" and s.level is not None]
        return Known(tuple(forms.values()), spoken, self._life_events(signals))

    def call_back(self, db: Session, session: ResidentSession, now: datetime) -> Ticket:
        """Open the ticket for the call that this resident asked for; asked twice, it is one."""
        lock_resident(db, session.resident_id)
        known = open_ticket_of(db, session.resident_id, "call_back")
        return known or self._open(db, session, "call_back", Level.YELLOW, False, now, now)

    def open_ticket(
        self, db: Session, session: ResidentSession, kind: str, level: Level, spoken_at: datetime
    ) -> Ticket:
        """Open a ticket of any listed kind for this resident, or give the open one of that kind back.

        `KindNotListed` for a kind that is not published: nobody can be given it. `PolicyError` for a level that its
        policy does not know.
        """
        lock_resident(db, session.resident_id)
        self.policies.refresh(db)
        if level not in self.policies[kind].levels:
            raise PolicyError(f"「{self.policies[kind].name}」没有{level.colour}色。")
        known = open_ticket_of(db, session.resident_id, kind)
        return known or self._open(db, session, kind, level, False, spoken_at, self.clock())

    def address_stated(self, db: Session, session: ResidentSession, address: str, now: datetime) -> None:
        """Send the open tickets to the office that this address belongs to.

        While nobody holds a ticket it moves and the new office is told from the first step on; when somebody
        does, the new office is told too and stands beside the holder's, so that nobody loses a case in hand.
        """
        self.telling.districts.refresh(db)
        for kind in self.policies:
            ticket = open_ticket_of(db, session.resident_id, kind)
            if ticket is None:
                continue
            found = route(self.district, address, session.place)
            if found.how == "address":
                self.vault.seal(ticket, "place", where(self.district, found, session))
                self.vault.seal(ticket, "routing", found.reason)
                ticket.tree = self.district.digest
            if found.office == ticket.office or ticket.settled:
                continue
            office = self.district.office(found.office).name
            chain.note(db, ticket, "routed", "系统", f"居民说了住址，由{office}负责。", now)
            policy = self.policies.of(db, ticket)
            in_hand = chain.office_of_holder(db, ticket)
            if in_hand is None:
                give_to(db, ticket, found.office)
                ticket.start_chain(now)
                chain.take_step(db, ticket, policy, self.telling, now)
            elif found.office != in_hand:
                give_to(db, ticket, in_hand)
                if not put_beside(db, ticket, found.office, now):
                    continue
                due = policy.deadline("speak", ticket.rated, ticket.spoken_at)
                occasion = f"beside.{now.timestamp():.0f}"
                chain.tell_up(db, ticket, "office", occasion, due, self.telling, now, office=found.office)
            self._passed_on(db, ticket, found.office, now)
            audit.record(
                db, actor="routing", action="ticket.routed", subject=f"ticket:{ticket.code}", at=now,
                office=found.office, how=found.how,
            )  # fmt: skip

    def call_to_desk(self, db: Session, session: ResidentSession, place: Place, now: datetime) -> None:
        """Call somebody of the hall to this kiosk; its office is told at once."""
        call = DeskCall(session_id=session.id, place=place.name, office=place.office, at=now)
        db.add(call)
        chain.tell_desk(db, call, self.telling, now)

    def look_in(
        self,
        db: Session,
        session: ResidentSession,
        now: datetime,
        *,
        serious: bool = False,
        left: bool = False,
    ) -> bool:
        """Ask somebody of the hall to look in at a kiosk at which a result, or words, turned out serious (K9).

        It comes beside the ticket, which stands already, and never in its place. The page says nothing of it, and
        staff are told neither who nor why. Once for a conversation, while whoever it is may still stand there; and not
        where no office is known to come. `serious`: the caller knows that it was, although nothing was rated. Whoever
        has `left` finishes no screening any more: then anything orange that was judged is enough.
        Says whether somebody was asked. The caller holds the conversation's row.
        """
        self.telling.districts.refresh(db)
        place = self.district.place(session.place) if session.place else None
        gone = now - (session.ended_at or session.seen_at) > STILL_THERE
        if session.door != "kiosk" or place is None or gone:
            return False
        if not serious and not turned_out_serious(
            db, session, signal_from=Level.ORANGE if left else Level.RED
        ):
            return False
        call_id = unasked_call_id(session.id)
        if db.get(DeskCall, call_id) is not None:
            return False
        call = DeskCall(id=call_id, session_id=session.id, place=place.name, office=place.office, at=now)
        db.add(call)
        chain.tell_desk(db, call, self.telling, now)
        audit.record(
            db, actor="software", action="desk_call.unasked", subject=f"session:{session.id}", at=now
        )
        return True

    # --- judging -----------------------------------------------------------------------------------

    def _respond(
        self,
        db: Session,
        session: ResidentSession,
        kind: str,
        source: str,
        triage: Triage,
        inputs: str,
        spans: Sequence[Span],
        spoken_at: datetime,
    ) -> Outcome:
        """Keep the signal, and from orange on open the ticket or raise the open one. Never lowers."""
        known = signal_of(db, source)
        ticket = open_ticket_of(db, session.resident_id)
        if known is not None:
            return Outcome(triage, new=False, ticket=ticket)
        if triage.level is None and not triage.ask_asq and not triage.reasons:
            return Outcome(triage, ticket=ticket)
        now = self.clock()
        danger = endangers_life(triage, self.levels)
        signal = Signal(
            resident_id=session.resident_id,
            session_id=session.id,
            source=source,
            kind=kind,
            level=None if triage.level is None else int(triage.level),
            asks_directly=triage.ask_asq,
            danger_to_life=danger,
            policy=self.levels.edition,
            spoken_at=spoken_at,
            at=now,
        )
        kept = {"reasons": reasons_of(triage), "spans": [list(s) for s in spans]}
        self.vault.seal(signal, "reasons", json.dumps(kept))
        self.vault.seal(signal, "inputs", inputs)
        opened = raised = False
        if triage.level is not None and triage.level >= Level.ORANGE:
            if ticket is None:
                ticket = self._reopen(db, session, triage.level, danger, spoken_at, now) or self._open(
                    db, session, "home_visit", triage.level, danger, spoken_at, now
                )
                opened = True
            else:
                raised = self._attach(db, ticket, triage.level, danger, spoken_at, now)
            signal.ticket_id = ticket.id
            if trips.needs_two([reason.rule for reason in triage.reasons]):
                ticket.two_people = True
            if triage.level is Level.RED:
                session.worker_wanted = True
        elif ticket is not None:
            signal.ticket_id = ticket.id
        db.add(signal)
        audit.record(
            db, actor="software", action="signal", subject=f"session:{session.id}", at=now,
            kind=kind, ticket=ticket.code if ticket else None,
        )  # fmt: skip
        return Outcome(triage, ticket=ticket, opened=opened, raised=raised)

    def _open(
        self,
        db: Session,
        session: ResidentSession,
        kind: str,
        level: Level,
        danger: bool,
        spoken_at: datetime,
        now: datetime,
    ) -> Ticket:
        """Open a ticket with its clocks, its first notice, and the basis on which it is passed on."""
        found = self._route(db, session)
        policy = self.policies[kind]
        secret = new_code()
        ticket = Ticket(
            code=self._free_name(db),
            resident_code_index=self.vault.index("resident_code", secret),
            kind=kind,
            policy=policy.edition,
            tree=self.district.digest,
            missing=policy.levels[level].acknowledgements,
            resident_id=session.resident_id,
            session_id=session.id,
            level=int(level),
            state="requested",
            office=found.office,
            danger_to_life=danger,
            spoken_at=spoken_at,
            opened_at=now,
            chain_since=now,
            step=0,
            step_due_at=now,
        )
        self.vault.seal(ticket, "resident_code", secret)
        self._seal_route(ticket, session, found)
        db.add(ticket)
        db.flush()
        chain.note(
            db,
            ticket,
            "opened",
            "系统",
            f"工单打开：{level.colour}色，交{self.district.office(found.office).name}。",
            now,
        )
        chain.restart_clocks(db, ticket, policy, [], now)
        chain.take_step(db, ticket, policy, self.telling, now)
        self._passed_on(db, ticket, ticket.office, now)
        audit.record(
            db, actor="software", action="ticket.opened", subject=f"ticket:{ticket.code}", at=now,
            level=level.key, office=ticket.office, how=found.how,
        )  # fmt: skip
        return ticket

    def _reopen(
        self,
        db: Session,
        session: ResidentSession,
        level: Level,
        danger: bool,
        spoken_at: datetime,
        now: datetime,
    ) -> Ticket | None:
        """Open again the matter that was closed while its follow-ups still run: the same code, a new alarm.

        None when there is none: then it is a new matter.
        """
        self.policies.refresh(db)
        policy = self.policies["home_visit"]
        ticket = closed_matter_of(db, session.resident_id, "home_visit", now - policy.follow_up_ladder[-1])
        if ticket is None:
            return None
        found = self._route(db, session)
        ticket.policy, ticket.tree = policy.edition, self.district.digest
        ticket.session_id = session.id
        give_to(db, ticket, found.office)
        ticket.danger_to_life = ticket.danger_to_life or danger
        ticket.reopen(level, spoken_at, now)
        ticket.missing = policy.levels[ticket.rated].acknowledgements
        self._seal_route(ticket, session, found)
        undo_acknowledgements(db, ticket, now)
        office = self.district.office(found.office).name
        chain.note(
            db,
            ticket,
            "reopened",
            "系统",
            f"居民又来求助，工单重新打开：{ticket.rated.colour}色，交{office}。",
            now,
        )
        chain.restart_clocks(db, ticket, policy, clocks_of(db, [ticket.id]), now, "reopened")
        chain.take_step(db, ticket, policy, self.telling, now)
        self._passed_on(db, ticket, ticket.office, now)
        audit.record(
            db, actor="software", action="ticket.reopened", subject=f"ticket:{ticket.code}", at=now,
            level=ticket.rated.key, office=ticket.office, how=found.how,
        )  # fmt: skip
        return ticket

    def _route(self, db: Session, session: ResidentSession) -> Route:
        """Whose this is, by the tree in force and what is known of the address and the place."""
        self.policies.refresh(db)
        self.telling.districts.refresh(db)
        identity = identity_of(db, session.resident_id)
        address = self.vault.open(identity, "address") if identity else None
        return route(self.district, address or "", session.place)

    def _seal_route(self, ticket: Ticket, session: ResidentSession, found: Route) -> None:
        self.vault.seal(ticket, "place", where(self.district, found, session))
        self.vault.seal(ticket, "routing", found.reason)

    def _attach(
        self, db: Session, ticket: Ticket, level: Level, danger: bool, spoken_at: datetime, now: datetime
    ) -> bool:
        """Add a signal to the open ticket; says whether that raised its level.

        A higher level is a new alarm: the clocks start again, and everybody is told until somebody takes it.
        Danger of the same level, after somebody has already tried to reach this person, starts the clocks again
        too and is told to the office; whoever has the ticket keeps it, and must try again.
        """
        ticket.danger_to_life = ticket.danger_to_life or danger
        policy = self.policies.of(db, ticket)
        clocks = clocks_of(db, [ticket.id])
        if level <= ticket.rated:
            again = danger and ticket.attempted_at is not None
            text = "居民又说到危险，时限重新算起。" if again else "居民又有新的情况，已并入本工单。"
            chain.note(db, ticket, "signal", "系统", text, now)
            if again:
                ticket.stir(spoken_at)
                chain.restart_clocks(db, ticket, policy, clocks, now, "again")
                chain.tell_again(db, ticket, policy, self.telling, now)
            return False
        ticket.rise(level, spoken_at, now, policy.levels[level].acknowledgements)
        undo_acknowledgements(db, ticket, now)
        chain.note(db, ticket, "raised", "系统", f"升为{level.colour}色。", now)
        chain.restart_clocks(db, ticket, policy, clocks, now, "raised")
        chain.take_step(db, ticket, policy, self.telling, now)
        self._passed_on(db, ticket, ticket.office, now)
        audit.record(
            db,
            actor="software",
            action="ticket.raised",
            subject=f"ticket:{ticket.code}",
            at=now,
            level=level.key,
        )
        return True

    def _passed_on(self, db: Session, ticket: Ticket, office: str, now: datetime) -> None:
        """Record on which basis this office learns of this person, and who judged it."""
        basis = basis_for_passing_on(consents_of(db, ticket.resident_id), ticket.danger_to_life)
        if basis is None:
            return
        judged_by = "居民本人" if basis is Basis.CONSENT else f"规则 {self.levels.id}/{self.levels.version}"
        db.add(
            Disclosure(
                resident_id=ticket.resident_id,
                ticket_code=ticket.code,
                office=office,
                basis=basis,
                judged_by=judged_by,
                fields="level place",
                at=now,
            )
        )

    def _free_name(self, db: Session) -> str:
        while code_taken(db, code := new_name()):
            pass
        return code

    # --- screening ---------------------------------------------------------------------------------

    def _score(self, db: Session, administration: Administration, answers: Answers) -> Score | None:
        """The score by the edition that was answered, or None when something was refused: incomplete is never low."""
        form = self.form_of(db, administration)
        if form.content_hash != administration.content_hash:
            return None
        try:
            return score_answers(form, answers)
        except IncompleteAnswers:
            return None

    def _done(self, db: Session, session: ResidentSession, sitting_id: UUID) -> dict[str, Answers]:
        """All answers of a sitting, with the safety questions of this conversation whenever they were asked."""
        done: dict[str, Answers] = {}
        for administration in sittings.of_session(db, session.id):
            if administration.sitting_id == sitting_id or administration.instrument in SAFETY_FORMS:
                done[administration.instrument] = sittings.answers_of(db, self.vault, administration.id)
        return done

    def _upcoming(self, db: Session, session: ResidentSession, sitting_id: UUID) -> Step | None:
        """The next question of a sitting; a sitting that began with the safety questions ends with them.

        Without the tick for screening only the safety questions are asked; a child under 14 is asked no others without
        the guardian's.
        """
        begun = sittings.of_sitting(db, sitting_id)
        upcoming = next_step(
            self._done(db, session, sitting_id),
            asq_called=any(s.asks_directly for s in signals_of_session(db, session.id)),
            route=self.routes[begun[0].route if begun else session.route],
            forms=self._forms(db, begun),
            safety=self.safety_form,
        )
        only_safety = begun and all(a.instrument in SAFETY_FORMS for a in begun)
        if (
            upcoming
            and upcoming.instrument not in SAFETY_FORMS
            and (only_safety or not self.agreed_to_screening(db, session))
        ):
            return None
        return upcoming

    def agreed_to_screening(self, db: Session, session: ResidentSession) -> bool:
        """Whether this person, and for a child the guardian, agreed to the questionnaires."""
        if session.age in UNDER_AGE:
            return guardian_agreed(db, session.resident_id)
        return consents_of(db, session.resident_id)[Scope.SCREENING]

    def _forms(self, db: Session, begun: Sequence[Administration]) -> dict[str, Instrument]:
        """The forms that may be asked now; those that were begun here in the edition on which they were begun."""
        forms = {form.id: form for form in self.library}
        for administration in begun:
            with suppress(UnknownInstrument):
                forms[administration.instrument] = self.form_of(db, administration)
        return forms

    @property
    def safety_form(self) -> str:
        """The form that asks about danger: C-SSRS where its wording is here and each of its answers counts at once."""
        asq, cssrs = SAFETY_FORMS
        if cssrs not in self.library:
            return asq
        counted = {item for rule in self.levels.answers if rule.instrument == cssrs for item in rule.items}
        critical = {item.id for item in self.library[cssrs].items if item.critical is not None}
        return cssrs if critical <= counted else asq

    def counts_without_consent(self, instrument: str, item_id: str, value: int | None) -> bool:
        """Whether an answer speaks of danger to life, so that it is taken although the tick was taken back."""
        triage = triage_answer(instrument, item_id, value, self.levels)
        return instrument in SAFETY_FORMS or triage.ask_asq or (triage.level or Level.GREEN) >= Level.ORANGE

    def _open_next(self, db: Session, session: ResidentSession, sitting_id: UUID) -> Administration | None:
        """Open the questionnaire that holds the next question, and put any other aside."""
        upcoming = self._upcoming(db, session, sitting_id)
        if upcoming is None:
            return None
        current = self._begun(db, session, sitting_id, upcoming.instrument)
        if current is not None:
            form = self.form_of(db, current)
            sittings.open_again(db, current, scored=form.item(upcoming.item) not in form.items)
            return current
        return sittings.begin(
            db,
            self.vault,
            self.library[upcoming.instrument],
            resident_id=session.resident_id,
            session_id=session.id,
            sitting_id=sitting_id,
            carried_over=upcoming.carried,
            now=self.clock(),
            route=begun[0].route if (begun := sittings.of_sitting(db, sitting_id)) else session.route or CORE,
            assisted_by=session.assisted_by,
        )

    def _begun(
        self, db: Session, session: ResidentSession, sitting_id: UUID, form: str
    ) -> Administration | None:
        """This form of this sitting; the safety questions, of whichever sitting of this conversation."""
        theirs = [a for a in sittings.of_session(db, session.id) if a.instrument == form]
        here = [a for a in theirs if a.sitting_id == sitting_id]
        if form in SAFETY_FORMS:
            here = here or theirs
        return here[-1] if here else None

    def _begin_safety_questions(self, db: Session, session: ResidentSession) -> None:
        current = sittings.open_administration(db, session.id) or sittings.paused_administration(
            db, session.id
        )
        self._open_next(db, session, current.sitting_id if current else uuid4())

    def _asked_directly(self, db: Session, session: ResidentSession) -> bool:
        """Whether the safety questions were answered in this conversation: nobody is asked the same twice."""
        return any(
            a.instrument in SAFETY_FORMS and a.state == "finished"
            for a in sittings.of_session(db, session.id)
        )

    def _life_events(self, signals: Sequence[Signal]) -> list[str]:
        """What this person said has happened in their life, in this conversation."""
        found: set[str] = set()
        for signal in signals:
            if signal.kind == "words":
                with suppress(SealBroken):  # an event that cannot be read any more raises nothing
                    kept = json.loads(self.vault.open(signal, "inputs") or "{}")
                    found |= set(kept.get("words", {}).get("life_events", ()))
        return sorted(found)

    def _rate(self, db: Session, session: ResidentSession, sitting_id: UUID) -> Level | None:
        """The level of a finished sitting: the worst of all that was said and answered in this conversation."""
        finished = [
            administration
            for administration in sittings.of_session(db, session.id)
            if (administration.sitting_id == sitting_id or administration.instrument in SAFETY_FORMS)
            and administration.state == "finished"
        ]
        found = {a.instrument: sittings.score_of(self.vault, a) for a in finished}
        scores = [score for score in found.values() if score is not None]
        incomplete = [form for form, score in found.items() if score is None]
        signals = signals_of_session(db, session.id)
        levels = [Level(s.level) for s in signals if s.level is not None]
        clear = core_screen_level(scores, self.levels, incomplete).level
        events = self._life_events(signals)
        rated = in_circumstances(max(levels, default=clear), events, (), self.levels).level
        rating = rating_of_sitting(db, sitting_id) or Rating(
            resident_id=session.resident_id, session_id=session.id, sitting_id=sitting_id
        )
        rating.level = None if rated is None else int(rated)
        rating.policy, rating.at = self.levels.edition, self.clock()
        forms = [(self.form_of(db, a), sittings.answers_of(db, self.vault, a.id)) for a in finished]
        self.vault.seal(rating, "inputs", inputs_of_rating(levels, forms, events))
        db.add(rating)
        return rated
