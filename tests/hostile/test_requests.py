"""Whatever is sent, the answer is a sentence: never a 5xx, never an echo, never a line in the log (B02)."""

import json
import logging
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.hostile.requests import CANARY, Hostile, bodies, header_floods
from tests.support.town import Town

ID = "7d1f0b52-6c1e-4c0a-9b57-2f6f0a9d3e11"
RESIDENT = {
    "POST /api/sessions": {"door": "phone", "place": "puyan-hall.binjiang.x.y"},
    "PUT /api/session/consents": {"chat": True, "screening": True, "contact": True, "share": True},
    "POST /api/session/messages": {"client_id": ID, "text": "今天天气不错"},
    "POST /api/session/choices": {"client_id": ID, "choice": "hotlines"},
    "POST /api/session/answers": {"client_id": ID, "administration": ID, "item": "q1", "value": 1},
    "POST /api/session/contact": {"client_id": ID, "field": "name", "value": "老王"},
    "POST /api/session/person": {"client_id": ID},
}
STAFF = {
    "POST /api/staff/login": {"username": "somebody", "password": "wrong"},
    "POST /api/staff/tickets/K-0000-0/calls": {"client_id": ID, "outcome": "spoke", "note": "打过电话"},
    "POST /api/staff/tickets/K-0000-0/visits": {
        "client_id": ID, "outcome": "met", "findings": ["illness"], "visited_at": "2026-11-22T08:00:00Z",
    },
    "POST /api/staff/tickets/K-0000-0/follow-ups": {"client_id": ID, "after_hours": [24]},
    "POST /api/staff/tickets/K-0000-0/identity": {"reason": "准备上门"},
    f"POST /api/staff/desk-calls/{ID}/answer": {},
}  # fmt: skip
ALL = {**RESIDENT, **STAFF}


