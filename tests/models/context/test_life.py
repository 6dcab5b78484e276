"""What the application hears of somebody's life: silence until it is loaded, and silence when it cannot be."""

import logging
from pathlib import Path

import pytest
from sqlalchemy import select

from escalation.signal import Rating
from escalation.triage import Level
from models.context.trained import LifeReader
from models.learned import trained_folder
from storage.database import Database
from tests.support.clock import MovableClock
from tests.support.town import Town

TOLD = "上个月我爸走了，后事刚办完，家里空荡荡的"


@pytest.fixture(scope="module")
def life() -> LifeReader:
    assert (trained_folder("life_event") / "config.json").is_file(), "set-up has not trained the model"
    return LifeReader()


def test_nobody_waits_for_it(life: LifeReader) -> None:
    fresh = LifeReader()
    assert fresh.events(TOLD) == ()
    fresh.load()
    assert fresh.events(TOLD) == ("bereavement",)
    assert fresh.events("") == ()


def test_a_model_that_cannot_be_used_is_silent(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    broken = LifeReader(tmp_path)
    with caplog.at_level(logging.WARNING, "xinqiao"):
        broken.load()
    assert broken.events(TOLD) == ()
    assert "life events: none are read" in caplog.text
    assert TOLD not in caplog.text


@pytest.mark.parametrize(("words", "level"), [(TOLD, "blue"), ("今天去公园走了走", "green")])
def test_a_loss_that_was_told_makes_a_green_screening_blue(
    database: Database, clock: MovableClock, tmp_path: Path, life: LifeReader, words: str, level: str
) -> None:
    life.load()
    town = Town(database, clock, tmp_path, life=life)
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.says(words)
    resident.completes(mood=0, worry=0)
    with town.database.transaction() as db:
        rated = db.scalars(select(Rating.level).order_by(Rating.at.desc()).limit(1)).one()
    assert rated is not None
    assert Level(rated).name.lower() == level
    town.close()
