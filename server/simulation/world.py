"""What happens in the synthetic district, drawn from a seed before anything begins. Nobody here exists.

The same seed draws the same world: who works when, who is ill, whose telephone is dead, which gateway fails, which
process dies at which step, and who says what, when and from where. People who are well leave no rows; of fifty
thousand, only those who speak are drawn.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Literal
from zoneinfo import ZoneInfo

from escalation.calendar import load_calendar
from escalation.staff import Role
from residents.district import District

ZONE = ZoneInfo("Asia/Shanghai")
FIRST_DAY = date(2026, 8, 24)
"""A Monday; ninety days from here pass the Mid-Autumn and National Day holidays and their working weekends."""

Words = Literal["red", "orange", "asks", "harmless", "call_back"]

SAID: dict[Words, tuple[str, ...]] = {
    "red": (
        "药都攒好了，今晚就走",
        "我已经站在楼顶了",
        "我刚才割腕了",
        "遗书写好了，孩子就拜托你们了",
        "他又在打我，我好怕",
        "我要拿刀砍死他",
    ),
    "orange": ("我不想活了", "活着没意思，想死", "想一了百了", "我撑不下去了，想结束这一切", "死了算了"),
    "asks": ("有时候觉得自己是大家的累赘", "邻居说她不想活了"),
    "harmless": ("最近老是睡不着", "孩子不肯上学，天天吵架", "退休以后没人说话"),
    "call_back": ("",),
}
"""What the drawn people say; the real reader and the real table of levels decide what it is."""

WEEKLY_PER_10000: dict[Words, float] = {
    "red": 0.8, "orange": 2.4, "asks": 0.6, "harmless": 0.6, "call_back": 1.2,
}  # fmt: skip
"""How many of ten thousand residents say so in a week. `harmless` is a sample: the others need no row."""

BY_HOUR = (5, 4, 3, 2, 2, 2, 2, 3, 5, 6, 6, 5, 4, 4, 5, 5, 5, 5, 6, 7, 9, 10, 10, 8)
BY_WEEKDAY = (1.1, 1.0, 1.0, 1.0, 0.9, 0.9, 1.1)


@dataclass(frozen=True)
class Worker:
    """A member of staff. `line`: the voice at the office's duty telephone, whoever that is today."""

    username: str
    name: str
    role: Role
    office: str
    line: bool = False


@dataclass(frozen=True)
class Shift:
    """One line of an office's weekly pattern, as `escalation.duty.DutyShift` keeps it."""

    office: str
    duty: Literal["officer", "lead"]
    username: str | None
    days: str
    starts: str
    ends: str
    backup: bool = False


@dataclass(frozen=True)
class Away:
    """Leave that the roster knows of."""

    username: str
    from_at: datetime
    to_at: datetime
    replaced_by: str | None


@dataclass(frozen=True)
class Span:
    """From one moment to another, something holds."""

    from_at: datetime
    to_at: datetime

    def holds(self, at: datetime) -> bool:
        return self.from_at <= at < self.to_at


@dataclass(frozen=True)
class Outage(Span):
    """A gateway fails: `down` (no answer), `refuses` (a final no), `swallows` (it sends, and the answer is lost).

    `address` None: for everybody.
    """

    channel: str
    how: Literal["down", "refuses", "swallows"]
    address: str | None = None


@dataclass(frozen=True)
class Missing(Span):
    """Somebody does not answer though the roster says that they are there: ill, asleep, a dead telephone."""

    username: str


@dataclass(frozen=True)
class Stopped(Span):
    """A process is not running: an update, a reboot."""

    process: Literal["app", "jobs"]


@dataclass(frozen=True)
class Crash:
    """The next time that a process passes this step point from `at` on, it dies there; it is back after `away`."""

    at: datetime
    point: str
    away: timedelta


@dataclass(frozen=True)
class Arrival:
    """Somebody comes and says something. `number` orders them; who they are hangs on `resident`."""

    number: int
    at: datetime
    words: Words
    text: str
    resident: int
    whole_talk: bool
    """Whether they go through the conversation as a whole, or only through what judges their words."""
    place: str | None = None
    """Where they are, if that is not chance: then it is all that anybody learns."""


@dataclass(frozen=True)
class Home:
    """Where a resident is, as far as they say it, and how they can be reached."""

    name: str | None
    phone: str | None
    address: str | None
    place: str | None
    trusted: str | None
    shares: bool
    answers: float
    """How often the telephone is picked up."""
    opens: float
    """How often the door is opened."""


