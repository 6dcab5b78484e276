"""What a page must be for other eyes and other hands: for axe, in letters twice as large, by the keyboard alone, still.

Each look gives what is wrong in words, and an empty list where nothing is.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from server.settings import ROOT

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
LOOKING = Path(__file__).with_suffix(".js")
SIZES = {"phone": (390, 844), "kiosk": (1080, 1920), "desk": (1366, 860), "wall": (1920, 1080)}
_SERIOUS = """async () => (await axe.run(document, {preload: false})).violations
  .filter((one) => ["serious", "critical"].includes(one.impact))
  .map((one) => `axe ${one.id}: ${one.nodes.map((node) => node.target.join(" ")).slice(0, 3).join(" | ")}`)"""


def serious(page: Page) -> list[str]:
    """What axe finds that is serious or worse."""
    page.evaluate(AXE.read_text("utf-8"))
    return list(page.evaluate(_SERIOUS))


def sideways(page: Page) -> list[str]:
    """What stands beside the page, so that one would have to scroll sideways."""
    return list(_asks(page, "sideways"))


def cut(page: Page) -> list[str]:
    """Words that are cut off, or stand outside of what is drawn around them."""
    return list(_asks(page, "cut"))


def small(page: Page, letters: float, targets: float) -> list[str]:
    """Letters and things to press that are smaller than this, in CSS pixels."""
    return list(_asks(page, "small", letters, targets))


def moves(page: Page) -> list[str]:
    """What goes on moving for whoever has asked for stillness."""
    page.emulate_media(reduced_motion="reduce")
    try:
        return list(_asks(page, "moves"))
    finally:
        page.emulate_media(reduced_motion="no-preference")


@contextmanager
def twice_as_large(page: Page) -> Iterator[list[str]]:
    """Letters of 200 %, and which of them did not grow."""
    _asks(page, "enlarge")
    page.wait_for_timeout(50)
    try:
        yield list(_asks(page, "stayedSmall"))
    finally:
        page.evaluate("document.documentElement.style.fontSize = ''")


def in_large_letters(page: Page) -> list[str]:
    """What goes wrong in letters of 200 %."""
    with twice_as_large(page) as small:
        return [f"200 %: {one}" for one in [*small, *sideways(page), *cut(page)]]


def by_keyboard(page: Page) -> list[str]:
    """Through the page with the tabulator: everything is reached, nothing holds the focus, and it is seen."""
    many = _asks(page, "begins")
    met = 0
    for _ in range(9 * many + 9):  # a field for a date takes the tabulator several times
        if met >= many:
            break
        page.keyboard.press("Tab")
        met = page.evaluate("() => window.__looking.steps()")
    return list(_asks(page, "ends"))


def _asks(page: Page, what: str, *more: float) -> Any:
    page.evaluate(LOOKING.read_text("utf-8"))
    return page.evaluate("([what, more]) => window.__looking[what](...more)", [what, list(more)])
