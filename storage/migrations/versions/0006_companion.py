"""Exercises somebody does with the program, their safety plan, their moods; and who comes back to the same phone.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.TIMESTAMP(timezone=True)
    op.create_table(
        "skill_run",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("resident_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("skill", sa.Text(), nullable=False),
        sa.Column("position", postgresql.JSONB(), nullable=False),
        sa.Column("kept_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("saying_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("heard", sa.Uuid(), nullable=True),
        sa.Column("started_at", moment, nullable=False),
        sa.Column("ended_at", moment, nullable=True),
        sa.Column("ended", sa.Text(), nullable=True),
        sa.Column("asked_again_at", moment, nullable=True),
        sa.ForeignKeyConstraint(["resident_id"], ["resident.id"], name="fk_skill_run_resident_id_resident"),
        sa.ForeignKeyConstraint(
            ["session_id"], ["resident_session.id"], name="fk_skill_run_session_id_resident_session"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_skill_run"),
    )
    op.create_index("ix_skill_run_resident_id", "skill_run", ["resident_id"], unique=False)
    op.create_index(
        "uq_skill_run_open",
        "skill_run",
        ["session_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "safety_plan",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("resident_id", sa.Uuid(), nullable=False),
        sa.Column("steps_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("updated_at", moment, nullable=False),
        sa.ForeignKeyConstraint(["resident_id"], ["resident.id"], name="fk_safety_plan_resident_id_resident"),
        sa.PrimaryKeyConstraint("id", name="pk_safety_plan"),
        sa.UniqueConstraint("resident_id", name="uq_safety_plan_resident_id"),
    )
    op.create_table(
        "mood_mark",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("resident_id", sa.Uuid(), nullable=False),
        sa.Column("value_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("at", moment, nullable=False),
        sa.ForeignKeyConstraint(["resident_id"], ["resident.id"], name="fk_mood_mark_resident_id_resident"),
        sa.PrimaryKeyConstraint("id", name="pk_mood_mark"),
    )
    op.create_index("ix_mood_mark_resident_id", "mood_mark", ["resident_id", "at"], unique=False)
    op.add_column("administration", sa.Column("looks_at", sa.Text(), nullable=True))
    op.add_column("resident_session", sa.Column("came_back_to", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        "fk_resident_session_came_back_to_resident", "resident_session", "resident", ["came_back_to"], ["id"]
    )


def downgrade() -> None:
    op.drop_constraint("fk_resident_session_came_back_to_resident", "resident_session", type_="foreignkey")
    op.drop_column("resident_session", "came_back_to")
    op.drop_column("administration", "looks_at")
    op.drop_index("ix_mood_mark_resident_id", table_name="mood_mark")
    op.drop_table("mood_mark")
    op.drop_table("safety_plan")
    op.drop_index("uq_skill_run_open", table_name="skill_run")
    op.drop_index("ix_skill_run_resident_id", table_name="skill_run")
    op.drop_table("skill_run")
