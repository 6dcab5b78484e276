"""A real browser for the journeys: a phone, a desk or a kiosk each in a profile of its own, all of them watched.

    with Chromium(stack.base_url, shots) as browser:
        phone = browser.phone()
        phone.go("/q/…")
        phone.press("start")
        phone.shot("first-screen")
    browser.nothing_odd()      # no foreign host, no policy violation, no error in any console

An element is known by its `data-test` name, as the pages write them.
"""

import os
import re
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote, urlsplit

from playwright.sync_api import (
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    Response,
    expect,
    sync_playwright,
)

from server.settings import ROOT
from tests.support.chromium import FLAGS, chromium

PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
DESK = {"viewport": {"width": 1366, "height": 860}}
KIOSK = {"viewport": {"width": 1080, "height": 1920}, "has_touch": True}
WALL = {"viewport": {"width": 1920, "height": 1080}}
WALL_4K = {"viewport": {"width": 3840, "height": 2160}}
PATIENCE_MS = 60_000

_WATCH = """
document.addEventListener("securitypolicyviolation", (e) => window.__odd(`policy: ${e.violatedDirective}`));
window.addEventListener("unhandledrejection", () => window.__odd("promise: left unhandled"));
"""
_STORED = """async () => JSON.stringify([
  {...localStorage}, {...sessionStorage}, history.state, window.name, document.cookie,
  (await indexedDB.databases()).map((one) => one.name),
  await caches.keys(),
])"""

_AT_END = """() => {
  const list = document.querySelector('[data-test=bubbles]');
  return !list || list.scrollHeight - list.scrollTop - list.clientHeight < 4;
}"""


class Shots:
    """Screenshots in the order in which they were taken, a folder for each story: `01-phone-first-screen.png`.

    They are kept until the story is told again.
    """

    def __init__(self, folder: Path | None = None) -> None:
        chosen = os.environ.get("XINQIAO_SHOTS")
        self.folder = folder or (Path(chosen) if chosen else ROOT / "build" / "screenshots")
        self.taken: dict[str, int] = {}

    def path(self, story: str, name: str) -> Path:
        folder = self.folder / story
        if story not in self.taken:
            folder.mkdir(parents=True, exist_ok=True)
            for old in folder.glob("*.png"):
                old.unlink()
        self.taken[story] = self.taken.get(story, 0) + 1
        return folder / f"{self.taken[story]:02}-{name}.png"


class Chromium:
    """Debian's Chromium, with one fresh profile for each device."""

    def __init__(self, base_url: str, story: str, shots: Shots | None = None) -> None:
        self.base_url = base_url
        self.story = story
        self.shots = shots or Shots()
        self.odd: list[str] = []
        self.addresses: set[str] = set()
        self.titles: set[str] = set()
        self.devices: list[Device] = []

    def __enter__(self) -> Self:
        path = chromium()
        self._playwright = sync_playwright().start()
        try:
            self._browser = self._playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        except BaseException:
            self._playwright.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._browser.close()
        finally:
            self._playwright.stop()

    def phone(self) -> "Device":
        return self._device("phone", PHONE)

    def desk(self) -> "Device":
        desk = self._device("desk", DESK)
        desk.may(r"/api/staff/me$")  # the console asks who is there, and hears at first that nobody is
        return desk

    def kiosk(self) -> "Device":
        return self._device("kiosk", KIOSK)

    def wall(self, *, large: bool = False) -> "Device":
        """A screen that hangs there: nobody is logged in at first."""
        screen = self._device("wall-4k" if large else "wall", WALL_4K if large else WALL)
        screen.may(r"/api/staff/me$")
        return screen

    def kiosk_on_disk(self, profile: Path) -> "Device":
        """A kiosk whose profile lies in a folder that can be searched, when its context has been closed."""
        kind: dict[str, Any] = KIOSK
        context = self._playwright.chromium.launch_persistent_context(
            str(profile),
            executable_path=chromium(),
            args=list(FLAGS),
            **kind,
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            base_url=self.base_url,
        )
        return self._watched("kiosk", context)

    def nothing_odd(self) -> None:
        """Fails when any page spoke to a foreign host, broke the policy, or complained in its console."""
        assert not self.odd, "\n".join(self.odd)

    def nothing_personal(self, *words: str) -> None:
        """Fails when one of these words stood in an address or a title of any page."""
        written = unquote("\n".join([*self.addresses, *self.titles]))
        found = [word for word in words if word in written]
        assert not found, f"in an address or a title: {found}"

    def _device(self, name: str, kind: dict[str, Any]) -> "Device":
        context = self._browser.new_context(
            **kind, locale="zh-CN", timezone_id="Asia/Shanghai", base_url=self.base_url
        )
        return self._watched(name, context)

    def _watched(self, name: str, context: BrowserContext) -> "Device":
        context.set_default_timeout(PATIENCE_MS)
        device = Device(self, name, context)
        self.devices.append(device)
        return device


