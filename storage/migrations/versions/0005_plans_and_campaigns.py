"""When somebody is asked again, and group screenings with what was published of them.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.TIMESTAMP(timezone=True)
    op.create_table(
        "rescreening_plan",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("resident_id", sa.Uuid(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("sitting_id", sa.Uuid(), nullable=True),
        sa.Column("rated_at", moment, nullable=True),
        sa.Column("made_at", moment, nullable=False),
        sa.Column("every_days", sa.Integer(), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("days", postgresql.JSONB(), nullable=False),
        sa.Column("local_time", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("next_at", moment, nullable=True),
        sa.Column("settled_at", moment, nullable=False),
        sa.Column("ended_at", moment, nullable=True),
        sa.Column("ended_why", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["resident_id"], ["resident.id"], name="fk_rescreening_plan_resident_id_resident"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_rescreening_plan"),
        sa.UniqueConstraint("sitting_id", "rated_at", name="uq_rescreening_plan_sitting_id_rated_at"),
    )
    op.create_index("ix_rescreening_plan_resident_id", "rescreening_plan", ["resident_id"], unique=False)
    running = sa.text("ended_at IS NULL")
    op.create_index(
        "ix_rescreening_plan_due", "rescreening_plan", ["next_at"], unique=False, postgresql_where=running
    )
    op.create_index(
        "uq_rescreening_plan_running",
        "rescreening_plan",
        ["resident_id"],
        unique=True,
        postgresql_where=running,
    )
    op.create_table(
        "rescreening_invitation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("resident_id", sa.Uuid(), nullable=False),
        sa.Column("occasion_at", moment, nullable=False),
        sa.Column("covers_until", moment, nullable=False),
        sa.Column("invited_at", moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["rescreening_plan.id"], name="fk_rescreening_invitation_plan_id_rescreening_plan"
        ),
        sa.ForeignKeyConstraint(
            ["resident_id"], ["resident.id"], name="fk_rescreening_invitation_resident_id_resident"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_rescreening_invitation"),
        sa.UniqueConstraint("plan_id", "occasion_at", name="uq_rescreening_invitation_plan_id_occasion_at"),
    )
    op.create_index(
        "ix_rescreening_invitation_resident_id", "rescreening_invitation", ["resident_id"], unique=False
    )
    op.create_table(
        "campaign",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("entrance", sa.Text(), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("to_day", sa.Date(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_campaign"),
        sa.UniqueConstraint("code", name="uq_campaign_code"),
    )
    op.create_index("ix_campaign_place", "campaign", ["place"], unique=False)
    op.create_table(
        "campaign_publication",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("step", sa.Integer(), nullable=True),
        sa.Column("counts", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name="fk_campaign_publication_campaign_id_campaign"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_campaign_publication"),
        sa.UniqueConstraint("campaign_id", name="uq_campaign_publication_campaign_id"),
    )
    op.create_index("ix_campaign_publication_place", "campaign_publication", ["place"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_campaign_publication_place", table_name="campaign_publication")
    op.drop_table("campaign_publication")
    op.drop_index("ix_campaign_place", table_name="campaign")
    op.drop_table("campaign")
    op.drop_index("ix_rescreening_invitation_resident_id", table_name="rescreening_invitation")
    op.drop_table("rescreening_invitation")
    op.drop_index("uq_rescreening_plan_running", table_name="rescreening_plan")
    op.drop_index("ix_rescreening_plan_due", table_name="rescreening_plan")
    op.drop_index("ix_rescreening_plan_resident_id", table_name="rescreening_plan")
    op.drop_table("rescreening_plan")
