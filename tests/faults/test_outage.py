"""R08 and R16: six hours without any channel, and a storm in one office."""

from datetime import datetime, timedelta
from itertools import pairwise

from sqlalchemy import func, select

from escalation.channels import Notice, Receipt
from escalation.contact_point import ContactPoint
from escalation.outbox import AT_ONCE, QueuedNotice
from tests.support.clock import MovableClock
from tests.support.town import Town

CRISES = 20


def test_after_six_hours_without_a_channel_each_is_told_once_and_the_oldest_first(town: Town) -> None:
    """R08. The console and its red bar stand throughout; on recovery nobody is told the same thing twice."""
    town.channel.failing = "temporary"
    officer = town.officer("puyan")
    for number in range(CRISES):
        resident = town.resident(place="puyan-hall")
        resident.agrees()
        resident.says("我不想活了，药已经买好了" if number % 4 == 0 else "我不想活了")
        town.clock.advance(seconds=20)
    town.jobs()
    for _ in range(12):
        town.clock.advance(minutes=30)
        town.jobs()
        shown = officer.does("GET", "/tickets?view=open")
        assert len(shown["tickets"]) == CRISES
        assert shown["red_bar"]
    assert town.channel.sent == []

    for seconds in (*[1] * 10, 60, 1, 1):  # each has been tried, and the worst of them a moment ago
        town.clock.advance(seconds=seconds)
        town.jobs()
    town.channel.failing = None
    back = town.clock.now
    while waiting(town):
        assert town.clock.now - back <= timedelta(minutes=5), waiting(town)
        town.clock.advance(seconds=5)
        town.jobs()

    told = [notice.key.split(".")[:4] for notice in town.channel.sent]
    assert len(told) == len({tuple(key) for key in told}), "one notice per ticket, level and desk"
    sent = [notice.key for notice in town.channel.sent[AT_ONCE:]]  # the first found the gateway mended
    with town.database.transaction() as db:
        queued = db.scalars(select(QueuedNotice).where(QueuedNotice.key.in_(sent)))
        in_order = [row.key for row in sorted(queued, key=lambda row: (-row.level, row.queued_at, row.id))]
    assert all(abs(sent.index(key) - place) < AT_ONCE for place, key in enumerate(in_order)), (
        "the worst first, and of these the oldest; so many go out at the same time"
    )
    told_first = [code for code, _, audience, _ in told if audience == "office"]
    assert len(told_first) == CRISES
    assert officer.does("GET", "/tickets?view=open")["red_bar"] is None


def test_a_storm_in_one_office_rings_once_a_minute_with_the_count_and_names_everybody(town: Town) -> None:
    """R16. Two hundred people within a minute: two hundred tickets, and a telephone that can still be answered."""
    phone = Telephone(town.clock)
    town.services.channels["sms"] = phone
    office = town.office_code("puyan")
    with town.database.transaction() as db:
        point = ContactPoint(office=office, audience="office", channel="sms", rank=0)
        town.database.vault.seal(point, "address", "05710000110")
        db.add(point)
    people = []
    for _ in range(200):
        town.clock.advance(seconds=1)  # one address opens no more than two conversations a second
        people.append(town.resident(place="puyan-hall"))
    begin = town.clock.now
    for number, resident in enumerate(people):
        resident.says("我不想活了")
        town.clock.now = begin + timedelta(seconds=0.3 * (number + 1))
        if number % 20 == 0:
            town.jobs()
    for _ in range(12):
        town.clock.advance(seconds=5)
        town.jobs()

    rung = [at for at, _ in phone.rang]
    assert (rung[0] - begin).total_seconds() <= 10
    assert all((later - sooner).total_seconds() >= 60 for sooner, later in pairwise(rung))
    assert sum(notice.count for _, notice in phone.rang) == 200
    assert len(town.officer("puyan").tickets()) == 200


def waiting(town: Town) -> int:
    """How many notices nobody has been given yet."""
    with town.database.transaction() as db:
        return (
            db.scalar(select(func.count()).select_from(QueuedNotice).where(QueuedNotice.state == "waiting"))
            or 0
        )


class Telephone:
    """A person's telephone: text messages, at most one a minute."""

    name = "sms"
    pace = timedelta(minutes=1)

    def __init__(self, clock: MovableClock) -> None:
        self.clock = clock
        self.rang: list[tuple[datetime, Notice]] = []

    def send(self, notice: Notice) -> Receipt:
        self.rang.append((self.clock(), notice))
        return Receipt(self.name, f"sms-{len(self.rang)}")
