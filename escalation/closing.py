"""Following up, closing, and opening again. There is no way to close several tickets at once.

Red is closed only after somebody has seen the person, with a level as they find it now and the next contact planned;
a red that is said to be a mistake, or that nobody visited, must first be lowered by two people (`lowering.py`).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from escalation import chain
from escalation.acts import Acts
from escalation.errors import CannotClose, FollowUpNotFound, NotAllowed
from escalation.policy import Policy
from escalation.staff import StaffAccount
from escalation.store import (
    clocks_of,
    erase_notes,
    events_of,
    follow_ups_of,
    has_open_ticket,
    open_ticket_of,
    stop_clocks,
    undo_acknowledgements,
)
from escalation.team_store import open_lowering, open_trip
from escalation.ticket import FollowUp, Ticket
from escalation.transfer import withdraw_open
from escalation.triage import Level
from residents.store import erase_identity, lock_resident
from storage.step_points import step

FOLLOWED = {"better": "好一些", "same": "差不多", "worse": "更难了", "not_reached": "没有联系上"}
NEEDS = {
    "spoke": "要先和本人说上话，或者上门见到本人",
    "met": "要先上门见到本人，或者已转给 110、120、医院",
    "follow_up": "要先安排下一次随访",
    "next_contact": "要有一次还没到的随访，写明下次什么时候联系",
    "outcome": "要选一个结果",
    "new_level": "要写明现在看是什么等级",
    "second_person": "没有上门见到本人，或者说是误会的红色工单，要先由两个人确认降级",
    "back": "有人还在外面走访，要先报平安",
}
FORM_NEEDS = ("outcome", "new_level", "second_person")
"""What the form of closing itself answers, or what depends on it."""
HANDED_OVER = ("police", "ambulance", "hospital")


class Closing(Acts):
    """The last part of a ticket's story, and its beginning again."""

    def plan_follow_ups(
        self,
        account: StaffAccount,
        code: str,
        client_id: UUID,
        after_hours: Sequence[int],
        *,
        invite: bool = False,
    ) -> None:
        """Plan follow-ups, counted from now. They belong to the office. `invite`: from the day of each on, the
        resident's own door offers to answer the questions once more."""
        with self._on(account, code, "plan_follow_up", client_id) as (db, ticket, now):
            self._held(ticket, account)
            for hours in sorted(set(after_hours)):
                due = now + timedelta(hours=hours)
                db.add(
                    FollowUp(
                        ticket_id=ticket.id, office=ticket.office, planned_at=now, due_at=due, invite=invite
                    )
                )
            step("S13")
            text = f"安排了 {len(set(after_hours))} 次随访{'，到时请居民再测一次' if invite else ''}。"
            self._write(db, ticket, "follow_up.planned", account, client_id, text, "", now)
            self._audit(db, account, "ticket.follow_ups", ticket, now, count=len(set(after_hours)))

    def record_follow_up(
        self,
        account: StaffAccount,
        code: str,
        follow_up_id: UUID,
        client_id: UUID,
        outcome: str,
        note: str = "",
    ) -> None:
        """Record what a follow-up found, early or late; also on a closed ticket, where follow-ups go on.

        The first that reached somebody stops the ticket's follow-up clock. "Worse" on a closed ticket proposes to
        open it again: that is the worker's to decide, and one press away.
        """
        with self._on(account, code, "follow_up", client_id, closed=True) as (db, ticket, now):
            found = [f for f in follow_ups_of(db, [ticket.id]) if f.id == follow_up_id]
            if not found:
                raise FollowUpNotFound()
            follow_up = found[0]
            text = f"随访：{FOLLOWED[outcome]}。"
            if outcome == "not_reached":
                follow_up.outcome = outcome
            else:
                follow_up.outcome, follow_up.done_at, follow_up.done_by = outcome, now, account.name
                stop_clocks(db, ticket, ["follow_up"], now)
            if outcome == "worse" and ticket.closed_at is not None:
                text += "建议重新打开这张工单。"
            self._write(db, ticket, "follow_up", account, client_id, text, note, now)
            self._audit(db, account, "ticket.follow_up", ticket, now, outcome=outcome)

    def close(
        self,
        account: StaffAccount,
        code: str,
        client_id: UUID,
        outcome: str,
        note: str = "",
        *,
        new_level: Level | None = None,
    ) -> None:
        """Close with an outcome; `CannotClose` says what is missing. Follow-ups go on after it.

        What was kept of an erased person for this ticket is erased now, and who they are with the last ticket.
        """
        with self._on(account, code, "close", client_id) as (db, ticket, now):
            self._held(ticket, account)
            policy = self.policy_of(db, ticket)
            if outcome not in policy.outcomes:
                raise NotAllowed("请从列出的结果里选一个。")
            needs = missing_before_closing(db, ticket, policy, now)
            if new_level is None and "new_level" in policy.levels[ticket.rated].closing:
                needs.append("new_level")
            if ticket.rated is Level.RED and (outcome == "mistaken" or ticket.met_at is None):
                needs.append("second_person")
            if needs:
                raise CannotClose([NEEDS[need] for need in needs])
            if new_level is Level.RED:
                raise NotAllowed("现在看还是红色，就还不能结案。")
            withdraw_open(db, ticket, account.name, now, self.telling)
            self._end_lowering(db, ticket, account, now)
            ticket.level_at_close = None if new_level is None else int(new_level)
            ticket.complete(outcome, now)
            stop_clocks(db, ticket, [clock.name for clock in clocks_of(db, [ticket.id])], now)
            now_level = f"现在看是{new_level.colour}色。" if new_level else ""
            text = f"结案：{policy.outcomes[outcome]}。{now_level}"
            self._write(db, ticket, "closed", account, client_id, text, note, now)
            if self._is_erased(db, ticket):
                db.flush()
                erase_notes(db, ticket.resident_id)
                if not has_open_ticket(db, ticket.resident_id):
                    erase_identity(db, ticket.resident_id)
            self._audit(db, account, "ticket.closed", ticket, now, outcome=outcome)

    def reopen(self, account: StaffAccount, code: str, client_id: UUID, reason: str) -> None:
        """Open a closed ticket again under its own code. Its clocks and its chain begin anew, from now.

        `NotAllowed` when this person has another open ticket of the kind: what is new belongs there.
        """
        with self._on(account, code, "reopen", closed=True) as (db, ticket, _):
            resident_id, kind = ticket.resident_id, ticket.kind
        with self.database.transaction() as db:  # the resident before the ticket, as everywhere
            lock_resident(db, resident_id)
            other = open_ticket_of(db, resident_id, kind)
            if other is not None and other.code != code:
                raise NotAllowed(f"这位居民已经有一张没有结案的工单 {other.code}，请记在那一张上。")
        with self._on(account, code, "reopen", client_id, closed=True) as (db, ticket, now):
            if ticket.closed_at is None:
                raise NotAllowed("这张工单没有结案，不用重新打开。")
            policy = self.policy_of(db, ticket)
            undo_acknowledgements(db, ticket, now)
            ticket.reopen(ticket.rated, now, now, policy.levels[ticket.rated].acknowledgements)
            text = f"重新打开工单（第 {ticket.reopened} 次）。"
            self._write(db, ticket, "reopened", account, client_id, text, reason, now)
            db.flush()
            chain.restart_clocks(db, ticket, policy, clocks_of(db, [ticket.id]), now, "reopened")
            chain.take_step(db, ticket, policy, self.telling, now)
            self._audit(db, account, "ticket.reopened", ticket, now)

    def _end_lowering(self, db: Session, ticket: Ticket, account: StaffAccount, now: datetime) -> None:
        lowering = open_lowering(db, ticket)
        if lowering is not None:
            lowering.decided_by, lowering.decided_at, lowering.confirmed = account.name, now, False


