"""Indexes by which what happened in a month is found for its report without reading all years.

Revision ID: 0014
Revises: 0013
"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_follow_up_fell", "follow_up", ["due_at"])
    op.create_index("ix_transfer_answered", "transfer", ["answered_at"])
    op.create_index("ix_ticket_event_at", "ticket_event", ["at"])


def downgrade() -> None:
    op.drop_index("ix_ticket_event_at", table_name="ticket_event")
    op.drop_index("ix_transfer_answered", table_name="transfer")
    op.drop_index("ix_follow_up_fell", table_name="follow_up")
