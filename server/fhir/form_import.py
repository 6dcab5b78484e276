"""A Questionnaire from outside as the draft of a form's file.

A draft can be asked of nobody: it lacks `rights`, `setting` and `checked_on`, which no sender can decide for us, and
its wording is `pending`. `xinqiao instruments check` says what is missing, until a person has filled it in.
"""

import itertools
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import yaml
from fhir.resources.R4B.coding import Coding
from fhir.resources.R4B.questionnaire import Questionnaire, QuestionnaireItem

from assessments.instrument import recoded
from assessments.instrument_file import REQUIRED
from server.fhir import names
from server.fhir.errors import FhirError

Data = dict[str, Any]
ORDER = (
    "id", "version", "title", "intro", "timeframe", "minutes", "source", "translation", "wording", "options", "items",
    "extras",
)  # fmt: skip
LEFT_TO_A_PERSON = ("rights", "setting", "checked_on")
INPUTS = {"time": "clock", "integer": "minutes", "decimal": "hours"}
OF_ITEMS = (
    "input", "reverse", "recode", "scored", "needed", "only_for", "critical", "attention", "asked_when",
)  # fmt: skip
_NO_ID = re.compile(r"[^a-z0-9_]+")


def draft_of(form: Questionnaire) -> Data:
    """The content of the file, as far as the sender could say it.

    Questions, options, points and what is asked after what are read from FHIR's own fields; bands, critical answers
    and the rest from our extensions, where there are any. Raises `FhirError` naming the question: a kind of answer
    that our forms do not have, an option without a value, a link id twice, a condition that we cannot say, or points
    that contradict the rules that came along.
    """
    draft = _Draft(form)
    try:
        items, extras = draft.questions()
    except (AttributeError, TypeError, KeyError):  # rules that are JSON, and nothing that a form could mean
        raise FhirError("带来的计分规则读不懂") from None
    shared = _shared([*items])
    data: Data = {
        "id": _id_of(form),
        "version": form.version,
        "title": form.title,
        "intro": form.description,
        "translation": "none",
        "wording": "pending",
        "options": shared,
        "items": [_without(item, shared) for item in items],
        "extras": extras,
    }
    rules = {name: value for name, value in draft.rules.items() if name not in data}
    whole = {name: value for name, value in (data | rules).items() if value not in (None, [])}
    return {name: whole[name] for name in (*ORDER, *whole) if name in whole}


def required_and_missing(draft: Data) -> list[str]:
    """What a form's file must have and this draft does not."""
    return [name for name in REQUIRED if name not in draft]


def draft_text(form: Questionnaire) -> str:
    """The draft as a YAML file, with what is missing written at its head."""
    data = draft_of(form)
    said = [f"草稿：从 FHIR Questionnaire 读入（{_one_line(form.url or '没有 url')}），还不能给居民用。"]
    said.append(f"还缺：{'、'.join(required_and_missing(data))}。补上以后，运行 xinqiao instruments check。")
    said.append("wording 现在是 pending；文字可以随软件发布、也逐字核对过，才改成 shipped。")
    if form.copyright:
        said.append(f"对方写的版权说明（要自己核实）：{_one_line(form.copyright)}")
    head = "".join(f"# {line}\n" for line in said)
    return head + yaml.safe_dump(data, allow_unicode=True, sort_keys=False, width=1000)


