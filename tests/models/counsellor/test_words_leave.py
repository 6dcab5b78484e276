"""Where a model outside the building answers, the page of ticks says so, and each tick keeps which page it was."""

from pathlib import Path

from sqlalchemy import select

from models.counsellor.address import ServerAddress
from models.counsellor.remote import RemoteVoice
from residents.resident import Consent
from storage.database import Database
from tests.models.counsellor.scene import counselled_town, counsellor_with, someone
from tests.support.clock import MovableClock
from tests.support.town import Town


def says(town: Town) -> bool:
    return bool(town.ask("GET", "/api/district").json()["words_leave"])


def wordings(town: Town) -> set[str]:
    with town.database.transaction() as db:
        return set(db.scalars(select(Consent.wording)))


def test_without_a_model_nothing_leaves(town: Town) -> None:
    assert not says(town)
    someone(town)
    assert not any(wording.endswith("words_leave") for wording in wordings(town))


def test_a_model_in_this_building_is_not_outside(
    database: Database, clock: MovableClock, tmp_path: Path
) -> None:
    with counselled_town(database, clock, tmp_path) as (town, _):
        assert not says(town)


def test_a_model_outside_is_said_before_anything_is_ticked(
    database: Database, clock: MovableClock, tmp_path: Path
) -> None:
    voice = RemoteVoice(ServerAddress("https://model.example/v1", external=True), "one", "a-key")
    town = Town(database, clock, tmp_path, counsellor=counsellor_with(voice))
    try:
        assert says(town)
        someone(town)
        assert all(wording.endswith("+words_leave") for wording in wordings(town))
        assert wordings(town)
    finally:
        town.close()
