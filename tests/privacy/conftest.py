from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.database import Database
from tests.support.clock import MovableClock
from tests.support.town import Town


@pytest.fixture
def town(database: Database, clock: MovableClock, tmp_path: Path) -> Iterator[Town]:
    """A whole district in this process."""
    town = Town(database, clock, tmp_path)
    yield town
    town.close()
