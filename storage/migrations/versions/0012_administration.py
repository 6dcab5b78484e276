"""Second factors, checks of the audit trail, proposals of rules, readings of sentences; indexes for the audit page.

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.TIMESTAMP(timezone=True)
    op.add_column(
        "staff_session", sa.Column("second_wanted", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column("staff_session", sa.Column("second_at", moment, nullable=True))
    op.create_table(
        "second_factor",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("secret_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("offered_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("offered_at", moment, nullable=True),
        sa.Column("bound_at", moment, nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["staff_account.id"], name="fk_second_factor_account_id_staff_account"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_second_factor"),
        sa.UniqueConstraint("account_id", name="uq_second_factor_account_id"),
    )
    op.create_table(
        "paper_code",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("factor_id", sa.Uuid(), nullable=False),
        sa.Column("code_index", sa.LargeBinary(), nullable=False),
        sa.Column("used_at", moment, nullable=True),
        sa.ForeignKeyConstraint(
            ["factor_id"], ["second_factor.id"], name="fk_paper_code_factor_id_second_factor"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_paper_code"),
    )
    op.create_index("ix_paper_code_factor_id", "paper_code", ["factor_id"], unique=False)
    op.create_table(
        "audit_check",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("entries", sa.BigInteger(), nullable=False),
        sa.Column("first_bad", sa.BigInteger(), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_check"),
    )
    op.create_index("ix_audit_check_at", "audit_check", ["at"], unique=False)
    op.create_table(
        "rules_proposal",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("against", sa.Text(), nullable=False),
        sa.Column("lines", postgresql.JSONB(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("asked_by_id", sa.Uuid(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", moment, nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", moment, nullable=True),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["asked_by_id"], ["staff_account.id"], name="fk_rules_proposal_asked_by_id_staff_account"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_rules_proposal"),
    )
    op.create_index("ix_rules_proposal_subject", "rules_proposal", ["subject"], unique=False)
    op.create_index("ix_rules_proposal_asked_at", "rules_proposal", ["asked_at"], unique=False)
    op.create_table(
        "content_review",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("reviewer", sa.Text(), nullable=False),
        sa.Column("reviewed_on", sa.Date(), nullable=False),
        sa.Column("marked_by", sa.Text(), nullable=False),
        sa.Column("marked_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_content_review"),
    )
    op.create_index("ix_content_review_sentence", "content_review", ["sentence", "reviewed_on"], unique=False)
    op.create_index("ix_audit_entry_action", "audit_entry", ["action", "seq"], unique=False)
    op.create_index("ix_audit_entry_actor", "audit_entry", ["actor", "seq"], unique=False)
    op.create_index("ix_audit_entry_at", "audit_entry", ["at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_audit_entry_at", table_name="audit_entry")
    op.drop_index("ix_audit_entry_actor", table_name="audit_entry")
    op.drop_index("ix_audit_entry_action", table_name="audit_entry")
    op.drop_index("ix_content_review_sentence", table_name="content_review")
    op.drop_table("content_review")
    op.drop_index("ix_rules_proposal_asked_at", table_name="rules_proposal")
    op.drop_index("ix_rules_proposal_subject", table_name="rules_proposal")
    op.drop_table("rules_proposal")
    op.drop_index("ix_audit_check_at", table_name="audit_check")
    op.drop_table("audit_check")
    op.drop_index("ix_paper_code_factor_id", table_name="paper_code")
    op.drop_table("paper_code")
    op.drop_table("second_factor")
    # sessions that wait for a second number would be let in without one: they end
    op.execute("DELETE FROM staff_session WHERE second_wanted AND second_at IS NULL")
    op.drop_column("staff_session", "second_at")
    op.drop_column("staff_session", "second_wanted")
