"""Changing what decides: one administrator rehearses a changed file and asks, another one brings it into force.

What was not rehearsed against what is in force now cannot be asked for, and what was asked for falls when something
else came into force meanwhile: the rehearsal would no longer be true.
"""

import difflib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from uuid import UUID

import yaml
from sqlalchemy.orm import Session

from escalation.errors import CalendarError, NotAllowed, NotRehearsed, NotThere, PolicyError
from escalation.policy_book import CALENDAR, KINDS, LEVELS, PolicyBook
from escalation.rehearsal import rehearse, save, shown, subject_of, was_shown
from escalation.rules_proposal import OPEN_FOR, RulesProposal, proposal_of, proposals
from escalation.staff import StaffAccount
from server.administration_schemas import (
    DecideRules,
    ProposeRules,
    RehearsalShown,
    RehearseRules,
    RulesFile,
    RulesProposalShown,
    RulesShown,
)
from server.console import Staff
from server.errors import TooOften
from server.limits import Limits
from storage import audit, edition
from storage.database import Database

NAMES = {LEVELS: "分级表（五色）", KINDS: "工单种类", CALENDAR: "工作日历"}
RIGHTS = "规则由区里的管理员来改。"
CHANGED_SHOWN = 400
MOVED_SHOWN, MOVED_LONG, VALUE_LONG, LEAVES = 40, 80, 16, 20_000


class RulesDesk:
    """For administrators; `NotAllowed` for everybody else."""

    def __init__(
        self, database: Database, clock: Callable[[], datetime], policies: PolicyBook, limits: Limits
    ) -> None:
        self.database = database
        self.clock = clock
        self.policies = policies
        self.limits = limits

    def every(self, staff: Staff) -> RulesShown:
        """The files in force, and what waits for a second person."""
        _must(staff.account)
        with self.database.transaction() as db:
            self.policies.refresh(db)
            return self._shown(db, staff.account)

    def rehearse(self, staff: Staff, body: RehearseRules) -> RehearsalShown:
        """What a proposal would have done on what really came in; kept, so that exactly this may be asked for.

        `PolicyError` says in one sentence what is wrong with it. Each is an entry of the trail, with the numbers that
        were moved: whoever tries one cut-off after the other is seen to. Ten in an hour, and no more.
        """
        _must(staff.account)
        now = self.clock()
        self._not_too_often("rehearse", staff.account)
        with _readable(), self.database.transaction() as db:
            self.policies.refresh(db)
            found = rehearse(db, self.database.vault, self.policies, body.content, now, body.days)
            shown(db, found, staff.account.username, now)
            kept = edition.current(db, found.subject)
            changed = difference(kept.content if kept else "", body.content)
            self.limits.allow("rehearse", staff.account.username)  # what cannot be meant tells nothing
            before = kept.content if kept else ""
            audit.record(
                db, actor=staff.account.username, action="rules.rehearsed", subject=found.subject,
                purpose="administration", at=now, days=body.days, digest=edition.digest_of(body.content),
                lines=len(changed),
                moved=changed[:MOVED_SHOWN] if found.subject == CALENDAR else moved(before, body.content),
            )  # fmt: skip
        return RehearsalShown(
            subject=found.subject,
            name=self._name(found.subject),
            lines=list(found.lines),
            changed=changed,
            same=not changed,
        )

    def propose(self, staff: Staff, body: ProposeRules) -> RulesShown:
        """Ask for a rehearsed file to be brought into force. The rehearsal is made again, for the second person."""
        _must(staff.account)
        now = self.clock()
        self._not_too_often("propose", staff.account)
        with _readable(), self.database.transaction() as db:
            self.policies.refresh(db)
            subject = subject_of(body.content)
            kept = edition.current(db, subject)
            if kept is not None and kept.content == body.content:
                raise NotAllowed("这份和现行的一样，没有要改的。")
            found = rehearse(db, self.database.vault, self.policies, body.content, now)
            if not was_shown(db, subject, body.content):
                raise NotRehearsed()
            self.limits.allow("propose", staff.account.username)
            made = RulesProposal(
                subject=subject,
                content=body.content,
                against=found.against,
                lines={"lines": list(found.lines)},
                note=body.note.strip(),
                asked_by_id=staff.account.id,
                asked_by=staff.account.name,
                asked_at=now,
            )
            db.add(made)
            db.flush()
            self._audit(db, staff.account, "rules.proposed", made, now)
            return self._shown(db, staff.account)

    def decide(self, staff: Staff, proposal: UUID, body: DecideRules) -> RulesShown:
        """Approve or refuse what somebody else asked for, or withdraw what one asked for oneself.

        Nobody approves their own. `NotRehearsed` when other rules came into force meanwhile.
        """
        account, now = staff.account, self.clock()
        if account.role != "administrator":
            raise NotThere()
        with _readable(), self.database.transaction() as db:
            self.policies.refresh(db)
            found = proposal_of(db, proposal)
            if found is None:
                raise NotThere()
            mine = found.asked_by_id == account.id
            if found.decided_at is not None or now - found.asked_at >= OPEN_FOR:
                raise NotAllowed("这份已经有结果了，或者过了七天。")
            if body.answer == "withdraw" and not mine:
                raise NotAllowed("只有提交的人能撤回。")
            if body.answer != "withdraw" and mine:
                raise NotAllowed("要另一位管理员来看，自己不能同意自己的。")
            if body.answer == "approve":
                asker = db.get_one(StaffAccount, found.asked_by_id)
                if not asker.active:
                    raise NotAllowed("提交的人已经停用了，请重新提交。")
                save(db, self.policies, found.content, asker.username, now, account.username, found.note)
                found.decision = "approved"
            else:
                found.decision = "refused" if body.answer == "refuse" else "withdrawn"
                self._audit(db, account, f"rules.{found.decision}", found, now)
            found.decided_by, found.decided_at = account.name, now
            db.flush()
            answer = self._shown(db, account)
        with self.database.transaction() as db:
            self.policies.refresh(db)
        return answer

    def _not_too_often(self, what: str, account: StaffAccount) -> None:
        try:
            self.limits.refuse(what, account.username)
        except TooOften:
            raise NotAllowed("一小时里最多预演十次、提交十次，请过一会儿再来。每一次都记在审计里。") from None

    def _shown(self, db: Session, account: StaffAccount) -> RulesShown:
        now = self.clock()
        subjects = [LEVELS, *(f"policy:{kind}" for kind in self.policies), KINDS, CALENDAR]
        files = []
        for subject in subjects:
            kept = edition.current(db, subject)
            if kept is not None:
                files.append(
                    RulesFile(
                        subject=subject,
                        name=self._name(subject),
                        edition=kept.digest,
                        since=kept.saved_at,
                        by=kept.saved_by,
                        content=kept.content,
                    )
                )
        return RulesShown(
            files=files, proposals=[self._proposal(db, one, account) for one in proposals(db, now)]
        )

    def _proposal(self, db: Session, one: RulesProposal, account: StaffAccount) -> RulesProposalShown:
        kept = edition.current(db, one.subject)
        state = one.decision or ("waiting" if (kept.digest if kept else "") == one.against else "outdated")
        before = edition.by_digest(db, one.subject, one.against)
        mine = one.asked_by_id == account.id
        return RulesProposalShown(
            id=one.id,
            subject=one.subject,
            name=self._name(one.subject),
            asked_by=one.asked_by,
            asked_at=one.asked_at,
            note=one.note,
            lines=list(one.lines["lines"]),
            changed=difference(before.content if before else "", one.content),
            state=state,  # type: ignore[arg-type]
            decided_by=one.decided_by,
            decided_at=one.decided_at,
            may_decide=state == "waiting" and not mine,
            mine=mine,
        )

    def _name(self, subject: str) -> str:
        if subject in NAMES:
            return NAMES[subject]
        kind = subject.partition(":")[2]
        return f"工单政策：{self.policies[kind].name if kind in self.policies else kind}"

    def _audit(
        self, db: Session, account: StaffAccount, action: str, found: RulesProposal, now: datetime
    ) -> None:
        audit.record(
            db, actor=account.username, action=action, subject=found.subject, purpose="administration", at=now,
            digest=edition.digest_of(found.content),
        )  # fmt: skip


