"""What comes from outside and is wrong: one clear Chinese sentence, and never what stood there."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from fhir.resources.R4B.questionnaire import Questionnaire
from fhir.resources.R4B.questionnaireresponse import QuestionnaireResponse

from assessments.errors import AssessmentError
from assessments.instrument import Instrument
from server.fhir import names
from server.fhir.errors import FhirError
from server.fhir.form_import import draft_of
from server.fhir.questionnaire import questionnaire_of
from server.fhir.reading import form_or_answers, json_from, plain, resource_from
from server.fhir.response import answers_of, response_of
from tests.fhir.forms import LIBRARY

SECRET = "张三的秘密"
PHQ9, PSQI, PHQ15, AUDIT = (LIBRARY.to_score(name) for name in ("phq9", "psqi", "phq15", "audit"))
Change = Callable[[dict[str, Any]], object]


def sent(form: Instrument, change: Change) -> str:
    """A complete answer set, made wrong."""
    answers: dict[str, int | None] = {}
    while (item := form.next_item(answers)) is not None:
        answers[item.id] = (
            {"q1": 1350, "q2": 20, "q3": 420, "q4": 7 * 3600}[item.id]
            if item.measured
            else item.options[1].value
        )
    data = plain(response_of(form, answers))
    changed = change(data)
    return json.dumps(changed if isinstance(changed, list) else data, ensure_ascii=False)


def item(data: dict[str, Any], position: int = 0) -> dict[str, Any]:
    return data["item"][position]


def coding(data: dict[str, Any]) -> dict[str, Any]:
    return item(data)["answer"][0]["valueCoding"]


def total(value: Any) -> dict[str, Any]:
    return {"linkId": "score.total", "answer": [value]}


ANSWERS: list[tuple[str, Instrument, Change, str]] = [
    ("another resource", PHQ9, lambda d: d.update(resourceType="Patient"), "resourceType 要写 QuestionnaireResponse"),
    ("no resource type", PHQ9, lambda d: d.pop("resourceType"), "resourceType 要写 QuestionnaireResponse"),
    ("another form", PHQ9, lambda d: d.update(questionnaire=f"{names.QUESTIONNAIRE}gad7|1"), "这份作答不是 phq9 的"),
    ("no form of ours", PHQ9, lambda d: d.update(questionnaire=f"https://{SECRET}/x"), "questionnaire 要写"),
    ("no form at all", PHQ9, lambda d: d.pop("questionnaire"), "questionnaire 要写"),
    ("another version", PHQ9, lambda d: d.update(questionnaire=f"{names.QUESTIONNAIRE}phq9|1"), "按另一版做的"),
    ("another content", PHQ9, lambda d: d["extension"][0].update(valueString="0" * 64), "内容不同的一版"),
    ("entered in error", PHQ9, lambda d: d.update(status="entered-in-error"), "entered-in-error"),
    ("an unknown item", PHQ9, lambda d: item(d).update(linkId=SECRET), "不在这份量表里"),
    ("a number for an id", PHQ9, lambda d: item(d).update(linkId="1"), "不在这份量表里"),
    ("an item twice", PHQ9, lambda d: d["item"].append(item(d)), "第 1 题写了两次"),
    ("two answers", PHQ9, lambda d: item(d)["answer"].append({"valueCoding": {"code": "0"}}), "第 1 题给了两个答案"),
    ("a value not offered", PHQ9, lambda d: coding(d).update(code="4"), "第 1 题没有这个选项"),
    ("a value almost offered", PHQ9, lambda d: coding(d).update(code="01"), "第 1 题没有这个选项"),
    ("no code", PHQ9, lambda d: coding(d).pop("code"), "第 1 题没有这个选项"),
    ("another code system", PHQ9, lambda d: coding(d).update(system="http://loinc.org"), "第 1 题没有这个选项"),
    ("another item's code", PHQ9, lambda d: coding(d).update(system=names.system("phq9/q2")), "第 1 题没有这个选项"),
    ("a bare number", PHQ9, lambda d: item(d).update(answer=[{"valueInteger": 1}]), "要写在 valueCoding 里"),
    ("words", PHQ9, lambda d: item(d).update(answer=[{"valueString": SECRET}]), "要写在 valueCoding 里"),
    ("a nested item", PHQ9, lambda d: item(d).update(item=[{"linkId": "q2"}]), "里面又套了题目"),
    ("another total", PHQ9, lambda d: d["item"].append(total({"valueInteger": 26})), "和按答案算出来的不一样"),
    ("a total in words", PHQ9, lambda d: d["item"].append(total({"valueString": SECRET})), "分数要写在"),
    ("a total of nothing", PHQ9, lambda d: d.update(item=[total({"valueInteger": 0})]), "还有题没有回答"),
    ("a figure that is not", PHQ9, lambda d: d["item"].append({"linkId": "score.x"}), "有一个分数不在这份量表里"),
    ("a field that is not", PHQ9, lambda d: d.update({SECRET: 1}), "QuestionnaireResponse 里有不认识的字段"),
    ("a field below", PHQ9, lambda d: item(d).update({SECRET: 1}), "item[1] 里有不认识的字段"),
    ("a field's kind", PHQ9, lambda d: d.update(item=SECRET), "不合 FHIR R4B 的写法：item"),
    ("two kinds of value", PHQ9, lambda d: item(d)["answer"][0].update(valueInteger=1), "不合 FHIR R4B 的写法"),
    ("a list", PHQ9, lambda d: [d], "一个 JSON 对象"),
    ("a man's word for it", PHQ15, lambda d: coding(d).update(code="1"), "第 sex 题没有这个选项"),
    ("a clock with seconds", PSQI, lambda d: item(d).update(answer=[{"valueTime": "22:30:01"}]), "写到分钟"),
    ("a clock as text", PSQI, lambda d: item(d).update(answer=[{"valueString": "22:30"}]), "要写在 valueTime 里"),
    ("no such clock", PSQI, lambda d: item(d).update(answer=[{"valueTime": "25:30:00"}]), "不合 FHIR R4B 的写法"),
    ("too many minutes", PSQI, lambda d: item(d, 1).update(answer=[{"valueInteger": 1441}]), "超出了可能的范围"),
    ("minutes below zero", PSQI, lambda d: item(d, 1).update(answer=[{"valueInteger": -1}]), "超出了可能的范围"),
    ("too many hours", PSQI, lambda d: item(d, 3).update(answer=[{"valueDecimal": 24.1}]), "0 到 24"),
]  # fmt: skip


@pytest.mark.parametrize(("form", "change", "why"), [c[1:] for c in ANSWERS], ids=[c[0] for c in ANSWERS])
def test_answers_that_cannot_be_used(form: Instrument, change: Change, why: str) -> None:
    with pytest.raises((FhirError, AssessmentError)) as refused:
        answers_of(form, resource_from(sent(form, change), QuestionnaireResponse))
    assert why in str(refused.value)
    assert SECRET not in str(refused.value)


def test_the_same_set_unchanged_can_be_used() -> None:
    for form in (PHQ9, PSQI, PHQ15, AUDIT):
        assert answers_of(form, resource_from(sent(form, lambda _: None), QuestionnaireResponse))
    right = sent(PHQ9, lambda d: d["item"].append(total({"valueInteger": 9})))
    assert answers_of(PHQ9, resource_from(right, QuestionnaireResponse))


def test_a_code_without_its_system_is_this_items() -> None:
    text = sent(PHQ9, lambda d: coding(d).pop("system") and None)
    assert answers_of(PHQ9, resource_from(text, QuestionnaireResponse))["q1"] == 1


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (None, "太长"),
        (b"", "不是有效的 JSON"),
        (b"\xff\xfe{}", "不是有效的 JSON"),
        (SECRET, "不是有效的 JSON"),
        ("{" + f'"{SECRET}": ', "不是有效的 JSON"),
        ("3", "一个 JSON 对象"),
        ('{"resourceType": NaN}', "NaN"),
        ('{"a": Infinity}', "NaN"),
        ('{"a": -Infinity}', "NaN"),
        ('{"a": 1e999}', "太大或太小"),
        ('{"a": 1, "a": 2}', "写了两次"),
        ('{"item": [{"linkId": "q1", "linkId": "q2"}]}', "写了两次"),
        ("[" * 200_000, "不是有效的 JSON"),
        ('{"a":' * 50 + "1" + "}" * 50, "套得太深"),
        ("x" * 3_000_000, "太长"),
    ],
    ids=str,
)
def test_lines_that_are_no_resource(line: bytes | str | None, why: str) -> None:
    with pytest.raises(FhirError) as refused:
        json_from(line)
    assert why in str(refused.value)
    assert SECRET not in str(refused.value)


def test_only_a_form_or_an_answer_set_is_taken_in() -> None:
    for kind in ("Patient", "Bundle", 3, None, ["Questionnaire"]):
        with pytest.raises(FhirError, match="Questionnaire 或 QuestionnaireResponse"):
            form_or_answers(json.dumps({"resourceType": kind}))


# --- forms ------------------------------------------------------------------------------------------------


def foreign(**row: Any) -> dict[str, Any]:
    """Another program's form of one question."""
    options = [
        {
            "valueCoding": {"code": f"LA{n}", "display": f"答{n}"},
            "extension": [{"url": names.ORDINAL, "valueDecimal": n}],
        }
        for n in range(3)
    ]
    question = {"linkId": "/1", "text": "问", "type": "choice", "answerOption": options, **row}
    data = {"resourceType": "Questionnaire", "status": "active", "name": "SomeForm", "title": "一份量表"}
    return {**data, "copyright": "他们的\n版权", "item": [question]}


