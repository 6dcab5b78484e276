"""One simulated district, from its first due moment to its last.

The clock jumps to the next moment at which anything is due: a step of a chain, a clock, a follow-up, a notice, a
transfer, or something that the world or a worker does. Each step does one thing, through the product's own code, and
is followed by every rule. Nothing sleeps, and no due moment is passed over: the clock refuses to go back, and the
next moment is asked of the tables each time.
"""

import hashlib
import heapq
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from escalation.contact_point import ContactPoint
from escalation.duty import DutyChange, DutyShift
from escalation.staff import StaffAccount
from escalation.triage import Level
from server.simulation.clock import Clock
from server.simulation.engine import Fate, Killed, Process
from server.simulation.gateways import NAMES, Gateway
from server.simulation.ground import Lot
from server.simulation.look import Due, Eyes, Sight
from server.simulation.residents import Person, Residents
from server.simulation.rules import ROUND, Broken, Rules
from server.simulation.workers import Act, Case, Workforce
from server.simulation.world import Arrival, World
from storage import audit

WHOLE_ROUND_EVERY = timedelta(hours=6)
AGAIN_AFTER = timedelta(seconds=20)
"""How soon somebody presses the button again when the application did not answer: when the one that died while it
was at it is no longer waited for."""


@dataclass(frozen=True)
class Alone:
    """How long a red ticket of this office stood without anybody having it in hand."""

    office: str
    since: datetime
    until: datetime


@dataclass
class Run:
    """What came of one seed."""

    world: World
    steps: int = 0
    checks: int = 0
    seconds: float = 0.0
    digest: str = ""
    broken: Broken | None = None
    audit_entries: int = 0
    said: Counter[str] = field(default_factory=Counter)
    struck: Counter[str] = field(default_factory=Counter)
    restarts: int = 0
    channels: dict[str, Counter[str]] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)
    unheard: int = 0
    alone: list[Alone] = field(default_factory=list)
    work: "Work | None" = None


@dataclass
class Work:
    """Rows and acts of a run, for the report. Times and codes only."""

    cases: list[Case]
    done: list[Any]
    tickets: list[Any]
    clocks: list[Any]
    notices: list[Any]
    transfers: list[Any]


