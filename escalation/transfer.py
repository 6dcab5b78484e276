"""Passing a ticket on: to another office, to a colleague, to the district; refused, expired, and decided.

The sender keeps the ticket until somebody has accepted it, and no clock stops or moves by asking. An answer that
does not come in time counts as a refusal and is told upward. After so many refusals as the policy says, the
district's desk has to decide, and what it decides stands.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from escalation import chain, holding
from escalation.acts import WORKERS, Acts
from escalation.chain import Telling
from escalation.errors import NotAllowed, TicketHeld
from escalation.holding import must_decide
from escalation.policy import Policy
from escalation.staff import StaffAccount
from escalation.store import clock_of, desks_of, follow_ups_of, put_beside, undo_acknowledgements
from escalation.team_store import account_of, open_transfer, take_from_desk
from escalation.teamwork import Transfer
from escalation.ticket import Ticket
from residents.resident import Basis, Disclosure, basis_for_passing_on
from residents.store import consents_of
from storage import audit

LEAST_REASON = 5
TO_DISTRICT = "直接转区值班台"


def may_answer(transfer: Transfer, account: StaffAccount) -> bool:
    """Whether this member of staff is asked: by name, or as somebody of the office that is."""
    if account.role not in WORKERS:
        return False
    if transfer.to_staff_id is not None:
        return transfer.to_staff_id == account.id
    return transfer.to_office == account.office


def overdue(now: datetime) -> Select[Ticket, Transfer]:
    """The askings that nobody has answered in time."""
    return (
        select(Ticket, Transfer)
        .join(Transfer, Transfer.ticket_id == Ticket.id)
        .where(Transfer.answered_at.is_(None), Transfer.answer_by <= now, Ticket.closed_at.is_(None))
        .order_by(Ticket.level.desc(), Transfer.answer_by)
    )


def expire(
    db: Session, ticket: Ticket, transfer: Transfer, policy: Policy, telling: Telling, now: datetime
) -> None:
    """Nobody answered in time: that counts as a refusal, and it is told upward. The sender has the ticket still."""
    transfer.answer, transfer.answered_by, transfer.answered_at = "expired", "系统", now
    to = account_of(db, transfer.to_staff_id)
    whom = to.name if to else telling.district.office_once(transfer.to_office).name
    chain.note(db, ticket, "transfer.expired", "系统", f"{whom}到时没有答复，工单仍在原处，已上报。", now)
    audit.record(
        db, actor="watch", action="transfer.expired", subject=f"ticket:{ticket.code}", at=now,
        to=transfer.to_office,
    )  # fmt: skip
    _not_accepted(db, ticket, transfer, policy, telling, now)


def straight_to_district(
    db: Session, ticket: Ticket, policy: Policy, telling: Telling, now: datetime
) -> None:
    """Jump to the last step of the chain: the district's desk is told now, and again until somebody there acts.

    Whoever has the ticket keeps it meanwhile.
    """
    last = len(policy.levels[ticket.rated].steps) - 1
    ticket.chain_since = now - policy.step(ticket.rated, last).after
    ticket.missing = max(1, ticket.missing)
    chain.jump_to_district(db, ticket, policy, telling, now)


class Transfers(Acts):
    """Asking others to take a ticket, answering, taking it oneself, and the district's decision."""

    def ask(self, account: StaffAccount, code: str, client_id: UUID, to_office: str, reason: str) -> None:
        """Ask another office to take the ticket. It sees the ticket from now on, and is told by when to answer.

        `NotAllowed` for an unknown office, while another asking is open, and after the district has decided or
        has to decide.
        """
        with self._on(account, code, "transfer", client_id) as (db, ticket, now):
            policy = self.policy_of(db, ticket)
            self._may_send(ticket, account)
            district = self.telling.district
            if not district.has_office(to_office) or to_office == ticket.office:
                raise NotAllowed("请选另一个办公室。")
            if ticket.settled:
                raise NotAllowed("区里已经决定这张工单归谁办，不能再转。")
            if must_decide(ticket, policy):
                raise NotAllowed("已经退回两次，等区值班台决定，不能再转。")
            transfer = self._ask(db, ticket, policy, account, to_office, None, reason, now)
            put_beside(db, ticket, to_office, now)
            _passed_on(db, ticket, to_office, account.name, now)
            chain.tell_up(
                db, ticket, "office", f"transfer.{transfer.id}", transfer.answer_by, self.telling, now,
                office=to_office,
            )  # fmt: skip
            text = f"请{district.office(to_office).name}接手，等对方答复；答复之前仍由本所负责。"
            self._write(db, ticket, "transfer", account, client_id, text, reason, now)
            self._audit(db, account, "transfer.asked", ticket, now, to=to_office)

    def hand_over(self, account: StaffAccount, code: str, client_id: UUID, to: UUID, reason: str) -> None:
        """Ask a colleague of one's own office, by name. They have their own time to answer; until then one keeps
        the ticket."""
        with self._on(account, code, "hand_over", client_id) as (db, ticket, now):
            self._held(ticket, account)
            colleague = account_of(db, to)
            if (
                colleague is None
                or colleague.office != account.office
                or not colleague.active
                or colleague.role not in WORKERS
                or colleague.id == ticket.holder_id
            ):
                raise NotAllowed("请选本所另一位在岗的同事。")
            policy = self.policy_of(db, ticket)
            transfer = self._ask(db, ticket, policy, account, account.office, colleague, reason, now)
            chain.tell_up(
                db, ticket, "office", f"transfer.{transfer.id}", transfer.answer_by, self.telling, now,
                office=account.office,
            )  # fmt: skip
            text = f"请{colleague.name}接手，等对方答复；答复之前仍在{ticket.holder_name}手里。"
            self._write(db, ticket, "transfer", account, client_id, text, reason, now)
            self._audit(db, account, "hand_over.asked", ticket, now)

    def answer(
        self, account: StaffAccount, code: str, client_id: UUID, accept: bool, reason: str = ""
    ) -> None:
        """Accept, or refuse with a written reason. Accepting puts the ticket into the caller's hand."""
        with self._on(account, code, "answer_transfer", client_id) as (db, ticket, now):
            transfer = open_transfer(db, ticket)
            if transfer is None or not may_answer(transfer, account):
                raise NotAllowed("现在没有等您答复的转办。")
            policy = self.policy_of(db, ticket)
            if accept:
                accept_transfer(db, ticket, transfer, account, policy, self.telling, now)
                self._write(db, ticket, "transfer.accepted", account, client_id, "接手了工单。", reason, now)
                self._audit(db, account, "transfer.accepted", ticket, now)
                return
            if len(reason.strip()) < LEAST_REASON:
                raise NotAllowed(f"不接要写明理由，至少 {LEAST_REASON} 个字。")
            transfer.answer, transfer.answered_by, transfer.answered_at = "refused", account.name, now
            self.vault.seal(transfer, "answer_reason", reason.strip())
            text = "没有接手，工单仍在原处。"
            self._write(db, ticket, "transfer.refused", account, client_id, text, reason, now)
            self._audit(db, account, "transfer.refused", ticket, now)
            _not_accepted(db, ticket, transfer, policy, self.telling, now)

    def withdraw(self, account: StaffAccount, code: str, client_id: UUID) -> None:
        """Take one's asking back. That is no refusal and counts for nothing."""
        with self._on(account, code, "withdraw_transfer", client_id) as (db, ticket, now):
            transfer = open_transfer(db, ticket)
            if transfer is None or (may_answer(transfer, account) and ticket.holder_id != account.id):
                raise NotAllowed("现在没有可以撤回的转办。")
            self._may_send(ticket, account)
            _withdraw(db, ticket, account.name, now, self.telling)
            self._write(db, ticket, "transfer.withdrawn", account, client_id, "撤回了转办。", "", now)
            self._audit(db, account, "transfer.withdrawn", ticket, now)

    def take_over(self, account: StaffAccount, code: str, client_id: UUID, reason: str) -> None:
        """Take a ticket out of somebody else's hand. Who had it, who took it and why stands on the time line."""
        with self._on(account, code, "take_over", client_id) as (db, ticket, now):
            if ticket.holder_id is None:
                raise NotAllowed("这张工单还没有人签收，直接签收就可以。")
            if ticket.holder_id == account.id:
                raise NotAllowed("这张工单已经在您手里。")
            before = ticket.holder_name
            transfer = open_transfer(db, ticket)
            if transfer is not None and transfer.to_staff_id is not None:
                _withdraw(db, ticket, account.name, now, self.telling)
            holding.pass_into(db, ticket, account, self.policy_of(db, ticket), now)
            self._write(
                db, ticket, "taken_over", account, client_id, f"从{before}手里接过了工单。", reason, now
            )
            self._audit(db, account, "ticket.taken_over", ticket, now)

    def to_district(self, account: StaffAccount, code: str, client_id: UUID, reason: str) -> None:
        """Straight to the district (直接转区中心), from whatever step the chain was at."""
        with self._on(account, code, "to_district", client_id) as (db, ticket, now):
            policy = self.policy_of(db, ticket)
            straight_to_district(db, ticket, policy, self.telling, now)
            self._write(db, ticket, "to_district", account, client_id, f"{TO_DISTRICT}。", reason, now)
            self._audit(db, account, "ticket.to_district", ticket, now)

    def decide(
        self, account: StaffAccount, code: str, client_id: UUID, office: str | None, reason: str
    ) -> None:
        """The district's desk decides whose the ticket is (`office` None: its own). That is final.

        Whoever of that office has it keeps it; otherwise the chain begins there. The clocks go on: they count from
        the resident's sentence, and only the acknowledgement is asked anew of whoever is to take it now.
        """
        with self._on(account, code, "decide", client_id) as (db, ticket, now):
            district = self.telling.district
            desk = district.desk.code
            if account.office != desk:
                raise NotAllowed("只有区值班台可以决定工单归谁办。")
            if ticket.settled:
                raise NotAllowed("区里已经决定过了。")
            if office is not None and (not district.has_office(office) or office == desk):
                raise NotAllowed("请选一个办公室，或者留在区值班台。")
            policy = self.policy_of(db, ticket)
            transfer = open_transfer(db, ticket)
            if transfer is not None:
                transfer.answer, transfer.answered_by, transfer.answered_at = "arbiter", account.name, now
                self.vault.seal(transfer, "answer_reason", reason)
            to = office or desk
            text = f"区值班台决定：由{district.office(to).name}办理，不再转。"
            self._write(db, ticket, "decided", account, client_id, text, reason, now)
            for other in desks_of(db, ticket) - {desk}:
                take_from_desk(db, ticket, other)
            if office is None:
                ticket.settled = True
                _move(db, ticket, desk, now)
                if ticket.holder_id is None:
                    holding.take(db, ticket, account, policy, desk, now)
                else:
                    holding.pass_into(db, ticket, account, policy, now)
                ticket.missing = 0
            else:
                self._assign(db, ticket, office, account, policy, now)
            self._audit(db, account, "ticket.decided", ticket, now, office=to)

    def _assign(
        self, db: Session, ticket: Ticket, office: str, account: StaffAccount, policy: Policy, now: datetime
    ) -> None:
        holder = account_of(db, ticket.holder_id)
        ticket.settled = True
        if ticket.office != office:
            _move(db, ticket, office, now)
            _passed_on(db, ticket, office, account.name, now)
        put_beside(db, ticket, self.telling.district.desk.code, now)
        if holder is not None and holder.office == office:
            ticket.missing = 0
            return
        undo_acknowledgements(db, ticket, now)
        ticket.lapse(now, policy.levels[ticket.rated].acknowledgements)
        for name in ("acknowledge", "contact"):
            clock = clock_of(db, ticket, name)
            if clock is not None and (name == "acknowledge" or ticket.attempted_at is None):
                chain.set_deadline(db, ticket, clock, policy, now, "moved", since=now)
                clock.rounds, clock.told_at = 0, None
        chain.take_step(db, ticket, policy, self.telling, now)

    def _may_send(self, ticket: Ticket, account: StaffAccount) -> None:
        if ticket.holder_id is not None and ticket.holder_id != account.id and account.role != "supervisor":
            raise TicketHeld(ticket.code, by=ticket.holder_name or "")

    def _ask(
        self,
        db: Session,
        ticket: Ticket,
        policy: Policy,
        account: StaffAccount,
        to_office: str,
        to: StaffAccount | None,
        reason: str,
        now: datetime,
    ) -> Transfer:
        if open_transfer(db, ticket) is not None:
            raise NotAllowed("已经有一次转办在等答复，先等对方答复，或者先撤回。")
        transfer = Transfer(
            ticket_id=ticket.id,
            from_office=ticket.office,
            to_office=to_office,
            to_staff_id=None if to is None else to.id,
            asked_by=account.name,
            asked_at=now,
            answer_by=now + policy.transfer.answer_within[ticket.rated],
        )
        self.vault.seal(transfer, "reason", reason.strip())
        db.add(transfer)
        db.flush()
        return transfer


