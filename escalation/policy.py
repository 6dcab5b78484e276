"""The policy of a kind of ticket: its clocks, whom to tell and when, and what closes it. Pure, from a file.

`Policy.deadline` answers "by when" and `Policy.step` answers "whom next"; both take the moments they need, and
nothing here looks at a clock or a database.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, cast
from zoneinfo import ZoneInfo

import yaml

from escalation.errors import PolicyError
from escalation.triage import Level

ClockName = Literal["acknowledge", "contact", "speak", "visit"]
Audience = Literal["office", "supervisor", "district_desk"]
CLOCK_NAMES: tuple[ClockName, ...] = ("acknowledge", "contact", "speak", "visit")

_DURATION = re.compile(r"^(\d{1,4})([mhd])$")
_WORKING_DAYS = re.compile(r"^(\d{1,2})wd$")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_FOLDER = Path(__file__).parent / "policies"
_TIME_TO_CALL = timedelta(minutes=30)
"""What whoever acknowledges at the last moment, or after it, still has before the day's end counts."""


@dataclass(frozen=True)
class ClockRule:
    """One deadline: `within` of the resident's sentence, or of the acknowledgement; `at_latest` holds while
    nobody has acknowledged. `within` None is the end of the local day, `working_days` later."""

    within: timedelta | None
    working_days: int = 0
    after_acknowledged: bool = False
    at_latest: timedelta | None = None


@dataclass(frozen=True)
class Step:
    """Whom to tell, how long after the ticket opened, and how often again when it is the last."""

    tell: Audience
    after: timedelta
    repeat_every: timedelta | None = None


@dataclass(frozen=True)
class LevelRules:
    """What one level asks of an office."""

    begins_with: tuple[str, ...]
    clocks: Mapping[ClockName, ClockRule]
    late_again_every: timedelta
    steps: tuple[Step, ...]
    closing: tuple[str, ...]


