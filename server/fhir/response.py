"""Answers as a FHIR QuestionnaireResponse, and back. No wording: the form that it names has it."""

from collections.abc import Iterator
from datetime import datetime
from decimal import ROUND_UP, Decimal
from typing import Any

from fhir.resources.R4B.questionnaireresponse import (
    QuestionnaireResponse,
    QuestionnaireResponseItem,
    QuestionnaireResponseItemAnswer,
)

from assessments.errors import IncompleteAnswers
from assessments.instrument import Answers, Instrument, Item
from assessments.printed import SECONDS, value_of
from assessments.scoring import missing_items, score_answers
from server.fhir import names
from server.fhir.errors import FhirError
from server.fhir.reading import made

Data = dict[str, Any]
KINDS = {"clock": "valueTime", "minutes": "valueInteger", "hours": "valueDecimal"}
FINE = Decimal("0.00000001")
"""Hours are written a little too long rather than too short, so that reading them drops no second."""


def response_of(
    form: Instrument,
    answers: Answers,
    *,
    subject: Data | None = None,
    authored: datetime | None = None,
    status: str | None = None,
) -> QuestionnaireResponse:
    """The answers, in the order of the form; a refused one is `asked-declined`.

    Without `status` it is completed when nothing is missing, and in-progress otherwise. Raises `UnknownItem` and
    `AnswerNotOffered`.
    """
    for name, value in answers.items():
        item = form.item(name)
        if value is not None and not item.offers(value):
            raise FhirError(f"第 {item.number} 题没有这个选项")
    if status is None:
        status = "in-progress" if missing_items(form, answers) else "completed"
    asked = [*form.items, *(extra.item for extra in form.extras)]
    data: Data = {
        "resourceType": "QuestionnaireResponse",
        "extension": [{"url": names.CONTENT_HASH, "valueString": form.content_hash}],
        "questionnaire": names.canonical(form),
        "status": status,
    }
    if subject is not None:
        data["subject"] = subject
    if authored is not None:
        data["authored"] = authored.isoformat()
    if given := [_answered(form, item, answers[item.id]) for item in asked if item.id in answers]:
        data["item"] = given
    return made(QuestionnaireResponse, data)


def answers_of(form: Instrument, response: QuestionnaireResponse) -> dict[str, int | None]:
    """The answers by item id; a refused one is `None`, one that was not given is not there.

    Raises `FhirError` for another form or another edition of it, an item twice or unknown, two answers to one, an
    answer that is not offered or not written as FHIR has it for this item, and a total that our own scoring denies.
    """
    _check_form(form, response)
    answers: dict[str, int | None] = {}
    figures: dict[str, Decimal] = {}
    seen: set[str] = set()
    for row in response.item or ():
        link = str(row.linkId)
        if link in seen:
            raise FhirError(f"{_number(form, link)}写了两次")
        seen.add(link)
        if row.item:
            raise FhirError(f"{_number(form, link)}里面又套了题目")
        if link.startswith(names.SCORE):
            figures |= _figure(form, link.removeprefix(names.SCORE), row)
            continue
        item = next((asked for asked in _asked(form) if asked.id == link), None)
        if item is None:
            raise FhirError("有一题不在这份量表里（linkId 不认识）")
        if row.answer:
            answers[item.id] = _value(form, item, row.answer)
        elif _declined(row):
            answers[item.id] = None
    _check_figures(form, answers, figures)
    return answers


def form_named(response: QuestionnaireResponse) -> str:
    """The id of the form that this answer set names; raises `FhirError` when it is none of ours."""
    named = response.questionnaire or ""
    url = named.partition("|")[0]
    if not url.startswith(names.QUESTIONNAIRE):
        raise FhirError(f"questionnaire 要写 {names.QUESTIONNAIRE}<量表 id>")
    return url.removeprefix(names.QUESTIONNAIRE)


def hours_of(seconds: int) -> Decimal:
    """Seconds as hours, so that reading them again gives the same seconds."""
    hours = (Decimal(seconds) / SECONDS).quantize(FINE, rounding=ROUND_UP)
    return hours.normalize() if hours % 1 else hours.to_integral_value()


