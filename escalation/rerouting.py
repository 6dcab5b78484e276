"""Open tickets after the district's tree has changed: a street merged, a boundary moved, an office closed.

Every ticket keeps the digest of the tree that routed it (`Ticket.tree`). One that was routed by another tree than
the one in force is due, and routed again from what is known now: the sealed address, else the place where the
resident was, else the district's duty desk. Being due is a query, so a restart in the middle loses nothing.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select, union_all, update
from sqlalchemy.orm import Session

from escalation import chain
from escalation.chain import Telling
from escalation.policy import Policy
from escalation.staff import StaffAccount
from escalation.store import give_to, put_beside, undo_acknowledgements
from escalation.team_store import open_transfer
from escalation.teamwork import Transfer
from escalation.ticket import DeskCall, FollowUp, Ticket, TicketDesk
from escalation.transfer import withdraw_open
from residents.district import District
from residents.resident import Basis, Disclosure, basis_for_passing_on
from residents.routing import Route, route
from residents.session import ResidentSession
from residents.store import consents_of, identity_of
from storage import audit
from storage.vault import Vault

AT_ONCE = 200  # tickets that a forecast looks at in one bite


@dataclass(frozen=True)
class Moves:
    """What a tree would do to the tickets that are open now."""

    open_tickets: int
    move: int
    to_desk: int
    by_office: dict[str, int]  # how many would come to each office


def stale(digest: str) -> Select[Ticket]:
    """Open tickets, and closed ones that somebody is still to ask about, that were routed by another tree.

    Worst level first, so that a large change of the tree serves those who wait in danger before the others.
    """
    still_open = select(Ticket.id).where(Ticket.tree != digest, Ticket.closed_at.is_(None))
    promised = (
        select(Ticket.id)
        .join(FollowUp, FollowUp.ticket_id == Ticket.id)
        .where(Ticket.tree != digest, FollowUp.done_at.is_(None))
    )
    return (
        select(Ticket)
        .where(
            Ticket.id.in_(union_all(still_open, promised))
        )  # two small indexes; history is never looked at
        .order_by(Ticket.level.desc(), Ticket.opened_at)
    )


def reroute(
    db: Session, ticket: Ticket, vault: Vault, telling: Telling, policy: Policy, now: datetime
) -> bool:
    """Route one ticket by the tree in force; True when that changed who is responsible or beside.

    - Nobody has it: it moves, and the new office is told from the first step on.
    - Somebody of an office that still exists has it: they keep it, the new office is put beside them and told.
    - Its holder's office was closed: it is taken back and moves at once.

    The clocks stay: they count from the resident's sentence, not from a change of boundaries. A matter that the
    district or a transfer has decided stays where it was put, as long as that office exists. Where this is and why it
    is there are sealed anew; the time line and the audit say what happened. Asked again under the same tree, it
    changes nothing.
    """
    district = telling.district
    if ticket.tree == district.digest:
        return False
    found = _found(db, ticket, vault, district)
    before, ticket.tree = ticket.office, district.digest
    moved = _move(db, ticket, found, telling, policy, now)
    if district.has_office(ticket.office):
        _renew(db, ticket, vault, district, found)
    asked = open_transfer(db, ticket)
    if asked is not None and (ticket.office != before or not district.has_office(asked.to_office)):
        withdraw_open(db, ticket, "区划调整", now, telling)
    _take_over(db, ticket, district)
    if moved:
        audit.record(
            db, actor="routing", action="ticket.rerouted", subject=f"ticket:{ticket.code}", at=now,
            before=before, office=found.office, how=found.how, tree=district.digest,
        )  # fmt: skip
    return moved


def calls_of_closed_offices(db: Session, district: District) -> int:
    """Give calls from kiosks that wait at an office that was closed to the district's desk; says how many."""
    kept = [office.code for office in district.offices]
    waiting = update(DeskCall).where(DeskCall.answered_at.is_(None), DeskCall.office.not_in(kept))
    return db.execute(waiting.values(office=district.desk.code)).rowcount  # type: ignore[attr-defined]


def forecast(db: Session, vault: Vault, district: District) -> Moves:
    """What this tree would do to the tickets that are open now, before it is saved. Changes nothing."""
    total = db.scalar(select(func.count()).select_from(Ticket).where(Ticket.closed_at.is_(None))) or 0
    coming: Counter[str] = Counter()
    for ticket in db.scalars(stale(district.digest).execution_options(yield_per=AT_ONCE)):
        if ticket.closed_at is None:
            found = _found(db, ticket, vault, district)
            office = found.office
            if office != ticket.office:
                coming[office] += 1
    return Moves(total, coming.total(), coming[district.desk.code], dict(coming))


def _found(db: Session, ticket: Ticket, vault: Vault, district: District) -> Route:
    """Where this ticket belongs by this tree. What people have decided stays, if that office still exists."""
    identity = identity_of(db, ticket.resident_id)
    address = vault.open(identity, "address") if identity else None
    session = db.get(ResidentSession, ticket.session_id)
    found = route(district, address or "", session.place if session else None)
    if found.office != ticket.office and district.has_office(ticket.office) and _decided(db, ticket):
        office = district.office(ticket.office)
        reason = f"经转办由{office.name}负责，区划调整后不变。"
        return Route(office.code, office.street, None, found.confidence, reason, found.how)
    return found


