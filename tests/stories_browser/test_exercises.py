"""Exercises, the plan for hard hours, moods, and coming back, in a real browser over the whole application.

The dialogue is that of the project's own rules and actions; what Rasa makes of them is told in `tests/stories`.
"""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from bot.companion.skills import read_skills
from server.callers import SessionCookie
from tests.support.acting_dialogue import ActingDialogue
from tests.support.browser import Chromium, Device
from tests.support.served_town import ServedTown
from tests.support.town import Resident

pytestmark = pytest.mark.slow

PHONE = {"width": 360, "height": 740}
PICTURED = [
    "breathing_box",
    "breathing_478",
    "grounding",
    "muscle_relaxation",
    "body_scan",
    "grief_ritual",
    "exam_nerves",
]


@pytest.fixture
def dialogue() -> ActingDialogue:
    return ActingDialogue()


def phone_of(pages: Chromium, resident: Resident, *, still: bool = False) -> Device:
    """The phone of somebody who talks already."""
    phone = pages.phone()
    phone.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    if still:
        phone.page.emulate_media(reduced_motion="reduce")
    phone.context.add_cookies(
        [
            {
                "name": SessionCookie, "value": resident.token, "domain": "127.0.0.1", "path": "/", "secure": True,
                "httpOnly": True, "sameSite": "Strict",
            }
        ]
    )  # fmt: skip
    phone.go("/")
    phone.press("start")
    return phone


def fits(device: Device) -> bool:
    """Nothing scrolls sideways."""
    wide: int = device.page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return wide <= 0


def sheets(device: Device) -> int:
    """On how many sheets this page is printed."""
    return device.page.pdf(prefer_css_page_size=True).count(b"/Type /Page\n")


def goes_on(device: Device, words: str = "好了", *, skips: bool = False) -> None:
    """Answers the open step, by its first button or in words, or skips it, and waits for what comes then."""
    card = device.see("exercise")
    before = card.get_attribute("data-step")
    step = card.locator("[data-test^=choice-step_]").first
    if skips:
        device.press("choice-skill_skip")
    elif step.count():
        step.click()
    else:
        device.write("say", words)
        device.press("send")
    device.page.wait_for_function(
        "(before) => document.querySelector('[data-test=exercise]')?.dataset.step !== before", arg=before
    )
    expect(device.at("typing")).to_have_count(0)


def test_every_drawing_is_seen_on_the_way_through_its_exercise(served: ServedTown, pages: Chromium) -> None:
    resident = served.resident()
    resident.agrees()
    resident.chooses("list_skills")
    phone = phone_of(pages, resident)
    for name in PICTURED:
        resident.chooses(name)
        phone.page.reload()
        phone.press("start")
        skill = read_skills()[name]
        drawn = []
        phone.see("exercise")
        while phone.at("exercise").count():
            card = phone.see("exercise")
            assert fits(phone)
            step = skill.step((card.get_attribute("data-step") or "").split("/")[1])
            assert step is not None
            if step.picture:
                drawn.append(step.id)
                expect(card.locator(f"[data-picture={step.picture}]")).to_be_visible()
                expect(card.locator("[data-test=choice-skill_stop]")).to_be_in_viewport()
                words = phone.page.locator(".said.program").last
                expect(words).to_be_in_viewport()
                if step.id == drawn[0]:
                    phone.shot(f"{name}-{step.id}")
            goes_on(phone)
        assert drawn, name
    assert phone.at("choice-step_next").count() == 0, "an exercise that is over leaves no button"


def test_who_wants_stillness_sees_the_same_and_nothing_moves(served: ServedTown, pages: Chromium) -> None:
    resident = served.resident()
    resident.agrees()
    resident.chooses("body_scan")
    resident.chooses("step_next")
    phone = phone_of(pages, resident, still=True)
    phone.see("figure")
    moving = """() => document.getAnimations()
        .filter((one) => one.playState === "running" && one.effect.getTiming().iterations === Infinity).length"""
    assert phone.page.evaluate(moving) == 0
    expect(phone.see("picture-words")).to_contain_text("两只脚")


