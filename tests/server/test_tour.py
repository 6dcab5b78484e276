"""The guided tour: ten stops, every link answers, and nothing of anybody who is not invented."""

import re
from html import unescape

import pytest

from server.commands.seed import OFFICERS
from server.plain_page import STYLE
from server.simulation import history
from storage import audit
from tests.support.town import Town


def contrast(one: str, other: str) -> float:
    """How far apart two colours are, as WCAG counts it."""

    def light(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4)]
        red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    high, low = sorted((light(one), light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def page(town: Town) -> str:
    answer = town.ask("GET", "/tour")
    assert answer.status_code == 200
    return answer.text


def links(text: str) -> list[str]:
    return [unescape(one) for one in re.findall(r'href="([^"]+)"', text)]


def a_past(town: Town) -> str:
    """Somebody of the demo's past whom an officer has taken on; their code."""
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    turn = resident.says("我不想活了")
    assert turn.alarm is not None
    officer = town.officer("puyan")
    officer.acknowledges(officer.only_ticket()["code"])
    town.clock.advance(minutes=1)
    with town.database.transaction() as db:
        audit.record(db, actor="operator", action=history.ENDED, subject="history", at=town.clock())
    town.clock.advance(minutes=1)
    return str(turn.alarm.code)


def test_ten_stops_and_every_link_answers(town: Town) -> None:
    code = a_past(town)
    text = page(town)
    assert text.count("<h2>") == 10 + 1, "ten stops, and the accounts"
    found = links(text)
    assert f"/t/{code}" in found
    assert {"/q", "/kiosk", "/console"} <= {f"/{one.split('/')[1]}" for one in found}
    lead = town.officer("puyan", "supervisor")
    for link in found:
        if link.startswith("http"):
            assert link == f"http://127.0.0.1:{town.services.settings.gateway_port}/"
            continue
        answer = town.ask("GET", link, cookie=lead.cookie)
        assert answer.status_code == 200, link
    assert town.ask("GET", f"/api/progress/{code}").status_code == 200, "the code is a real ticket's"
    for place in (one for one in found if one.startswith(("/q/", "/kiosk/"))):
        shown = town.ask("GET", f"/api/district?place={place.split('/', 2)[2]}").json()
        assert shown["place"], "the signed code names a place"


def test_nobody_who_came_after_the_past_is_shown(town: Town) -> None:
    assert "/t/" not in "".join(one for one in links(page(town)) if one != "/t"), "no past, no ticket"
    a_past(town)
    visitor = town.resident(place="xixing-hall")
    visitor.agrees()
    turn = visitor.says("我不想活了")
    assert turn.alarm is not None
    officer = town.officer("xixing")
    officer.acknowledges(officer.only_ticket()["code"])
    town.clock.advance(minutes=1)
    assert turn.alarm.code not in page(town)


def test_passwords_are_shown_at_this_machine_alone(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    accounts = town.services.settings.home / "demo_accounts.json"
    accounts.parent.mkdir(parents=True, exist_ok=True)
    accounts.write_text('{"puyan": "a-password-of-this-demo"}')
    here = {"Host": "127.0.0.1:8300"}
    assert "a-password-of-this-demo" in town.ask("GET", "/tour", headers=here).text
    assert "a-password-of-this-demo" not in page(town), "by another name"
    behind = town.ask("GET", "/tour", headers={**here, "X-Forwarded-For": "203.0.113.7"}).text
    assert "a-password-of-this-demo" not in behind, "through somebody's front door"
    monkeypatch.setattr("server.routes.tour.THIS_MACHINE", ())
    elsewhere = page(town)
    assert "a-password-of-this-demo" not in elsewhere
    assert "127.0.0.1" not in elsewhere, "the gateway is at this machine, too"
    assert all(f"<code>{username}</code>" in elsewhere for username, *_ in OFFICERS)


def test_a_live_district_has_no_tour(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(town.services.settings, "mode", "live")
    answer = town.ask("GET", "/tour")
    assert answer.status_code == 404
    assert set(answer.json()) == {"problem", "sentence", "hotlines"}


def test_the_accounts_that_the_tour_names_exist(town: Town) -> None:
    named = set(re.findall(r"用 ([a-z0-9-]+) 登录", page(town)))
    assert named <= {username for username, *_ in OFFICERS}
    assert named


def test_the_page_loads_nothing_and_can_be_read(town: Town) -> None:
    """No script, no address of anybody else; each pair of colours that is used has 4.5 to 1."""
    answer = town.ask("GET", "/tour")
    assert "<script" not in answer.text
    assert "style-src 'sha256-" in answer.headers["Content-Security-Policy"]
    for ink, paper in (("1f2a2e", "f6f4ef"), ("1f2a2e", "ffffff"), ("ffffff", "0b5561"), ("4a3500", "fff0c2"),
                       ("4b575b", "f6f4ef")):  # fmt: skip
        assert f"#{ink}" in STYLE or ink == "ffffff"
        assert contrast(ink, paper) >= 4.5
