"""A kiosk with its network cut: the questions stay, and the ticket comes when the network is back (KI7)."""

import re
from datetime import date

import pytest
from playwright.sync_api import expect

from residents import place_codes
from tests.support.browser import Chromium
from tests.support.served_town import ServedTown

pytestmark = pytest.mark.slow

PATIENCE_MS = 120_000


def test_with_the_network_cut_the_questions_stay_and_the_ticket_comes_when_it_is_back(
    pages: Chromium, served: ServedTown
) -> None:
    keys = served.services.kiosks.set_up("puyan-hall", "ops")
    signed = place_codes.make(served.database.vault.sign, "puyan-hall", date(2030, 1, 1), site="binjiang")
    kiosk = pages.kiosk()
    kiosk.context.set_default_timeout(PATIENCE_MS)
    with kiosk.page.expect_response(re.compile(r"/api/kiosk/offline$")):
        kiosk.go(f"/kiosk/{signed}#{keys.key}")
    kiosk.see("attract")

    kiosk.may(r"/api/")  # from here on nobody answers
    kiosk.context.set_offline(True)
    expect(kiosk.at("screen-offline")).to_be_visible(timeout=PATIENCE_MS)
    kiosk.shot("no-network")
    kiosk.press("screen-offline")
    kiosk.reads("暂时没有人看到")
    kiosk.press("away-begin")
    for number in range(9):
        expect(kiosk.see("question-number")).to_contain_text(f"第 {number + 1} 题")
        kiosk.press(f"option-{1 if number == 8 else 0}")
    expect(kiosk.see("away-window")).to_contain_text("请到窗口")
    kiosk.reads("您答的还没有人看到")
    kiosk.shot("go-to-the-window")
    kiosk.press("finish")
    kiosk.see("attract")
    assert kiosk.stored() == '[{},{},null,"","",[],[]]'
    assert served.officer("puyan").tickets() == []

    with kiosk.page.expect_response(re.compile(r"/api/kiosk/parcels$"), timeout=PATIENCE_MS) as posted:
        kiosk.context.set_offline(False)
    assert posted.value.status == 200
    assert served.officer("puyan").only_ticket()["level"] == "orange"
