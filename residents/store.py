"""Queries on the people we serve."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from residents.one_time_code import OneTimeCode
from residents.resident import GUARDIAN, Consent, Disclosure, Identity, Resident, Scope, agreed
from residents.session import ResidentSession, token_hash


def session_by_token(db: Session, token: str) -> ResidentSession | None:
    """The conversation that this cookie opens."""
    return db.scalar(select(ResidentSession).where(ResidentSession.token_hash == token_hash(token)))


def moved_away(db: Session, token: str) -> bool:
    """Whether this token is of a device whose conversation went on elsewhere."""
    left = select(OneTimeCode.id).where(OneTimeCode.left_token_hash == token_hash(token)).limit(1)
    return db.scalar(left) is not None


def session_by_sender(db: Session, sender: str) -> ResidentSession | None:
    """The conversation behind Rasa's pseudonym."""
    return db.scalar(select(ResidentSession).where(ResidentSession.sender == sender))


def lock_session(db: Session, session_id: UUID) -> ResidentSession:
    """The conversation's row, locked and as it stands now: everything that happens in one conversation queues here.

    It comes before every other lock (then the resident, then the ticket), so that no two requests of one
    conversation, and no worker who comes in, wait for each other for ever.
    """
    return db.scalars(
        select(ResidentSession)
        .where(ResidentSession.id == session_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one()


def sessions_of(db: Session, resident_id: UUID) -> Sequence[ResidentSession]:
    """All conversations of one person."""
    theirs = select(ResidentSession).where(ResidentSession.resident_id == resident_id)
    return db.scalars(theirs.order_by(ResidentSession.id)).all()


def lock_sessions_of(db: Session, resident_id: UUID) -> None:
    """Lock all conversations of one person, in one order: whatever is being answered in them waits."""
    theirs = select(ResidentSession.id).where(ResidentSession.resident_id == resident_id)
    db.execute(theirs.order_by(ResidentSession.id).with_for_update())


def lock_resident(db: Session, resident_id: UUID) -> Resident:
    """The resident's row, locked: everything that may open or raise a ticket of one person queues here."""
    return db.scalars(
        select(Resident)
        .where(Resident.id == resident_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one()


def identity_of(db: Session, resident_id: UUID) -> Identity | None:
    """The sealed identity, if any of it was given or declined."""
    return db.scalar(select(Identity).where(Identity.resident_id == resident_id))


def identities_of(db: Session, residents: Collection[UUID]) -> dict[UUID, Identity]:
    """The sealed identities of these people, of whom any was given or declined."""
    rows = db.scalars(select(Identity).where(Identity.resident_id.in_(residents)))
    return {row.resident_id: row for row in rows}


def sessions_by_id(db: Session, sessions: Collection[UUID]) -> dict[UUID, ResidentSession]:
    """These conversations."""
    rows = db.scalars(select(ResidentSession).where(ResidentSession.id.in_(sessions)))
    return {row.id: row for row in rows}


def consents_of(db: Session, resident_id: UUID) -> dict[Scope, bool]:
    """What this person agrees to now."""
    return agreed(db.scalars(select(Consent).where(Consent.resident_id == resident_id)))


def set_consents(
    db: Session, resident_id: UUID, ticks: Mapping[str, bool], wording: str, now: datetime
) -> list[Scope]:
    """Write a row for each tick that changed, and say which did."""
    before = consents_of(db, resident_id)
    changed = [scope for scope in Scope if scope in ticks and ticks[scope] != before[scope]]
    for scope in changed:
        db.add(Consent(resident_id=resident_id, scope=scope, given=ticks[scope], wording=wording, at=now))
    return changed


def guardian_agreed(db: Session, resident_id: UUID) -> bool:
    """Whether the tick for screening stands and a guardian gave it."""
    last = db.scalar(
        select(Consent)
        .where(Consent.resident_id == resident_id, Consent.scope == Scope.SCREENING)
        .order_by(Consent.at.desc(), Consent.id)
        .limit(1)
    )
    return last is not None and last.given and GUARDIAN in last.wording


def disclosures_of(db: Session, resident_id: UUID) -> list[Disclosure]:
    """Every passing-on of this person's data, oldest first."""
    return list(
        db.scalars(
            select(Disclosure)
            .where(Disclosure.resident_id == resident_id)
            .order_by(Disclosure.at, Disclosure.id)
        )
    )


def erase_identity(db: Session, resident_id: UUID) -> None:
    """Delete name, telephone, address, whom to reach, and the reasons that staff wrote down for opening them.

    That they were opened, when, by which office and on which basis stays.
    """
    db.execute(delete(Identity).where(Identity.resident_id == resident_id))
    reasons = update(Disclosure).where(Disclosure.resident_id == resident_id)
    db.execute(reasons.values(reason_sealed=None))
