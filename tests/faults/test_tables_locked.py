"""R09: tables that somebody holds locked, and connections that are ended; the clocks' process goes on by itself.

The locks of 5, 15 and 60 seconds are shortened: 2 s is what a query waits out, 12 s what `lock_timeout` ends.
"""

import time
from datetime import datetime

import pytest
from sqlalchemy import select, text

from escalation.ticket import Ticket
from storage.heartbeat import Heartbeat
from tests.support.bad_gateway import BadGateway
from tests.support.postgres import Postgres
from tests.support.processes import until
from tests.support.works import Works

pytestmark = pytest.mark.slow

RELEASED = 40.0
"""Less than a minute: nothing may have to wait until what somebody had taken in hand is given up."""


def in_danger(works: Works) -> Ticket:
    """Somebody's ticket, as it stands before anything is done about it."""
    resident = works.prepared(place="puyan-hall")
    resident.agrees()
    resident.says("我不想活了")
    [ticket] = works.tickets_of(resident)
    return ticket


def signs(works: Works) -> dict[str, datetime]:
    """When the watch and each channel's delivery last did a whole round."""
    with works.database.transaction() as db:
        return {row.name.partition("@")[0]: row.beat_at for row in db.scalars(select(Heartbeat))}


STEP_IS_DUE = text("UPDATE ticket SET step_due_at = spoken_at")


def all_sent(works: Works, ticket: Ticket) -> bool:
    """Whether nothing about this ticket waits to go out."""
    return all(notice.state != "waiting" for notice in works.notices_of(ticket))


def everything_goes_on(works: Works, gateway: BadGateway, ticket: Ticket) -> None:
    """Every loop comes round again, what was due is done, and nothing twice."""
    before, told = signs(works), len(works.notices_of(ticket))
    until(lambda: all(at > before[name] for name, at in signs(works).items()), RELEASED)
    [after] = until(lambda: [t for t in tickets(works) if t.step > ticket.step], RELEASED)
    assert len(works.notices_of(after)) > told
    until(lambda: all_sent(works, after), RELEASED)
    assert gateway.rang(ticket.code)
    assert {kept["times"] for kept in gateway.received} == {1}


def tickets(works: Works) -> list[Ticket]:
    with works.database.transaction() as db:
        return list(db.scalars(select(Ticket)))


@pytest.mark.parametrize("seconds", [2, 12])
def test_tables_that_are_locked_for_a_while(
    works: Works, gateway: BadGateway, postgres: Postgres, seconds: int
) -> None:
    clocks = works.starts("jobs")
    until(lambda: {"watch", "delivery.webhook"} < set(signs(works)))
    ticket = in_danger(works)
    until(
        lambda: all_sent(works, ticket)
    )  # one cut off between sending and noting it has tests of its own (S9)
    with postgres.admin(str(works.database.engine.url.database)) as admin, admin.transaction():
        admin.execute("LOCK TABLE ticket, queued_notice, heartbeat, audit_head IN ACCESS EXCLUSIVE MODE")
        admin.execute(STEP_IS_DUE.text)
        time.sleep(seconds)
    everything_goes_on(works, gateway, ticket)
    assert clocks.status is None, "the same process"


def test_connections_that_are_all_ended_at_once(
    works: Works, gateway: BadGateway, postgres: Postgres
) -> None:
    clocks = works.starts("jobs")
    until(lambda: {"watch", "delivery.webhook"} < set(signs(works)))
    name = str(works.database.engine.url.database)
    for _ in range(3):
        with postgres.admin() as admin:
            admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        time.sleep(0.3)
    works.database.engine.dispose()
    ticket = in_danger(works)
    with works.database.transaction() as db:
        db.execute(STEP_IS_DUE)
    everything_goes_on(works, gateway, ticket)
    assert clocks.status is None, "the same process"
