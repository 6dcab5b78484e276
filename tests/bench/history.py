"""What one round of the dispatcher costs with so many closed tickets behind it."""

import statistics
import time
from collections.abc import Callable, Sequence

from escalation.outbox import deliver_due
from tests.bench.ground import ground, load
from tests.support.clock import MovableClock
from tests.support.history import FAMILIES, write_history
from tests.support.plans import listening, scans
from tests.support.town import Town

CYCLES = 30


def measure(sizes: Sequence[int], say: Callable[[str], None]) -> dict[str, object]:
    """Medians of a round in which nothing is due, for each size, and how the largest compares to the smallest."""
    figures: dict[str, object] = {}
    medians: list[float] = []
    with ground() as (postgres, name, database, home):
        clock = MovableClock()
        town = Town(database, clock, home)
        written = 0
        for size in sorted(sizes):
            began = time.perf_counter()
            with postgres.admin(name) as admin:
                write_history(
                    admin, written + 1, size, before=clock.now,
                    office=town.office_code("puyan"), desk=town.office_code("desk"),
                )  # fmt: skip
            written = size
            say(f"{size} closed tickets are there after {time.perf_counter() - began:.0f} s")
            figure = cycles(town)
            medians.append(figure["cycle_ms"])
            figures[f"{size}_closed"] = {**figure, "reads_from_end_to_end": whole(town), "load": load()}
        town.close()
    return {**figures, "largest_to_smallest": round(medians[-1] / medians[0], 2)}


def cycles(town: Town) -> dict[str, float]:
    """The medians of so many rounds, part by part, in milliseconds."""
    services = town.services
    parts: dict[str, Callable[[], object]] = {
        "watch_ms": services.watch.escalate_overdue,
        "delivery_ms": lambda: deliver_due(services.database, services.channels["webhook"], services.clock),
        "health_ms": services.health.look,
    }
    took: dict[str, list[float]] = {name: [] for name in (*parts, "cycle_ms")}
    town.jobs()
    for _ in range(CYCLES):
        for name, work in parts.items():
            began = time.perf_counter()
            work()
            took[name].append((time.perf_counter() - began) * 1000)
        took["cycle_ms"].append(sum(took[name][-1] for name in parts))
    return {name: round(statistics.median(times), 2) for name, times in took.items()}


def whole(town: Town) -> list[str]:
    """The queries of a round that would read one of the growing tables from end to end."""
    with listening(town.database.engine) as asked:
        town.jobs()
        town.services.health.look()
    return scans(town.database.engine, asked, FAMILIES)
