"""How many notices a second go out through one and through two dispatchers, to a gateway on this machine."""

import time
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select

from escalation.outbox import QueuedNotice
from storage.database import Database
from tests.bench.gateway import gateway
from tests.bench.ground import ground, load
from tests.support.processes import Nursery, until
from tests.support.works import Works

PATIENCE = 600.0


def measure(notices: int, dispatchers: int) -> dict[str, object]:
    """Notices that wait when the dispatchers begin; the rate is from the first to the last that arrived."""
    with ground() as (_, _, database, home), gateway(home) as gate, Nursery() as nursery:
        works = Works(nursery, database, home, f"{gate.base_url}/notices")
        try:
            wait_in_line(database, notices)
            for _ in range(dispatchers):
                works.starts("jobs")
            until(lambda: still_waiting(database) == 0, PATIENCE)
        finally:
            works.close()
        taken = gate.taken()
        seconds = taken[-1]["at"] - taken[0]["at"]
        return {
            "dispatchers": dispatchers,
            "notices": notices,
            "per_second": round((len(taken) - 1) / seconds, 1),
            "lost": notices - len({one["key"] for one in taken}),
            "double": gate.doubles(),
            "load": load(),
        }


def wait_in_line(database: Database, notices: int) -> None:
    """So many notices of different offices, queued a moment ago."""
    now = datetime.now(UTC) - timedelta(seconds=1)
    common = {
        "audience": "office", "channel": "webhook", "round": 0, "level_word": "橙色", "place": "浦沿街道",
        "respond_by": now, "link": "http://127.0.0.1/console/", "text": "橙色工单", "queued_at": now, "due_at": now,
        "state": "waiting", "attempts": 0,
    }  # fmt: skip
    with database.transaction() as db:
        for n in range(notices):
            place = {"key": f"bench.{n}", "code": f"B-{n}", "office": f"o{n % 30}", "level": 4 + n % 2}
            db.add(QueuedNotice(**common, **place))


def still_waiting(database: Database) -> int:
    """How many notices nobody has been given yet."""
    time.sleep(0.5)
    with database.transaction() as db:
        waiting = select(func.count()).select_from(QueuedNotice).where(QueuedNotice.state == "waiting")
        return db.scalar(waiting) or 0
