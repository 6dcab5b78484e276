"""Why this deadline: each clock's rule, what it counts from, and what was skipped on the way, in sentences."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from escalation.policy import Why
from escalation.policy_book import PolicyBook
from escalation.store import deadlines_set
from escalation.ticket import DeadlineSet, Ticket
from escalation.triage import Level

_BECAUSE = {
    "opened": "从居民说那句话算起",
    "raised": "升级后重新算，从居民说那句话算起",
    "again": "居民又说到危险，从那句话重新算起",
    "acknowledged": "有人签收后重新算",
    "lapsed": "签收后没有联系记录，重新派出后算起",
    "lowered": "两个人确认降级后，仍从居民说那句话算起",
    "reopened": "工单重新打开后算起",
    "moved": "换了负责的办公室后算起",
    "unreached": "从上一次没有联系上算起",
    "calendar": "导入新的工作日历后重新算",
}


def why_of(db: Session, policies: PolicyBook, ticket: Ticket) -> dict[str, list[str]]:
    """For each clock of this ticket that was ever set, how it came to its present deadline."""
    newest: dict[str, DeadlineSet] = {}
    for row in deadlines_set(db, ticket):
        newest[row.clock.partition(".")[0]] = row
    found = {}
    for name, row in newest.items():
        policy = policies.edition(db, row.policy)
        why = policy.why(row.clock, Level(row.level), row.spoken_at, row.acknowledged_at)
        found[name] = _lines(row, why, policy.zone)
    return found


def _lines(row: DeadlineSet, why: Why, zone: ZoneInfo) -> list[str]:
    start = "签收" if why.after_acknowledged else "起点"
    lines = [
        f"{_BECAUSE.get(row.because, '按规定算')}：{start} {_moment(why.counts_from, zone)}，规定 {why.rule}，"
        f"到 {_moment(row.due_at, zone)}。"
    ]
    lines += [f"跳过 {s.name}：{_moment(s.from_at, zone)} 到 {_moment(s.to_at, zone)}。" for s in why.skipped]
    lines += [f"{year} 年的放假安排还没有导入，只跳过了周末。" for year in why.gaps]
    if row.before is not None and row.due_at == row.before != why.due_at:
        lines.append("原来的时限更早，按原来的。")
    lines.append(f"政策版本：{row.policy.partition('#')[0]}。")
    return lines


def _moment(at: datetime, zone: ZoneInfo) -> str:
    local = at.astimezone(zone)
    return f"{local.month}月{local.day}日 {local:%H:%M}"