def accept_transfer(
    db: Session,
    ticket: Ticket,
    transfer: Transfer,
    account: StaffAccount,
    policy: Policy,
    telling: Telling,
    now: datetime,
) -> None:
    """Put the ticket into the hand of whoever accepts it, at their office. Its clocks go on as they stand."""
    transfer.answer, transfer.answered_by, transfer.answered_at = "accepted", account.name, now
    if ticket.office != account.office:
        _move(db, ticket, account.office, now)
    if ticket.holder_id is None:
        holding.take(db, ticket, account, policy, telling.district.desk.code, now)
    else:
        holding.pass_into(db, ticket, account, policy, now)


def _withdraw(db: Session, ticket: Ticket, by: str, now: datetime, telling: Telling) -> None:
    transfer = open_transfer(db, ticket)
    if transfer is None:
        return
    transfer.answer, transfer.answered_by, transfer.answered_at = "withdrawn", by, now
    _take_back(db, ticket, transfer, telling)


def withdraw_open(db: Session, ticket: Ticket, by: str, now: datetime, telling: Telling) -> None:
    """End an asking that has become idle: the matter was closed, or went another way."""
    _withdraw(db, ticket, by, now, telling)


def _take_back(db: Session, ticket: Ticket, transfer: Transfer, telling: Telling) -> None:
    if transfer.to_staff_id is None and transfer.to_office != telling.district.desk.code:
        take_from_desk(db, ticket, transfer.to_office)


