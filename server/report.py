"""体检式报告, as pure rules: from rows of work to figures, from counts of levels to what may be said of them.

Nothing here asks a database or a clock. What a figure is called, how it is said, how it is asked for and what stands
under it is in `report.yml`; each id there has one function here (`figures`), and the other way round.

What is hidden: how many people came to which level is published once for each whole calendar month (`Month`), as
`server.aggregates` lets it. What offices did, and did not do, is counted as it is: it says nothing of any one person.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from math import exp
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import yaml

from escalation.triage import Level
from server.aggregates import LADDER, LEAST, Group, Table, publishable
from server.board import Share, share

WORDS: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("report.yml").read_text("utf-8"))
LOCAL = ZoneInfo("Asia/Shanghai")
LONGEST_DAYS = 366
CLOCKS = ("acknowledge", "contact", "speak", "visit", "close")
OWN_WAYS = ("phone", "message", "door", "chat")
RARE = 0.01
"""A place stands out when chance alone would do this, or more, less often than this."""


@dataclass(frozen=True)
class Period:
    """The days `first` to `last`, both included, by the clock of the district."""

    first: date
    last: date

    @staticmethod
    def month(year: int, month: int) -> "Period":
        """One calendar month."""
        first = date(year, month, 1)
        after = date(year + month // 12, month % 12 + 1, 1)
        return Period(first, after - timedelta(days=1))

    @property
    def is_month(self) -> bool:
        """Whether these are the days of one calendar month, all of them."""
        return self == self.this_month

    @property
    def is_whole_weeks(self) -> bool:
        """Whether it begins on a Monday and ends on a Sunday, as the weeks of the public board do."""
        return self.first.weekday() == 0 and self.last.weekday() == 6

    @property
    def this_month(self) -> "Period":
        """The calendar month of its first day."""
        return Period.month(self.first.year, self.first.month)

    @property
    def begins(self) -> datetime:
        """The first moment of it."""
        return datetime.combine(self.first, time(), LOCAL).astimezone(UTC)

    @property
    def ends(self) -> datetime:
        """The first moment after it."""
        return datetime.combine(self.last + timedelta(days=1), time(), LOCAL).astimezone(UTC)

    @property
    def before(self) -> "Period":
        """What stands beside it: the month before a month, else as many days directly before."""
        eve = self.first - timedelta(days=1)
        if self.is_month:
            return Period.month(eve.year, eve.month)
        return Period(eve - (self.last - self.first), eve)

    def words(self) -> str:
        """The period as one says it."""
        if self.is_month:
            return WORDS["month"].format(year=self.first.year, month=self.first.month)
        return WORDS["period"].format(first=day_words(self.first), last=day_words(self.last))


def day_words(day: date) -> str:
    """A day as one says it."""
    return f"{day.year} 年 {day.month} 月 {day.day} 日"


@dataclass(frozen=True)
class TicketFact:
    """One ticket: when it came, was first taken, and ended how."""

    id: UUID
    opened_at: datetime
    taken_at: datetime | None = None
    closed_at: datetime | None = None
    outcome: str | None = None


@dataclass(frozen=True)
class ClockFact:
    """One deadline, and when it was kept."""

    ticket: UUID
    name: str
    due_at: datetime
    stopped_at: datetime | None = None


@dataclass(frozen=True)
class AttemptFact:
    """One try to reach the resident."""

    ticket: UUID
    way: str
    reached: bool
    at: datetime


@dataclass(frozen=True)
class FollowUpFact:
    """One promise to ask again."""

    due_at: datetime
    done_at: datetime | None = None


@dataclass(frozen=True)
class EventFact:
    """Something that happened on a ticket: referral, objected, reopened, lapsed, refused."""

    ticket: UUID
    kind: str
    at: datetime


@dataclass(frozen=True)
class Facts:
    """Everything that the figures of one office are made from, for a period and the one before it."""

    tickets: Sequence[TicketFact] = ()
    clocks: Sequence[ClockFact] = ()
    attempts: Sequence[AttemptFact] = ()
    follow_ups: Sequence[FollowUpFact] = ()
    events: Sequence[EventFact] = ()


@dataclass(frozen=True)
class Value:
    """One figure. `number` None: there was nothing to count it of (`of` is 0)."""

    number: float | None
    of: int | None = None

    @property
    def percent(self) -> float | None:
        """The share in percent, for a number of so many."""
        return None if self.number is None or not self.of else round(100 * self.number / self.of, 1)


@dataclass(frozen=True)
class Span:
    """A stretch of time to count in: from `begins` to `ends`, or to now where it is not over yet."""

    begins: datetime
    ends: datetime

    def has(self, at: datetime | None) -> bool:
        """Whether this moment lies in it."""
        return at is not None and self.begins <= at < self.ends


def figures(facts: Facts, span: Span) -> dict[str, Value]:
    """Every figure of `report.yml` for one stretch of time."""
    return {one["id"]: _FIGURES[one["id"]](facts, span) for one in WORDS["figures"]}


def _share(found: Iterable[bool]) -> Value:
    whole = list(found)
    return Value(sum(whole) if whole else None, len(whole))


def _middle(spans: Sequence[timedelta], unit: timedelta) -> Value:
    return Value(round(median(one / unit for one in spans), 1) if spans else None, len(spans))


def _opened(facts: Facts, span: Span) -> list[TicketFact]:
    return [t for t in facts.tickets if span.has(t.opened_at)]


def _closed(facts: Facts, span: Span) -> list[TicketFact]:
    return [t for t in facts.tickets if span.has(t.closed_at)]


def _handled(facts: Facts, span: Span) -> list[UUID]:
    return [
        t.id
        for t in facts.tickets
        if t.opened_at < span.ends and (t.closed_at is None or t.closed_at >= span.begins)
    ]


def _reached_by(facts: Facts, end: datetime) -> set[UUID]:
    return {a.ticket for a in facts.attempts if a.reached and a.way in OWN_WAYS and a.at < end}


def _due(facts: Facts, span: Span, names: Sequence[str]) -> list[bool]:
    """For each deadline of this span whether it was kept; what fell due after the ticket was closed is left out."""
    closed = {t.id: t.closed_at for t in facts.tickets}
    return [
        c.stopped_at is not None and c.stopped_at <= c.due_at
        for c in facts.clocks
        if c.name in names
        and span.has(c.due_at)
        and c.ticket in closed
        and ((end := closed[c.ticket]) is None or end >= span.begins)
    ]


def _clock(name: str) -> Callable[[Facts, Span], Value]:
    return lambda facts, span: _share(_due(facts, span, [name]))


def _reached(facts: Facts, span: Span) -> Value:
    reached = _reached_by(facts, span.ends)
    return _share(t.id in reached for t in _opened(facts, span))


def _taken(facts: Facts, span: Span) -> Value:
    waits = [t.taken_at - t.opened_at for t in _opened(facts, span) if t.taken_at and t.taken_at < span.ends]
    return _middle(waits, timedelta(hours=1))


def _way(way: str) -> Callable[[Facts, Span], Value]:
    return lambda facts, span: _share(a.reached for a in facts.attempts if a.way == way and span.has(a.at))


def _referred(facts: Facts, span: Span) -> Value:
    return Value(sum(e.kind == "referral" and span.has(e.at) for e in facts.events))


def _lasted(facts: Facts, span: Span) -> Value:
    return _middle(
        [t.closed_at - t.opened_at for t in _closed(facts, span) if t.closed_at], timedelta(days=1)
    )


def _followed(facts: Facts, span: Span) -> list[bool]:
    return [
        f.done_at is not None and f.done_at < _midnight_after(f.due_at)
        for f in facts.follow_ups
        if span.has(f.due_at)
    ]


def _midnight_after(at: datetime) -> datetime:
    day = at.astimezone(LOCAL).date() + timedelta(days=1)
    return datetime.combine(day, time(), LOCAL)


def _happened(kind: str) -> Callable[[Facts, Span], Value]:
    """Of the tickets that were in hand, on how many this happened."""

    def count(facts: Facts, span: Span) -> Value:
        found = {e.ticket for e in facts.events if e.kind == kind and span.has(e.at)}
        return _share(ticket in found for ticket in _handled(facts, span))

    return count


def _unreached(facts: Facts, span: Span) -> Value:
    tried = {a.ticket for a in facts.attempts if a.way in OWN_WAYS and span.has(a.at)}
    reached = _reached_by(facts, span.ends)
    return _share(ticket not in reached for ticket in tried)


_FIGURES: Mapping[str, Callable[[Facts, Span], Value]] = {
    "opened": lambda facts, span: Value(len(_opened(facts, span))),
    "reached": _reached,
    "taken": _taken,
    "visits": _way("door"),
    "calls": _way("phone"),
    "referred": _referred,
    "closed": lambda facts, span: Value(len(_closed(facts, span))),
    "lasted": _lasted,
    **{f"clock_{name}": _clock(name) for name in CLOCKS},
    "follow_ups": lambda facts, span: _share(_followed(facts, span)),
    "late": lambda facts, span: _share(not kept for kept in _due(facts, span, CLOCKS)),
    "late_follow_ups": lambda facts, span: _share(not kept for kept in _followed(facts, span)),
    "dropped": _happened("lapsed"),
    "wrong_alarms": lambda facts, span: _share(t.outcome == "mistaken" for t in _closed(facts, span)),
    "unreached": _unreached,
    "objections": _happened("objected"),
    "reopened": _happened("reopened"),
    "refused": lambda facts, span: Value(sum(e.kind == "refused" and span.has(e.at) for e in facts.events)),
}


# --- how many people came to which level ------------------------------------------------------------


@dataclass(frozen=True)
class LevelCell:
    """One group of levels and how many people came to it."""

    name: str
    count: int


def level_cells(table: Table | None) -> list[LevelCell] | None:
    """A published table as it is read; None where nothing was published."""
    if table is None:
        return None
    groups = zip(LADDER[table.step], table.counts, strict=True)
    return [LevelCell(_group_words(group), count) for group, count in groups]


def _group_words(group: Group) -> str:
    words = WORDS["levels"]
    named = zip(LADDER[0], words["groups"].values(), strict=True)
    return words["joins"].join(name for cell, name in named if cell <= group)


# --- a place that stands out ------------------------------------------------------------------------

CONCERNED = (Level.YELLOW, Level.ORANGE, Level.RED)
TWO_CELLS = 2
"""The step of `LADDER` on which a table says who is concerned and who is not, and no more."""


@dataclass(frozen=True)
class Cluster:
    """A place where more people than elsewhere came to yellow or above. No count of it is below `LEAST`."""

    place: str
    screened: int
    concerned: int
    expected: float
    chance: float


@dataclass(frozen=True)
class Month:
    """All that is ever published of the people of one calendar month: by street how many came to which level (each
    person counts in one place, once) and how many found their matter well handled; and the places that stand out."""

    streets: Mapping[str, Table]
    clusters: tuple[Cluster, ...] = ()
    satisfied: Mapping[str, Share] = field(default_factory=dict)

    def as_content(self) -> dict[str, Any]:
        """As it is kept."""
        return {
            "streets": {code: [table.step, *table.counts] for code, table in self.streets.items()},
            "clusters": [vars(one) for one in self.clusters],
            "satisfied": {code: [one.whole, one.part] for code, one in self.satisfied.items()},
        }

    @staticmethod
    def from_content(content: Mapping[str, Any]) -> "Month":
        """As it was kept."""
        return Month(
            {code: Table(step, tuple(counts)) for code, (step, *counts) in content["streets"].items()},
            tuple(Cluster(**one) for one in content["clusters"]),
            {code: Share(part, whole) for code, (whole, part) in content["satisfied"].items()},
        )


def publishable_month(
    by_place: Mapping[str, Mapping[Level, int]],
    street_of: Mapping[str, str | None],
    answers: Mapping[str, tuple[int, int]] | None = None,
) -> Month:
    """What may be said of a month, from the levels of each place and the street that each place lies in (None: none).

    1. A street publishes by the ladder of `server.aggregates`.
    2. A place stands out against the published tables of the streets, less its own numbers: nothing that is shown is
       computed from what is hidden.
    3. Whoever takes the places that are shown from the table of their street finds `LEAST` people or more in each cell
       that is left, or knows from the district's tree that no other place is there. A place that would leave fewer is
       not shown; the least likely goes first.
    4. Of the answers (by street: all, and those that say well) both parts are `LEAST` or more, or only their number is
       told, or nothing. The whole district has no such figure: less its streets it would be a street.
    """
    streets: dict[str, dict[Level, int]] = {}
    for place, levels in by_place.items():
        if (street := street_of.get(place)) is not None:
            into = streets.setdefault(street, {})
            for level, count in levels.items():
                into[level] = into.get(level, 0) + count
    tables = {code: table for code, levels in streets.items() if (table := publishable(levels)) is not None}
    found = [
        one
        for place, levels in by_place.items()
        if place in street_of and (one := _cluster(place, levels, tables, street_of[place])) is not None
    ]
    shown: list[Cluster] = []
    for one in sorted(found, key=lambda each: (each.chance, each.place)):
        street = street_of[one.place]
        theirs = [*(other for other in shown if street_of[other.place] == street), one]
        if street is None or _may_be_taken_away(theirs, street, tables[street], street_of):
            shown.append(one)
    satisfied = {
        code: found_of
        for code, (whole, well) in (answers or {}).items()
        if (found_of := share(well, whole)) is not None
    }
    return Month(tables, tuple(shown), satisfied)


def _cluster(
    place: str, levels: Mapping[Level, int], tables: Mapping[str, Table], street: str | None
) -> Cluster | None:
    screened = sum(levels.values())
    concerned = sum(levels.get(level, 0) for level in CONCERNED)
    if min(concerned, screened - concerned) < LEAST:
        return None
    told = {code: table.on(TWO_CELLS) for code, table in tables.items() if table.step <= TWO_CELLS}
    others, theirs = sum(sum(cells) for cells in told.values()), sum(high for _, high in told.values())
    if street in told:
        others, theirs = others - screened, theirs - concerned
    if others < LEAST:
        return None
    expected = screened * theirs / others
    chance = at_least(concerned, expected)
    if concerned <= expected or chance >= RARE:
        return None
    return Cluster(place, screened, concerned, round(expected, 1), chance)


def _may_be_taken_away(
    places: Sequence[Cluster], street: str, table: Table, street_of: Mapping[str, str | None]
) -> bool:
    if {code for code, lies_in in street_of.items() if lies_in == street} == {one.place for one in places}:
        return True
    screened, concerned = sum(one.screened for one in places), sum(one.concerned for one in places)
    if table.step > TWO_CELLS:
        return sum(table.counts) - screened >= LEAST
    low, high = table.on(TWO_CELLS)
    return min(low - (screened - concerned), high - concerned) >= LEAST


def at_least(count: int, expected: float) -> float:
    """The exact Poisson probability of `count` or more where `expected` are expected."""
    term = below = exp(-expected)
    if count <= 0:
        return 1.0
    for k in range(1, count):
        term *= expected / k
        below += term
    return max(0.0, 1.0 - below)


def chance_words(chance: float) -> str:
    """A probability as one says it."""
    if chance < 0.0001:
        return "不到万分之一"
    if chance < 0.001:
        return "不到千分之一"
    return f"约 {chance * 100:.1f}%"


# --- the report as it is read -----------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """One figure with everything that is said of it; `note` is the number of its footnote."""

    id: str
    section: str
    name: str
    now: Value
    before: Value
    shown: str
    shown_before: str
    sentence: str
    query: str
    denominator: str
    note: int


@dataclass(frozen=True)
class Report:
    """One street and one period, ready to be laid out."""

    street: str
    office: str
    period: Period
    made_at: datetime
    until: datetime
    lines: tuple[Line, ...]
    levels: tuple[LevelCell, ...] | None
    levels_before: tuple[LevelCell, ...] | None
    clusters: tuple[Cluster, ...]
    place_names: Mapping[str, str]
    satisfied: Share | None = None
    satisfied_before: Share | None = None

    @property
    def running(self) -> bool:
        """Whether the period is not over yet."""
        return self.until < self.period.ends

    def of(self, section: str) -> list[Line]:
        """The figures of one section."""
        return [line for line in self.lines if line.section == section]

    @property
    def levels_note(self) -> int:
        """The number of the footnote of the table of levels: after those of the figures."""
        return len(self.lines) + 1

    @property
    def satisfied_note(self) -> int:
        """The number of the footnote of what residents said: after all others."""
        return len(self.lines) + 2


def lines_of(now: Mapping[str, Value], before: Mapping[str, Value]) -> tuple[Line, ...]:
    """All figures in the order of `report.yml`, each with its sentence and its footnote."""
    return tuple(
        Line(
            id=one["id"],
            section=one["section"],
            name=one["name"],
            now=now[one["id"]],
            before=before[one["id"]],
            shown=shown(one["unit"], now[one["id"]]),
            shown_before=shown(one["unit"], before[one["id"]]),
            sentence=sentence(one, now[one["id"]]),
            query=one["query"],
            denominator=one["denominator"],
            note=number,
        )
        for number, one in enumerate(WORDS["figures"], start=1)
    )


def shown(unit: str, value: Value) -> str:
    """One figure in a cell of the table."""
    if value.number is None:
        return WORDS["none"]
    number = _plain(value.number)
    if unit == "share":
        return f"{number} / {value.of}（{_plain(value.percent or 0)}%）"
    return {"hours": f"{number} 小时", "days": f"{number} 天"}.get(unit, number)


def sentence(definition: Mapping[str, Any], value: Value) -> str:
    """One figure as a sentence."""
    if value.number is None:
        return str(definition["none"])
    percent = f"{_plain(value.percent or 0)}%"
    return str(definition["sentence"]).format(n=_plain(value.number), of=value.of, percent=percent)


def _plain(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
