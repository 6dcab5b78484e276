"""What every test may ask for: a database of its own, a vault, and a clock that moves."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.database import Database
from storage.vault import Keyring, Vault
from tests.support.clock import MovableClock
from tests.support.postgres import Postgres, server


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One embedded PostgreSQL for the whole run."""
    with server() as running:
        yield running


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    """A vault with a new key ring, whose file is `keys.json` in the test's folder."""
    return Vault(Keyring.create(tmp_path / "keys.json"))


@pytest.fixture
def database(postgres: Postgres, vault: Vault) -> Iterator[Database]:
    """A database of its own for this test, with all tables."""
    name = postgres.new_database()
    database = Database(postgres.url(name), vault)
    try:
        yield database
    finally:
        database.close()
        postgres.drop(name)


@pytest.fixture
def clock() -> MovableClock:
    """A clock that stands still until the test moves it."""
    return MovableClock()