@dataclass(frozen=True)
class World:
    """Everything that is going to happen by itself. What follows from it is the engine's and the workers'."""

    seed: int
    district: District
    begin: datetime
    end: datetime
    population: int
    workers: tuple[Worker, ...]
    shifts: tuple[Shift, ...]
    away: tuple[Away, ...]
    missing: tuple[Missing, ...]
    outages: tuple[Outage, ...]
    stopped: tuple[Stopped, ...]
    crashes: tuple[Crash, ...]
    arrivals: tuple[Arrival, ...]
    is_workday: Callable[[date], bool] = field(compare=False)

    def chance(self, *about: object) -> Random:
        """A source of chance for one question; the order in which questions are asked changes nothing."""
        return Random("|".join(map(str, (self.seed, *about))))

    def worker(self, username: str) -> Worker:
        """The member of staff of this name."""
        return next(w for w in self.workers if w.username == username)

    def line_of(self, office: str) -> Worker:
        """Who speaks at the duty telephone of an office."""
        return next(w for w in self.workers if w.office == office and w.line)

    def on_duty(self, office: str, duty: str, at: datetime) -> set[str | None]:
        """Who should be there, computed apart from the product's roster, by which the product is judged."""
        there: dict[bool, set[str | None]] = {False: set(), True: set()}
        for shift in self.shifts:
            if shift.office == office and shift.duty == duty and self._runs(shift, at):
                who = self._instead_of(shift.username, at)
                there[shift.backup].update(who)
        return there[False] or there[True]

    def audience(self, office: str, audience: str, at: datetime) -> set[str | None]:
        """Who is to be told: an office's officers, its lead (where it keeps no roster for one: its supervisors), or
        the district's desk."""
        if audience != "supervisor":
            return self.on_duty(office, "officer", at)
        if any(shift.office == office and shift.duty == "lead" for shift in self.shifts):
            return self.on_duty(office, "lead", at)
        leads = [w.username for w in self.workers if w.office == office and w.role == "supervisor"]
        return {username for username in leads if self.present(username, at)}

    def present(self, username: str, at: datetime) -> bool:
        """Whether this person is not on leave, as far as the roster knows."""
        return self._instead_of(username, at) == (username,)

    def _instead_of(self, username: str | None, at: datetime) -> tuple[()] | tuple[str | None]:
        seen: set[str | None] = set()
        while username is not None and username not in seen:
            seen.add(username)
            away = next((a for a in self.away if a.username == username and a.from_at <= at < a.to_at), None)
            if away is None:
                return (username,)
            if away.replaced_by is None:
                return ()
            username = away.replaced_by
        return (None,) if username is None else ()

    def _runs(self, shift: Shift, at: datetime) -> bool:
        local = at.astimezone(ZONE)
        minute, begin, end = local.hour * 60 + local.minute, minutes(shift.starts), minutes(shift.ends)
        if end > begin:
            return begin <= minute < end and self._on(shift.days, local.date())
        today = minute >= begin and self._on(shift.days, local.date())
        return today or (minute < end and self._on(shift.days, local.date() - timedelta(days=1)))

    def _on(self, days: str, day: date) -> bool:
        if days.isalpha():
            return self.is_workday(day) == (days == "workday")
        return str(day.isoweekday()) in days

    def answers(self, username: str, at: datetime) -> bool:
        """Whether this person can be reached at all just now."""
        return not any(m.username == username and m.holds(at) for m in self.missing)

    def outage(self, channel: str, address: str, at: datetime) -> Outage | None:
        """What is wrong with this gateway, for this address, at this moment."""
        for outage in self.outages:
            if outage.channel == channel and outage.holds(at) and outage.address in (None, address):
                return outage
        return None

    def in_order_since(self, channel: str, address: str, at: datetime) -> datetime | None:
        """Since when a message to this address over this channel gets through; None while it does not."""
        if self.outage(channel, address, at) is not None:
            return None
        ends = [
            o.to_at
            for o in self.outages
            if o.channel == channel and o.to_at <= at and o.address in (None, address)
        ]
        return max(ends, default=self.begin)

    def home(self, resident: int) -> Home:
        """Where this one of fifty thousand lives: an address of the tree, a wrong one, or none."""
        chance = self.chance("home", resident)
        kind = chance.random()
        street = chance.choice(self.district.streets)
        if kind < 0.6 and street.communities:
            community = chance.choice(street.communities)
            where = chance.choice((*community.estates, community.name))
            house, stair, flat = chance.randint(1, 30), chance.randint(1, 4), chance.randint(101, 1802)
            address: str | None = f"{where}{house}幢{stair}单元{flat}"
        elif kind < 0.7 and street.roads:
            road = chance.choice(street.roads)
            address = f"{road.name}{chance.randint(road.low, min(road.high, road.low + 400))}号"
        elif kind < 0.75:
            address = chance.choice(("就在菜场后面那幢楼", "老地方", "桥头左转第二家"))
        elif kind < 0.8 and self.district.elsewhere.districts:
            address = f"{chance.choice(self.district.elsewhere.districts)}解放路18号"
        else:
            address = None
        place = (
            chance.choice(self.district.places).code
            if chance.random() < 0.4 and self.district.places
            else None
        )
        safe = chance.random() < 0.85
        called = f"{chance.choice('陈王李张吴周徐孙')}{chance.choice('国芳秀明丽建英华')}"
        return Home(
            name=called if chance.random() < 0.6 else None,
            phone=f"0571{chance.randint(200, 999):04d}{chance.randint(0, 9999):04d}" if safe else None,
            address=address,
            place=place,
            trusted="女儿" if chance.random() < 0.4 else None,
            shares=chance.random() < 0.8,
            answers=chance.choice((0.9, 0.8, 0.6, 0.3, 0.0)),
            opens=chance.choice((0.95, 0.9, 0.8, 0.5)),
        )


