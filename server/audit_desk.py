"""The audit trail for those who may read it: filtered, in pages, with what was checked when. Reading it is an entry.

Nothing vouches for a row that no check has walked over yet. The words that somebody filters by are not written down,
only by what kinds of filter.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from escalation.errors import NotThere
from escalation.staff import StaffAccount
from server.administration_schemas import (
    AuditCheckShown,
    AuditEntryShown,
    AuditKind,
    AuditPage,
    SearchAudit,
)
from server.commands.verify import WORDS as FAULTS
from server.console import Staff
from server.limits import Limits
from storage import audit
from storage.audit import AuditCheck, AuditEntry, AuditHead, Fault
from storage.database import Database

WORDS: dict[str, dict[str, str]] = yaml.safe_load(
    Path(__file__).with_name("audit_words.yml").read_text("utf-8")
)
READERS = ("auditor", "administrator")
PAGE = 50
DAILY = timedelta(hours=23)
ZONE = ZoneInfo("Asia/Shanghai")


class AuditDesk:
    """For an auditor and an administrator; `NotThere` for everybody else."""

    def __init__(
        self, database: Database, clock: Callable[[], datetime], anchors: Path, limits: Limits
    ) -> None:
        self.database = database
        self.clock = clock
        self.anchors = anchors
        self.limits = limits

    def search(self, staff: Staff, body: SearchAudit) -> AuditPage:
        """One page of entries, newest first, and where the chain stands. The look is an entry itself."""
        _must(staff.account)
        now = self.clock()
        with self.database.transaction() as db:
            found = db.scalars(_query(body).limit(PAGE + 1)).all()
            shown, more = found[:PAGE], len(found) > PAGE
            check = audit.last_check(db, self.database.vault)
            page = AuditPage(
                entries=[self._shown(entry, check) for entry in shown],
                next_before=shown[-1].seq if more else None,
                check=self._standing(db, check),
                kinds=kinds(),
            )
            audit.record(
                db, actor=staff.account.username, action="audit.read", subject="audit", purpose="supervision",
                at=now, filters=_filters(body), shown=len(shown), newest=shown[0].seq if shown else None,
                oldest=shown[-1].seq if shown else None,
            )  # fmt: skip
        return page

    def check(self, staff: Staff) -> AuditCheckShown:
        """Walk over the whole chain now, and keep what was found. Once a minute for one person."""
        _must(staff.account)
        self.limits.allow("audit_check", staff.account.username)
        with self.database.transaction() as db:
            made = audit.check(db, self.database.vault, self.anchors, staff.account.username, self.clock())
        with self.database.transaction() as db:
            return self._standing(db, made)

    def _shown(self, entry: AuditEntry, check: AuditCheck | None) -> AuditEntryShown:
        state = "not_yet"
        if not audit.is_as_written(entry, self.database.vault):
            state = "broken"
        elif check is not None and check.intact and entry.seq <= check.entries:
            state = "checked"
        return AuditEntryShown(
            seq=entry.seq,
            at=entry.at,
            actor=entry.actor,
            actor_word=WORDS["actors"].get(entry.actor, entry.actor),
            action=entry.action,
            action_word=word_of(entry.action),
            subject=entry.subject,
            purpose=WORDS["purposes"].get(entry.purpose, entry.purpose),
            failed=entry.outcome != "success",
            details=[f"{name}：{_plain(value)}" for name, value in sorted(entry.details.items())],
            state=state,  # type: ignore[arg-type]
        )

    def _standing(self, db: Session, check: AuditCheck | None) -> AuditCheckShown:
        entries = db.scalar(select(AuditHead.seq).where(AuditHead.id == 1)) or 0
        if check is None:
            return AuditCheckShown(
                state="never",
                entries=entries,
                checked=0,
                at=None,
                sentence=f"共 {entries} 条，还没有核对过。现在看到的每一条，都还不能担保没有被改过。",
            )
        at = check.at.astimezone(ZONE)
        when = f"{at.month}月{at.day}日 {at:%H:%M}"
        if not check.intact:
            where = f"第 {check.first_bad} 条，" if check.first_bad is not None else ""
            return AuditCheckShown(
                state="broken",
                entries=entries,
                checked=check.entries,
                at=check.at,
                sentence=f"{when} 核对时发现问题：{where}{FAULTS[Fault(check.why)]}。"
                "请保留现场，不要再改数据库，马上告诉系统负责人。",
            )
        waiting = max(0, entries - check.entries)
        rest = f"之后的 {waiting} 条还没有核对，先不担保。" if waiting else "没有还没核对的。"
        return AuditCheckShown(
            state="whole",
            entries=entries,
            checked=check.entries,
            at=check.at,
            sentence=f"{when} 核对过前 {check.entries} 条，那时一条不少，也没有被改过。{rest}",
        )


def _query(body: SearchAudit) -> Select[AuditEntry]:
    query = select(AuditEntry).order_by(AuditEntry.seq.desc())
    if body.before is not None:
        query = query.where(AuditEntry.seq < body.before)
    if body.kind:
        query = query.where(AuditEntry.action == body.kind)
    if body.ticket:
        query = query.where(AuditEntry.subject == f"ticket:{body.ticket.strip().upper()}")
    if body.person:
        query = query.where(AuditEntry.actor == body.person.strip())
    if body.from_at:
        query = query.where(AuditEntry.at >= body.from_at)
    if body.to_at:
        query = query.where(AuditEntry.at < body.to_at)
    return query


def _filters(body: SearchAudit) -> list[str]:
    """By what kinds of filter somebody looked; not the words."""
    return [name for name, value in body.model_dump().items() if value and name != "before"]


def kinds() -> list[AuditKind]:
    """What can be looked for, by its word."""
    return [AuditKind(code=code, word=word) for code, word in WORDS["actions"].items()]


def word_of(action: str) -> str:
    """The Chinese word of an action; the action itself where it has none."""
    return WORDS["actions"].get(action, action)


def check_round(database: Database, anchors: Path, clock: Callable[[], datetime]) -> None:
    """The daily walk over the whole chain; nothing to do when somebody has walked it within a day."""
    with database.transaction() as db:
        last = audit.last_check(db, database.vault)
        if last is not None and last.at > clock() - DAILY:
            return
        audit.check(db, database.vault, anchors, "software", clock())


def _plain(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "是", False: "否", None: "无"}[value]
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "、".join(_plain(one) for one in value) or "无"
    return str(value)


def _must(account: StaffAccount) -> None:
    if account.role not in READERS:
        raise NotThere()
