"""What verbs that work on the district's data share: the database, and what every act needs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import typer

from escalation.chain import Telling
from escalation.policy_book import PolicyBook
from residents.district_book import DistrictBook
from server.settings import Settings, settings
from server.wiring import database_url, utc_now
from storage import embedded
from storage.database import Database
from storage.vault import Keyring, Vault


@dataclass(frozen=True)
class AtWork:
    """The collaborators of a verb."""

    settings: Settings
    database: Database
    clock: Callable[[], datetime]
    telling: Telling
    policies: PolicyBook


@contextmanager
def at_work() -> Iterator[AtWork]:
    """Open the database; an embedded one that is not running is started for this and stopped again."""
    chosen = settings()
    folder = chosen.home / "postgres"
    started = chosen.database_url is None and embedded.running(folder) is None
    if started:
        embedded.start(folder)
    try:
        database = Database(database_url(chosen), Vault(Keyring.load(chosen.keys)), pool_size=2)
        try:
            districts, policies = DistrictBook(chosen.district), PolicyBook(utc_now)
            with database.transaction() as db:
                districts.refresh(db)
                policies.refresh(db)
            telling = Telling(districts, policies, chosen.public_url, chosen.mode == "demo")
            yield AtWork(chosen, database, utc_now, telling, policies)
        finally:
            database.close()
    finally:
        if started:
            embedded.stop(folder)


def stop(words: str) -> typer.Exit:
    """End a verb with one sentence on what is wrong."""
    typer.echo(f"✗ {words}", err=True)
    return typer.Exit(1)