def minutes(clock: str) -> int:
    """Minutes since midnight of `08:30`; `24:00` is the end of the day."""
    return int(clock[:2]) * 60 + int(clock[3:])


def draw(
    district: District,
    seed: int,
    days: int,
    *,
    population: int = 50_000,
    first_day: date = FIRST_DAY,
    is_workday: Callable[[date], bool] | None = None,
    staff: "Staffing | None" = None,
    calm: bool = False,
    rate: float = 1.0,
) -> World:
    """Draw a world. `staff` are the district's own people and roster instead of invented ones; `calm` leaves out
    failing gateways, processes and telephones; `rate` 2.0 means twice as many who speak.
    """
    begin = _local(first_day, time()).astimezone(UTC)
    end = begin + timedelta(days=days)
    chance = Random(f"{seed}|world")
    staff = staff or invented_staff(district)
    is_workday = is_workday or load_calendar().is_workday
    arrivals = _arrivals(district, staff, chance, first_day, days, population, rate, is_workday)
    lines = [w for w in staff.workers if not w.line]
    return World(
        seed=seed,
        district=district,
        begin=begin,
        end=end,
        population=population,
        workers=staff.workers,
        shifts=staff.shifts,
        away=() if calm else tuple(_leave(chance, staff, begin, days)),
        missing=() if calm else tuple(_missing(chance, lines, begin, days)),
        outages=() if calm else tuple(_outages(chance, staff, begin, days)),
        stopped=() if calm else tuple(_stopped(chance, begin, days)),
        crashes=() if calm else tuple(_crashes(chance, begin, days)),
        arrivals=arrivals,
        is_workday=is_workday,
    )


@dataclass(frozen=True)
class Staffing:
    """People and their weekly pattern."""

    workers: tuple[Worker, ...]
    shifts: tuple[Shift, ...]


