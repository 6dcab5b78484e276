"""What a changed table, policy or calendar would have done on what really came in, before it is brought into force.

Everything is computed twice from what is kept, by what is in force and by the proposal; nothing is changed. A
rehearsal that was shown is kept with what it was compared with, and without it nothing can be saved.

Whoever moves a cut-off and looks again could ask after one person in this way. So a rehearsal looks at four weeks at
least, its people are counted in tens (`escalation/roughly.py`), and of a new rule only whom it changes is told: what
it changes for fewer than ten reads like nothing changed.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

import yaml
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from escalation.calendar import WorkCalendar, read_calendar
from escalation.errors import NotRehearsed, PolicyError
from escalation.level_policy import LevelPolicyError, level_policy_from
from escalation.policy import Policy, read_kinds, read_policy
from escalation.policy_book import CALENDAR, KINDS, LEVELS, PolicyBook
from escalation.replay import Forms, forms_kept, worst_of_all
from escalation.roughly import LEAST, roughly, share, tens
from escalation.signal import Rating, Signal
from escalation.teamwork import Acknowledgement
from escalation.ticket import DeadlineSet, Ticket, TicketClock
from escalation.triage import Level, LevelPolicy
from storage import audit, edition
from storage.vault import Vault

CLOCKS = {
    "acknowledge": "签收",
    "contact": "联系",
    "speak": "通话",
    "visit": "走访",
    "reach": "找人的下一步",
    "follow_up": "随访",
    "close": "结案",
}
OPENED_BY_ITSELF = ("home_visit", "call_back")
"""The kinds that residents' words and wishes open: they cannot leave the list."""
PERIODS = (28, 56, 84)
"""How many days may be looked at: whole weeks, far apart, so that no two rehearsals differ by one day's people."""
TOO_FEW = f"最近的人太少（不到 {LEAST} 位），算不出来：再小的数，就可能说出一个人的回答。请先看改了哪些行。"
NOT_NONE = (
    f"「不到 {LEAST}」可能是一个也没有，也可能是九个，不等于没有；再小就可能说出一个人的回答，所以不写。"
)


@dataclass(frozen=True)
class Rehearsal:
    """One proposal against what is in force, as lines for a person."""

    subject: str
    content: str
    against: str
    lines: tuple[str, ...]


def subject_of(content: str) -> str:
    """What a file is about, by what is in it: `levels`, `kinds`, `calendar` or `policy:<kind>`."""
    try:
        raw = yaml.safe_load(content)
    except yaml.YAMLError as error:
        raise PolicyError(f"读不懂：{str(error).splitlines()[0]}") from error
    if isinstance(raw, Mapping):
        if "kind" in raw:
            return f"policy:{raw['kind']}"
        if "kinds" in raw:
            return KINDS
        if "words" in raw and "answers" in raw:
            return LEVELS
    elif "date,kind,name" in content:
        return CALENDAR
    raise PolicyError("认不出这是什么：要么是工单政策（有 kind），要么是分级表、种类表或日历。")


def rehearse(
    db: Session, vault: Vault, policies: PolicyBook, content: str, now: datetime, days: int = PERIODS[0]
) -> Rehearsal:
    """Compare a proposal with what is in force on the last `days`, one of `PERIODS`.

    `PolicyError` says what is wrong with the proposal or with the days.
    """
    if days not in PERIODS:
        raise PolicyError("预演用最近 28、56 或 84 天的记录：天数再少，就能看出一个人的回答。")
    subject = subject_of(content)
    since = now - timedelta(days=days)
    checked = _checked(db, policies, subject, content)
    if isinstance(checked, LevelPolicy):
        lines = list(_levels(db, vault, policies, checked, since, days))
    elif isinstance(checked, Policy):
        lines = list(_policy(db, policies, checked, since, now))
    elif isinstance(checked, WorkCalendar):
        lines = list(_calendar(db, policies, checked, since, now))
    else:
        gone = [kind for kind in policies if kind not in checked]
        lines = [f"种类：{'、'.join(checked)}。", f"不再派的：{'、'.join(gone) or '没有'}。"]
    return Rehearsal(subject, content, _in_force(db, subject), tuple(lines))


def shown(db: Session, rehearsal: Rehearsal, by: str, now: datetime) -> None:
    """Keep that this rehearsal was shown, so that exactly this may be saved over exactly what it was compared with."""
    edition.save(db, f"rehearsed:{rehearsal.subject}", _bound(rehearsal.against, rehearsal.content), by, now)


