"""A result the second time round, on a phone and at a desk, in a real browser over a whole district in one process."""

import re
from pathlib import Path

import pypdfium2
import pytest
from playwright.sync_api import expect

from server.callers import SessionCookie
from tests.support.browser import Chromium, Device
from tests.support.served_town import ServedTown
from tests.support.town import PASSWORD, Resident

pytestmark = pytest.mark.slow

NARROW = 390


def answers(resident: Resident, first_two: int, others: int, worry: tuple[int, int]) -> None:
    """A whole screening: what is asked at first, and what the longer forms ask after it."""
    resident.chooses("start_screening")
    while (asked := resident.turn.screening) is not None:
        if asked.instrument == "asq" or (asked.instrument == "phq9" and asked.item == "q9"):
            resident.answers(0)
        elif asked.instrument in ("gad2", "gad7"):
            resident.answers(worry[0 if asked.item in ("q1", "q2") else 1])
        else:
            resident.answers(first_two if asked.item in ("q1", "q2") else others)


def phone_of(pages: Chromium, served: ServedTown, resident: Resident) -> Device:
    phone = pages.phone()
    phone.context.add_cookies(
        [
            {
                "name": SessionCookie, "value": resident.token, "domain": "127.0.0.1", "path": "/", "secure": True,
                "httpOnly": True, "sameSite": "Strict",
            }
        ]
    )  # fmt: skip
    phone.go("/")
    return phone


def fits(device: Device, width: int) -> bool:
    return device.page.evaluate("document.documentElement.scrollWidth") <= width


def test_her_own_trend_and_her_sheet_of_paper(served: ServedTown, pages: Chromium, tmp_path: Path) -> None:
    resident = served.resident("puyan-poster-1")
    resident.agrees()
    answers(resident, 3, 1, (2, 2))  # PHQ-9 12, GAD-7 14
    served.clock.advance(hours=4)
    answers(resident, 2, 1, (2, 0))  # PHQ-9 10: inside the band; GAD-7 4: outside

    phone = phone_of(pages, served, resident)
    phone.press("start")
    phone.page.locator("[data-test=see-result]:visible, [data-test=review-done]:visible").first.click()
    trends = phone.see("result-trends")
    expect(trends).to_contain_text("没有明显变化")
    expect(trends).to_contain_text("比上次轻了一些")
    assert phone.at("trend-chart").count() == 0, "scores stay behind the fold"
    shown = re.sub(r"\s", "", phone.see("result").inner_text())
    assert not re.search(r"1[024]分|得分[:：]?\d", shown)
    order = [
        shown.index(word)
        for word in ("谢谢您", "今晚可以做的", "我们会做的", "想跟人说说", "和以前比", "存到手机", "详细")
    ]
    assert order == sorted(order)
    phone.shot("second-result", whole=True)

    phone.page.locator("[data-test=result-charts] summary").click()
    chart = phone.page.locator("[data-test=trend-chart]", has_text="PHQ-9")
    expect(chart.locator("svg")).to_be_visible()
    for words in ("12", "10"):
        expect(chart.locator("svg text", has_text=re.compile(f"^{words}$")).first).to_be_visible()
    expect(chart.locator("tbody tr")).to_have_count(2)
    assert fits(phone, NARROW)
    chart.scroll_into_view_if_needed()
    phone.shot("trend-chart")
    phone.page.locator("[data-test=trend-chart]").last.scroll_into_view_if_needed()
    phone.shot("trend-tables")
    phone.page.emulate_media(media="print", color_scheme="light")
    phone.shot("in-print", whole=True)
    phone.page.emulate_media(media="screen")

    with phone.page.expect_download() as download:
        phone.press("result-save")
    assert download.value.suggested_filename == "给自己的话.pdf"
    kept = tmp_path / "kept.pdf"
    download.value.save_as(kept)
    said = "".join(page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(kept))
    assert "今晚可以做的" in said
    assert "12356" in said


def test_the_worker_reads_results_beside_the_reasons(served: ServedTown, pages: Chromium) -> None:
    resident = served.resident("puyan-hall")
    resident.agrees()
    resident.completes(mood=2, worry=2, q9=1)
    served.jobs()
    for mood in (3, 2):
        served.clock.advance(hours=4)
        resident.completes(mood=mood, worry=2, q9=1)
        served.jobs()
    officer = served.officer("puyan")
    code = officer.only_ticket()["code"]

    desk = pages.desk()
    desk.logs_in(officer.username, PASSWORD)
    desk.go(f"/console/tickets/{code}")
    desk.see("results")
    assert desk.at("administration").count() == 0
    desk.press("open-results")
    trend = desk.page.locator("[data-test=worker-trend]", has_text="PHQ-9").first
    expect(trend.locator("svg")).to_be_visible()
    expect(trend.locator("[data-test=since-last]")).to_contain_text("可靠变化")
    expect(trend.locator("svg text", has_text="误差下限").first).to_be_visible()
    expect(desk.at("administration").first).to_be_visible()
    trend.scroll_into_view_if_needed()
    desk.shot("trend-with-its-band")
    desk.shot("all-of-it", whole=True)
    desk.page.set_viewport_size({"width": NARROW, "height": 844})
    trend.scroll_into_view_if_needed()
    assert fits(desk, NARROW)
    desk.shot("on-the-phone")
    desk.press("cover-results")
    assert desk.at("administration").count() == 0
    pages.nothing_personal("PHQ", "phq9")
