"""Where a conversation stands, derived from the tables each time. Nothing of it is kept anywhere else.

The pages (`TurnMaker`) and the dialogue (`ApplicationDesk`) both ask here, so they can never disagree.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from assessments import store as sittings
from assessments.administration import Administration
from assessments.instrument import Answers, Instrument, Item
from bot.handoff import Handoff, worker_in
from escalation.intake import Intake
from escalation.signal import Rating, Signal
from escalation.store import latest_ticket_of_session, signals_of_session
from escalation.ticket import Ticket
from escalation.triage import Level
from residents.resident import ContactField, Identity, Scope, next_contact_field
from residents.session import ResidentSession
from residents.store import consents_of, identity_of


@dataclass(frozen=True)
class Standing:
    """One conversation at one moment.

    `level` is the highest that anything in this conversation was rated; `rating` the last finished screening,
    as long as no question is open; `form` the open questionnaire as it is answered. `contact_field` is what is asked
    about reaching this person, if anything.
    """

    session: ResidentSession
    consents: dict[Scope, bool]
    identity: Identity | None
    administration: Administration | None
    item: Item | None
    answers: Answers
    paused: Administration | None
    rating: Rating | None
    ticket: Ticket | None
    level: Level | None
    signals: Sequence[Signal]
    contact_field: ContactField | None
    worker: Handoff | None
    form: Instrument | None = None

    @property
    def alarmed(self) -> bool:
        """Whether the crisis card is to be on the screen."""
        return self.level is not None and self.level >= Level.ORANGE

    def asked(self, form: Instrument) -> list[Item]:
        """The items of the open form that this person is asked; the open one is among them."""
        assert self.item is not None
        items = asked_items(form, self.answers)
        return items if self.item in items else [*items, self.item]


def asked_items(form: Instrument, answers: Answers) -> list[Item]:
    """The items that these answers call for, and at last the questions after the form that were answered."""
    asked = [item for item in form.items if form.applies(item, answers)]
    return asked + [extra.item for extra in form.extras if extra.item.id in answers]


def standing_of(db: Session, intake: Intake, session: ResidentSession) -> Standing:
    """Read where this conversation stands."""
    session = db.get(ResidentSession, session.id, populate_existing=True) or session
    shown = intake.open_item(db, session)
    ticket = latest_ticket_of_session(db, session.id, session.resident_id)
    identity = identity_of(db, session.resident_id)
    signals = signals_of_session(db, session.id)
    open_ticket = ticket is not None and ticket.closed_at is None
    asks = (open_ticket or session.callback_wanted) and shown is None
    return Standing(
        session=session,
        consents=consents_of(db, session.resident_id),
        identity=identity,
        administration=shown[0] if shown else None,
        item=shown[1] if shown else None,
        answers=shown[2] if shown else {},
        paused=None if shown else sittings.paused_administration(db, session.id),
        rating=None if shown else _latest_rating(db, session),
        ticket=ticket,
        level=max((Level(s.level) for s in signals if s.level is not None), default=None),
        signals=signals,
        contact_field=next_contact_field(identity) if asks else None,
        worker=worker_in(db, session.id),
        form=intake.form_of(db, shown[0]) if shown else None,
    )


def asked_at(db: Session, standing: Standing) -> datetime | None:
    """Since when the open question is the open one: since the last answer, or since its questionnaire began."""
    if standing.administration is None:
        return None
    return sittings.last_answer_at(db, standing.administration.id) or standing.administration.started_at


def _latest_rating(db: Session, session: ResidentSession) -> Rating | None:
    return db.scalar(
        select(Rating).where(Rating.session_id == session.id).order_by(Rating.at.desc()).limit(1)
    )


def respond_by(standing: Standing, intake: Intake) -> datetime | None:
    """By when somebody is to have answered this resident's ticket."""
    ticket = standing.ticket
    if ticket is None or ticket.closed_at is not None:
        return None
    policy = intake.policies[ticket.kind]
    clock = "acknowledge" if ticket.acknowledged_at is None else "speak"
    return policy.deadline(clock, ticket.rated, ticket.spoken_at, ticket.acknowledged_at)  # type: ignore[arg-type]
