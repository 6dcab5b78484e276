"""Years of closed tickets, written by SQL, for what must not depend on how many there are.

Each closed ticket has what a real one leaves behind: a resident and a conversation, clocks that were stopped, the rows
that say how they came about, notices that were delivered, a time line, follow-ups that were done, and now and then a
transfer, a part, a trip, a lowering. Its tree is an older one, so that being routed by another tree says nothing.
"""

from datetime import datetime

from psycopg import Connection

FAMILIES = {
    "resident": 0x1, "resident_session": 0x2, "ticket": 0x3, "ticket_clock": 0x4, "deadline_set": 0x5,
    "queued_notice": 0x6, "ticket_event": 0x7, "follow_up": 0x8, "acknowledgement": 0x9, "transfer": 0xA,
    "sub_task": 0xB, "trip": 0xC, "lowering": 0xD, "message": 0xE, "reach_attempt": 0xF, "ticket_desk": 0x10,
}  # fmt: skip
"""The tables that grow, each with the prefix of the ids that are written here."""

_CLOSED = "%(before)s::timestamptz - interval '100 days' - mod(n, 900) * interval '1 day'"
_CLOCKS = "unnest(ARRAY['acknowledge', 'contact', 'speak', 'visit']) WITH ORDINALITY AS one(name, i)"


def _id(table: str, n: str = "n", i: str = "0") -> str:
    """An id for the i-th row of ticket n: in order, so that a million are quickly written."""
    row, ticket = f"lpad(to_hex({i}), 2, '0')", f"lpad(to_hex({n}), 12, '0')"
    return f"('{FAMILIES[table]:08x}-0000-4000-80' || {row} || '-' || {ticket})::uuid"


def _some(table: str, columns: str, values: str, *, every: int = 1, rows: str = "") -> str:
    numbers = f"generate_series(%(first)s::bigint, %(last)s::bigint) AS n{', ' + rows if rows else ''}"
    where = f" WHERE mod(n, {every}) = 0" if every > 1 else ""
    return f"INSERT INTO {table} (id, {columns}) SELECT {values} FROM {numbers}{where}"


_STAFF = "(SELECT id FROM staff_account WHERE username = 'history')"

