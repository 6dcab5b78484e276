"""Every route asks who is calling, or stands here with the reason why it need not (C8, Z02)."""

import pytest

from server.app import create_app
from server.pages import RESIDENT_PATHS, STAFF_PATHS
from tests.access.routes import entries, folders

PUBLIC = {
    "POST /api/sessions": "the way in: makes a conversation of its own, and opens nobody else's",
    "POST /api/sessions/moved": "a one-time code is the key: it works once, and guessing is throttled",
    "GET /api/entrances": "who may come in by which way; says nothing of anybody",
    "GET /tour": "the tour of the demo: nothing of anybody who is not invented, and not there in live mode",
    "GET /bell/{token}": "the link of a weekly bell: a random code is the key, and looking changes nothing",
    "POST /bell/{token}": "says that somebody has the bell; opens nothing and shows nothing of anybody",
    "GET /api/district": "the first screen; says nothing of anybody",
    "GET /api/hotlines": "telephone lines are for everybody",
    "GET /api/progress/{code}": "the resident's own secret code is the key; guessing is throttled",
    "GET /api/progress/{code}/qr": "draws what the caller has sent, and looks nothing up",
    "PUT /api/progress/{code}/reminders": "as the page itself: whoever has the code may say no to reminders",
    "PUT /api/progress/{code}/how-it-went": "as the page itself: whoever has the code may say once how it went",
    "POST /api/progress/{code}/wishes": "as the page itself; throttled by code and by address",
    "POST /api/places/typed": "signs the place whose number hangs on its wall; throttled by address, names nobody",
    "POST /api/staff/login": "where staff say who they are; throttled",
    "GET /api/public/board": "how many were helped last week: counts without the small ones",
    "GET /board": "the same as a page",
    "GET /healthz": "for the supervisor: the process answers",
    "GET /readyz": "for the watcher outside: names of what is wrong, nothing else",
}
PAGES = {f"GET {path}": "a built page, the same for everybody" for path in (*RESIDENT_PATHS, *STAFF_PATHS)}

IMPERSONAL = {
    *("code", "call", "follow_up", "task", "notice", "place", "administration", "after", "view"),
    *(
        "office",
        "from_day",
        "to_day",
        "street",
        "kind",
        "days",
        "shift",
        "change",
        "contact",
        "username",
        "bell",
        "token",
        "proposal",
    ),
}
"""What an address may name: ids and codes that say nothing of a resident. A user name is a member of staff's."""


def test_every_route_asks_who_is_calling_or_is_listed_with_its_reason() -> None:
    open_to_all = {str(entry) for entry in entries() if entry.caller is None}
    assert open_to_all == set(PUBLIC) | set(PAGES)


def test_routes_of_one_side_ask_for_that_side() -> None:
    for entry in entries():
        if entry.caller is None:
            continue
        wanted = (
            "staff"
            if entry.path.startswith("/api/staff/")
            else "rasa"
            if entry.path.startswith("/api/rasa/")
            else "gateway"
            if entry.path.startswith("/api/gateway/")
            else "wechat"
            if entry.path == "/wechat"
            else "wall"
            if entry.path.startswith("/api/board")
            else "kiosk"
            if entry.path.startswith("/api/kiosk/")
            else "resident"
        )
        assert entry.caller == wanted, str(entry)


def test_every_route_is_described_or_is_a_page() -> None:
    described = {
        f"{method.upper()} {path}"
        for path, methods in create_app().openapi()["paths"].items()
        for method in methods
    }
    assert {str(entry) for entry in entries()} - described == set(PAGES)
    assert folders() == ["/assets", "/console/assets"]


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json", "/metrics", "/debug", "/admin"])
def test_nothing_is_open_by_accident(path: str) -> None:
    assert path not in {entry.path for entry in entries()}


def test_no_route_puts_something_personal_into_an_address() -> None:
    for path, methods in create_app().openapi()["paths"].items():
        for method, described in methods.items():
            named = {p["name"] for p in described.get("parameters", ()) if p["in"] in ("path", "query")}
            assert named <= IMPERSONAL, f"{method} {path}"


def test_each_route_says_in_a_sentence_what_it_is_for() -> None:
    for entry in entries():
        if entry.documented:
            assert entry.handler.__doc__, str(entry)
