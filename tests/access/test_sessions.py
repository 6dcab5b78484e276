"""Cookies, logging in and out, and requests that come from another site (Z05, Z06, Z07)."""

import re
import uuid
from http.cookies import SimpleCookie
from typing import Any

import httpx
import pytest

from escalation import staff
from escalation.staff import StaffAccount
from server.callers import SessionCookie, StaffCookie
from tests.access.routes import entries
from tests.support.town import ORIGIN, PASSWORD, Town

CHANGES = [entry for entry in entries() if entry.method != "GET" and entry.caller != "rasa"]
SOME_ID = str(uuid.uuid4())


def cookie_of(answer: httpx.Response, name: str) -> Any:
    jar = SimpleCookie()
    for line in answer.headers.get_list("set-cookie"):
        jar.load(line)
    return jar[name]


def log_in(town: Town, username: str, password: str = PASSWORD) -> httpx.Response:
    return town.ask("POST", "/api/staff/login", json={"username": username, "password": password})


def test_cookies_are_kept_from_scripts_other_sites_and_other_hosts(town: Town) -> None:
    officer = town.officer("puyan")
    opened = town.ask("POST", "/api/sessions", json={"door": "phone"})
    for answer, name in ((opened, SessionCookie), (log_in(town, officer.username), StaffCookie)):
        cookie = cookie_of(answer, name)
        assert name.startswith("__Host-")
        assert cookie["httponly"] is True
        assert cookie["secure"] is True
        assert cookie["samesite"] == "strict"
        assert (cookie["path"], cookie["domain"]) == ("/", "")
        assert 0 < int(cookie["max-age"]) <= 24 * 3600
        assert re.fullmatch(r"[A-Za-z0-9_-]{43}", cookie.value), "256 random bits"


def test_each_login_has_an_id_of_its_own_and_ignores_the_one_that_came_along(town: Town) -> None:
    officer = town.officer("puyan")
    planted = "A" * 43
    first = town.ask(
        "POST",
        "/api/staff/login",
        cookie=f"{StaffCookie}={planted}",
        json={"username": officer.username, "password": PASSWORD},
    )
    tokens = {
        cookie_of(first, StaffCookie).value,
        cookie_of(log_in(town, officer.username), StaffCookie).value,
    }
    assert len(tokens) == 2
    assert planted not in tokens
    assert town.ask("GET", "/api/staff/me", cookie=f"{StaffCookie}={planted}").status_code == 401


def test_a_residents_planted_cookie_never_becomes_a_conversation(town: Town) -> None:
    planted = "A" * 43
    answer = town.ask("POST", "/api/sessions", cookie=f"{SessionCookie}={planted}", json={"door": "phone"})
    assert cookie_of(answer, SessionCookie).value != planted
    assert town.ask("GET", "/api/session", cookie=f"{SessionCookie}={planted}").status_code == 401


def test_a_kiosk_never_goes_on_with_the_conversation_of_the_one_before(town: Town) -> None:
    before = town.resident(place="puyan-hall", door="kiosk")
    before.agrees()
    before.says("我睡不着")
    after = town.ask("POST", "/api/sessions", cookie=before.cookie, json={"door": "kiosk"})
    assert cookie_of(after, SessionCookie).value != before.token
    assert after.json()["messages"] == []


def test_logging_out_and_leaving_end_it_on_the_server(town: Town) -> None:
    officer = town.officer("puyan")
    left = town.resident()
    left.agrees()
    for ended, path, cookie in (
        (officer.asks("POST", "/logout"), "/api/staff/me", officer.cookie),
        (left.sends("POST", "/leave"), "/api/session", left.cookie),
    ):
        assert ended.status_code in (200, 204)
        assert cookie_of(ended, cookie.split("=")[0])["max-age"] == "0"
        assert town.ask("GET", path, cookie=cookie).status_code == 401


def test_nobody_stays_logged_in_beyond_a_shift_or_a_day(town: Town) -> None:
    officer, resident = town.officer("puyan"), town.resident()
    resident.agrees()
    town.clock.advance(hours=11, minutes=59)
    assert officer.asks("GET", "/me").status_code == 200
    town.clock.advance(minutes=2)
    assert officer.asks("GET", "/me").status_code == 401
    assert resident.sends("GET", "").status_code == 200
    town.clock.advance(hours=24, minutes=1)
    assert resident.sends("GET", "").status_code == 401


