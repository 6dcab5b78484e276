"""What one round of the dispatcher costs with so many closed tickets behind it.

Each size has a database of its own on one server, and their rounds take turns, so that whatever else the machine does
weighs on all of them alike. The blocks that are looked at do not depend on the machine at all.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from escalation.outbox import deliver_due
from storage.database import Database
from storage.vault import Keyring, Vault
from tests.bench.ground import ground, load
from tests.support.clock import MovableClock
from tests.support.history import FAMILIES, write_history
from tests.support.plans import Asked, blocks, listening, scans
from tests.support.postgres import Postgres
from tests.support.town import Town

CYCLES = 30


def measure(sizes: Sequence[int], say: Callable[[str], None]) -> dict[str, object]:
    """Medians of a round in which nothing is due, for each size, and how each compares to the smallest."""
    with ground() as (postgres, _, _, home), ExitStack() as stack:
        towns = {}
        for size in sorted(sizes):
            began = time.perf_counter()
            towns[size] = old_town(postgres, home / str(size), size, stack)
            say(f"{size} closed tickets are there after {time.perf_counter() - began:.0f} s")
        took: dict[int, dict[str, list[float]]] = {size: {} for size in towns}
        for town in towns.values():
            town.jobs()
        for _ in range(CYCLES):
            for size, town in towns.items():
                cycle(town, took[size])
        figures: dict[str, object] = {"load": load()}
        medians = {}
        for size, town in towns.items():
            parts = {name: round(statistics.median(times), 2) for name, times in took[size].items()}
            medians[size] = parts["cycle_ms"]
            asked = what_is_asked(town)
            figures[f"{size}_closed"] = {
                **parts,
                "to_smallest": round(medians[size] / medians[min(towns)], 2),
                "blocks": blocks(town.database.engine, asked),
                "reads_from_end_to_end": [
                    found.partition(":")[0] for found in scans(town.database.engine, asked, FAMILIES)
                ],
            }
    return figures


def old_town(postgres: Postgres, home: Path, closed: int, stack: ExitStack) -> Town:
    """A district with so many closed tickets behind it."""
    home.mkdir()
    name = postgres.new_database()
    database = Database(postgres.url(name), Vault(Keyring.create(home / "keys.json")))
    town = Town(database, MovableClock(), home)
    stack.callback(database.close)
    stack.callback(town.close)
    offices = {"office": town.office_code("puyan"), "desk": town.office_code("desk")}
    with postgres.admin(name) as admin:
        write_history(admin, 1, closed, before=town.clock.now, **offices)
    return town


def cycle(town: Town, took: dict[str, list[float]]) -> None:
    """One round, part by part, in milliseconds."""
    services = town.services
    parts: dict[str, Callable[[], object]] = {
        "watch_ms": services.watch.escalate_overdue,
        "delivery_ms": lambda: deliver_due(services.database, services.channels["webhook"], services.clock),
        "health_ms": services.health.look,
    }
    whole = 0.0
    for name, work in parts.items():
        began = time.perf_counter()
        work()
        took.setdefault(name, []).append((time.perf_counter() - began) * 1000)
        whole += took[name][-1]
    took.setdefault("cycle_ms", []).append(whole)


def what_is_asked(town: Town) -> Asked:
    """Every query of one round."""
    with listening(town.database.engine) as asked:
        cycle(town, {})
    return asked
