"""Words of danger count even in a message that cannot be taken: too long, unstorable, escaped, cut (B06, B08)."""

import json
import uuid
from typing import Any

import httpx
import pytest

from server import gate
from tests.support.town import Resident, Town

DANGER = "我不想活了"
FILLER = "今天去菜场买了点青菜，回来路上碰到老李，聊了几句。"


def padded(words: str, size: int, where: str) -> str:
    filler = (FILLER * (size // len(FILLER) + 1))[: size - len(words)]
    return {"first": words + "。" + filler, "last": filler + "。" + words}[where]


def escaped(text: str) -> bytes:
    return json.dumps(text).encode()  # Chinese as escapes


def plain(text: str) -> bytes:
    return json.dumps(text, ensure_ascii=False).encode()


def upper(text: str) -> bytes:
    return escaped(text).upper().replace(b"\\U", b"\\u")


def say(resident: Resident, text: bytes, coding: str = "utf-8") -> httpx.Response:
    body = b'{"client_id": "%s", "text": %s}' % (str(uuid.uuid4()).encode(), text)
    if coding != "utf-8":
        body = body.decode().encode(coding)
    return resident.town.ask(
        "POST",
        "/api/session/messages",
        cookie=resident.cookie,
        content=body,
        headers={"Content-Type": "application/json"},
    )


@pytest.fixture
def resident(district: Town) -> Resident:
    district.services.limits.seen.clear()
    somebody = district.resident(place="puyan-hall")
    somebody.agrees()
    return somebody


def has_a_ticket(resident: Resident) -> bool:
    """Whether the card with the ticket's code is on this person's screen."""
    alarm = resident.does("GET", "").alarm
    return alarm is not None and alarm.code is not None


@pytest.mark.parametrize("write", [plain, escaped, upper], ids=lambda write: write.__name__)
@pytest.mark.parametrize("where", ["first", "last"])
@pytest.mark.parametrize("size", [5_000, 19_000, 50_000, 700_000])
def test_in_an_over_long_message(resident: Resident, size: int, where: str, write: Any) -> None:
    answer = say(resident, write(padded(DANGER, size, where)))
    assert has_a_ticket(resident)
    if answer.status_code == 413:
        assert DANGER not in answer.text
    else:
        assert answer.json()["alarm"]


@pytest.mark.parametrize("coding", ["utf-16", "utf-16-le", "utf-32"])
@pytest.mark.parametrize("size", [100, 5_000, 300_000])
def test_in_another_encoding(resident: Resident, size: int, coding: str) -> None:
    say(resident, plain(padded(DANGER, size, "last")), coding)
    assert has_a_ticket(resident)


@pytest.mark.parametrize(
    "text",
    [
        rb'"\u0000\u6211\u4e0d\u60f3\u6d3b\u4e86"',
        rb'"\u6211\u4e0d\u60f3\u6d3b\u4e86\u0000"',
        rb'"\ud800 \u6211\u4e0d\u60f3\u6d3b\u4e86 \udfff"',
        '"我不想活了\\ud83d"'.encode(),
        b'"' + "我不想活了".encode() + rb"\u0000\u0000\u0000" + b'"',
        rb'"\u6211\u4e0d\u0000\u60f3\u6d3b\u4e86"',
        rb'"\u6211\ud800\u4e0d\u60f3\u6d3b\u4e86"',
    ],
    ids=range(7),
)
def test_in_a_message_with_characters_that_cannot_be_kept(resident: Resident, text: bytes) -> None:
    answer = say(resident, text)
    assert has_a_ticket(resident)
    assert answer.status_code == 200
    assert answer.json()["alarm"], "somebody in danger is answered, not corrected"


@pytest.mark.parametrize(
    "text", [rb'"\u0000"', rb'"\ud800"', rb'"hello\u0000"', plain(FILLER * 400), plain("好" * 20_000)]
)
def test_a_harmless_one_is_refused_with_a_sentence_and_sent_again_it_is_refused_again(
    resident: Resident, text: bytes
) -> None:
    for _ in range(2):
        answer = say(resident, text)
        assert answer.status_code in (413, 422)
        assert answer.json()["sentence"].endswith("。")
    assert not has_a_ticket(resident)


def test_a_body_of_two_megabytes_in_pieces_is_read_at_both_ends(district: Town) -> None:
    ticketed = []
    for number, where in enumerate(("first", "last")):
        somebody = district.resident(place="puyan-hall")
        somebody.agrees()
        text = plain(padded(DANGER, 700_000, where))
        body = b'{"client_id": "%s", "text": %s}' % (str(uuid.uuid4()).encode(), text)
        assert len(body) > 2_000_000

        async def parts(body: bytes = body, size: int = (1000, 65_536)[number]) -> Any:
            for start in range(0, len(body), size):
                yield body[start : start + size]

        answer = district.ask(
            "POST",
            "/api/session/messages",
            cookie=somebody.cookie,
            content=parts(),
            headers={"Content-Type": "application/json"},
        )
        assert answer.status_code == 413
        ticketed.append(has_a_ticket(somebody))
    assert ticketed == [True, True]


def test_what_is_kept_of_a_huge_message_is_bounded(resident: Resident) -> None:
    say(resident, plain(padded(DANGER, 700_000, "last")))
    kept = [m.text for m in resident.does("GET", "").messages if m.author == "resident"]
    assert len(kept) == 1
    assert len(kept[0]) < 5_000 < gate.KEPT


def test_nobody_in_particular_who_sends_a_huge_message_is_only_refused(district: Town) -> None:
    answer = district.ask(
        "POST",
        "/api/session/messages",
        content=plain(padded(DANGER, 700_000, "first")),
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 413
