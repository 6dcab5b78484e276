"""The code that the terminal paints leads a phone to the place that it says."""

import re

import pytest
import segno

from tests.stories_browser.conftest import Street
from tests.support.browser import Chromium

pytestmark = pytest.mark.slow

LIGHT = {"█": (True, True), "▀": (True, False), "▄": (False, True), " ": (False, False)}
BORDER = 2


def painted(text: str) -> list[list[int]]:
    """The modules of the code in this text, dark ones 1: each sign is two modules, one above the other."""
    rows: list[list[int]] = []
    for line in re.findall(r"^[█▀▄ ]{25,}$", text, re.MULTILINE):
        for half in (0, 1):
            rows.append([0 if LIGHT[sign][half] else 1 for sign in line])
    return rows


def test_the_painted_code_is_the_printed_address(browser: Chromium, street: Street) -> None:
    said = street.stack.said
    address = re.search(r"手机\s+(\S+)", said)
    assert address
    wanted = [list(row) for row in segno.make(address[1], error="m").matrix_iter(border=BORDER)]
    assert painted(said)[: len(wanted)] == wanted

    phone = browser.phone()
    phone.go(address[1].removeprefix(browser.base_url))
    phone.see("first-screen")
    phone.reads("西陵社区公告栏")
