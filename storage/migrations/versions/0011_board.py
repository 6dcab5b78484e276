"""The weeks that the wall screen shows, and indexes by which a week is counted.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "board_week",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("begins", sa.Date(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("content", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_board_week"),
        sa.UniqueConstraint("begins", name="uq_board_week_begins"),
    )
    op.create_index("ix_signal_counted", "signal", ["at"], postgresql_where=sa.text("level >= 3"))
    op.create_index("ix_administration_started", "administration", ["started_at"])
    op.create_index("ix_ticket_clock_fell", "ticket_clock", ["due_at"])
    op.create_index(
        "ix_ticket_closed_at", "ticket", ["closed_at"], postgresql_where=sa.text("closed_at IS NOT NULL")
    )


def downgrade() -> None:
    op.drop_index("ix_ticket_closed_at", table_name="ticket")
    op.drop_index("ix_ticket_clock_fell", table_name="ticket_clock")
    op.drop_index("ix_administration_started", table_name="administration")
    op.drop_index("ix_signal_counted", table_name="signal")
    op.drop_table("board_week")
