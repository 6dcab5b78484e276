"""The weekly bell: each ringing of each address, and the notices that are bells.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.TIMESTAMP(timezone=True)
    op.create_table(
        "bell",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("office", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("week", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("rung_at", moment, nullable=False),
        sa.Column("answer_until", moment, nullable=False),
        sa.Column("answered_at", moment, nullable=True),
        sa.Column("answered_by", sa.Text(), nullable=True),
        sa.Column("answered_how", sa.Text(), nullable=True),
        sa.Column("told_at", moment, nullable=True),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contact_point.id"], name="fk_bell_contact_id_contact_point"
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff_account.id"], name="fk_bell_staff_id_staff_account"),
        sa.PrimaryKeyConstraint("id", name="pk_bell"),
        sa.UniqueConstraint("contact_id", "week", name="uq_bell_contact_id_week"),
        sa.UniqueConstraint("token_hash", name="uq_bell_token_hash"),
    )
    op.create_index("ix_bell_office", "bell", ["office"], unique=False)
    op.create_index(
        "ix_bell_unanswered",
        "bell",
        ["answer_until"],
        unique=False,
        postgresql_where=sa.text("answered_at IS NULL"),
    )
    op.add_column("queued_notice", sa.Column("bell_id", sa.Uuid(), nullable=True))
    op.create_foreign_key("fk_queued_notice_bell_id_bell", "queued_notice", "bell", ["bell_id"], ["id"])
    op.create_index("ix_queued_notice_bell_id", "queued_notice", ["bell_id"], unique=False)


def downgrade() -> None:
    op.execute("DELETE FROM queued_notice WHERE bell_id IS NOT NULL")
    op.drop_index("ix_queued_notice_bell_id", table_name="queued_notice")
    op.drop_constraint("fk_queued_notice_bell_id_bell", "queued_notice", type_="foreignkey")
    op.drop_column("queued_notice", "bell_id")
    op.drop_index("ix_bell_unanswered", table_name="bell")
    op.drop_index("ix_bell_office", table_name="bell")
    op.drop_table("bell")
