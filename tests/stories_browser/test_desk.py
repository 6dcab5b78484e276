"""An officer's own desk in a real browser: a visit written down without a network, own views, the day, the board."""

import pytest
from playwright.sync_api import expect

from tests.support.browser import Chromium, Device
from tests.support.served_town import ServedTown
from tests.support.town import PASSWORD, Officer

pytestmark = pytest.mark.slow

WORDS = "我不想活了，药我已经准备好了"
NOTE = "女儿在家陪着，安眠药已经请她收好"
KEPT = """async () => {
  const names = (await indexedDB.databases()).map((one) => one.name);
  if (!names.includes("xinqiao-kept")) return "";
  const db = await new Promise((done) => (indexedDB.open("xinqiao-kept").onsuccess = (e) => done(e.target.result)));
  const rows = await new Promise((done) => {
    db.transaction("visits").objectStore("visits").getAll().onsuccess = (e) => done(e.target.result);
  });
  db.close();
  return rows.map((row) => Object.keys(row).sort().join() + new TextDecoder().decode(row.sealed)).join("|");
}"""


@pytest.fixture
def served(served: ServedTown) -> ServedTown:
    """A district whose pages hear at once."""
    served.services.listening.start()
    return served


def an_alarm(town: ServedTown, name: str = "余小红") -> str:
    """Somebody in Puyan says what makes a ticket red; its code."""
    onlooker = town.officer("puyan", name="周旁观")
    before = {one["code"] for one in onlooker.tickets()}
    resident = town.resident("puyan-hall")
    resident.agrees()
    resident.says(WORDS)
    resident.tells("name", name)
    town.jobs()
    (code,) = {one["code"] for one in onlooker.tickets()} - before
    return str(code)


def with_a_phone(browser: Chromium, officer: Officer) -> Device:
    phone = browser.phone()
    phone.may(r"/api/")  # the story cuts the network
    phone.logs_in(officer.username, PASSWORD)
    return phone


def at_desk(browser: Chromium, officer: Officer) -> Device:
    desk = browser.desk()
    desk.logs_in(officer.username, PASSWORD)
    return desk


def twice_as_large(phone: Device, name: str) -> None:
    """With letters of 200 % nothing stands beside the page."""
    phone.page.evaluate("document.documentElement.style.fontSize = '200%'")
    phone.shot(f"{name}-200")
    wide, room = phone.page.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    assert wide <= room, (name, wide, room)
    phone.page.evaluate("document.documentElement.style.fontSize = ''")


def writes_a_visit(phone: Device, note: str, opened_by: str) -> None:
    phone.press(opened_by)
    phone.press("visit-outcome-met")
    phone.press("visit-finding-bereavement")
    phone.write("visit-note", note)
    phone.press("visit-submit")


def test_a_visit_is_written_down_without_a_network_and_arrives_once(
    pages: Chromium, served: ServedTown
) -> None:
    officer = served.officer("puyan")
    code = an_alarm(served)
    officer.acknowledges(code)
    phone = with_a_phone(pages, officer)
    phone.go(f"/console/tickets/{code}")
    phone.see("ticket-head")
    at_the_door = served.clock.now

    phone.context.set_offline(True)
    phone.press("action-visit")
    phone.press("visit-outcome-met")
    phone.press("visit-finding-bereavement")
    phone.write("visit-note", NOTE)
    phone.shot("form")
    phone.press("visit-submit")
    phone.reads("走访已存在这台手机里")
    expect(phone.see("kept-bar")).to_contain_text("还没有送到")
    phone.shot("kept")
    on_disk = phone.page.evaluate(KEPT)
    assert on_disk.startswith("client_id,iv,owner,sealed")
    assert all(word not in on_disk for word in (NOTE[:4], code, "met"))
    phone.press("kept-open")
    expect(phone.see("kept-row")).to_contain_text(NOTE)
    phone.shot("kept-sheet")
    phone.press("sheet-close")

    served.clock.advance(hours=49)  # the visit's clock ran out while the phone was silent
    phone.context.set_offline(False)
    phone.write("login-username", officer.username)  # the shift has ended meanwhile
    phone.write("login-password", PASSWORD)
    phone.press("login-submit")
    phone.reads("走访已送到")
    expect(phone.at("kept-bar")).to_have_count(0)
    expect(phone.see("timeline")).to_contain_text(NOTE)
    assert phone.page.evaluate(KEPT) == ""
    detail = served.officer("puyan", name="周旁观").does("GET", f"/tickets/{code}")
    (visit,) = [one for one in detail["timeline"] if one["kind"] == "visit"]
    assert visit["at"][:16] <= at_the_door.isoformat()[:16]
    assert next(c["state"] for c in detail["clocks"] if c["name"] == "visit") == "kept"
    pages.nothing_personal(WORDS, NOTE, "余小红")


