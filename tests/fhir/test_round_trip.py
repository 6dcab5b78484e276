"""What goes out comes back: every form, and answer sets of each, byte by byte and in meaning."""

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from fhir.resources.R4B.questionnaire import Questionnaire
from fhir.resources.R4B.questionnaireresponse import QuestionnaireResponse

from assessments.errors import IncompleteAnswers
from assessments.instrument import Answers, Instrument
from assessments.library import Library, instrument_from, problems_in
from assessments.scoring import Score, score_answers
from server.fhir import names
from server.fhir.document import document_of
from server.fhir.form_import import draft_of, draft_text
from server.fhir.questionnaire import questionnaire_of
from server.fhir.reading import json_of, plain, resource_from
from server.fhir.response import answers_of, response_of
from tests.fhir.forms import FORMS, IDS, complete, partial

every_form = pytest.mark.parametrize("form", FORMS, ids=IDS)
FILLED_IN = ("rights", "setting", "checked_on")
SETS = 25


def back(form: Instrument) -> Questionnaire:
    """The form as another program would send it."""
    return resource_from(json_of(questionnaire_of(form)), Questionnaire)


def filled_in(form: Instrument) -> Instrument:
    """The draft of what came back, after a person has written what no sender can decide."""
    said = document_of(form)
    data = draft_of(back(form)) | {name: said[name] for name in FILLED_IN}
    made = instrument_from(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), f"{form.id}.yml")
    return replace(made, wording=form.wording, translation=form.translation, content_hash=form.content_hash)


def score_or_gap(form: Instrument, answers: Answers) -> Score | tuple[str, ...]:
    try:
        return score_answers(form, answers)
    except IncompleteAnswers as incomplete:
        return incomplete.missing


@every_form
def test_a_form_comes_back_equal_in_every_field(form: Instrument) -> None:
    assert filled_in(form) == form


@every_form
def test_a_form_that_came_back_goes_out_in_the_same_bytes(form: Instrument) -> None:
    assert json_of(questionnaire_of(filled_in(form))) == json_of(questionnaire_of(form))
    assert json_of(back(form)) == json_of(questionnaire_of(form))


@every_form
def test_a_form_from_outside_is_a_draft_until_somebody_has_filled_it_in(
    form: Instrument, tmp_path: Path
) -> None:
    path = tmp_path / f"{form.id}.yml"
    text = draft_text(back(form))
    path.write_text(text, "utf-8")
    assert [str(problem) for problem in problems_in(tmp_path)] == [f"{form.id}.yml: rights: 缺少这一项"]
    assert "还不能给居民用" in text

    path.write_text(text + "rights: 写明了\nsetting: 写明了\nchecked_on: 2026-11-23\n", "utf-8")
    assert problems_in(tmp_path) == ()
    assert len(Library.from_files(tmp_path)) == 0, "a pending form can be scored, and asked of nobody"


@every_form
def test_answers_come_back_and_score_the_same(form: Instrument) -> None:
    chance = random.Random(form.id)
    for make in (complete, partial):
        for _ in range(SETS):
            answers = make(form, chance)
            sent = json_of(response_of(form, answers))
            received = answers_of(form, resource_from(sent, QuestionnaireResponse))
            assert received == answers
            assert score_or_gap(form, received) == score_or_gap(form, answers)
            assert json_of(response_of(form, received)) == sent


@every_form
def test_what_is_refused_stays_refused_and_what_was_not_shown_stays_away(form: Instrument) -> None:
    first = form.items[0]
    sent = plain(response_of(form, {first.id: None}))
    assert sent["status"] == "in-progress"
    assert sent["item"] == [
        {"extension": [{"url": names.ABSENT, "valueCode": "asked-declined"}], "linkId": first.id}
    ]
    assert answers_of(form, resource_from(json_of(response_of(form, {})), QuestionnaireResponse)) == {}


def test_all_the_seconds_of_a_night_come_back() -> None:
    psqi = next(form for form in FORMS if form.id == "psqi")
    for seconds in (*range(0, 86_401, 7), 25_199, 25_200, 25_201, 86_399, 86_400):
        sent = json_of(response_of(psqi, {"q4": seconds}))
        assert answers_of(psqi, resource_from(sent, QuestionnaireResponse)) == {"q4": seconds}


@every_form
def test_points_and_values_are_what_the_form_says(form: Instrument) -> None:
    """`ordinalValue` is what the answer adds; the code is what the form prints."""
    rows = {row["linkId"]: row for row in plain(questionnaire_of(form))["item"]}
    for item in form.items:
        for option, sent in zip(item.options, rows[item.id].get("answerOption", ()), strict=True):
            points = [e["valueDecimal"] for e in sent.get("extension", ()) if e["url"] == names.ORDINAL]
            assert points == ([item.points(option.value)] if item.scored else [])
            assert sent["valueCoding"]["code"] == (option.key or str(option.value))


def every_text(data: Any) -> set[str]:
    if isinstance(data, dict):
        return set().union(*(every_text(value) for value in data.values()))
    if isinstance(data, list):
        return set().union(*(every_text(value) for value in data))
    return {data} if isinstance(data, str) else set()


@pytest.mark.parametrize("form", [f for f in FORMS if f.wording == "skeleton"], ids=lambda form: form.id)
def test_a_skeleton_goes_out_without_wording(form: Instrument) -> None:
    sent = plain(questionnaire_of(form))
    assert sent["status"] == "draft"
    questions = [row for row in sent["item"] if not row["linkId"].startswith(names.SCORE)]
    assert [row["linkId"] for row in questions] == [item.id for item in form.items]
    assert all("text" not in row for row in questions)


def test_a_districts_licensed_text_stays_here_unless_it_is_asked_for(tmp_path: Path) -> None:
    labels = {0: "甲选项", 1: "乙选项", 2: "丙选项", 3: "丁选项"}
    isi = Library.from_files().to_score("isi")
    values = [option.value for option in isi.items[0].options]
    text = {
        "id": "isi", "version": isi.version, "holder": "示范区医院", "licence": "许可编号 2026-1，只在本区使用",
        "checked_on": "2026-11-22", "options": {value: labels.get(value, "戊选项") for value in values},
        "items": {item.id: f"本区的第 {item.number} 题" for item in isi.items},
    }  # fmt: skip
    body = yaml.safe_dump(text, allow_unicode=True).replace("'2026-11-22'", "2026-11-22")
    (tmp_path / "isi.text.yml").write_text(body, "utf-8")
    licensed = Library.from_files(texts=tmp_path).to_score("isi")
    assert licensed.wording == "licensed"

    closed = every_text(plain(questionnaire_of(licensed)))
    assert not any("本区的第" in text or "选项" in text for text in closed)
    opened = plain(questionnaire_of(licensed, licensed_wording=True))
    assert opened["item"][0]["text"] == "本区的第 1 题"
    assert opened["status"] == "active"


def test_no_loinc_code_but_those_that_were_read() -> None:
    """A code that nobody has read on LOINC's own page must not appear by itself."""
    known = {
        *("44249-1", "55757-9", "69737-5"),
        *("44261-6", "55758-7", "70273-8", "70274-6", "75626-2"),
    }
    found: set[str] = set()
    for form in FORMS:
        sent = plain(questionnaire_of(form))
        codings = [*sent["code"], *(code for row in sent["item"] for code in row.get("code", ()))]
        found |= {coding["code"] for coding in codings if coding["system"] == names.LOINC}
        assert any(coding["code"] == form.id for coding in sent["code"]), "our own code is always there"
    assert found == known
