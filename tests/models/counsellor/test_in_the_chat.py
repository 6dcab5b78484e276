"""Where the counsellor model speaks in a conversation, and where it is not even asked."""

import asyncio
import logging
import re
import threading
import uuid
from collections.abc import AsyncGenerator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from bot import transcript
from bot.companion.bank import read_bank
from bot.companion.points import read_points
from bot.turn import Turn
from escalation.signal import Signal
from models.counsellor.voice import Messages, Where
from storage.database import Database
from storage.vault import Keyring, Vault
from tests.models.counsellor.bad_answers import WIRES, WORDS
from tests.models.counsellor.scene import FRAME, GOOD, counselled_town, reads, said, someone
from tests.support.clock import MovableClock
from tests.support.postgres import Postgres
from tests.support.stub_model import StubModel
from tests.support.town import Resident, Town

Scene = tuple[Town, StubModel]


@pytest.fixture
def scene(database: Database, clock: MovableClock, tmp_path: Path) -> Iterator[Scene]:
    with counselled_town(database, clock, tmp_path) as scene:
        yield scene


def test_without_the_setting_there_is_none(town: Town) -> None:
    assert town.services.settings.counsellor == "off"
    assert town.services.conversation.counselling is None


def test_ordinary_talk_is_answered_by_the_model_and_says_so(scene: Scene) -> None:
    town, stub = scene
    resident = someone(town)
    turn = resident.says("这阵子厂里加班多，人有点乏")
    assert said(turn) == [FRAME.label + GOOD]
    assert len(stub.asked) == 1
    with town.database.transaction() as db:
        kept = [m for m in transcript.messages_of(db, turn_session(town)) if m.name == "counsellor"]
        assert FRAME.edition in (town.database.vault.open(kept[0], "facts") or "")


def turn_session(town: Town) -> uuid.UUID:
    with town.database.transaction() as db:
        return db.scalars(select(transcript.Message.session_id).limit(1)).one()


def test_a_long_answer_is_two_bubbles_and_never_a_wall(scene: Scene) -> None:
    town, stub = scene
    stub.answer = (
        "听您这么说，这几个月您一边上班一边照顾老人，夜里还要起来好几次。换谁都会觉得累，也会觉得委屈。"
        "您把家里顾得这么好，却没有人看见。最近有没有哪一会儿，能坐下来歇一歇？"
    )
    bubbles = said(someone(town).says("厂里家里两头跑"))
    assert len(bubbles) == 2
    assert all(b.startswith(FRAME.label) and len(b) <= FRAME.limits.bubble + 10 for b in bubbles)
    assert "".join(b.removeprefix(FRAME.label) for b in bubbles) == stub.answer


def test_it_sees_this_conversation_masked_and_nothing_of_anybody_else(scene: Scene) -> None:
    town, stub = scene
    other = someone(town)
    other.says("我叫余翠鸢，住在东冠社区3幢，纸鹤叠到第九百只才睡着")
    me = someone(town)
    me.says("我叫沈小满，电话13812345678")
    me.says("天天加班，累死了")
    me.says("还是提不起劲")
    sent = stub.asked[-1]["messages"]
    text = "\n".join(m["content"] for m in sent)
    assert "提不起劲" in sent[-1]["content"]
    assert GOOD in text, "what it said itself, without the label"
    assert FRAME.label not in text
    for private in ("沈小满", "13812345678", "余翠鸢", "纸鹤", "东冠"):
        assert private not in text
    assert me.turn.alarm is None


@pytest.mark.parametrize("words", ["热线电话多少", "你是真人吗", "谢谢你"])
def test_where_the_dialogue_has_something_of_its_own_to_say_it_says_it(scene: Scene, words: str) -> None:
    town, stub = scene
    bubbles = said(someone(town).says(words))
    assert bubbles
    assert not any(b.startswith(FRAME.label) for b in bubbles)
    assert not stub.asked


