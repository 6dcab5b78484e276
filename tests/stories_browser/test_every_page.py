"""Every page at the sizes at which it is met: nothing serious for axe, the keyboard alone, letters of 200 %, stillness.

Which pages there are stands in `every_page.yml`; a page that somebody adds and nobody looks at fails here.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from typing import get_type_hints

import pytest
import yaml
from fastapi.responses import HTMLResponse
from playwright.sync_api import TimeoutError as Late

from escalation.contact_book import add_point
from escalation.staff import new_account
from residents import place_codes
from server import pages as pages_of_the_server
from server.jobs import bell_round
from server.pages import RESIDENT_PATHS, STAFF_PATHS
from server.settings import ROOT
from tests.access.routes import entries
from tests.stories_browser.test_kiosk import and_clears
from tests.stories_browser.test_wall import nine_weeks
from tests.support.acting_dialogue import ActingDialogue
from tests.support.browser import Chromium, Device
from tests.support.channels import RecordingChannel
from tests.support.looking import SIZES, by_keyboard, cut, in_large_letters, moves, serious, sideways, small
from tests.support.served_town import ServedTown
from tests.support.town import PASSWORD, Officer

PAGES = yaml.safe_load(Path(__file__).with_name("every_page.yml").read_text("utf-8"))
ALARM = "我不想活了，药我已经准备好了"
PARTNER = "shequ"
FLOORS = {"phone": (0, 44), "desk": (0, 24), "kiosk": (24, 60)}
"""The smallest letters, and the smallest thing to press, of each device (P4, K5); a mouse hits smaller things."""


def test_no_page_is_without_a_row() -> None:
    router = (ROOT / "console" / "src" / "router.ts").read_text("utf-8")
    assert set(PAGES["console"]) == set(re.findall(r'name: "(\w+)"', router))
    routes = re.findall(r"\{ path:", router)
    redirects = re.findall(r"redirect:", router)
    assert len(routes) == len(PAGES["console"]) + len(redirects), (
        "a route without a name is a page all the same"
    )
    gets = [one for one in entries() if one.method == "GET"]
    made = {one.path for one in gets if get_type_hints(one.handler).get("return") is HTMLResponse}
    assert {row.get("of", name) for name, row in PAGES["plain"].items()} == made
    folders = {one.path for one in gets if one.handler.__module__ == pages_of_the_server.__name__}
    assert folders == {*RESIDENT_PATHS, *STAFF_PATHS}
    files = {one.stem for one in (ROOT / "kiosk" / "src" / "pages").glob("*.vue")}
    assert set(PAGES["residents"]) == files


class Looks:
    """Looks at pages, one after the other, and says at the end all that is wrong with them."""

    def __init__(self, device: Device, *sizes: str) -> None:
        self.device = device
        self.sizes = sizes
        self.wrong: list[str] = []
        self.seen: set[str] = set()

    def at(self, mark: str, name: str = "") -> None:
        """Waits until it is there, and looks at it with other eyes and other hands."""
        self.device.see(mark)
        self.seen.add(mark)
        self.here(name or mark)

    def here(self, name: str, *, hangs: bool = False, paper: bool = False) -> None:
        """Looks at what is there. `hangs`: on a wall, in letters of its own; `paper`: a sheet, as wide as it is."""
        page = self.device.page
        page.wait_for_timeout(350)  # what comes in gently has come
        found = [*serious(page), *by_keyboard(page), *moves(page)]
        if not hangs and not paper:
            found += [*cut(page), *in_large_letters(page)]
            found += small(page, *FLOORS[self.device.name])
        was = page.viewport_size
        for size in self.sizes:
            page.set_viewport_size({"width": SIZES[size][0], "height": SIZES[size][1]})
            found += [f"at {size}: {one}" for one in sideways(page)]
        if was:
            page.set_viewport_size(was)
        self.wrong += [f"{self.device.name} {name}: {one}" for one in dict.fromkeys(found)]
        self.device.shot(name, whole=True)

    def sheet(self, opener: str, mark: str, close: str) -> None:
        self.device.press(opener)
        self.at(mark)
        self.device.press(close)

    def nothing_wrong(self) -> None:
        assert not self.wrong, "\n" + "\n".join(self.wrong)


# --- the console -------------------------------------------------------------------------------------


class District:
    """A district in which something stands on every page of the console."""

    def __init__(self, town: ServedTown, *, weeks: bool = True) -> None:
        if weeks:
            nine_weeks(town)
        talker = town.resident("puyan-hall")
        talker.agrees()
        talker.completes(mood=2, worry=2)
        talker.says(ALARM)
        for field, value in (
            ("name", "余晚晴"),
            ("phone", "13812345678"),
            ("address", "浦沿街道东冠路 1 号"),
        ):
            talker.tells(field, value)
        town.jobs()
        assert talker.turn.alarm
        officer = town.officer("puyan")
        self.code = next(one["code"] for one in officer.tickets() if one["level"] == "red")
        officer.acknowledges(self.code)
        officer.on(self.code, "calls", outcome="spoke", need="visit", note="约好下午去")
        task = {"partner": "puyan-community", "what": "look_in", "ask": "下午去敲个门，看看灯亮不亮"}
        task["due_at"] = (town.clock() + timedelta(hours=6)).isoformat()
        officer.on(self.code, "sub-tasks", **task)
        with town.database.transaction() as db:
            db.add(new_account(PARTNER, PASSWORD, "王社工", "partner", "puyan-community", demo=True))
        self.admin = town.officer("desk", "administrator", "郑伟")
        self.who = {
            "judicial_officer": officer.username,
            "supervisor": town.officer("puyan", "supervisor", "丁负责").username,
            "administrator": self.admin.username,
            "partner": PARTNER,
        }
        campaign = {
            "name": "秋天的关怀", "place": "xixing-company-1", "entrance": "employee",
            "from_day": "2026-11-23", "to_day": "2026-11-29",
        }  # fmt: skip
        made = self.admin.does("POST", "/campaigns", campaign)
        self.named = {
            "code": self.code,
            "token": "nobodys",
            "place": "puyan-hall",
            "office": town.office_code("puyan"),
        }
        self.campaign = str(made["campaigns"][0]["code"])


def rings_a_bell(town: ServedTown) -> str:
    """The code in the link of a bell that waits for an answer."""
    channel = RecordingChannel("sms")
    town.services.channels["sms"] = channel
    with town.database.transaction() as db:
        add_point(
            db, town.database.vault, office=town.office_code("puyan"), staff_id=None, audience="office", channel="sms",
            address="13800000009",
        )  # fmt: skip
    town.clock.advance(hours=1)  # ten in the morning
    bell_round(town.services)
    town.jobs()
    return next(one.link for one in channel.sent if "/bell/" in one.link).rpartition("/")[2]


def opened_by(device: Device, names: list[str]) -> Iterator[str]:
    """The buttons of these names (or that begin so) that can be seen, each pressed."""
    for name in names:
        how = "^=" if name.endswith("-") else "="
        marks = device.page.locator(f'[data-test{how}"{name}"]:visible')
        found = [str(marks.nth(n).get_attribute("data-test")) for n in range(marks.count())]
        for mark in dict.fromkeys(found):
            device.press(mark)
            yield mark


def on_paper(device: Device, name: str) -> None:
    """What comes out of the printer: what the page says, and nothing that one would press."""
    device.page.emulate_media(media="print")
    left = device.page.locator("header:visible, nav:visible, button:visible")
    assert left.count() == 0, f"{name} on paper: {left.all_inner_texts()}"
    device.shot(f"{name}-on-paper")
    device.page.emulate_media(media="screen")


@pytest.mark.slow
@pytest.mark.parametrize("who", ["judicial_officer", "supervisor", "administrator", "partner"])
@pytest.mark.parametrize("kind", ["desk", "phone"])
def test_every_page_of_the_console(pages: Chromium, served: ServedTown, kind: str, who: str) -> None:
    district = District(served, weeks=who == "supervisor")
    device = pages.desk() if kind == "desk" else pages.phone()
    device.may(r"/api/staff/me$")
    device.go("/console/")
    looks = Looks(device, *SIZES)
    looks.at("login-form")
    device.logs_in(district.who[who], PASSWORD)
    for name, row in PAGES["console"].items():
        if row["who"] != who:
            continue
        device.go("/console" + row["path"].format(**district.named))
        device.see(row["see"])
        for mark in row.get("first", ()):
            device.press(mark)
        device.page.wait_for_load_state("networkidle")
        looks.here(name, hangs=row.get("hangs", False))
        if row.get("ticks"):
            device.tick(row["ticks"])
            looks.here(f"{name}-{row['ticks']}")
        if row.get("printed"):
            on_paper(device, name)
        for mark in opened_by(device, row.get("opens", [])):
            looks.here(f"{name}-{mark}")
            device.page.keyboard.press("Escape")
    looks.nothing_wrong()


@pytest.mark.slow
def test_the_wall_of_a_hall(pages: Chromium, served: ServedTown) -> None:
    """The screen at its larger size, and what a tap on a cell opens."""
    district = District(served)
    hall = pages.wall(large=True)
    looks = Looks(hall)
    hall.logs_in(district.who["supervisor"], PASSWORD)
    hall.go("/console/wall")
    hall.see("wall-cell")
    looks.here("wall", hangs=True)
    hall.press("wall-cell")
    hall.see("wall-formula")
    looks.here("wall-formula", hangs=True)
    looks.nothing_wrong()


# --- pages made on the server ------------------------------------------------------------------------


@pytest.mark.slow
def test_every_page_made_on_the_server(pages: Chromium, served: ServedTown) -> None:
    district = District(served)
    named = {**district.named, "code": district.campaign, "bell": rings_a_bell(served)}
    looking = {}
    for name, row in PAGES["plain"].items():
        who = row.get("who", "")
        if who not in looking:
            device = pages.desk() if who else pages.phone()
            looking[who] = Looks(device, "desk") if who else Looks(device, *SIZES)
            if who:
                device.logs_in(district.who[who], PASSWORD)
        looks = looking[who]
        looks.device.go(row.get("path", name).format(**named))
        looks.device.reads(row["text"])
        shown = name.strip("/").replace("/", "-")
        looks.here(shown, paper=row.get("paper", False))
        if "then" in row:
            looks.device.page.locator("form button").click()
            looks.device.reads(row["then"])
            looks.here(f"{shown}-then")
    for looks in looking.values():
        looks.nothing_wrong()


# --- the residents' pages ----------------------------------------------------------------------------


@pytest.fixture
def dialogue() -> ActingDialogue:
    return ActingDialogue()


def address(town: ServedTown, door: str) -> str:
    until = date(2030, 1, 1)
    return f"/{door}/{place_codes.make(town.database.vault.sign, 'puyan-hall', until, site='binjiang')}"


def comes_in(looks: Looks) -> None:
    """From the first screen into the chat."""
    device = looks.device
    looks.at("first-screen")
    device.press("redeem-open")
    looks.at("redeem")
    device.press("redeem-back")
    device.press("start")
    looks.at("consent-screen")
    looks.at("consent")
    for one in device.page.locator("[data-test^=tick-]").all():
        one.check(force=True)
    device.press("agree")


def talks(looks: Looks) -> None:
    """The chat, an exercise in it, what the menu opens, and the telephone lines."""
    device = looks.device
    device.see("chat")
    device.settles()
    device.says("最近睡不好，白天没精神")
    looks.at("chat")
    device.press("hotline-strip")
    looks.at("sheet-hotlines")
    device.press("close-hotlines")
    device.press("menu")
    looks.at("sheet-menu")
    device.press("menu-consents")
    looks.at("sheet-consents")
    device.press("close-consents")
    device.press("menu")
    device.press("menu-erase")
    looks.at("sheet-erase")
    device.press("close-erase")
    device.press("menu")
    device.press("menu-move")
    looks.at("move")
    device.press("move-back")
    device.press("menu")
    device.press("menu-breathe")
    looks.at("breathing")
    device.press("breath-done")
    device.press("menu")
    device.press("menu-together")
    device.settles()
    device.page.locator("[data-test=bubbles] .offers button").first.click()
    looks.at("exercise")
    device.press("choice-skill_stop")
    device.settles()


def is_left_alone(kiosk: Device) -> None:
    """Nobody touches it for a minute. What was still on its way to it when that passed begins another."""
    for _ in range(5):
        kiosk.page.clock.fast_forward(61_000)
        with suppress(Late):
            kiosk.at("idle-question").first.wait_for(state="visible", timeout=5_000)
            return


def answers(looks: Looks, value: int) -> None:
    """A whole small screening: its entrances, its first page, a question, what was answered, the result."""
    device = looks.device
    device.press("menu")
    device.press("menu-entrances")
    looks.at("entrances")
    device.press("entrance-resident")
    device.press("length-ultra")
    device.see("screening-begin")
    looks.at("question-card", "questionnaire-begins")
    looked = False
    steps = ("question-text", "screening-begin", "review-done", "result")
    while True:
        device.page.locator(", ".join(f"[data-test={name}]:visible" for name in steps)).first.wait_for()
        if device.at("screening-begin").count():
            device.press("screening-begin")
            device.see("question-text")
        elif device.at("question-text").count():
            if not looked:
                looks.at("question-card")
            looked = True
            device.answers(value)
        else:
            break
    looks.at("review")
    device.press("review-done")
    looks.at("result")
    device.press("result-back")


def met(looks: Looks, device: str) -> None:
    """All pages of this device were looked at."""
    rows = PAGES["residents"].items()
    missed = [name for name, row in rows if device in row["devices"] and row["see"] not in looks.seen]
    assert not missed, f"nobody looked at {missed}"


@pytest.mark.slow
def test_every_page_of_a_phone(pages: Chromium, served: ServedTown) -> None:
    phone = pages.phone()
    looks = Looks(phone, "phone", "kiosk", "desk")
    phone.go(address(served, "q"))
    comes_in(looks)
    talks(looks)
    phone.press("menu")
    phone.press("menu-plan")
    phone.press("plan-by-hand")
    looks.at("plan")
    phone.press("plan-back")
    phone.press("menu")
    phone.press("menu-moods")
    phone.press("mood-3")
    phone.see("mood-said")
    looks.at("moods")
    phone.press("moods-back")
    answers(looks, 0)
    phone.write("say", ALARM)
    phone.press("send")
    phone.see("alarm")
    looks.at("contact")
    looks.at("alarm")

    officer = served.officer("puyan")
    served.jobs()
    code = officer.only_ticket()["code"]
    officer.acknowledges(code)
    lent(pages, officer, code, looks)
    phone.press("alarm-toggle")
    progress(served, officer, code, looks, str(phone.see("alarm-progress").get_attribute("href")))

    served.clock.advance(hours=25)
    phone.go("/")
    phone.press("start")
    looks.at("came-back")
    phone.press("same-person")
    phone.see("chat")
    phone.press("leave")
    looks.at("end-screen")
    met(looks, "phone")
    looks.nothing_wrong()


def progress(town: ServedTown, officer: Officer, code: str, looks: Looks, path: str) -> None:
    """The page of one's own matter, on its way and when it is over, and a code that is nobody's."""
    phone = looks.device
    phone.go(path)
    looks.at("progress")
    officer.on(code, "calls", outcome="spoke")
    town.clock.advance(minutes=40)
    officer.on(code, "visits", outcome="met")
    officer.on(code, "follow-ups", after_hours=[24])
    officer.on(code, "close", outcome="supported", new_level="yellow")
    phone.page.reload()
    looks.at("how-it-went", "progress-closed")
    phone.press("how-it-went-3")
    looks.at("how-it-went-thanks")
    phone.may(r"/api/progress/")
    phone.go("/t/nobodys")
    looks.at("progress-trouble")


def lent(pages: Chromium, officer: Officer, code: str, looks: Looks) -> None:
    """A phone that an officer has lent."""
    given = officer.does("POST", f"/tickets/{code}/assist")["code"]
    other = pages.phone()
    other.go("/")
    other.press("redeem-open")
    other.write("redeem-code", given)
    other.press("redeem-go")
    beside = Looks(other, *looks.sizes)
    beside.at("lent")
    looks.wrong += beside.wrong
    looks.seen |= beside.seen


@pytest.mark.slow
def test_every_page_of_a_kiosk(pages: Chromium, served: ServedTown) -> None:
    keys = served.services.kiosks.set_up("puyan-hall", "ops")
    kiosk = pages.kiosk()
    looks = Looks(kiosk, "kiosk", "wall")
    kiosk.page.clock.install()
    with kiosk.page.expect_response(re.compile(r"/api/kiosk/offline$")):
        kiosk.go(f"{address(served, 'kiosk')}#{keys.key}")
    looks.at("attract")
    kiosk.press("cover")
    looks.at("uncover")
    kiosk.press("uncover")
    kiosk.see("mark").dispatch_event("pointerdown")
    kiosk.page.clock.fast_forward(4_000)
    looks.at("staff-screen")
    for digit in keys.pin:
        kiosk.press(f"pin-{digit}")
    kiosk.press("pin-go")
    looks.at("staff-open")
    and_clears(kiosk, lambda: kiosk.press("staff-lock"))

    kiosk.press("door-window")
    looks.at("window-page")
    looks.sheet("call-staff", "sheet-called", "close-called")
    and_clears(kiosk, lambda: kiosk.press("finish"))

    kiosk.press("door-talk")
    comes_in(looks)
    talks(looks)
    answers(looks, 0)
    is_left_alone(kiosk)
    looks.at("idle-question")
    kiosk.press("idle-stay")
    with kiosk.page.expect_response(re.compile(r"/api/kiosk/offline$")):
        and_clears(kiosk, lambda: kiosk.press("finish"))

    kiosk.may(r"/api/")
    kiosk.context.set_offline(True)
    kiosk.page.clock.fast_forward(31_000)
    looks.at("screen-offline", "no-network")
    kiosk.press("screen-offline")
    looks.at("away-screening")
    kiosk.press("away-begin")
    looks.at("question-number", "away-question")
    met(looks, "kiosk")
    looks.nothing_wrong()
