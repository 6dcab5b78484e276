"""JSON from outside, or of our own making, as a checked FHIR R4B resource."""

import json
from decimal import Decimal
from typing import Any, TypeVar

from fhir.resources.R4B.questionnaire import Questionnaire
from fhir.resources.R4B.questionnaireresponse import QuestionnaireResponse
from fhir.resources.R4B.resource import Resource
from pydantic import ValidationError

from server.fhir.errors import FhirError

R = TypeVar("R", bound=Resource)
LONGEST_LINE = 2 * 1024 * 1024
DEEPEST = 40
WHERE = 3
"""So many wrong places are named at most."""


def resource_from(line: bytes | str | None, *kinds: type[R]) -> R:
    """One resource of one of these kinds; `None` is a line that was too long to keep.

    Raises `FhirError`: no JSON, a key twice, NaN, another resource, a field that R4B does not have or wants otherwise.
    The message names the place and never what stood there.
    """
    data = json_from(line)
    names = {kind.get_resource_type(): kind for kind in kinds}
    wanted = data.get("resourceType")
    if not isinstance(wanted, str) or wanted not in names:
        raise FhirError(f"resourceType 要写 {' 或 '.join(names)}")
    return made(names[wanted], data)


def form_or_answers(line: bytes | str | None) -> Questionnaire | QuestionnaireResponse:
    """A form or an answer set, whichever it says it is."""
    data = json_from(line)
    if data.get("resourceType") == "Questionnaire":
        return made(Questionnaire, data)
    if data.get("resourceType") == "QuestionnaireResponse":
        return made(QuestionnaireResponse, data)
    raise FhirError("resourceType 要写 Questionnaire 或 QuestionnaireResponse")


def made(kind: type[R], data: dict[str, Any]) -> R:
    """A resource of this kind from plain data; raises `FhirError` where R4B does not allow it."""
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        raise FhirError(_wrong(error, kind.get_resource_type())) from None
    except (ValueError, TypeError, ArithmeticError, RecursionError):
        raise FhirError(f"不合 FHIR R4B 的写法：{kind.get_resource_type()}") from None


def json_of(resource: Resource) -> str:
    """One line of JSON, the fields in FHIR's order; the same resource always gives the same bytes."""
    return json.dumps(plain(resource), ensure_ascii=False, separators=(",", ":"))


def plain(resource: Resource) -> dict[str, Any]:
    """The resource as plain data."""
    data: dict[str, Any] = json.loads(resource.model_dump_json())
    return data


def json_from(line: bytes | str | None) -> dict[str, Any]:
    """The object on one line, strictly read."""
    if line is None or len(line) > LONGEST_LINE:
        raise FhirError("这一行太长")
    try:
        text = line.decode("utf-8-sig") if isinstance(line, bytes) else line.removeprefix("\ufeff")
        data = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant, parse_float=_decimal)
    except FhirError:
        raise
    except (ValueError, ArithmeticError, RecursionError):
        raise FhirError("这一行不是有效的 JSON") from None
    if not isinstance(data, dict):
        raise FhirError("每一行要写成一个 JSON 对象：{…}")
    if _depth(data) > DEEPEST:
        raise FhirError("套得太深")
    return data


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise FhirError("同一个字段写了两次")
    return found


def _no_constant(_: str) -> None:
    raise FhirError("NaN 和 Infinity 不是数字")


def _decimal(text: str) -> Decimal:
    number = Decimal(text)
    if not number.is_finite() or not -30 < number.adjusted() < 30:
        raise FhirError("有一个数字太大或太小")
    return number


def _depth(data: Any) -> int:
    deepest, waiting = 0, [(data, 1)]
    while waiting:
        one, depth = waiting.pop()
        deepest = max(deepest, depth)
        if isinstance(one, dict):
            waiting.extend((part, depth + 1) for part in one.values())
        elif isinstance(one, list):
            waiting.extend((part, depth + 1) for part in one)
    return deepest


def _wrong(error: ValidationError, kind: str) -> str:
    """Where it is wrong: positions and FHIR's own field names. A field that FHIR does not have is not repeated."""
    places = []
    for one in error.errors(include_url=False, include_context=False, include_input=False):
        unknown = one["type"] == "extra_forbidden"
        where = "".join(
            f"[{part + 1}]" if isinstance(part, int) else f".{part}"
            for part in (one["loc"][:-1] if unknown else one["loc"])
        ).removeprefix(".")
        where = where or kind
        places.append(f"{where} 里有不认识的字段" if unknown else where)
    named = "、".join(dict.fromkeys(places[:WHERE]))
    return f"不合 FHIR R4B 的写法：{named}" + (f" 等 {len(places)} 处" if len(places) > WHERE else "")
