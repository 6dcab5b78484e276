"""The calendar of working days and working hours: weekends, public holidays, and the Saturdays that make up for them.

Pure, from a file. The State Council publishes the arrangement of each year; a year that was never imported counts
Monday to Friday as working days, which is the earlier deadline, and `gaps` reports it.
"""

import csv
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from escalation.errors import CalendarError

SHIPPED = Path(__file__).parent / "calendars" / "china_2025_2026.csv"
HEADER = ("date", "kind", "name")
DayKind = Literal["holiday", "workday"]
SkippedKind = Literal["holiday", "weekend", "closed"]
Period = tuple[time, time]

_KINDS: Mapping[str, DayKind] = {
    "holiday": "holiday",
    "workday": "workday",
    "放假": "holiday",
    "上班": "workday",
}
HEADINGS = {"日期": "date", "安排": "kind", "名称": "name"}
_LONGEST = timedelta(days=3660)


@dataclass(frozen=True, slots=True)
class Day:
    """What the official arrangement says of one day that a weekday alone does not say."""

    kind: DayKind
    name: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """A stretch of time that did not count, and why: a holiday, a weekend, or hours in which offices are closed."""

    from_at: datetime
    to_at: datetime
    kind: SkippedKind
    name: str


@dataclass(frozen=True)
class WorkCalendar:
    """Which days are worked, and in which hours. Values in, values out; all moments are aware."""

    zone: ZoneInfo
    hours: tuple[Period, ...]
    days: Mapping[date, Day]
    source: str = ""
    digest: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "digest", hashlib.sha256(self.text().encode()).hexdigest()[:16])

    def is_workday(self, day: date) -> bool:
        """Whether offices work on this day: what the arrangement says of it, else Monday to Friday."""
        said = self.days.get(day)
        return said.kind == "workday" if said else day.weekday() < 5

    def covers(self, day: date) -> bool:
        """Whether the arrangement of this day's year was imported: it then names 1 January and 1 October."""
        ends = (date(day.year, 1, 1), date(day.year, 10, 1))
        return all(self.days.get(d, _NO_DAY).kind == "holiday" for d in ends)

    def gaps(self, first: date, last: date) -> tuple[int, ...]:
        """The years from `first` to `last` whose arrangement was never imported."""
        return tuple(y for y in range(first.year, last.year + 1) if not self.covers(date(y, 1, 1)))

    def add_working_days(self, at: datetime, days: int) -> datetime:
        """The end (local midnight) of the working day that is `days` after this one; the day of `at` never counts."""
        day = at.astimezone(self.zone).date()
        for _ in range(days):
            day += timedelta(days=1)
            while not self.is_workday(day):
                day += timedelta(days=1)
        return self._midnight(day + timedelta(days=1), at)

    def add_working_time(self, at: datetime, span: timedelta) -> datetime:
        """The moment when `span` of working time has passed since `at`; never before `at`."""
        left, end = span, at
        if left <= timedelta():
            return at
        for start, stop in self._open(at, at + _LONGEST):
            if stop - start >= left:
                return (start + left).astimezone(at.tzinfo)
            left, end = left - (stop - start), stop
        raise CalendarError(f"十年里都凑不够 {span} 工作时间，请检查日历（数到 {end:%Y-%m-%d}）。")

    def working_time(self, from_at: datetime, to_at: datetime) -> timedelta:
        """How much working time lies between two moments."""
        return sum((stop - start for start, stop in self._open(from_at, to_at)), timedelta())

    def skipped(self, from_at: datetime, to_at: datetime, *, hours: bool = False) -> tuple[Skipped, ...]:
        """What did not count between two moments, in order: days off, joined while they have one name, and with
        `hours` also the nights and the breaks of working days."""
        found: list[Skipped] = []
        for day in self._days(from_at, to_at):
            start, end = self._midnight(day, from_at), self._midnight(day + timedelta(days=1), from_at)
            if not self.is_workday(day):
                said = self.days.get(day)
                kind: SkippedKind = "holiday" if said else "weekend"
                found.append(Skipped(start, end, kind, said.name if said else "周末"))
            elif hours:
                edges = [start, *(m for p in self._periods(day, from_at) for m in p), end]
                closed = list(zip(edges[::2], edges[1::2], strict=True))
                found += [Skipped(a, b, "closed", "非工作时间") for a, b in closed if a < b]
        return tuple(_joined(_clipped(found, from_at, to_at)))

    def text(self) -> str:
        """The whole calendar as the one file that `read_calendar` reads back to the same calendar."""
        out = StringIO()
        periods = " ".join(f"{a:%H:%M}-{b:%H:%M}" for a, b in self.hours)
        out.write(f"# zone: {self.zone.key}\n# hours: {periods}\n")
        if self.source:
            out.write(f"# source: {self.source}\n")
        lines = csv.writer(out, lineterminator="\n")
        lines.writerow(HEADER)
        lines.writerows((day.isoformat(), said.kind, said.name) for day, said in sorted(self.days.items()))
        return out.getvalue()

    def joined_with(self, newer: "WorkCalendar") -> "WorkCalendar":
        """This calendar with the years of a newer one in place of its own; hours and zone are the newer's."""
        replaced = {day.year for day in newer.days}
        kept = {day: said for day, said in self.days.items() if day.year not in replaced}
        sources = dict.fromkeys(s for s in (self.source, newer.source) if s)
        return WorkCalendar(newer.zone, newer.hours, {**kept, **newer.days}, "；".join(sources))

    def _days(self, from_at: datetime, to_at: datetime) -> Iterator[date]:
        day, last = from_at.astimezone(self.zone).date(), to_at.astimezone(self.zone).date()
        while day <= last:
            yield day
            day += timedelta(days=1)

    def _periods(self, day: date, like: datetime) -> list[tuple[datetime, datetime]]:
        return [
            (
                datetime.combine(day, start, self.zone).astimezone(like.tzinfo),
                datetime.combine(day, stop, self.zone).astimezone(like.tzinfo),
            )
            for start, stop in self.hours
        ]

    def _open(self, from_at: datetime, to_at: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The stretches of working time between two moments, in order."""
        for day in self._days(from_at, to_at):
            if self.is_workday(day):
                for start, stop in self._periods(day, from_at):
                    if start < to_at and stop > from_at:
                        yield max(start, from_at), min(stop, to_at)

    def _midnight(self, day: date, like: datetime) -> datetime:
        return datetime.combine(day, time(), self.zone).astimezone(like.tzinfo)


_NO_DAY = Day("workday", "")


def read_calendar(text: str, like: WorkCalendar | None = None) -> WorkCalendar:
    """Read a calendar from CSV. `CalendarError` names every wrong line, in Chinese.

    `# zone:` and `# hours:` may stand above the heading; without them they are those of `like`.
    """
    notes: dict[str, str] = {}
    rows: list[tuple[int, list[str]]] = []
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        if line.startswith("#"):
            key, _, value = line[1:].partition(":")
            notes[key.strip()] = value.strip()
        elif line.strip():
            rows.append((number, [cell.strip() for cell in next(csv.reader([line]))]))
    heading = [HEADINGS.get(cell, cell) for cell in rows[0][1]] if rows else []
    if sorted(heading) != sorted(HEADER):
        raise CalendarError("第一行应当是三列的名称：date,kind,name（或 日期,安排,名称）。")
    return calendar_of(
        [(number, dict(zip(heading, cells, strict=False))) for number, cells in rows[1:]], notes, like
    )


def calendar_of(
    rows: Iterable[tuple[int, Mapping[str, str]]], notes: Mapping[str, str], like: WorkCalendar | None = None
) -> WorkCalendar:
    """A calendar of numbered rows, cells by the names of `HEADER`. `CalendarError` names every wrong line."""
    wrong: list[str] = []
    days: dict[date, Day] = {}
    for number, cells in rows:
        try:
            day, said = _row(cells)
        except ValueError as error:
            wrong.append(f"第 {number} 行：{error}")
            continue
        if day in days:
            wrong.append(f"第 {number} 行：{day} 写了两次")
        days[day] = said
    if not days and not wrong:
        wrong.append("表是空的")
    hours, zone = (like.hours, like.zone) if like else ((), ZoneInfo("Asia/Shanghai"))
    try:
        hours = _hours(notes["hours"]) if "hours" in notes else hours
        zone = ZoneInfo(notes["zone"]) if "zone" in notes else zone
        if not hours:
            raise ValueError("没有写工作时间，请加一行 # hours: 08:30-12:00 13:30-17:30")
    except (ZoneInfoNotFoundError, OSError):
        wrong.append(f"开头：没有这个时区「{notes.get('zone')}」")
    except ValueError as error:
        wrong.append(f"开头：{error}")
    if wrong:
        raise CalendarError("；".join(wrong) + "。")
    return WorkCalendar(zone, hours, days, notes.get("source", ""))


def load_calendar(path: Path = SHIPPED) -> WorkCalendar:
    """The calendar that the program ships with."""
    return read_calendar(path.read_text("utf-8"))


def _row(cells: Mapping[str, str]) -> tuple[date, Day]:
    written, kind, name = (cells.get(column, "").strip() for column in HEADER)
    try:
        day = date.fromisoformat(written.removesuffix(" 00:00:00"))
    except ValueError:
        raise ValueError(f"日期应当像 2026-10-01，写的是「{written}」") from None
    if kind not in _KINDS:
        raise ValueError(f"安排应当是 holiday（放假）或 workday（上班），写的是「{kind}」")
    if not name:
        raise ValueError("没有写名称")
    if _KINDS[kind] == "workday" and day.weekday() < 5:
        raise ValueError(f"{day} 本来就是工作日，不是调休上班")
    return day, Day(_KINDS[kind], name)


def _hours(text: str) -> tuple[Period, ...]:
    periods = []
    for part in text.replace(",", " ").split():
        start, dash, stop = part.partition("-")
        if not dash:
            raise ValueError(f"工作时间应当像 08:30-12:00，写的是「{part}」")
        periods.append((_clock(start), _clock(stop)))
    edges = [moment for period in periods for moment in period]
    if not edges or any(a >= b for a, b in pairwise(edges)):
        raise ValueError("工作时间要从早到晚写，前后不重叠")
    return tuple(periods)


def _clock(text: str) -> time:
    try:
        return time.fromisoformat(text)
    except ValueError:
        raise ValueError(f"钟点应当像 08:30，写的是「{text}」") from None


def _clipped(found: list[Skipped], from_at: datetime, to_at: datetime) -> Iterator[Skipped]:
    for one in found:
        start, end = max(one.from_at, from_at), min(one.to_at, to_at)
        if start < end:
            yield Skipped(start, end, one.kind, one.name)


def _joined(found: Iterator[Skipped]) -> Iterator[Skipped]:
    last: Skipped | None = None
    for one in found:
        if last and last.to_at == one.from_at and (last.kind, last.name) == (one.kind, one.name):
            last = Skipped(last.from_at, one.to_at, one.kind, one.name)
            continue
        if last:
            yield last
        last = one
    if last:
        yield last
