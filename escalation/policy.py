"""The policy of a kind of ticket: its clocks, whom to tell and when, who may do what, and what closes it.

Pure, from a file and a calendar. `Policy.deadline` answers "by when", `Policy.why` how that came about, and
`Policy.step` "whom next"; all take the moments they need, and nothing here looks at a clock or a database.
"""

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, cast
from zoneinfo import ZoneInfo

import yaml

from escalation.calendar import Skipped, WorkCalendar, load_calendar
from escalation.errors import PolicyError
from escalation.triage import Level

ClockName = Literal["acknowledge", "contact", "speak", "visit", "follow_up", "close"]
ReachWhat = Literal["try", "trusted_person", "community", "police"]
Audience = Literal["office", "supervisor", "district_desk"]
CLOCK_NAMES: tuple[ClockName, ...] = ("acknowledge", "contact", "speak", "visit", "follow_up", "close")
"""The clocks that run from the resident's sentence, in the order in which they are met."""
REACH_WHATS: tuple[ReachWhat, ...] = ("try", "trusted_person", "community", "police")
CLOSING_NEEDS = ("spoke", "met", "outcome", "new_level", "next_contact", "follow_up")
ROLES = ("counsellor", "social_worker", "volunteer", "judicial_officer", "supervisor", "duty_officer")
ACTS = (
    "acknowledge", "call", "visit", "refer", "attempt", "sub_task", "plan_follow_up", "follow_up", "close",
    "lower", "answer_lowering", "take_over", "transfer", "answer_transfer", "withdraw_transfer", "hand_over",
    "to_district", "decide", "set_out", "arrived", "back", "two_people", "reopen",
)  # fmt: skip
FOLDER = Path(__file__).parent / "policies"

_DURATION = re.compile(r"^(\d{1,4})([mhd])$")
_WORKING = re.compile(r"^(\d{1,3})w([hd])$")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_WORDS = {"m": "分钟", "h": "小时", "d": "天"}
_TIME_TO_CALL = timedelta(minutes=30)
"""What whoever acknowledges at the last moment, or after it, still has before the day's end counts."""


@dataclass(frozen=True)
class ClockRule:
    """One deadline: `within` of the moment it counts from, in wall time, or `working_time` or `working_days` by the
    calendar; none of them is the end of the local day.

    `after_acknowledged`: it counts from the acknowledgement, and `at_latest` holds while nobody has acknowledged.
    `again_every`: how often its lateness is passed on, where that is not the level's own rhythm. `text`: as written.
    """

    within: timedelta | None
    working_days: int = 0
    working_time: timedelta | None = None
    after_acknowledged: bool = False
    at_latest: timedelta | None = None
    again_every: timedelta | None = None
    text: str = ""

    @property
    def by_calendar(self) -> bool:
        """Whether a change of the calendar may change this deadline."""
        return self.working_days > 0 or self.working_time is not None

    @property
    def about(self) -> timedelta:
        """The span without the calendar; until the end of the day it is at most a day."""
        return self.within or self.working_time or timedelta(days=max(1, self.working_days))


@dataclass(frozen=True)
class Step:
    """Whom to tell, how long after the ticket opened, and how often again when it is the last."""

    tell: Audience
    after: timedelta
    repeat_every: timedelta | None = None


@dataclass(frozen=True)
class Unreachable:
    """What is tried when the resident cannot be reached: `tries` on at least `ways` ways, then each of `then`.

    By when each is due after the last try is `Policy.deadline("reach.<what>", level, last_try)`; the spans here are
    the same without the calendar, a working day being a day.
    """

    tries: int
    ways: int
    clocks: Mapping[ReachWhat, ClockRule]

    @property
    def again_after(self) -> timedelta:
        """How long to wait before the next try of one's own."""
        return self.clocks["try"].about

    @property
    def then(self) -> tuple[tuple[ReachWhat, timedelta], ...]:
        """The steps after one's own tries, in order, each with about how long it may take."""
        return tuple((what, rule.about) for what, rule in self.clocks.items() if what != "try")


@dataclass(frozen=True)
class LevelRules:
    """What one level asks of an office. `acknowledgements`: how many people must have taken the ticket."""

    begins_with: tuple[str, ...]
    clocks: Mapping[ClockName, ClockRule]
    late_again_every: timedelta
    steps: tuple[Step, ...]
    closing: tuple[str, ...]
    acknowledgements: int = 1
    unreachable: Unreachable | None = None


@dataclass(frozen=True)
class TransferRules:
    """By when an office that is asked to take a ticket answers, and the refusals after which the district decides."""

    answer_within: Mapping[Level, timedelta]
    bounces: int


