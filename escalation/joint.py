"""Joint work: a part of a ticket that a community, a school, a hospital or the police does.

A partner sees its part alone: what is asked, by when, and where as far as the office's list says it; a name only
where it is needed and consent or danger to life allows it. Never the ticket, its level, or a resident's words.
"""

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from escalation import chain
from escalation.acts import Acts, AlreadyRecorded
from escalation.chain import Telling
from escalation.errors import NotAllowed, SubTaskNotFound
from escalation.policy import Policy
from escalation.staff import StaffAccount
from escalation.store import event_recorded
from escalation.team_store import sub_task_for, sub_task_name_taken, sub_task_of, sub_tasks_for
from escalation.teamwork import SubTask
from escalation.ticket import Ticket
from residents.partners import PARTS, Partner, Partners
from residents.resident import Basis, Disclosure, basis_for_passing_on
from residents.store import consents_of, identity_of
from storage import audit
from storage.vault import Vault

State = Literal["asked", "accepted", "done", "cannot", "withdrawn"]
ENDED_SHOWN_FOR = timedelta(days=30)
CLOSED_AGAIN = timedelta(hours=24)
_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


def state_of(task: SubTask) -> State:
    """Where this part stands."""
    if task.ended_at is not None:
        return task.outcome  # type: ignore[return-value]
    return "asked" if task.accepted_at is None else "accepted"


def overdue(now: datetime) -> Select[Ticket, SubTask]:
    """The parts that are not done by when they were asked for, and whose lateness is to be told (again)."""
    return (
        select(Ticket, SubTask)
        .join(SubTask, SubTask.ticket_id == Ticket.id)
        .where(
            SubTask.ended_at.is_(None),
            SubTask.due_at <= now,
            or_(SubTask.told_at.is_(None), SubTask.told_at <= now),
        )
        .order_by(Ticket.level.desc(), SubTask.due_at)
    )


def tell_late(
    db: Session, ticket: Ticket, task: SubTask, policy: Policy, telling: Telling, now: datetime
) -> None:
    """A partner has not done its part in time: the office that asked is told, then its supervisor, then the
    district, again and again; once a day, and in working hours, when the matter itself is closed or no longer urgent.
    """
    opens = chain.working_time(ticket, policy, now)
    if opens > now:
        task.told_at = opens
        return
    audience = chain.UPWARD[min(task.rounds, 2)]
    chain.tell_up(db, ticket, audience, f"part.{task.name}.late.{task.rounds}", task.due_at, telling, now)
    task.rounds += 1
    again = policy.levels[ticket.rated].late_again_every
    task.told_at = now + (again if ticket.closed_at is None else max(again, CLOSED_AGAIN))
    chain.note(db, ticket, "late", "系统", "请协办的事到时没有结果，上报。", now)
    audit.record(
        db, actor="watch", action="sub_task.late", subject=f"ticket:{ticket.code}", at=now, round=task.rounds
    )


def name_for_partner(db: Session, vault: Vault, ticket: Ticket, task: SubTask) -> str | None:
    """What the resident wants to be called, where the part cannot be done without and they agree today, or their
    life is in danger; otherwise None."""
    basis = basis_for_passing_on(consents_of(db, ticket.resident_id), ticket.danger_to_life)
    identity = identity_of(db, ticket.resident_id)
    if not task.with_name or basis is None or identity is None or task.ended_at is not None:
        return None
    return vault.open(identity, "name")


