"""The check-up report and the documents of a case in a real browser: a lead reads the month at a desk and takes its PDF
and its spreadsheet; an officer opens the visit kit of a red ticket on a phone, at the door.

A district in one process (no Rasa, no stack).
"""

import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pypdfium2
import pytest
from playwright.sync_api import expect

from escalation.triage import Level
from tests.report.test_town import screened
from tests.support.browser import Chromium, Device
from tests.support.looking import cut, serious, sideways
from tests.support.served_town import ServedTown
from tests.support.town import PASSWORD, Officer

pytestmark = pytest.mark.slow

NAME, PHONE, ADDRESS = "余晚晴", "13812345678", "浦沿街道东冠路 1 号 2 幢 301"
WORDS = "我不想活了，药我已经准备好了"


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
    assert sideways(device.page) == []
    assert cut(device.page) == []
    assert serious(device.page) == []
    device.shot(shot, whole=True)


def test_a_lead_reads_the_month_and_takes_it_along(pages: Chromium, served: ServedTown) -> None:
    last_month = datetime(2026, 10, 10, 4, tzinfo=UTC)
    screened(served, "puyan-hall", Level.GREEN, 14, last_month)
    screened(served, "puyan-hall", Level.YELLOW, 12, last_month)
    in_danger(served)
    lead = served.officer("puyan", "supervisor", "丁负责")
    desk = pages.desk()
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
    printed.value.screenshot(path=str(pages.shots.path(pages.story, "page-to-print")), full_page=True)
    printed.value.close()


def test_the_visit_kit_of_a_red_ticket_on_a_phone(pages: Chromium, served: ServedTown) -> None:
    officer, code = in_danger(served)
    phone = pages.phone()
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
