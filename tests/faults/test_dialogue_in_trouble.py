"""Rasa gone, slow, empty or talking rubbish: the ticket is open all the same, and a kind text stands in."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from bot.conversation import SAFETY_REPLY
from bot.rasa_client import RasaClient, RasaSilent
from bot.turn import Turn
from storage.database import Database
from tests.support.bad_rasa import ANSWERS, SLOW, bad_rasa
from tests.support.clock import MovableClock
from tests.support.stack import free_ports
from tests.support.town import Resident, Town

BUDGET = 0.3
TROUBLES = ["gone", "hang", "empty", "broken", "object"]


@pytest.fixture(params=TROUBLES)
def quiet_town(
    request: pytest.FixtureRequest, database: Database, clock: MovableClock, tmp_path: Path
) -> Iterator[Town]:
    """A district whose dialogue is in this trouble."""
    with ExitStack() as stack:
        if request.param == "gone":
            url = f"http://127.0.0.1:{free_ports(1)[0]}"
        else:
            url = stack.enter_context(bad_rasa(request.param)).url
        town = Town(database, clock, tmp_path, rasa=RasaClient(url, BUDGET))
        stack.callback(town.close)
        yield town


def kind_texts(town: Town, resident: Resident, turn: Turn, *names: str) -> None:
    """The program said these fixed texts, whole and filled in, and the telephone lines stand beside them."""
    said = [m.text for m in turn.messages if m.author == "program"]
    expected = [line for name in names for line in SAFETY_REPLY[name]]
    assert len(said) == len(expected)
    for bubble, line in zip(said, expected, strict=True):
        assert bubble.strip()
        assert "⟦" not in bubble
        assert bubble.startswith(line.split("⟦")[0])
    assert turn.hotlines
    assert all(line.hours and line.sentence for line in turn.hotlines)


@pytest.mark.parametrize("trouble", [*SLOW, *ANSWERS])
def test_what_is_no_reply_is_not_taken_for_one(trouble: str) -> None:
    async def ask(url: str) -> None:
        client = RasaClient(url, BUDGET)
        try:
            await client.send("somebody", "/welcome")
        finally:
            await client.close()

    with bad_rasa(trouble) as rasa, pytest.raises(RasaSilent):
        asyncio.run(ask(rasa.url))
    assert len(rasa.asked) == 1


def test_whatever_the_dialogue_does_nobody_in_danger_is_lost(quiet_town: Town) -> None:
    resident = quiet_town.resident(place="puyan-hall")
    kind_texts(quiet_town, resident, resident.agrees(), "plain")
    turn = resident.says("我不想活了")

    officer = quiet_town.officer("puyan")
    ticket = officer.only_ticket()
    assert ticket["level"] == "orange"
    kind_texts(quiet_town, resident, turn, "danger_orange", "item")
    assert turn.alarm is not None
    assert turn.alarm.code in "".join(m.text for m in turn.messages)
    assert turn.screening is not None, "the page draws the safety question itself"

    turn = resident.says("我现在就站在楼顶,要跳下去")
    kind_texts(quiet_town, resident, turn, "danger_red", "contact")
    assert officer.only_ticket()["level"] == "red"
    quiet_town.jobs()
    assert quiet_town.channel.rang(ticket["code"])


@pytest.fixture
def silent_town(database: Database, clock: MovableClock, tmp_path: Path) -> Iterator[Town]:
    town = Town(database, clock, tmp_path)
    town.dialogue.silent = True
    yield town
    town.close()


def test_a_whole_screening_goes_on_without_the_dialogue(silent_town: Town) -> None:
    resident = silent_town.resident(place="puyan-hall")
    resident.agrees()
    kind_texts(silent_town, resident, resident.chooses("start_screening"), "item")
    turn = resident.says("几乎每天")
    assert turn.screening is not None
    assert turn.screening.item == "q2"
    while (asked := resident.turn.screening) is not None and asked.instrument != "asq":
        turn = resident.answers(1 if asked.item == "q9" else 2)
        if resident.turn.screening.instrument != "asq":
            kind_texts(silent_town, resident, turn, "item")
    assert silent_town.officer("puyan").only_ticket()["level"] == "orange"
    while resident.turn.screening is not None:
        turn = resident.answers(0)
    assert turn.result is not None
    assert turn.contact is not None
    kind_texts(silent_town, resident, turn, "finished", "contact")


def test_ordinary_talk_is_kept_and_never_answered_twice_alike(silent_town: Town) -> None:
    resident = silent_town.resident(place="puyan-hall")
    resident.agrees()
    said = []
    for words in ("今天天气不错", "我在阳台上坐着", "隔壁在装修"):
        turn = resident.says(words)
        said.append([m.text for m in turn.messages if m.author == "program"])
        assert [m.text for m in resident.does("GET", "").messages if m.author == "resident"][-1] == words
    assert all(said)
    assert said[0] != said[1]
    assert said[1] != said[2]
    assert silent_town.officer("puyan").tickets() == []


def test_when_the_dialogue_is_back_the_talk_goes_on(silent_town: Town) -> None:
    resident = silent_town.resident(place="puyan-hall")
    resident.agrees()
    resident.chooses("start_screening")
    silent_town.dialogue.silent = False
    turn = resident.says("几乎每天")
    assert [m.text for m in turn.messages if m.author == "program"] == ["（answer_recorded）"]
    assert turn.screening is not None
    assert [a.given for a in turn.screening.answered] == [3]


def test_a_dialogue_that_is_back_is_asked_again_after_a_rest(
    database: Database, clock: MovableClock, tmp_path: Path
) -> None:
    with bad_rasa("broken") as rasa:
        client = RasaClient(rasa.url, 5.0, rest_seconds=0.0)
        town = Town(database, clock, tmp_path, rasa=client)
        resident = town.resident(place="puyan-hall")
        resident.agrees()
        for _ in range(4):
            resident.says("在吗")
        assert client.failures == 5
        rasa.trouble = "well"
        turn = resident.says("在吗")
        assert turn.messages[-1].text == "x" * 500
        assert client.failures == 0
        town.close()


def test_nobody_waits_for_a_dialogue_that_is_known_to_be_gone(
    database: Database, clock: MovableClock, tmp_path: Path
) -> None:
    with bad_rasa("broken") as rasa:
        town = Town(database, clock, tmp_path, rasa=RasaClient(rasa.url, 5.0, rest_seconds=3600.0))
        resident = town.resident(place="puyan-hall")
        resident.agrees()
        for _ in range(4):
            resident.says("在吗")
        assert len(rasa.asked) == 3
        turn = resident.says("我不想活了")
        assert turn.alarm is not None
        assert len(rasa.asked) == 3
        town.close()
