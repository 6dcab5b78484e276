"""What a changed table, policy or calendar would have done on what really came in, before it is brought into force.

Everything is computed twice from what is kept, by what is in force and by the proposal; nothing is changed. A
rehearsal that was shown is kept with what it was compared with, and without it nothing can be saved.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
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
    db: Session, vault: Vault, policies: PolicyBook, content: str, now: datetime, days: int = 30
) -> Rehearsal:
    """Compare a proposal with what is in force on the last `days`. Raises what is wrong with the proposal."""
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
class _Person:
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
    people: dict[UUID, _Person] = defaultdict(_Person)
    judged = forgotten = 0
    for resident, at, row in _judgements(db, since):
        inputs = vault.open(row, "inputs")
        if inputs is None:
            forgotten += 1
            continue
        judged += 1
        people[resident].heard(at, *(_level(inputs, table, forms) for table in (policies.levels, levels)))
    weeks = days / 7
    yield f"最近 {days} 天：{judged} 次判断，{len(people)} 位居民；另有 {forgotten} 次的依据已删除或没有保存。"
    home = policies["home_visit"]
    for act, word in (("visit", "上门"), ("call", "电话")):
        old = sum(_begins(home, p.old, act) for p in people.values())
        new = sum(_begins(home, p.new, act) for p in people.values())
        yield f"{word}：现行每周 {old / weeks:.1f} 次，新表每周 {new / weeks:.1f} 次（{(new - old) / weeks:+.1f}）。"
    reds = [(p.old_red, p.new_red) for p in people.values()]
    sooner = sum(new is not None and (old is None or new < old) for old, new in reds)
    later = sum(old is not None and (new is None or new > old) for old, new in reds)
    yield f"红色更早认出（或新认出）：{sooner} 人；更晚认出（或不再认出）：{later} 人。"
    outcomes = _outcomes(db, since)
    for name, level in (("现行", "old"), ("新表", "new")):
        known = [o for r, o in outcomes if r in people and (getattr(people[r], level) or 0) >= Level.ORANGE]
        share = f"{known.count('mistaken') / len(known):.0%}" if known else "没有结案，算不出"
        yield f"误会的比例（{name}会派的工单里已结案 {len(known)} 张）：{share}。"
    yield "没有做完的问卷里、现行表不作声的单个回答看不到，更严的表实际会认出得更多。"


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


def _outcomes(db: Session, since: datetime) -> list[tuple[UUID, str]]:
    rows = db.execute(
        select(Ticket.resident_id, Ticket.outcome).where(
            Ticket.opened_at >= since, Ticket.kind == "home_visit", Ticket.outcome.is_not(None)
        )
    )
    return [(resident, str(outcome)) for resident, outcome in rows]


# --- clocks -----------------------------------------------------------------------------------------


@dataclass
class _Count:
    all: int = 0
    old_late: int = 0
    new_late: int = 0
    sooner: int = 0
    later: int = 0


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
    yield f"最近打开的「{proposed.name}」工单 {len(tickets)} 张。"
    yield from _table(_count(db, tickets, {proposed.kind: current}, {proposed.kind: proposed}, now))
    old = sum(_told(db, t, current, now) for t in tickets)
    new = sum(_told(db, t, proposed, now) for t in tickets)
    yield f"没人签收时的通知：现行 {old} 次，新版 {new} 次（{new - old:+d}）。"


def _calendar(
    db: Session, policies: PolicyBook, proposed: WorkCalendar, since: datetime, now: datetime
) -> Iterator[str]:
    tickets = _tickets(db, since)
    newer = {kind: replace(policy, calendar=proposed) for kind, policy in policies.items()}
    yield f"最近打开的工单 {len(tickets)} 张。"
    yield from _table(_count(db, tickets, policies, newer, now))
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
    for row in _last_set(db, list(kinds)):
        name = row.clock.partition(".")[0]
        kind = kinds[row.ticket_id]
        if (row.ticket_id, name) not in stopped or kind not in old:
            continue
        dues = [_due(policies[kind], row) for policies in (old, new)]
        if dues[0] is None and dues[1] is None:
            continue
        end = stopped[row.ticket_id, name] or now
        count = counted[name]
        count.all += 1
        count.old_late += dues[0] is not None and end > dues[0]
        count.new_late += dues[1] is not None and end > dues[1]
        if dues[0] is not None and dues[1] is not None:
            count.sooner += dues[1] < dues[0]
            count.later += dues[1] > dues[0]
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
            f"{CLOCKS[name]}：{count.all} 个时限，更早 {count.sooner}，更晚 {count.later}；"
            f"超时 现行 {count.old_late}，新版 {count.new_late}（{count.new_late - count.old_late:+d}）。"
        )
    if not counted:
        yield "没有可以比的时限。"


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
