"""Editions, duty, contact points, teamwork on tickets, how deadlines came about, and notices by person and channel.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "edition",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("saved_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("saved_by", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_edition"),
    )
    op.create_index("ix_edition_newest", "edition", ["subject", "position"], unique=False)
    op.create_table(
        "contact_point",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("office", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("address_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("address_index", sa.LargeBinary(), nullable=True),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("quiet_until", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("told_level", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff_account.id"], name="fk_contact_point_staff_id_staff_account"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_contact_point"),
    )
    op.create_index("ix_contact_point_address", "contact_point", ["channel", "address_index"], unique=False)
    op.create_index("ix_contact_point_office", "contact_point", ["office"], unique=False)
    op.create_index("ix_contact_point_staff_id", "contact_point", ["staff_id"], unique=False)
    op.create_table(
        "duty_change",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("office", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("from_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("to_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("replaced_by", sa.Uuid(), nullable=True),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("ended_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["replaced_by"], ["staff_account.id"], name="fk_duty_change_replaced_by_staff_account"
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff_account.id"], name="fk_duty_change_staff_id_staff_account"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_duty_change"),
    )
    op.create_index("ix_duty_change_office", "duty_change", ["office"], unique=False)
    op.create_table(
        "duty_shift",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("office", sa.Text(), nullable=False),
        sa.Column("duty", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("days", sa.Text(), nullable=False),
        sa.Column("starts", sa.Text(), nullable=False),
        sa.Column("ends", sa.Text(), nullable=False),
        sa.Column("backup", sa.Boolean(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff_account.id"], name="fk_duty_shift_staff_id_staff_account"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_duty_shift"),
    )
    op.create_index("ix_duty_shift_office", "duty_shift", ["office"], unique=False)
    op.create_table(
        "acknowledgement",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("undone_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff_account.id"], name="fk_acknowledgement_staff_id_staff_account"
        ),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_acknowledgement_ticket_id_ticket"),
        sa.PrimaryKeyConstraint("id", name="pk_acknowledgement"),
    )
    op.create_index("ix_acknowledgement_staff_id", "acknowledgement", ["staff_id"], unique=False)
    op.create_index("ix_acknowledgement_ticket_id", "acknowledgement", ["ticket_id"], unique=False)
    op.create_table(
        "deadline_set",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("clock", sa.Text(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("spoken_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("acknowledged_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("before", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("due_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_deadline_set_ticket_id_ticket"),
        sa.PrimaryKeyConstraint("id", name="pk_deadline_set"),
    )
    op.create_index("ix_deadline_set_ticket_id", "deadline_set", ["ticket_id"], unique=False)
    op.create_table(
        "lowering",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("from_level", sa.Integer(), nullable=False),
        sa.Column("to_level", sa.Integer(), nullable=False),
        sa.Column("reason_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("asked_by_id", sa.Uuid(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("confirmed", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(
            ["asked_by_id"], ["staff_account.id"], name="fk_lowering_asked_by_id_staff_account"
        ),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_lowering_ticket_id_ticket"),
        sa.PrimaryKeyConstraint("id", name="pk_lowering"),
    )
    op.create_index(
        "ix_lowering_one_open",
        "lowering",
        ["ticket_id"],
        unique=True,
        postgresql_where=sa.text("decided_at IS NULL"),
    )
    op.create_index("ix_lowering_ticket_id", "lowering", ["ticket_id"], unique=False)
    op.create_table(
        "reach_attempt",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("reached", sa.Boolean(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_reach_attempt_ticket_id_ticket"),
        sa.PrimaryKeyConstraint("id", name="pk_reach_attempt"),
    )
    op.create_index("ix_reach_attempt_ticket_id", "reach_attempt", ["ticket_id"], unique=False)
    op.create_table(
        "sub_task",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("ask_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("due_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("accepted_by", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("result_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("with_name", sa.Boolean(), nullable=False),
        sa.Column("rounds", sa.Integer(), nullable=False),
        sa.Column("told_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_sub_task_ticket_id_ticket"),
        sa.PrimaryKeyConstraint("id", name="pk_sub_task"),
        sa.UniqueConstraint("name", name="uq_sub_task_name"),
    )
    op.create_index(
        "ix_sub_task_due", "sub_task", ["due_at"], unique=False, postgresql_where=sa.text("ended_at IS NULL")
    )
    op.create_index("ix_sub_task_partner", "sub_task", ["partner"], unique=False)
    op.create_index("ix_sub_task_ticket_id", "sub_task", ["ticket_id"], unique=False)
    op.create_table(
        "ticket_desk",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("office", sa.Text(), nullable=False),
        sa.Column("since", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_ticket_desk_ticket_id_ticket"),
        sa.PrimaryKeyConstraint("id", name="pk_ticket_desk"),
        sa.UniqueConstraint("ticket_id", "office", name="uq_ticket_desk_ticket_id_office"),
    )
    op.create_index("ix_ticket_desk_office", "ticket_desk", ["office", "since"], unique=False)
    op.create_table(
        "transfer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("from_office", sa.Text(), nullable=False),
        sa.Column("to_office", sa.Text(), nullable=False),
        sa.Column("to_staff_id", sa.Uuid(), nullable=True),
        sa.Column("reason_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("answer_by", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("answered_by", sa.Text(), nullable=True),
        sa.Column("answered_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("answer_reason_sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["to_staff_id"], ["staff_account.id"], name="fk_transfer_to_staff_id_staff_account"
        ),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_transfer_ticket_id_ticket"),
        sa.PrimaryKeyConstraint("id", name="pk_transfer"),
    )
    op.create_index(
        "ix_transfer_due",
        "transfer",
        ["answer_by"],
        unique=False,
        postgresql_where=sa.text("answered_at IS NULL"),
    )
    op.create_index(
        "ix_transfer_one_open",
        "transfer",
        ["ticket_id"],
        unique=True,
        postgresql_where=sa.text("answered_at IS NULL"),
    )
    op.create_index("ix_transfer_ticket_id", "transfer", ["ticket_id"], unique=False)
    op.create_table(
        "trip",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("office", sa.Text(), nullable=False),
        sa.Column("companion", sa.Text(), nullable=True),
        sa.Column("set_out_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("arrived_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("back_by", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("back_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("help_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("rounds", sa.Integer(), nullable=False),
        sa.Column("told_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["staff_id"], ["staff_account.id"], name="fk_trip_staff_id_staff_account"),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_trip_ticket_id_ticket"),
        sa.PrimaryKeyConstraint("id", name="pk_trip"),
    )
    op.create_index(
        "ix_trip_due", "trip", ["back_by"], unique=False, postgresql_where=sa.text("back_at IS NULL")
    )
    op.create_index("ix_trip_ticket_id", "trip", ["ticket_id"], unique=False)
    op.add_column("queued_notice", sa.Column("staff_id", sa.Uuid(), nullable=True))
    op.add_column("queued_notice", sa.Column("contact_id", sa.Uuid(), nullable=True))
    op.add_column(
        "queued_notice", sa.Column("rank", sa.Integer(), server_default=sa.text("0"), nullable=False)
    )
    op.add_column("queued_notice", sa.Column("reply_code", sa.Text(), nullable=True))
    op.add_column("queued_notice", sa.Column("digest", sa.Text(), nullable=True))
    op.add_column("queued_notice", sa.Column("seen_at", sa.TIMESTAMP(timezone=True), nullable=True))
    op.add_column("queued_notice", sa.Column("seen_by", sa.Text(), nullable=True))
    op.create_index("ix_queued_notice_contact", "queued_notice", ["contact_id", "delivered_at"], unique=False)
    op.create_index(
        "ix_queued_notice_old",
        "queued_notice",
        ["queued_at"],
        unique=False,
        postgresql_where="state = 'waiting'",
    )
    op.create_index(
        "ix_queued_notice_receipt",
        "queued_notice",
        ["receipt"],
        unique=False,
        postgresql_where="state = 'delivered'",
    )
    op.create_index(
        "ix_queued_notice_reply",
        "queued_notice",
        ["reply_code"],
        unique=False,
        postgresql_where="reply_code IS NOT NULL",
    )
    op.create_index(
        "ix_queued_notice_unseen",
        "queued_notice",
        ["office"],
        unique=False,
        postgresql_where="channel = 'in_app' AND seen_at IS NULL",
    )
    op.create_foreign_key(
        "fk_queued_notice_staff_id_staff_account", "queued_notice", "staff_account", ["staff_id"], ["id"]
    )
    op.create_foreign_key(
        "fk_queued_notice_contact_id_contact_point", "queued_notice", "contact_point", ["contact_id"], ["id"]
    )
    op.add_column("rating", sa.Column("inputs_sealed", sa.LargeBinary(), nullable=True))
    op.add_column("signal", sa.Column("inputs_sealed", sa.LargeBinary(), nullable=True))
    op.add_column("ticket", sa.Column("tree", sa.Text(), server_default=sa.text("''"), nullable=False))
    op.add_column("ticket", sa.Column("missing", sa.Integer(), server_default=sa.text("1"), nullable=False))
    op.add_column("ticket", sa.Column("level_at_close", sa.Integer(), nullable=True))
    op.add_column(
        "ticket", sa.Column("two_people", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.add_column("ticket", sa.Column("bounces", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column(
        "ticket", sa.Column("settled", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.add_column("ticket", sa.Column("reopened", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column(
        "follow_up", sa.Column("invite", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.create_index(
        "ix_ticket_tree", "ticket", ["tree"], unique=False, postgresql_where=sa.text("closed_at IS NULL")
    )
    op.create_index(
        "ix_ticket_closed",
        "ticket",
        ["office", "opened_at"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NOT NULL"),
    )

    op.alter_column("queued_notice", "rank", server_default=None)
    op.alter_column("ticket", "tree", server_default=None)
    op.alter_column("ticket", "missing", server_default=None)
    op.alter_column("ticket", "two_people", server_default=None)
    op.alter_column("ticket", "bounces", server_default=None)
    op.alter_column("ticket", "settled", server_default=None)
    op.alter_column("ticket", "reopened", server_default=None)
    op.alter_column("follow_up", "invite", server_default=None)
    op.execute("UPDATE ticket SET missing = 0 WHERE holder_id IS NOT NULL")
    op.execute(
        "INSERT INTO ticket_desk (id, ticket_id, office, since) "
        "SELECT gen_random_uuid(), id, also_office, opened_at FROM ticket WHERE also_office IS NOT NULL"
    )
    op.execute(
        "INSERT INTO acknowledgement (id, ticket_id, staff_id, name, at) "
        "SELECT gen_random_uuid(), id, holder_id, holder_name, acknowledged_at FROM ticket "
        "WHERE holder_id IS NOT NULL AND acknowledged_at IS NOT NULL"
    )
    op.drop_index("ix_ticket_also_office", table_name="ticket")
    op.drop_column("ticket", "also_office")
    op.drop_index("ix_ticket_steps", table_name="ticket")
    op.create_index(
        "ix_ticket_steps",
        "ticket",
        ["step_due_at"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL AND missing > 0"),
    )


def downgrade() -> None:
    op.drop_column("follow_up", "invite")
    op.add_column("ticket", sa.Column("also_office", sa.Text(), nullable=True))
    op.create_index("ix_ticket_also_office", "ticket", ["also_office"], unique=False)
    op.execute(
        "UPDATE ticket SET also_office = (SELECT office FROM ticket_desk WHERE ticket_id = ticket.id "
        "ORDER BY since DESC, id LIMIT 1)"
    )
    # whoever has taken one of two is the holder for the older program, and what waits on a channel that it does
    # not know goes over the one that it has
    op.execute("UPDATE queued_notice SET channel = 'webhook' WHERE state = 'waiting'")
    op.drop_index("ix_ticket_steps", table_name="ticket")
    op.create_index(
        "ix_ticket_steps",
        "ticket",
        ["step_due_at"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL AND holder_id IS NULL"),
    )
    op.drop_index("ix_ticket_closed", table_name="ticket", postgresql_where=sa.text("closed_at IS NOT NULL"))
    op.drop_index("ix_ticket_tree", table_name="ticket", postgresql_where=sa.text("closed_at IS NULL"))
    op.drop_column("ticket", "reopened")
    op.drop_column("ticket", "settled")
    op.drop_column("ticket", "bounces")
    op.drop_column("ticket", "two_people")
    op.drop_column("ticket", "level_at_close")
    op.drop_column("ticket", "missing")
    op.drop_column("ticket", "tree")
    op.drop_column("signal", "inputs_sealed")
    op.drop_column("rating", "inputs_sealed")
    op.drop_constraint("fk_queued_notice_contact_id_contact_point", "queued_notice", type_="foreignkey")
    op.drop_constraint("fk_queued_notice_staff_id_staff_account", "queued_notice", type_="foreignkey")
    op.drop_index(
        "ix_queued_notice_unseen",
        table_name="queued_notice",
        postgresql_where="channel = 'in_app' AND seen_at IS NULL",
    )
    op.drop_index(
        "ix_queued_notice_receipt", table_name="queued_notice", postgresql_where="state = 'delivered'"
    )
    op.drop_index(
        "ix_queued_notice_reply", table_name="queued_notice", postgresql_where="reply_code IS NOT NULL"
    )
    op.drop_index("ix_queued_notice_old", table_name="queued_notice", postgresql_where="state = 'waiting'")
    op.drop_index("ix_queued_notice_contact", table_name="queued_notice")
    op.drop_column("queued_notice", "seen_by")
    op.drop_column("queued_notice", "seen_at")
    op.drop_column("queued_notice", "digest")
    op.drop_column("queued_notice", "reply_code")
    op.drop_column("queued_notice", "rank")
    op.drop_column("queued_notice", "contact_id")
    op.drop_column("queued_notice", "staff_id")
    op.drop_index("ix_trip_ticket_id", table_name="trip")
    op.drop_index("ix_trip_due", table_name="trip", postgresql_where=sa.text("back_at IS NULL"))
    op.drop_table("trip")
    op.drop_index("ix_transfer_ticket_id", table_name="transfer")
    op.drop_index(
        "ix_transfer_one_open", table_name="transfer", postgresql_where=sa.text("answered_at IS NULL")
    )
    op.drop_index("ix_transfer_due", table_name="transfer", postgresql_where=sa.text("answered_at IS NULL"))
    op.drop_table("transfer")
    op.drop_index("ix_ticket_desk_office", table_name="ticket_desk")
    op.drop_table("ticket_desk")
    op.drop_index("ix_sub_task_ticket_id", table_name="sub_task")
    op.drop_index("ix_sub_task_partner", table_name="sub_task")
    op.drop_index("ix_sub_task_due", table_name="sub_task", postgresql_where=sa.text("ended_at IS NULL"))
    op.drop_table("sub_task")
    op.drop_index("ix_reach_attempt_ticket_id", table_name="reach_attempt")
    op.drop_table("reach_attempt")
    op.drop_index("ix_lowering_ticket_id", table_name="lowering")
    op.drop_index(
        "ix_lowering_one_open", table_name="lowering", postgresql_where=sa.text("decided_at IS NULL")
    )
    op.drop_table("lowering")
    op.drop_index("ix_deadline_set_ticket_id", table_name="deadline_set")
    op.drop_table("deadline_set")
    op.drop_index("ix_acknowledgement_ticket_id", table_name="acknowledgement")
    op.drop_index("ix_acknowledgement_staff_id", table_name="acknowledgement")
    op.drop_table("acknowledgement")
    op.drop_index("ix_duty_shift_office", table_name="duty_shift")
    op.drop_table("duty_shift")
    op.drop_index("ix_duty_change_office", table_name="duty_change")
    op.drop_table("duty_change")
    op.drop_index("ix_contact_point_staff_id", table_name="contact_point")
    op.drop_index("ix_contact_point_office", table_name="contact_point")
    op.drop_index("ix_contact_point_address", table_name="contact_point")
    op.drop_table("contact_point")
    op.drop_index("ix_edition_newest", table_name="edition")
    op.drop_table("edition")