def was_shown(db: Session, subject: str, content: str) -> bool:
    """Whether somebody saw exactly this rehearsed against exactly what is in force now."""
    rehearsed = edition.digest_of(_bound(_in_force(db, subject), content))
    return edition.by_digest(db, f"rehearsed:{subject}", rehearsed) is not None


def save(
    db: Session, policies: PolicyBook, content: str, by: str, now: datetime, second: str = "", note: str = ""
) -> edition.Edition:
    """Bring a proposal into force, everywhere at the next look.

    `NotRehearsed` when exactly this was not shown against what is in force now. The table of levels decides who is
    found at all, so two different people stand for it.
    """
    subject = subject_of(content)
    _checked(db, policies, subject, content)
    if not by.strip():
        raise PolicyError("要写明是谁保存的（--by）。")
    if subject == LEVELS and (not second.strip() or second.strip() == by.strip()):
        raise PolicyError("改分级表要两个人：--by 和 --second 写两个不同的名字。")
    if not was_shown(db, subject, content):
        raise NotRehearsed()
    names = f"{by}、{second}" if second.strip() else by
    saved = edition.save(db, subject, content, names, now, note)
    audit.record(
        db, actor=by, action="rules.saved", subject=subject, at=now, digest=saved.digest, second=second
    )
    return saved


def _checked(
    db: Session, policies: PolicyBook, subject: str, content: str
) -> LevelPolicy | Policy | WorkCalendar | tuple[str, ...]:
    """The proposal as the program would use it, or the error that says why it never may."""
    if subject == LEVELS:
        try:
            return level_policy_from(content, "分级表")
        except LevelPolicyError as error:
            raise PolicyError(str(error)) from error
    if subject == CALENDAR:
        return read_calendar(content, policies.calendar)
    if subject == KINDS:
        kinds = read_kinds(content)
        for kind in OPENED_BY_ITSELF:
            if kind not in kinds:
                raise PolicyError(f"{kind} 不能去掉：居民一开口就会用到它。")
        for kind in kinds:
            if kind not in policies and edition.current(db, f"policy:{kind}") is None:
                raise PolicyError(f"{kind} 还没有政策，先保存它的政策文件。")
        return kinds
    policy = read_policy(content, policies.calendar, subject)
    if policy.kind in policies:
        missing = [level.key for level in policies[policy.kind].levels if level not in policy.levels]
        if missing:
            raise PolicyError(f"{policy.kind}: 现行的级别不能少：{'、'.join(missing)}")
    return policy


def _in_force(db: Session, subject: str) -> str:
    kept = edition.current(db, subject)
    return kept.digest if kept else ""


def _bound(against: str, content: str) -> str:
    return f"{against}\n{content}"


# --- the table of levels ----------------------------------------------------------------------------


@dataclass
class Person:
    """The worst level of one resident by each of two tables, and since when they are red."""

    old: Level | None = None
    new: Level | None = None
    old_red: datetime | None = None
    new_red: datetime | None = None

    def heard(self, at: datetime, old: Level | None, new: Level | None) -> None:
        self.old, self.new = max(self.old or 0, old or 0), max(self.new or 0, new or 0)  # type: ignore[assignment]
        if old is Level.RED:
            self.old_red = min(self.old_red or at, at)
        if new is Level.RED:
            self.new_red = min(self.new_red or at, at)


def _levels(
    db: Session, vault: Vault, policies: PolicyBook, levels: LevelPolicy, since: datetime, days: int
) -> Iterator[str]:
    forms = forms_kept(db)
    people: dict[UUID, Person] = defaultdict(Person)
    judged = forgotten = 0
    for resident, at, row in _judgements(db, since):
        inputs = vault.open(row, "inputs")
        if inputs is None:
            forgotten += 1
            continue
        judged += 1
        people[resident].heard(at, *(_level(inputs, table, forms) for table in (policies.levels, levels)))
    yield (
        f"最近 {days} 天：{roughly(judged)} 次判断，{roughly(len(people))} 位居民；"
        f"另有 {roughly(forgotten)} 次的依据已删除或没有保存。"
    )
    yield from compared(people, policies["home_visit"], _outcomes(db, since), days)