def draft(data: dict[str, Any]) -> dict[str, Any]:
    return draft_of(resource_from(json.dumps(data, ensure_ascii=False), Questionnaire))


def test_another_programs_form_becomes_a_draft_without_what_it_did_not_say() -> None:
    assert draft(foreign()) == {
        "id": "someform",
        "title": "一份量表",
        "translation": "none",
        "wording": "pending",
        "items": [
            {
                "id": "/1",
                "number": "1",
                "text": "问",
                "options": [{"value": n, "label": f"答{n}"} for n in range(3)],
            }
        ],
    }


def test_a_condition_becomes_asked_after() -> None:
    data = foreign()
    later = copy.deepcopy(data["item"][0]) | {"linkId": "/2"}
    later["enableWhen"] = [
        {"question": "/1", "operator": "=", "answerCoding": {"code": code}} for code in ("LA1", "LA2")
    ]
    later["enableBehavior"] = "any"
    data["item"].append(later)
    assert draft(data)["items"][1]["asked_after"] == {"items": ["/1"], "at_least": 1}

    later["enableWhen"].pop()
    with pytest.raises(FhirError, match="说不出来"):
        draft(data)
    later["enableWhen"] = [{"question": "/1", "operator": "exists", "answerBoolean": True}]
    with pytest.raises(FhirError, match="说不出来"):
        draft(data)
    later["enableWhen"] = [{"question": "/1", "operator": "=", "answerCoding": {"code": SECRET}}]
    with pytest.raises(FhirError, match="一个没有的选项") as refused:
        draft(data)
    assert SECRET not in str(refused.value)


