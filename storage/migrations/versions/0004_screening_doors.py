"""Ways through the questionnaires, codes that work once, and who helped with filling in.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "one_time_code",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code_index", sa.LargeBinary(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("resident_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.Column("made_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("ends_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("used_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("left_token_hash", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["resident_id"], ["resident.id"], name="fk_one_time_code_resident_id_resident"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["resident_session.id"], name="fk_one_time_code_session_id_resident_session"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_one_time_code"),
        sa.UniqueConstraint("code_index", name="uq_one_time_code_code_index"),
    )
    op.create_index("ix_one_time_code_left_token_hash", "one_time_code", ["left_token_hash"], unique=False)
    op.create_index("ix_one_time_code_resident_id", "one_time_code", ["resident_id"], unique=False)
    op.create_index("ix_one_time_code_session_id", "one_time_code", ["session_id"], unique=False)
    op.add_column("resident_session", sa.Column("route", sa.Text(), nullable=True))
    op.add_column("resident_session", sa.Column("age", sa.Text(), nullable=True))
    op.add_column("resident_session", sa.Column("assisted_by", sa.Uuid(), nullable=True))
    op.add_column("administration", sa.Column("route", sa.Text(), nullable=False, server_default="core"))
    op.alter_column("administration", "route", server_default=None)
    op.add_column("administration", sa.Column("assisted_by", sa.Uuid(), nullable=True))


def downgrade() -> None:
    op.drop_column("administration", "assisted_by")
    op.drop_column("administration", "route")
    op.drop_column("resident_session", "assisted_by")
    op.drop_column("resident_session", "age")
    op.drop_column("resident_session", "route")
    op.drop_index("ix_one_time_code_session_id", table_name="one_time_code")
    op.drop_index("ix_one_time_code_resident_id", table_name="one_time_code")
    op.drop_index("ix_one_time_code_left_token_hash", table_name="one_time_code")
    op.drop_table("one_time_code")
