"""Who talks through the WeChat official account, what came from there, and what waits to be sent there.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.TIMESTAMP(timezone=True)
    op.create_table(
        "wechat_follower",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("resident_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("openid_index", sa.LargeBinary(), nullable=False),
        sa.Column("openid_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("menu_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("card_told", sa.Boolean(), nullable=False),
        sa.Column("result_told_at", moment, nullable=True),
        sa.Column("asked_to_erase", sa.Boolean(), nullable=False),
        sa.Column("came_at", moment, nullable=False),
        sa.Column("heard_at", moment, nullable=False),
        sa.Column("left_at", moment, nullable=True),
        sa.Column("held", sa.Integer(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_try_at", moment, nullable=True),
        sa.Column("sending_until", moment, nullable=True),
        sa.ForeignKeyConstraint(
            ["resident_id"], ["resident.id"], name="fk_wechat_follower_resident_id_resident"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["resident_session.id"], name="fk_wechat_follower_session_id_resident_session"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_wechat_follower"),
        sa.UniqueConstraint("openid_index", name="uq_wechat_follower_openid_index"),
    )
    op.create_index("ix_wechat_follower_resident_id", "wechat_follower", ["resident_id"], unique=False)
    op.create_index("ix_wechat_follower_session_id", "wechat_follower", ["session_id"], unique=False)
    op.create_table(
        "wechat_heard",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("follower_id", sa.Uuid(), nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("claimed_until", moment, nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("done_at", moment, nullable=True),
        sa.Column("answer_sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["follower_id"], ["wechat_follower.id"], name="fk_wechat_heard_follower_id_wechat_follower"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_wechat_heard"),
        sa.UniqueConstraint("mark", name="uq_wechat_heard_mark"),
    )
    op.create_index("ix_wechat_heard_at", "wechat_heard", ["at"], unique=False)
    op.create_index("ix_wechat_heard_follower_id", "wechat_heard", ["follower_id"], unique=False)
    op.create_table(
        "wechat_outgoing",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("follower_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("text_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("at", moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["follower_id"], ["wechat_follower.id"], name="fk_wechat_outgoing_follower_id_wechat_follower"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_wechat_outgoing"),
    )
    op.create_index("ix_wechat_outgoing_next", "wechat_outgoing", ["follower_id", "number"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_wechat_outgoing_next", table_name="wechat_outgoing")
    op.drop_table("wechat_outgoing")
    op.drop_index("ix_wechat_heard_follower_id", table_name="wechat_heard")
    op.drop_index("ix_wechat_heard_at", table_name="wechat_heard")
    op.drop_table("wechat_heard")
    op.drop_index("ix_wechat_follower_session_id", table_name="wechat_follower")
    op.drop_index("ix_wechat_follower_resident_id", table_name="wechat_follower")
    op.drop_table("wechat_follower")
    # who reads of a door that it does not know takes it for a phone
    op.execute("UPDATE resident_session SET door = 'phone' WHERE door = 'wechat'")
