"""One town without a model, and one whose model says something good two times out of three."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
import yaml

from storage.database import Database
from storage.vault import Keyring, Vault
from tests.models.counsellor.bad_answers import WORDS
from tests.models.counsellor.scene import counselled_town
from tests.support.clock import MovableClock
from tests.support.postgres import Postgres
from tests.support.town import Town

GOOD: list[str] = yaml.safe_load(
    (Path(__file__).parents[1] / "models" / "counsellor" / "good_answers.yml").read_text("utf-8")
)
BAD = [said for said, _ in WORDS.values() if len(said) < 200]


@pytest.fixture(params=["script", "model"])
def stage(request: pytest.FixtureRequest, postgres: Postgres, tmp_path: Path) -> Iterator[tuple[str, Town]]:
    """The script alone, or with a model beside it."""
    name = postgres.new_database()
    database = Database(postgres.url(name), Vault(Keyring.create(tmp_path / "keys.json")))
    turns = count()

    def answer(messages: list[dict[str, str]]) -> str:
        at = next(turns)
        return BAD[at % len(BAD)] if at % 3 == 2 else GOOD[at % len(GOOD)]

    with counselled_town(database, MovableClock(), tmp_path, answer) as (town, _):
        if request.param == "script":
            town.services.conversation.counselling = None
        yield request.param, town
    database.close()
    postgres.drop(name)
