"""Views of the list that members of staff make for themselves.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "desk_view",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("base", sa.Text(), nullable=False),
        sa.Column("levels", postgresql.JSONB(), nullable=False),
        sa.Column("free_only", sa.Boolean(), nullable=False),
        sa.Column("made_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["staff_account.id"], name="fk_desk_view_account_id_staff_account"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_desk_view"),
        sa.UniqueConstraint("account_id", "name", name="uq_desk_view_account_id_name"),
    )


def downgrade() -> None:
    op.drop_table("desk_view")
