"""The check-up report and the documents of a case in a real browser: a lead reads the month at a desk and takes its PDF
and its spreadsheet; an officer opens the visit kit of a red ticket on a phone, at the door.

A district in one process (no Rasa, no stack).
"""

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pypdfium2
import pytest
from playwright.sync_api import expect

from escalation.triage import Level
from server.settings import ROOT
from storage.database import Database
from tests.report.test_town import screened
from tests.stories_browser.conftest import FAILED
from tests.support.browser import Chromium, Device, Shots
from tests.support.clock import MovableClock
from tests.support.served_town import ServedTown
from tests.support.town import PASSWORD, Officer

pytestmark = pytest.mark.slow

NAME, PHONE, ADDRESS = "余晚晴", "13812345678", "浦沿街道东冠路 1 号 2 幢 301"
WORDS = "我不想活了，药我已经准备好了"
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
SERIOUS = """async () => (await axe.run(document, {preload: false})).violations
  .filter((one) => ['serious', 'critical'].includes(one.impact)).map((one) => one.id + ': ' + one.nodes[0].html)"""
WIDE = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
WHOLE = """() => [...document.querySelectorAll('main *, .card *')]
  .filter((one) => one.children.length === 0 && one.scrollWidth > one.clientWidth + 1
    && getComputedStyle(one).display !== 'inline' && one.clientWidth > 0)
  .map((one) => one.textContent)"""


@pytest.fixture
def served(database: Database, clock: MovableClock, tmp_path: Path) -> Iterator[ServedTown]:
    with ServedTown(database, clock, tmp_path) as town:
        yield town


@pytest.fixture
def desks(served: ServedTown, shots: Shots, request: pytest.FixtureRequest) -> Iterator[Chromium]:
    """A browser of this story alone; at its end, nothing odd may have happened on any page."""
    with Chromium(served.base_url, request.node.name.removeprefix("test_"), shots) as running:
        yield running
        if request.node.stash.get(FAILED, False):
            for device in running.devices:
                device.shot("when-it-failed")
            return
    running.nothing_odd()


def in_danger(town: ServedTown) -> tuple[Officer, str]:
    """Somebody in Puyan is in danger, and an officer of the street has taken it; the ticket's code."""
    resident = town.resident("puyan-hall")
    resident.agrees()
    resident.says(WORDS)
    for field, value in (("name", NAME), ("phone", PHONE), ("address", ADDRESS)):
        resident.tells(field, value)
    town.jobs()
    officer = town.officer("puyan")
    code = str(officer.only_ticket()["code"])
    officer.acknowledges(code)
    return officer, code


def taken(device: Device, mark: str) -> tuple[str, bytes]:
    """The file that a press gives, with its name."""
    with device.page.expect_download() as waiting:
        device.press(mark)
    return waiting.value.suggested_filename, Path(waiting.value.path()).read_bytes()


def looks_right(device: Device, shot: str) -> None:
    """Nothing wider than its screen, nothing cut off, nothing that a reader of screens would stumble over."""
    assert device.page.evaluate(WIDE)
    assert device.page.evaluate(WHOLE) == []
    device.page.evaluate(AXE.read_text(encoding="utf-8"))
    assert device.page.evaluate(SERIOUS) == []
    device.shot(shot, whole=True)


def test_a_lead_reads_the_month_and_takes_it_along(desks: Chromium, served: ServedTown) -> None:
    last_month = datetime(2026, 10, 10, 4, tzinfo=UTC)
    screened(served, "puyan-hall", Level.GREEN, 14, last_month)
    screened(served, "puyan-hall", Level.YELLOW, 12, last_month)
    in_danger(served)
    lead = served.officer("puyan", "supervisor", "丁负责")
    desk = desks.desk()
    desk.page.set_viewport_size({"width": 1280, "height": 800})
    desk.logs_in(lead.username, PASSWORD)
    desk.go("/console/report")
    expect(desk.see("report-period")).to_contain_text("浦沿街道 · 2026 年 10 月")
    expect(desk.see("report-levels")).to_contain_text("26 人")
    expect(desk.see("report-satisfied")).to_contain_text("不足 10 人")
    desk.at("figure-late").locator("summary").click()
    expect(desk.at("figure-late")).to_contain_text("怎么查")
    looks_right(desk, "month")

    name, paper = taken(desk, "report-pdf")
    assert name.endswith(".pdf")
    first = "".join(pypdfium2.PdfDocument(paper)[0].get_textpage().get_text_bounded().split())
    assert "本月我们没做好的" in first
    assert not [secret for secret in (NAME, PHONE, "药") if secret in first]
    name, sheet = taken(desk, "report-sheet")
    assert name.endswith(".xlsx")
    cells: list[Any] = [
        cell for row in openpyxl.load_workbook(io.BytesIO(sheet)).active.iter_rows() for cell in row
    ]
    assert "按时签收" in {cell.value for cell in cells}
    assert [cell.value for cell in cells if cell.data_type == "f"] == []
    assert [c.value for c in cells if str(c.value or "")[:1] in tuple("=+-@|＝＋－＠")] == []

    with desk.page.expect_popup() as printed:
        desk.press("report-page")
    printed.value.wait_for_load_state()
    assert "本月我们没做好的" in printed.value.content()
    printed.value.screenshot(path=str(desks.shots.path(desks.story, "page-to-print")), full_page=True)
    printed.value.close()


def test_the_visit_kit_of_a_red_ticket_on_a_phone(desks: Chromium, served: ServedTown) -> None:
    officer, code = in_danger(served)
    phone = desks.phone()
    phone.may(r"/api/staff/me$")
    phone.logs_in(officer.username, PASSWORD)
    phone.go(f"/console/tickets/{code}")
    phone.press("paper-visit_kit")
    kit = phone.see("paper")
    for words in (NAME, PHONE, ADDRESS, "怎么开口", "不要说", "最晚", "120"):
        expect(kit).to_contain_text(words)
    for secret in ("药我已经", "红色", "PHQ"):
        expect(kit).not_to_contain_text(secret)
    looks_right(phone, "visit-kit")
    name, paper = taken(phone, "paper-pdf")
    assert name == f"走访包-{code}.pdf"
    assert len(pypdfium2.PdfDocument(paper)) == 1

    for kind in ("visit_record", "family_sheet", "referral_letter"):
        phone.press("back")
        phone.press(f"paper-{kind}")
        phone.see("paper")
        looks_right(phone, kind)
    phone.may(r"/documents/safety_plan$")
    phone.press("back")
    phone.press("paper-safety_plan")
    phone.tick("paper-asked")
    phone.press("paper-open")
    expect(phone.page.locator("main").first).to_contain_text("小卡只在本人自己的手机上")
    assert phone.at("paper").count() == 0