def invented_staff(district: District) -> Staffing:
    """Two officers, a lead and a duty line in every street, and a desk that is never empty.

    The last street has nobody on Saturdays from 12:00 to 13:30 and the first none in the lunch hour of working
    days: such holes are what a simulation is for.
    """
    workers: list[Worker] = []
    shifts: list[Shift] = []
    surnames = "沈何方孔俞章陆孟"
    for number, street in enumerate(district.streets):
        office, code = district.office_of(street.code).code, street.code
        first, second = f"{code}-a", f"{code}-b"
        lead, line = f"{code}-lead", f"{code}-line"
        sur = surnames[number % len(surnames)]
        workers += [
            Worker(first, f"{sur}青", "judicial_officer", office),
            Worker(second, f"{sur}苗", "social_worker", office),
            Worker(lead, f"{sur}远山", "supervisor", office),
            Worker(line, f"{sur}值守", "judicial_officer", office, line=True),
        ]
        shifts += [
            Shift(office, "officer", first, "workday", "08:30", "12:00"),
            Shift(office, "officer", first, "workday", "13:30", "17:30"),
            Shift(office, "officer", second, "workday", "08:30", "12:00"),
            Shift(office, "officer", second, "workday", "13:30", "17:30"),
            Shift(office, "officer", lead, "workday", "08:30", "17:30", backup=number != 0),
            Shift(office, "officer", None, "workday", "17:30", "08:30"),
        ]
        if number == 0:
            shifts = [s for s in shifts if not (s.office == office and s.username == lead)]
        last = number == len(district.streets) - 1
        for days, day_gap in (("6", last), ("7", False)):
            shifts += [
                Shift(office, "officer", None, days, "08:30", "12:00" if day_gap else "17:30"),
                Shift(office, "officer", None, days, "17:30", "08:30"),
            ]
            if day_gap:
                shifts.append(Shift(office, "officer", None, days, "13:30", "17:30"))
        if number == 1:
            shifts.append(Shift(office, "lead", lead, "1234567", "08:00", "22:00"))
    desk = district.desk.code
    names = ("区值班甲", "区值班乙", "区值班丙")
    for number, (starts, ends) in enumerate((("08:00", "16:00"), ("16:00", "00:00"), ("00:00", "08:00"))):
        username = f"desk-{'abc'[number]}"
        workers.append(Worker(username, names[number], "duty_officer", desk))
        shifts.append(
            Shift(desk, "officer", username, "1234567", starts, ends if ends != "00:00" else "24:00")
        )
    workers.append(Worker("desk-line", "区值班电话", "duty_officer", desk, line=True))
    shifts.append(Shift(desk, "officer", None, "1234567", "00:00", "24:00", backup=True))
    return Staffing(tuple(workers), tuple(shifts))


def gaps_of_a_week(world: World, office: str, week: date) -> Iterator[Span]:
    """When nobody is on duty for an office, in the seven days from `week` on, to the minute of a shift's edge."""
    edges = sorted({minutes(c) for s in world.shifts if s.office == office for c in (s.starts, s.ends)} | {0})
    for number in range(7):
        day = week + timedelta(days=number)
        for low, high in zip(edges, [*edges[1:], 1440], strict=True):
            if low == high:
                continue
            begin = _local(day, time()) + timedelta(minutes=low)
            if not world.on_duty(office, "officer", begin):
                yield Span(begin, _local(day, time()) + timedelta(minutes=high))


def _arrivals(
    district: District,
    staff: Staffing,
    chance: Random,
    first_day: date,
    days: int,
    population: int,
    rate: float,
    is_workday: Callable[[date], bool],
) -> tuple[Arrival, ...]:
    drawn: list[tuple[datetime, Words, str]] = []
    for number in range(days):
        day = first_day + timedelta(days=number)
        season = 1 + 0.2 * math.cos((day.timetuple().tm_yday - 105) / 365 * 2 * math.pi)
        weight = BY_WEEKDAY[day.weekday()] * season * rate * population / 10_000 / 7
        for words, weekly in WEEKLY_PER_10000.items():
            drawn += [(_some_time(chance, day), words, "") for _ in range(_poisson(chance, weekly * weight))]
    drawn += _storm(chance, first_day, days, rate)
    drawn += _probes(district, staff, chance, first_day, days, is_workday)
    drawn.sort()
    known: list[int] = []
    arrivals = []
    for number, (at, words, place) in enumerate(drawn):
        comes_back = known and not place and words != "call_back" and chance.random() < 0.12
        resident = chance.choice(known) if comes_back else chance.randrange(population)
        if not place:
            known.append(resident)
        text = chance.choice(SAID[words])
        whole = words != "call_back" and not place and chance.random() < 0.04
        arrivals.append(Arrival(number, at, words, text, resident, whole, place or None))
    return tuple(arrivals)