def missing_before_closing(db: Session, ticket: Ticket, policy: Policy, now: datetime) -> list[str]:
    """What the policy wants before this ticket may be closed and is not there yet; what the form asks is not in it."""
    handing_over = {f"referral.{to}" for to in HANDED_OVER}
    handed_over = any(e.kind in handing_over and e.at >= ticket.spoken_at for e in events_of(db, ticket))
    planned = [  # one that was done before the sentence that the clocks count from is not the next one
        f for f in follow_ups_of(db, [ticket.id]) if f.done_at is None or f.done_at >= ticket.spoken_at
    ]
    stands = {
        "spoke": ticket.spoke_at is not None,
        "met": ticket.met_at is not None or handed_over,
        "follow_up": bool(planned),
        "next_contact": any(f.done_at is None and f.due_at > now for f in planned),
    }
    needs = [
        need for need in policy.levels[ticket.rated].closing if need not in FORM_NEEDS and not stands[need]
    ]
    return needs + (["back"] if open_trip(db, ticket) is not None else [])


def rescreen_invited(db: Session, resident_id: UUID, now: datetime) -> bool:
    """Whether this resident's own door offers to answer the questions once more: a follow-up says so, its day has
    come, and nobody has done it."""
    found = (
        select(FollowUp.id)
        .join(Ticket, Ticket.id == FollowUp.ticket_id)
        .where(
            Ticket.resident_id == resident_id,
            FollowUp.invite.is_(True),
            FollowUp.done_at.is_(None),
            FollowUp.due_at <= now,
        )
        .limit(1)
    )
    return db.scalar(found) is not None
