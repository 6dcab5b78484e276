"""What all figures stand on: a real database, a load that is said with them, and how times are summed up."""

import os
import statistics
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from storage import embedded
from storage.database import Database
from storage.vault import Keyring, Vault
from tests.support.postgres import Postgres, server


def load() -> str:
    """What else this machine was doing: the mean of the last minute, and of how many processors."""
    return f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"


def spread(seconds: Sequence[float]) -> dict[str, float]:
    """The middle, the slow ones and the slowest, in milliseconds."""
    if len(seconds) < 2:
        return {"n": len(seconds)}
    parts = statistics.quantiles(seconds, n=100, method="inclusive")
    figures = {"p50_ms": parts[49], "p95_ms": parts[94], "p99_ms": parts[98], "worst_ms": max(seconds)}
    return {"n": len(seconds), **{name: round(value * 1000) for name, value in figures.items()}}


@contextmanager
def ground() -> Iterator[tuple[Postgres, str, Database, Path]]:
    """A server, the name of a fresh database on it, that database, and the folder with its keys.

    The server keeps the time of each commit, so that it need not be guessed from an answer.
    """
    with server() as postgres, TemporaryDirectory(prefix="xq-bench-") as folder:
        with postgres.admin() as admin:
            admin.execute("ALTER SYSTEM SET track_commit_timestamp = on")
        embedded.stop(postgres.folder)
        embedded.start(postgres.folder)
        home = Path(folder)
        name = postgres.new_database()
        database = Database(postgres.url(name), Vault(Keyring.create(home / "keys.json")))
        try:
            yield postgres, name, database, home
        finally:
            database.close()
