"""The kiosk in a hall: three doors, and nothing of anybody for the one who comes next."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.stories_browser.conftest import Street
from tests.support.browser import Chromium, Device

pytestmark = pytest.mark.slow

WORDS = "老伴走了以后，家里空落落的"


def talks(kiosk: Device) -> None:
    """Through the first door, and some words."""
    kiosk.press("door-talk")
    kiosk.press("start")
    for consent in ("chat", "screening"):
        kiosk.tick(f"tick-{consent}")
    kiosk.press("agree")
    kiosk.see("chat")
    kiosk.settles()
    kiosk.says(WORDS)
    kiosk.reads(WORDS)


def nothing_is_left(kiosk: Device) -> None:
    """Neither on the screen nor behind it, nor one step back, nor on the server for this browser."""
    kiosk.see("attract")
    page = kiosk.page
    assert WORDS not in page.content()
    assert kiosk.cookies() == []
    assert kiosk.stored() == '[{},{},null,"","",[],[]]'
    depth = page.evaluate("() => history.length")
    kiosk.may(r"/api/session$")
    assert page.request.get("/api/session").status == 401
    page.go_back()
    assert WORDS not in page.content()
    page.go_forward()
    kiosk.see("attract")
    assert WORDS not in page.content()
    assert page.evaluate("() => history.length") == depth
    expect(kiosk.at("bubble-resident")).to_have_count(0)


def test_three_doors(browser: Chromium, street: Street) -> None:
    kiosk = browser.kiosk()
    kiosk.go(f"/kiosk/{street.signed('puyan-hall')}")
    expect(kiosk.see("attract")).to_contain_text("浦沿街道便民服务中心")
    doors = kiosk.page.locator("[data-test^=door-]")
    expect(doors).to_have_count(3)
    kiosk.shot("attract")
    kiosk.press("door-window")
    kiosk.see("window-page")
    kiosk.shot("window")
    kiosk.press("window-back")
    kiosk.press("door-screen")
    kiosk.see("first-screen")
    kiosk.shot("first-screen")
    kiosk.press("start")
    for consent in ("chat", "screening"):
        kiosk.tick(f"tick-{consent}")
    kiosk.shot("ticks")
    kiosk.press("agree")
    kiosk.press("screening-begin")
    kiosk.see("question-text")
    kiosk.shot("question")
    kiosk.press("finish")
    kiosk.see("attract")


def test_finish_and_clear_leaves_nothing(browser: Chromium, street: Street) -> None:
    kiosk = browser.kiosk()
    kiosk.go(f"/kiosk/{street.signed('puyan-hall')}")
    talks(kiosk)
    kiosk.shot("chat")
    kiosk.press("cover")
    kiosk.see("uncover")
    kiosk.shot("covered")
    kiosk.press("uncover")
    kiosk.press("elder")
    kiosk.shot("large-type")
    and_clears(kiosk, lambda: kiosk.press("finish"))
    kiosk.shot("cleared")
    nothing_is_left(kiosk)
    browser.nothing_personal(WORDS)


def test_nobody_there_any_more(browser: Chromium, street: Street) -> None:
    kiosk = browser.kiosk()
    kiosk.page.clock.install()
    kiosk.go(f"/kiosk/{street.signed('puyan-hall')}")
    talks(kiosk)
    kiosk.page.clock.fast_forward(61_000)
    kiosk.see("idle-question")
    kiosk.shot("are-you-there")
    kiosk.press("idle-stay")
    expect(kiosk.at("idle-question")).to_have_count(0)
    kiosk.reads(WORDS)

    kiosk.page.clock.fast_forward(61_000)
    kiosk.see("idle-question")
    and_clears(kiosk, lambda: kiosk.page.clock.fast_forward(31_000))
    nothing_is_left(kiosk)


def test_somebody_calls_a_person_to_the_kiosk(browser: Chromium, street: Street) -> None:
    officer = browser.desk()
    officer.logs_in(*street.account("puyan2"))
    kiosk = browser.kiosk()
    kiosk.go(f"/kiosk/{street.signed('puyan-hall')}")
    kiosk.see("attract")
    kiosk.press("call-staff")
    kiosk.see("sheet-called")
    kiosk.shot("called")
    expect(officer.see("desk-call")).to_contain_text("浦沿街道便民服务中心")
    officer.shot("somebody-waits-at-the-kiosk")
    officer.press("desk-call-answer")
    officer.reads("请现在过去")
    expect(officer.at("desk-call")).to_have_count(0)
    kiosk.press("close-called")
    and_clears(kiosk, lambda: kiosk.press("finish"))
    assert kiosk.cookies() == []


def and_clears(kiosk: Device, act: Callable[[], object]) -> None:
    """Does what clears the kiosk, and waits until the page has been loaded afresh."""
    asked = kiosk.page.expect_response(re.compile(r"/api/district"))
    with asked, kiosk.page.expect_navigation(wait_until="load"):
        act()
    kiosk.see("attract")