class Device:
    """One profile and what its owner does with it. `page` is the tab in front."""

    def __init__(self, browser: Chromium, name: str, context: BrowserContext) -> None:
        self.browser = browser
        self.name = name
        self.context = context
        self.expected: list[re.Pattern[str]] = []
        context.expose_binding("__odd", lambda _, what: self._odd(str(what)))
        context.add_init_script(_WATCH)
        context.on("request", self._asked)
        context.on("requestfailed", self._failed)
        context.on("response", self._answered)
        context.on("console", self._console)
        context.on("weberror", lambda error: self._odd(f"error: {error.error}"))
        self.page: Page = context.new_page()

    # --- what the owner does ---------------------------------------------------------------------

    def go(self, path: str) -> None:
        self.page.goto(path)

    def see(self, name: str) -> Locator:
        """The one element of this name that can be seen; waits for it."""
        found = self.at(name).first
        expect(found).to_be_visible(timeout=PATIENCE_MS)
        return found

    def at(self, name: str) -> Locator:
        return self.page.locator(f'[data-test="{name}"]:visible')

    def press(self, name: str) -> None:
        self.see(name).click()

    def tick(self, name: str) -> None:
        """Tick a box whose own square is drawn by the page."""
        self.page.locator(f'[data-test="{name}"]').check(force=True)

    def write(self, name: str, text: str) -> None:
        self.see(name).fill(text)

    def reads(self, text: str) -> None:
        """Waits until these words stand on the page."""
        expect(self.page.locator("body")).to_contain_text(text, timeout=PATIENCE_MS)

    def says(self, text: str) -> None:
        """Writes in the chat, and waits until the program has answered in the chat."""
        before = self.at("bubble-program").count()
        self.write("say", text)
        self.press("send")
        expect(self.at("bubble-program").nth(before)).to_be_visible(timeout=PATIENCE_MS)
        self.settles()

    def settles(self) -> None:
        """Waits until no bubble is on its way and the last one stands in sight."""
        expect(self.at("typing")).to_have_count(0, timeout=PATIENCE_MS)
        self.page.wait_for_function(_AT_END, timeout=PATIENCE_MS)

    def answers(self, value: int) -> None:
        """Taps an option of the question in front, and waits until another question or page has come."""
        self.passes_question(lambda: self.press(f"option-{value}"))

    def passes_question(self, act: Callable[[], object]) -> None:
        """Does something to the question in front, and waits until it is no longer there."""
        before = self.see("question-text").inner_text()
        act()
        self.page.wait_for_function(
            "(before) => document.querySelector('[data-test=question-text]')?.innerText !== before",
            arg=before,
            timeout=PATIENCE_MS,
        )

    def gives(self, value: str) -> None:
        """Answers the question about reaching them, and waits until the next one, or none, is asked."""
        self._contact(lambda: (self.write("contact-value", value), self.press("contact-give")))

    def gives_choice(self, choice: str) -> None:
        self._contact(lambda: self.press(f"contact-choice-{choice}"))

    def _contact(self, act: Callable[[], object]) -> None:
        before = self.see("contact-text").inner_text()
        act()
        self.page.wait_for_function(
            "(before) => document.querySelector('[data-test=contact-text]')?.innerText !== before",
            arg=before,
            timeout=PATIENCE_MS,
        )

    def turns(self, path: str) -> Page:
        """Opens another tab of the same profile and puts it in front."""
        self.page = self.context.new_page()
        self.go(path)
        return self.page

    def logs_in(self, username: str, password: str) -> None:
        self.go("/console/")
        self.write("login-username", username)
        self.write("login-password", password)
        self.press("login-submit")
        self.see("me")

    # --- what we keep, and what we look at -------------------------------------------------------

    def shot(self, name: str, *, whole: bool = False) -> Path:
        """A screenshot of what stands on the screen (`whole`: of the whole page); nothing hangs in motion."""
        path = self.browser.shots.path(self.browser.story, f"{self.name}-{name}")
        self.page.screenshot(path=path, full_page=whole, animations="disabled", caret="hide")
        self.browser.titles.add(self.page.title())
        return path

    def stored(self) -> str:
        """Everything that the page itself keeps on the device, as one text."""
        return str(self.page.evaluate(_STORED))

    def cookies(self) -> list[dict[str, Any]]:
        return [dict(cookie) for cookie in self.context.cookies()]

    def may(self, pattern: str) -> None:
        """From now on, an address that matches may answer with an error: the story wants it so."""
        self.expected.append(re.compile(pattern))

    def _asked(self, request: Request) -> None:
        address = urlsplit(request.url)
        self.browser.addresses.add(request.url)
        if address.scheme in ("data", "blob", "about"):
            return
        if f"{address.scheme}://{address.netloc}" != self.browser.base_url:
            self._odd(f"foreign: {address.scheme}://{address.netloc}")

    def _failed(self, request: Request) -> None:
        # A page that is left breaks off what it was still asking.
        if request.failure != "net::ERR_ABORTED" and not self._wanted(request.url):
            self._odd(f"failed: {request.method} {urlsplit(request.url).path} {request.failure}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400 and not self._wanted(response.url):
            self._odd(f"{response.status}: {response.request.method} {urlsplit(response.url).path}")

    def _console(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        if "Failed to load resource" in message.text:
            return  # told by `_answered` and `_failed`, with the reason
        self._odd(f"console: {message.text[:200]}")

    def _wanted(self, url: str) -> bool:
        return any(pattern.search(url) for pattern in self.expected)

    def _odd(self, what: str) -> None:
        self.browser.odd.append(f"{self.name}: {what}")
