"""One look at every row that matters: what is open, what runs, what waits. Plain SQL, apart from the product's code."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import namedtuple_row

TICKETS = """
SELECT id, code, kind, policy, resident_id, level, state, office, spoken_at, opened_at, chain_since, step,
       step_due_at, missing, holder_id, acknowledged_at, attempted_at, spoke_at, met_at, two_people, bounces,
       settled, danger_to_life, reopened
  FROM ticket WHERE closed_at IS NULL
"""
CLOCKS = """
SELECT c.ticket_id, c.name, c.due_at, c.rounds, c.told_at
  FROM ticket_clock c JOIN ticket t ON t.id = c.ticket_id
 WHERE t.closed_at IS NULL AND c.stopped_at IS NULL
"""
FOLLOW_UPS = """
SELECT f.id, f.ticket_id, f.office, f.due_at, f.told_at, t.code, t.office AS has_it
  FROM follow_up f JOIN ticket t ON t.id = f.ticket_id
 WHERE f.done_at IS NULL AND (coalesce(f.told_at, f.due_at) <= %s OR f.office <> t.office OR f.told_at > %s)
"""
NOTICE = """
SELECT n.id, n.ticket_id, n.key, n.audience, n.office, n.staff_id, n.channel, n.contact_id, n.level, n.queued_at,
       n.due_at, n.state, n.attempts, n.lease_until, n.digest, p.quiet_until, p.told_level
  FROM queued_notice n LEFT JOIN contact_point p ON p.id = n.contact_id
"""
WAITING = NOTICE + " WHERE n.state = 'waiting'"
GONE = NOTICE + " WHERE n.id = ANY(%s)"
TRANSFERS = "SELECT id, ticket_id, from_office, to_office, answer_by FROM transfer WHERE answered_at IS NULL"
SUB_TASKS = "SELECT id, ticket_id, due_at, told_at FROM sub_task WHERE ended_at IS NULL"
UNREAD = "SELECT id, at FROM message WHERE read_at IS NULL AND author = 'resident'"
TRIPS = "SELECT id, ticket_id, staff_id, back_by, told_at FROM trip WHERE back_at IS NULL"

UNREAD_AFTER = timedelta(seconds=5)
"""How long whoever took a message may need to read it, before the clocks' process does."""

Due = tuple[str, UUID, str, datetime]
"""Something that a round of the watch must see to: what, whose, which, when."""


@dataclass(frozen=True)
class Sight:
    """What stands in the tables at one moment."""

    at: datetime
    tickets: dict[UUID, Any]
    clocks: Sequence[Any]
    follow_ups: Sequence[Any]
    waiting: dict[UUID, Any]
    gone: Sequence[Any]
    transfers: Sequence[Any]
    sub_tasks: Sequence[Any]
    trips: Sequence[Any]
    unread: Sequence[Any]
    clocks_of: dict[UUID, dict[str, Any]] = field(default_factory=dict)

    def due(self) -> Iterator[Due]:
        """Everything that falls due, past or to come."""
        for t in self.tickets.values():
            if t.missing > 0 and t.step_due_at is not None:
                yield "step", t.id, "", t.step_due_at
        for (
            c
        ) in self.clocks:  # whether somebody has the ticket decides who sees to a clock: then it is due anew
            held = self.tickets[c.ticket_id].acknowledged_at
            yield "clock", c.ticket_id, f"{c.name} {held}", max(c.due_at, c.told_at or c.due_at)
        for f in self.follow_ups:
            yield "follow_up", f.id, "", max(f.due_at, f.told_at or f.due_at)
        for x in self.transfers:
            yield "transfer", x.id, "", x.answer_by
        for s in self.sub_tasks:
            yield "sub_task", s.id, "", max(s.due_at, s.told_at or s.due_at)
        for p in self.trips:
            yield "trip", p.id, "", max(p.back_by, p.told_at or p.back_by)
        for m in self.unread:
            yield "unread", m.id, "", m.at + UNREAD_AFTER

    def sendable(self) -> Iterator[tuple[datetime, str]]:
        """When each waiting notice may be tried next, and over which channel."""
        for n in self.waiting.values():
            at = max(n.due_at, n.lease_until or n.due_at)
            if n.quiet_until is not None and n.level <= n.told_level:
                at = max(at, n.quiet_until)
            yield at, n.channel


class Eyes:
    """Looks through a connection of its own, and remembers which notices waited the last time."""

    def __init__(self, connection: psycopg.Connection[Any], clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.connection = connection
        self._waited: set[UUID] = set()

    def look(self) -> Sight:
        """All that is open now. `gone` are the notices that waited at the last look and do not any more."""
        now = self.clock()
        day = timedelta(days=1)
        tickets, clocks, follow_ups, waits, transfers, sub_tasks, trips, unread = self._all_at_once(
            (TICKETS,), (CLOCKS,), (FOLLOW_UPS, now + day, now + 7 * day), (WAITING,), (TRANSFERS,),
            (SUB_TASKS,), (TRIPS,), (UNREAD,),
        )  # fmt: skip
        waiting = {row.id: row for row in waits}
        gone_ids = list(self._waited - waiting.keys())
        sight = Sight(
            at=now,
            tickets={row.id: row for row in tickets},
            clocks=clocks,
            follow_ups=follow_ups,
            waiting=waiting,
            gone=self.rows(GONE, gone_ids) if gone_ids else [],
            transfers=transfers,
            sub_tasks=sub_tasks,
            trips=trips,
            unread=unread,
        )
        for clock in clocks:
            sight.clocks_of.setdefault(clock.ticket_id, {})[clock.name] = clock
        self._waited = set(waiting)
        return sight

    def _all_at_once(self, *queries: tuple[Any, ...]) -> Sequence[Sequence[Any]]:
        """The rows of several queries, without waiting for one before asking the next."""
        with self.connection.pipeline():
            cursors = [self.connection.cursor(row_factory=namedtuple_row) for _ in queries]
            for cursor, (query, *values) in zip(cursors, queries, strict=True):
                cursor.execute(query, values or None)
            return [cursor.fetchall() for cursor in cursors]

    def rows(self, query: str, *values: Any) -> Sequence[Any]:
        """The rows of any query, for rules that look only now and then."""
        with self.connection.cursor(row_factory=namedtuple_row) as cursor:
            return cursor.execute(query, values or None).fetchall()
