"""M06 in small: early, in the middle and late in a chat, with a model beside the script. The whole is a soak."""

from dataclasses import replace
from pathlib import Path

import pytest

from storage.database import Database
from tests.models.counsellor.scene import FRAME, counselled_town
from tests.personas.long_chat import DANGER, after
from tests.support.clock import MovableClock

SMALL = replace(FRAME, limits=replace(FRAME.limits, answers=12, reread_every=4))


@pytest.mark.parametrize("level", DANGER)
def test_early_or_late_the_reaction_is_the_same(
    database: Database, clock: MovableClock, tmp_path: Path, level: str
) -> None:
    answers = iter(f"嗯，我在听。您接着说{'一二三四五六七八九十'[n % 10]}，好吗？" for n in range(10**6))
    with counselled_town(database, clock, tmp_path, lambda _: next(answers), frame=SMALL) as (town, stub):
        reactions = [after(town, turns, DANGER[level][0]) for turns in (2, 15, 30)]
        assert len(stub.asked) > 12, "the model took part"
    assert reactions[0].card
    assert reactions[0].level == level
    assert (reactions[0].asked is not None) == (level == "orange")
    assert len(set(reactions)) == 1