class _Draft:
    """Reads the questions of one Questionnaire."""

    def __init__(self, form: Questionnaire) -> None:
        self.form = form
        self.rules = _rules(form.extension, "文件")
        self.ours = bool(self.rules)
        self.values: dict[str, dict[tuple[str | None, str], int]] = {}
        """The value of each option, by question and by (system, code)."""
        self.numbers: dict[str, str] = {}

    def questions(self) -> tuple[list[Data], list[Data]]:
        """The questions of the form, and those that are asked after it."""
        items: list[Data] = []
        extras: list[Data] = []
        seen: set[str] = set()
        for row in _rows(self.form.item or []):
            link = str(row.linkId)
            if link in seen:
                raise FhirError("有一个 linkId 写了两次")
            seen.add(link)
            if link.startswith(names.SCORE) or (row.readOnly and _has(row, names.CALCULATED)):
                continue
            question = self.question(row, len(items) + len(extras) + 1)
            (extras if "asked_when" in question else items).append(question)
        if not items:
            raise FhirError("没有一道题")
        return items, extras

    def question(self, row: QuestionnaireItem, position: int) -> Data:
        """One question as a file has it."""
        link, number = str(row.linkId), row.prefix or str(position)
        self.numbers[link] = number
        if row.repeats:
            raise FhirError(f"第 {number} 题可以选几个答案，量表里只能选一个")
        rules = _rules(row.extension, f"第 {number} 题")
        data: Data = {"id": link, "number": number}
        if row.text:
            data["text"] = row.text
        if row.type in INPUTS:
            if rules.get("input") != INPUTS[row.type]:
                raise FhirError(f"第 {number} 题的答案是数字或时刻，要先有人写明怎么算分")
        elif row.type == "boolean":
            data["options"] = [{"value": 1, "label": "是"}, {"value": 0, "label": "否"}]
            self.values[link] = {}
        elif row.type == "choice":
            data["options"] = self.options(row, number, rules)
        else:
            raise FhirError(f"第 {number} 题的类型写不进量表：只能是 choice、boolean，或我们自己的时刻和时长")
        if row.enableWhen:
            data |= self.condition(row, number, rules)
        elif "only_for" in rules:
            raise FhirError(f"第 {number} 题的 enableWhen 和计分规则不一致")
        return data | rules

    def options(self, row: QuestionnaireItem, number: str, rules: Data) -> list[Data]:
        """The options with their values: ours as printed on the form, others by their points."""
        if row.answerValueSet or not row.answerOption:
            raise FhirError(f"第 {number} 题的选项要直接写在 answerOption 里")
        values = self.values[str(row.linkId)] = {}
        options: list[Data] = []
        points: list[int | None] = []
        for option in row.answerOption:
            coding = option.valueCoding
            if coding is None or not coding.code:
                raise FhirError(f"第 {number} 题的选项要写成 valueCoding，带 code")
            ordinal = _ordinal(option.extension, number)
            value = _value_of(coding, option.extension, ordinal)
            if value is None:
                raise FhirError(f"第 {number} 题的选项没有分值（ordinalValue）")
            if value in values.values():
                raise FhirError(f"第 {number} 题有两个选项的分值一样")
            values[(coding.system, str(coding.code))] = value
            points.append(ordinal)
            one: Data = {"value": value}
            if _ours(coding) and not re.fullmatch(r"-?\d+", coding.code):
                one["key"] = coding.code
            if coding.display:
                one["label"] = coding.display
            options.append(one)
        if len(options) < 2:
            raise FhirError(f"第 {number} 题至少要有两个选项")
        self._agree(number, [one["value"] for one in options], points, rules)
        return options

    def _agree(self, number: str, printed: list[int], points: list[int | None], rules: Data) -> None:
        """Refuse points that are not what the rules that came along make of the values."""
        if not self.ours or rules.get("scored") is False:
            return
        if rules.get("recode"):
            wanted = [recoded(tuple(rules["recode"].items()), value) for value in printed]
        elif rules.get("reverse"):
            wanted = [min(printed) + max(printed) - value for value in printed]
        else:
            wanted = printed
        if points != wanted:
            raise FhirError(f"第 {number} 题的 ordinalValue 和计分规则不一致")

    def condition(self, row: QuestionnaireItem, number: str, rules: Data) -> Data:
        """`asked_after`, when that is what the conditions say; `only_for` stands among the rules and is compared."""
        cannot = FhirError(f"第 {number} 题的 enableWhen 用量表的写法说不出来")
        chosen: dict[str, set[int]] = {}
        conditions = row.enableWhen or []
        if len(conditions) > 1 and row.enableBehavior != "any":
            raise cannot
        for when in conditions:
            known = self.values.get(str(when.question))
            coding = when.answerCoding
            if known is None or when.operator != "=" or coding is None:
                raise cannot
            value = known.get((coding.system, str(coding.code)))
            if value is None:
                raise FhirError(f"第 {number} 题的 enableWhen 说到一个没有的选项")
            chosen.setdefault(str(when.question), set()).add(value)
        if "only_for" in rules:
            if chosen != {rules["only_for"].get("item"): {rules["only_for"].get("is")}}:
                raise FhirError(f"第 {number} 题的 enableWhen 和计分规则不一致")
            return {}
        starts = {min(values) for values in chosen.values()}
        for question, values in chosen.items():
            offered = set(self.values[question].values())
            if len(starts) > 1 or values != {value for value in offered if value >= min(values)}:
                raise cannot
        return {"asked_after": {"items": list(chosen), "at_least": starts.pop()}}


