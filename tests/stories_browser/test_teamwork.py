"""Several people on one ticket, in a real browser over a whole district in one process (no Rasa, no stack).

The ticket is refused twice and the district decides; a visit has a timer that others see run out; a level is
lowered by two people; a gap in the roster stands in words on the duty page.
"""

import re

import pytest
from playwright.sync_api import expect

from escalation.staff import new_account
from tests.support.browser import Chromium, Device
from tests.support.served_town import ServedTown
from tests.support.town import PASSWORD, Officer

pytestmark = pytest.mark.slow

WORDS = "我不想活了，药我已经准备好了"


def at_desk(browser: Chromium, officer: Officer) -> Device:
    desk = browser.desk()
    desk.logs_in(officer.username, PASSWORD)
    return desk


def an_alarm(town: ServedTown) -> str:
    """Somebody in Puyan says what makes a ticket red; its code."""
    resident = town.resident("puyan-hall")
    resident.agrees()
    resident.says(WORDS)
    town.jobs()
    return str(town.officer("puyan", name="周旁观").only_ticket()["code"])


def opens(desk: Device, code: str) -> None:
    desk.go(f"/console/tickets/{code}")
    desk.see("ticket-head")


def takes(desk: Device, code: str) -> None:
    opens(desk, code)
    desk.press("primary-acknowledge")
    expect(desk.at("holder")).to_contain_text("我在跟进")


def offers(desk: Device, code: str, office: str, reason: str) -> None:
    opens(desk, code)
    desk.press("more")
    desk.press("deed-transfer")
    desk.press(f"transfer-office-{office}")
    desk.write("transfer-reason", reason)
    desk.press("transfer-submit")
    expect(desk.see("transfer-open")).to_contain_text("等回复")


def refuses(desk: Device, reason: str) -> None:
    """From the list of what waits: a no without a reason does not go out, and nothing typed is lost."""
    desk.go("/console/list/open")
    desk.press("waiting-row")
    desk.press("transfer-refuse")
    desk.press("answer_transfer-submit")
    desk.reads("不接要写明原因")
    desk.write("answer_transfer-reason", reason)
    desk.press("answer_transfer-submit")
    expect(desk.page).to_have_url(re.compile(r"/console/list/open$"))


def test_refused_twice_and_the_district_decides(pages: Chromium, served: ServedTown) -> None:
    code = an_alarm(served)
    xixing, changhe = served.office_code("xixing"), served.office_code("changhe")
    sender = at_desk(pages, served.officer("puyan", name="沈青"))
    takes(sender, code)
    offers(sender, code, xixing, "本人上个月搬到了西兴")
    sender.shot("offered")

    lin = at_desk(pages, served.officer("xixing", name="林一"))
    lin.go("/console/list/open")
    expect(lin.see("waiting")).to_contain_text("请我们接手")
    lin.shot("asked")
    refuses(lin, "电话里说已经搬去长河")

    offers(sender, code, changhe, "本人说现在住在长河")
    refuses(at_desk(pages, served.officer("changhe", name="方舟")), "查过了，不在我们这里")

    opens(sender, code)
    sender.see("must-decide")
    sender.press("more")
    expect(sender.at("deed-transfer")).to_have_count(0)

    district = at_desk(pages, served.officer("desk", "duty_officer", "区值班"))
    district.press("waiting-row")
    expect(district.see("must-decide")).to_contain_text("查过了，不在我们这里")
    district.shot("must-decide")
    district.press("decide")
    district.press(f"decide-office-{xixing}")
    district.write("decide-reason", "派出所核对过，人住在西兴")
    district.press("decide-submit")
    expect(district.at("must-decide")).to_have_count(0)

    takes(lin, code)
    lin.press("more")
    expect(lin.at("deed-transfer")).to_have_count(0)
    lin.reads("派出所核对过，人住在西兴")
    pages.nothing_personal(WORDS)


def test_a_visit_has_a_timer_that_others_see_run_out(pages: Chromium, served: ServedTown) -> None:
    code = an_alarm(served)
    visitor = at_desk(pages, served.officer("puyan", name="沈青"))
    takes(visitor, code)
    visitor.press("more")
    visitor.press("deed-set_out")
    visitor.write("trip-companion", "何建国")
    visitor.press("trip-minutes-30")
    visitor.press("set_out-submit")
    expect(visitor.see("trip-time")).to_contain_text("09:30 前报平安")
    visitor.press("trip-arrived")
    expect(visitor.see("trip")).to_contain_text("已经到了")
    visitor.go("/console/duty")
    expect(visitor.see("trip-bar")).to_contain_text("在走访路上")

    served.passes(minutes=31)
    lead = at_desk(pages, served.officer("puyan", "supervisor", "丁负责"))
    expect(lead.see("trip-bar")).to_contain_text("到点没有消息")
    lead.press("trip-open")
    expect(lead.see("trip")).to_have_attribute("role", "alert")
    lead.shot("overdue")

    opens(visitor, code)
    visitor.press("trip-safe")
    expect(visitor.at("trip")).to_have_count(0)