def _check_form(form: Instrument, response: QuestionnaireResponse) -> None:
    if form_named(response) != form.id:
        raise FhirError(f"这份作答不是 {form.id} 的")
    version = (response.questionnaire or "").partition("|")[2]
    if version and version != form.version:
        raise FhirError(f"这份作答是按另一版做的，现在的版本是 {form.version}")
    for extension in response.extension or ():
        if extension.url == names.CONTENT_HASH and extension.valueString != form.content_hash:
            raise FhirError("这份作答是按内容不同的一版做的，不能用现在这一版算分")
    if response.status == "entered-in-error":
        raise FhirError("这份作答已标为 entered-in-error，不算分")


def _asked(form: Instrument) -> Iterator[Item]:
    yield from form.items
    yield from (extra.item for extra in form.extras)


def _number(form: Instrument, link: str) -> str:
    """How a row is named in a message: by its printed number, if it is ours."""
    return next((f"第 {item.number} 题" for item in _asked(form) if item.id == link), "有一题")


def _declined(row: QuestionnaireResponseItem) -> bool:
    return any(one.url == names.ABSENT and one.valueCode == names.DECLINED for one in row.extension or ())


# --- one answer -------------------------------------------------------------------------------------------


def _answered(form: Instrument, item: Item, value: int | None) -> Data:
    if value is None:
        return {"extension": [{"url": names.ABSENT, "valueCode": names.DECLINED}], "linkId": item.id}
    return {"linkId": item.id, "answer": [_written(form, item, value)]}


def _written(form: Instrument, item: Item, value: int) -> Data:
    if item.measured is None:
        option = next(option for option in item.options if option.value == value)
        return {"valueCoding": names.coding_of(form, item, option)}
    if item.measured.unit == "clock":
        return {"valueTime": f"{value // 60:02}:{value % 60:02}:00"}
    if item.measured.unit == "minutes":
        return {"valueInteger": value}
    return {"valueDecimal": hours_of(value)}


def _value(form: Instrument, item: Item, given: list[QuestionnaireResponseItemAnswer]) -> int | None:
    if len(given) > 1:
        raise FhirError(f"第 {item.number} 题给了两个答案")
    answer = given[0]
    if answer.item:
        raise FhirError(f"第 {item.number} 题里面又套了题目")
    kind = "valueCoding" if item.measured is None else KINDS[item.measured.unit]
    value = getattr(answer, kind)
    if value is None:
        raise FhirError(f"第 {item.number} 题的答案要写在 {kind} 里")
    if item.measured is None:
        for option in item.options:
            wanted = names.coding_of(form, item, option)
            if value.code == wanted["code"] and value.system in (None, wanted["system"]):
                return option.value
        raise FhirError(f"第 {item.number} 题没有这个选项")
    if item.measured.unit == "clock":
        if value.second or value.microsecond:
            raise FhirError(f"第 {item.number} 题：时刻写到分钟，如 22:30:00")
        return value.hour * 60 + value.minute
    return value_of(item, value)


# --- figures that came along ------------------------------------------------------------------------------


def _figure(form: Instrument, name: str, row: QuestionnaireResponseItem) -> dict[str, Decimal]:
    """A figure that another program computed."""
    if name not in form.measures:
        raise FhirError("有一个分数不在这份量表里（linkId 不认识）")
    if not row.answer:
        return {}
    if len(row.answer) > 1:
        raise FhirError("有一个分数写了两次")
    number = (
        row.answer[0].valueInteger if row.answer[0].valueInteger is not None else row.answer[0].valueDecimal
    )
    if number is None:
        raise FhirError("分数要写在 valueInteger 或 valueDecimal 里")
    return {name: Decimal(number)}


def _check_figures(form: Instrument, answers: Answers, figures: dict[str, Decimal]) -> None:
    """Refuse a set whose own total says something else than its answers do."""
    if not figures:
        return
    try:
        score = score_answers(form, answers)
    except IncompleteAnswers:
        raise FhirError("还有题没有回答，却带着分数") from None
    ours = {"total": score.total, "standard_score": score.standard_score, **score.subscales}
    for name, theirs in figures.items():
        known = ours.get(name)
        if known is None or abs(Decimal(str(known)) - theirs) > Decimal("0.000001"):
            raise FhirError("带来的分数和按答案算出来的不一样")
