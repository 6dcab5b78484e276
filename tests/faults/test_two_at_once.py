"""Two processes for the clocks, and one that was frozen: each notice is told once, and no late word undoes it."""

import signal

import pytest

from tests.support.bad_gateway import BadGateway
from tests.support.processes import until
from tests.support.works import Works

pytestmark = pytest.mark.slow

CRISIS = "我不想活了"


def test_two_processes_tell_each_notice_once(works: Works, gateway: BadGateway) -> None:
    people = []
    for _ in range(10):
        people.append(works.prepared(place="puyan-hall"))
        people[-1].agrees()
        people[-1].says(CRISIS)
    tickets = [ticket for resident in people for ticket in works.tickets_of(resident)]
    assert len(tickets) == 10
    with works.database.transaction() as db:
        for ticket in tickets:
            db.merge(ticket).step_due_at = ticket.opened_at  # the next step is due for all of them, too
    both = [works.starts("jobs"), works.starts("jobs")]
    notices = until(
        lambda: (
            all_of
            if len(all_of := [n for t in tickets for n in works.notices_of(t)]) >= 20
            and all(n.state == "delivered" for n in all_of)
            else None
        )
    )
    assert all(program.status is None for program in both)
    assert [(kept["key"], kept["times"]) for kept in gateway.received if kept["times"] != 1] == []
    assert sorted(kept["key"] for kept in gateway.received) == sorted(n.key for n in notices)
    assert {works.tickets_of(resident)[0].step for resident in people} == {len(notices) // 10}
    works.audit_is_intact()


def test_a_process_that_was_frozen_cannot_undo_what_was_told_meanwhile(
    works: Works, gateway: BadGateway
) -> None:
    resident = works.prepared(place="puyan-hall")
    resident.agrees()
    resident.says(CRISIS)
    [ticket] = works.tickets_of(resident)
    gateway.behave("hang")
    frozen = works.starts("jobs", XINQIAO_GATEWAY_BUDGET_SECONDS="3")
    until(lambda: gateway.attempts == 1)
    frozen.signal(signal.SIGSTOP)
    gateway.behave("accept")
    works.a_minute_passes()
    works.starts("jobs")
    until(lambda: all(n.state == "delivered" for n in works.notices_of(ticket)))
    [before] = works.notices_of(ticket)

    frozen.signal(signal.SIGCONT)
    assert frozen.stop() == 0
    [after] = works.notices_of(ticket)
    assert (after.state, after.receipt, after.attempts) == ("delivered", before.receipt, 2)
    assert after.last_failure is None
    assert [kept["times"] for kept in gateway.received] == [1]
