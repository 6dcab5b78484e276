"""R12: a thousand due notices, two senders and two applications at once; then one that was frozen."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import insert, select

from escalation.channels import Notice, Receipt
from escalation.outbox import LEASE, QueuedNotice, deliver_due
from escalation.ticket import Ticket
from storage.database import Database
from tests.support.channels import RecordingChannel
from tests.support.clock import MovableClock
from tests.support.town import Town

DUE = 1000
PEOPLE = 5


@pytest.fixture
def two_applications(database: Database, clock: MovableClock, tmp_path: Path) -> Iterator[tuple[Town, Town]]:
    """Two over one database, each with connections and a gateway of its own."""
    with ExitStack() as stack:
        towns = []
        for _ in range(2):
            own = Database(database.engine.url.render_as_string(hide_password=False), database.vault)
            stack.callback(own.close)
            towns.append(Town(own, clock, tmp_path, roster=not towns))
            stack.callback(towns[-1].close)
        yield towns[0], towns[1]


def a_thousand_due(town: Town, ticket: Ticket) -> None:
    """Notices of a day without a gateway, each of another level, desk or round."""
    now = town.clock()
    rows = []
    for number in range(DUE):
        office = f"office-{number % 20}"
        rows.append(
            {
                "id": uuid4(), "key": f"{ticket.code}.{4 + number % 2}.office.{office}.{number // 20}",
                "ticket_id": ticket.id, "level": 4 + number % 2, "audience": "office", "office": office,
                "channel": "webhook", "rank": 0, "round": number // 20, "code": ticket.code,
                "level_word": "橙色", "place": "浦沿街道", "respond_by": now, "link": "http://x.test/console/",
                "text": "橙色工单", "queued_at": now, "due_at": now, "state": "waiting", "attempts": 0,
            }
        )  # fmt: skip
    with town.database.transaction() as db:
        db.execute(insert(QueuedNotice), rows)


def at_the_same_time(*work: threading.Thread) -> None:
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()


def keeps_sending(town: Town) -> threading.Thread:
    def run() -> None:
        while deliver_due(town.database, town.channel, town.clock):
            pass

    return threading.Thread(target=run)


def keeps_speaking(town: Town) -> threading.Thread:
    def run() -> None:
        for _ in range(PEOPLE):
            resident = town.resident(place="xixing-hall")
            resident.agrees()
            resident.says("我不想活了")
            town.services.watch.escalate_overdue()

    return threading.Thread(target=run)


def test_two_of_each_tell_each_notice_once(two_applications: tuple[Town, Town]) -> None:
    one = two_applications[0]
    somebody = one.resident(place="puyan-hall")
    somebody.agrees()
    somebody.says("我不想活了")
    with one.database.transaction() as db:
        [ticket] = db.scalars(select(Ticket))
    a_thousand_due(one, ticket)
    at_the_same_time(*map(keeps_sending, two_applications), *map(keeps_speaking, two_applications))
    at_the_same_time(*map(keeps_sending, two_applications))

    told = Counter(notice.key for town in two_applications for notice in town.channel.sent)
    with one.database.transaction() as db:
        assert len(list(db.scalars(select(Ticket)))) == 1 + 2 * PEOPLE
        rows = list(db.scalars(select(QueuedNotice).where(QueuedNotice.channel == "webhook")))
    assert len(rows) >= DUE + 1 + 2 * PEOPLE
    assert set(told) == {row.key for row in rows}
    assert set(told.values()) == {1}
    assert {(row.state, row.attempts) for row in rows} == {("delivered", 1)}
    assert all(town.channel.sent for town in two_applications), "both had a share in it"


def test_the_late_word_of_a_frozen_sender_changes_nothing(two_applications: tuple[Town, Town]) -> None:
    """It freezes with the notice in its hands and wakes when another has told it: once more with the same key at
    the most, and what it then writes is refused."""
    frozen, other = two_applications
    frozen.channel = Frozen()
    resident = frozen.resident(place="puyan-hall")
    resident.agrees()
    resident.says("我不想活了")
    sender = threading.Thread(target=deliver_due, args=(frozen.database, frozen.channel, frozen.clock))
    sender.start()
    assert frozen.channel.holds.wait(20)
    deliver_due(other.database, other.channel, other.clock)
    assert other.channel.sent == [], "it is still the frozen one's"
    other.clock.now += LEASE + timedelta(seconds=1)
    assert deliver_due(other.database, other.channel, other.clock) == 1
    before = only_notice(other)

    frozen.clock.advance(minutes=4)
    frozen.channel.wakes.set()
    sender.join()
    after = only_notice(other)
    assert (after.state, after.attempts, after.delivered_at) == ("delivered", 2, before.delivered_at)
    assert after.receipt == "receipt-1"
    assert {notice.key for notice in frozen.channel.sent} == {notice.key for notice in other.channel.sent}


def only_notice(town: Town) -> QueuedNotice:
    with town.database.transaction() as db:
        [row] = db.scalars(select(QueuedNotice).where(QueuedNotice.channel == "webhook"))
        return row


class Frozen(RecordingChannel):
    """Holds what it was given until it wakes."""

    def __init__(self) -> None:
        super().__init__()
        self.holds, self.wakes = threading.Event(), threading.Event()

    def send(self, notice: Notice) -> Receipt:
        self.holds.set()
        self.wakes.wait(30)
        super().send(notice)
        return Receipt(self.name, "receipt of the frozen one")