@pytest.mark.parametrize(
    ("words", "level"),
    [
        ("我不想活了", "orange"),
        ("我攒了一瓶安眠药，今晚就吃下去，不想活了", "red"),
        ("活着没意思", "none"),
    ],
)
def test_danger_is_met_by_the_script_and_the_model_is_not_asked_again(
    scene: Scene, words: str, level: str
) -> None:
    town, stub = scene
    resident = someone(town)
    resident.says("这阵子厂里加班多")
    asked = len(stub.asked)
    turn = resident.says(words)
    assert (turn.alarm is not None) == (level != "none")
    assert turn.alarm or turn.screening
    while resident.turn.screening is not None:
        resident.answers(0)
    while resident.turn.contact is not None:
        resident.chooses("not_now")
    for talk in ("今天天气不错", "隔壁在装修", "厂里加班多"):
        bubbles = said(resident.says(talk))
        assert bubbles
        assert not any(b.startswith(FRAME.label) for b in bubbles)
    assert len(stub.asked) == asked
    last = [m for m in resident.turn.messages if m.author == "program"][-1]
    assert "call_person" in [button.choice for button in last.buttons], "a person is one tap away"


def test_an_open_question_is_the_scripts(scene: Scene) -> None:
    town, stub = scene
    resident = someone(town)
    resident.chooses("start_screening")
    resident.says("厂里加班多")
    assert not stub.asked


def test_after_a_screening_that_found_something_it_is_silent(scene: Scene) -> None:
    town, stub = scene
    resident = someone(town)
    resident.completes(mood=3, worry=3)
    resident.says("厂里加班多")
    assert not stub.asked


def test_without_the_tick_for_talking_nobody_is_asked(scene: Scene) -> None:
    town, stub = scene
    resident = town.resident(place="puyan-hall")
    resident.agrees(chat=False)
    resident.sends("POST", "/messages", {"client_id": str(uuid.uuid4()), "text": "厂里加班多"})
    resident.says("我不想活了")
    assert not stub.asked


def test_when_it_is_not_heard_the_dialogue_speaks_as_ever(scene: Scene) -> None:
    town, stub = scene
    stub.answer = WIRES["500"][0]
    heard = said(someone(town).says("厂里加班多，很累"))
    pieces = [piece.text for kinds in read_bank().values() for pieces in kinds.values() for piece in pieces]
    pieces += [p.text for point in read_points().values() for said in point.kinds.values() for p in said]
    bank = [re.compile(re.sub("⟦.+?⟧", ".+", text)) for text in pieces]  # an echo stands in for its mark
    assert heard
    assert [text for text in heard if not any(sentence.fullmatch(text) for sentence in bank)] == []


def test_when_rasa_is_gone_the_fixed_text_stands_and_no_model_speaks(scene: Scene) -> None:
    town, stub = scene
    resident = someone(town)
    town.dialogue.silent = True
    bubbles = said(resident.says("厂里加班多"))
    assert bubbles
    assert not stub.asked


def test_whatever_breaks_in_it_the_dialogues_words_stand(scene: Scene) -> None:
    town, _ = scene

    async def broken(*_: object, **__: object) -> object:
        raise RuntimeError("words of somebody")

    assert town.services.conversation.counselling is not None
    town.services.conversation.counselling.counsellor.reply = broken  # type: ignore[method-assign, assignment]
    bubbles = said(someone(town).says("厂里加班多"))
    assert bubbles
    assert not any(b.startswith(FRAME.label) for b in bubbles)


def test_what_was_replaced_offers_a_person_and_the_lines(scene: Scene) -> None:
    town, stub = scene
    stub.answer = "我是医生，您这是抑郁症。"
    turn = someone(town).says("厂里加班多")
    fixed = {line for variant in FRAME.fixed["replaced"] for line in variant}
    assert set(said(turn)) <= fixed
    assert [b.choice for b in turn.messages[-1].buttons] == ["call_person", "hotlines"]


def test_after_so_many_answers_it_rests_and_says_so_once(
    database: Database, clock: MovableClock, tmp_path: Path
) -> None:
    frame = replace(FRAME, limits=replace(FRAME.limits, answers=3))
    with counselled_town(
        database,
        clock,
        tmp_path,
        lambda sent: f"嗯，第{'一二三四五六'[len(sent) // 2]}回了，我在听。",
        frame=frame,
    ) as (town, stub):
        resident = someone(town)
        turns = [said(resident.says(f"厂里加班，第{n}天")) for n in "一二三四五"]
    assert len(stub.asked) == 3
    assert all(turn[0].startswith(FRAME.label) for turn in turns[:3])
    assert turns[3] == list(FRAME.fixed["rest"][0])
    assert turns[4]
    assert turns[4] != turns[3]