class JointWork(Acts):
    """Asking partners, and what partners answer."""

    def __init__(self, *shared: object, partners: Callable[[], Partners]) -> None:
        super().__init__(*shared)  # type: ignore[arg-type]
        self.partners = partners

    def ask(
        self,
        account: StaffAccount,
        code: str,
        client_id: UUID,
        partner: str,
        what: str,
        ask: str,
        due_at: datetime,
        *,
        with_name: bool = False,
    ) -> None:
        """Ask a partner of this street for one part. It is told nothing but this part.

        `NotAllowed` for a partner that does not serve here or does not do this, for a deadline that has passed,
        and for a name that neither consent nor danger to life lets it know.
        """
        with self._on(account, code, "sub_task", client_id) as (db, ticket, now):
            self._held(ticket, account)
            body = self._partner(ticket, partner)
            if what not in body.what:
                raise NotAllowed(f"{body.name}不办“{PARTS[what]}”。")  # type: ignore[index]
            if due_at <= now:
                raise NotAllowed("请写一个还没有到的时间。")
            basis = basis_for_passing_on(consents_of(db, ticket.resident_id), ticket.danger_to_life)
            if with_name and basis is None:
                raise NotAllowed("居民没有同意转交，也没有生命危险，不能把称呼告诉协办单位。")
            task = SubTask(
                ticket_id=ticket.id,
                name=self._free_name(db),
                partner=body.code,
                what=what,
                asked_by=account.name,
                asked_at=now,
                due_at=due_at,
                with_name=with_name,
            )
            self.vault.seal(task, "ask", ask.strip())
            db.add(task)
            if basis is not None:
                db.add(
                    Disclosure(
                        resident_id=ticket.resident_id,
                        ticket_code=ticket.code,
                        office=body.code,
                        basis=basis,
                        judged_by="居民本人" if basis is Basis.CONSENT else account.name,
                        fields="place name" if with_name else "place",
                        at=now,
                    )
                )
            text = f"请{body.name}协办：{PARTS[what]}。"  # type: ignore[index]
            self._write(db, ticket, "part.asked", account, client_id, text, ask, now)
            self._audit(db, account, "sub_task.asked", ticket, now, partner=body.code, what=what)

    def withdraw(self, account: StaffAccount, code: str, client_id: UUID, name: str) -> None:
        """Take back what was asked: it is needed no longer."""
        with self._on(account, code, "sub_task", client_id, closed=True) as (db, ticket, now):
            task = sub_task_of(db, ticket, name)
            if task.ended_at is not None:
                raise NotAllowed("这件协办已经有结果了。")
            task.ended_at, task.ended_by, task.outcome = now, account.name, "withdrawn"
            self._write(db, ticket, "part.withdrawn", account, client_id, "撤回了协办。", "", now)
            self._audit(db, account, "sub_task.withdrawn", ticket, now)

    # --- the partner's side ------------------------------------------------------------------------

    def tasks(self, account: StaffAccount) -> Sequence[tuple[SubTask, Ticket, str | None]]:
        """What is asked of the caller's body, each with the name that may be shown. `NotAllowed` for others."""
        self._is_partner(account)
        now = self.clock()
        with self.database.transaction() as db:
            found = []
            for task in sub_tasks_for(db, account, now - ENDED_SHOWN_FOR):
                ticket = db.get_one(Ticket, task.ticket_id)
                found.append((task, ticket, name_for_partner(db, self.vault, ticket, task)))
            audit.record(
                db, actor=account.username, action="sub_tasks.listed", subject=f"partner:{account.office}",
                purpose="casework", at=now, tasks=[task.name for task, _, _ in found],
            )  # fmt: skip
            return found

    def accept(self, account: StaffAccount, name: str, client_id: UUID) -> None:
        """Say that the partner takes it on; accepted twice is accepted once."""
        with self.database.transaction() as db:
            task, ticket, now = self._own(db, account, name, client_id)
            if task.accepted_at is None:
                task.accepted_at, task.accepted_by = now, account.name
            self._say(db, ticket, task, "part.accepted", account, client_id, "接手了协办。", "", now)

    def finish(self, account: StaffAccount, name: str, client_id: UUID, done: bool, result: str) -> None:
        """Say what came of it, or why it cannot be done; the office that asked is told."""
        with self.database.transaction() as db:
            task, ticket, now = self._own(db, account, name, client_id)
            task.accepted_at = task.accepted_at or now
            task.accepted_by = task.accepted_by or account.name
            task.ended_at, task.ended_by = now, account.name
            task.outcome = "done" if done else "cannot"
            self.vault.seal(task, "result", result.strip())
            text = "协办办好了。" if done else "协办办不了。"
            self._say(db, ticket, task, f"part.{task.outcome}", account, client_id, text, result, now)
            if ticket.closed_at is None:
                occasion = f"part.{task.name}.{task.outcome}"
                chain.tell_up(db, ticket, "office", occasion, task.due_at, self.telling, now)

    def _own(
        self, db: Session, account: StaffAccount, name: str, client_id: UUID
    ) -> tuple[SubTask, Ticket, datetime]:
        task = sub_task_for(db, name, account)
        if event_recorded(db, client_id):
            raise AlreadyRecorded()
        if task.ended_at is not None:
            raise NotAllowed("这件协办已经有结果了，或者已经撤回。")
        return task, db.get_one(Ticket, task.ticket_id), self.clock()

    def _say(
        self,
        db: Session,
        ticket: Ticket,
        task: SubTask,
        kind: str,
        account: StaffAccount,
        client_id: UUID,
        text: str,
        note: str,
        now: datetime,
    ) -> None:
        partner = self.partners().known(task.partner)
        self._write(
            db,
            ticket,
            kind,
            account,
            client_id,
            f"{partner.name if partner else '协办单位'}：{text}",
            note,
            now,
        )
        self._audit(db, account, kind.replace("part.", "sub_task."), ticket, now)

    def _partner(self, ticket: Ticket, code: str) -> Partner:
        partner = self.partners().known(code)
        street = self.telling.district.office_once(ticket.office).street
        if partner is None or not partner.serves(street):
            raise NotAllowed("请选一个能在这里协办的单位。")
        return partner

    def _is_partner(self, account: StaffAccount) -> None:
        if account.role != "partner":
            raise SubTaskNotFound()

    def _free_name(self, db: Session) -> str:
        while sub_task_name_taken(db, name := "P-" + "".join(secrets.choice(_LETTERS) for _ in range(6))):
            pass
        return name
