"""The past of a demo district: a quarter of a year of a small one, lived through the product's own code.

Residents speak, the watch looks, notices go out and the demo staff act, each at their own moment of the past, by the
machinery of the simulation. Nothing rings: the gateway is inside this process. Nobody here exists: every telephone
number is one of 0571-0000-01xx.

The trail says how far this has come. `announce` writes that a past is to be written; `write_history` writes it and
says at the end that it is there. If it was interrupted in between, the next one goes on at the last moment of the
trail: nothing is written twice, and whatever was left open is taken up by the watch and the staff.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, time, timedelta
from heapq import heappop, heappush
from random import Random
from typing import Any
from uuid import uuid4

import psycopg
from sqlalchemy import event, func, select, update
from sqlalchemy.orm import Session

from escalation.calendar import load_calendar
from escalation.outbox import IN_APP, QueuedNotice, deliver_due
from escalation.staff import StaffAccount
from escalation.ticket import Ticket
from escalation.triage import Level
from residents.resident import Resident
from residents.session import ResidentSession
from server import demo_roster, demo_stories
from server.settings import Settings
from server.simulation.clock import Clock
from server.simulation.engine import NobodyTalks, the_recogniser
from server.simulation.gateways import Gateway
from server.simulation.look import Due, Eyes, Sight
from server.simulation.own import staff_in
from server.simulation.residents import Person, Residents
from server.simulation.workers import Act, Case, Workforce
from server.simulation.world import (
    BY_HOUR,
    SAID,
    ZONE,
    Arrival,
    Home,
    Missing,
    Outage,
    Staffing,
    Words,
    World,
)
from server.wiring import Services, wire
from storage import audit
from storage.audit import AuditEntry
from storage.database import Database

SEED = 16
AFTERWARDS = timedelta(days=7)
"""Between the last resident of the past and now: the staff finish, and the stories of last week and of today happen."""
STORIES = timedelta(days=4)
DESKS_CLEARED = timedelta(days=4, hours=12)
ROUND = timedelta(seconds=1)
RED_UNTIL_DAY = 60
TALKS: dict[Words, int] = {"harmless": 210, "red": 5, "orange": 17, "call_back": 6, "asks": 4}
"""How many come within ninety days, and with what."""
WHOLE_ONE_IN = 7
"""One in so many everyday conversations is held as a whole; of the others only their words are judged."""
STAYING = 3
"""How many of the last who came in distress still have an open ticket when the past ends."""
EVERYDAY = (
    *SAID["harmless"],
    "婆婆和我说不到一块去",
    "晚上想事情，翻来覆去睡不着",
    "厂里订单少了，家里开销大",
    "孩子上初中了，不跟我讲话",
    "邻居楼上太吵，说了好几次",
    "刚搬到这边，一个人也不认识",
    "想问问社区有没有书法班",
)
STREET_NAMES = "陈王李张吴周徐孙胡朱高林何郭马罗"
GIVEN_NAMES = ("国强", "秀英", "建华", "丽娟", "志明", "桂兰", "晓东", "雅琴", "小芳", "永福", "海燕", "文杰")
NUMBERS = tuple(n for n in range(140, 200))
"""The last three digits of the telephones; the stories have others."""
BEGUN, ENDED = "history.begun", "history.ended"


@dataclass(frozen=True)
class Unfinished:
    """A past that was announced and is not there yet. `at`: how far the trail has come."""

    begin: datetime
    days: int
    seed: int
    at: datetime


@dataclass(frozen=True)
class Written:
    """What stands in the tables after it."""

    conversations: int
    tickets: int
    open: int


def announce(db: Session, begin: datetime, days: int, seed: int = SEED) -> None:
    """Say in the trail that a past is to be written from `begin` on."""
    audit.record(db, actor="operator", action=BEGUN, subject="history", at=begin, days=days, seed=seed)


def unfinished(db: Session) -> Unfinished | None:
    """The past that is to be written or gone on with; None when there is none, or when it is there."""
    marks = {e.action: e for e in db.scalars(select(AuditEntry).where(AuditEntry.subject == "history"))}
    if BEGUN not in marks or ENDED in marks:
        return None
    last = db.scalar(select(AuditEntry.at).order_by(AuditEntry.seq.desc()).limit(1))
    assert last is not None
    begun = marks[BEGUN]
    return Unfinished(begun.at, begun.details["days"], begun.details["seed"], last)


def write_history(
    settings: Settings,
    database: Database,
    now: datetime,
    officers: tuple[str, str, str],
    tell_day: Callable[[int], None] = lambda days: None,
) -> Written | None:
    """Write the past that was announced, up to `now`, or go on with it; None when there is nothing to write.

    Never in live mode (`ValueError`). Where somebody has used the district since it was interrupted, the past ends
    there: what is older than the trail's last entry is not written any more. `tell_day` hears how many days further
    it is. `officers`: one of each street, who act in the stories; the first two in those of last week.
    """
    if settings.mode == "live":
        raise ValueError("a live district has its own past")
    with database.transaction() as db:
        plan = unfinished(db)
    if plan is None:
        return None
    with _without_waiting_for_the_disk(database):
        past = _Past(settings, database, plan, now, tell_day)
        try:
            past.happen(officers)
        finally:
            past.close()
    with database.transaction() as db:
        written = Written(
            db.scalar(select(func.count()).select_from(ResidentSession)) or 0,
            db.scalar(select(func.count()).select_from(Ticket)) or 0,
            db.scalar(select(func.count()).select_from(Ticket).where(Ticket.closed_at.is_(None))) or 0,
        )
        numbers = {f.name: getattr(written, f.name) for f in fields(written)}
        at = max(now, past.clock.now)
        db.execute(  # whoever comes today has not missed what is long over
            update(QueuedNotice)
            .where(
                QueuedNotice.channel == IN_APP,
                QueuedNotice.seen_at.is_(None),
                QueuedNotice.queued_at < now - demo_stories.NOT_TAKEN_AT,
            )
            .values(seen_at=at, seen_by="演示往事")
        )
        audit.record(db, actor="operator", action=ENDED, subject="history", at=at, **numbers)
    return written


@contextmanager
def _without_waiting_for_the_disk(database: Database) -> Iterator[None]:
    """Commits of the past do not wait for the disk. They reach it in order, and before the mark at the end does."""
    database.engine.dispose()
    event.listen(database.engine, "connect", _do_not_wait)
    try:
        yield
    finally:
        event.remove(database.engine, "connect", _do_not_wait)
        database.engine.dispose()


def _do_not_wait(connection: Any, _record: Any) -> None:
    connection.execute("SET synchronous_commit = off")
    connection.commit()


# --- the world -----------------------------------------------------------------------------------------


class _DemoWorld(World):
    """The world of a small district, in which everybody has an invented name and a number that nobody has."""

    def home(self, resident: int) -> Home:
        """Where this resident lives: an address of the tree; one in ten does not say."""
        chance = self.chance("demo home", resident)
        streets = [s for s in self.district.streets if s.communities]
        hole = [s for s in streets if s.code == demo_roster.WITH_A_HOLE]
        street = hole[0] if hole and resident == 0 else chance.choice(streets)
        community = chance.choice(street.communities)
        where = chance.choice((*community.estates, community.name))
        house, stair, flat = chance.randint(1, 20), chance.randint(1, 3), chance.randint(1, 6)
        says_where = resident == 0 or chance.random() < 0.9
        return Home(
            name=f"{STREET_NAMES[resident % len(STREET_NAMES)]}{chance.choice(GIVEN_NAMES)}",
            phone=f"05710000{NUMBERS[resident % len(NUMBERS)]:04d}",
            address=f"{street.name}{where}{house}幢{stair}单元{flat}02" if says_where else None,
            place=None,
            trusted="女儿" if chance.random() < 0.4 else None,
            shares=True,
            answers=chance.choice((0.95, 0.9, 0.7, 0.4)),
            opens=chance.choice((0.95, 0.9, 0.8)),
        )


def _draw(settled: Staffing, district: Any, plan: Unfinished, now: datetime) -> _DemoWorld:
    """Who comes and when, who of the staff was ill, when the gateway was gone. The same for the same plan."""
    chance = Random(f"{plan.seed}|history")
    people = [
        w.username for w in settled.workers if w.role in ("judicial_officer", "social_worker") and not w.line
    ]
    missing, outages = [], []
    for number in range(6):
        start = plan.begin + timedelta(days=chance.uniform(2, plan.days * 0.8))
        missing.append(
            Missing(start, start + timedelta(hours=chance.choice((3, 6, 24))), people[number % len(people)])
        )
    for hours, how in ((2.5, "down"), (0.5, "swallows"), (0.2, "down")):
        start = plan.begin + timedelta(days=chance.uniform(5, plan.days * 0.8))
        outages.append(Outage(start, start + timedelta(hours=hours), "webhook", how))  # type: ignore[arg-type]
    return _DemoWorld(
        seed=plan.seed,
        district=district,
        begin=plan.begin,
        end=now,
        population=sum(TALKS.values()),
        workers=settled.workers,
        shifts=settled.shifts,
        away=(),
        missing=tuple(missing),
        outages=tuple(outages),
        stopped=(),
        crashes=(),
        arrivals=tuple(_arrivals(chance, plan)),
        is_workday=load_calendar().is_workday,
    )


def _arrivals(chance: Random, plan: Unfinished) -> Iterator[Arrival]:
    first = plan.begin.astimezone(ZONE).date() + timedelta(days=1)
    drawn: list[tuple[datetime, Words]] = []
    for words, number in TALKS.items():
        days = min(RED_UNTIL_DAY, plan.days - 2) if words == "red" else plan.days - 4
        for _ in range(max(1, number * plan.days // 90)):
            day, hour = chance.randrange(days), chance.choices(range(24), BY_HOUR)[0]
            local = datetime.combine(first + timedelta(days=day), time(hour), ZONE)
            drawn.append((local + timedelta(seconds=chance.randrange(3600)), words))
    saturday = first + timedelta(days=(5 - first.weekday()) % 7)
    in_the_hole = datetime.combine(saturday, time(12, 10), ZONE)
    for number in range(STAYING):
        late = first + timedelta(days=plan.days - 4 + number)
        drawn.append((datetime.combine(late, time(10, chance.randrange(60)), ZONE), "orange"))
    drawn.sort()
    residents = [0]
    yield Arrival(0, in_the_hole.astimezone(UTC), "red", SAID["red"][0], 0, True)
    for number, (at, words) in enumerate(drawn, start=1):
        back = words == "harmless" and chance.random() < 0.15
        resident = chance.choice(residents) if back else number
        residents.append(number)
        text = chance.choice(EVERYDAY if words == "harmless" else SAID[words])
        whole = words != "call_back" and (words != "harmless" or number % WHOLE_ONE_IN == 0)
        yield Arrival(number, at.astimezone(UTC), words, text, resident, whole)


# --- those in it ---------------------------------------------------------------------------------------


class _Townspeople(Residents):
    """Residents who say what is on their mind, answer some questions perhaps, and leave."""

    def talk(self, services: Services, arrival: Arrival) -> Person:
        """One everyday conversation, from beginning to end."""
        person = self.speak(services, arrival)
        if arrival.whole_talk:
            session = self._session(services, person)
            chance = self.world.chance("questions", arrival.number)
            if chance.random() < 0.15:
                self._wait(self._questions(services, session, chance))
            self._wait(services.conversation.leave(session))
        return person

    def state_address(self, services: Services, person: Person, arrival: Arrival) -> None:
        """Say who one is and where one lives, all at once."""
        super().state_address(services, person, replace(arrival, whole_talk=False))

    async def _questions(self, services: Services, session: ResidentSession, chance: Random) -> None:
        turn = await services.conversation.choose(session, uuid4(), "start_screening")
        while (asked := turn.screening) is not None:
            harmless = asked.instrument == "asq" or asked.item == "q9"
            value = 0 if harmless else chance.choice((0, 0, 1))
            turn = await services.conversation.answer(
                session, uuid4(), asked.administration, asked.item, value
            )


class _Staff(Workforce):
    """The demo staff. Some tickets they keep; and in the last days nothing is opened again."""

    staying: frozenset[int] = frozenset()
    settled_from = datetime.max.replace(tzinfo=UTC)

    def _close(self, services: Services, case: Case, who: Any, chance: Random, level: Level) -> None:
        if case.person.number not in self.staying:
            super()._close(services, case, who, chance, level)

    def _try(self, what: str, act: Callable[[], object]) -> bool:
        if what == "reopen" and self.now() >= self.settled_from:
            return False
        return super()._try(what, act)

    def attempt(self, act: Callable[[], object]) -> bool:
        """Do what may be refused."""
        return self._try("desk", act)


class _Past:
    """The machinery: one process of the product, and a clock that goes from one due moment to the next."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        plan: Unfinished,
        now: datetime,
        tell_day: Callable[[int], None],
    ) -> None:
        self.plan = plan
        self.now = now
        self.tell_day = tell_day
        self.clock = Clock(plan.at)
        gateways: dict[str, Any] = {}
        self.services = wire(
            settings,
            clock=self.clock,
            database=database,
            recogniser=the_recogniser(),
            rasa=NobodyTalks(),
            channels=gateways,
        )
        with database.transaction() as db:
            self.services.districts.refresh(db)
            staff = staff_in(db, self.services.district) or Staffing((), ())
            known = {a.username: a for a in db.scalars(select(StaffAccount))}
            self.strangers = list(db.scalars(select(Resident.id).order_by(Resident.arrived_at)))
        self.world = _draw(staff, self.services.district, plan, now)
        self.gateway = Gateway("webhook", self.world, self.clock)
        self.services.channels["webhook"] = self.gateway
        args, options = database.engine.dialect.create_connect_args(database.engine.url)
        self.eyes = Eyes(psycopg.connect(*args, **{**options, "autocommit": True}), self.clock)
        self.residents = _Townspeople(self.world)
        accounts = {w.username: self._who_answers(w.office, known) for w in staff.workers if w.line}
        accounts |= {w.username: known[w.username] for w in staff.workers if not w.line}
        self.staff = _Staff(self.world, self.eyes, self, accounts, self.clock)
        last = [a.resident for a in self.world.arrivals if a.words == "orange"][-STAYING:]
        self.staff.staying = frozenset(last)
        self.staff.settled_from = now - DESKS_CLEARED
        self._agenda: list[tuple[datetime, int, str, Act]] = []
        self._order = 0
        self._stuck: set[Due] = set()
        self._deliver_at = plan.at
        self.sight = self._look()

    def close(self) -> None:
        """Let go of threads and connections, but not of the database, which is the caller's."""
        self.residents.close()
        self.eyes.connection.close()
        self.services.threads.shutdown(wait=True)

    def later(self, at: datetime, what: str, act: Act) -> None:
        """Do this at that time; never before now."""
        self._order += 1
        heappush(self._agenda, (max(at, self.clock.now), self._order, what, act))

    def happen(self, officers: tuple[str, str, str]) -> None:
        """Everything from where the trail ends until now."""
        for arrival in self.world.arrivals:
            if arrival.at > self.plan.at:
                self.later(
                    arrival.at, "talk" if arrival.words == "harmless" else "speak", self._coming(arrival)
                )
        at = self.plan.at
        while (at := at + timedelta(days=1)) < self.now:
            self.later(at, "day", self._day)
        self.until(self.now - DESKS_CLEARED)
        if self.clock.now == self.now - DESKS_CLEARED:
            self._clear_desks()
        if self.clock.now <= self.now - STORIES:
            self.until(self.now - STORIES)
            demo_stories.tell(self.services, self.passes, officers[:2])
        if self.clock.now <= self.now - demo_stories.TODAY:
            self.until(self.now - demo_stories.TODAY)
            demo_stories.of_today(self.services, self.passes, self.until, self.now, officers)
        self.until(self.now)

    def passes(self, **span: float) -> None:
        """Let time go by, with everything that happens in it."""
        self.until(self.clock.now + timedelta(**span))

    def until(self, moment: datetime) -> None:
        """Let everything happen that is due up to that moment."""
        self.sight = self._look()
        while (due := self._next_moment()) <= moment:
            if due.date() != self.clock.now.date():
                self.tell_day((due.date() - self.clock.now.date()).days)
            self.clock.move(due)
            self._step()
        if moment > self.clock.now:
            self.clock.move(moment)

    def _next_moment(self) -> datetime:
        moments = [self._agenda[0][0]] if self._agenda else []
        moments += [due[3] for due in self.sight.due() if due not in self._stuck]
        moments += [max(at, self._deliver_at) for at, _ in self.sight.sendable()]
        return max(self.clock.now, min(moments, default=self.now + timedelta(days=1)))

    def _step(self) -> None:
        """One thing: what somebody does first, then what is overdue, then what is to be sent."""
        now = self.clock.now
        if self._agenda and self._agenda[0][0] <= now:
            _, _, what, act = heappop(self._agenda)
            act(self.services)
            if what != "talk":  # an everyday conversation changes nothing that anybody waits for
                self.sight = self._look()
        elif any(due[3] <= now for due in self.sight.due() if due not in self._stuck):
            self.services.watch.escalate_overdue()
            self.sight = self._look()
            self._stuck = {due for due in self.sight.due() if due[3] <= now}
        else:
            self._deliver_at = now + ROUND
            while deliver_due(self.services.database, self.gateway, self.clock):
                pass
            self.sight = self._look()

    def _look(self) -> Sight:
        sight = self.eyes.look()
        self._meet(sight)
        self.staff.see(sight)
        for notice in sorted(sight.gone, key=self._by_case):
            if notice.state == "delivered" and notice.ticket_id is not None:
                self.staff.hear(notice)
        return sight

    def _meet(self, sight: Sight) -> None:
        """Take note of the tickets that are new to the staff. Those of the two stories are not theirs."""
        people = {person.resident_id: person for person in self.residents.people.values()}
        for ticket in sorted(sight.tickets.values(), key=lambda t: (t.opened_at, t.code)):
            case = self.staff.cases.get(ticket.id)
            if case is not None and ticket.spoken_at > case.spoken_at:
                case.start_again(ticket.spoken_at, ticket.level)
            person = people.get(ticket.resident_id) or self._of_before(ticket.resident_id)
            if case is None and person is not None:
                self.staff.cases[ticket.id] = Case(
                    len(self.staff.cases), ticket.id, ticket.code, ticket.kind, person, ticket.opened_at,
                    ticket.level, ticket.spoken_at, ticket.office,
                )  # fmt: skip

    def _of_before(self, resident_id: Any) -> Person | None:
        """Somebody who came before this was interrupted; what they said of themselves is sealed, so it is drawn."""
        if resident_id not in self.strangers:
            return None
        number = -1 - self.strangers.index(resident_id)
        gone = ResidentSession(resident_id=resident_id, ended_at=self.plan.at)
        return Person(number, self.world.home(number), resident_id, gone)

    def _by_case(self, notice: Any) -> tuple[Any, ...]:
        case = self.staff.cases.get(notice.ticket_id)
        who = self.staff.by_id.get(notice.staff_id, "")
        return (case.number if case else -1, notice.audience, notice.office, who, notice.level)

    def _who_answers(self, office: str, known: dict[str, StaffAccount]) -> StaffAccount:
        """Whose voice it is at an office's duty telephone: its social worker's, or whoever works there."""
        there = sorted(
            (a for a in known.values() if a.office == office and a.active), key=lambda a: a.username
        )
        return next((a for a in there if a.role == "social_worker"), there[0])

    def _day(self, services: Services) -> None:
        services.conversation.read_unread()
        services.conversation.return_to_silent_chats()

    def _coming(self, arrival: Arrival) -> Act:
        def come(services: Services) -> None:
            if arrival.words == "harmless":
                self.residents.talk(services, arrival)
                return
            person = self.residents.speak(services, arrival)
            wait = timedelta(seconds=self.world.chance("address", arrival.number).uniform(30, 300))
            self.later(
                self.clock.now + wait,
                "address",
                lambda services: self.residents.state_address(services, person, arrival),
            )

        return come

    # --- before the last days ----------------------------------------------------------------------

    def _clear_desks(self) -> None:
        """Before the two stories everybody finishes what is open, but for the few that stay."""
        for case in sorted(self.staff.cases.values(), key=lambda c: c.number):
            ticket = self.sight.tickets.get(case.ticket_id)
            stays = case.person.number in self.staff.staying and ticket is not None and ticket.holder_id
            if ticket is not None and not (stays and ticket.level < Level.RED):
                self._finish(case)

    def _finish(self, case: Case) -> None:
        work, trips = self.services.console.casework, self.services.teamwork.trips
        ticket = self.sight.tickets[case.ticket_id]
        level = min(Level(ticket.level), Level.YELLOW)
        account = self._has(ticket)
        acts: Sequence[Callable[[], object]] = (
            lambda: work.acknowledge(account, case.code),
            lambda: work.record_call(account, case.code, uuid4(), "spoke", need="visit"),
            lambda: work.record_visit(account, case.code, uuid4(), "met", note="情况稳住了，家里人也在。"),
            lambda: trips.back(account, case.code, uuid4(), ""),
            lambda: work.plan_follow_ups(account, case.code, uuid4(), [168, 720]),
            lambda: work.close(account, case.code, uuid4(), "supported", new_level=level),
        )
        for act in acts:
            self.passes(minutes=2)
            self.staff.attempt(act)

    def _has(self, ticket: Any) -> StaffAccount:
        """Who has the ticket, or who of its office takes it."""
        username = self.staff.by_id.get(ticket.holder_id)
        if username is None:
            username = self.staff._somebody(ticket.office, 0).username
        return self.staff.accounts[username]
