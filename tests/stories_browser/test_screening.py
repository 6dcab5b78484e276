"""Screening in a real browser over a whole district in one process: a group screening from making it to what may be
said of it, a phone that is lent and given back, and when somebody is asked again."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from residents import place_codes
from server.jobs import plans_round
from tests.journeys.test_campaign import COMPANY, colleagues
from tests.stories_browser.test_results import phone_of
from tests.support.browser import Chromium, Device
from tests.support.served_town import ServedTown
from tests.support.town import PASSWORD, Officer

pytestmark = pytest.mark.slow

CALM = (30, 14, 12, 3, 1)
"""So many colleagues of each level, from green to red."""


def at_desk(pages: Chromium, officer: Officer) -> Device:
    desk = pages.desk()
    desk.logs_in(officer.username, PASSWORD)
    return desk


def scans(pages: Chromium, served: ServedTown, place: str) -> Device:
    """A phone that has read the code of a place."""
    until = served.clock().date().replace(year=2030)
    phone = pages.phone()
    phone.go(f"/q/{place_codes.make(served.database.vault.sign, place, until, site='binjiang')}")
    return phone


NEXT = ("question-text", "screening-begin", "result", "review-done", "lent")
"""What a phone shows between two answers: the next question, the first page of a form, or an end."""


def answers_all(phone: Device, value: int = 0) -> int:
    """Answers one question after the other until none is left; how many there were."""
    many = 0
    while True:
        phone.page.locator(", ".join(f"[data-test={name}]:visible" for name in NEXT)).first.wait_for()
        if phone.at("screening-begin").count():
            phone.press("screening-begin")
            phone.see("question-text")
        elif phone.at("question-text").count():
            phone.answers(value)
            many += 1
        else:
            return many


def test_a_company_asks_everybody_and_learns_what_nobody_can_be_found_in(
    served: ServedTown, pages: Chromium
) -> None:
    administrator = served.officer("desk", "administrator", "韩雪")
    desk = at_desk(pages, administrator)
    desk.go("/console/campaigns")
    desk.press("campaign-new")
    desk.write("campaign-name", "秋天的关怀")
    desk.see("campaign-place").select_option(COMPANY)
    desk.see("campaign-entrance").select_option("employee")
    desk.write("campaign-from", "2026-11-23")
    expect(desk.see("campaign-submit")).to_be_disabled()
    desk.write("campaign-to", "2026-11-29")
    desk.press("campaign-submit")
    made = desk.see("campaign")
    expect(made).to_contain_text("秋天的关怀")
    expect(made).to_contain_text("11月23日到11月29日")
    desk.shot("made", whole=True)

    with desk.context.expect_page() as opened:
        desk.press("campaign-poster")
    poster = opened.value
    expect(poster.locator("svg").first).to_be_visible()
    poster.close()

    phone = scans(pages, served, COMPANY)
    phone.press("start")
    for consent in ("chat", "screening"):
        phone.tick(f"tick-{consent}")
    phone.press("agree")
    phone.press("menu")
    phone.press("menu-entrances")
    phone.see("entrances")
    first = phone.page.locator("[data-test^=entrance-]").first
    expect(first).to_have_attribute("data-test", "entrance-employee")
    phone.shot("at-the-company")
    phone.press("entrance-employee")
    phone.press("length-ultra")
    phone.see("screening-begin")
    assert answers_all(phone) >= 4

    colleagues(served, CALM)
    plans_round(served.services)
    desk.page.reload()
    expect(desk.see("campaign")).to_be_visible()
    assert desk.at("campaign-total").count() == 0, "nobody sees a number while it runs"

    served.clock.advance(days=7)
    desk = at_desk(pages, administrator)
    desk.go("/console/campaigns")
    over = desk.see("campaign-sentence").inner_text()
    assert desk.at("campaign-poster").count() == 0, "it is over"
    assert desk.at("campaign-total").count() == 0
    plans_round(served.services)
    desk.page.reload()
    expect(desk.see("campaign-total")).to_contain_text("61")
    assert desk.see("campaign-sentence").inner_text() != over
    shown = [
        re.sub(r"\s+", " ", row.inner_text()).strip()
        for row in desk.page.locator("[data-test=campaign-cells] tbody tr").all()
    ]
    assert [row.rsplit(" ", 1)[0] for row in shown] == ["平稳 31", "留意一下 14", "建议聊聊、建议有人帮忙 16"]
    desk.shot("published", whole=True)
    pages.nothing_personal("PHQ", "phq")


def test_a_phone_is_lent_to_one_person_and_given_back(served: ServedTown, pages: Chromium) -> None:
    resident = served.resident("puyan-hall")
    resident.agrees(screening=False)
    resident.chooses("call_me_back")
    officer = served.officer("puyan")
    code = officer.only_ticket()["code"]
    officer.acknowledges(code)

    desk = at_desk(pages, officer)
    desk.go(f"/console/tickets/{code}")
    desk.press("lend-take")
    digits = desk.see("lend-code").inner_text()
    desk.shot("the-code")

    lent = pages.phone()
    lent.go("/")
    lent.press("redeem-open")
    lent.write("redeem-code", digits)
    lent.press("redeem-go")
    expect(lent.see("lent")).to_contain_text("这部手机现在给您用")
    lent.shot("lent")
    assert lent.at("say").count() == 0, "no chat on a phone that is lent"
    lent.press("lent-agree")
    lent.press("lent-begin")
    lent.see("screening-begin")
    assert answers_all(lent) >= 4
    if lent.at("review-done").count():
        lent.press("review-done")
    lent.see("lent")
    for path in ("/", "/q/anything"):
        lent.go(path)
        if lent.at("start").count():
            lent.press("start")
        lent.see("lent")
        assert lent.at("say").count() == 0, "another address of the same phone opens nothing else"

    if lent.at("lent-give-back").count():
        lent.press("lent-give-back")
    lent.may(r"/api/session/unlock$")
    lent.write("lent-username", officer.username)
    lent.write("lent-password", "not the password")
    lent.press("lent-unlock")
    lent.see("trouble-sentence")
    lent.press("close-trouble")
    lent.write("lent-password", PASSWORD)
    lent.press("lent-unlock")
    expect(lent.at("lent")).to_have_count(0)
    lent.shot("given-back")
    lent.go("/")
    assert lent.at("lent").count() == 0
    assert resident.sends("GET", "").status_code == 200, "her own phone goes on"

    desk.press("open-results")
    expect(desk.at("administration").first).to_be_visible()


def test_when_she_is_asked_again_and_her_no(served: ServedTown, pages: Chromium, tmp_path: Path) -> None:
    resident = served.resident("puyan-hall")
    resident.agrees()
    resident.completes(mood=1)
    resident.chooses("call_me_back")
    officer = served.officer("puyan")
    code = officer.only_ticket()["code"]
    officer.acknowledges(code)

    desk = at_desk(pages, officer)
    desk.go(f"/console/tickets/{code}")
    desk.press("open-results")
    desk.press("again-open")
    desk.press("again-every-7")
    desk.write("again-from", "2026-11-23")
    desk.shot("the-plan")
    desk.press("again-submit")
    expect(desk.see("again-standing")).to_have_text("每 7 天一次，下次 2026 年 11 月 23 日。沈青约的。")
    desk.see("again-standing").scroll_into_view_if_needed()
    desk.shot("planned")

    desk.page.locator("[data-test^=export-]").first.click()
    desk.press("reason-0")
    with desk.page.expect_download() as download:
        desk.press("reason-submit")
    bundle = tmp_path / "bundle.json"
    download.value.save_as(bundle)
    assert download.value.suggested_filename.endswith(".fhir.json")
    kept = json.loads(bundle.read_text("utf-8"))
    assert kept["resourceType"] == "Bundle"
    assert "QuestionnaireResponse" in {entry["resource"]["resourceType"] for entry in kept["entry"]}

    served.clock.advance(hours=2)
    plans_round(served.services)
    phone = phone_of(pages, served, resident)
    phone.press("start")
    expect(phone.see("resume")).to_contain_text("又见面了")
    phone.shot("asked-again")
    phone.press("resume-never")
    phone.reads("往后不再来问您")
    assert phone.at("resume").count() == 0
    phone.shot("her-no")

    desk.page.reload()
    desk.press("open-results")
    expect(desk.see("again-standing")).to_contain_text("不要再提醒")
    assert desk.at("again-open").count() == 0
    pages.nothing_personal("PHQ", "phq9")
