"""Sittings of questionnaires in the database: begun, answered item by item, finished."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from assessments.administration import Administration, GivenAnswer
from assessments.instrument import Instrument
from assessments.scoring import Score
from storage.vault import Vault


def begin(
    db: Session,
    vault: Vault,
    instrument: Instrument,
    *,
    resident_id: UUID,
    session_id: UUID,
    sitting_id: UUID,
    carried_over: Mapping[str, int | None],
    now: datetime,
    route: str = "core",
    assisted_by: UUID | None = None,
) -> Administration:
    """Open one questionnaire, with the answers that a shorter form has already given.

    Any other open questionnaire of this conversation is put aside: there is one question at a time.
    """
    put_open_aside(db, session_id)
    administration = Administration(
        resident_id=resident_id,
        session_id=session_id,
        sitting_id=sitting_id,
        instrument=instrument.id,
        version=instrument.version,
        content_hash=instrument.content_hash,
        state="open",
        started_at=now,
        route=route,
        assisted_by=assisted_by,
    )
    db.add(administration)
    db.flush()
    for item, value in carried_over.items():
        record(db, vault, administration, item, value, now, carried_over=True)
    return administration


def put_open_aside(db: Session, session_id: UUID) -> None:
    """Put whatever is open in this conversation aside."""
    for administration in db.scalars(
        select(Administration).where(Administration.session_id == session_id, Administration.state == "open")
    ):
        put_aside(administration)
    db.flush()


def put_aside(administration: Administration) -> None:
    """Put one aside: paused, or finished when it is scored and only a question after the form was open."""
    administration.state = "paused" if administration.finished_at is None else "finished"


def open_again(db: Session, administration: Administration, *, scored: bool) -> None:
    """Go on with one that was begun. `scored`: its score stands, and what is open is a question after the form."""
    if administration.state != "open":
        put_open_aside(db, administration.session_id)
        administration.state = "open"
    if not scored:
        administration.finished_at = None


def record(
    db: Session,
    vault: Vault,
    administration: Administration,
    item: str,
    value: int | None,
    now: datetime,
    *,
    carried_over: bool = False,
) -> bool:
    """Write one answer; None is a refusal to answer. False when the same answer stands already."""
    given = answers_of(db, vault, administration.id)
    if item in given and given[item] == value:
        return False
    revision = db.scalar(
        select(func.count())
        .select_from(GivenAnswer)
        .where(GivenAnswer.administration_id == administration.id, GivenAnswer.item == item)
    )
    answer = GivenAnswer(
        administration_id=administration.id,
        item=item,
        revision=revision or 0,
        carried_over=carried_over,
        at=now,
    )
    vault.seal(answer, "value", None if value is None else str(value))
    db.add(answer)
    db.flush()
    return True


def answers_of(db: Session, vault: Vault, administration_id: UUID) -> dict[str, int | None]:
    """The answers that hold now, by item; a refused one is None."""
    rows = db.scalars(
        select(GivenAnswer)
        .where(GivenAnswer.administration_id == administration_id)
        .order_by(GivenAnswer.revision)
    )
    answers = {}
    for row in rows:
        text = vault.open(row, "value")
        answers[row.item] = None if text is None else int(text)
    return answers


def last_answer_at(db: Session, administration_id: UUID) -> datetime | None:
    """When the last answer of this questionnaire was given here, carried-over ones apart."""
    return db.scalar(
        select(func.max(GivenAnswer.at)).where(
            GivenAnswer.administration_id == administration_id, GivenAnswer.carried_over.is_(False)
        )
    )


def open_administration(db: Session, session_id: UUID, *, lock: bool = False) -> Administration | None:
    """The questionnaire that is being answered in this conversation now."""
    query = select(Administration).where(
        Administration.session_id == session_id, Administration.state == "open"
    )
    return db.scalar(query.with_for_update() if lock else query)


def paused_administration(db: Session, session_id: UUID) -> Administration | None:
    """The questionnaire that was put aside last."""
    return db.scalar(
        select(Administration)
        .where(Administration.session_id == session_id, Administration.state == "paused")
        .order_by(Administration.started_at.desc())
        .limit(1)
    )


def administration(db: Session, administration_id: UUID, session_id: UUID) -> Administration | None:
    """One questionnaire of this conversation, locked; a foreign one is None."""
    return db.scalar(
        select(Administration)
        .where(Administration.id == administration_id, Administration.session_id == session_id)
        .with_for_update()
    )


def of_sitting(db: Session, sitting_id: UUID) -> Sequence[Administration]:
    """The questionnaires of one staged screening, in the order in which they were begun."""
    return db.scalars(
        select(Administration)
        .where(Administration.sitting_id == sitting_id)
        .order_by(Administration.started_at, Administration.id)
    ).all()


def of_session(db: Session, session_id: UUID) -> Sequence[Administration]:
    """All questionnaires of one conversation, in the order in which they were begun."""
    return db.scalars(
        select(Administration)
        .where(Administration.session_id == session_id)
        .order_by(Administration.started_at, Administration.id)
    ).all()


def of_resident(db: Session, resident_id: UUID) -> Sequence[Administration]:
    """All questionnaires of one person, whichever conversation they were in, in the order in which they were begun."""
    return db.scalars(
        select(Administration)
        .where(Administration.resident_id == resident_id)
        .order_by(Administration.started_at, Administration.id)
    ).all()


def answered_at(db: Session, administration_id: UUID) -> list[tuple[str, datetime]]:
    """Each answer that was given here, changed ones too, with its moment, in that order; no answer itself is read."""
    rows = db.execute(
        select(GivenAnswer.item, GivenAnswer.at)
        .where(GivenAnswer.administration_id == administration_id, GivenAnswer.carried_over.is_(False))
        .order_by(GivenAnswer.at, GivenAnswer.revision)
    )
    return [(item, at) for item, at in rows]


def keep_score(vault: Vault, administration: Administration, score: Score | None, now: datetime) -> None:
    """Finish a questionnaire. No score: something was refused, and the result stays *not rated*."""
    administration.state, administration.finished_at = "finished", now
    vault.seal(administration, "score", None if score is None else json.dumps(asdict(score)))


def score_of(vault: Vault, administration: Administration) -> Score | None:
    """The score as it was kept."""
    kept = vault.open(administration, "score")
    if kept is None:
        return None
    fields = json.loads(kept)
    return Score(**{**fields, "critical": tuple(fields["critical"])})
