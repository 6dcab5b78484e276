"""The fixtures of a whole district in one process, for every folder that walks through one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.database import Database
from storage.vault import Keyring, Vault
from tests.support.clock import MovableClock
from tests.support.postgres import Postgres
from tests.support.town import Town


@pytest.fixture(scope="module")
def district(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """One district for all tests of a module: what they do to it may not matter to each other."""
    home: Path = tmp_path_factory.mktemp("district")
    name = postgres.new_database()
    database = Database(postgres.url(name), Vault(Keyring.create(home / "keys.json")))
    town = Town(database, MovableClock(), home)
    yield town
    town.close()
    database.close()
    postgres.drop(name)


@pytest.fixture
def town(database: Database, clock: MovableClock, tmp_path: Path) -> Iterator[Town]:
    """A whole district in this process, for this test alone."""
    town = Town(database, clock, tmp_path)
    yield town
    town.close()