def test_an_exercise_with_the_keyboard_and_in_large_type(served: ServedTown, pages: Chromium) -> None:
    resident = served.resident()
    resident.agrees()
    resident.chooses("grounding")
    phone = phone_of(pages, resident)
    phone.press("elder")
    phone.see("choice-step_next").focus()
    phone.page.keyboard.press("Enter")
    expect(phone.see("exercise-step")).to_contain_text("第 2 步")
    expect(phone.page.locator("[data-test=exercise] h2")).to_be_focused()
    assert fits(phone)
    expect(phone.page.locator(".said.program").last).to_be_in_viewport()
    phone.shot("large")
    phone.see("found-1").focus()
    phone.page.keyboard.press("Space")
    expect(phone.see("found-1")).to_have_attribute("aria-pressed", "true")
    phone.press("choice-skill_back")
    expect(phone.see("exercise-step")).to_contain_text("第 1 步")
    phone.press("choice-skill_stop")
    expect(phone.at("exercise")).to_have_count(0)


def test_the_plan_is_written_together_changed_printed_and_carried_away(
    served: ServedTown, pages: Chromium, tmp_path: Path
) -> None:
    resident = served.resident()
    resident.agrees()
    phone = phone_of(pages, resident)
    phone.press("menu")
    phone.shot("menu")
    phone.press("menu-plan")
    phone.see("plan-empty")
    phone.shot("empty")
    phone.press("plan-begin")
    phone.see("exercise")
    goes_on(phone, "吃完晚饭去江边走两圈")
    while phone.at("exercise").count():
        goes_on(phone, skips=True)
    phone.settles()
    phone.shot("finished")
    phone.press("see-plan")
    expect(phone.page.locator("textarea").first).to_have_value("吃完晚饭去江边走两圈")

    reasons = phone.page.locator("textarea[data-test=plan-reasons]")
    reasons.fill("阳台上的茉莉")
    reasons.blur()
    expect(phone.see("plan-said-reasons")).to_have_text("存好了")
    assert fits(phone)
    phone.shot("plan", whole=True)
    kept = {step["id"]: step["words"] for step in resident.sends("GET", "/plan").json()["steps"]}
    assert kept["reasons"] == "阳台上的茉莉"

    phone.press("plan-carry")
    expect(phone.see("qr")).to_be_visible()
    phone.shot("carry")
    with phone.page.expect_download() as download:
        phone.press("plan-save")
    saved = tmp_path / "saved.txt"
    download.value.save_as(saved)
    assert "阳台上的茉莉" in saved.read_text("utf-8")
    phone.press("close-carry")

    phone.page.emulate_media(media="print")
    paper = phone.page.locator("[data-test=plan-paper]")
    expect(paper).to_be_visible()
    expect(paper).to_contain_text("12356")
    expect(phone.at("plan-back")).to_have_count(0)
    assert sheets(phone) == 1
    phone.page.emulate_media(media="screen")
    pages.nothing_personal("茉莉", "江边")
    assert "茉莉" not in phone.stored()


@pytest.mark.parametrize(
    "words",
    ["", "在江边走两圈，听一段戏。" * 10, "在江边走两圈，听一段戏。" * 25],
    ids=["empty", "long", "full"],
)
def test_any_plan_is_printed_on_one_sheet(served: ServedTown, pages: Chromium, words: str) -> None:
    resident = served.resident()
    resident.agrees()
    resident.sends(
        "PUT", "/plan", {"steps": {s.id: words for s in read_skills()["safety_plan"].kept_steps()}}
    )
    phone = phone_of(pages, resident)
    phone.press("menu")
    phone.press("menu-plan")
    phone.see("plan-back")
    expect(phone.page.locator("[data-test=plan-paper]")).to_have_count(1)
    assert sheets(phone) == 1


