"""A gateway that refuses, hangs or lies: nothing counts as delivered, the console says so, and it goes out later."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from escalation.channels import Notice, Receipt
from escalation.channels.webhook import WebhookChannel
from escalation.outbox import QueuedNotice, deliver_due
from server.demo_gateway import MODES
from storage.database import Database
from tests.support.bad_gateway import BadGateway
from tests.support.channels import RecordingChannel
from tests.support.clock import MovableClock
from tests.support.processes import until
from tests.support.stack import free_ports
from tests.support.town import Resident, Town
from tests.support.works import Works

BUDGET = 1.0
CRISIS = "我不想活了"
RED = "我现在就站在楼顶,要跳下去"


@pytest.fixture
def street(database: Database, clock: MovableClock, tmp_path: Path, gateway: BadGateway) -> Iterator[Town]:
    """A district whose notices go over HTTP to `gateway`."""
    town = Town(database, clock, tmp_path, channel=WebhookChannel(gateway.url, BUDGET))
    yield town
    town.close()


def in_danger(town: Town, words: str = CRISIS) -> Resident:
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.says(words)
    return resident


def notices(town: Town) -> list[QueuedNotice]:
    with town.database.transaction() as db:
        sent = QueuedNotice.channel != "in_app"
        return list(db.scalars(select(QueuedNotice).where(sent).order_by(QueuedNotice.queued_at)))


@pytest.mark.parametrize("mode", sorted(set(MODES) - {"accept"}))
def test_what_the_gateway_did_not_take_is_not_delivered(street: Town, gateway: BadGateway, mode: str) -> None:
    gateway.behave(mode)
    officer = street.officer("puyan")
    in_danger(street)
    street.jobs()
    [notice] = notices(street)
    assert (notice.state, notice.attempts, notice.receipt) == ("waiting", 1, None)

    street.clock.advance(seconds=70)
    street.jobs()
    [notice] = notices(street)
    assert (notice.state, notice.attempts) == ("waiting", 2)
    listed = officer.does("GET", "/tickets")
    assert len(listed["tickets"]) == 1, "the console has it all the same"
    assert "有通知发不出去" in listed["red_bar"]
    assert not street.ask("GET", "/readyz").json()["ready"]

    gateway.behave("accept")
    street.clock.advance(minutes=2)
    street.jobs()
    [notice] = notices(street)
    assert notice.state == "delivered"
    [told] = gateway.received
    assert told["receipt"] == notice.receipt
    assert officer.does("GET", "/tickets")["red_bar"] is None
    assert street.ask("GET", "/readyz").json()["ready"]


def test_a_gateway_that_is_not_there_yet_is_told_when_it_comes(
    database: Database, clock: MovableClock, tmp_path: Path
) -> None:
    [port] = free_ports(1)
    town = Town(database, clock, tmp_path, channel=WebhookChannel(f"http://127.0.0.1:{port}/notices", BUDGET))
    in_danger(town)
    for _ in range(3):
        town.jobs()
        town.clock.advance(minutes=1)
    [notice] = notices(town)
    assert (notice.state, notice.attempts) == ("waiting", 3)

    with BadGateway(port) as gateway:
        town.jobs()
        assert [n.state for n in notices(town)] == ["delivered"]
        assert len(gateway.received) == 1
    town.close()


def test_notices_that_hang_do_not_hold_up_the_others(street: Town, gateway: BadGateway) -> None:
    """As many as are sent at once hang, and they are the worst ones; the next round sends the one behind them."""
    for _ in range(8):
        in_danger(street, RED)
    behind = in_danger(street)
    gateway.behave("hang", times=8)
    street.jobs()
    street.jobs()

    states = {n.code: n.state for n in notices(street)}
    assert sorted(states.values()) == ["delivered"] + ["waiting"] * 8
    assert behind.turn.alarm is not None
    [told] = gateway.received
    assert told["notice"]["level"] == "橙色"
    street.clock.advance(minutes=1)
    street.jobs()
    assert {n.state for n in notices(street)} == {"delivered"}


def test_after_an_outage_the_worst_goes_first_and_nothing_is_told_twice(
    street: Town, gateway: BadGateway
) -> None:
    gateway.behave("error500")
    for _ in range(9):
        in_danger(street)
    in_danger(street, RED)
    for _ in range(3):
        street.jobs()
        street.clock.advance(minutes=1)
    gateway.behave("accept")
    street.jobs()

    told = gateway.received
    assert "红色" in [kept["notice"]["level"] for kept in told[:8]]
    assert len(told) == 10
    assert {kept["times"] for kept in told} == {1}


def test_a_late_word_of_a_sender_whose_claim_is_over_is_refused(database: Database, town: Town) -> None:
    """Meanwhile another has the notice, and what became of it there stands."""
    other = RecordingChannel()
    other.failing = "temporary"

    class Late(RecordingChannel):
        def send(self, notice: Notice) -> Receipt:
            town.clock.advance(seconds=61)
            deliver_due(database, other, town.clock)
            return super().send(notice)

    in_danger(town)
    assert deliver_due(database, Late(), town.clock) == 0
    [notice] = notices(town)
    assert (notice.state, notice.attempts, notice.receipt) == ("waiting", 2, None)
    assert notice.last_failure is not None
    town.clock.advance(minutes=1)
    town.jobs()
    assert [n.state for n in notices(town)] == ["delivered"]


@pytest.mark.slow
def test_the_running_process_waits_for_no_gateway_and_recovers_by_itself(
    works: Works, gateway: BadGateway
) -> None:
    resident = works.prepared(place="puyan-hall")
    resident.agrees()
    resident.says(CRISIS)
    [ticket] = works.tickets_of(resident)
    jobs = None
    for mode in ("hang", "slow"):
        gateway.behave(mode)
        jobs = jobs or works.starts("jobs", XINQIAO_GATEWAY_BUDGET_SECONDS="0.5")
        before = gateway.attempts
        until(lambda before=before: gateway.attempts > before)
        assert {n.state for n in works.notices_of(ticket)} == {"waiting"}
        works.a_minute_passes()
    gateway.behave("accept")
    works.a_minute_passes()
    until(lambda: all(n.state == "delivered" for n in works.notices_of(ticket)))
    assert jobs is not None
    assert jobs.status is None
    assert len(gateway.received) == 1
    assert jobs.stop() == 0
