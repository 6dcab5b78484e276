"""What every act of staff has in common: one ticket of the caller's, locked, in one transaction, done once.

The caller's office is part of every query: a foreign ticket is `TicketNotFound`. The same act sent twice
(the same `client_id`) is recorded once.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from escalation import chain
from escalation.chain import Telling
from escalation.errors import NotAllowed, TicketNotFound
from escalation.policy import Policy
from escalation.policy_book import PolicyBook
from escalation.staff import StaffAccount
from escalation.store import event_recorded, ticket_for
from escalation.ticket import Ticket
from residents.resident import Resident
from storage import audit
from storage.database import Database

WORKERS = ("social_worker", "judicial_officer", "supervisor", "duty_officer")
"""Who may act on a ticket; everybody else only reads it, or not even that."""


class AlreadyRecorded(Exception):
    """This very act was recorded before; the caller shows the ticket as it stands."""


class Acts:
    """The acts of staff on the tickets of their office. One story a method, with its time line and audit."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        policies: PolicyBook,
        telling: Telling,
    ) -> None:
        self.database = database
        self.vault = database.vault
        self.clock = clock
        self.policies = policies
        self.telling = telling

    def policy_of(self, db: Session, ticket: Ticket) -> Policy:
        """The edition of its policy that this ticket keeps."""
        return self.policies.of(db, ticket)

    @contextmanager
    def _on(
        self,
        account: StaffAccount,
        code: str,
        act: str,
        client_id: UUID | None = None,
        *,
        closed: bool = False,
    ) -> Iterator[tuple[Session, Ticket, datetime]]:
        """One ticket of the caller's office, locked, in one transaction. An act sent before ends here.

        `act` is what its policy calls it; `NotAllowed` when that does not let this role do it.
        """
        if account.role == "auditor":
            raise NotAllowed("审计员只能查看。")
        with self.database.transaction() as db:
            try:
                ticket = ticket_for(db, code, account, lock=True)
            except TicketNotFound:
                if client_id is not None and event_recorded(db, client_id, by=account.name):
                    raise AlreadyRecorded() from None  # with this very act it went out of the caller's sight
                raise
            if not self.policy_of(db, ticket).may(account.role, act):
                raise NotAllowed("您的岗位不能在这类工单上做这一步。")
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