def test_what_the_office_cannot_take_stays_on_the_phone_with_the_reason(
    pages: Chromium, served: ServedTown
) -> None:
    officer, colleague = served.officer("puyan"), served.officer("puyan", name="何苗")
    code = an_alarm(served)
    officer.acknowledges(code)
    phone = with_a_phone(pages, officer)
    phone.go(f"/console/tickets/{code}")
    phone.see("ticket-head")
    phone.context.set_offline(True)
    writes_a_visit(phone, NOTE, "action-visit")
    phone.see("kept-bar")
    colleague.on(code, "take-over", reason="他的电话一直打不通")
    phone.context.set_offline(False)
    expect(phone.see("kept-bar")).to_contain_text("没有收下")
    phone.press("kept-open")
    expect(phone.see("kept-row")).to_contain_text("何苗")
    phone.shot("refused")
    phone.press("sheet-close")

    phone.go("/console/list/open")  # loaded anew: it lies there still, for its owner alone
    expect(phone.see("kept-bar")).to_contain_text("1 份走访记录")
    phone.press("logout")
    phone.press("logout-sure")
    phone.logs_in(colleague.username, PASSWORD)
    expect(phone.at("kept-bar")).to_have_count(0)
    assert phone.page.evaluate(KEPT) != ""
    phone.press("logout")
    phone.logs_in(officer.username, PASSWORD)
    phone.press("kept-open")
    phone.press("kept-drop")
    phone.press("kept-drop")
    expect(phone.at("kept-bar")).to_have_count(0)
    assert phone.page.evaluate(KEPT) == ""


def test_views_the_day_and_the_board_at_desk_and_phone(pages: Chromium, served: ServedTown) -> None:
    officer, lead = served.officer("puyan"), served.officer("puyan", "supervisor", "丁负责")
    codes = [an_alarm(served, name) for name in ("余小红", "钱多多")]
    officer.acknowledges(codes[0])
    desk = at_desk(pages, officer)
    expect(desk.see("live")).to_have_text("实时")
    expect(desk.at("ticket-row")).to_have_count(2)
    desk.press("sift-free")
    expect(desk.at("ticket-row")).to_have_count(1)
    desk.press("view-keep")
    desk.write("view-name", "没人接的")
    desk.press("view-save")
    expect(desk.see("own-view")).to_have_text("没人接的")
    desk.shot("views")
    new = an_alarm(served, "赵一")  # heard, not asked for
    desk.reads(new)

    phone = with_a_phone(pages, officer)
    phone.press("own-view")
    expect(phone.at("ticket-row")).to_have_count(2)
    phone.shot("views")
    twice_as_large(phone, "views")
    phone.press("page-day")
    expect(phone.at("errand")).to_have_count(3)
    phone.shot("day")
    twice_as_large(phone, "day")
    desk.press("page-day")
    expect(desk.see("day")).to_contain_text("余*红")
    desk.shot("day")

    served.clock.advance(hours=5)
    leads = at_desk(pages, lead)
    leads.press("page-board")
    expect(leads.see("load")).to_contain_text("沈青")
    expect(leads.see("late")).to_contain_text(codes[0])
    leads.shot("board", whole=True)
    small = with_a_phone(pages, lead)
    small.press("page-board")
    small.see("load")
    small.shot("board", whole=True)
    pages.nothing_personal(WORDS, "余小红")

    served.services.listening.close()
    leads.press("page-list")
    expect(leads.see("live")).to_have_text("每 10 秒看一次")