@pytest.mark.parametrize("change", [{"active": False}, {"office": "elsewhere"}, {"role": "auditor"}])
def test_changed_rights_hold_at_the_next_request(town: Town, change: dict[str, Any]) -> None:
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.says("我不想活了")
    officer = town.officer("puyan")
    code = officer.only_ticket()["code"]
    with town.database.transaction() as db:
        account = db.query(StaffAccount).filter_by(username=officer.username).one()
        for name, value in change.items():
            setattr(account, name, town.office_code("xixing") if name == "office" else value)
    refused = officer.asks("POST", f"/tickets/{code}/acknowledge").status_code
    assert refused == {"active": 401, "office": 404, "role": 409}[next(iter(change))]


@pytest.mark.parametrize("username", ["known", "unknown", "", "deactivated"])
def test_an_unknown_name_costs_the_same_hash_as_a_wrong_password(
    town: Town, username: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    officer = town.officer("puyan")
    name = officer.username if username in ("known", "deactivated") else "nobody-of-this-name"
    if username == "deactivated":
        with town.database.transaction() as db:
            db.query(StaffAccount).filter_by(username=name).one().active = False
    hashed: list[str] = []
    real = staff._matches

    def counting(stored: str, password: str) -> bool:
        hashed.append(stored)
        return real(stored, password)

    monkeypatch.setattr(staff, "_matches", counting)
    answer = log_in(town, name, PASSWORD if username == "deactivated" else "wrong")

    assert len(hashed) == 1
    assert hashed[0].startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert (answer.status_code, answer.json()["problem"]) == (401, "login_refused")
    assert answer.json()["sentence"] == "用户名或密码不对。"


def test_guessing_over_many_accounts_from_one_address_is_throttled(town: Town) -> None:
    officer = town.officer("puyan")
    with town.database.transaction() as db:
        alone = staff._hashed("*", "127.0.0.1")
        db.add_all([staff.WrongTry(who=alone, at=town.clock()) for _ in range(100)])
    assert log_in(town, officer.username).status_code == 429
    town.clock.advance(minutes=16)
    assert log_in(town, officer.username).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": f"{ORIGIN}.evil.example"},
        {"Origin": "http://town.test:8080"},
        {"Origin": ""},
        {"Origin": None, "Sec-Fetch-Site": "cross-site"},
        {"Origin": None, "Sec-Fetch-Site": "same-site"},
        {"Origin": None},
    ],
    ids=str,
)
@pytest.mark.parametrize("entry", CHANGES, ids=str)
def test_a_change_from_another_site_is_refused_before_anything_else(
    forged: tuple[Town, str], entry: Any, headers: dict[str, str | None]
) -> None:
    town, cookie = forged
    path = re.sub(r"\{\w+\}", SOME_ID, entry.path)
    sent = {name: value for name, value in headers.items() if value is not None}
    request = town.http.build_request(
        entry.method, path, content=b"{}", headers={"Cookie": cookie, "Content-Type": "application/json"}
    )
    del request.headers["Origin"]
    request.headers.update(sent)
    answer = town.run(town.http.send(request))
    assert (answer.status_code, answer.json()["problem"]) == (403, "foreign")


def test_the_forged_request_changed_nothing(forged: tuple[Town, str]) -> None:
    town, cookie = forged
    assert town.ask("GET", "/api/session", cookie=cookie).json()["stage"] == "chat"
    assert town.ask("GET", "/api/staff/me", cookie=cookie).status_code == 200


@pytest.fixture(scope="module")
def forged(district: Town) -> tuple[Town, str]:
    """Somebody whose browser carries both cookies when another site makes it send a request."""
    resident = district.resident()
    resident.agrees()
    return district, f"{resident.cookie}; {district.officer('puyan').cookie}"


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
def test_json_that_pretends_to_be_a_form_changes_nothing(town: Town, kind: str) -> None:
    resident = town.resident()
    for headers in ({"Origin": "https://evil.example"}, {}):
        answer = town.ask(
            "PUT",
            "/api/session/consents",
            cookie=resident.cookie,
            content=b'{"chat": true, "screening": true, "contact": true, "share": true}',
            headers={"Content-Type": kind, **headers},
        )
        assert answer.status_code in (403, 422)
    assert not any(resident.does("GET", "").consents.model_dump().values())


@pytest.mark.parametrize(
    "path", ["/", "/kiosk", "/console/", "/t/ABC", "/api/hotlines", "/api/session", "/nothing"]
)
def test_every_answer_closes_the_page_to_others(town: Town, path: str) -> None:
    headers = town.ask("GET", path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert "access-control-allow-origin" not in headers
    assert "server" not in headers