ORDINALLESS = [{"valueCoding": {"code": f"LA{n}"}} for n in range(3)]
HALF = [{**ORDINALLESS[0], "extension": [{"url": names.ORDINAL, "valueDecimal": 0.5}]}, *ORDINALLESS[1:]]
TWICE = [{"valueCoding": {"code": c}, "extension": [{"url": names.ORDINAL, "valueDecimal": 1}]} for c in "ab"]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"type": "string", "answerOption": None}, "第 1 题的类型写不进量表"),
        ({"type": "open-choice"}, "第 1 题的类型写不进量表"),
        ({"type": "integer", "answerOption": None}, "先有人写明怎么算分"),
        ({"repeats": True}, "第 1 题可以选几个答案"),
        ({"answerOption": None, "answerValueSet": "http://x.example/vs"}, "直接写在 answerOption 里"),
        ({"answerOption": ORDINALLESS}, "没有分值"),
        ({"answerOption": HALF}, "要写一个整数"),
        ({"answerOption": TWICE}, "两个选项的分值一样"),
        ({"answerOption": TWICE[:1]}, "至少要有两个选项"),
        ({"answerOption": [{"valueString": SECRET}, {"valueString": "b"}]}, "要写成 valueCoding"),
        ({"item": [{"linkId": "/1/1", "type": "boolean"}]}, "里面又套了题目"),
        ({"extension": [{"url": names.RULES, "valueString": "{"}]}, "计分规则读不懂"),
        ({"extension": [{"url": names.RULES, "valueString": '{"rights": 1}'}]}, "计分规则读不懂"),
    ],
)
def test_forms_that_cannot_be_used(row: dict[str, Any], why: str) -> None:
    wrong = {name: value for name, value in foreign(**row)["item"][0].items() if value is not None}
    with pytest.raises(FhirError) as refused:
        draft(foreign() | {"item": [wrong]})
    assert why in str(refused.value)
    assert SECRET not in str(refused.value)