_WRITTEN = (
    _some("resident", "arrived_at", f"{_id('resident')}, {_CLOSED}"),
    _some(
        "resident_session",
        "resident_id, token_hash, sender, door, opened_at, seen_at, ended_at, callback_wanted, worker_wanted",
        f"{_id('resident_session')}, {_id('resident')}, decode(lpad(to_hex(n), 64, '0'), 'hex'), 'history-' || n, "
        f"'phone', {_CLOSED}, {_CLOSED}, {_CLOSED}, false, false",
    ),
    _some(
        "message",
        "session_id, position, author, at, read_at, failed_reads",
        f"{_id('message', i='i')}, {_id('resident_session')}, i, 'resident', {_CLOSED}, {_CLOSED}, 0",
        rows="generate_series(1, 2) AS i",
    ),
    _some(
        "ticket",
        "code, resident_code_sealed, resident_code_index, kind, policy, tree, resident_id, session_id, level, state, "
        "office, danger_to_life, spoken_at, opened_at, chain_since, step, step_due_at, missing, holder_id, "
        "holder_name, acknowledged_at, attempted_at, spoke_at, met_at, closed_at, outcome, level_at_close, "
        "two_people, bounces, settled, reopened",
        f"{_id('ticket')}, 'OLD-' || n, '\\x00', decode(lpad(to_hex(n), 64, '0'), 'hex'), 'home_visit', "
        f"'home_visit/2', 'an older tree', {_id('resident')}, {_id('resident_session')}, 3 + mod(n, 3), "
        f"'completed', %(office)s::text, false, {_CLOSED}, {_CLOSED}, {_CLOSED}, 1, {_CLOSED}, mod(n, 2), "
        f"{_STAFF}, '史官', {_CLOSED}, {_CLOSED}, {_CLOSED}, {_CLOSED}, {_CLOSED}, 'visited', 3, false, 0, false, 0",
    ),
    _some(
        "ticket_clock",
        "ticket_id, name, due_at, stopped_at, rounds",
        f"{_id('ticket_clock', i='i')}, {_id('ticket')}, name, {_CLOSED}, {_CLOSED}, 0",
        rows=_CLOCKS,
    ),
    _some(
        "deadline_set",
        "ticket_id, clock, level, policy, spoken_at, due_at, because, at",
        f"{_id('deadline_set', i='i')}, {_id('ticket')}, name, 4, 'home_visit/2', {_CLOSED}, "
        f"{_CLOSED}, 'opened', {_CLOSED}",
        rows=_CLOCKS,
    ),
    _some(
        "queued_notice",
        "key, ticket_id, level, audience, office, channel, rank, round, code, level_word, place, respond_by, link, "
        "text, queued_at, due_at, state, attempts, delivered_at, receipt, seen_at",
        f"{_id('queued_notice', i='i')}, 'old.' || n || '.' || i, {_id('ticket')}, 4, 'office', %(office)s::text, "
        f"CASE WHEN i = 1 THEN 'webhook' ELSE 'in_app' END, 0, 0, 'OLD-' || n, '橙色', '浦沿街道', {_CLOSED}, '', '', "
        f"{_CLOSED}, {_CLOSED}, CASE WHEN mod(n, 3) = 0 THEN 'superseded' ELSE 'delivered' END, 1, {_CLOSED}, "
        f"'receipt-' || n || '.' || i, {_CLOSED}",
        rows="generate_series(1, 2) AS i",
    ),
    _some(
        "ticket_event",
        "ticket_id, at, kind, who, text",
        f"{_id('ticket_event', i='i')}, {_id('ticket')}, {_CLOSED}, 'notice', '系统', '已通知值班。'",
        rows="generate_series(1, 4) AS i",
    ),
    _some(
        "follow_up",
        "ticket_id, office, planned_at, due_at, done_at, invite, rounds",
        f"{_id('follow_up', i='i')}, {_id('ticket')}, %(office)s::text, {_CLOSED}, {_CLOSED}, {_CLOSED}, false, 0",
        rows="generate_series(1, 2) AS i",
    ),
    _some(
        "acknowledgement",
        "ticket_id, staff_id, name, at",
        f"{_id('acknowledgement')}, {_id('ticket')}, {_STAFF}, '史官', {_CLOSED}",
    ),
    _some(
        "reach_attempt",
        "ticket_id, way, reached, at, by",
        f"{_id('reach_attempt')}, {_id('ticket')}, 'phone', true, {_CLOSED}, '史官'",
        every=2,
    ),
    _some(
        "ticket_desk",
        "ticket_id, office, since",
        f"{_id('ticket_desk')}, {_id('ticket')}, %(desk)s::text, {_CLOSED}",
        every=5,
    ),
    _some(
        "transfer",
        "ticket_id, from_office, to_office, asked_by, asked_at, answer_by, answer, answered_at",
        f"{_id('transfer')}, {_id('ticket')}, %(desk)s::text, %(office)s::text, '史官', {_CLOSED}, {_CLOSED}, "
        f"'accepted', {_CLOSED}",
        every=5,
    ),
    _some(
        "sub_task",
        "ticket_id, name, partner, what, asked_by, asked_at, due_at, ended_at, outcome, with_name, rounds",
        f"{_id('sub_task')}, {_id('ticket')}, 'OLD-' || n, 'community', '', '史官', {_CLOSED}, {_CLOSED}, {_CLOSED}, "
        "'done', false, 0",
        every=5,
    ),
    _some(
        "trip",
        "ticket_id, staff_id, name, office, set_out_at, back_by, back_at, rounds",
        f"{_id('trip')}, {_id('ticket')}, {_STAFF}, '史官', %(office)s::text, {_CLOSED}, {_CLOSED}, {_CLOSED}, 0",
        every=2,
    ),
    _some(
        "lowering",
        "ticket_id, from_level, to_level, asked_by_id, asked_by, asked_at, decided_at, confirmed",
        f"{_id('lowering')}, {_id('ticket')}, 4, 3, {_STAFF}, '史官', {_CLOSED}, {_CLOSED}, true",
        every=10,
    ),
)


def write_history(
    admin: Connection, first: int, last: int, *, before: datetime, office: str, desk: str
) -> None:
    """Closed tickets number `first` to `last`, closed long before this moment, and what the planner must know of them.

    `admin` is a superuser's connection that commits each statement: references are not checked one by one.
    """
    admin.execute("SET session_replication_role = replica")
    admin.execute("SET synchronous_commit = off")
    admin.execute(
        "INSERT INTO staff_account (id, username, password_hash, name, role, office, active, demo) "
        "VALUES (gen_random_uuid(), 'history', 'x', '史官', 'judicial_officer', %s, true, true) "
        "ON CONFLICT DO NOTHING",
        (office,),
    )
    values = {"first": first, "last": last, "before": before, "office": office, "desk": desk}
    for statement in _WRITTEN:
        admin.execute(statement.encode(), values)
    admin.execute("SET session_replication_role = origin")
    admin.execute(f"VACUUM (ANALYZE) {', '.join(FAMILIES)}".encode())