def _rows(items: list[QuestionnaireItem]) -> Iterator[QuestionnaireItem]:
    """The questions, in their order; what is only shown between them is left out."""
    for row in items:
        if row.type == "group":
            if row.enableWhen:
                raise FhirError("一组题目带着 enableWhen，量表里没有这种写法")
            yield from _rows(row.item or [])
        elif row.type != "display":
            if row.item:
                raise FhirError("题目里面又套了题目")
            yield row


def _rules(extensions: Any, where: str) -> Data:
    """Our own rules on a form or a question; empty when it comes from somewhere else."""
    found = [one for one in extensions or () if one.url == names.RULES]
    if not found:
        return {}
    wrong = FhirError(f"{where}带来的计分规则读不懂")
    if len(found) > 1:
        raise wrong
    try:
        rules = json.loads(found[0].valueString, parse_constant=lambda _: None)
    except (TypeError, ValueError, RecursionError):
        raise wrong from None
    if not isinstance(rules, dict) or (where != "文件" and not set(rules) <= set(OF_ITEMS)):
        raise wrong
    rules = {name: value for name, value in rules.items() if name not in LEFT_TO_A_PERSON}
    try:
        return _whole_keys(rules)
    except RecursionError:
        raise wrong from None


def _whole_keys(data: Any, name: str = "") -> Any:
    """JSON writes every key as text; starts and cut-offs are whole numbers."""
    if isinstance(data, list):
        return [_whole_keys(one) for one in data]
    if not isinstance(data, dict):
        return data
    whole = name in ("recode", "choices")
    return {
        int(key) if whole and re.fullmatch(r"-?\d{1,9}", key) else key: _whole_keys(value, key)
        for key, value in data.items()
    }


def _ordinal(extensions: Any, number: str) -> int | None:
    found = [one.valueDecimal for one in extensions or () if one.url == names.ORDINAL]
    if not found:
        return None
    if len(found) > 1 or found[0] is None or Decimal(found[0]) % 1:
        raise FhirError(f"第 {number} 题的分值（ordinalValue）要写一个整数")
    return int(found[0])


def _value_of(coding: Coding, extensions: Any, ordinal: int | None) -> int | None:
    for one in extensions or ():
        if one.url == names.OPTION_VALUE and one.valueInteger is not None:
            return int(one.valueInteger)
    if _ours(coding) and re.fullmatch(r"-?\d{1,9}", str(coding.code)):
        return int(str(coding.code))
    return ordinal


def _ours(coding: Coding) -> bool:
    return str(coding.system or "").startswith(names.BASE)


def _has(row: QuestionnaireItem, url: str) -> bool:
    return any(one.url == url for one in row.extension or ())


def _id_of(form: Questionnaire) -> str:
    url = str(form.url or "")
    found = url.removeprefix(names.QUESTIONNAIRE) if url.startswith(names.QUESTIONNAIRE) else ""
    found = found or str(form.name or form.id or url.rsplit("/", 1)[-1])
    found = _NO_ID.sub("_", found.lower()).strip("_")[:60]
    if not found:
        raise FhirError("看不出这份量表叫什么：要写 name 或 url")
    return found


def _shared(items: list[Data]) -> list[Data]:
    """The options that most questions have, when more than one has them."""
    written = [json.dumps(item["options"], ensure_ascii=False) for item in items if "options" in item]
    for text, same in itertools.groupby(sorted(written, key=lambda one: (-written.count(one), one))):
        return json.loads(text) if len(list(same)) > 1 else []
    return []


def _without(item: Data, shared: list[Data]) -> Data:
    return {name: value for name, value in item.items() if name != "options" or value != shared}


def _one_line(text: str) -> str:
    return " ".join(str(text).split())
