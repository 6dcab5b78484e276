"""Months of levels as they were published, what residents said of closed matters, and whether a plan is shared.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.TIMESTAMP(timezone=True)
    # First what needs a table for itself, before anything holds the tables that an alarm is written to.
    op.add_column("safety_plan", sa.Column("shared_at", moment, nullable=True))
    op.create_table(
        "level_month",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("begins", sa.Date(), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("content", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_level_month"),
        sa.UniqueConstraint("begins", name="uq_level_month_begins"),
    )
    op.create_index("ix_rating_at", "rating", ["at"])
    op.create_table(
        "satisfaction",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("answer", sa.Integer(), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_satisfaction_ticket_id_ticket"),
        sa.PrimaryKeyConstraint("id", name="pk_satisfaction"),
        sa.UniqueConstraint("ticket_id", name="uq_satisfaction_ticket_id"),
    )
    op.create_index("ix_satisfaction_at", "satisfaction", ["at"])


def downgrade() -> None:
    op.drop_column("safety_plan", "shared_at")
    op.drop_index("ix_satisfaction_at", table_name="satisfaction")
    op.drop_table("satisfaction")
    op.drop_index("ix_rating_at", table_name="rating")
    op.drop_table("level_month")
