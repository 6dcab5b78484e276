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
    heard: Counter[str] = field(default_factory=Counter)
    tries: int = 0
    doors: int = 0
    planned: bool = False
    taken_at: datetime | None = None
    acts: int = 0
    turn: int = 0
    """Grows whenever somebody takes the ticket: what was planned before is void."""

    def start_again(self, spoken_at: datetime, level: int) -> None:
        """New danger: whoever has it calls again, and plans anew."""
        self.spoken_at, self.level = spoken_at, level
        self.tries = self.doors = 0
        self.planned = False


@dataclass(frozen=True)
class Done:
    """One act that was recorded: for counting against capacity."""

    at: datetime
    office: str
    what: str


class Workforce:
    """All staff of the district at work."""

    def __init__(
        self, world: World, eyes: Eyes, agenda: Agenda, accounts: dict[str, StaffAccount], now: Callable[[], datetime]
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
        ticket = self._ticket(case)
        if ticket is not None and ticket.missing > 0:
            looks = {"office": 0.8, "supervisor": 0.75, "district_desk": 0.97}[notice.audience]
            if chance.random() < looks:
                wait = self._to_take(Level(ticket.level), chance)
                self.agenda.later(self.now() + wait, "take", lambda services: self._take(services, case, who))
        elif ticket is not None and ticket.holder_id is not None and chance.random() < 0.8:
            holder, turn = self.by_id.get(ticket.holder_id), case.turn
            if holder is not None:
                at = self.now() + timedelta(minutes=chance.uniform(3, 25))
                self.agenda.later(at, "urged", lambda services: self._go_on(services, case, holder, turn))
        for promise in self._late_promises(case):
            at = self.now() + timedelta(minutes=chance.uniform(10, 240))
            self.agenda.later(at, "follow_up", lambda services, p=promise: self._follow_up(services, case, p))  # type: ignore[misc]

    def _receiver(self, notice: Any) -> Worker | None:
        if notice.staff_id is not None:
            username = self.by_id.get(notice.staff_id)
            return self.world.worker(username) if username is not None else None
        return self.world.line_of(notice.office)

    def _late_promises(self, case: Case) -> list[UUID]:
        if self.sight is None:
            return []
        return [
            f.id for f in self.sight.follow_ups if f.ticket_id == case.ticket_id and f.due_at <= self.now()
        ]

    # --- tickets -----------------------------------------------------------------------------------

    def _take(self, services: Services, case: Case, who: Worker) -> None:
        ticket = self._ticket(case)
        if ticket is None or ticket.missing == 0 or not self.world.answers(who.username, self.now()):
            return
        account = self.accounts[who.username]
        if not self._try("take", lambda: services.console.casework.acknowledge(account, case.code)):
            return
        case.turn += 1
        if case.taken_at is None:
            case.taken_at = self.now()
        self._did(who, "take", case)
        chance = self.world.chance(case.number, "takes", case.turn)
        if chance.random() < 0.07:
            return  # says that they have it, and forgets
        self._next(case, who.username, chance, soon=True)

    def _next(self, case: Case, username: str, chance: Random, *, soon: bool) -> None:
        """Go on after a while: minutes for red, and for others in the hours when people telephone."""
        ticket = self._ticket(case)
        level = Level(ticket.level) if ticket is not None else Level.YELLOW
        if level is Level.RED:
            wait = timedelta(minutes=chance.uniform(2, 11) if soon else chance.uniform(8, 45))
        else:
            wait = timedelta(minutes=chance.uniform(5, 90) if soon else chance.uniform(60, 400))
        at, turn = self.now() + wait, case.turn
        if level is not Level.RED:
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
        if ticket.spoke_at is None and ticket.met_at is None and self._may_call(case):
            self._call(services, case, who, chance, ticket)
        elif ticket.met_at is None and ("visit" in clocks or ticket.spoke_at is None):
            self._visit(services, case, who, chance)
        elif not case.planned:
            self._plan(services, case, who, Level(ticket.level))
        else:
            self._close(services, case, who, chance)
            return
        self._next(case, username, chance, soon=False)

    def _may_call(self, case: Case) -> bool:
        return case.person.home.phone is not None and case.tries < TRIES

    def _call(self, services: Services, case: Case, who: Worker, chance: Random, ticket: Any) -> None:
        reached = chance.random() < case.person.home.answers
        outcome = "spoke" if reached else chance.choice(("no_answer", "no_answer", "no_answer", "refused", "wrong_number"))
        need = "visit" if ticket.level >= Level.RED or chance.random() < 0.4 else "no_visit"
        account, client_id = self.accounts[who.username], self._client_id(chance)
        work = services.console.casework
        if self._try(
            "call",
            lambda: work.record_call(account, case.code, client_id, outcome, need=need if reached else None),  # type: ignore[arg-type]
        ):
            case.tries += 1
            self._did(who, "call", case)

    def _visit(self, services: Services, case: Case, who: Worker, chance: Random) -> None:
        met = chance.random() < case.person.home.opens or case.doors >= 4
        outcome = "met" if met else chance.choice(("nobody_home", "nobody_home", "refused", "wrong_address"))
        account, client_id = self.accounts[who.username], self._client_id(chance)
        work = services.console.casework
        if self._try("visit", lambda: work.record_visit(account, case.code, client_id, outcome)):  # type: ignore[arg-type]
            case.doors += 1
            self._did(who, "visit", case)

    def _plan(self, services: Services, case: Case, who: Worker, level: Level) -> None:
        account, chance = self.accounts[who.username], self.world.chance(case.number, "plans", case.acts)
        client_id, hours = self._client_id(chance), LADDER[level]
        work = services.console.casework
        if not self._try("plan", lambda: work.plan_follow_ups(account, case.code, client_id, hours)):
            return
        case.planned = True
        self._did(who, "plan", case)
        rows = self.eyes.rows(
            "SELECT id, due_at FROM follow_up WHERE ticket_id = %s AND done_at IS NULL ORDER BY due_at", case.ticket_id
        )
        for number, row in enumerate(rows):
            luck = self.world.chance(case.number, "follows", number, case.acts)
            if luck.random() < 0.85:  # the others wait until somebody is told that they are late
                at = self._by_day(row.due_at + timedelta(minutes=luck.uniform(-90, 300)), luck)
                self.agenda.later(
                    at, "follow_up", lambda services, p=row.id: self._follow_up(services, case, p)  # type: ignore[misc]
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
        if self._try("follow_up", lambda: work.record_follow_up(account, case.code, promise, client_id, outcome)):
            self._did(who, "follow_up", case)

    def _close(self, services: Services, case: Case, who: Worker, chance: Random) -> None:
        account, client_id = self.accounts[who.username], self._client_id(chance)
        outcome = chance.choice(("supported", "supported", "referred", "declined_help", "moved_away"))
        work = services.console.casework
        if self._try("close", lambda: work.close(account, case.code, client_id, outcome, new_level=Level.BLUE)):
            self._did(who, "close", case)
            return
        case.acts += 1
        self._next(case, who.username, chance, soon=False)

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
