"""One administration as a Bundle for whoever may read the resident's own words, and recorded as that is."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from assessments import store as sittings
from assessments.administration import Administration
from escalation.casework import Casework
from escalation.errors import NotThere
from escalation.intake import Intake
from escalation.store import clocks_of, ticket_for
from escalation.ticket import Ticket
from server.console import Staff
from server.fhir.bundle import Answered, bundle_of
from server.fhir.reading import json_of
from server.fhir.task import TicketFacts
from storage import audit
from storage.database import Database

PSEUDONYM = "fhir_pseudonym"


class ExchangeDesk:
    """Behind the route that hands a Bundle to a worker."""

    def __init__(
        self, database: Database, clock: Callable[[], datetime], casework: Casework, intake: Intake
    ) -> None:
        self.database = database
        self.vault = database.vault
        self.clock = clock
        self.casework = casework
        self.intake = intake

    def bundle(self, staff: Staff, code: str, administration_id: UUID, reason: str) -> str:
        """The Bundle of one administration of this ticket's resident, as JSON.

        The rights and the record are those of lifting the veil: who holds the ticket or leads the office, with a reason
        that is kept and shown to the resident. Raises `TicketNotFound`, `NotThere` and `NotAllowed`; nothing is read
        before it is recorded.
        """
        with self.database.transaction() as db:
            self._administration(db, ticket_for(db, code, staff.account), administration_id)
        ticket = self.casework.lift_veil(staff.account, code, reason)
        now = self.clock()
        with self.database.transaction() as db:
            audit.record(
                db, actor=staff.account.username, action="answers.exported", subject=f"ticket:{ticket.code}",
                at=now, administration=administration_id, format="fhir-r4b",
            )  # fmt: skip
        with self.database.transaction() as db:
            administration = self._administration(db, ticket, administration_id)
            answered = Answered(
                id=administration.id,
                form=self.intake.form_of(db, administration),
                answers=sittings.answers_of(db, self.vault, administration.id),
                finished=administration.state == "finished",
                authored=administration.finished_at or administration.started_at,
            )
            facts = self._facts(db, ticket_for(db, code, staff.account))
        pseudonym = self.vault.index(PSEUDONYM, str(ticket.resident_id)).hex()[:32]
        bundle = bundle_of(answered, self.intake.levels, pseudonym=pseudonym, ticket=facts, at=now)
        return json_of(bundle)

    def _administration(self, db: Session, ticket: Ticket, administration_id: UUID) -> Administration:
        """An administration of this ticket's resident; any other is like one that does not exist."""
        found = db.get(Administration, administration_id)
        if found is None or found.resident_id != ticket.resident_id:
            raise NotThere()
        return found

    def _facts(self, db: Session, ticket: Ticket) -> TicketFacts:
        running = [clock.due_at for clock in clocks_of(db, [ticket.id]) if clock.stopped_at is None]
        return TicketFacts(
            code=ticket.code,
            kind=ticket.kind,
            state=ticket.state,
            level=ticket.rated,
            office=ticket.office,
            opened_at=ticket.opened_at,
            closed_at=ticket.closed_at,
            outcome=ticket.outcome,
            due_at=min(running, default=None),
        )