def _decided(db: Session, ticket: Ticket) -> bool:
    """Whether people have said whose this is: the district's word, or a transfer that was accepted."""
    accepted = select(Transfer.id).where(
        Transfer.ticket_id == ticket.id,
        Transfer.to_office == ticket.office,
        Transfer.from_office != ticket.office,
        Transfer.answer.in_(("accepted", "arbiter")),
    )
    return ticket.settled or db.scalar(accepted.limit(1)) is not None


def _move(db: Session, ticket: Ticket, found: Route, telling: Telling, policy: Policy, now: datetime) -> bool:
    district = telling.district
    name = district.office(found.office).name
    if ticket.closed_at is not None:  # only its follow-ups still have to be somebody's
        moved = not district.has_office(ticket.office)
        if moved:
            give_to(db, ticket, found.office)
            chain.note(db, ticket, "routed", "系统", f"原办公室已撤销，后续随访由{name}负责。", now)
            _passed_on(db, ticket, found.office, now)
        return moved
    holder = db.get(StaffAccount, ticket.holder_id) if ticket.holder_id is not None else None
    if holder is not None and not district.has_office(holder.office):
        chain.note(
            db, ticket, "routed", "系统", f"{holder.name}所在的办公室已撤销，工单改由{name}负责。", now
        )
        _leave_closed_desks(db, ticket, district)
        give_to(db, ticket, found.office)
        ticket.lapse(now, policy.levels[ticket.rated].acknowledgements)
        undo_acknowledgements(db, ticket, now)
        chain.take_step(db, ticket, policy, telling, now)
        _passed_on(db, ticket, found.office, now)
        return True
    in_hand = chain.office_of_holder(db, ticket)
    _leave_closed_desks(db, ticket, district)
    if found.office == ticket.office:
        return False
    if in_hand is None:
        chain.note(db, ticket, "routed", "系统", f"区划有调整，改由{name}负责。", now)
        give_to(db, ticket, found.office)
        ticket.start_chain(now)
        chain.take_step(db, ticket, policy, telling, now)
    elif in_hand == found.office:
        give_to(db, ticket, in_hand)
        chain.note(db, ticket, "routed", "系统", f"区划有调整，由{name}负责。", now)
        return True
    else:
        give_to(db, ticket, in_hand if district.has_office(in_hand) else found.office)
        if not put_beside(db, ticket, found.office, now) and ticket.office != found.office:
            return False
        chain.note(
            db, ticket, "routed", "系统", f"区划有调整，{name}一同负责；{ticket.holder_name}继续跟进。", now
        )
        due = policy.deadline("speak", ticket.rated, ticket.spoken_at)
        chain.tell_up(db, ticket, "office", f"tree.{ticket.tree}", due, telling, now, office=found.office)
    _passed_on(db, ticket, found.office, now)
    return True


def _leave_closed_desks(db: Session, ticket: Ticket, district: District) -> None:
    """Take the ticket off the lists of offices that no longer exist."""
    for row in db.scalars(select(TicketDesk).where(TicketDesk.ticket_id == ticket.id)).all():
        if not district.has_office(row.office):
            db.delete(row)
    db.flush()


def _take_over(db: Session, ticket: Ticket, district: District) -> None:
    """What was promised in the name of a closed office is promised by the one that has the ticket now."""
    for promise in db.scalars(
        select(FollowUp).where(FollowUp.ticket_id == ticket.id, FollowUp.done_at.is_(None))
    ):
        if not district.has_office(promise.office):
            promise.office = ticket.office


def _renew(db: Session, ticket: Ticket, vault: Vault, district: District, found: Route) -> None:
    """Seal anew where this is and why it went where it is; what retention has erased stays erased."""
    if ticket.place_sealed is None and ticket.routing_sealed is None:
        return
    session = db.get(ResidentSession, ticket.session_id)
    vault.seal(ticket, "place", where(district, found, session))
    vault.seal(ticket, "routing", found.reason)


def where(district: District, found: Route, session: ResidentSession | None) -> str:
    """Where somebody is, as a list of the office may say it: community and grid, or place, and through which door."""
    area = chain.area(district, found.office)
    place = district.place(session.place) if session is not None and session.place else None
    if found.how == "address" and found.community:
        area = f"{area} · {district.community(found.community).name}"
        area += district.grid(found.grid).name if found.grid else ""
    elif place is not None and found.how == "place":
        area = place.name
    return f"{area} · {'自助机' if session is not None and session.door == 'kiosk' else '手机'}"


def _passed_on(db: Session, ticket: Ticket, office: str, now: datetime) -> None:
    """Record on which basis the new office learns of this person, as opening a ticket does."""
    basis = basis_for_passing_on(consents_of(db, ticket.resident_id), ticket.danger_to_life)
    if basis is None:
        return
    db.add(
        Disclosure(
            resident_id=ticket.resident_id,
            ticket_code=ticket.code,
            office=office,
            basis=basis,
            judged_by="居民本人" if basis is Basis.CONSENT else "规则 区划调整",
            fields="level place",
            at=now,
        )
    )
