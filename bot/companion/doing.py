"""The exercises of one conversation, as the application keeps them: begun, answered, left, asked about the next day.

What a step says and takes is `course.py`; here it is written down. An answer is taken from the resident's own message,
which Rasa never sees whole.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.actions.desk import StepShown
from bot.companion import course
from bot.companion.course import Position, Shown, Taken
from bot.companion.keeping import SkillRun, end_run, keep_plan, kept_of, last_run, mark_mood, open_run
from bot.companion.skills import Skill, read_skills
from residents.session import ResidentSession
from storage.vault import Vault

PLAN, MOOD = "safety_plan", "mood_checkin"
BY_INTENT = {"breathing": "breathing_box"}
"""The skill that an intent means where it does not have the skill's own name."""
LOOKS_BACK = 12
"""In so many of the last messages is looked for what may be named back."""
NEXT_DAY = timedelta(hours=10)
ASKED_FOR = timedelta(days=7)
"""What somebody wanted to try is asked about from the next day on, for a week, once."""


def skill_of(name: str) -> Skill | None:
    """The skill that an intent or a button names."""
    return read_skills().get(BY_INTENT.get(name, name))


def begin(db: Session, vault: Vault, session: ResidentSession, skill: Skill, now: datetime) -> SkillRun:
    """Begin an exercise; one that is going on is left."""
    leave(db, session.id, now)
    position = course.begin(skill)
    run = SkillRun(
        resident_id=session.resident_id,
        session_id=session.id,
        skill=skill.id,
        position=position.as_json(),
        started_at=now,
    )
    vault.seal(run, "kept", "{}")
    _says(vault, run, course.shown(skill, position).bubbles)
    db.add(run)
    db.flush()
    return run


def running(db: Session, session_id: UUID) -> SkillRun | None:
    """The exercise that is going on; one whose file is gone is not."""
    run = open_run(db, session_id)
    return run if run is not None and run.skill in read_skills() else None


def leave(db: Session, session_id: UUID, now: datetime, how: str = "left") -> bool:
    """End the exercise that is going on; False when there is none."""
    run = open_run(db, session_id)
    if run is None:
        return False
    end_run(run, how, now)
    db.flush()
    return True


def answer(
    db: Session, vault: Vault, run: SkillRun, now: datetime, *, words: str = "", choice: str | None = None
) -> None:
    """Take words or a tap as the answer to the open step."""
    skill, position = _where(run)
    _goes_on(
        db,
        vault,
        run,
        skill,
        course.take(skill, position, words, choice=choice, kept=kept_of(vault, run)),
        now,
    )


def back(db: Session, vault: Vault, run: SkillRun, now: datetime) -> None:
    """To the step before."""
    skill, position = _where(run)
    _goes_on(db, vault, run, skill, course.back(skill, position, kept=kept_of(vault, run)), now)


def skip(db: Session, vault: Vault, run: SkillRun, now: datetime) -> None:
    """On to the next step without an answer."""
    skill, position = _where(run)
    _goes_on(db, vault, run, skill, course.skip(skill, position, kept=kept_of(vault, run)), now)


def step_of(vault: Vault, run: SkillRun) -> StepShown:
    """What the open step says next, with its buttons."""
    at = shown(vault, run)
    return StepShown(
        skill=run.skill,
        step=Position.from_json(run.position).step,
        ask=at.ask,
        bubbles=saying(vault, run) or at.bubbles,
        buttons=tuple((choice.title, f"step_{choice.value}") for choice in at.choices),
        picture=at.picture,
    )


def shown(vault: Vault, run: SkillRun) -> Shown:
    """The open step as the page draws it."""
    skill, position = _where(run)
    return course.shown(skill, position, kept_of(vault, run))


def saying(vault: Vault, run: SkillRun) -> tuple[str, ...]:
    """What is to be said about this exercise next; after its end, its last words."""
    return tuple(json.loads(vault.open(run, "saying") or "[]"))


def told(vault: Vault, run: SkillRun) -> None:
    """It was said."""
    vault.seal(run, "saying", "[]")


def farewell_of(db: Session, vault: Vault, session_id: UUID) -> tuple[str, ...]:
    """The last words of the exercise that has just been finished."""
    run = last_run(db, session_id)
    return saying(vault, run) if run is not None and run.ended in ("finished", "let_out") else ()


def card_of(vault: Vault, run: SkillRun) -> tuple[tuple[str, str], ...]:
    """What was written in this exercise, with its labels."""
    skill = read_skills().get(run.skill)
    return course.card(skill, kept_of(vault, run)) if skill else ()


def to_ask_again(db: Session, resident_id: UUID, now: datetime) -> SkillRun | None:
    """The exercise whose plan may be asked about now: finished on an earlier day, and not asked about yet."""
    runs = db.scalars(
        select(SkillRun)
        .where(
            SkillRun.resident_id == resident_id,
            SkillRun.ended == "finished",
            SkillRun.asked_again_at.is_(None),
            SkillRun.ended_at <= now - NEXT_DAY,
            SkillRun.ended_at > now - ASKED_FOR,
        )
        .order_by(SkillRun.ended_at.desc())
    )
    checked = {name for name, skill in read_skills().items() if skill.check}
    return next((run for run in runs if run.skill in checked), None)


def asked_again(db: Session, resident_id: UUID, now: datetime) -> None:
    """What an earlier exercise left open was asked about: not again."""
    run = to_ask_again(db, resident_id, now)
    if run is not None:
        run.asked_again_at = now
        db.flush()


def question_about(vault: Vault, run: SkillRun) -> tuple[str, ...]:
    """What is asked about an earlier exercise."""
    skill = read_skills().get(run.skill)
    return course.follow_up(skill, kept_of(vault, run)) if skill else ()


def _where(run: SkillRun) -> tuple[Skill, Position]:
    return read_skills()[run.skill], Position.from_json(run.position)


def _goes_on(db: Session, vault: Vault, run: SkillRun, skill: Skill, taken: Taken, now: datetime) -> None:
    before = kept_of(vault, run)
    run.position = taken.position.as_json()
    vault.seal(run, "kept", json.dumps(dict(taken.kept), ensure_ascii=False))
    _says(vault, run, taken.bubbles)
    new = {step: words for step, words in taken.kept.items() if before.get(step) != words}
    if skill.id == PLAN and new:
        keep_plan(db, vault, run.resident_id, new, now)
    if skill.id == MOOD:
        _mark(db, vault, run, skill, new, now)
    if taken.finished:
        end_run(run, "let_out" if taken.stopped else "finished", now)
    db.flush()


def _mark(
    db: Session, vault: Vault, run: SkillRun, skill: Skill, new: Mapping[str, str], now: datetime
) -> None:
    """The first choice of the mood check is kept as a mark: its titles go from good (5) to very low (1)."""
    first = skill.steps[0]
    values = [choice.value for choice in first.choices]
    if first.id in new and new[first.id] in values:
        mark_mood(db, vault, run.resident_id, len(values) - values.index(new[first.id]), now)


def _says(vault: Vault, run: SkillRun, bubbles: tuple[str, ...]) -> None:
    vault.seal(run, "saying", json.dumps(list(bubbles), ensure_ascii=False))
