"""Weeks of a district behind the wall screen: so many people in each cell, as if they had been heard and followed."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import insert
from sqlalchemy.orm import Session

from assessments.administration import Administration
from escalation.satisfaction import Satisfaction
from escalation.signal import Rating, Signal
from escalation.ticket import Ticket, TicketClock
from escalation.triage import Level
from residents.resident import Resident
from residents.session import ResidentSession, new_sender
from tests.support.town import Town

KINDS = ("acknowledge", "speak", "visit")


def people_at(
    town: Town, counts: Mapping[str | None, int], at: datetime, level: Level | None = Level.YELLOW
) -> list[UUID]:
    """So many people who came in by each place at this time, with something that counts (or does not)."""
    places = [place for place, many in counts.items() for _ in range(many)]
    came = [uuid4() for _ in places]
    if not came:
        return came
    with town.database.transaction() as db:
        sessions = _come(db, list(zip(came, places, strict=True)), at)
        said = {"kind": "words", "policy": "five_colours/1", "spoken_at": at, "at": at}
        db.execute(
            insert(Signal),
            [
                {
                    **said, "id": uuid4(), "resident_id": person, "session_id": session, "source": f"test:{uuid4()}",
                    "level": None if level is None else int(level),
                }
                for person, session in zip(came, sessions, strict=True)
            ],
        )  # fmt: skip
    return came


def screenings(town: Town, begun: int, finished: int, at: datetime) -> None:
    """So many screenings that were begun, and how many of them came to a result."""
    with town.database.transaction() as db:
        people = [uuid4() for _ in range(begun)]
        sessions = _come(db, [(person, None) for person in people], at)
        whose = [
            {"resident_id": person, "session_id": session, "sitting_id": uuid4()}
            for person, session in zip(people, sessions, strict=True)
        ]
        form = {"instrument": "phq9", "version": "1", "content_hash": "x", "started_at": at}
        db.execute(
            insert(Administration),
            [
                {**one, **form, "id": uuid4(), "state": "finished" if n < finished else "left"}
                for n, one in enumerate(whose)
            ],
        )
        rated = {"level": 1, "policy": "five_colours/1", "at": at}
        db.execute(insert(Rating), [{**one, **rated, "id": uuid4()} for one in whose[:finished]])


def _come(db: Session, people: Sequence[tuple[UUID, str | None]], at: datetime) -> list[UUID]:
    """Conversations of these people, by the place where each came in."""
    db.execute(insert(Resident), [{"id": person, "arrived_at": at} for person, _ in people])
    opened = [
        {
            "id": uuid4(), "resident_id": person, "token_hash": uuid4().bytes, "sender": new_sender(), "door": "phone",
            "place": place, "opened_at": at, "seen_at": at,
        }
        for person, place in people
    ]  # fmt: skip
    db.execute(insert(ResidentSession), opened)
    return [UUID(str(one["id"])) for one in opened]


def closed_tickets(
    town: Town,
    many: int,
    late: int,
    at: datetime,
    *,
    answers: Sequence[int] = (),
    place: str | None = None,
) -> None:
    """So many tickets of Puyan that were opened and closed then, so many with a late acknowledgement; `answers`: what
    the first of their residents said of how it went.

    `place`: what is sealed of where they were, as the district's list says it."""
    with town.database.transaction() as db:
        for n in range(many):
            person = uuid4()
            [session] = _come(db, [(person, "xixing-hall")], at)
            ticket = Ticket(
                code=f"T-{uuid4().hex[:8]}", resident_code_sealed=b"", resident_code_index=uuid4().bytes,
                kind="home_visit", policy="home_visit/2", resident_id=person, session_id=session,
                level=int(Level.ORANGE), state="completed", office=town.office_code("puyan"), danger_to_life=False,
                spoken_at=at, opened_at=at, chain_since=at, step=0, step_due_at=at, missing=0, closed_at=at,
                outcome="supported",
            )  # fmt: skip
            if place:
                town.database.vault.seal(ticket, "place", place)
            db.add(ticket)
            db.flush()
            for name in KINDS:
                stopped = at + timedelta(minutes=90 if n < late and name == "acknowledge" else 10)
                due = at + timedelta(hours=1)
                db.add(TicketClock(ticket_id=ticket.id, name=name, due_at=due, stopped_at=stopped))
            if n < len(answers):
                db.add(Satisfaction(ticket_id=ticket.id, answer=answers[n], at=at))
            db.add(
                Signal(
                    resident_id=person, session_id=session, source=f"test:{uuid4()}", kind="words",
                    level=int(Level.ORANGE), policy="five_colours/1", spoken_at=at, at=at, ticket_id=ticket.id,
                )
            )  # fmt: skip
