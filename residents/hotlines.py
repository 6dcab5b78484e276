"""The telephone numbers that residents are shown, with the hours in which somebody really answers.

Numbers come from a checked file and from nowhere else. A line is called open only when its configured
hours say so; nothing is assumed. Hours are local time in China; `now` may be in any time zone.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from residents.content import CODE, Node, read_content
from residents.errors import HotlineError

FOLDER = Path(__file__).parent / "districts"
LOCAL = ZoneInfo("Asia/Shanghai")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = 24 * 60
NATIONAL_LINE, NATIONAL_LINE_HOURS = "12356", 18  # 国卫医政函〔2024〕259号: at least 18 hours every day
DANGER_NUMBERS = ("120", "110")

Purpose = Literal["danger", "talk", "district"]


@dataclass(frozen=True)
class Span:
    """Minutes after midnight in which a line is open; an `end` beyond 24:00 runs into the next day."""

    start: int
    end: int

    def __str__(self) -> str:
        end = self.end if self.end <= DAY else self.end - DAY
        next_day = "次日 " if self.end > DAY else ""
        return f"{_clock(self.start)}–{next_day}{_clock(end)}"


@dataclass(frozen=True)
class Hotline:
    """One number: whom it is for, when it answers in this city, who says so and when that was checked.

    `hours` holds seven days, Monday first, each with the spans that begin on it.
    """

    number: str
    name: str
    purpose: Purpose
    for_what: str
    hours: tuple[tuple[Span, ...], ...]
    city: str
    source: str
    checked_on: date | None

    @property
    def always(self) -> bool:
        """Whether the file says, for every day, that the line answers around the clock."""
        return all(any(s.start == 0 and s.end >= DAY for s in day) for day in self.hours)


def open_now(hotline: Hotline, now: datetime) -> bool:
    """Whether somebody answers now. A naive time is refused with `ValueError`."""
    return _current_span(hotline, _local(now)) is not None


def sentence(hotline: Hotline, now: datetime) -> str:
    """One line for residents: number, name, today's hours, and whether somebody answers now."""
    if open_now(hotline, now):
        answer = "现在有人接"
    elif hotline.number in DANGER_NUMBERS:
        answer = "现在没人接"
    else:
        answer = "现在没人接，急的话打 120 / 110"
    return f"{hotline.number} {hotline.name}，{hours_today(hotline, now)}，{answer}"


def hours_today(hotline: Hotline, now: datetime) -> str:
    """The hours alone, as in `sentence`: 今天 8:00–22:00. After midnight, those that still run."""
    local = _local(now)
    span = _current_span(hotline, local)
    if hotline.always:
        return "24 小时都有人"
    if span is not None and local.hour * 60 + local.minute < span.start:
        return f"昨天 {span}"
    today = hotline.hours[local.weekday()]
    return "今天 " + "、".join(map(str, today)) if today else "今天不开"


def in_danger(hotlines: Sequence[Hotline]) -> tuple[Hotline, ...]:
    """The numbers for danger now: 120 and 110."""
    return tuple(hotline for hotline in hotlines if hotline.purpose == "danger")


def stale(hotlines: Sequence[Hotline], today: date, days: int = 90) -> tuple[Hotline, ...]:
    """The entries that nobody has checked within `days`; so are those never checked, or in the future."""
    return tuple(
        hotline
        for hotline in hotlines
        if hotline.checked_on is None
        or not timedelta(0) <= today - hotline.checked_on <= timedelta(days=days)
    )


def load_hotlines(district: str, folder: Path = FOLDER) -> tuple[Hotline, ...]:
    """Load a district's numbers, in the order in which they are to be shown.

    Refuses (`HotlineError`) a file without 12356, 120 or 110, hours that cannot be read, and a 12356 that
    answers less than 18 hours on any day.
    """
    if not CODE.fullmatch(district):
        raise HotlineError("districts", "(file)", "a district is named by a code such as binjiang")
    return read_hotlines(read_content(folder / f"{district}_hotlines.yml", HotlineError))