def test_a_level_is_lowered_by_two(pages: Chromium, served: ServedTown) -> None:
    code = an_alarm(served)
    first = at_desk(pages, served.officer("puyan", name="沈青"))
    takes(first, code)
    first.press("more")
    first.press("deed-lower")
    first.press("lower-to-orange")
    first.write("lower-reason", "短")
    first.press("lower-submit")
    first.reads("至少 5 个字")
    first.write("lower-reason", "当面谈过，女儿陪着，药已收好")
    first.press("lower-submit")
    expect(first.see("lowering")).to_contain_text("建议降到橙色")
    expect(first.at("lowering-confirm")).to_have_count(0)
    expect(first.see("level")).to_contain_text("红色")

    second = at_desk(pages, served.officer("puyan", name="钱多"))
    second.press("waiting-row")
    second.press("lowering-confirm")
    second.shot("confirm")
    second.press("answer_lowering-submit")
    expect(second.at("lowering")).to_have_count(0)
    expect(second.see("level")).to_contain_text("橙色")


def test_red_is_closed_in_one_tap_and_opened_again_when_it_gets_worse(
    pages: Chromium, served: ServedTown
) -> None:
    code = an_alarm(served)
    desk = at_desk(pages, served.officer("puyan", name="沈青"))
    takes(desk, code)
    desk.press("action-visit")
    desk.press("visit-outcome-met")
    desk.press("visit-submit")
    desk.reads("走访已记下")
    desk.press("action-close")
    desk.press("close-outcome-supported")
    desk.press("close-submit")
    desk.reads("请点一下现在是哪一级")
    desk.press("close-level-blue")
    desk.shot("close")
    desk.press("close-submit")
    desk.reads("已结案")
    expect(desk.at("follow-up")).to_have_count(5)

    served.passes(minutes=1)
    desk.page.locator("[data-test=record-follow-up]").first.click()
    desk.press("follow-up-outcome-worse")
    desk.press("follow-up-submit")
    desk.write("reopen-reason", "随访时她说又整夜睡不着")
    desk.press("reopen-submit")
    expect(desk.see("ticket-head")).to_contain_text("还没有人签收")
    desk.see("primary-acknowledge")


def test_a_partner_sees_its_part_and_nothing_else(pages: Chromium, served: ServedTown) -> None:
    code = an_alarm(served)
    desk = at_desk(pages, served.officer("puyan", name="沈青"))
    takes(desk, code)
    desk.press("more")
    desk.press("deed-sub_task")
    desk.press("partner-puyan-community")
    desk.press("partner-work-look_in")
    desk.write("sub_task-reason", "下午去敲个门，看看灯亮不亮")
    desk.press("sub_task-submit")
    expect(desk.see("sub-task")).to_contain_text("去敲个门")

    with served.database.transaction() as db:
        db.add(new_account("shequ", PASSWORD, "王社工", "partner", "puyan-community", demo=True))
    community = pages.desk()
    community.logs_in("shequ", PASSWORD)
    expect(community.see("partner-task")).to_contain_text("去敲个门")
    assert code not in community.page.inner_text("body")
    community.go(f"/console/tickets/{code}")
    community.see("partner-task")
    expect(community.page).to_have_url(re.compile(r"/console/partner$"))
    community.press("partner-accept")
    community.press("partner-done")
    community.write("partner_task-reason", "人在家，说都好")
    community.shot("done")
    community.press("partner_task-submit")
    community.see("partner-empty")

    opens(desk, code)
    expect(desk.see("sub-task")).to_contain_text("人在家，说都好")


def test_a_gap_in_the_roster_stands_in_words(pages: Chromium, served: ServedTown) -> None:
    lead = at_desk(pages, served.officer("puyan", "supervisor", "丁负责"))
    lead.press("page-duty")
    lead.see("week")
    expect(lead.at("gap-stretch")).to_have_count(0)
    lead.press("open-leave")
    lead.press("leave-submit")
    lead.reads("请填从什么时候到什么时候")
    lead.press("sheet-close")
    lead.page.locator("[data-test=shift]", has_text="值班").first.locator("[data-test=remove-shift]").click()
    expect(lead.see("gaps")).to_contain_text("没有人值班")
    expect(lead.see("gap-stretch")).to_contain_text("没有人")
    lead.shot("gap", whole=True)
