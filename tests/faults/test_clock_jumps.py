"""R11, H25: the clock jumps while a notice is out and while a deadline is near, and the odd days of the calendar."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from escalation.channels import Notice, Receipt
from escalation.outbox import LEASE, QueuedNotice, deliver_due
from server.health import utc_now
from storage.database import Database
from storage.vault import Keyring, Vault
from tests.support.channels import RecordingChannel
from tests.support.clock import MovableClock
from tests.support.postgres import Postgres
from tests.support.town import Town

JUMPS = [
    timedelta(hours=1),
    timedelta(hours=-1),
    timedelta(days=30),
    timedelta(days=-1),
]
A_MINUTE = timedelta(minutes=1)
PLAIN_NIGHT = datetime(2026, 11, 24, 15, 40, tzinfo=UTC)
"""Twenty to midnight in Hangzhou."""
Rings = list[tuple[timedelta, str, int]]
ODD_NIGHTS = [
    datetime(2028, 2, 28, 15, 40, tzinfo=UTC),  # into 29 February
    datetime(2028, 2, 29, 15, 40, tzinfo=UTC),  # and out of it
    datetime(2026, 12, 31, 15, 40, tzinfo=UTC),  # into another year, of which no calendar is known
]


def alarm(town: Town) -> str:
    """Somebody in danger; the ticket's name."""
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.says("我现在就站在楼顶,要跳下去")
    return town.officer("puyan").only_ticket()["code"]


def told_of(town: Town, audience: str) -> int:
    """How often this audience was told, each notice counted once however often it came."""
    return len({notice.key for notice in town.channel.sent if notice.key.split(".")[2] == audience})


def is_told_once(town: Town) -> None:
    keys = [notice.key for notice in town.channel.sent]
    assert len(keys) == len(set(keys)), "nothing goes out twice"


@pytest.mark.parametrize("jump", JUMPS, ids=str)
def test_the_clock_jumps_before_a_deadline(town: Town, jump: timedelta) -> None:
    """The next step of a red ticket is due in five minutes; then this machine's clock is set."""
    code = alarm(town)
    town.passes(minutes=10)
    assert (told_of(town, "office"), told_of(town, "supervisor")) == (1, 0)
    set_clock(town, jump)
    for _ in range(3):
        town.jobs()
    late = max(-jump, timedelta())
    if jump > timedelta():
        assert told_of(town, "supervisor") == 1, "what fell due in the jump is done at once"
    else:
        town.clock.now += late + timedelta(minutes=4)  # as if the time had passed
        town.jobs()
        assert told_of(town, "supervisor") == 0, "and nothing comes early"
        town.clock.now += A_MINUTE + A_MINUTE
        town.jobs()
        assert told_of(town, "supervisor") == 1
    is_told_once(town)
    town.passes(minutes=3)
    is_told_once(town)
    assert town.officer("puyan").only_ticket()["code"] == code


@pytest.mark.parametrize("jump", JUMPS, ids=str)
def test_a_notice_that_waits_to_be_tried_again_is_late_by_no_more_than_the_jump(
    town: Town, jump: timedelta
) -> None:
    town.channel.failing = "temporary"
    alarm(town)
    for _ in range(5):
        town.clock.advance(seconds=1)
        town.jobs()
    town.channel.failing = None
    set_clock(town, jump)
    town.clock.now += max(-jump, timedelta()) + A_MINUTE
    town.jobs()
    assert told_of(town, "office") == 1
    is_told_once(town)


@pytest.mark.parametrize("jump", JUMPS, ids=str)
def test_the_clock_jumps_while_a_notice_is_at_the_gateway(
    database: Database, clock: MovableClock, tmp_path: Path, jump: timedelta
) -> None:
    """Another sender looks while the first is still out. Where the jump has ended the first one's claim, the
    notice goes out with the same key, which a gateway rings once; the row is written once."""
    at_the_gateway = JumpsMeanwhile()
    town = Town(database, clock, tmp_path, channel=at_the_gateway)
    code = alarm(town)
    second = RecordingChannel()

    def meanwhile() -> None:
        set_clock(town, jump)
        deliver_due(database, second, clock)

    at_the_gateway.meanwhile = meanwhile
    town.jobs()
    for _ in range(3):
        town.clock.advance(seconds=20)
        town.jobs()
    went_out = [n.key for n in (*at_the_gateway.sent, *second.sent) if ".office." in n.key and code in n.key]
    assert len(set(went_out)) == 1
    assert len(went_out) == (2 if jump > LEASE else 1)
    if jump < timedelta():
        assert second.sent == [], "a claim does not end because a clock was put back"
    with database.transaction() as db:
        [row] = db.query(QueuedNotice).where(QueuedNotice.key.in_(went_out))
        assert row.state == "delivered"
        assert row.lease_token is None
    town.close()


@pytest.mark.parametrize("jump", JUMPS, ids=str)
def test_whoever_asks_whether_all_is_well_is_told_of_the_jump(town: Town, jump: timedelta) -> None:
    town.jobs()
    set_clock(town, jump)
    town.services.health.wall = lambda: utc_now() + jump
    assert "clock_skew" in town.ask("GET", "/readyz").json()["wrong"]
    assert town.officer("puyan").does("GET", "/tickets")["red_bar"]


@pytest.fixture(scope="module")
def on_a_plain_night(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Rings:
    """What is heard of an alarm on a night in November."""
    name = postgres.new_database()
    home = tmp_path_factory.mktemp("plain")
    database = Database(postgres.url(name), Vault(Keyring.create(home / "keys.json")))
    town = Town(database, MovableClock(PLAIN_NIGHT), home)
    heard = rings(town)
    town.close()
    database.close()
    postgres.drop(name)
    return heard


@pytest.mark.parametrize("night", ODD_NIGHTS, ids=lambda night: f"{night:%Y-%m-%d}")
def test_an_odd_night_is_like_any_other(town: Town, on_a_plain_night: Rings, night: datetime) -> None:
    town.clock.now = night
    assert rings(town) == on_a_plain_night


def rings(town: Town) -> Rings:
    """Who hears of an alarm in its first fifty minutes, and when."""
    began, heard, seen = town.clock.now, [], 0
    alarm(town)
    for _ in range(10):
        town.clock.advance(minutes=5)
        town.jobs()
        heard += [(town.clock.now - began, n.key.split(".")[2], n.round) for n in town.channel.sent[seen:]]
        seen = len(town.channel.sent)
    is_told_once(town)
    assert len(heard) > 3, "and the district again"
    return heard


def set_clock(town: Town, jump: timedelta) -> None:
    town.clock.now += jump


class JumpsMeanwhile(RecordingChannel):
    """Something happens, once, while it has a notice in its hands."""

    meanwhile: Callable[[], None] | None = None

    def send(self, notice: Notice) -> Receipt:
        happens, self.meanwhile = self.meanwhile, None
        if happens is not None:
            happens()
        return super().send(notice)