def _not_accepted(
    db: Session, ticket: Ticket, transfer: Transfer, policy: Policy, telling: Telling, now: datetime
) -> None:
    """Nobody took it: told to the sender's supervisor, and from the last refusal that the policy bears, the desk's."""
    _take_back(db, ticket, transfer, telling)
    if transfer.to_staff_id is None:
        ticket.bounces += 1
    if must_decide(ticket, policy):
        chain.note(db, ticket, "bounced", "系统", "已经退回两次，请区值班台决定由谁办理。", now)
        straight_to_district(db, ticket, policy, telling, now)
        return
    due = policy.deadline("acknowledge", ticket.rated, ticket.spoken_at)
    chain.tell_up(db, ticket, "supervisor", f"refused.{transfer.id}", due, telling, now)


def _move(db: Session, ticket: Ticket, office: str, now: datetime) -> None:
    """Make another office responsible, for what it still has to ask of the resident as well."""
    take_from_desk(db, ticket, office)
    ticket.office = office
    for follow_up in follow_ups_of(db, [ticket.id]):
        if follow_up.done_at is None:
            follow_up.office = office


def _passed_on(db: Session, ticket: Ticket, office: str, judged_by: str, now: datetime) -> None:
    """Record on which basis this office learns of this person."""
    basis = basis_for_passing_on(consents_of(db, ticket.resident_id), ticket.danger_to_life)
    if basis is None:
        return
    db.add(
        Disclosure(
            resident_id=ticket.resident_id,
            ticket_code=ticket.code,
            office=office,
            basis=basis,
            judged_by="居民本人" if basis is Basis.CONSENT else judged_by,
            fields="level place",
            at=now,
        )
    )
