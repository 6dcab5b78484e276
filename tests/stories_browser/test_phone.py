"""More stories of the phone: a worker comes into the chat, somebody leaves half-way, somebody has no mouse."""

import pytest
from playwright.sync_api import expect

from tests.stories_browser.conftest import Street
from tests.support.browser import Chromium, Device

pytestmark = pytest.mark.slow


def begins(phone: Device, street: Street, place: str) -> None:
    """From the poster into the chat, with every consent."""
    phone.go(f"/q/{street.signed(place)}")
    phone.press("start")
    for consent in ("chat", "screening", "contact", "share"):
        phone.tick(f"tick-{consent}")
    phone.press("agree")
    phone.see("chat")
    phone.settles()


def test_a_worker_comes_into_the_chat(browser: Chromium, street: Street) -> None:
    phone = browser.phone()
    begins(phone, street, "changhe-poster-1")
    rung_before = len(street.notices())
    phone.write("say", "活着没意思，不想活了")
    phone.press("send")
    phone.see("alarm")
    phone.settles()
    street.stack.until(lambda: len(street.notices()) > rung_before, 60)
    code = street.notices()[rung_before]["ticket"]

    officer = browser.desk()
    officer.logs_in(*street.account("changhe"))
    officer.page.locator(f'[data-test=ticket-row][data-code="{code}"]').click()
    officer.press("primary-acknowledge")
    officer.press("open-chat")
    officer.press("chat-join")
    banner = phone.see("worker-banner")
    expect(banner).to_contain_text("司法所工作人员")
    expect(banner).to_contain_text("方宁")
    expect(phone.see("bubble-worker")).to_contain_text("我是长河司法所的方宁")
    phone.settles()
    phone.shot("a-worker-is-here")

    program_said = phone.at("bubble-program").count()
    phone.write("say", "谢谢，我在家里，一个人")
    phone.press("send")
    expect(officer.see("chat-messages")).to_contain_text("我在家里，一个人")
    officer.shot("the-worker-reads")
    officer.write("chat-text", "我在听，您慢慢说。")
    officer.press("chat-send")
    expect(phone.at("bubble-worker")).to_have_count(2)
    assert phone.at("bubble-program").count() == program_said, "the program is silent while a person talks"
    expect(phone.at("choice-talk")).to_have_count(0)

    officer.press("chat-leave")
    officer.see("chat-join")
    expect(phone.at("worker-banner")).to_have_count(0)
    phone.settles()
    phone.shot("the-worker-has-left")
    browser.nothing_personal("不想活", "一个人")


def test_the_phone_is_put_away_half_way(browser: Chromium, street: Street) -> None:
    phone = browser.phone()
    begins(phone, street, "xixing-poster-1")
    phone.press("choice-start_screening")
    phone.press("screening-begin")
    phone.answers(2)
    phone.answers(2)
    phone.press("screening-begin")
    phone.answers(0)
    where = phone.see("question-number").inner_text()
    asked = phone.see("question-text").inner_text()

    phone.page.close()
    phone.turns("/")
    phone.see("first-screen")
    phone.press("start")
    phone.see("resume")
    phone.settles()
    phone.shot("come-back")
    phone.press("resume-yes")
    expect(phone.see("question-number")).to_have_text(where)
    expect(phone.see("question-text")).to_have_text(asked)
    phone.press("previous")
    expect(phone.page.locator("[data-test=option-0] input")).to_be_checked()
    phone.shot("the-answer-is-kept")

    other = browser.phone()
    begins(other, street, "xixing-poster-1")
    expect(other.at("resume")).to_have_count(0)


def test_whoever_leaves_leaves_nothing_on_a_shared_phone(browser: Chromium, street: Street) -> None:
    phone = browser.phone()
    begins(phone, street, "xixing-poster-2")
    phone.says("婆婆老说我，心里堵得慌")
    phone.press("leave")
    phone.see("end-screen")
    phone.shot("left")
    expect(phone.page.locator("body")).not_to_contain_text("婆婆")
    assert phone.cookies() == []
    assert "婆婆" not in phone.stored()

    phone.press("again")
    phone.press("start")
    phone.see("consent-screen")  # whoever it is now is asked anew
    phone.page.go_back()
    expect(phone.page.locator("body")).not_to_contain_text("婆婆")
    browser.nothing_personal("婆婆")


def test_somebody_answers_with_the_keyboard_alone(browser: Chromium, street: Street) -> None:
    phone = browser.desk()
    phone.go(f"/q/{street.signed('puyan-poster-2')}")
    phone.see("first-screen")
    tabs_to(phone, "start")
    phone.page.keyboard.press("Enter")
    phone.see("consent-screen")
    for consent in ("chat", "screening"):
        tabs_to(phone, f"tick-{consent}")
        phone.page.keyboard.press("Space")
        expect(phone.page.locator(f"[data-test=tick-{consent}]")).to_be_checked()
    phone.shot("ticks-by-keyboard")
    tabs_to(phone, "agree")
    phone.page.keyboard.press("Enter")
    phone.see("chat")
    phone.settles()
    tabs_to(phone, "choice-start_screening")
    phone.page.keyboard.press("Enter")
    phone.see("screening-begin")
    tabs_to(phone, "screening-begin")
    phone.page.keyboard.press("Enter")

    for _ in range(2):
        phone.see("question-text")
        tabs_to(phone, "option-0")
        phone.page.keyboard.press("Space")
        phone.page.keyboard.press("ArrowDown")
        expect(phone.page.locator("[data-test=option-1] input")).to_be_checked()
        expect(phone.at("undo")).to_have_count(0)  # keys never send by themselves
        expect(phone.see("next")).to_be_enabled()
        phone.shot("answered-by-keyboard")
        phone.passes_question(lambda: phone.page.keyboard.press("Enter"))

    tabs_to(phone, "menu", backwards=True)
    phone.page.keyboard.press("Enter")
    phone.see("sheet-menu")
    phone.shot("menu")
    phone.page.keyboard.press("Escape")
    expect(phone.at("sheet-menu")).to_have_count(0)
    assert focused(phone) == "menu", "the focus comes back to where it was"
    tabs_to(phone, "leave", backwards=True)
    phone.page.keyboard.press("Enter")
    phone.see("end-screen")


def focused(device: Device) -> str:
    """The name of what has the focus, or of the named thing around it."""
    return str(
        device.page.evaluate(
            "() => document.activeElement?.closest('[data-test]')?.getAttribute('data-test') ?? ''"
        )
    )


def tabs_to(device: Device, name: str, *, backwards: bool = False) -> None:
    """Press the tabulator until the element has the focus."""
    for _ in range(40):
        if focused(device) == name:
            return
        device.page.keyboard.press("Shift+Tab" if backwards else "Tab")
    pytest.fail(f"the tabulator never comes to {name}")
