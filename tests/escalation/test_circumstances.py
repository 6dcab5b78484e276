"""What happened in somebody's life, from the message that says it to the level of the screening."""

from collections.abc import Collection, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import select

from escalation.explain import level_of, what_would_change
from escalation.policy_book import PolicyBook
from escalation.replay import Replay, Replayed
from escalation.signal import Rating, Signal
from escalation.ticket import Ticket
from escalation.triage import Level
from residents.session import ResidentSession
from storage.database import Database
from tests.support.clock import MovableClock
from tests.support.town import Town


@pytest.fixture
def town(database: Database, clock: MovableClock, tmp_path: Path) -> Iterator[Town]:
    town = Town(database, clock, tmp_path)
    yield town
    town.close()


def hears(town: Town, events: Collection[str], protective: Collection[str] = ()) -> None:
    """One harmless message of the only resident, with what a reader of context found in it."""
    with town.database.transaction() as db:
        session = db.scalars(select(ResidentSession)).one()
        town.services.intake.receive_words(
            db, session, uuid4(), "none", frozenset(), False, [], town.clock(),
            life_events=events, protective=protective,
        )  # fmt: skip


def rated(town: Town) -> list[int | None]:
    with town.database.transaction() as db:
        return list(db.scalars(select(Rating.level)))


def replayed(town: Town) -> Replayed:
    found = Replayed()
    with town.database.transaction() as db:
        for _ in Replay(town.database.vault, PolicyBook(town.clock)).everything(db, found):
            pass
    return found


@pytest.mark.parametrize(
    ("events", "worries", "level"),
    [
        ((), False, 1),
        (("bereavement",), False, 2),
        ((), True, 2),
        (("bereavement",), True, 3),
        (("retirement",), True, 2),
    ],
)
def test_an_event_makes_the_level_of_a_screening_one_higher(
    town: Town, events: Collection[str], worries: bool, level: int
) -> None:
    resident = town.resident()
    resident.agrees()
    hears(town, events)
    resident.chooses("start_screening")
    while (asked := resident.turn.screening) is not None:
        worry = 3 if (asked.instrument, asked.item) == ("gad2", "q1") else 1
        resident.answers(worry if worries and asked.instrument in ("gad2", "gad7") else 0)

    assert rated(town) == [level]
    assert replayed(town).differences == []


def test_an_event_alone_calls_nobody_and_rates_nobody(town: Town) -> None:
    resident = town.resident()
    resident.agrees()
    hears(town, ["violence", "debt"], ["someone_near"])
    with town.database.transaction() as db:
        assert db.scalars(select(Ticket)).all() == []
        signal = db.scalars(select(Signal)).one()
        assert (signal.level, signal.asks_directly, signal.danger_to_life) == (None, False, False)
    assert resident.turn.screening is None
    assert replayed(town).differences == []


def test_what_holds_somebody_lowers_nothing(town: Town) -> None:
    resident = town.resident()
    resident.agrees()
    hears(town, (), ["someone_near", "in_care", "reasons_to_live"])
    resident.completes(mood=2, worry=1, q9=1, asq=1)

    assert rated(town) == [4]
    assert replayed(town).differences == []


def test_what_would_change_is_computed_from_the_conversation_and_read_with_the_results(town: Town) -> None:
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    hears(town, ["bereavement"])
    resident.completes(mood=2, worry=0, q9=0)
    intake = town.services.intake
    with town.database.transaction() as db:
        session = db.scalars(select(ResidentSession)).one()
        known = intake.known_of(db, session.id)
        now = level_of(known, intake.levels).level
    assert now is not None
    assert rated(town) == [int(now)]
    assert (known.life_events, now) == (["bereavement"], Level.ORANGE)
    officer = town.officer("puyan")
    results = officer.does("GET", f"/tickets/{officer.only_ticket()['code']}/results")
    assert results["would_change"] == [change.sentence for change in what_would_change(known, intake.levels)]
    assert any("再少" in sentence and "黄色" in sentence for sentence in results["would_change"])


def test_workers_read_the_event_beside_the_other_reasons(town: Town) -> None:
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.says("我不想活了")
    hears(town, ["bereavement"])
    officer = town.officer("puyan")
    code = officer.only_ticket()["code"]
    sentences = [reason["sentence"] for reason in officer.does("GET", f"/tickets/{code}")["reasons"]]
    assert "居民说到亲人去世" in sentences
    assert len(sentences) > 1
