"""Who has a ticket in hand: taking it, taking it as the second, and passing it into another hand.

Every taking is a row. A level may want two people; the chain goes on until both have taken the ticket.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from escalation import chain
from escalation.errors import TicketHeld
from escalation.policy import Policy
from escalation.staff import StaffAccount
from escalation.store import clock_of, stop_clocks
from escalation.team_store import acknowledgements_of
from escalation.teamwork import Acknowledgement
from escalation.ticket import Ticket
from storage.step_points import step


def must_decide(ticket: Ticket, policy: Policy) -> bool:
    """Whether so many offices have refused this ticket that the district's desk has to say whose it is."""
    return not ticket.settled and ticket.bounces >= policy.transfer.bounces


def take(
    db: Session, ticket: Ticket, account: StaffAccount, policy: Policy, desk: str, now: datetime
) -> bool:
    """Take the ticket, as its holder or as the second person that its level wants. False when taken before.

    `TicketHeld` when others have it and nobody more is wanted. What the district has to decide is silenced only by
    somebody of its desk (`desk`), not by a colleague of those who passed it round.
    """
    if any(taken.staff_id == account.id for taken in acknowledgements_of(db, ticket)):
        return False
    if ticket.holder_id is None:
        ticket.acknowledge(account.id, account.name, now)
        if must_decide(ticket, policy) and account.office != desk:
            ticket.missing = max(1, ticket.missing)
        step("S11")
        _contact_from_now(db, ticket, policy, now)
    elif ticket.holder_id == account.id:
        return False
    elif ticket.missing > 0 and (account.office == desk or not must_decide(ticket, policy)):
        ticket.missing -= 1
    else:
        raise TicketHeld(ticket.code, by=ticket.holder_name or "")
    db.add(Acknowledgement(ticket_id=ticket.id, staff_id=account.id, name=account.name, at=now))
    if ticket.missing == 0:
        stop_clocks(db, ticket, ["acknowledge"], now)
    db.flush()
    return True


def pass_into(db: Session, ticket: Ticket, account: StaffAccount, policy: Policy, now: datetime) -> None:
    """Put a ticket that somebody has into another hand. No clock changes, and nobody more is missing, unless whoever
    takes it was its second person: where two are wanted, the chain then asks for another."""
    taken = acknowledgements_of(db, ticket)
    for one in taken:
        if one.staff_id == ticket.holder_id:
            one.undone_at = now
    if all(one.staff_id != account.id for one in taken):
        db.add(Acknowledgement(ticket_id=ticket.id, staff_id=account.id, name=account.name, at=now))
    ticket.holder_id, ticket.holder_name = account.id, account.name
    db.flush()
    wanted = policy.levels[ticket.rated].acknowledgements - len(acknowledgements_of(db, ticket))
    if any(one.staff_id == account.id for one in taken) and wanted > ticket.missing:
        if not ticket.missing:
            ticket.start_chain(now)
        ticket.missing = wanted


def _contact_from_now(db: Session, ticket: Ticket, policy: Policy, now: datetime) -> None:
    """Whoever has taken a ticket has their own time to try to reach the resident."""
    contact = clock_of(db, ticket, "contact")
    if contact is not None and contact.stopped_at is None:
        chain.set_deadline(db, ticket, contact, policy, now, "acknowledged", now)