def read_hotlines(top: Node) -> tuple[Hotline, ...]:
    """Build the numbers from the content of their file."""
    top.fields(("city", "hotlines"))
    city = top["city"].text()
    hotlines = tuple(_hotline(node, city) for node in top["hotlines"].items())
    numbers = [hotline.number for hotline in hotlines]
    for number in (NATIONAL_LINE, *DANGER_NUMBERS):
        if numbers.count(number) != 1:
            raise top["hotlines"].refuse(f"{number} must stand there once")
    if {hotline.number for hotline in in_danger(hotlines)} != set(DANGER_NUMBERS):
        raise top["hotlines"].refuse("120 and 110, and no others, are for danger")
    return hotlines


def _hotline(node: Node, city: str) -> Hotline:
    node.fields(("number", "name", "purpose", "for_what", "hours", "source", "checked_on"))
    number = node["number"].text()
    if not re.fullmatch(r"\d[\d-]{2,15}", number):
        raise node["number"].refuse("must be a telephone number, in quotes")
    if node["purpose"].value not in ("danger", "talk", "district"):
        raise node["purpose"].refuse("must be danger, talk or district")
    checked_on = node["checked_on"].value
    if checked_on is not None and (not isinstance(checked_on, date) or isinstance(checked_on, datetime)):
        raise node["checked_on"].refuse("must be a day such as 2026-11-02, or null when nobody has checked")
    hotline = Hotline(
        number,
        node["name"].text(),
        node["purpose"].value,
        node["for_what"].text(),
        _week(node["hours"]),
        city,
        node["source"].text(),
        checked_on,
    )
    if number == NATIONAL_LINE:
        for day, spans in zip(DAYS, hotline.hours, strict=True):
            if sum(span.end - span.start for span in spans) < NATIONAL_LINE_HOURS * 60:
                raise node["hours"].refuse(f"{day}: {NATIONAL_LINE} answers at least 18 hours every day")
    if number in DANGER_NUMBERS and not hotline.always:
        raise node["hours"].refuse(f"{number} answers around the clock")
    return hotline


def _week(node: Node) -> tuple[tuple[Span, ...], ...]:
    """Either `every_day` or all seven days: a day that was forgotten is not a day off."""
    if isinstance(node.value, dict) and set(node.value) == {"every_day"}:
        return (_spans(node["every_day"]),) * 7
    node.fields(DAYS)
    return tuple(_spans(node[day]) for day in DAYS)


def _spans(node: Node) -> tuple[Span, ...]:
    spans = sorted((_span(entry) for entry in node.items()), key=lambda span: span.start)
    for earlier, later in pairwise(spans):
        if later.start < earlier.end:
            raise node.refuse("spans overlap")
    return tuple(spans)


def _span(node: Node) -> Span:
    match = re.fullmatch(r"(\d{1,2}):(\d\d)-(\d{1,2}):(\d\d)", str(node.value))
    if not match:
        raise node.refuse("must be a span such as '8:00-22:00' or '20:00-2:00'")
    start, end = int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])
    if int(match[2]) > 59 or int(match[4]) > 59 or start >= DAY or end > DAY or start == end:
        raise node.refuse("must be a span such as '8:00-22:00' or '20:00-2:00'")
    return Span(start, end if end > start else end + DAY)


def _current_span(hotline: Hotline, local: datetime) -> Span | None:
    minute = local.hour * 60 + local.minute
    for span in hotline.hours[local.weekday()]:
        if span.start <= minute < span.end:
            return span
    for span in hotline.hours[(local.weekday() - 1) % 7]:
        if minute + DAY < span.end:
            return span
    return None


def _local(now: datetime) -> datetime:
    if now.tzinfo is None:
        raise ValueError("now must know its time zone")
    return now.astimezone(UTC).astimezone(LOCAL)


def _clock(minutes: int) -> str:
    return f"{minutes // 60}:{minutes % 60:02d}"