class Caller:
    """A resident and an officer whose browser, or whose enemy, sends anything at all."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.officer = town.officer("puyan")
        self.new_resident()

    def new_resident(self) -> None:
        self.resident = self.town.resident(place="puyan-hall")
        self.resident.agrees()
        self.resident.says("你好")

    def send(self, route: str, content: bytes, headers: dict[str, str]) -> httpx.Response:
        method, path = route.split(" ", 1)
        cookie = self.officer.cookie if path.startswith("/api/staff") else self.resident.cookie
        self.town.services.limits.seen.clear()
        return self.town.ask(method, path, content=content, headers={"Cookie": cookie, **headers})


@pytest.fixture(scope="module")
def caller(district: Town) -> Caller:
    return Caller(district)


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.INFO):
        yield caplog


def is_a_sentence(answer: httpx.Response) -> bool:
    body = answer.json()
    return (
        set(body) == {"problem", "sentence", "hotlines"}
        and re.search(r"[\u4e00-\u9fff]", body["sentence"]) is not None
        and body["sentence"].endswith("。")
    )


def check(answer: httpx.Response, what: str, log: pytest.LogCaptureFixture) -> None:
    assert answer.status_code < 500, f"{what}: {answer.status_code}"
    if answer.status_code >= 400:
        assert is_a_sentence(answer), what
        assert CANARY not in answer.text, what
        assert json.dumps(CANARY)[1:-1] not in answer.text, what
    assert len(answer.content) < 300_000, what
    said = "\n".join(f"{record.getMessage()} {record.exc_text or ''}" for record in log.records)
    assert CANARY not in said, what
    assert "fault" not in said, f"{what}: {said[-300:]}"


@pytest.mark.parametrize("route", ALL)
def test_hostile_bodies_are_answered_with_a_sentence(
    caller: Caller, route: str, log: pytest.LogCaptureFixture
) -> None:
    caller.new_resident()
    for hostile in bodies(ALL[route]):
        answer = caller.send(route, hostile.content, hostile.headers)
        check(answer, f"{route}, {hostile.name}", log)
    assert caller.town.ask("GET", "/api/session", cookie=caller.resident.cookie).status_code == 200


MUST_BE_REFUSED = {
    *(
        "empty",
        "only a brace",
        "cut",
        "tail",
        "single quotes",
        "two",
        "xml",
        "deep arrays",
        "deep and open",
    ),
    *("300 KB", "as 'text/plain'", "null", "array", "array of it", "nan", "1e999", "unknown field", "inside"),
}


@pytest.mark.parametrize("route", [route for route, good in ALL.items() if good])
def test_what_is_plainly_wrong_is_refused_and_not_guessed_at(caller: Caller, route: str) -> None:
    sent = {hostile.name: hostile for hostile in bodies(ALL[route])}
    caller.town.clock.advance(minutes=16)  # wrong logins of before are forgotten
    assert set(sent) >= MUST_BE_REFUSED
    for name in MUST_BE_REFUSED:
        answer = caller.send(route, sent[name].content, sent[name].headers)
        assert answer.status_code in (400, 413, 422), f"{name}: {answer.status_code}"


@pytest.mark.parametrize("route", ["POST /api/session/messages", "POST /api/staff/tickets/K-0000-0/calls"])
@pytest.mark.parametrize("flood", list(header_floods()), ids=lambda flood: flood[0])
def test_strange_headers_change_nothing(
    caller: Caller, route: str, flood: tuple[str, dict[str, str]], log: pytest.LogCaptureFixture
) -> None:
    headers = {"Content-Type": "application/json", **flood[1]}
    check(caller.send(route, json.dumps(ALL[route]).encode(), headers), flood[0], log)


@pytest.mark.parametrize(
    "method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW", "a" * 500]
)
def test_no_method_does_what_it_should_not(caller: Caller, method: str) -> None:
    for path in ("/api/session/messages", "/api/staff/tickets", "/api/progress/x", "/", "/assets/none.js"):
        for cookie in (caller.resident.cookie, caller.officer.cookie):
            answer = caller.town.ask(method, path, cookie=cookie)
            assert answer.status_code < 500, (method, path)
            if answer.status_code == 405 and method != "HEAD" and path.startswith("/api"):
                assert is_a_sentence(answer)


@pytest.mark.parametrize(
    "path",
    [
        "/api/none", "/api/session/../staff/me", "/%2e%2e/%2e%2e/etc/passwd", "/assets/../../server/app.py",
        "/assets/..%2f..%2f..%2fetc%2fpasswd", "/console/assets/%2e%2e/index.html", "/.env", "/.git/config",
        "//evil.example/", "/api//session", "/api/progress/" + "A" * 5000, "/q/" + "%00" * 50, "/t/%ff",
        "/api/district?place=" + "%F0%9F%98%80" * 500, "/api/staff/tickets?view=%00", "/api/session?after=x",
        "/api/session?after=%00&after=" + ID, "/assets/%00", "/console/" + "a/" * 500,
    ],
)  # fmt: skip
def test_strange_addresses_lead_nowhere(caller: Caller, path: str, log: pytest.LogCaptureFixture) -> None:
    for cookie in (caller.resident.cookie, caller.officer.cookie, None):
        answer = caller.town.ask("GET", path, cookie=cookie)
        assert answer.status_code in (200, 307, 400, 401, 404, 405, 422, 429), (path, answer.status_code)
        assert "root:" not in answer.text
        assert "def create_app" not in answer.text
        assert "location" not in answer.headers or answer.headers["location"].startswith("http://town.test/")
        caller.town.services.limits.seen.clear()
    assert "fault" not in log.text


@pytest.mark.parametrize("size", [300 * 1024, 10 * 1024 * 1024, 20 * 1024 * 1024])
@pytest.mark.parametrize(
    "route", ["POST /api/sessions", "POST /api/session/messages", "POST /api/staff/login"]
)
def test_a_huge_body_is_refused_without_being_kept(caller: Caller, route: str, size: int) -> None:
    async def parts() -> Any:
        yield b'{"x": "'
        for _ in range(size // 65536):
            yield b"a" * 65536
        yield b'"}'

    method, path = route.split(" ")
    caller.resident.does(
        "PUT", "/consents", {"chat": True, "screening": True, "contact": True, "share": True}
    )
    answer = caller.town.ask(
        method,
        path,
        content=parts(),
        cookie=caller.resident.cookie,
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 413
    assert is_a_sentence(answer)


def test_progress_codes_cannot_be_guessed_through(town: Town) -> None:
    answers = [town.ask("GET", f"/api/progress/{n:012d}").status_code for n in range(30)]
    assert answers[:20] == [404] * 20
    assert answers[20:] == [429] * 10
    refused = town.ask("GET", "/api/progress/ABCD")
    assert refused.headers["retry-after"] == "60"
    assert is_a_sentence(refused)
    assert town.ask("GET", "/api/hotlines").status_code == 200, "help is never counted"
    town.clock.advance(minutes=2)
    assert town.ask("GET", "/api/progress/ABCD").status_code == 404


def test_rasa_that_was_taken_over_learns_nothing_by_asking(
    caller: Caller, log: pytest.LogCaptureFixture
) -> None:
    good: dict[str, Any] = {
        "next_action": "action_session_start",
        "tracker": {"sender_id": "x"},
        "domain": {},
    }
    for hostile in bodies(good):
        answer = caller.town.ask(
            "POST",
            "/api/rasa/actions",
            content=hostile.content,
            headers={"X-Action-Token": "test-token", **hostile.headers},
        )
        assert answer.status_code < 500, hostile.name
        assert CANARY not in log.text


def hostile_names() -> list[str]:
    return [h.name for h in bodies({"a": 1}) if isinstance(h, Hostile)]


def test_the_suite_is_large_enough_to_be_worth_its_name() -> None:
    total = sum(len(list(bodies(good))) for good in ALL.values())
    assert total >= 900
    assert len(hostile_names()) == len(set(hostile_names()))
