"""Residents, conversations, questionnaires, signals, tickets, notices and staff.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "heartbeat",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("beat_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_heartbeat"),
    )
    op.create_table(
        "resident",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("arrived_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("erased_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_resident"),
    )
    op.create_table(
        "staff_account",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("office", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("demo", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_staff_account"),
        sa.UniqueConstraint("username", name="uq_staff_account_username"),
    )
    op.create_index("ix_staff_account_office", "staff_account", ["office"], unique=False)
    op.create_table(
        "wrong_try",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_wrong_try"),
    )
    op.create_index("ix_wrong_try_recent", "wrong_try", ["who", "at"], unique=False)
    op.create_table(
        "consent",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("resident_id", sa.Uuid(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.Column("wording", sa.Text(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["resident_id"], ["resident.id"], name="fk_consent_resident_id_resident"),
        sa.PrimaryKeyConstraint("id", name="pk_consent"),
    )
    op.create_index("ix_consent_latest", "consent", ["resident_id", "scope", "at"], unique=False)
    op.create_table(
        "disclosure",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("resident_id", sa.Uuid(), nullable=False),
        sa.Column("ticket_code", sa.Text(), nullable=False),
        sa.Column("office", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("judged_by", sa.Text(), nullable=False),
        sa.Column("opened_by", sa.Text(), nullable=True),
        sa.Column("reason_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["resident_id"], ["resident.id"], name="fk_disclosure_resident_id_resident"),
        sa.PrimaryKeyConstraint("id", name="pk_disclosure"),
    )
    op.create_index("ix_disclosure_resident_id", "disclosure", ["resident_id"], unique=False)
    op.create_index("ix_disclosure_ticket_code", "disclosure", ["ticket_code"], unique=False)
    op.create_table(
        "identity",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("resident_id", sa.Uuid(), nullable=False),
        sa.Column("name_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("phone_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("phone_index", sa.LargeBinary(), nullable=True),
        sa.Column("address_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("address_confirmed", sa.Boolean(), nullable=False),
        sa.Column("safe_to_call_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("trusted_person_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("declined", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["resident_id"], ["resident.id"], name="fk_identity_resident_id_resident"),
        sa.PrimaryKeyConstraint("id", name="pk_identity"),
        sa.UniqueConstraint("resident_id", name="uq_identity_resident_id"),
    )
    op.create_index("ix_identity_phone_index", "identity", ["phone_index"], unique=False)
    op.create_table(
        "resident_session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("resident_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("door", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("opened_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("seen_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("ended_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("callback_wanted", sa.Boolean(), nullable=False),
        sa.Column("worker_wanted", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["resident_id"], ["resident.id"], name="fk_resident_session_resident_id_resident"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_resident_session"),
        sa.UniqueConstraint("sender", name="uq_resident_session_sender"),
        sa.UniqueConstraint("token_hash", name="uq_resident_session_token_hash"),
    )
    op.create_index("ix_resident_session_resident_id", "resident_session", ["resident_id"], unique=False)
    op.create_table(
        "staff_session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("began_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("ended_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["staff_account.id"], name="fk_staff_session_account_id_staff_account"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_staff_session"),
        sa.UniqueConstraint("token_hash", name="uq_staff_session_token_hash"),
    )
    op.create_index("ix_staff_session_account_id", "staff_session", ["account_id"], unique=False)
    op.create_table(
        "administration",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("resident_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("sitting_id", sa.Uuid(), nullable=False),
        sa.Column("instrument", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("started_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("finished_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("score_sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["resident_id"], ["resident.id"], name="fk_administration_resident_id_resident"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["resident_session.id"], name="fk_administration_session_id_resident_session"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_administration"),
        sa.UniqueConstraint("sitting_id", "instrument", name="uq_administration_sitting_id_instrument"),
    )
    op.create_index(
        "ix_administration_one_open",
        "administration",
        ["session_id"],
        unique=True,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index("ix_administration_resident_id", "administration", ["resident_id"], unique=False)
    op.create_index("ix_administration_session_id", "administration", ["session_id"], unique=False)
    op.create_table(
        "desk_call",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("office", sa.Text(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("answered_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("answered_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["session_id"], ["resident_session.id"], name="fk_desk_call_session_id_resident_session"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_desk_call"),
    )
    op.create_index("ix_desk_call_office", "desk_call", ["office"], unique=False)
    op.create_table(
        "handoff",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("from_position", sa.Integer(), nullable=False),
        sa.Column("joined_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("left_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["session_id"], ["resident_session.id"], name="fk_handoff_session_id_resident_session"
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff_account.id"], name="fk_handoff_staff_id_staff_account"),
        sa.PrimaryKeyConstraint("id", name="pk_handoff"),
    )
    op.create_index(
        "ix_handoff_one", "handoff", ["session_id"], unique=True, postgresql_where=sa.text("left_at IS NULL")
    )
    op.create_table(
        "message",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("author_name", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("text_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("facts_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("read_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("failed_reads", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["resident_session.id"], name="fk_message_session_id_resident_session"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_message"),
    )
    op.create_index("ix_message_conversation", "message", ["session_id", "position"], unique=False)
    op.create_index(
        "ix_message_unread",
        "message",
        ["at"],
        unique=False,
        postgresql_where=sa.text("author = 'resident' AND read_at IS NULL"),
    )
    op.create_table(
        "rating",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("resident_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("sitting_id", sa.Uuid(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=True),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["resident_id"], ["resident.id"], name="fk_rating_resident_id_resident"),
        sa.ForeignKeyConstraint(
            ["session_id"], ["resident_session.id"], name="fk_rating_session_id_resident_session"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_rating"),
        sa.UniqueConstraint("sitting_id", name="uq_rating_sitting_id"),
    )
    op.create_index("ix_rating_resident_id", "rating", ["resident_id"], unique=False)
    op.create_table(
        "ticket",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("resident_code_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("resident_code_index", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("resident_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("office", sa.Text(), nullable=False),
        sa.Column("also_office", sa.Text(), nullable=True),
        sa.Column("place_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("routing_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("danger_to_life", sa.Boolean(), nullable=False),
        sa.Column("spoken_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("opened_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("chain_since", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("step_due_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("holder_id", sa.Uuid(), nullable=True),
        sa.Column("holder_name", sa.Text(), nullable=True),
        sa.Column("acknowledged_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("attempted_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("spoke_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("met_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("closed_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["holder_id"], ["staff_account.id"], name="fk_ticket_holder_id_staff_account"
        ),
        sa.ForeignKeyConstraint(["resident_id"], ["resident.id"], name="fk_ticket_resident_id_resident"),
        sa.ForeignKeyConstraint(
            ["session_id"], ["resident_session.id"], name="fk_ticket_session_id_resident_session"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_ticket"),
        sa.UniqueConstraint("code", name="uq_ticket_code"),
        sa.UniqueConstraint("resident_code_index", name="uq_ticket_resident_code_index"),
    )
    op.create_index("ix_ticket_also_office", "ticket", ["also_office"], unique=False)
    op.create_index("ix_ticket_office", "ticket", ["office"], unique=False)
    op.create_index(
        "ix_ticket_one_open",
        "ticket",
        ["resident_id", "kind"],
        unique=True,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index("ix_ticket_resident_id", "ticket", ["resident_id"], unique=False)
    op.create_index(
        "ix_ticket_steps",
        "ticket",
        ["step_due_at"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL AND holder_id IS NULL"),
    )
    op.create_table(
        "follow_up",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("office", sa.Text(), nullable=False),
        sa.Column("planned_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("due_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("done_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("done_by", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("rounds", sa.Integer(), nullable=False),
        sa.Column("told_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_follow_up_ticket_id_ticket"),
        sa.PrimaryKeyConstraint("id", name="pk_follow_up"),
    )
    op.create_index(
        "ix_follow_up_due", "follow_up", ["due_at"], unique=False, postgresql_where=sa.text("done_at IS NULL")
    )
    op.create_index("ix_follow_up_ticket_id", "follow_up", ["ticket_id"], unique=False)
    op.create_table(
        "given_answer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("administration_id", sa.Uuid(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("value_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("carried_over", sa.Boolean(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["administration_id"],
            ["administration.id"],
            name="fk_given_answer_administration_id_administration",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_given_answer"),
        sa.UniqueConstraint(
            "administration_id", "item", "revision", name="uq_given_answer_administration_id_item_revision"
        ),
    )
    op.create_table(
        "queued_notice",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=True),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("office", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("level_word", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("respond_by", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("queued_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("due_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("lease_token", sa.Text(), nullable=True),
        sa.Column("delivered_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("receipt", sa.Text(), nullable=True),
        sa.Column("last_failure", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_queued_notice_ticket_id_ticket"),
        sa.PrimaryKeyConstraint("id", name="pk_queued_notice"),
        sa.UniqueConstraint("key", name="uq_queued_notice_key"),
    )
    op.create_index(
        "ix_queued_notice_due",
        "queued_notice",
        ["due_at"],
        unique=False,
        postgresql_where="state = 'waiting'",
    )
    op.create_index("ix_queued_notice_ticket_id", "queued_notice", ["ticket_id"], unique=False)
    op.create_table(
        "received",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("claimed_until", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("answer_sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name="fk_received_message_id_message"),
        sa.ForeignKeyConstraint(
            ["session_id"], ["resident_session.id"], name="fk_received_session_id_resident_session"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_received"),
        sa.UniqueConstraint("session_id", "client_id", name="uq_received_session_id_client_id"),
    )
    op.create_table(
        "signal",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("resident_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=True),
        sa.Column("asks_directly", sa.Boolean(), nullable=False),
        sa.Column("danger_to_life", sa.Boolean(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("reasons_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("ticket_id", sa.Uuid(), nullable=True),
        sa.Column("spoken_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["resident_id"], ["resident.id"], name="fk_signal_resident_id_resident"),
        sa.ForeignKeyConstraint(
            ["session_id"], ["resident_session.id"], name="fk_signal_session_id_resident_session"
        ),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_signal_ticket_id_ticket"),
        sa.PrimaryKeyConstraint("id", name="pk_signal"),
        sa.UniqueConstraint("source", name="uq_signal_source"),
    )
    op.create_index("ix_signal_episode", "signal", ["resident_id", "at"], unique=False)
    op.create_index("ix_signal_session_id", "signal", ["session_id"], unique=False)
    op.create_index("ix_signal_ticket_id", "signal", ["ticket_id"], unique=False)
    op.create_table(
        "ticket_clock",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("due_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("stopped_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("rounds", sa.Integer(), nullable=False),
        sa.Column("told_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_ticket_clock_ticket_id_ticket"),
        sa.PrimaryKeyConstraint("id", name="pk_ticket_clock"),
        sa.UniqueConstraint("ticket_id", "name", name="uq_ticket_clock_ticket_id_name"),
    )
    op.create_index(
        "ix_ticket_clock_due",
        "ticket_clock",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("stopped_at IS NULL"),
    )
    op.create_table(
        "ticket_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("note_sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_ticket_event_ticket_id_ticket"),
        sa.PrimaryKeyConstraint("id", name="pk_ticket_event"),
        sa.UniqueConstraint("client_id", name="uq_ticket_event_client_id"),
    )
    op.create_index("ix_ticket_event_timeline", "ticket_event", ["ticket_id", "at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_ticket_event_timeline", table_name="ticket_event")
    op.drop_table("ticket_event")
    op.drop_index(
        "ix_ticket_clock_due", table_name="ticket_clock", postgresql_where=sa.text("stopped_at IS NULL")
    )
    op.drop_table("ticket_clock")
    op.drop_index("ix_signal_ticket_id", table_name="signal")
    op.drop_index("ix_signal_session_id", table_name="signal")
    op.drop_index("ix_signal_episode", table_name="signal")
    op.drop_table("signal")
    op.drop_table("received")
    op.drop_index("ix_queued_notice_ticket_id", table_name="queued_notice")
    op.drop_index("ix_queued_notice_due", table_name="queued_notice", postgresql_where="state = 'waiting'")
    op.drop_table("queued_notice")
    op.drop_table("given_answer")
    op.drop_index("ix_follow_up_ticket_id", table_name="follow_up")
    op.drop_index("ix_follow_up_due", table_name="follow_up", postgresql_where=sa.text("done_at IS NULL"))
    op.drop_table("follow_up")
    op.drop_index(
        "ix_ticket_steps",
        table_name="ticket",
        postgresql_where=sa.text("closed_at IS NULL AND holder_id IS NULL"),
    )
    op.drop_index("ix_ticket_resident_id", table_name="ticket")
    op.drop_index("ix_ticket_one_open", table_name="ticket", postgresql_where=sa.text("closed_at IS NULL"))
    op.drop_index("ix_ticket_office", table_name="ticket")
    op.drop_index("ix_ticket_also_office", table_name="ticket")
    op.drop_table("ticket")
    op.drop_index("ix_rating_resident_id", table_name="rating")
    op.drop_table("rating")
    op.drop_index(
        "ix_message_unread",
        table_name="message",
        postgresql_where=sa.text("author = 'resident' AND read_at IS NULL"),
    )
    op.drop_index("ix_message_conversation", table_name="message")
    op.drop_table("message")
    op.drop_index("ix_handoff_one", table_name="handoff", postgresql_where=sa.text("left_at IS NULL"))
    op.drop_table("handoff")
    op.drop_index("ix_desk_call_office", table_name="desk_call")
    op.drop_table("desk_call")
    op.drop_index("ix_administration_session_id", table_name="administration")
    op.drop_index("ix_administration_resident_id", table_name="administration")
    op.drop_index(
        "ix_administration_one_open", table_name="administration", postgresql_where=sa.text("state = 'open'")
    )
    op.drop_table("administration")
    op.drop_index("ix_staff_session_account_id", table_name="staff_session")
    op.drop_table("staff_session")
    op.drop_index("ix_resident_session_resident_id", table_name="resident_session")
    op.drop_table("resident_session")
    op.drop_index("ix_identity_phone_index", table_name="identity")
    op.drop_table("identity")
    op.drop_index("ix_disclosure_ticket_code", table_name="disclosure")
    op.drop_index("ix_disclosure_resident_id", table_name="disclosure")
    op.drop_table("disclosure")
    op.drop_index("ix_consent_latest", table_name="consent")
    op.drop_table("consent")
    op.drop_index("ix_wrong_try_recent", table_name="wrong_try")
    op.drop_table("wrong_try")
    op.drop_index("ix_staff_account_office", table_name="staff_account")
    op.drop_table("staff_account")
    op.drop_table("resident")
    op.drop_table("heartbeat")
