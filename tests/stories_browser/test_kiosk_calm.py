"""A serious result at a kiosk: nothing that a queue could read, and somebody of the hall who comes by (K9)."""

import re
from datetime import date

import pytest
from playwright.sync_api import expect

from residents import place_codes
from tests.stories_browser.test_kiosk import and_clears
from tests.support.acting_dialogue import ActingDialogue
from tests.support.browser import Chromium, Device
from tests.support.served_town import ServedTown
from tests.support.town import PASSWORD

pytestmark = pytest.mark.slow

PATIENCE_MS = 120_000
LEVELS = re.compile(r"[蓝黄橙红]色|留意一下|建议聊聊|建议有人帮忙|请让我们现在就帮您|得分|总分|最多 \d+")
STEPS = ("question-text", "screening-begin", "back-to-question", "review-done", "contact", "see-result")


@pytest.fixture
def dialogue() -> ActingDialogue:
    return ActingDialogue()


def answers_heavily(kiosk: Device) -> None:
    """Most of the days for each question, except the one about being better off dead."""
    while True:
        kiosk.page.locator(", ".join(f"[data-test={name}]:visible" for name in STEPS)).first.wait_for()
        if kiosk.at("screening-begin").count():
            kiosk.press("screening-begin")
            kiosk.see("question-text")
        elif kiosk.at("question-text").count():
            better_dead = "死" in kiosk.see("question-text").inner_text()
            kiosk.answers(0 if better_dead else 3)
        elif kiosk.at("back-to-question").count():
            kiosk.press("back-to-question")  # what is promised stands in the chat; the questions go on
        else:
            return


def test_a_serious_result_is_calm_on_the_screen_and_somebody_comes_by(
    pages: Chromium, served: ServedTown
) -> None:
    signed = place_codes.make(served.database.vault.sign, "puyan-hall", date(2030, 1, 1), site="binjiang")
    account = served.officer("puyan")
    kiosk = pages.kiosk()
    kiosk.context.set_default_timeout(PATIENCE_MS)
    kiosk.go(f"/kiosk/{signed}")
    kiosk.press("door-screen")
    kiosk.press("start")
    for consent in ("chat", "screening"):
        kiosk.tick(f"tick-{consent}")
    kiosk.press("agree")
    answers_heavily(kiosk)
    if kiosk.at("review-done").count():
        kiosk.press("review-done")
        kiosk.see("result")
    kiosk.shot("a-calm-page")
    shown = kiosk.page.locator("body").inner_text()
    assert not LEVELS.search(shown)
    assert kiosk.at("sheet-called").count() == 0, "nothing says that somebody was called"
    assert "对方" not in shown

    assert account.only_ticket()["level"] == "orange", "the ticket stands"
    officer = pages.desk()
    officer.context.set_default_timeout(PATIENCE_MS)
    officer.logs_in(account.username, PASSWORD)
    call = officer.see("desk-call")
    expect(call).to_contain_text("对方没有叫人")
    expect(call).not_to_contain_text("题")
    officer.shot("somebody-is-to-look-in")
    officer.press("desk-call-answer")
    officer.reads("请现在过去")

    and_clears(kiosk, lambda: kiosk.press("finish"))
    assert kiosk.cookies() == []