def compared(
    people: Mapping[UUID, Person], home: Policy, outcomes: Mapping[UUID, str], days: int
) -> Iterator[str]:
    """What two tables make of the same people: calls, visits, reds and mistakes, in tens."""
    if len(people) < LEAST:
        yield TOO_FEW
        return
    weeks = days / 7
    for act, word in (("visit", "上门"), ("call", "电话")):
        begins = [(_begins(home, p.old, act), _begins(home, p.new, act)) for p in people.values()]
        more, fewer = begins.count((False, True)), begins.count((True, False))
        yield (
            f"{word}：现行 {roughly(sum(old for old, _ in begins))} 人；"
            f"换成新表，多 {roughly(more)} 人，少 {roughly(fewer)} 人{_weekly(more, fewer, weeks)}。"
        )
    reds = [(p.old_red, p.new_red) for p in people.values()]
    sooner = sum(new is not None and (old is None or new < old) for old, new in reds)
    later = sum(old is not None and (new is None or new > old) for old, new in reds)
    yield (f"红色更早认出（或新认出）：{roughly(sooner)} 人；更晚认出（或不再认出）：{roughly(later)} 人。")
    yield _mistakes(people, outcomes)
    yield "没有做完的问卷里、现行表不作声的单个回答看不到，更严的表实际会认出得更多。"
    yield NOT_NONE


def _weekly(more: int, fewer: int, weeks: float) -> str:
    if more < LEAST and fewer < LEAST:
        return ""
    return f"，每周大约 {(tens(more) - tens(fewer)) / weeks:+.1f} 次"


def _mistakes(people: Mapping[UUID, Person], outcomes: Mapping[UUID, str]) -> str:
    """The share of visits that were a mistake; for the new table only where it sends to ten others."""
    closed = [(people[r], o == "mistaken") for r, o in outcomes.items() if r in people]
    old = [wrong for p, wrong in closed if (p.old or 0) >= Level.ORANGE]
    new = [wrong for p, wrong in closed if (p.new or 0) >= Level.ORANGE]
    differ = [p for p, _ in closed if ((p.old or 0) >= Level.ORANGE) != ((p.new or 0) >= Level.ORANGE)]
    said = share(sum(new), len(new)) if len(differ) >= LEAST else "和现行差不多"
    return (
        f"误会的比例：现行会派的工单里已结案 {roughly(len(old))} 张，{share(sum(old), len(old)) or '太少，算不出'}；"
        f"新表{said or '算不出'}。"
    )


def _judgements(db: Session, since: datetime) -> Iterator[tuple[UUID, datetime, Signal | Rating]]:
    for signal in db.scalars(select(Signal).where(Signal.at >= since).order_by(Signal.at)):
        yield signal.resident_id, signal.spoken_at, signal
    for rating in db.scalars(select(Rating).where(Rating.at >= since).order_by(Rating.at)):
        yield rating.resident_id, rating.at, rating


def _level(inputs: str, levels: LevelPolicy, forms: Forms) -> Level | None:
    return worst_of_all(inputs, levels, forms)


def _begins(policy: Policy, level: Level | None, act: str) -> bool:
    rules = policy.levels.get(level) if level else None
    return rules is not None and level is not None and level >= Level.ORANGE and act in rules.begins_with


def _outcomes(db: Session, since: datetime) -> dict[UUID, str]:
    """How it ended for each person; the last time, where it began more than once."""
    rows = db.execute(
        select(Ticket.resident_id, Ticket.outcome)
        .where(Ticket.opened_at >= since, Ticket.kind == "home_visit", Ticket.outcome.is_not(None))
        .order_by(Ticket.opened_at)
    )
    return {resident: str(outcome) for resident, outcome in rows}


# --- clocks -----------------------------------------------------------------------------------------


@dataclass
class _Count:
    """Whose deadlines they are: people, for somebody may have many tickets."""

    all: set[UUID] = field(default_factory=set)
    sooner: set[UUID] = field(default_factory=set)
    later: set[UUID] = field(default_factory=set)
    late: set[UUID] = field(default_factory=set)
    newly: set[UUID] = field(default_factory=set)
    no_longer: set[UUID] = field(default_factory=set)

    def add(self, who: UUID, old: datetime | None, new: datetime | None, end: datetime) -> None:
        was, would = (due is not None and end > due for due in (old, new))
        true = {
            "all": True,
            "sooner": old is not None and new is not None and new < old,
            "later": old is not None and new is not None and new > old,
            "late": was,
            "newly": would and not was,
            "no_longer": was and not would,
        }
        for name in (name for name, holds in true.items() if holds):
            getattr(self, name).add(who)