@dataclass(frozen=True)
class Policy:
    """The rules of one kind of ticket, as a version that tickets keep."""

    kind: str
    version: str
    signed_by: str | None
    zone: ZoneInfo
    levels: Mapping[Level, LevelRules]
    follow_up_ladder: tuple[timedelta, ...]

    def clocks(self, level: Level) -> tuple[ClockName, ...]:
        """The clocks that run at this level."""
        return tuple(self.levels[level].clocks)

    def deadline(
        self, clock: ClockName, level: Level, spoken_at: datetime, acknowledged_at: datetime | None = None
    ) -> datetime:
        """When this clock runs out, counted from the resident's sentence (or from the acknowledgement)."""
        rules = self.levels[level].clocks
        rule = rules[clock]
        if rule.after_acknowledged and acknowledged_at is not None:
            return acknowledged_at + cast(timedelta, rule.within)
        if rule.after_acknowledged:
            return spoken_at + cast(timedelta, rule.at_latest)
        if rule.within is not None:
            return spoken_at + rule.within
        day = spoken_at.astimezone(self.zone)
        for _ in range(rule.working_days):
            day = _next_working_day(day)
        midnight = (day + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        due = midnight.astimezone(spoken_at.tzinfo)
        if clock == "acknowledge" or rule.working_days:
            return due
        acknowledged = self.deadline("acknowledge", level, spoken_at)
        if clock == "contact" and acknowledged_at is not None:
            acknowledged = acknowledged_at
        return max(due, acknowledged + _TIME_TO_CALL)

    def step(self, level: Level, number: int) -> Step:
        """Step `number` (0 is the first); beyond the last, the last again."""
        steps = self.levels[level].steps
        return steps[min(number, len(steps) - 1)]

    def next_step(self, level: Level, number: int, since: datetime, now: datetime) -> int:
        """The step after `number`. Repetitions whose time has passed are left out: a long silence of ours is not
        made up for all at once."""
        number += 1
        while number >= len(self.levels[level].steps) and self.step_due(level, number, since) <= now:
            number += 1
        return number

    def step_due(self, level: Level, number: int, since: datetime) -> datetime:
        """When step `number` is taken if nobody has acknowledged by then."""
        steps = self.levels[level].steps
        step = steps[min(number, len(steps) - 1)]
        beyond = max(0, number - (len(steps) - 1))
        return since + step.after + beyond * (step.repeat_every or timedelta())


def load_policy(kind: str, folder: Path = _FOLDER) -> Policy:
    """Read `<kind>.yml`. Anything unknown, missing or unreachable is a `PolicyError` that names the place."""
    path = folder / f"{kind}.yml"
    try:
        return _policy(yaml.safe_load(path.read_text("utf-8")))
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise PolicyError(f"{path.name}: {error}") from error


def _policy(raw: dict[str, Any]) -> Policy:
    _only(raw, "kind version signed_by local_time levels steps follow_up_ladder closing", "policy")
    levels = {}
    for name, body in raw["levels"].items():
        _only(body, "begins_with clocks late_again_every", name)
        _only(body["clocks"], " ".join(CLOCK_NAMES), f"{name}.clocks")
        clocks = {clock: _clock(rule, f"{name}.{clock}") for clock, rule in body["clocks"].items()}
        if "acknowledge" not in clocks:
            raise ValueError(f"{name}.acknowledge is missing: nobody would have to answer")
        levels[Level[name.upper()]] = LevelRules(
            begins_with=tuple(body["begins_with"]),
            clocks=clocks,
            late_again_every=_duration(body["late_again_every"]),
            steps=_steps(raw["steps"][name], name),
            closing=tuple(raw["closing"][name]),
        )
    return Policy(
        kind=raw["kind"],
        version=str(raw["version"]),
        signed_by=raw["signed_by"],
        zone=ZoneInfo(raw["local_time"]),
        levels=levels,
        follow_up_ladder=tuple(_duration(d) for d in raw["follow_up_ladder"]),
    )


def _clock(raw: dict[str, Any], where: str) -> ClockRule:
    _only(raw, "within after at_latest", where)
    after = raw.get("after")
    if after not in (None, "acknowledged"):
        raise ValueError(f"{where}: after {after!r}")
    if after and "at_latest" not in raw:
        raise ValueError(
            f"{where}: a clock after the acknowledgement needs at_latest, or it might never start"
        )
    days = _WORKING_DAYS.match(str(raw["within"]))
    within = None if days or raw["within"] == "end_of_day" else _duration(raw["within"])
    if after and within is None:
        raise ValueError(f"{where}: within")
    at_latest = _duration(raw["at_latest"]) if "at_latest" in raw else None
    return ClockRule(within, int(days[1]) if days else 0, after is not None, at_latest)


def _steps(raw: list[dict[str, Any]], where: str) -> tuple[Step, ...]:
    steps = []
    for number, body in enumerate(raw):
        _only(body, "tell after repeat_every", f"steps.{where}.{number}")
        if body["tell"] not in ("office", "supervisor", "district_desk"):
            raise ValueError(f"steps.{where}.{number}: tell {body['tell']!r}")
        repeat = _duration(body["repeat_every"]) if "repeat_every" in body else None
        steps.append(Step(body["tell"], _duration(body["after"]), repeat))
    if not steps or steps[0].after or any(a.after >= b.after for a, b in pairwise(steps)):
        raise ValueError(f"steps.{where}: the first is at 0m and each later one comes after the one before")
    if steps[-1].repeat_every is None or any(s.repeat_every for s in steps[:-1]):
        raise ValueError(f"steps.{where}: the last step, and only the last, repeats until a person acts")
    return tuple(steps)


def _duration(text: str) -> timedelta:
    match = _DURATION.match(str(text))
    if not match:
        raise ValueError(f"not a duration: {text!r}")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def _next_working_day(day: datetime) -> datetime:
    """The next Monday to Friday. Public holidays join when their official calendar is imported."""
    day += timedelta(days=1)
    while day.weekday() >= 5:
        day += timedelta(days=1)
    return day


def _only(raw: dict[str, Any], known: str, where: str) -> None:
    unknown = set(raw) - set(known.split())
    if unknown:
        raise ValueError(f"{where}: unknown {', '.join(sorted(unknown))}")
