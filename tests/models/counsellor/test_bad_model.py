"""M07: whatever a model or its server answers, the resident reads the fixed script, and the log only a word."""

import asyncio
import logging
import socket
from collections.abc import Iterator
from functools import cache
from itertools import pairwise

import pytest

from models.counsellor.address import ServerAddress
from models.counsellor.frame import Frame, Said
from models.counsellor.remote import RemoteVoice
from models.counsellor.screen import Screen
from models.counsellor.slot import Counsellor, Reply
from tests.models.counsellor.bad_answers import WIRES, WORDS
from tests.support.stub_model import StubModel, Wire, chunk, stub_model
from tests.support.town import the_recogniser

FRAME = Frame.from_file()
NUMBERS = ("12356", "120", "110", "0571-0000-0100")
HISTORY = [Said("resident", "这几天夜里老醒"), Said("program", "夜里醒来的时候，您在想什么？", by_model=True)]
WORDS_NOW = "想孩子上学的事"
GOOD = "听起来您心里装着孩子。最放不下的是哪一件？"


def reads(text: str) -> str:
    return the_recogniser().read(text).level


@cache
def screen() -> Screen:
    return Screen.from_file(FRAME, NUMBERS, reads)


def counsellor_of(url: str, *, first: float = 0.4, total: float = 0.8, **more: object) -> Counsellor:
    voice = RemoteVoice(ServerAddress(url), "stub", "a-key-that-nobody-may-read")
    return Counsellor(voice, screen(), FRAME, reads, first_seconds=first, total_seconds=total, **more)  # type: ignore[arg-type]


def ask(counsellor: Counsellor, words: str = WORDS_NOW, history: list[Said] | None = None) -> Reply:
    return asyncio.run(counsellor.reply(HISTORY if history is None else history, words))


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.INFO):
        yield caplog


def all_fixed() -> set[str]:
    return {line for variants in FRAME.fixed.values() for variant in variants for line in variant}


def test_there_are_more_than_sixty_ways() -> None:
    assert len(WORDS) + len(WIRES) >= 60


def test_a_good_answer_is_said() -> None:
    with stub_model(GOOD) as stub:
        reply = ask(counsellor_of(stub.url))
    assert (reply.source, reply.text, reply.why) == ("model", GOOD, ())
    assert reply.bubbles == (GOOD,)


@pytest.mark.parametrize("way", WORDS)
def test_bad_words_are_replaced(way: str, log: pytest.LogCaptureFixture) -> None:
    said, rules = WORDS[way]
    with stub_model(said) as stub:
        reply = ask(counsellor_of(stub.url, first=60, total=60))  # patience: how fast is not asked here
        assert len(stub.asked) == 1
    replaced(reply, said, rules, log)
    assert not reply.away


@pytest.mark.parametrize("way", WIRES)
def test_a_bad_server_is_replaced(way: str, log: pytest.LogCaptureFixture) -> None:
    wire, kinds = WIRES[way]
    budget = {} if kinds == "late" else {"first": 60.0, "total": 60.0}
    with stub_model(wire) as stub:
        reply = ask(counsellor_of(stub.url, **budget))  # type: ignore[arg-type]
    replaced(reply, "".join(p.decode("utf-8", "replace") for p in wire.pieces), kinds, log)


def replaced(reply: Reply, said: str, kinds: str, log: pytest.LogCaptureFixture) -> None:
    assert reply.source == "fixed"
    assert set(reply.why) & set(kinds.split("|")), (reply.why, kinds)
    assert set(reply.bubbles) <= all_fixed()
    assert reply.text == "\n".join(reply.bubbles) != ""
    assert not reply.raises
    written = "\n".join(
        record.getMessage()
        for record in log.records
        if record.name == "xinqiao" or record.levelno >= logging.WARNING  # as `server.logs` has it
    )
    assert "counsellor: " in written
    for why in reply.why:
        assert why in written
    for words in (WORDS_NOW, HISTORY[0].text, "a-key-that-nobody-may-read", "127.0.0.1"):
        assert words not in written
    for line in said.splitlines():
        assert len(line.strip()) < 4 or line.strip() not in written


def test_nobody_listens_there(log: pytest.LogCaptureFixture) -> None:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port = door.getsockname()[1]
    reply = ask(counsellor_of(f"http://127.0.0.1:{port}/v1"))
    replaced(reply, "", "unreachable", log)
    assert reply.away


def test_a_server_that_hangs_up_at_once(log: pytest.LogCaptureFixture) -> None:
    async def hang_up_and_ask() -> Reply:
        async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 200 O")
            writer.close()

        server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server:
            return await counsellor_of(f"http://127.0.0.1:{port}").reply(HISTORY, WORDS_NOW)

    replaced(asyncio.run(hang_up_and_ask()), "", "unreachable", log)


def test_a_sentence_that_fails_ends_the_answer_at_once() -> None:
    """What comes after it is not waited for: this server would go on for ever."""
    with stub_model(Wire([chunk("您可以割腕。"), chunk("好")], hang=True)) as stub:
        reply = ask(counsellor_of(stub.url, first=30, total=30))
    assert reply.why == ("danger", "means")


def test_the_same_fixed_words_are_not_said_twice_running() -> None:
    history = list(HISTORY)
    with stub_model("我是医生。") as stub:
        counsellor, said = counsellor_of(stub.url, first=5, total=5), []

        async def talk() -> None:
            for _ in range(7):
                reply = await counsellor.reply(history, WORDS_NOW)
                said.append(reply.bubbles)
                history.append(Said("resident", WORDS_NOW))
                history.extend(Said("program", line) for line in reply.bubbles)

        asyncio.run(talk())
    assert all(one != after for one, after in pairwise(said))
    assert len(set(said)) == len(FRAME.fixed["replaced"])


def test_a_model_that_is_gone_is_left_alone_for_a_while_and_then_tried_again() -> None:
    now = 100.0

    async def talk(stub: StubModel) -> None:
        nonlocal now
        counsellor = counsellor_of(stub.url, monotonic=lambda: now)
        for _ in range(5):
            assert (await counsellor.reply(HISTORY, WORDS_NOW)).away
        assert len(stub.asked) == 3
        now += 31
        assert (await counsellor.reply(HISTORY, WORDS_NOW)).why == ("status_5xx",)
        assert (await counsellor.reply(HISTORY, WORDS_NOW)).why == ("resting",)
        assert len(stub.asked) == 4
        stub.answer = GOOD
        now += 31
        assert (await counsellor.reply(HISTORY, WORDS_NOW)).source == "model"
        assert (await counsellor.reply(HISTORY, WORDS_NOW)).source == "model"

    with stub_model(Wire(status=500)) as stub:
        asyncio.run(talk(stub))


def test_what_the_server_is_sent() -> None:
    with stub_model(GOOD) as stub:
        ask(counsellor_of(stub.url))
        (sent,), (headers,) = stub.asked, stub.headers
    assert set(sent) == {"model", "messages", "stream", "temperature", "max_tokens"}
    assert [m["role"] for m in sent["messages"]] == ["system", "user", "assistant", "user"]
    assert sent["messages"][0]["content"] == FRAME.system
    assert sent["messages"][-1]["content"] == WORDS_NOW
    assert headers["authorization"] == "Bearer a-key-that-nobody-may-read"
    assert "cookie" not in headers
