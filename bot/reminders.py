"""别再提醒我: a resident who wants no more invitations to answer again, or wants them after all. Tapped or typed."""

from datetime import datetime

from sqlalchemy.orm import Session

from assessments.answer_scales import plain
from bot.transcript import Bubble
from escalation.rescreening import decline, intervals, welcome
from residents.session import ResidentSession

NO_MORE, AGAIN = "no_reminders", "reminders_again"


def chosen(db: Session, session: ResidentSession, choice: str, now: datetime) -> Bubble | None:
    """Keep what was chosen and say so; `None` for a choice of something else."""
    words = intervals()
    if choice == NO_MORE:
        decline(db, session.resident_id, now)
        return Bubble(words.no_more, name=NO_MORE, buttons=[{"title": words.again_button, "choice": AGAIN}])
    if choice == AGAIN:
        welcome(db, session.resident_id, now)
        return Bubble(words.again, name=AGAIN)
    return None


def said(db: Session, session: ResidentSession, words: str, now: datetime) -> Bubble | None:
    """The same for words that say just this."""
    typed = intervals().typed
    choice = {"no_more": NO_MORE, "again": AGAIN}
    found = next((choice[which] for which, phrases in typed.items() if plain(words) in phrases), None)
    return chosen(db, session, found, now) if found else None