def _policy(
    db: Session, policies: PolicyBook, proposed: Policy, since: datetime, now: datetime
) -> Iterator[str]:
    if proposed.kind not in policies:
        yield f"「{proposed.name}」是新的一种，还没有工单可以预演。"
        for level, rules in proposed.levels.items():
            spans = "，".join(f"{CLOCKS[c]} {r.text}" for c, r in rules.clocks.items())
            yield f"{level.colour}色：{spans}。"
        return
    current = policies[proposed.kind]
    tickets = _tickets(db, since, proposed.kind)
    yield f"最近打开的「{proposed.name}」工单 {roughly(len(tickets))} 张。"
    if len({t.resident_id for t in tickets}) < LEAST:
        yield TOO_FEW
        return
    yield from _table(_count(db, tickets, {proposed.kind: current}, {proposed.kind: proposed}, now))
    told = [(t.resident_id, _told(db, t, proposed, now) - _told(db, t, current, now)) for t in tickets]
    more, fewer = {who for who, n in told if n > 0}, {who for who, n in told if n < 0}
    yield f"没人签收时的通知：{_people(more)}的工单会多通知，{_people(fewer)}的会少通知。"
    yield NOT_NONE


def _calendar(
    db: Session, policies: PolicyBook, proposed: WorkCalendar, since: datetime, now: datetime
) -> Iterator[str]:
    tickets = _tickets(db, since)
    newer = {kind: replace(policy, calendar=proposed) for kind, policy in policies.items()}
    yield f"最近打开的工单 {roughly(len(tickets))} 张。"
    if len({t.resident_id for t in tickets}) < LEAST:
        yield TOO_FEW
    else:
        yield from _table(_count(db, tickets, policies, newer, now))
        yield NOT_NONE
    for year in proposed.gaps(since.date(), now.date() + timedelta(days=92)):
        yield f"{year} 年的放假安排没有导入，会当作没有假期。"


def _tickets(db: Session, since: datetime, kind: str | None = None) -> Sequence[Ticket]:
    found = select(Ticket).where(Ticket.opened_at >= since).order_by(Ticket.opened_at)
    return db.scalars(found if kind is None else found.where(Ticket.kind == kind)).all()


def _count(
    db: Session,
    tickets: Sequence[Ticket],
    old: Mapping[str, Policy],
    new: Mapping[str, Policy],
    now: datetime,
) -> dict[str, _Count]:
    counted: dict[str, _Count] = defaultdict(_Count)
    stopped = {
        (c.ticket_id, c.name): c.stopped_at
        for c in db.scalars(select(TicketClock).where(TicketClock.ticket_id.in_([t.id for t in tickets])))
    }
    kinds = {t.id: t.kind for t in tickets}
    residents = {t.id: t.resident_id for t in tickets}
    for row in _last_set(db, list(kinds)):
        name = row.clock.partition(".")[0]
        kind = kinds[row.ticket_id]
        if (row.ticket_id, name) not in stopped or kind not in old:
            continue
        dues = [_due(policies[kind], row) for policies in (old, new)]
        if dues[0] is None and dues[1] is None:
            continue
        counted[name].add(residents[row.ticket_id], dues[0], dues[1], stopped[row.ticket_id, name] or now)
    return counted


def _last_set(db: Session, tickets: list[UUID]) -> list[DeadlineSet]:
    """How each clock of these tickets was set last."""
    newest = {
        (row.ticket_id, row.clock.partition(".")[0]): row
        for row in db.scalars(
            select(DeadlineSet).where(DeadlineSet.ticket_id.in_(tickets)).order_by(DeadlineSet.at)
        )
    }
    return list(newest.values())


def _due(policy: Policy, row: DeadlineSet) -> datetime | None:
    """By when it would be due by this policy; None where it has no such clock."""
    try:
        return policy.deadline(row.clock, Level(row.level), row.spoken_at, row.acknowledged_at)
    except KeyError:
        return None


def _table(counted: Mapping[str, _Count]) -> Iterator[str]:
    for name in (n for n in CLOCKS if n in counted):
        count = counted[name]
        yield (
            f"{CLOCKS[name]}：{_people(count.all)}的时限，更早 {_people(count.sooner)}，更晚 {_people(count.later)}；"
            f"现行超时 {_people(count.late)}，新版多超时 {_people(count.newly)}，少超时 {_people(count.no_longer)}。"
        )
    if not counted:
        yield "没有可以比的时限。"


def _people(who: Collection[UUID]) -> str:
    return f"{roughly(len(who))} 人"


def _told(db: Session, ticket: Ticket, policy: Policy, now: datetime) -> int:
    """How many steps of the chain would have been taken before somebody took this ticket."""
    if ticket.rated not in policy.levels:
        return 0
    first = select(func.min(Acknowledgement.at)).where(Acknowledgement.ticket_id == ticket.id)
    end = db.scalar(first) or ticket.acknowledged_at or ticket.closed_at or now
    number = 0
    while policy.step_due(ticket.rated, number, ticket.opened_at) < end and number < 1000:
        number += 1
    return number
