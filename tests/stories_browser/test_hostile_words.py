"""Sixty hostile strings through every field that a resident can fill, then every page of the console: nothing runs.

`Chromium.nothing_odd` fails on a script that ran, on a request to a foreign host and on a broken content policy.
"""

import uuid
from datetime import timedelta
from html import escape
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import expect

from bot.companion.skills import read_skills
from escalation.staff import new_account
from tests.support.browser import Chromium, Device
from tests.support.served_town import ServedTown
from tests.support.town import PASSWORD, Officer, Resident

pytestmark = pytest.mark.slow

AWAY = "https://elsewhere.invalid/x"
ALARM = "我不想活了"
HOSTILE = [
    one.replace("RAN", "__odd('it ran')").replace("AWAY", AWAY)
    for one in yaml.safe_load(Path(__file__).with_name("hostile_words.yml").read_text("utf-8"))
]
ROWS = yaml.safe_load(Path(__file__).with_name("every_page.yml").read_text("utf-8"))["console"].values()
PAPERS = ("visit_kit", "visit_record", "family_sheet", "safety_plan", "referral_letter")


def writes_everywhere(person: Resident, words: list[str]) -> None:
    """Say each of them beside an alarm, and put them into every field that takes words."""
    for text in words:
        person.says(f"{ALARM}{text}")
        person.town.clock.advance(seconds=20)
    for field, text in zip(("name", "trusted_person", "address", "phone"), words, strict=False):
        value = f"浦沿街道东冠社区{text}" if field == "address" else text
        body = {"client_id": str(uuid.uuid4()), "field": field, "value": value[:200]}
        assert person.sends("POST", "/contact", body).status_code in (200, 409, 422)
    steps = [step.id for step in read_skills()["safety_plan"].kept_steps()]
    plan = {"steps": dict(zip(steps, words, strict=False)), "shared": True}
    kept = person.sends("PUT", "/plan", plan)
    assert kept.status_code == 200, kept.text


def wishes(town: ServedTown, code: str, words: list[str]) -> None:
    """On the page of one's own matter, without a login."""
    for kind, text in zip(("suits", "not_home", "object", "thanks"), words[4:], strict=False):
        body = {"client_id": str(uuid.uuid4()), "kind": kind, "text": text[:200]}
        answer = town.ask("POST", f"/api/progress/{code}/wishes", json=body)
        assert answer.status_code in (200, 201, 204), (answer.status_code, answer.text)


def reads_the_ticket(desk: Device, code: str, words: list[str]) -> None:
    """Lift both veils: what was typed stands there as letters."""
    desk.go(f"/console/tickets/{code}")
    desk.see("ticket-head")
    for sealed in ("words", "identity"):
        desk.press(f"open-{sealed}")
        desk.press("reason-0")
        desk.press("reason-submit")
    shown = desk.see("words")
    for text in words:
        expect(shown).to_contain_text(text)
    desk.see("identity")
    desk.see("timeline")


def walks(desk: Device, *paths: str) -> None:
    for path in paths:
        desk.go(f"/console{path}")
        expect(desk.page.locator("main").first).to_be_visible()
        desk.page.wait_for_load_state("networkidle")


def logged_in(pages: Chromium, officer: Officer) -> Device:
    desk = pages.desk()
    desk.logs_in(officer.username, PASSWORD)
    return desk


def printed(desk: Device, *paths: str) -> None:
    for path in paths:
        desk.go(path)
        expect(desk.page.locator("h1").first).to_be_visible()


def a_partner_reads_the_name(
    pages: Chromium, town: ServedTown, officer: Officer, *codes: tuple[str, list[str]]
) -> None:
    """Whoever is asked to look in on somebody in danger is told the name that they gave."""
    with town.database.transaction() as db:
        db.add(new_account("shequ", PASSWORD, "王社工", "partner", "puyan-community", demo=True))
    due = (town.clock() + timedelta(hours=4)).isoformat()
    asked = {"partner": "puyan-community", "what": "look_in", "ask": "下午去敲个门", "due_at": due}
    for code, _ in codes:
        officer.on(code, "sub-tasks", **asked, with_name=True)
    partner = pages.desk()
    partner.logs_in("shequ", PASSWORD)
    shown = partner.see("partner-tasks")
    for _, (name, *_) in codes:
        expect(shown).to_contain_text(name)


def an_administrator_looks_everywhere(pages: Chromium, town: ServedTown, code: str) -> None:
    """Each of their pages, a rehearsal, and the trail of one ticket: no word of a resident's stands there at all."""
    desk = logged_in(pages, town.officer("desk", "administrator", "郑伟"))
    for row in ROWS:
        if row["who"] == "administrator":
            walks(desk, row["path"])
            nothing_said(desk)
    desk.go("/console/rules")
    desk.page.select_option("[data-test=rules-file]", "policy:home_visit")
    text = desk.see("rules-text").input_value()
    desk.write("rules-text", text.replace("acknowledge: {within: 15m}", "acknowledge: {within: 10m}"))
    desk.press("rules-rehearse")
    desk.see("rehearsal")
    nothing_said(desk)
    desk.go("/console/audit")
    desk.write("audit-ticket", code)
    desk.press("audit-search")
    expect(desk.at("audit-entry").first).to_contain_text(code)
    nothing_said(desk)


def nothing_said(desk: Device) -> None:
    shown = desk.page.content() + desk.page.locator("body").inner_text()
    assert [text for text in HOSTILE if text in shown or escape(text) in shown] == []


def test_nothing_that_a_resident_types_runs_on_any_page(pages: Chromium, served: ServedTown) -> None:
    assert len(set(HOSTILE)) == 60
    onlooker = served.officer("puyan", name="周旁观")
    codes: dict[str, list[str]] = {}
    for words in (HOSTILE[n : n + 10] for n in range(0, 60, 10)):
        person = served.resident("puyan-hall")
        person.agrees()
        writes_everywhere(person, words)
        served.jobs()
        (code,) = {one["code"] for one in onlooker.tickets()} - set(codes)
        codes[code] = words
        assert person.turn.alarm
        wishes(served, person.turn.alarm.code, words)

    officer = served.officer("puyan")
    desk = logged_in(pages, officer)
    for code, words in codes.items():
        officer.acknowledges(code)
        officer.on(code, "calls", outcome="spoke", need="visit", note=words[0])
        officer.on(code, "visits", outcome="met", findings=["debt"], note=words[1])
        reads_the_ticket(desk, code, words)
        walks(desk, *(f"/tickets/{code}/papers/{kind}" for kind in PAPERS), f"/tickets/{code}/chat")
    walks(desk, "/list/open", "/list/mine", "/day")
    desk.shot("list")
    lead = logged_in(pages, served.officer("puyan", "supervisor", "陆远山"))
    walks(lead, "/list/open", "/board", "/duty", "/people", "/report", "/wall", "/campaigns")
    printed(lead, "/api/staff/report/page", "/api/staff/call-list")
    auditor = logged_in(pages, served.officer("desk", "auditor", "审计员"))
    walks(auditor, "/audit", f"/tickets/{next(iter(codes))}")
    a_partner_reads_the_name(pages, served, officer, *codes.items())
    an_administrator_looks_everywhere(pages, served, next(iter(codes)))
    pages.nothing_personal(ALARM, "elsewhere.invalid")