@dataclass(frozen=True)
class TripRules:
    """How long a visit may last before somebody asks after the visitor."""

    longest: timedelta


@dataclass(frozen=True)
class Why:
    """How a deadline came about: the rule, what it counted from, and what did not count on the way.

    `gaps`: years whose official arrangement was not imported, so that only weekends were skipped.
    """

    clock: str
    rule: str
    counts_from: datetime
    due_at: datetime
    skipped: tuple[Skipped, ...]
    gaps: tuple[int, ...]
    edition: str
    after_acknowledged: bool = False


@dataclass(frozen=True)
class Policy:
    """The rules of one kind of ticket, as an edition that tickets keep.

    `edition` names the exact content of the file and of the calendar: what it gives today it gives for ever.
    """

    kind: str
    name: str
    version: str
    signed_by: str | None
    calendar: WorkCalendar
    edition: str
    levels: Mapping[Level, LevelRules]
    follow_up_ladder: tuple[timedelta, ...]
    acts: tuple[str, ...]
    who: Mapping[str, frozenset[str]]
    proposes: tuple[str, ...]
    outcomes: Mapping[str, str]
    transfer: TransferRules
    trip: TripRules

    @property
    def zone(self) -> ZoneInfo:
        """Where a day begins and ends."""
        return self.calendar.zone

    def may(self, role: str, act: str) -> bool:
        """Whether this role may do this on a ticket of this kind."""
        return role in self.who.get(act, ())

    def clocks(self, level: Level) -> tuple[ClockName, ...]:
        """The clocks that run at this level from the resident's sentence on."""
        return tuple(self.levels[level].clocks)

    def rule(self, clock: str, level: Level) -> ClockRule:
        """The rule of one clock; `reach.<what>` is that of one step of the cannot-reach protocol."""
        rules = self.levels[level]
        name, _, what = clock.partition(".")
        if name == "reach" and what and rules.unreachable is not None:
            return rules.unreachable.clocks[cast(ReachWhat, what)]
        return rules.clocks[cast(ClockName, clock)]

    def late_again(self, clock: str, level: Level) -> timedelta:
        """How often the lateness of this clock is passed on."""
        known = self.levels[level].clocks.get(cast(ClockName, clock))
        return (known.again_every if known else None) or self.levels[level].late_again_every

    def deadline(
        self, clock: str, level: Level, spoken_at: datetime, acknowledged_at: datetime | None = None
    ) -> datetime:
        """When this clock runs out, counted from the resident's sentence (or from the acknowledgement)."""
        rule = self.rule(clock, level)
        if rule.after_acknowledged and acknowledged_at is not None:
            return acknowledged_at + cast(timedelta, rule.within)
        if rule.after_acknowledged:
            return spoken_at + cast(timedelta, rule.at_latest)
        if rule.within is not None:
            return spoken_at + rule.within
        if rule.working_time is not None:
            return self.calendar.add_working_time(spoken_at, rule.working_time)
        due = self.calendar.add_working_days(spoken_at, rule.working_days)
        if clock == "acknowledge" or rule.working_days:
            return due
        acknowledged = self.deadline("acknowledge", level, spoken_at)
        if clock == "contact" and acknowledged_at is not None:
            acknowledged = acknowledged_at
        return max(due, acknowledged + _TIME_TO_CALL)

    def why(
        self, clock: str, level: Level, spoken_at: datetime, acknowledged_at: datetime | None = None
    ) -> Why:
        """How `deadline` of the same moments came about, with what the calendar skipped."""
        rule = self.rule(clock, level)
        due = self.deadline(clock, level, spoken_at, acknowledged_at)
        after = rule.after_acknowledged and acknowledged_at is not None
        start = cast(datetime, acknowledged_at) if after else spoken_at
        skipped: tuple[Skipped, ...] = ()
        gaps: tuple[int, ...] = ()
        if rule.by_calendar:
            skipped = self.calendar.skipped(start, due, hours=rule.working_time is not None)
            local = (m.astimezone(self.zone).date() for m in (start, due - timedelta(microseconds=1)))
            gaps = self.calendar.gaps(*local)
        return Why(clock, rule.text, start, due, skipped, gaps, self.edition, after)

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


def load_policy(kind: str, folder: Path = FOLDER, calendar: WorkCalendar | None = None) -> Policy:
    """Read `<kind>.yml`. Anything unknown, missing or unreachable is a `PolicyError` that names the place."""
    path = folder / f"{kind}.yml"
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise PolicyError(f"{path.name}: {error}") from error
    return read_policy(text, calendar or load_calendar(), path.name)


