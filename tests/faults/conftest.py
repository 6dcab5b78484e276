"""Real processes over a real database, and a gateway that misbehaves when it is told to."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from storage.database import Database
from storage.vault import Keyring, Vault
from tests.support.bad_gateway import BadGateway, bad_gateway
from tests.support.postgres import Postgres
from tests.support.processes import Nursery
from tests.support.towns import district, town  # noqa: F401 - fixtures
from tests.support.works import Works


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    with Nursery() as nursery:
        yield nursery


@pytest.fixture
def gateway() -> Iterator[BadGateway]:
    with bad_gateway() as gateway:
        yield gateway


@pytest.fixture(scope="module")
def building(
    postgres: Postgres, nursery: Nursery, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Works]]:
    """Makes works that last for this module, each with a database of its own."""
    with ExitStack() as stack:

        def build(gateway_url: str, **settings: str) -> Works:
            return stack.enter_context(
                _works(postgres, nursery, tmp_path_factory.mktemp("works"), gateway_url, settings)
            )

        yield build


@pytest.fixture
def works(postgres: Postgres, nursery: Nursery, gateway: BadGateway, tmp_path: Path) -> Iterator[Works]:
    """Works of this test's own, sending to `gateway`."""
    with _works(postgres, nursery, tmp_path, gateway.url, {}) as works:
        yield works


@contextmanager
def _works(
    postgres: Postgres, nursery: Nursery, home: Path, gateway_url: str, settings: dict[str, str]
) -> Iterator[Works]:
    name = postgres.new_database()
    database = Database(postgres.url(name), Vault(Keyring.create(home / "keys.json")))
    works = Works(nursery, database, home, gateway_url, settings)
    try:
        yield works
    finally:
        works.close()
        database.close()
        postgres.drop(name)
