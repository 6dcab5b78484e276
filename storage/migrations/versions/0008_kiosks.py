"""The machines in halls: their keys and when each was last heard of.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.TIMESTAMP(timezone=True)
    op.create_table(
        "kiosk_device",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("pin_hash", sa.Text(), nullable=False),
        sa.Column("made_at", moment, nullable=False),
        sa.Column("seen_at", moment, nullable=True),
        sa.Column("version", sa.Text(), nullable=True),
        sa.Column("ended_at", moment, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_kiosk_device"),
        sa.UniqueConstraint("key_hash", name="uq_kiosk_device_key_hash"),
    )
    op.create_index(
        "uq_kiosk_device_place",
        "kiosk_device",
        ["place"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("uq_kiosk_device_place", table_name="kiosk_device")
    op.drop_table("kiosk_device")