def read_policy(text: str, calendar: WorkCalendar, name: str = "policy") -> Policy:
    """A policy from the content of its file, together with the calendar that it counts by."""
    try:
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        return _policy(yaml.safe_load(text), calendar, digest)
    except (yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise PolicyError(f"{name}: {error}") from error


def load_kinds(folder: Path = FOLDER) -> tuple[str, ...]:
    """The published list: the kinds of ticket that a street may be given, and no others."""
    path = folder / "kinds.yml"
    try:
        return read_kinds(path.read_text("utf-8"))
    except OSError as error:
        raise PolicyError(f"{path.name}: {error}") from error


def read_kinds(text: str) -> tuple[str, ...]:
    """The published list from the content of its file."""
    try:
        raw = yaml.safe_load(text)
        _only(raw, "kinds version signed_by", "kinds")
        kinds = tuple(raw["kinds"])
        if (
            not kinds
            or len(set(kinds)) < len(kinds)
            or not all(re.match(r"^[a-z][a-z_]*$", k) for k in kinds)
        ):
            raise ValueError("kinds: 每一种只写一次，用小写英文名")
        return kinds
    except (yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise PolicyError(f"kinds.yml: {error}") from error


def _policy(raw: dict[str, Any], calendar: WorkCalendar, digest: str) -> Policy:
    known = (
        "kind name version signed_by levels steps follow_up_ladder closing unreachable transfer trip "
        "acts proposes outcomes"
    )
    _only(raw, known, "policy")
    names = set(raw["levels"])
    for part in ("steps", "closing"):
        if set(raw[part]) != names:
            raise ValueError(f"{part}: 级别要和 levels 一样（{'、'.join(sorted(names))}）")
    _only(raw.get("unreachable") or {}, " ".join(names), "unreachable")
    levels = {Level[name.upper()]: _level(raw, name) for name in raw["levels"]}
    who = {act: frozenset(roles) for act, roles in raw["acts"].items()}
    _only(who, " ".join(ACTS), "acts")
    for act, roles in who.items():
        _only({role: None for role in roles}, " ".join(ROLES), f"acts.{act}")
        if not roles:
            raise ValueError(f"acts.{act}: 没有人可以做")
    for act in ("acknowledge", "close"):
        if act not in who:
            raise ValueError(f"acts: 少了 {act}，这张工单就没有人能签收或结案")
    proposes = tuple(raw.get("proposes", ()))
    _only({act: None for act in proposes}, " ".join(who), "proposes")
    outcomes = {str(key): str(word) for key, word in raw["outcomes"].items()}
    if not outcomes:
        raise ValueError("outcomes: 至少要有一种结果")
    version = str(raw["version"])
    return Policy(
        kind=raw["kind"],
        name=raw["name"],
        version=version,
        signed_by=raw["signed_by"],
        calendar=calendar,
        edition=f"{raw['kind']}/{version}#{digest}+{calendar.digest}",
        levels=levels,
        follow_up_ladder=_ladder(raw["follow_up_ladder"]),
        acts=tuple(who),
        who=who,
        proposes=proposes,
        outcomes=outcomes,
        transfer=_transfer(raw["transfer"], levels),
        trip=TripRules(_duration(_only(raw["trip"], "longest", "trip")["longest"])),
    )


def _level(raw: dict[str, Any], name: str) -> LevelRules:
    body = raw["levels"][name]
    _only(body, "begins_with acknowledgements clocks late_again_every", name)
    _only(body["clocks"], " ".join(CLOCK_NAMES), f"{name}.clocks")
    clocks = {
        clock: _clock(body["clocks"][clock], f"{name}.{clock}")
        for clock in CLOCK_NAMES
        if clock in body["clocks"]
    }
    if "acknowledge" not in clocks:
        raise ValueError(f"{name}.acknowledge is missing: nobody would have to answer")
    _in_order(clocks, name)
    closing = tuple(raw["closing"][name])
    _only({need: None for need in closing}, " ".join(CLOSING_NEEDS), f"closing.{name}")
    acknowledgements = body.get("acknowledgements", 1)
    if acknowledgements not in (1, 2):
        raise ValueError(f"{name}.acknowledgements: 只能是 1 或 2")
    unreachable = (raw.get("unreachable") or {}).get(name)
    return LevelRules(
        begins_with=tuple(body["begins_with"]),
        clocks=clocks,
        late_again_every=_duration(body["late_again_every"]),
        steps=_steps(raw["steps"][name], name),
        closing=closing,
        acknowledgements=acknowledgements,
        unreachable=_unreachable(unreachable, f"unreachable.{name}") if unreachable else None,
    )


def _clock(raw: dict[str, Any], where: str) -> ClockRule:
    _only(raw, "within after at_latest again_every", where)
    after = raw.get("after")
    if after not in (None, "acknowledged"):
        raise ValueError(f"{where}: after {after!r}")
    if after and "at_latest" not in raw:
        raise ValueError(
            f"{where}: a clock after the acknowledgement needs at_latest, or it might never start"
        )
    rule = _span(raw["within"], where)
    if after and rule.within is None:
        raise ValueError(f"{where}: within")
    at_latest = _duration(raw["at_latest"]) if "at_latest" in raw else None
    again = _duration(raw["again_every"]) if "again_every" in raw else None
    text = f"签收后 {rule.text}，没有人签收时 {_in_words(raw['at_latest'])}" if after else rule.text
    return ClockRule(
        rule.within, rule.working_days, rule.working_time, after is not None, at_latest, again, text
    )


def _span(text: str, where: str) -> ClockRule:
    """`15m`, `2h`, `3d` of wall time; `8wh`, `3wd` by the calendar; `end_of_day` of the local day."""
    if text == "end_of_day":
        return ClockRule(None, text="当天 24 点前")
    working = _WORKING.match(str(text))
    if working and not int(working[1]):
        raise ValueError(f"{where}: within {text!r}")
    if working and working[2] == "d":
        return ClockRule(None, working_days=int(working[1]), text=f"{working[1]} 个工作日")
    if working:
        return ClockRule(None, working_time=timedelta(hours=int(working[1])), text=f"{working[1]} 个工作小时")
    return ClockRule(_duration(text), text=_in_words(text))


def _in_order(clocks: Mapping[ClockName, ClockRule], name: str) -> None:
    """A later stage with a sooner deadline could never be met in time by whoever keeps to the one before."""
    timed = [(c, r.within) for c, r in clocks.items() if r.within is not None and not r.after_acknowledged]
    for (before, sooner), (after, later) in pairwise(timed):
        if cast(timedelta, sooner) > cast(timedelta, later):
            raise ValueError(f"{name}: {after} 的时限比前一步 {before} 还早")


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
    if not steps[-1].repeat_every:
        raise ValueError(f"steps.{where}: repeat_every 不能是零")
    if steps[-1].tell != "district_desk":
        raise ValueError(f"steps.{where}: 最后一步要通知区值班台 district_desk")
    return tuple(steps)


def _unreachable(raw: dict[str, Any], where: str) -> Unreachable:
    _only(raw, "tries ways again_after then", where)
    tries, ways = int(raw["tries"]), int(raw["ways"])
    if not 1 <= ways <= tries:
        raise ValueError(f"{where}: ways 在 1 和 tries 之间")
    clocks: dict[ReachWhat, ClockRule] = {"try": _span(raw["again_after"], where)}
    for body in raw["then"]:
        ((what, within),) = body.items()
        if what not in REACH_WHATS[1:] or what in clocks:
            raise ValueError(f"{where}: then {what!r}")
        clocks[what] = _span(within, f"{where}.{what}")
    return Unreachable(tries, ways, clocks)


def _transfer(raw: dict[str, Any], levels: Collection[Level]) -> TransferRules:
    _only(raw, "answer_within bounces", "transfer")
    within = {Level[name.upper()]: _duration(span) for name, span in raw["answer_within"].items()}
    if set(within) != set(levels):
        raise ValueError("transfer.answer_within: 每个级别都要写，也只写这些级别")
    if int(raw["bounces"]) < 1:
        raise ValueError("transfer.bounces: 至少是 1")
    return TransferRules(within, int(raw["bounces"]))


def _ladder(raw: list[str]) -> tuple[timedelta, ...]:
    ladder = tuple(_duration(span) for span in raw)
    if any(a >= b for a, b in pairwise(ladder)):
        raise ValueError("follow_up_ladder: 要从近到远")
    return ladder


def _duration(text: str) -> timedelta:
    match = _DURATION.match(str(text))
    if not match:
        raise ValueError(f"not a duration: {text!r}")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def _in_words(text: str) -> str:
    """A span of wall time as people say it."""
    _duration(text)
    return f"{text[:-1]} {_WORDS[text[-1]]}"


def _only(raw: dict[str, Any] | Mapping[str, Any], known: str, where: str) -> Any:
    unknown = set(raw) - set(known.split())
    if unknown:
        raise ValueError(f"{where}: unknown {', '.join(sorted(map(str, unknown)))}")
    return raw
