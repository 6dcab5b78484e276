"""Ninety questions: at the kiosk to the forty-sixth, on the phone from the forty-seventh on."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import expect

from tests.stories_browser.conftest import Street
from tests.support.browser import Chromium, Device

pytestmark = pytest.mark.slow

BROKEN_OFF_AT = 47


class Count:
    """Taps and seconds, by device."""

    def __init__(self) -> None:
        self.taps: dict[str, int] = {}
        self.seconds: dict[str, float] = {}

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - began

    def tap(self, device: Device, name: str) -> None:
        device.press(name)
        self.taps[device.name] = self.taps.get(device.name, 0) + 1

    def answers(self, device: Device, value: int) -> None:
        device.passes_question(lambda: self.tap(device, f"option-{value}"))


def where(device: Device) -> str:
    return device.see("question-number").inner_text()


def test_ninety_questions_on_two_devices(
    browser: Chromium, street: Street, capsys: pytest.CaptureFixture[str]
) -> None:
    count = Count()
    kiosk = browser.kiosk()
    kiosk.go(f"/kiosk/{street.signed('puyan-hall')}")
    with count.of("kiosk"):
        for name in ("door-screen", "start"):
            count.tap(kiosk, name)
        for consent in ("chat", "screening"):
            kiosk.tick(f"tick-{consent}")
            count.taps["kiosk"] += 1
        for name in ("agree", "other-entrance"):
            count.tap(kiosk, name)
        kiosk.see("entrances")
        kiosk.shot("entrances")
        for name in ("entrance-ninety", "length-full", "screening-begin"):
            count.tap(kiosk, name)
        for number in range(1, BROKEN_OFF_AT):
            expect(kiosk.see("question-number")).to_have_text(f"第 {number} 题 / 共 90 题")
            if number in (1, 30):
                kiosk.shot(f"question-{number}")
            if number == 20:  # a look back and a change, and the number is right again
                count.tap(kiosk, "previous")
                expect(kiosk.see("question-number")).to_have_text("第 19 题 / 共 90 题")
                kiosk.passes_question(lambda: count.tap(kiosk, "option-3"))
            count.answers(kiosk, 2 if number % 10 == 0 else 1)
        expect(kiosk.see("question-number")).to_have_text(f"第 {BROKEN_OFF_AT} 题 / 共 90 题")
        count.tap(kiosk, "move-elsewhere")
        code = kiosk.see("move-code").inner_text()
        expect(kiosk.see("move-picture")).to_be_visible()
        kiosk.shot("go-on-elsewhere")
    assert re.fullmatch(r"\d{4} \d{4} \d{4}", code)

    phone = browser.phone()
    kiosk.may(r"/api/session\?after=")  # the kiosk learns that it was left by being refused
    with count.of("phone"):
        phone.go("/q/")
        count.tap(phone, "redeem-open")
        phone.write("redeem-code", code)
        phone.shot("the-code")
        count.tap(phone, "redeem-go")
        expect(phone.see("question-number")).to_have_text(f"第 {BROKEN_OFF_AT} 题 / 共 90 题")
        phone.shot(f"question-{BROKEN_OFF_AT}")
        kiosk.see("moved-away")
        kiosk.shot("moved-away")
        for number in range(BROKEN_OFF_AT, 90):
            count.answers(phone, 1)
            if number == 70:
                phone.shot("question-71")
        count.tap(phone, "option-1")
        phone.see("review")
        expect(phone.at("review-given")).to_have_count(90)
        phone.shot("all-answers")
        count.tap(phone, "review-q19")
        count.tap(phone, "review-option-1")
        expect(phone.at("review-given").nth(18)).to_have_text("没有")
        count.tap(phone, "review-done")
        phone.see("result-sentence")
    phone.shot("result")
    again = browser.phone()
    again.may(r"/api/sessions/moved$")
    again.go("/q/")
    again.press("redeem-open")
    again.write("redeem-code", code)
    again.press("redeem-go")
    again.reads("这串数字打不开")
    browser.nothing_personal("占位句", code.replace(" ", ""))
    with capsys.disabled():
        said = ", ".join(
            f"{name}: {count.taps[name]} taps, {count.seconds[name]:.0f} s" for name in ("kiosk", "phone")
        )
        print(f"\nninety questions: {said}")
