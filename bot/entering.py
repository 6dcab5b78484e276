"""By which way somebody comes to the questionnaires: who they are, how long it may take, and who agreed for a child."""

from datetime import datetime

from sqlalchemy.orm import Session

from assessments.routes import Age, Length, Routes
from assessments.staging import Forms
from bot.errors import AgeNotSaid, ConsentMissing, GuardianMissing, NothingToAnswer
from bot.turn import AgeShown, EntranceShown, EntrancesShown, LengthShown
from escalation.intake import Intake
from residents.resident import GUARDIAN, UNDER_AGE, Consent, Scope
from residents.session import ResidentSession
from residents.store import consents_of, guardian_agreed
from storage import audit


def entrances_at(routes: Routes, forms: Forms, place_kind: str | None) -> EntrancesShown:
    """The entrances that lead somewhere here, the one of this kind of place first."""
    first = routes.entrance_at(place_kind)
    shown = [
        EntranceShown(
            id=one.id,
            name=one.name,
            words=one.words,
            before=one.before,
            asks_age=one.asks_age,
            lengths=lengths,
        )
        for one in sorted(routes.entrances, key=lambda one: one is not first)
        if (lengths := _lengths(routes, forms, one.lengths, one.by_age))
    ]
    words = routes.words
    return EntrancesShown(
        entrances=shown,
        first=first.id if first else None,
        ask_age=words["ask_age"],
        ages=[AgeShown(id=age, name=name) for age, name in words["ages"].items()],
        guardian=words["guardian"],
        guardian_agrees=words["guardian_agrees"],
    )


def enter(
    db: Session,
    intake: Intake,
    session: ResidentSession,
    *,
    entrance: str,
    length: Length,
    guardian: str | None,
    wording: str,
    now: datetime,
) -> None:
    """Begin on the route of this entrance, or go on with it when it is the one that was begun.

    `AgeNotSaid` where age decides; `GuardianMissing` for somebody under 14, or who would not say, without a guardian's
    agreement; `ConsentMissing` without the tick.
    """
    found = intake.routes.entrance(entrance)
    if found is None:
        raise NothingToAnswer()
    said: Age | None = session.age  # type: ignore[assignment]
    if found.asks_age and said is None:
        raise AgeNotSaid()
    route = found.route(length, said)
    if route is None:
        raise NothingToAnswer()
    if session.age in UNDER_AGE:
        if guardian is not None and not guardian_agreed(db, session.resident_id):
            tick = Consent(
                resident_id=session.resident_id, scope=Scope.SCREENING, given=True,
                wording=f"{wording}{GUARDIAN}{guardian}", at=now,
            )  # fmt: skip
            db.add(tick)
            db.flush()
            audit.record(
                db, actor="guardian", action="consent.changed", subject=f"session:{session.id}", at=now,
                given=[Scope.SCREENING.value], withdrawn=[],
            )  # fmt: skip
        if not guardian_agreed(db, session.resident_id):
            raise GuardianMissing()
    elif not consents_of(db, session.resident_id)[Scope.SCREENING]:
        raise ConsentMissing()
    anew = (session.route or "core") != route
    session.route = route
    db.flush()
    intake.start_screening(db, session, anew=anew)


def say_age(session: ResidentSession, age: Age) -> None:
    """Keep what somebody says of their age. Who said once to be under 14 stays so in this conversation."""
    if session.age != "under_14":
        session.age = age


def age_wanted(intake: Intake, session: ResidentSession) -> bool:
    """Whether this conversation came by the code of a school, and nobody has said an age yet."""
    place = intake.district.place(session.place) if session.place else None
    first = intake.routes.entrance_at(place.kind if place else None)
    return first is not None and first.asks_age and session.age is None


def _lengths(routes, forms, lengths, by_age) -> list[LengthShown]:  # type: ignore[no-untyped-def]
    """The lengths that are really different ones, for each age where age decides."""
    shown: list[LengthShown] = []
    for age, found in by_age.items() if by_age else [(None, lengths)]:
        known: set[tuple[int, int]] = set()
        for length, route in found.items():
            worded = any(step.form in forms for step in routes[route].steps)
            size = routes.length_of(route, forms)
            if worded and size not in known:
                known.add(size)
                name = routes.words["lengths"][length]
                shown.append(LengthShown(age=age, id=length, name=name, questions=size[0], minutes=size[1]))
    return shown
