"""How the synthetic staff behave: they take tickets late or not at all, forget to call, find nobody, hand over, close.

Everything they do goes through the product's own acts; what the product refuses is counted and tried otherwise.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any, Protocol
from uuid import UUID

from escalation.acts import AlreadyRecorded
from escalation.errors import EscalationError
from escalation.staff import StaffAccount
from escalation.triage import Level
from server.simulation.look import Eyes, Sight
from server.simulation.residents import Person
from server.simulation.world import ZONE, Worker, World
from server.wiring import Services

Act = Callable[[Services], None]
LADDER = {Level.RED: (24, 72, 168, 720, 2160), Level.ORANGE: (24, 168, 720), Level.YELLOW: (168,)}
TRIES = 3
NOT_REACHED = ("no_answer", "no_answer", "no_answer", "refused", "wrong_number")
BOUNCES = 2


class Agenda(Protocol):
    """Where people write down what they will do and when."""

    def later(self, at: datetime, what: str, act: Act) -> None:
        """Do this at that time, or as soon after it as the application answers."""
        ...


@dataclass
class Case:
    """What the staff know of one ticket. `number` orders cases by who came first, the same in every run."""

    number: int
    ticket_id: UUID
    code: str
    kind: str
    person: Person
    opened_at: datetime
    level: int
    spoken_at: datetime
    office: str
    """Whose it was when it opened."""
    heard: Counter[str] = field(default_factory=Counter)
    tries: int = 0
    doors: int = 0
    planned: bool = False
    taken_at: datetime | None = None
    asked: int = 0
    lowered: bool = False
    acts: int = 0
    turn: int = 0
    """Grows whenever somebody takes the ticket: what was planned before is void."""

    def start_again(self, spoken_at: datetime, level: int) -> None:
        """New danger: whoever has it calls again, and plans anew."""
        self.spoken_at, self.level = spoken_at, level
        self.tries = self.doors = self.asked = 0
        self.planned = self.lowered = False

    def bounces_seen(self, bounces: int) -> bool:
        """Whether so many offices have refused it that the district has to decide."""
        return bounces >= BOUNCES


@dataclass(frozen=True)
class Done:
    """One act that was recorded: for counting against capacity."""

    at: datetime
    office: str
    what: str


class Workforce:
    """All staff of the district at work."""

    def __init__(
        self,
        world: World,
        eyes: Eyes,
        agenda: Agenda,
        accounts: dict[str, StaffAccount],
        now: Callable[[], datetime],
    ) -> None:
        self.world = world
        self.eyes = eyes
        self.agenda = agenda
        self.accounts = accounts
        self.by_id = {account.id: username for username, account in accounts.items()}
        self.now = now
        self.sight: Sight | None = None
        self.cases: dict[UUID, Case] = {}
        self.done: list[Done] = []
        self.refused: Counter[str] = Counter()
        self.unheard = 0

    def see(self, sight: Sight) -> None:
        """What stands now: what everybody would see on their list."""
        self.sight = sight

    # --- notices -----------------------------------------------------------------------------------

    def hear(self, notice: Any) -> None:
        """A notice has reached a telephone. Whether anybody looks at it, and what they do, hangs on who it is."""
        case = self.cases.get(notice.ticket_id)
        if case is None:
            return
        who = self._receiver(notice)
        if who is None or not self.world.answers(who.username, self.now()):
            self.unheard += 1
            return
        case.heard[who.username] += 1
        chance = self.world.chance(case.number, who.username, case.heard[who.username], case.turn)
        if self._asked(case, who):
            self._plan_answer(case, who, chance)
        ticket = self._ticket(case)
        if ticket is not None and ticket.missing > 0:
            looks = {"office": 0.8, "supervisor": 0.75, "district_desk": 0.97}[notice.audience]
            if chance.random() < looks:
                wait = self._to_take(Level(ticket.level), chance)
                self.agenda.later(self.now() + wait, "take", lambda services: self._take(services, case, who))
        elif ticket is not None and ticket.holder_id is not None and chance.random() < 0.8:
            holder, turn = self.by_id.get(ticket.holder_id), case.turn
            at = self.now() + timedelta(minutes=chance.uniform(3, 25))
            if holder is not None and self.world.answers(holder, self.now()):
                self.agenda.later(at, "urged", lambda services: self._go_on(services, case, holder, turn))
            elif who.role != "judicial_officer":
                self.agenda.later(at, "take_over", lambda services: self._take_over(services, case, who))
        if self._somebody_is_out(case) and who.role in ("supervisor", "duty_officer"):
            at = self.now() + timedelta(minutes=chance.uniform(1, 10))
            self.agenda.later(
                at, "back", lambda services: self._back(services, case, who, "打电话问过，人平安。")
            )
        for promise in self._late_promises(case):
            at = self.now() + timedelta(minutes=chance.uniform(10, 240))
            self.agenda.later(at, "follow_up", lambda services, p=promise: self._follow_up(services, case, p))  # type: ignore[misc]

    def _receiver(self, notice: Any) -> Worker | None:
        """Whose telephone it is; at an office's own, the line if it is manned, else whoever is there."""
        if notice.staff_id is not None:
            username = self.by_id.get(notice.staff_id)
            return self.world.worker(username) if username is not None else None
        there = self.world.audience(notice.office, notice.audience, self.now())
        people = sorted(username for username in there if username is not None)
        if None in there or not people:
            return self.world.line_of(notice.office) if there or notice.audience == "district_desk" else None
        return self.world.worker(people[0])

    def _late_promises(self, case: Case) -> list[UUID]:
        if self.sight is None:
            return []
        return [
            f.id for f in self.sight.follow_ups if f.ticket_id == case.ticket_id and f.due_at <= self.now()
        ]

    def _somebody_is_out(self, case: Case) -> bool:
        trips = self.sight.trips if self.sight is not None else ()
        return any(trip.ticket_id == case.ticket_id and trip.back_by <= self.now() for trip in trips)

    # --- whose it is -------------------------------------------------------------------------------

    def _take(self, services: Services, case: Case, who: Worker) -> None:
        ticket = self._ticket(case)
        if ticket is None or ticket.missing == 0 or not self.world.answers(who.username, self.now()):
            return
        account = self.accounts[who.username]
        if case.bounces_seen(ticket.bounces) and account.role == "duty_officer":
            self._decide(services, case, who)
            return
        if not self._try("take", lambda: services.console.casework.acknowledge(account, case.code)):
            return
        self._has(case, who, "take")

    def _has(self, case: Case, who: Worker, what: str) -> None:
        """This person has the ticket in hand from now on."""
        case.turn += 1
        if case.taken_at is None:
            case.taken_at = self.now()
        self._did(who, what, case)
        chance = self.world.chance(case.number, "takes", case.turn)
        if chance.random() < 0.07:
            return  # says that they have it, and forgets
        self._next(case, who.username, chance, soon=True)

    def _take_over(self, services: Services, case: Case, who: Worker) -> None:
        ticket = self._ticket(case)
        if ticket is None or ticket.holder_id in (None, self.accounts[who.username].id):
            return
        if self.world.answers(self.by_id.get(ticket.holder_id, ""), self.now()):
            return
        chance = self.world.chance(case.number, "takes_over", case.acts)
        account, client_id = self.accounts[who.username], self._client_id(chance)
        take_over = services.teamwork.transfers.take_over
        if self._try(
            "take_over", lambda: take_over(account, case.code, client_id, "联系不上经办人，先接过来。")
        ):
            self._has(case, who, "take_over")

    def _pass_on(self, services: Services, case: Case, who: Worker, chance: Random) -> None:
        """Ask another office to take it: the address was another street's, or so it seems."""
        offices = [
            o.code
            for o in self.world.district.offices
            if o.kind == "judicial_office" and o.code != who.office
        ]
        account, client_id, to = self.accounts[who.username], self._client_id(chance), chance.choice(offices)
        ask = services.teamwork.transfers.ask
        if self._try(
            "transfer", lambda: ask(account, case.code, client_id, to, "住址看着是你们街道的，请接手。")
        ):
            self._did(who, "transfer", case)

    def _asked(self, case: Case, who: Worker) -> bool:
        asked = self.sight.transfers if self.sight is not None else ()
        return any(t.ticket_id == case.ticket_id and t.to_office == who.office for t in asked)

    def _plan_answer(self, case: Case, who: Worker, chance: Random) -> None:
        """Some accept, some refuse, some never answer."""
        luck = chance.random()
        if luck < 0.8:
            at = self.now() + timedelta(minutes=chance.uniform(0.5, 20))
            self.agenda.later(at, "answer", lambda services: self._answer(services, case, who, luck < 0.4))

    def _answer(self, services: Services, case: Case, who: Worker, accept: bool) -> None:
        if not self._asked(case, who) or not self.world.answers(who.username, self.now()):
            return
        chance = self.world.chance(case.number, "answers", case.acts)
        account, client_id = self.accounts[who.username], self._client_id(chance)
        answer = services.teamwork.transfers.answer
        if self._try(
            "answer", lambda: answer(account, case.code, client_id, accept, "不是我们这里的人，请再核对。")
        ):
            if accept:
                self._has(case, who, "accept")
            else:
                self._did(who, "refuse", case)

    def _decide(self, services: Services, case: Case, who: Worker) -> None:
        """The district's desk says whose it is."""
        chance = self.world.chance(case.number, "decides", case.acts)
        offices = [o.code for o in self.world.district.offices if o.kind == "judicial_office"]
        account, client_id = self.accounts[who.username], self._client_id(chance)
        to = chance.choice([*offices, None])
        decide = services.teamwork.transfers.decide
        if self._try("decide", lambda: decide(account, case.code, client_id, to, "按住址和人手定。")):
            if to is None:
                self._has(case, who, "decide")
            else:
                self._did(who, "decide", case)

    # --- tickets -----------------------------------------------------------------------------------

    def _next(self, case: Case, username: str, chance: Random, *, soon: bool) -> None:
        """Go on after a while: minutes for red, and for others in the hours when people telephone."""
        ticket = self._ticket(case)
        level = Level(ticket.level) if ticket is not None else Level.YELLOW
        if level is Level.RED:
            wait = timedelta(minutes=chance.uniform(2, 11) if soon else chance.uniform(8, 45))
        else:
            wait = timedelta(minutes=chance.uniform(5, 90) if soon else chance.uniform(60, 400))
        if case.planned and not soon:
            wait = timedelta(days=chance.uniform(1, 18))
        at, turn = self.now() + wait, case.turn
        if level is not Level.RED or case.planned:
            at = self._by_day(at, chance)
        self.agenda.later(at, "go_on", lambda services: self._go_on(services, case, username, turn))

    def _by_day(self, at: datetime, chance: Random) -> datetime:
        local = at.astimezone(ZONE)
        if 8 <= local.hour < 21:
            return at
        day = local if local.hour < 8 else local + timedelta(days=1)
        return day.replace(hour=8, minute=chance.randrange(15, 60))

    def _go_on(self, services: Services, case: Case, username: str, turn: int) -> None:
        """The next thing that this ticket needs, by whoever has it."""
        ticket = self._ticket(case)
        account = self.accounts[username]
        if ticket is None or ticket.holder_id != account.id or turn != case.turn:
            return
        if not self.world.answers(username, self.now()):
            return  # ill since this morning: what follows is the watch's
        who = self.world.worker(username)
        chance = self.world.chance(case.number, "goes_on", case.acts)
        clocks = self.sight.clocks_of.get(case.ticket_id, {}) if self.sight is not None else {}
        reached = ticket.spoke_at is not None or ticket.met_at is not None
        if not reached and case.tries == 0 and chance.random() < 0.08 and not ticket.settled:
            self._pass_on(services, case, who, chance)
        if not reached and self._may_call(case):
            self._call(services, case, who, chance, ticket)
        elif not reached and case.doors > 0 and case.asked < 3 and chance.random() < 0.6:
            self._ask_others(services, case, who, chance)
        elif ticket.met_at is None and ("visit" in clocks or not reached):
            self._visit(services, case, who, chance)
        elif not case.planned:
            self._plan(services, case, who, Level(ticket.level))
        elif ticket.level > Level.YELLOW and not case.lowered and chance.random() < 0.3:
            self._lower(services, case, who, Level(ticket.level), chance)
        else:
            self._close(services, case, who, chance, Level(ticket.level))
            return
        case.acts += 1
        self._next(case, username, chance, soon=False)

    def _may_call(self, case: Case) -> bool:
        return case.person.home.phone is not None and case.tries < TRIES

    def _call(self, services: Services, case: Case, who: Worker, chance: Random, ticket: Any) -> None:
        reached = chance.random() < case.person.home.answers
        outcome = (
            "spoke"
            if reached
            else chance.choice(("no_answer", "no_answer", "no_answer", "refused", "wrong_number"))
        )
        need = "visit" if ticket.level >= Level.RED or chance.random() < 0.4 else "no_visit"
        account, client_id = self.accounts[who.username], self._client_id(chance)
        work = services.console.casework
        if self._try(
            "call",
            lambda: work.record_call(account, case.code, client_id, outcome, need=need if reached else None),  # type: ignore[arg-type]
        ):
            case.tries += 1
            self._did(who, "call", case)

    def _ask_others(self, services: Services, case: Case, who: Worker, chance: Random) -> None:
        """Nobody opens and nobody answers: ask those who may know."""
        way = ("trusted_person", "community", "police")[case.asked]
        case.asked += 1
        account, client_id, seen = self.accounts[who.username], self._client_id(chance), chance.random() < 0.4
        attempt = services.teamwork.reaching.record_attempt
        if self._try("attempt", lambda: attempt(account, case.code, client_id, way, seen)):
            self._did(who, f"attempt.{way}", case)

    def _visit(self, services: Services, case: Case, who: Worker, chance: Random) -> None:
        """Go there; some say by when they will be heard of, and some of these forget to say that they are back."""
        met = chance.random() < case.person.home.opens or case.doors >= 4
        outcome = "met" if met else chance.choice(("nobody_home", "nobody_home", "refused", "wrong_address"))
        account, client_id = self.accounts[who.username], self._client_id(chance)
        if chance.random() < 0.5 and not self._anybody_out(case):
            out, minutes = self._client_id(chance), chance.choice((60, 90, 120))
            set_out = services.teamwork.trips.set_out
            self._try("set_out", lambda: set_out(account, case.code, out, "社区网格员", minutes))
        work = services.console.casework
        if self._try("visit", lambda: work.record_visit(account, case.code, client_id, outcome)):  # type: ignore[arg-type]
            case.doors += 1
            self._did(who, "visit", case)
        if chance.random() < 0.9:
            at = self.now() + timedelta(minutes=chance.uniform(5, 50))
            self.agenda.later(at, "back", lambda services: self._back(services, case, who, ""))

    def _anybody_out(self, case: Case) -> bool:
        trips = self.sight.trips if self.sight is not None else ()
        return any(trip.ticket_id == case.ticket_id for trip in trips)

    def _back(self, services: Services, case: Case, who: Worker, how: str) -> None:
        if not self._anybody_out(case):
            return
        chance = self.world.chance(case.number, "back", case.acts, who.username)
        account, client_id = self.accounts[who.username], self._client_id(chance)
        if self._try("back", lambda: services.teamwork.trips.back(account, case.code, client_id, how)):
            self._did(who, "back", case)

    def _plan(self, services: Services, case: Case, who: Worker, level: Level) -> None:
        account, chance = self.accounts[who.username], self.world.chance(case.number, "plans", case.acts)
        client_id, hours = self._client_id(chance), LADDER[level]
        work = services.console.casework
        if not self._try("plan", lambda: work.plan_follow_ups(account, case.code, client_id, hours)):
            return
        case.planned = True
        self._did(who, "plan", case)
        rows = self.eyes.rows(
            "SELECT id, due_at FROM follow_up WHERE ticket_id = %s AND done_at IS NULL ORDER BY due_at",
            case.ticket_id,
        )
        for number, row in enumerate(rows):
            luck = self.world.chance(case.number, "follows", number, case.acts)
            if luck.random() < 0.85:  # the others wait until somebody is told that they are late
                at = self._by_day(row.due_at + timedelta(minutes=luck.uniform(-90, 300)), luck)
                self.agenda.later(
                    at,
                    "follow_up",
                    lambda services, p=row.id: self._follow_up(services, case, p),  # type: ignore[misc]
                )

    def _follow_up(self, services: Services, case: Case, promise: UUID) -> None:
        rows = self.eyes.rows("SELECT office FROM follow_up WHERE id = %s AND done_at IS NULL", promise)
        if not rows:
            return
        who = self._somebody(rows[0].office, case.number)
        chance = self.world.chance(case.number, "followed", case.acts)
        account, client_id = self.accounts[who.username], self._client_id(chance)
        outcome = chance.choice(("better", "better", "same", "same", "worse", "not_reached"))
        work = services.console.casework
        if not self._try(
            "follow_up", lambda: work.record_follow_up(account, case.code, promise, client_id, outcome)
        ):
            return
        self._did(who, "follow_up", case)
        if outcome == "worse" and self._ticket(case) is None and chance.random() < 0.5:
            again = self._client_id(chance)
            reopen = services.console.casework.reopen
            if self._try("reopen", lambda: reopen(account, case.code, again, "随访说更难了，重新打开。")):
                self._did(who, "reopen", case)

    def _lower(self, services: Services, case: Case, who: Worker, level: Level, chance: Random) -> None:
        """Find the level too high; a colleague looks at it an hour or a day later."""
        account, client_id = self.accounts[who.username], self._client_id(chance)
        to = Level(int(level) - 1)
        ask = services.teamwork.lowerings.ask
        case.lowered = True
        if not self._try(
            "lower", lambda: ask(account, case.code, client_id, to, "本人平静下来了，家人陪着。")
        ):
            return
        self._did(who, "lower", case)
        mates = [w for w in self.world.workers if w.office == who.office and w is not who]
        second, yes = chance.choice(mates), chance.random() < 0.8
        at = self.now() + timedelta(minutes=chance.uniform(30, 1500))
        self.agenda.later(at, "second", lambda services: self._second(services, case, second, yes))

    def _second(self, services: Services, case: Case, who: Worker, yes: bool) -> None:
        chance = self.world.chance(case.number, "second", case.acts, who.username)
        account, client_id = self.accounts[who.username], self._client_id(chance)
        answer = services.teamwork.lowerings.answer
        if self._try("second", lambda: answer(account, case.code, client_id, yes, "我觉得还要再看几天。")):
            self._did(who, "second", case)

    def _close(self, services: Services, case: Case, who: Worker, chance: Random, level: Level) -> None:
        account, client_id = self.accounts[who.username], self._client_id(chance)
        outcome = chance.choice(
            ("supported", "supported", "referred", "declined_help", "moved_away", "mistaken")
        )
        work = services.console.casework
        if self._try(
            "close",
            lambda: work.close(account, case.code, client_id, outcome, new_level=min(level, Level.YELLOW)),
        ):
            self._did(who, "close", case)
            return
        case.acts += 1
        case.planned = case.planned and bool(self._promised(case))
        self._next(case, who.username, chance, soon=False)

    def _promised(self, case: Case) -> Any:
        return self.eyes.rows(
            "SELECT 1 FROM follow_up WHERE ticket_id = %s AND done_at IS NULL AND due_at > %s LIMIT 1",
            case.ticket_id, self.now(),
        )  # fmt: skip

    # --- shared ------------------------------------------------------------------------------------

    def _ticket(self, case: Case) -> Any | None:
        return self.sight.tickets.get(case.ticket_id) if self.sight is not None else None

    def _somebody(self, office: str, number: int) -> Worker:
        """Who of an office does what belongs to the office."""
        people = [w for w in self.world.workers if w.office == office and not w.line]
        there = [w for w in people if self.world.answers(w.username, self.now()) and w.role != "supervisor"]
        return there[number % len(there)] if there else self.world.line_of(office)

    def _to_take(self, level: Level, chance: Random) -> timedelta:
        if level is Level.RED:
            return timedelta(minutes=min(40.0, chance.lognormvariate(1.4, 0.8)))
        return timedelta(minutes=min(600.0, chance.lognormvariate(3.3, 1.0)))

    def _client_id(self, chance: Random) -> UUID:
        return UUID(int=chance.getrandbits(128), version=4)

    def _try(self, what: str, act: Callable[[], object]) -> bool:
        """Do something in the product; what it refuses is an everyday event."""
        try:
            act()
        except AlreadyRecorded:
            return True  # it was kept, and only the answer was lost
        except EscalationError as error:
            self.refused[f"{what}:{type(error).__name__}"] += 1
            return False
        return True

    def _did(self, who: Worker, what: str, case: Case) -> None:
        case.acts += 1
        self.done.append(Done(self.now(), who.office, what))