def test_a_form_with_a_link_id_twice_or_without_questions() -> None:
    data = foreign()
    with pytest.raises(FhirError, match="写了两次"):
        draft(data | {"item": data["item"] * 2})
    with pytest.raises(FhirError, match="没有一道题"):
        draft(data | {"item": [{"linkId": "a", "type": "display", "text": "说明"}]})


def ours(form: Instrument, change: Change) -> dict[str, Any]:
    data = plain(questionnaire_of(form))
    change(data)
    return data


@pytest.mark.parametrize(
    ("form", "change"),
    [
        ("gds15", lambda d: d["item"][0]["answerOption"][0]["extension"][0].update(valueDecimal=1)),
        ("phq9", lambda d: d["item"][3]["answerOption"][3]["extension"][0].update(valueDecimal=2)),
        ("phq15", lambda d: d["item"][4]["enableWhen"][0]["answerCoding"].update(code="male")),
        ("phq15", lambda d: d["item"][4].pop("enableWhen")),
    ],
)
def test_a_form_of_ours_that_somebody_changed_in_one_place_only(form: str, change: Change) -> None:
    """Points in FHIR's field and rules in ours must say the same, or nobody knows which of them was meant."""
    with pytest.raises(FhirError, match="和计分规则不一致"):
        draft(ours(LIBRARY.to_score(form), change))


@pytest.mark.parametrize("rules", [{"recode": 3}, {"only_for": [1]}, {"recode": {"a": None}}])
def test_rules_that_mean_nothing(rules: dict[str, Any]) -> None:
    def change(data: dict[str, Any]) -> None:
        row = data["item"][4]
        kept = [one for one in row["extension"] if one["url"] != names.RULES]
        row["extension"] = [{"url": names.RULES, "valueString": json.dumps(rules)}, *kept]

    with pytest.raises(FhirError, match="计分规则"):
        draft(ours(PHQ15, change))


def test_a_sender_cannot_decide_what_only_a_person_here_may() -> None:
    """Rights, setting and the date of checking are no part of a draft, wherever they were hidden."""
    smuggled = {
        **{name: SECRET for name in ("rights", "setting", "checked_on", "translation", "wording", "id")},
        "bands": [{"id": "a", "name": "b", "from": 0}],
    }
    data = foreign() | {"extension": [{"url": names.RULES, "valueString": json.dumps(smuggled)}]}
    for option in data["item"][0]["answerOption"]:
        option["valueCoding"]["system"] = names.system("someform/1")
        option["valueCoding"]["code"] = option["valueCoding"]["code"].removeprefix("LA")
    made = draft(data)
    assert made["bands"] == smuggled["bands"]
    assert not {"rights", "setting", "checked_on"} & set(made)
    assert (made["id"], made["wording"], made["translation"]) == ("someform", "pending", "none")
    assert SECRET not in json.dumps(made, ensure_ascii=False)
