"""The clocks' process dies, freezes, loses its database or hangs: `/readyz`, the console and the lookout all say so.

The thresholds are shortened by settings: one second stands for ten here, nothing else is different.
"""

import signal
import time
from collections.abc import Callable, Iterator

import pytest
from psycopg import sql
from sqlalchemy import make_url

from storage.heartbeat import Heartbeat
from tests.support.bad_gateway import BadGateway, bad_gateway
from tests.support.postgres import Postgres
from tests.support.processes import Program, until
from tests.support.town import Officer
from tests.support.works import Works

pytestmark = pytest.mark.slow

SHORT = {
    "XINQIAO_JOBS_SILENT_AFTER_SECONDS": "3",
    "XINQIAO_LOOKOUT_EVERY_SECONDS": "1",
    "XINQIAO_LOOKOUT_AGAIN_SECONDS": "3",
    "XINQIAO_LOOKOUT_TOKEN": "a token of this test",
    "XINQIAO_GATEWAY_BUDGET_SECONDS": "30",
}
SCALE = 10


class Guard:
    """A street with its application, its clocks, and a lookout with a gateway of its own."""

    def __init__(self, works: Works, notices: BadGateway, own: BadGateway) -> None:
        self.works, self.notices, self.own = works, notices, own
        self.application = works.starts("serve")
        self.officer: Officer = works.officer("puyan")

    def wrong(self) -> list[str]:
        return self.works.ask("GET", "/readyz").json()["wrong"]

    def bar(self) -> str | None:
        return self.officer.does("GET", "/tickets")["red_bar"]

    def rings(self) -> list[str]:
        return [kept["notice"]["level"] for kept in self.own.received]

    def is_well(self) -> None:
        until(lambda: self.wrong() == [] and self.bar() is None, 20)

    def is_in_trouble(self, name: str) -> None:
        """Within the times of O03: the answer 30 s, the bar 60 s, the telephone 3 min."""
        began, rung = time.monotonic(), len(self.rings())
        until(lambda: name in self.wrong())
        assert time.monotonic() - began < 30 / SCALE + 2, "two seconds of it are this machine's"
        until(self.bar)
        assert time.monotonic() - began < 60 / SCALE
        until(lambda: "故障" in self.rings()[rung:])
        assert time.monotonic() - began < 180 / SCALE

    def is_over(self) -> None:
        rung = len(self.rings())
        self.is_well()
        until(lambda: "恢复" in self.rings()[rung:])


@pytest.fixture(scope="module")
def own_gateway() -> Iterator[BadGateway]:
    with bad_gateway() as gateway:
        yield gateway


@pytest.fixture(scope="module")
def guard(building: Callable[..., Works], own_gateway: BadGateway) -> Iterator[Guard]:
    with bad_gateway() as notices:
        works = building(notices.url, XINQIAO_LOOKOUT_GATEWAY_URL=own_gateway.url, **SHORT)
        yield Guard(works, notices, own_gateway)


@pytest.fixture
def clocks(guard: Guard) -> Iterator[Program]:
    program = guard.works.starts("jobs")
    lookout = guard.works.starts("lookout")
    guard.is_well()
    until(lambda: guard.works.ask("GET", "/readyz").json()["lookouts_asked_at"])
    try:
        yield program
        assert lookout.stop() == 0, lookout.log.read_text()
    finally:  # or the next test would meet them
        lookout.kill()
        program.signal(signal.SIGCONT)
        program.kill()
        with guard.works.database.transaction() as db:
            db.query(Heartbeat).delete()


def test_clocks_that_are_killed(guard: Guard, clocks: Program) -> None:
    clocks.kill()
    guard.is_in_trouble("watch_silent")
    another = guard.works.starts("jobs")
    guard.is_over()
    assert another.stop() == 0


def test_clocks_that_freeze(guard: Guard, clocks: Program) -> None:
    clocks.signal(signal.SIGSTOP)
    guard.is_in_trouble("delivery_silent")
    clocks.signal(signal.SIGCONT)
    guard.is_over()


def test_clocks_whose_database_shuts_them_out(guard: Guard, postgres: Postgres) -> None:
    url = make_url(guard.works.settings["DATABASE_URL"])
    role = sql.Identifier(f"clocks_{url.database}")
    with postgres.admin() as admin:
        admin.execute(sql.SQL("CREATE ROLE {} LOGIN IN ROLE xinqiao").format(role))
        lookout = guard.works.starts("lookout")
        clocks = guard.works.starts("jobs", DATABASE_URL=str(url.set(username=f"clocks_{url.database}")))
        guard.is_well()
        admin.execute(sql.SQL("ALTER ROLE {} NOLOGIN").format(role))
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s",
            [f"clocks_{url.database}"],
        )
        guard.is_in_trouble("watch_silent")
        assert clocks.status is None, "it is alive, and of no use"
        admin.execute(sql.SQL("ALTER ROLE {} LOGIN").format(role))
        guard.is_over()
        assert lookout.stop() == 0
        assert clocks.stop() == 0
        admin.execute(sql.SQL("DROP ROLE {}").format(role))


def test_one_of_two_that_dies_is_seen_and_one_that_stops_in_order_is_not_missed(
    guard: Guard, clocks: Program
) -> None:
    second, third = guard.works.starts("jobs"), guard.works.starts("jobs")
    until(lambda: len(signs(guard)) == 3)
    assert third.stop() == 0
    assert len(signs(guard)) == 2
    guard.is_well()
    second.kill()
    guard.is_in_trouble("watch_silent")


def test_a_lookout_whose_gateway_fails_goes_on(guard: Guard, clocks: Program) -> None:
    guard.own.behave("refuse")
    before, rung = guard.own.attempts, len(guard.rings())
    clocks.signal(signal.SIGSTOP)
    until(lambda: guard.own.attempts > before + 1)
    assert len(guard.rings()) == rung
    guard.own.behave("accept")
    until(lambda: len(guard.rings()) > rung)
    clocks.signal(signal.SIGCONT)
    guard.is_over()


def test_a_delivery_that_hangs_is_not_hidden_by_a_watch_that_works(guard: Guard, clocks: Program) -> None:
    guard.notices.behave("hang")
    resident = guard.works.resident(place="puyan-hall")
    resident.agrees()
    resident.says("我不想活了")
    until(lambda: guard.notices.attempts)
    guard.is_in_trouble("delivery_silent")
    assert "watch_silent" not in guard.wrong()
    guard.notices.behave("accept")


def signs(guard: Guard) -> set[str]:
    with guard.works.database.transaction() as db:
        names = db.query(Heartbeat.name).filter(Heartbeat.name.startswith("watch@")).all()
    return {name for (name,) in names}
