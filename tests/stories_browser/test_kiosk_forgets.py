"""A whole day of a kiosk with its profile on disk; afterwards the folder is searched for whoever stood there."""

import re
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import expect

from residents import place_codes
from tests.stories_browser.test_kiosk import and_clears, nothing_is_left
from tests.support.acting_dialogue import ActingDialogue
from tests.support.browser import Chromium, Device
from tests.support.served_town import ServedTown

pytestmark = pytest.mark.slow

SAID = "老伴走了以后，家里空落落的"
WRITTEN = "这一句只写了没有送"


@pytest.fixture
def dialogue() -> ActingDialogue:
    return ActingDialogue()


def found_in(folder: Path, *words: str) -> list[str]:
    """Which of these words stand anywhere in the files of a folder, as UTF-8 or UTF-16."""
    found = []
    for path in folder.rglob("*"):
        if not path.is_file():
            continue
        held = path.read_bytes()
        found += [
            f"{word} in {path.relative_to(folder)}"
            for word in words
            if word.encode() in held or word.encode("utf-16-le") in held
        ]
    return found


def comes_in(kiosk: Device) -> None:
    kiosk.press("door-talk")
    kiosk.press("start")
    for consent in ("chat", "screening"):
        kiosk.tick(f"tick-{consent}")
    kiosk.press("agree")
    kiosk.see("chat")
    kiosk.settles()


def code_on(kiosk: Device) -> str:
    kiosk.press("menu")
    kiosk.press("menu-move")
    return re.sub(r"\D", "", kiosk.see("move-code").inner_text())


def test_a_kiosk_forgets(
    pages: Chromium, served: ServedTown, tmp_path_factory: pytest.TempPathFactory
) -> None:
    profile = tmp_path_factory.mktemp("profile")
    keys = served.services.kiosks.set_up("puyan-hall", "ops")
    signed = place_codes.make(served.database.vault.sign, "puyan-hall", date(2030, 1, 1))
    kiosk = pages.kiosk_on_disk(profile)
    kiosk.go(f"/kiosk/{signed}#{keys.key}")
    kiosk.see("attract")
    assert keys.key not in kiosk.page.url

    # somebody talks, looks at the code for the phone, hides the screen, writes on, and leaves
    comes_in(kiosk)
    kiosk.says(SAID)
    first = code_on(kiosk)
    kiosk.shot("code-for-the-phone")
    kiosk.press("cover")
    kiosk.see("uncover")
    kiosk.shot("hidden-and-the-bar-still-there")
    kiosk.press("uncover")
    kiosk.press("move-back")
    kiosk.press("hotline-strip")
    kiosk.shot("telephones-between-the-bars")
    kiosk.press("close-hotlines")
    kiosk.write("say", WRITTEN)
    and_clears(kiosk, lambda: kiosk.press("finish"))
    nothing_is_left(kiosk)
    assert WRITTEN not in kiosk.page.content()
    kiosk.go("about:blank")  # going back and forth there has lost the machine's key: it is started again
    kiosk.go(f"/kiosk/{signed}#{keys.key}")

    # the next one goes on with the phone, and the kiosk clears itself
    kiosk.may(r"/api/session(\?.*)?$")
    comes_in(kiosk)
    kiosk.says(SAID)
    second = code_on(kiosk)
    phone = pages.phone()
    phone.go(f"/q/#{second}")
    phone.reads(SAID)
    with kiosk.page.expect_navigation(wait_until="load", timeout=60_000):
        expect(kiosk.see("moved-away")).to_contain_text("已转到您的手机")
        kiosk.shot("gone-to-the-phone")
    kiosk.see("attract")
    expect(kiosk.at("moved-away")).to_have_count(0)
    assert kiosk.cookies() == []
    phone.reads(SAID)

    # staff look at the machine
    kiosk.see("mark").dispatch_event("pointerdown")
    kiosk.see("staff-screen")
    kiosk.shot("staff-pin")
    for digit in keys.pin:
        kiosk.press(f"pin-{digit}")
    kiosk.press("pin-go")
    kiosk.see("staff-open")
    kiosk.shot("staff-screen")
    kiosk.press("staff-lock")
    kiosk.see("attract")
    heard = served.officer("puyan").does("GET", "/kiosks")
    assert [one["state"] for one in heard] == ["well"]

    kiosk.context.close()
    assert found_in(profile, "/kiosk/puyan-hall"), "the search finds what a profile keeps"
    codes = [part for code in (first, second) for part in (code, f"{code[:4]} {code[4:8]} {code[8:]}")]
    assert found_in(profile, SAID, SAID[:6], WRITTEN, WRITTEN[:6], *codes) == []
    pages.nothing_personal(SAID, WRITTEN)