def test_what_could_not_be_kept_stays_and_is_kept_later(served: ServedTown, pages: Chromium) -> None:
    resident = served.resident()
    resident.agrees()
    phone = phone_of(pages, resident)
    phone.press("menu")
    phone.press("menu-plan")
    phone.press("plan-by-hand")
    phone.may("/api/session/plan")
    phone.page.route("**/api/session/plan", lambda route: route.abort())
    field = phone.page.locator("textarea[data-test=plan-by_myself]")
    field.fill("冲个热水澡")
    field.blur()
    phone.see("trouble-sentence")
    phone.shot("not-kept")
    expect(field).to_have_value("冲个热水澡")
    phone.page.unroute("**/api/session/plan")
    phone.press("trouble-again")
    expect(phone.at("trouble-sentence")).to_have_count(0)
    phone.press("plan-back")
    kept = {step["id"]: step["words"] for step in resident.sends("GET", "/plan").json()["steps"]}
    assert kept["by_myself"] == "冲个热水澡"


def test_a_mood_is_one_tap_and_the_week_is_told_in_words(served: ServedTown, pages: Chromium) -> None:
    resident = served.resident()
    resident.agrees()
    resident.sends("POST", "/moods", {"value": 2})
    served.clock.advance(hours=20)
    phone = phone_of(pages, resident)
    phone.page.clock.set_fixed_time(served.clock())
    phone.page.reload()
    phone.press("start")
    phone.press("menu")
    phone.press("menu-moods")
    phone.press("mood-4")
    expect(phone.see("mood-said")).to_have_text("记下了：还可以")
    expect(phone.see("week-words")).to_contain_text("两次心情")
    days = phone.page.locator("[data-test=week] li")
    expect(days).to_have_count(7)
    expect(days.nth(0)).to_contain_text("还可以")
    expect(days.nth(1)).to_contain_text("不太好")
    assert fits(phone)
    phone.shot("week", whole=True)


@pytest.mark.parametrize("same", [True, False])
def test_who_comes_back_is_asked_first(served: ServedTown, pages: Chromium, same: bool) -> None:
    resident = served.resident()
    resident.agrees()
    step = read_skills()["safety_plan"].kept_steps()[0].id
    resident.sends("PUT", "/plan", {"steps": {step: "睡不着的时候"}})
    served.clock.advance(hours=25)
    phone = phone_of(pages, resident)
    phone.see("came-back")
    phone.shot("asked")
    assert phone.at("chat").count() == 0
    assert phone.at("menu-plan").count() == 0
    phone.press("same-person" if same else "not-same-person")
    if not same:
        phone.see("consent-screen")
        phone.tick("tick-chat")
        phone.press("agree")
    phone.see("chat")
    phone.shot("then")
    phone.press("menu")
    phone.press("menu-plan")
    phone.see("plan")
    field = phone.page.locator(f"textarea[data-test=plan-{step}]")
    if same:
        expect(field).to_have_value("睡不着的时候")
    else:
        phone.see("plan-empty")


def test_the_hall_does_exercises_and_keeps_no_plan(served: ServedTown, pages: Chromium) -> None:
    kiosk = pages.kiosk()
    kiosk.go("/kiosk/")
    kiosk.press("door-talk")
    kiosk.press("start")
    kiosk.tick("tick-chat")
    kiosk.press("agree")
    kiosk.see("chat")
    kiosk.press("menu")
    kiosk.see("menu-together")
    assert kiosk.at("menu-plan").count() == kiosk.at("menu-moods").count() == 0
    kiosk.shot("menu")
    kiosk.press("menu-together")
    kiosk.settles()
    kiosk.page.locator("[data-test=bubbles] .offers button").first.click()
    kiosk.see("exercise")
    goes_on(kiosk)
    kiosk.settles()
    assert fits(kiosk)
    kiosk.shot("exercise")
    kiosk.press("finish")
    kiosk.see("attract")
    assert kiosk.at("exercise").count() == 0
