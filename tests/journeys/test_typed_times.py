"""Questions that are answered by a time, typed in the chat (PSQI with a district's own wording)."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import yaml
from sqlalchemy import select

from assessments import store as sittings
from assessments.administration import Administration
from assessments.library import Library
from bot.transcript import Bubble
from storage.database import Database
from tests.journeys.test_screening_doors import enters
from tests.support.clock import MovableClock
from tests.support.town import Resident, Town

ASKED = {
    "q1": "占位句：晚上几点上床",
    "q2": "占位句：躺下多少分钟睡着",
    "q3": "占位句：早上几点起床",
    "q4": "占位句：每晚睡着几个小时",
}


@pytest.fixture
def town(
    database: Database, clock: MovableClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Town]:
    """A district with a wording of its own for the sleep form: placeholder sentences."""
    form = Library.from_files().to_score("psqi")
    text = {
        "id": "psqi",
        "version": form.version,
        "holder": "测试用",
        "licence": "占位句，不是原题，只为了试用时间回答的题",
        "checked_on": date(2026, 11, 22),
        "options": {0: "没有", 1: "少于一次", 2: "一两次", 3: "三次以上"},
        "items": {item.id: ASKED.get(item.id, f"占位句 {item.number}") for item in form.items},
    }
    texts = tmp_path / "texts"
    texts.mkdir()
    (texts / "psqi.text.yml").write_text(yaml.safe_dump(text, allow_unicode=True), "utf-8")
    monkeypatch.setenv("XINQIAO_INSTRUMENT_TEXTS", str(texts))
    running = Town(database, clock, tmp_path)
    yield running
    running.close()


@pytest.fixture
def sleeper(town: Town) -> Resident:
    """Somebody before the first question about sleep."""
    resident = town.resident("puyan-hall")
    resident.agrees()
    assert enters(resident, "sleep", "full").status_code == 200
    return resident


def kept(town: Town) -> dict[str, int | None]:
    with town.database.transaction() as db:
        form = db.scalars(select(Administration).where(Administration.instrument == "psqi")).one()
        return sittings.answers_of(db, town.database.vault, form.id)


def open_item(resident: Resident) -> str:
    assert resident.turn.screening is not None
    return resident.turn.screening.item


def test_times_are_typed_as_one_says_them(town: Town, sleeper: Resident) -> None:
    for said in ("十一点半", "半个钟头", "六点", "6个半小时"):
        sleeper.says(said)
    assert kept(town) == {"q1": 23 * 60 + 30, "q2": 30, "q3": 6 * 60, "q4": 6 * 3600 + 1800}
    assert open_item(sleeper) == "q5a"


@pytest.mark.parametrize("settles", ["是", "嗯嗯", "对的。", "晚上11点多"])
def test_in_doubt_it_is_asked_back_once(town: Town, sleeper: Resident, settles: str) -> None:
    sleeper.says("晚上11点多")
    assert sleeper.turn.messages[-1].text == "您是说晚上 11:30吗？是的话回一个“是”，不是就再写一遍。"
    assert kept(town) == {}
    sleeper.says(settles)
    assert kept(town) == {"q1": 23 * 60 + 30}
    assert open_item(sleeper) == "q2"


def test_a_no_asks_anew_and_takes_what_is_said_then(town: Town, sleeper: Resident) -> None:
    sleeper.says("11:30")
    sleeper.says("不是")
    assert "再写一遍" in sleeper.turn.messages[-1].text
    sleeper.says("是")
    assert kept(town) == {}, "a yes to nothing is no time"
    sleeper.says("晚上十点")
    assert kept(town) == {"q1": 22 * 60}


def test_a_yes_never_answers_another_question(
    town: Town, sleeper: Resident, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(*_: object) -> list[Bubble]:
        return []

    monkeypatch.setattr(
        town.dialogue, "send", nothing
    )  # so that the question asked back is the last thing said
    sleeper.says("晚上11点多")
    sleeper.answers(22 * 60)
    assert open_item(sleeper) == "q2"
    sleeper.says("是")
    assert kept(town) == {"q1": 22 * 60}
    assert open_item(sleeper) == "q2"


def test_danger_in_the_place_of_a_time_is_heard_first(town: Town, sleeper: Resident) -> None:
    sleeper.says("我不想活了，药我已经准备好了")
    assert sleeper.turn.alarm is not None
    assert kept(town) == {}


def test_the_question_may_be_left_out(town: Town, sleeper: Resident) -> None:
    sleeper.says("不想回答")
    assert kept(town) == {"q1": None}
