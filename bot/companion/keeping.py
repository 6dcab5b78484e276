"""What is kept of the exercises somebody does with the program: where they are, what they wrote, how they felt.

Everything a resident wrote or chose is sealed. A run is open until it is finished or left; there is at most one.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import Entity, Identified
from storage.vault import Vault


class SkillRun(Identified, Entity):
    """One exercise that somebody has begun.

    `position` says where, without words of the resident; `saying` is what is to be said about it next; `heard` is the
    last message that was taken as an answer, so that none is taken twice.
    `ended`: finished, stopped (they wanted to), let_out (it did them no good), or left (something more important came).
    """

    __tablename__ = "skill_run"
    __table_args__ = (
        Index("uq_skill_run_open", "session_id", unique=True, postgresql_where=text("ended_at IS NULL")),
    )

    resident_id: Mapped[UUID] = mapped_column(ForeignKey("resident.id"), index=True)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("resident_session.id"))
    skill: Mapped[str]
    position: Mapped[dict[str, Any]]
    kept_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    saying_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    heard: Mapped[UUID | None]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended: Mapped[str | None]
    asked_again_at: Mapped[datetime | None]


class SafetyPlan(Identified, Entity):
    """A person's own plan for hard hours: seven texts of theirs, sealed. `shared_at`: since when its owner lets whoever
    sees to their matter have it; None: nobody else reads it."""

    __tablename__ = "safety_plan"

    resident_id: Mapped[UUID] = mapped_column(ForeignKey("resident.id"), unique=True)
    steps_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    updated_at: Mapped[datetime]
    shared_at: Mapped[datetime | None]


class MoodMark(Identified, Entity):
    """How somebody said they felt at one moment: 1 (very low) to 5 (good), sealed."""

    __tablename__ = "mood_mark"
    __table_args__ = (Index("ix_mood_mark_resident_id", "resident_id", "at"),)

    resident_id: Mapped[UUID] = mapped_column(ForeignKey("resident.id"))
    value_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    at: Mapped[datetime]


def open_run(db: Session, session_id: UUID) -> SkillRun | None:
    """The exercise that is going on in this conversation."""
    return db.scalar(select(SkillRun).where(SkillRun.session_id == session_id, SkillRun.ended_at.is_(None)))


def last_run(db: Session, session_id: UUID) -> SkillRun | None:
    """The exercise that was begun last in this conversation, going on or not."""
    return db.scalar(
        select(SkillRun)
        .where(SkillRun.session_id == session_id)
        .order_by(SkillRun.started_at.desc(), SkillRun.id)
        .limit(1)
    )


def kept_of(vault: Vault, run: SkillRun) -> dict[str, str]:
    """What was written in this exercise, by step."""
    return dict(json.loads(vault.open(run, "kept") or "{}"))


def end_run(run: SkillRun, how: str, now: datetime) -> None:
    """Close an exercise; what was written stays."""
    run.ended_at, run.ended = now, how


def plan_of(db: Session, vault: Vault, resident_id: UUID) -> dict[str, str]:
    """This person's safety plan, by step; empty when there is none."""
    plan = db.scalar(select(SafetyPlan).where(SafetyPlan.resident_id == resident_id))
    return dict(json.loads(vault.open(plan, "steps") or "{}")) if plan else {}


def plan_shared(db: Session, resident_id: UUID) -> bool:
    """Whether the owner of a plan has said that those who see to their matter may have it. No plan is not shared."""
    return db.scalar(select(SafetyPlan.shared_at).where(SafetyPlan.resident_id == resident_id)) is not None


def share_plan(db: Session, resident_id: UUID, shared: bool, now: datetime) -> None:
    """Keep what the owner of a plan says about sharing it. Where there is no plan there is nothing to share."""
    plan = db.scalar(select(SafetyPlan).where(SafetyPlan.resident_id == resident_id).with_for_update())
    if plan is not None and (plan.shared_at is not None) is not shared:
        plan.shared_at = now if shared else None


def keep_plan(
    db: Session, vault: Vault, resident_id: UUID, changed: Mapping[str, str], now: datetime
) -> dict[str, str]:
    """Change some steps of the plan; an empty text takes a step away. Returns the plan as it is now."""
    plan = db.scalar(select(SafetyPlan).where(SafetyPlan.resident_id == resident_id).with_for_update())
    if plan is None:
        plan = SafetyPlan(resident_id=resident_id, updated_at=now)
        db.add(plan)
        db.flush()
    steps = dict(json.loads(vault.open(plan, "steps") or "{}")) | dict(changed)
    steps = {step: words.strip() for step, words in steps.items() if words.strip()}
    vault.seal(plan, "steps", json.dumps(steps, ensure_ascii=False))
    plan.updated_at = now
    return steps


def mark_mood(db: Session, vault: Vault, resident_id: UUID, value: int, now: datetime) -> MoodMark:
    """Keep one mark of the mood, 1 to 5."""
    if not 1 <= value <= 5:
        raise ValueError(f"a mood is 1 to 5, not {value}")
    mark = MoodMark(resident_id=resident_id, at=now)
    vault.seal(mark, "value", str(value))
    db.add(mark)
    db.flush()
    return mark


def moods_of(db: Session, vault: Vault, resident_id: UUID, since: datetime) -> list[tuple[datetime, int]]:
    """The marks from a moment on, oldest first."""
    marks = db.scalars(
        select(MoodMark)
        .where(MoodMark.resident_id == resident_id, MoodMark.at >= since)
        .order_by(MoodMark.at)
    )
    return [(mark.at, int(vault.open(mark, "value") or 0)) for mark in marks]
