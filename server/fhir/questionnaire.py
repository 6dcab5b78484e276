"""A form as a FHIR Questionnaire that other programs can show and add up.

In FHIR's own words: the questions with their options, the points of each option (`ordinalValue`, turned round where the
key says so), what is asked after what (`enableWhen`), and the total where it is a sum (`calculatedExpression`, empty as
long as an answer is missing). What FHIR has no words for (bands, critical answers, norms) stands as JSON in extensions.

Wording goes out only where we may pass it on: of a skeleton there are link ids and values, and a district's own
licensed text stays here unless whoever exports says that the licence covers it.
"""

import json
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from fhir.resources.R4B.questionnaire import Questionnaire

from assessments.instrument import Instrument, Item, Option, Subscale
from assessments.printed import SECONDS
from server.fhir import names
from server.fhir.document import condition_of, document_of, item_rules_of
from server.fhir.reading import made

Data = dict[str, Any]
TYPES = {"clock": "time", "minutes": "integer", "hours": "decimal"}
HEAD = ("options", "items", "extras", "id", "version", "title", "intro", "rights", "setting", "checked_on")
NOT_RULES = (*HEAD, "wording", "translation", "licence")


def questionnaire_of(form: Instrument, *, licensed_wording: bool = False) -> Questionnaire:
    """The form. `licensed_wording`: with the text that a district added under a licence of its own."""
    worded = form.wording in ("shipped", "skeleton") or (form.wording == "licensed" and licensed_wording)
    panel = names.loinc_of("panels", form.id)
    own = {"system": names.system("instruments"), "code": form.id}
    return made(
        Questionnaire,
        {
            "resourceType": "Questionnaire",
            "id": names.logical_id(form.id),
            "language": "zh-CN",
            "extension": [_rules(_rules_of(form))],
            "url": f"{names.QUESTIONNAIRE}{form.id}",
            "identifier": [{"system": names.CONTENT, "value": form.content_hash}],
            "version": form.version,
            "name": "Xinqiao" + "".join(part.capitalize() for part in form.id.split("_")),
            "title": form.title,
            "status": "active" if form.may_be_asked and worded else "draft",
            "subjectType": ["Patient"],
            "description": form.intro,
            "purpose": form.setting,
            "copyright": form.rights,
            "lastReviewDate": form.checked_on,
            "code": [own] if panel is None else [panel, own],
            "item": [
                *(_question(form, item, worded) for item in form.items),
                *(
                    _question(form, extra.item, worded, {"asked_when": condition_of(extra.asked_when)})
                    for extra in form.extras
                ),
                *_figures(form),
            ],
        },
    )


def _rules_of(form: Instrument) -> Data:
    return {name: value for name, value in document_of(form).items() if name not in NOT_RULES}


def _rules(rules: Data) -> Data:
    return {"url": names.RULES, "valueString": json.dumps(rules, ensure_ascii=False, separators=(",", ":"))}


