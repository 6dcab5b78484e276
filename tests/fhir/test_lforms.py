"""Our forms in LHC-Forms, in a real browser: the same questions, and the same total as ours for every answer set."""

import random
from collections.abc import Iterator
from typing import Any

import pytest
from fhir.resources.R4B.questionnaireresponse import QuestionnaireResponse
from playwright.sync_api import Locator, expect

from assessments.instrument import Instrument, Item
from assessments.library import Library
from assessments.scoring import score_answers
from server.fhir import names
from server.fhir.questionnaire import questionnaire_of
from server.fhir.reading import made, plain
from server.fhir.response import answers_of
from tests.fhir.lforms import served
from tests.support.browser import Chromium, Device, Shots

pytestmark = pytest.mark.slow

FORMS = (
    "phq9",
    "gad7",
    "phq15",
    "k10",
    "who5",
    "epds",
    "srq20",
    "gds15",
    "cesd",
    "audit",
    "audit_c",
    "sdq_self",
)
"""Sums; a standard score (WHO-5); reversed items (GDS-15, CES-D, SDQ); points printed the other way round (EPDS); skips
(AUDIT); an item for women only (PHQ-15); subscales (EPDS, AUDIT, SDQ); no wording (EPDS, SDQ)."""
READY = "window.LForms && LForms.Util && LForms.Util.FHIRSupport"
SETS = 2
LIBRARY = Library.from_files()


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served() as url:
        yield url


@pytest.fixture
def desk(address: str, request: pytest.FixtureRequest) -> Iterator[Device]:
    with Chromium(address, f"lforms_{request.node.callspec.params['name']}", Shots()) as browser:
        yield browser.desk()
    browser.nothing_odd()


@pytest.mark.parametrize("name", FORMS)
def test_lhc_forms_shows_the_same_form_and_adds_up_the_same(desk: Device, name: str) -> None:
    form = LIBRARY.to_score(name)
    chance = random.Random(f"lforms {name}")
    for number in range(SETS):
        _show(desk, form)
        if number == 0:
            _same_questions(desk, form)
            desk.shot("empty")
        answers = _answer(desk, form, chance)
        wanted = score_answers(form, answers)
        response = made(QuestionnaireResponse, desk.page.evaluate("answers()"))
        assert answers_of(form, response) == answers

        figures = {"total": wanted.total, "standard_score": wanted.standard_score, **wanted.subscales}
        shown = {item.linkId: item for item in questionnaire_of(form).item if item.readOnly}
        assert f"{names.SCORE}total" in shown
        for link in shown:
            figure = figures[link.removeprefix(names.SCORE)]
            expect(_input(desk, link)).to_have_value(str(figure))
        desk.shot(f"answered-{number + 1}")


def _show(desk: Device, form: Instrument) -> None:
    desk.go("/")
    desk.page.wait_for_function(READY)
    desk.page.evaluate("(form) => show(form)", plain(questionnaire_of(form)))
    expect(_question(desk, form.items[0])).to_be_visible()


def _same_questions(desk: Device, form: Instrument) -> None:
    """The questions that are asked from the start stand there with our words and all their options."""
    for item in form.items:
        if not form.applies(item, {}) or item.only_for is not None:
            expect(_question(desk, item)).to_have_count(0)
            continue
        question = _question(desk, item)
        expect(question.locator(".lhc-answer")).to_have_count(len(item.options))
        if item.text:
            expect(question.locator(".question")).to_have_text(item.text)
        for option in item.options:
            if option.label:
                expect(_option(desk, form, item, option.value)).to_contain_text(option.label)


def _answer(desk: Device, form: Instrument, chance: random.Random) -> dict[str, int | None]:
    """Taps an answer for every question that our own rules would ask; until the last one there is no total."""
    answers: dict[str, int | None] = {}
    while (item := form.next_item(answers)) is not None:
        if item.needed:
            expect(_input(desk, f"{names.SCORE}total")).to_have_value("")
        value = chance.choice(item.options).value
        _option(desk, form, item, value).click()
        answers[item.id] = value
    for item in form.items:
        expect(_question(desk, item)).to_have_count(1 if item.id in answers else 0)
    return answers


def _question(desk: Device, item: Item) -> Locator:
    return desk.page.locator(f'[id="item-{item.id}/1"]')


def _option(desk: Device, form: Instrument, item: Item, value: int) -> Locator:
    option = next(option for option in item.options if option.value == value)
    coding: dict[str, Any] = names.coding_of(form, item, option)
    return desk.page.locator(f'[id="{item.id}/1|{coding["system"]}|{coding["code"]}"]')


def _input(desk: Device, link: str) -> Locator:
    return desk.page.locator(f'input[id="{link}/1"]')
