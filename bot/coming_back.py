"""Somebody who comes back to the same phone after a day: asked first whether it is they, for phones change hands.

Until they say so the conversation belongs to somebody new, and nothing of the earlier one is shown or used.
"""

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from bot.errors import NothingToAnswer
from escalation.store import signals_of_session
from residents.resident import Consent, Resident
from residents.session import ResidentSession
from residents.store import consents_of


def come_back(db: Session, session: ResidentSession, *, same: bool) -> None:
    """Join this conversation to the one who talked here before, or forget that anybody did.

    Only before anything was agreed to or said; `NothingToAnswer` when nobody is asked, or it is too late. Words of
    danger come before the question who it is: where some were said, nobody is asked or greeted any more.
    """
    earlier, new = session.came_back_to, session.resident_id
    if earlier is None or (same and any(consents_of(db, new).values())):
        raise NothingToAnswer()
    if signals_of_session(db, session.id):
        raise NothingToAnswer()
    session.came_back_to = None
    if same:
        session.resident_id = earlier
        db.flush()
        db.execute(update(Consent).where(Consent.resident_id == new).values(resident_id=earlier))
        db.execute(delete(Resident).where(Resident.id == new))
    db.flush()