def _question(form: Instrument, item: Item, worded: bool, asked_when: Data | None = None) -> Data:
    data: Data = {"linkId": item.id, "prefix": item.number}
    extensions: list[Data] = []
    rules = item_rules_of(item) | (asked_when or {})
    if rules:
        extensions.append(_rules(rules))
    if asked_when is not None:  # the program asks it after the score; no other program can know when
        extensions.append({"url": names.HIDDEN, "valueBoolean": True})
    if worded and item.text:
        data["text"] = item.text
    if item.measured is not None:
        data["type"] = TYPES[item.measured.unit]
        if item.measured.unit != "clock":
            unit, kind = (SECONDS, "valueDecimal") if item.measured.unit == "hours" else (1, "valueInteger")
            ends = ((names.LOWEST, item.measured.lowest), (names.HIGHEST, item.measured.highest))
            extensions += [{"url": url, kind: end // unit} for url, end in ends]
    else:
        data["type"] = "choice"
        extensions.append(
            {
                "url": names.CONTROL,
                "valueCodeableConcept": {"coding": [{"system": names.CONTROLS, "code": "radio-button"}]},
            }
        )
        data["answerOption"] = [_option(form, item, option, worded) for option in item.options]
    if conditions := list(_enabled_when(form, item)):
        data["enableWhen"] = conditions
        if len(conditions) > 1:
            data["enableBehavior"] = "any"
    if item.needed:
        data["required"] = True
    return {"extension": extensions, **data} if extensions else data


def _option(form: Instrument, item: Item, option: Option, worded: bool) -> Data:
    coding: Data = {**names.coding_of(form, item, option)}
    if worded and option.label:
        coding["display"] = option.label
    data: Data = {}
    extensions: list[Data] = []
    if item.scored:
        extensions.append({"url": names.ORDINAL, "valueDecimal": item.points(option.value)})
    if option.key is not None:
        extensions.append({"url": names.OPTION_VALUE, "valueInteger": option.value})
    if extensions:
        data["extension"] = extensions
    return data | {"valueCoding": coding}


def _enabled_when(form: Instrument, item: Item) -> Iterator[Data]:
    for before, options in _called_by(form, item):
        for option in options:
            yield {
                "question": before.id, "operator": "=", "answerCoding": names.coding_of(form, before, option)
            }  # fmt: skip


def _called_by(form: Instrument, item: Item) -> Iterator[tuple[Item, list[Option]]]:
    """The earlier items with the options of which any one calls for this item."""
    if item.asked_after is not None:
        for name in item.asked_after.items:
            before = form.item(name)
            yield before, [o for o in before.options if o.value >= item.asked_after.at_least]
    if item.only_for is not None:
        before = form.item(item.only_for.item)
        yield before, [o for o in before.options if o.value == item.only_for.value]


# --- figures that are sums --------------------------------------------------------------------------------


def _figures(form: Instrument) -> Iterator[Data]:
    """The figures that other programs can add up: sums and plain means. Others only we compute."""
    hidden = form.result_for == "staff"
    total = _total(form)
    if total is not None:
        yield _figure(form, "total", "总分", "integer", total, hidden)
        if form.scoring.times is not None:
            scaled = f"(({total}) * {_number(form.scoring.times)}).truncate()"
            yield _figure(form, "standard_score", "标准分", "integer", scaled, hidden)
    for scale in form.scoring.subscales:
        if scale.picks or scale.recode or scale.way not in ("sum", "mean"):
            continue
        summed = _sum(scale.items)
        if scale.way == "sum":
            yield _figure(form, scale.id, scale.name, "integer", _when_complete(form, summed), hidden)
        else:
            mean = _when_complete(form, f"({summed}) / {len(scale.items)}")
            yield _figure(form, scale.id, scale.name, "decimal", mean, hidden)


def _total(form: Instrument) -> str | None:
    """The expression of the total, where it is a sum of points."""
    if form.scoring.total_of is None:
        return _when_complete(form, _sum(tuple(item.id for item in form.items if item.scored)))
    scales = {scale.id: scale for scale in form.scoring.subscales}
    parts = [scales[name] for name in form.scoring.total_of]
    if not parts or not all(_adds_up(scale) for scale in parts):
        return None
    return _when_complete(form, " + ".join(f"({_sum(scale.items)})" for scale in parts))


def _adds_up(scale: Subscale) -> bool:
    return scale.way == "sum" and not scale.recode and not scale.picks


def _sum(items: tuple[str, ...]) -> str:
    """The sum of the points of what was answered of these items; 0 of nothing."""
    return f"{_answers(items)}.weight().aggregate($this + $total, 0)"


def _answers(items: tuple[str, ...]) -> str:
    listed = "|".join(f"'{item}'" for item in items)
    return f"%resource.item.where(linkId in ({listed})).answer.value"


def _when_complete(form: Instrument, expression: str) -> str:
    """Empty until every question that must be answered is: an incomplete set has no total."""
    needed = [item for item in form.items if item.needed]
    always = tuple(item.id for item in needed if item.asked_after is None and item.only_for is None)
    parts = [f"{_answers(always)}.count() = {len(always)}"] if always else []
    for item in needed:
        if item.id not in always:
            parts.append(f"(({_is_called(form, item)}) implies {_answers((item.id,))}.exists())")
    return f"iif({' and '.join(parts)}, {expression}, {{}})" if parts else expression


def _is_called(form: Instrument, item: Item) -> str:
    return " or ".join(
        f"{_answers((before.id,))}.where(code in ({'|'.join(_quoted(form, before, options))})).exists()"
        for before, options in _called_by(form, item)
    )


def _quoted(form: Instrument, item: Item, options: list[Option]) -> list[str]:
    return [f"'{names.coding_of(form, item, option)['code']}'" for option in options]


def _figure(form: Instrument, name: str, text: str, kind: str, expression: str, hidden: bool) -> Data:
    extensions: list[Data] = [
        {
            "url": names.CALCULATED,
            "valueExpression": {"language": "text/fhirpath", "expression": expression},
        }
    ]
    if hidden:  # a result that is for staff is not shown to whoever answers
        extensions.append({"url": names.HIDDEN, "valueBoolean": True})
    data: Data = {"extension": extensions, "linkId": f"{names.SCORE}{name}"}
    loinc = names.loinc_of("totals", form.id) if name == "total" else None
    if loinc is not None:
        data["code"] = [loinc]
    return data | {"text": text, "type": kind, "readOnly": True}


def _number(times: Fraction) -> str:
    return str(int(times)) if times.denominator == 1 else str(float(times))