def difference(before: str, after: str) -> list[str]:
    """The lines that go (-) and come (+), each with its number, without what stays."""
    old, new = before.splitlines(), after.splitlines()
    lines: list[str] = []
    for what, i, j, k, m in difflib.SequenceMatcher(None, old, new).get_opcodes():
        if what != "equal":
            lines += [f"- 第{n + 1}行 {old[n]}" for n in range(i, j)]
            lines += [f"+ 第{n + 1}行 {new[n]}" for n in range(k, m)]
    if len(lines) > CHANGED_SHOWN:
        return [*lines[:CHANGED_SHOWN], f"……还有 {len(lines) - CHANGED_SHOWN} 行"]
    return lines


def moved(before: str, after: str) -> list[str]:
    """The values of a file that differ, without its remarks: `scores[phq9].levels.orange：15 → 14`.

    Of sentences only that they differ: the trail holds no texts.
    """
    old, new = (dict(islice(_leaves(yaml.safe_load(text)), LEAVES)) for text in (before, after))
    said = [
        f"{path[:MOVED_LONG]}：{_short(old.get(path, '—'))} → {_short(new.get(path, '—'))}"
        for path in {**old, **new}
        if old.get(path) != new.get(path)
    ]
    said.sort(key=lambda line: line.endswith(("文字 → 文字", "→ —")))  # what may be cut off is no number
    return said[:MOVED_SHOWN] + ([f"……还有 {len(said) - MOVED_SHOWN} 处"] if len(said) > MOVED_SHOWN else [])


def _short(value: str) -> str:
    return value if len(value) <= VALUE_LONG else "文字"


def _leaves(what: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Each value of a file with the way to it; what stands in a list goes by its own name, where it has one."""
    if isinstance(what, Mapping):
        for key, value in what.items():
            yield from _leaves(value, f"{path}.{key}" if path else str(key))
    elif isinstance(what, list):
        for n, value in enumerate(what):
            named = value if isinstance(value, Mapping) else {}
            yield from _leaves(value, f"{path}[{named.get('id') or named.get('instrument') or n}]")
    elif path:
        yield path, str(what)


@contextmanager
def _readable() -> Iterator[None]:
    """Whatever is wrong with a file that somebody wrote is one sentence for them, never a fault of ours."""
    try:
        yield
    except NotRehearsed:
        raise NotAllowed("要先预演：这一份没有预演过，或者现行的规则变了。请再预演一次。") from None
    except (PolicyError, CalendarError) as error:
        raise NotAllowed(f"这个文件有问题：{str(error).rstrip('。')}。") from None
    except (TypeError, ValueError, AttributeError, LookupError, RecursionError):
        raise NotAllowed("读不懂这个文件，请从现行的那一份改起。") from None


def _must(account: StaffAccount) -> None:
    if account.role != "administrator":
        raise NotAllowed(RIGHTS)
