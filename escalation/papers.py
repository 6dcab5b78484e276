"""Opening a document of a case: who may, on which basis, and that the resident sees it later. One story.

Every opening is a disclosure of its own, a line of the time line and an entry of the audit trail, on the screen and on
paper alike.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from sqlalchemy.orm import Session

from escalation import chain
from escalation.acts import Acts
from escalation.closing import HANDED_OVER
from escalation.errors import NotAllowed
from escalation.staff import StaffAccount
from escalation.store import events_of
from escalation.team_store import open_trip
from escalation.ticket import Ticket
from residents.resident import Basis, Disclosure, Scope, basis_for_passing_on
from residents.store import consents_of

Need = Literal["share", "agreed", "asked"]
Shared = Callable[[Session, UUID], bool]
"""Whether this resident has recorded, on their own page, that those who see to their matter may have their plan."""
AGREED = "本人同意。"
"""How a referral that the resident agreed to ends on the time line (`casework.record_referral`)."""


@dataclass(frozen=True)
class Opened:
    """What was opened: of which ticket, and on which basis its identity (None: it stays closed)."""

    ticket: Ticket
    basis: Basis | None


class Papers(Acts):
    """Documents of a ticket, for whoever holds it or leads its office."""

    def open(
        self,
        account: StaffAccount,
        code: str,
        kind: str,
        title: str,
        need: Need,
        *,
        identity: bool,
        asked: bool,
        form: str,
        refused: dict[str, str],
        shared: Shared,
    ) -> Opened:
        """Open one document, and write down that it was, on which basis, and who judged that: the resident, where they
        agreed; else whoever opens it. A second opening is a second one.

        `NotAllowed` in the words of `refused` for whoever neither holds the ticket nor leads (`holder`). A resident's
        own plan (need `asked`) opens to whoever holds the open ticket, or is out on a visit for it (`plan`), when its
        owner has recorded that they share it (`no_share`) and was asked face to face (`ask`); to no lead, to nobody
        afterwards, and danger is no reason.
        """
        with self._on(account, code, "call", closed=True) as (db, ticket, now):
            if need == "asked":
                if not self._sees_to_it(db, ticket, account):
                    raise NotAllowed(refused["plan"])
            elif ticket.holder_id != account.id and account.role != "supervisor":
                raise NotAllowed(refused["holder"])
            basis = self._basis(db, ticket, need, asked, refused, shared)
            used = basis if basis and identity else None
            agreed = used is Basis.CONSENT
            disclosure = Disclosure(
                resident_id=ticket.resident_id,
                ticket_code=ticket.code,
                office=account.office,
                basis=used or "assigned",
                judged_by="居民本人" if agreed else account.name,
                opened_by=account.name,
                fields=f"document.{kind}",
                at=now,
            )
            db.add(disclosure)
            chain.note(db, ticket, "opened_document", account.name, f"打开了{title}。", now)
            self._audit(
                db, account, "document.opened", ticket, now, purpose=disclosure.basis, kind=kind, form=form,
                judged_by="resident" if agreed else account.username,
            )  # fmt: skip
            return Opened(ticket, used)

    def _sees_to_it(self, db: Session, ticket: Ticket, account: StaffAccount) -> bool:
        if ticket.closed_at is None and ticket.holder_id == account.id:
            return True
        trip = open_trip(db, ticket)
        return trip is not None and trip.staff_id == account.id

    def _basis(
        self,
        db: Session,
        ticket: Ticket,
        need: Need,
        asked: bool,
        refused: dict[str, str],
        shared: Shared,
    ) -> Basis | None:
        consents = consents_of(db, ticket.resident_id)
        if need == "asked":
            if not (consents[Scope.SHARE] and shared(db, ticket.resident_id)):
                raise NotAllowed(refused["no_share"])
            if not asked:
                raise NotAllowed(refused["ask"])
            return Basis.CONSENT
        basis = basis_for_passing_on(consents, ticket.danger_to_life)
        if need == "share":
            return basis
        last = last_referral(db, ticket)
        if last is None:
            return None
        to, agreed = last
        if agreed and basis is not None:
            return basis
        handed_over = to in HANDED_OVER and ticket.danger_to_life
        return Basis.DANGER_TO_LIFE if handed_over else None


def last_referral(db: Session, ticket: Ticket) -> tuple[str, bool] | None:
    """To whom this resident was referred last, and whether they agreed."""
    found = [event for event in events_of(db, ticket) if event.kind.startswith("referral.")]
    return (found[-1].kind.partition(".")[2], found[-1].text.endswith(AGREED)) if found else None
