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
    """One embedded PostgreSQL for the whole run. It is never killed; who kills one makes one of their own."""
    with server(in_memory=True) as running:
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


class _SaysAtOnce:
    """Says which test failed, and why, when it fails: a run that is broken off has then said what it knows."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        terminal = self._config.pluginmanager.get_plugin("terminalreporter")
        if report.failed and terminal is not None:
            crash = getattr(report.longrepr, "reprcrash", None)
            terminal.write_line(f"\nFAILED at {report.when}: {report.nodeid}\n    {crash or report.longrepr}")


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_SaysAtOnce(config))
