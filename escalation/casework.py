"""What staff do with a ticket, one story a function, each in one transaction with its time line and audit.

A form never refuses because a date has passed. How a ticket is followed up and closed is in `closing.py`; what
several people do on one is in `transfer.py`, `reach.py`, `joint.py`, `trips.py` and `lowering.py`.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy.orm import Session

from escalation import chain, holding
from escalation.closing import Closing
from escalation.errors import IdentityClosed, NotAllowed
from escalation.reach import tried
from escalation.staff import StaffAccount
from escalation.store import desk_call_for, desk_calls_of, stop_clocks
from escalation.team_store import open_transfer
from escalation.ticket import DeskCall, Ticket
from escalation.transfer import accept_transfer, may_answer
from residents.resident import Basis, Disclosure, Identity, basis_for_passing_on
from residents.store import consents_of, identity_of
from storage import audit

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
ANSWERED_SHOWN_FOR = timedelta(minutes=10)


class Casework(Closing):
    """The acts of staff on the tickets of their office, from taking one to closing it."""

    def acknowledge(self, account: StaffAccount, code: str) -> None:
        """Take the ticket, or be the second person that its level wants; taking it twice is taking it once.

        `TicketHeld` when somebody else has it. Whoever is asked to take it over accepts by this.
        """
        with self._on(account, code, "acknowledge") as (db, ticket, now):
            policy = self.policy_of(db, ticket)
            transfer = open_transfer(db, ticket)
            if transfer is not None and may_answer(transfer, account):
                accept_transfer(db, ticket, transfer, account, policy, self.telling, now)
            elif not holding.take(db, ticket, account, policy, self.telling.district.desk.code, now):
                return
            wanted = f"，还要{ticket.missing}人签收" if ticket.missing else ""
            chain.note(db, ticket, "acknowledged", account.name, f"签收了工单{wanted}。", now)
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
        with self._on(account, code, "call", client_id) as (db, ticket, now):
            self._held(ticket, account)
            stopped = ["contact"]
            ticket.attempt(now)
            if outcome == "spoke":
                ticket.speak(now)
                stopped.append("speak")
                if (
                    need == "no_visit"
                    and "visit" not in self.policy_of(db, ticket).levels[ticket.rated].begins_with
                ):
                    stopped.append("visit")
            stop_clocks(db, ticket, stopped, now)
            tried(db, ticket, self.policy_of(db, ticket), "phone", outcome == "spoke", account.name, now)
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
        with self._on(account, code, "visit", client_id) as (db, ticket, now):
            self._held(ticket, account)
            at = min(visited_at or now, now)
            answers = at >= ticket.spoken_at  # a visit before the alarm is written down, and answers nothing
            if answers and outcome == "met":
                ticket.meet(at)
                stop_clocks(db, ticket, ["contact", "speak", "visit"], at)
            elif answers:
                ticket.attempt(at)
                stop_clocks(db, ticket, ["contact"], at)
            if answers:
                tried(db, ticket, self.policy_of(db, ticket), "door", outcome == "met", account.name, at)
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
        with self._on(account, code, "refer", client_id) as (db, ticket, now):
            self._held(ticket, account)
            text = f"转介给{REFERRED[to]}，{'本人同意' if agreed else '本人没有表示同意'}。"
            self._write(db, ticket, f"referral.{to}", account, client_id, text, note, now)
            self._audit(db, account, "ticket.referral", ticket, now, to=to, agreed=agreed)

    def open_identity(self, account: StaffAccount, code: str, reason: str) -> Identity | None:
        """Open who this is, with a reason that the resident will see.

        `IdentityClosed` when neither consent nor danger to life allows it; the basis and who judged it are kept.
        """
        with self._on(account, code, "call", closed=True) as (db, ticket, now):
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
        with self._on(account, code, "call", closed=True) as (db, ticket, now):
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

    def _confirm_address(self, db: Session, ticket: Ticket) -> None:
        identity = identity_of(db, ticket.resident_id)
        if identity is not None and identity.has("address"):
            identity.address_confirmed = True