def _storm(chance: Random, first_day: date, days: int, rate: float) -> list[tuple[datetime, Words, str]]:
    """One evening, forty people at once: the flood after something terrible in the news."""
    if days < 7:
        return []
    day = first_day + timedelta(days=chance.randrange(days // 2, days - 2))
    begin = _local(day, time(20, 0)).astimezone(UTC)
    number = max(4, round(40 * rate))
    return [(begin + timedelta(seconds=chance.randrange(3600)), "red", "") for _ in range(number)]


def _probes(
    district: District,
    staff: Staffing,
    chance: Random,
    first_day: date,
    days: int,
    is_workday: Callable[[date], bool],
) -> list[tuple[datetime, Words, str]]:
    """Somebody in danger in every hole of the first week's roster, so that no hole goes untried."""
    bare = World(
        0,
        district,
        datetime.min,
        datetime.max,
        0,
        staff.workers,
        staff.shifts,
        (),
        (),
        (),
        (),
        (),
        (),
        is_workday,
    )
    found: list[tuple[datetime, Words, str]] = []
    for street in district.streets:
        office = district.office_of(street.code).code
        place = next((place.code for place in district.places if place.office == office), "")
        for gap in gaps_of_a_week(bare, office, first_day):
            at = gap.from_at.astimezone(UTC) + timedelta(minutes=chance.randrange(1, 15))
            if at < gap.to_at and (at.astimezone(ZONE).date() - first_day).days < days:
                found.append((at, "red", place))
    return found


def _leave(chance: Random, staff: Staffing, begin: datetime, days: int) -> Iterator[Away]:
    """Known leave: some with somebody who stands in, some without."""
    people = [w for w in staff.workers if not w.line and w.role in ("judicial_officer", "social_worker")]
    for worker in people:
        if chance.random() < min(1.0, days / 60):
            start = begin + timedelta(days=chance.randrange(max(1, days - 2)), hours=chance.choice((0, 4)))
            mates = [w for w in people if w.office == worker.office and w is not worker]
            stand_in = chance.choice(mates).username if mates and chance.random() < 0.6 else None
            yield Away(worker.username, start, start + timedelta(days=chance.randrange(1, 6)), stand_in)


def _missing(chance: Random, people: Sequence[Worker], begin: datetime, days: int) -> Iterator[Missing]:
    """Sick days that nobody wrote down, and telephones that are dead for some hours."""
    for worker in people:
        for _ in range(_poisson(chance, days / 45)):
            start = begin + timedelta(hours=chance.uniform(0, days * 24))
            yield Missing(start, start + timedelta(hours=chance.choice((8, 12, 24, 48))), worker.username)
        for _ in range(_poisson(chance, days / 20)):
            start = begin + timedelta(hours=chance.uniform(0, days * 24))
            yield Missing(start, start + timedelta(minutes=chance.uniform(20, 240)), worker.username)


def _outages(chance: Random, staff: Staffing, begin: datetime, days: int) -> Iterator[Outage]:
    """Gateways are gone for minutes, hours, once for a day; one address is refused; answers are lost."""
    for channel, weekly in (("webhook", 0.7), ("sms", 0.7), ("wecom", 0.3), ("mail", 0.3)):
        for _ in range(_poisson(chance, weekly * days / 7)):
            start = begin + timedelta(hours=chance.uniform(0, days * 24))
            hours = chance.choice((0.1, 0.3, 0.5, 1, 2, 4, 6))
            how = chance.choice(("down", "down", "swallows", "refuses"))
            yield Outage(start, start + timedelta(hours=hours), channel, how)  # type: ignore[arg-type]
        if days >= 60 and channel in ("sms", "webhook"):
            start = begin + timedelta(hours=chance.uniform(24, days * 24 - 48))
            yield Outage(start, start + timedelta(hours=24), channel, "down")
    for worker in staff.workers:
        if chance.random() < 0.3:
            start = begin + timedelta(hours=chance.uniform(0, days * 24))
            refused_for = timedelta(hours=chance.uniform(2, 48))
            yield Outage(start, start + refused_for, "sms", "refuses", worker.username)


def _stopped(chance: Random, begin: datetime, days: int) -> Iterator[Stopped]:
    for process, weekly in (("app", 1.0), ("jobs", 1.0)):
        for _ in range(_poisson(chance, weekly * days / 7)):
            start = begin + timedelta(hours=chance.uniform(0, days * 24))
            yield Stopped(start, start + timedelta(seconds=chance.choice((3, 10, 40, 120))), process)  # type: ignore[arg-type]


def _crashes(chance: Random, begin: datetime, days: int) -> Iterator[Crash]:
    points = ("S3", "S4", "S5", "S7", "S8", "S9", "S10", "S11", "S12", "S13")
    for _ in range(max(len(points) if days >= 20 else 3, _poisson(chance, 2 * days / 7))):
        at = begin + timedelta(hours=chance.uniform(0, days * 24))
        yield Crash(at, chance.choice(points), timedelta(seconds=chance.choice((2, 10, 30))))


def _some_time(chance: Random, day: date) -> datetime:
    hour = chance.choices(range(24), BY_HOUR)[0]
    at = _local(day, time(hour)) + timedelta(seconds=chance.randrange(3600))
    return at.astimezone(UTC)


def _poisson(chance: Random, mean: float) -> int:
    limit, number, product = math.exp(-mean), 0, chance.random()
    while product > limit:
        number, product = number + 1, product * chance.random()
    return number


def _local(day: date, at: time) -> datetime:
    return datetime.combine(day, at, ZONE)