class Simulation:
    """The district of one seed on one database."""

    def __init__(self, world: World, lot: Lot, *, tell_day: Callable[[int], None] = lambda day: None) -> None:
        self.world = world
        self.lot = lot
        self.tell_day = tell_day
        self.clock = Clock(world.begin)
        self.gateways = {name: Gateway(name, world, self.clock) for name in NAMES}
        self.app = Process(lot, world.district.code, self.clock, self.gateways)
        self.jobs = Process(lot, world.district.code, self.clock, self.gateways)
        self.addresses: dict[UUID, str] = {}
        accounts = self._settle()
        self.eyes = Eyes(lot.look(), self.clock)
        self.residents = Residents(world)
        self.workforce = Workforce(world, self.eyes, self, accounts, self.clock)
        self.rules = Rules(
            world,
            self.eyes,
            self.app.services.watch.policies,
            {name: gateway.accepted for name, gateway in self.gateways.items()},
            self.workforce.by_id,
            self.addresses,
            lambda: self.jobs.up_since if self.jobs.down_until is None else None,
        )
        self.fate = Fate()
        self._agenda: list[tuple[datetime, int, str, Act]] = []
        self._order = 0
        self._stuck: set[Due] = set()
        self._deliver_at = world.begin
        self._spoke = self._looked = False
        self._alone: dict[UUID, Alone] = {}
        self.run_ = Run(world)

    def close(self) -> None:
        """Let go of everything."""
        self.residents.close()
        self.app.close()
        self.jobs.close()
        self.eyes.connection.close()

    def later(self, at: datetime, what: str, act: Act) -> None:
        """Do this at that time; never before now."""
        self._order += 1
        heapq.heappush(self._agenda, (max(at, self.clock.now), self._order, what, act))

    def run(self) -> Run:
        """Let everything happen. A broken rule ends it and stands in the result."""
        began, result = time.monotonic(), self.run_
        self._plan_the_world()
        try:
            with self.fate:
                sight = self._look()
                while (moment := self._next_moment(sight)) is not None and moment <= self.world.end:
                    if moment.date() != self.clock.now.date():
                        self.tell_day((moment - self.world.begin).days)
                    self.clock.move(moment)
                    self._spoke = self._looked = False
                    self._step(sight)
                    sight = self._look()
                    result.steps += 1
                self._end()
        except Broken as broken:
            result.broken = broken
        result.alone += [replace(alone, until=self.clock.now) for alone in self._alone.values()]
        result.checks = self.rules.checks
        result.seconds = time.monotonic() - began
        result.struck = Counter(self.fate.struck)
        result.restarts = self.app.restarts + self.jobs.restarts
        result.channels = {name: gateway.counts for name, gateway in self.gateways.items()}
        result.refused, result.unheard = self.workforce.refused, self.workforce.unheard
        result.work = self._work()
        result.digest = self._digest(result.work)
        return result

    # --- the clock ---------------------------------------------------------------------------------

    def _next_moment(self, sight: Sight) -> datetime | None:
        """The earliest moment at which there is something to do, now included; None when nothing ever is."""
        moments = [self._agenda[0][0]] if self._agenda else []
        if self.jobs.up:
            moments += [due[3] for due in sight.due() if due not in self._stuck]
            moments += [max(at, self._deliver_at) for at, _ in sight.sendable()]
        return max(self.clock.now, min(moments)) if moments else None

    def _step(self, sight: Sight) -> None:
        """Do one thing: what somebody does first, then what is overdue, then what is to be sent."""
        now = self.clock.now
        if self._agenda and self._agenda[0][0] <= now:
            _, _, what, act = heapq.heappop(self._agenda)
            self._act(what, act)
        elif overdue := {due[0] for due in sight.due() if due not in self._stuck and due[3] <= now}:
            if "unread" in overdue:
                self._whole_round()
            else:
                self._watch()
        else:
            self._deliver({name for at, name in sight.sendable() if at <= now})

    def _look(self) -> Sight:
        sight = self.eyes.look()
        self.rules.check(sight, new_sentence=self._spoke, after_watch=self._looked)
        if self._looked:  # what is still due after a look is not the watch's: it does not call again
            self._stuck = {due for due in sight.due() if due[3] <= self.clock.now}
        self._meet_new_tickets(sight)
        self._measure_waits(sight)
        self.workforce.see(sight)
        heard = [n for n in sight.gone if n.state == "delivered" and n.ticket_id is not None]
        for notice in sorted(heard, key=self._by_case):
            self.workforce.hear(notice)
        return sight

    def _measure_waits(self, sight: Sight) -> None:
        """Every stretch in which a red ticket was nobody's, also after a lapse or when it was opened again."""
        now = {
            t.id: self._alone.get(t.id, Alone(t.office, sight.at, sight.at))
            for t in sight.tickets.values()
            if t.level == int(Level.RED) and t.holder_id is None
        }
        ended = [replace(self._alone[id_], until=sight.at) for id_ in self._alone if id_ not in now]
        self.run_.alone += ended
        self._alone = now

    def _by_case(self, notice: Any) -> tuple[Any, ...]:
        case = self.workforce.cases.get(notice.ticket_id)
        who = self.workforce.by_id.get(notice.staff_id, "")
        return (
            case.number if case else -1,
            notice.audience,
            notice.office,
            who,
            notice.channel,
            notice.level,
        )

    # --- what is done ------------------------------------------------------------------------------

    def _act(self, what: str, act: Act) -> None:
        """Somebody does something in the application; when that dies under their hands, they try again."""
        if what.startswith("!"):
            act(self.app.services)
            return
        if not self.app.up:
            self.later(self.clock.now + AGAIN_AFTER, what, act)
            return
        with self._mortal(self.app) as died:
            act(self.app.services)
        if died:
            self.later(self.clock.now + AGAIN_AFTER, what, act)

    def _watch(self) -> None:
        with self._mortal(self.jobs) as died:
            self.jobs.watch()
        self._looked = not died

    def _whole_round(self) -> None:
        if self.jobs.up:
            with self._mortal(self.jobs) as died:
                self.jobs.whole_round()
            self._looked = not died

    def _deliver(self, channels: set[str]) -> None:
        self._deliver_at = self.clock.now + ROUND
        with self._mortal(self.jobs) as died:
            self.jobs.deliver(channels)
        if not died:
            self.rules.delivered_at = self.clock.now

    @contextmanager
    def _mortal(self, process: Process) -> Iterator[list[str]]:
        """Something that a step point may end. What was not committed is gone, and the process comes back later."""
        died: list[str] = []
        try:
            yield died
        except Killed as killed:
            died.append(killed.point)
            self._down(process, self._away.get(killed.point, AGAIN_AFTER))
        except Broken:
            raise
        except Exception as error:
            raise Broken("round", self.clock.now, more=f"{type(error).__name__}: {error}"[:200]) from error

    def _down(self, process: Process, away: timedelta) -> None:
        back = self.clock.now + away
        process.stop(back)

        def start(_: object) -> None:
            process.start()
            if process is self.jobs:
                self.later(self.clock.now, "!round", lambda _: self._whole_round())

        self.later(back, "!start", start)

    # --- the world ---------------------------------------------------------------------------------

    def _plan_the_world(self) -> None:
        self._away: dict[str, timedelta] = {}
        for arrival in self.world.arrivals:
            self.later(arrival.at, "speak", self._speaking(arrival))
        for crash in self.world.crashes:
            self.later(crash.at, "!arm", self._arming(crash.point, crash.away))
        for stop in self.world.stopped:
            process = self.app if stop.process == "app" else self.jobs
            self.later(stop.from_at, "!stop", self._stopping(process, stop.to_at - stop.from_at))
        for outage in self.world.outages:  # the moment at which a gateway is there again is one to look at
            self.later(min(outage.to_at, self.world.end), "!look", lambda _: None)
        at = self.world.begin
        while at < self.world.end:
            self.later(at, "!round", lambda _: self._whole_round())
            at += WHOLE_ROUND_EVERY

    def _speaking(self, arrival: Arrival) -> Act:
        def speak(services: Any) -> None:
            self._spoke = True
            person = self.residents.speak(services, arrival)
            self.run_.said[arrival.words] += 1
            if arrival.words in ("red", "orange"):
                level = Level.RED if arrival.words == "red" else Level.ORANGE
                self.rules.severe_was_heard(person.resident_id, level, self.clock.now)
            chance = self.world.chance("address", arrival.number)
            if arrival.words in ("red", "orange") and chance.random() < 0.8:
                at = self.clock.now + timedelta(seconds=chance.uniform(30, 600))
                self.later(
                    at, "address", lambda services: self.residents.state_address(services, person, arrival)
                )

        return speak

    def _arming(self, point: str, away: timedelta) -> Act:
        def arm(_: object) -> None:
            self._away[point] = away
            self.fate.arm(point)

        return arm

    def _stopping(self, process: Process, away: timedelta) -> Act:
        def stop(_: object) -> None:
            if process.up:
                self._down(process, away)

        return stop

    def _meet_new_tickets(self, sight: Sight) -> None:
        people = {person.resident_id: person for person in self.residents.people.values()}
        for ticket in sight.tickets.values():
            case = self.workforce.cases.get(ticket.id)
            if case is None:
                self.workforce.cases[ticket.id] = self._case(ticket, people[ticket.resident_id])
            elif ticket.spoken_at > case.spoken_at:
                case.start_again(ticket.spoken_at, ticket.level)

    def _case(self, ticket: Any, person: Person) -> Case:
        return Case(
            len(self.workforce.cases), ticket.id, ticket.code, ticket.kind, person, ticket.opened_at,
            ticket.level, ticket.spoken_at, ticket.office,
        )  # fmt: skip

    # --- before and after --------------------------------------------------------------------------

    def _settle(self) -> dict[str, StaffAccount]:
        """Write the staff, their roster, their leave and their telephones into the tables."""
        database = self.app.services.database
        accounts: dict[str, StaffAccount] = {}
        with database.transaction() as db:
            for worker in self.world.workers:
                accounts[worker.username] = StaffAccount(
                    username=worker.username, password_hash="!", name=worker.name, role=worker.role,
                    office=worker.office, active=True, demo=True,
                )  # fmt: skip
            db.add_all(accounts.values())
            db.flush()
            ids = {username: account.id for username, account in accounts.items()}
            for shift in self.world.shifts:
                db.add(
                    DutyShift(
                        office=shift.office,
                        duty=shift.duty,
                        days=shift.days,
                        starts=shift.starts,
                        ends=shift.ends,
                        staff_id=ids[shift.username] if shift.username else None,
                        backup=shift.backup,
                    )
                )
            for away in self.world.away:
                db.add(
                    DutyChange(
                        office=self.world.worker(away.username).office,
                        kind="leave",
                        staff_id=ids[away.username],
                        from_at=away.from_at,
                        to_at=away.to_at,
                        made_by="simulation",
                        made_at=self.world.begin,
                        replaced_by=ids[away.replaced_by] if away.replaced_by else None,
                    )
                )
            for point in self._telephones(ids):
                db.add(point)
                address = next((name for name, id_ in ids.items() if id_ == point.staff_id), point.office)
                database.vault.seal(point, "address", address)
                self.addresses[point.id] = address
        return accounts

    def _telephones(self, ids: dict[str, UUID]) -> Iterator[ContactPoint]:
        """Everybody's text messages first and a second channel behind them; the offices' lines by webhook."""
        for worker in self.world.workers:
            if worker.line:
                continue
            second = "mail" if worker.role == "supervisor" else "wecom"
            for rank, channel in enumerate(("sms", second)):
                yield ContactPoint(
                    id=uuid4(), office=worker.office, staff_id=ids[worker.username], audience="office",
                    channel=channel, rank=rank, active=True,
                )  # fmt: skip
        desk = self.world.district.desk.code
        for office in sorted({worker.office for worker in self.world.workers}):
            for audience in ("district_desk", "office") if office == desk else ("office", "supervisor"):
                for rank, channel in enumerate(("webhook", "sms")):
                    yield ContactPoint(
                        id=uuid4(), office=office, staff_id=None, audience=audience, channel=channel, rank=rank,
                        active=True,
                    )  # fmt: skip

    def _end(self) -> None:
        """At the end the trail of what was done must be whole."""
        if not self.jobs.up:
            self.jobs.start()
        with self.jobs.services.database.transaction() as db:
            verdict = audit.verify(db, self.jobs.services.database.vault, None)
        self.run_.audit_entries = verdict.entries
        if not verdict.intact:
            raise Broken("audit", self.clock.now, more=f"{verdict.first_bad} {verdict.why}")

    def _work(self) -> Work:
        rows = self.eyes.rows
        return Work(
            cases=list(self.workforce.cases.values()),
            done=self.workforce.done,
            tickets=list(rows("SELECT * FROM ticket ORDER BY opened_at, id")),
            clocks=list(
                rows(
                    "SELECT c.ticket_id, c.name, c.due_at, c.stopped_at, c.rounds, t.level, t.office, t.closed_at"
                    " FROM ticket_clock c JOIN ticket t ON t.id = c.ticket_id"
                )
            ),
            notices=list(
                rows(
                    "SELECT channel, audience, office, state, attempts, queued_at, delivered_at, digest, rank"
                    " FROM queued_notice"
                )
            ),
            transfers=list(rows("SELECT from_office, to_office, answer FROM transfer")),
        )

    def _digest(self, work: Work) -> str:
        """One short name for everything that came of it, without the names that are drawn anew each time."""
        numbers = {case.ticket_id: case.number for case in work.cases}
        lines = sorted(
            (
                numbers.get(t.id, -1),
                t.kind,
                t.level,
                t.state,
                t.office,
                t.outcome or "",
                t.opened_at.isoformat(),
                t.closed_at.isoformat() if t.closed_at else "",
                t.bounces,
                t.reopened,
            )
            for t in work.tickets
        )
        lines_of_clocks = sorted(
            (numbers.get(c.ticket_id, -1), c.name, c.due_at.isoformat(), c.rounds) for c in work.clocks
        )
        return hashlib.sha256(repr((lines, lines_of_clocks)).encode()).hexdigest()[:16]