def test_what_adds_up_over_the_chat_is_asked_about_directly(
    database: Database, clock: MovableClock, tmp_path: Path
) -> None:
    """The whole chat is read again every so many answers: the model does not go on as if nothing were."""
    frame = replace(FRAME, limits=replace(FRAME.limits, reread_every=2))

    def adds_up(text: str) -> str:
        return "elevated" if "猫" in text and "钥匙" in text else reads(text)

    with counselled_town(database, clock, tmp_path, frame=frame, reads=adds_up) as (town, stub):
        resident = someone(town)
        resident.says("猫先放邻居家了，厂里加班")
        stub.answer = "嗯，您慢慢说。"
        resident.says("钥匙放在鞋柜上，厂里加班")
        asked = len(stub.asked)
        turn = resident.says("今天厂里加班")
        assert len(stub.asked) == asked
        assert turn.screening is not None
        assert turn.screening.instrument == "asq"
        assert "".join(said(turn))
        with town.database.transaction() as db:
            assert [s.asks_directly for s in db.scalars(select(Signal))] == [True]
        while resident.turn.screening is not None:
            resident.answers(0)
        resident.says("今天厂里加班")
        assert len(stub.asked) == asked, "not asked again in this conversation"


class SlowVoice:
    """A model that speaks when it is let."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.may = threading.Event()

    @property
    def where(self) -> Where:
        return "here"

    async def say(self, messages: Messages) -> AsyncGenerator[str, None]:
        self.asked.set()
        await asyncio.to_thread(self.may.wait, 30)
        yield GOOD


def test_an_answer_that_comes_after_danger_was_said_is_not_shown(
    database: Database, clock: MovableClock, tmp_path: Path
) -> None:
    voice = SlowVoice()
    with counselled_town(
        database, clock, tmp_path, voice=voice, first_seconds=60, total_seconds=60
    ) as (town, _):  # fmt: skip
        resident = someone(town)

        async def post(text: str) -> Turn:
            answer = await town.http.post(
                "/api/session/messages",
                json={"client_id": str(uuid.uuid4()), "text": text},
                headers={"Cookie": resident.cookie},
            )
            return Turn.model_validate(answer.json())

        async def both() -> tuple[Turn, Turn]:
            first = asyncio.create_task(post("厂里加班多"))
            await asyncio.to_thread(voice.asked.wait, 30)
            danger = await post("我不想活了")
            voice.may.set()
            return danger, await first

        danger, late = town.run(both())
    assert danger.alarm is not None
    assert late.alarm is not None
    assert not any(text.startswith(FRAME.label) for text in said(late))


@pytest.fixture(scope="module")
def bad_scene(
    postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Resident, StubModel]]:
    """Somebody who goes on talking while the model gets worse and worse."""
    home = tmp_path_factory.mktemp("bad")
    name = postgres.new_database()
    database = Database(postgres.url(name), Vault(Keyring.create(home / "keys.json")))
    with counselled_town(
        database, MovableClock(), home, first_seconds=0.3, total_seconds=0.5
    ) as (town, stub):  # fmt: skip
        yield someone(town), stub
    database.close()
    postgres.drop(name)


@pytest.mark.parametrize("way", [*WORDS, *WIRES])
def test_every_turn_is_answered_whatever_the_model_does(
    bad_scene: tuple[Resident, StubModel], way: str, caplog: pytest.LogCaptureFixture
) -> None:
    resident, stub = bad_scene
    stub.answer = WORDS[way][0] if way in WORDS else WIRES[way][0]
    asked = len(stub.asked)
    with caplog.at_level(logging.INFO, "xinqiao"):
        turn = resident.says("厂里加班多，纸鹤叠到第九百只才歇")
    assert len(stub.asked) == asked + 1
    assert said(turn)
    assert not any(text.startswith(FRAME.label) for text in said(turn)), "nothing of the model's"
    bad = WORDS[way][0] if way in WORDS else ""
    assert not any(len(bit) > 3 and bit in text for text in said(turn) for bit in bad.split("。"))
    assert turn.alarm is None
    assert "counsellor: " in caplog.text
    assert "纸鹤" not in caplog.text


def test_and_after_all_of_it_the_net_is_where_it_was(bad_scene: tuple[Resident, StubModel]) -> None:
    resident, _ = bad_scene
    resident.says("我不想活了")
    assert resident.turn.alarm is not None


def test_the_acting_dialogue_has_the_real_wording(scene: Scene) -> None:
    town, _ = scene
    resident = someone(town)
    turn = resident.says("我攒了一瓶安眠药，今晚就吃下去，不想活了")
    assert "120" in "".join(said(turn))
    assert "⟦" not in "".join(said(turn))
