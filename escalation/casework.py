"""What staff do with a ticket, one story a function, each in one transaction with its time line and audit.

The caller's office is part of every query: a foreign ticket is `TicketNotFound`. The same act sent twice
(the same `client_id`) is recorded once. A form never refuses because a date has passed.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy.orm import Session

from escalation import chain
from escalation.errors import CannotClose, FollowUpNotFound, IdentityClosed, NotAllowed
from escalation.policy import Policy
from escalation.staff import StaffAccount
from escalation.store import (
    clock_of,
    desk_call_for,
    desk_calls_of,
    erase_notes,
    event_recorded,
    events_of,
    follow_ups_of,
    has_open_ticket,
    stop_clocks,
    ticket_for,
)
from escalation.ticket import DeskCall, FollowUp, Ticket
from residents.resident import Basis, Disclosure, Identity, Resident, basis_for_passing_on
from residents.store import consents_of, erase_identity, identity_of
from storage import audit
from storage.database import Database
from storage.step_points import step

CallOutcome = Literal["spoke", "no_answer", "refused", "wrong_number"]
VisitOutcome = Literal["met", "nobody_home", "refused", "wrong_address"]

CALLED = {
    "spoke": "打通了电话，说上了话",
    "no_answer": "打了电话，没有人接",
    "refused": "打通了，对方现在不想说",
    "wrong_number": "号码不对",
}
VISITED = {
    "met": "上门见到了本人",
    "nobody_home": "上门没有人应门",
    "refused": "到了门口，对方不愿见面",
    "wrong_address": "住址不对",
}
FOUND = {
    "illness": "身体有病痛",
    "bereavement": "家里有人过世",
    "debt": "有债务压力",
    "isolation": "一个人住或少有来往",
    "conflict": "有家庭或邻里矛盾",
    "means_at_home": "家里有可能伤到自己的东西",
    "none": "没有看到特别的情况",
}
REFERRED = {
    "hospital": "医院",
    "counsellor": "心理咨询师",
    "community": "社区",
    "mediation": "调解",
    "legal_aid": "法律援助",
    "police": "110",
    "ambulance": "120",
}
FOLLOWED = {"better": "好一些", "same": "差不多", "worse": "更难了", "not_reached": "没有联系上"}
CLOSED = {
    "supported": "情况缓和，有人陪着",
    "referred": "已转给专业机构",
    "declined_help": "本人不需要进一步帮助",
    "moved_away": "已搬离，已转告新住地",
    "mistaken": "情况不是这样，误会一场",
}
NEEDS = {
    "spoke": "要先和本人说上话，或者上门见到本人",
    "met": "要先上门见到本人，或者已转给 110、120、医院",
    "follow_up": "要先安排下一次随访",
}
ANSWERED_SHOWN_FOR = timedelta(minutes=10)
HANDED_OVER = ("police", "ambulance", "hospital")


class Casework:
    """The acts of staff on the tickets of their office."""

    def __init__(
        self, database: Database, clock: Callable[[], datetime], policies: Mapping[str, Policy]
    ) -> None:
        self.database = database
        self.vault = database.vault
        self.clock = clock
        self.policies = policies

    def acknowledge(self, account: StaffAccount, code: str) -> None:
        """Take the ticket. `TicketHeld` when somebody else has it; taking it twice is taking it once."""
        with self._on(account, code) as (db, ticket, now):
            if ticket.acknowledge(account.id, account.name, now):
                step("S11")
                stop_clocks(db, ticket, ["acknowledge"], now)
                contact = clock_of(db, ticket, "contact")
                if contact is not None and contact.stopped_at is None:
                    policy = self.policies[ticket.kind]
                    contact.due_at = policy.deadline("contact", ticket.rated, ticket.spoken_at, now)
                chain.note(db, ticket, "acknowledged", account.name, "签收了工单。", now)
                self._audit(db, account, "ticket.acknowledged", ticket, now)

    def record_call(
        self,
        account: StaffAccount,
        code: str,
        client_id: UUID,
        outcome: CallOutcome,
        *,
        address_confirmed: bool = False,
        need: str | None = None,
        note: str = "",
    ) -> None:
        """Record an attempt to telephone. Any attempt keeps the acknowledgement; speaking stops two clocks."""
        with self._on(account, code, client_id) as (db, ticket, now):
            self._held(ticket, account)
            stopped = ["contact"]
            ticket.attempt(now)
            if outcome == "spoke":
                ticket.speak(now)
                stopped.append("speak")
                if (
                    need == "no_visit"
                    and "visit" not in self.policies[ticket.kind].levels[ticket.rated].begins_with
                ):
                    stopped.append("visit")
            stop_clocks(db, ticket, stopped, now)
            if address_confirmed:
                self._confirm_address(db, ticket)
            more = {"visit": "，需要上门", "no_visit": "，暂不需要上门", "emergency": "，已转 110/120"}
            text = f"{CALLED[outcome]}{more.get(need or '', '')}。"
            self._write(db, ticket, "call", account, client_id, text, note, now)
            self._audit(db, account, "ticket.call", ticket, now, outcome=outcome, need=need)

    def record_visit(
        self,
        account: StaffAccount,
        code: str,
        client_id: UUID,
        outcome: VisitOutcome,
        *,
        findings: Sequence[str] = (),
        family_present: bool = False,
        visited_at: datetime | None = None,
        note: str = "",
    ) -> None:
        """Record a visit, also one that was late or is written up later (`visited_at`, never in the future)."""
        with self._on(account, code, client_id) as (db, ticket, now):
            self._held(ticket, account)
            at = min(visited_at or now, now)
            answers = at >= ticket.spoken_at  # a visit before the alarm is written down, and answers nothing
            if answers and outcome == "met":
                ticket.meet(at)
                stop_clocks(db, ticket, ["contact", "speak", "visit"], at)
            elif answers:
                ticket.attempt(at)
                stop_clocks(db, ticket, ["contact"], at)
            if outcome == "met":
                self._confirm_address(db, ticket)
            found = "、".join(FOUND[f] for f in findings)
            text = f"{VISITED[outcome]}{'，家人在场' if family_present else ''}{f'。看到：{found}' if found else ''}。"
            self._write(db, ticket, "visit", account, client_id, text, note, at)
            self._audit(db, account, "ticket.visit", ticket, now, outcome=outcome)

    def record_referral(
        self, account: StaffAccount, code: str, client_id: UUID, to: str, agreed: bool, note: str = ""
    ) -> None:
        """Record to whom the resident was referred."""
        with self._on(account, code, client_id) as (db, ticket, now):
            self._held(ticket, account)
            text = f"转介给{REFERRED[to]}，{'本人同意' if agreed else '本人没有表示同意'}。"
            self._write(db, ticket, f"referral.{to}", account, client_id, text, note, now)
            self._audit(db, account, "ticket.referral", ticket, now, to=to, agreed=agreed)

    def plan_follow_ups(
        self, account: StaffAccount, code: str, client_id: UUID, after_hours: Sequence[int]
    ) -> None:
        """Plan follow-ups, counted from now. They belong to the office."""
        with self._on(account, code, client_id) as (db, ticket, now):
            self._held(ticket, account)
            for hours in sorted(set(after_hours)):
                due = now + timedelta(hours=hours)
                db.add(
                    FollowUp(ticket_id=ticket.id, office=ticket.office, planned_at=now, due_at=due, rounds=0)
                )
            step("S13")
            self._write(
                db,
                ticket,
                "follow_up.planned",
                account,
                client_id,
                f"安排了 {len(set(after_hours))} 次随访。",
                "",
                now,
            )
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
        """Record what a follow-up found; also on a closed ticket, where follow-ups go on."""
        with self._on(account, code, client_id, closed=True) as (db, ticket, now):
            found = [f for f in follow_ups_of(db, [ticket.id]) if f.id == follow_up_id]
            if not found:
                raise FollowUpNotFound()
            follow_up = found[0]
            if outcome == "not_reached":
                follow_up.outcome = outcome
            else:
                follow_up.outcome, follow_up.done_at, follow_up.done_by = outcome, now, account.name
            text = f"随访：{FOLLOWED[outcome]}。"
            self._write(db, ticket, "follow_up", account, client_id, text, note, now)
            self._audit(db, account, "ticket.follow_up", ticket, now, outcome=outcome)

    def close(self, account: StaffAccount, code: str, client_id: UUID, outcome: str, note: str = "") -> None:
        """Close with an outcome; `CannotClose` says what is missing. Follow-ups go on after it.

        What was kept of an erased person for this ticket is erased now, and who they are with the last ticket.
        """
        with self._on(account, code, client_id) as (db, ticket, now):
            self._held(ticket, account)
            needs = missing_before_closing(db, ticket, self.policies[ticket.kind])
            if needs:
                raise CannotClose([NEEDS[need] for need in needs])
            ticket.complete(outcome, now)
            stop_clocks(db, ticket, ["acknowledge", "contact", "speak", "visit"], now)
            self._write(db, ticket, "closed", account, client_id, f"结案：{CLOSED[outcome]}。", note, now)
            if self._is_erased(db, ticket):
                db.flush()
                erase_notes(db, ticket.resident_id)
                if not has_open_ticket(db, ticket.resident_id):
                    erase_identity(db, ticket.resident_id)
            self._audit(db, account, "ticket.closed", ticket, now, outcome=outcome)

    def open_identity(self, account: StaffAccount, code: str, reason: str) -> Identity | None:
        """Open who this is, with a reason that the resident will see.

        `IdentityClosed` when neither consent nor danger to life allows it; the basis and who judged it are kept.
        """
        with self._on(account, code, closed=True) as (db, ticket, now):
            basis = basis_for_passing_on(consents_of(db, ticket.resident_id), ticket.danger_to_life)
            if basis is None:
                raise IdentityClosed()
            disclosure = Disclosure(
                resident_id=ticket.resident_id,
                ticket_code=ticket.code,
                office=account.office,
                basis=basis,
                judged_by=account.name if basis is Basis.DANGER_TO_LIFE else "居民本人",
                opened_by=account.name,
                fields="name phone address safe_to_call trusted_person",
                at=now,
            )
            self.vault.seal(disclosure, "reason", reason)
            db.add(disclosure)
            chain.note(db, ticket, "opened_identity", account.name, "查看了联系方式。", now)
            self._audit(db, account, "identity.opened", ticket, now, purpose=str(basis))
            return identity_of(db, ticket.resident_id)

    def lift_veil(self, account: StaffAccount, code: str, reason: str) -> Ticket:
        """Allow reading the resident's own words: only to whoever holds the ticket or leads the office."""
        with self._on(account, code, closed=True) as (db, ticket, now):
            if ticket.holder_id != account.id and account.role != "supervisor":
                raise NotAllowed("先签收这张工单，才能看居民的原话。")
            disclosure = Disclosure(
                resident_id=ticket.resident_id,
                ticket_code=ticket.code,
                office=account.office,
                basis=basis_for_passing_on(consents_of(db, ticket.resident_id), ticket.danger_to_life)
                or "assigned",
                judged_by=account.name,
                opened_by=account.name,
                fields="words",
                at=now,
            )
            self.vault.seal(disclosure, "reason", reason)
            db.add(disclosure)
            chain.note(db, ticket, "opened_words", account.name, "查看了居民的原话。", now)
            self._audit(db, account, "words.opened", ticket, now, purpose=disclosure.basis)
            return ticket

    def desk_calls(self, account: StaffAccount) -> Sequence[DeskCall]:
        """Who is waiting at a kiosk of the caller's office, and who was until a few minutes ago."""
        with self.database.transaction() as db:
            return desk_calls_of(db, account.office, self.clock() - ANSWERED_SHOWN_FOR)

    def answer_desk_call(self, account: StaffAccount, call_id: UUID) -> None:
        """Say that one is going there. Somebody else's answer stands; another office's call is not there."""
        if account.role == "auditor":
            raise NotAllowed("审计员只能查看。")
        now = self.clock()
        with self.database.transaction() as db:
            call = desk_call_for(db, call_id, account)
            if call.answered_at is None:
                call.answered_at, call.answered_by = now, account.name
                audit.record(
                    db, actor=account.username, action="desk_call.answered", subject=f"desk:{call_id}", at=now
                )

    # --- shared ------------------------------------------------------------------------------------

    @contextmanager
    def _on(
        self, account: StaffAccount, code: str, client_id: UUID | None = None, *, closed: bool = False
    ) -> Iterator[tuple[Session, Ticket, datetime]]:
        """One ticket of the caller's office, locked, in one transaction. An act sent before ends here."""
        if account.role == "auditor":
            raise NotAllowed("审计员只能查看。")
        with self.database.transaction() as db:
            ticket = ticket_for(db, code, account, lock=True)
            if client_id is not None and event_recorded(db, client_id):
                raise AlreadyRecorded()
            if ticket.closed_at is not None and not closed:
                raise NotAllowed("这张工单已经结案。")
            yield db, ticket, self.clock()

    def _held(self, ticket: Ticket, account: StaffAccount) -> None:
        if ticket.holder_id is None:
            raise NotAllowed("先签收，再记录。")
        if ticket.holder_id != account.id and account.role != "supervisor":
            raise NotAllowed(f"这张工单在{ticket.holder_name}手里。")

    def _confirm_address(self, db: Session, ticket: Ticket) -> None:
        identity = identity_of(db, ticket.resident_id)
        if identity is not None and identity.has("address"):
            identity.address_confirmed = True

    def _write(
        self,
        db: Session,
        ticket: Ticket,
        kind: str,
        account: StaffAccount,
        client_id: UUID,
        text: str,
        note: str,
        at: datetime,
    ) -> None:
        event = chain.note(db, ticket, kind, account.name, text, at)
        event.client_id = client_id
        forgotten = ticket.closed_at is not None and self._is_erased(db, ticket)
        self.vault.seal(event, "note", None if forgotten else note.strip() or None)

    def _is_erased(self, db: Session, ticket: Ticket) -> bool:
        resident = db.get(Resident, ticket.resident_id)
        return resident is not None and resident.erased_at is not None

    def _audit(
        self,
        db: Session,
        account: StaffAccount,
        action: str,
        ticket: Ticket,
        now: datetime,
        *,
        purpose: str = "",
        **details: Any,
    ) -> None:
        audit.record(
            db, actor=account.username, action=action, subject=f"ticket:{ticket.code}",
            purpose=purpose, at=now, **details,
        )  # fmt: skip


class AlreadyRecorded(Exception):
    """This very act was recorded before; the caller shows the ticket as it stands."""


def missing_before_closing(db: Session, ticket: Ticket, policy: Policy) -> list[str]:
    """What the policy wants before this ticket may be closed and is not there yet."""
    handing_over = {f"referral.{to}" for to in HANDED_OVER}
    handed_over = any(e.kind in handing_over and e.at >= ticket.spoken_at for e in events_of(db, ticket))
    stands = {
        "spoke": ticket.spoke_at is not None,
        "met": ticket.met_at is not None or handed_over,
        "follow_up": bool(follow_ups_of(db, [ticket.id])),
    }
    return [need for need in policy.levels[ticket.rated].closing if not stands[need]]
