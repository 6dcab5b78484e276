"""A form as the content of its file: the inverse of reading it. What is left to its default is left out.

Reading the document again gives a form that is equal in every field but the hash of its content, which is that of this
document and not of the file that a person wrote.
"""

from collections import Counter
from datetime import date
from fractions import Fraction
from typing import Any

from assessments.instrument import (
    Condition,
    Flag,
    FlagStands,
    Instrument,
    Item,
    ItemsReach,
    MeasureReaches,
    Not,
    Option,
    Recode,
    Scoring,
    Some,
    Subscale,
)
from assessments.printed import SECONDS
from assessments.results_reader import CUT_OFF

Data = dict[str, Any]


def document_of(form: Instrument) -> Data:
    """The whole content of the form's file, its options written once where several items share them."""
    shared = _shared(form)
    data: Data = {
        "id": form.id,
        "version": form.version,
        "title": form.title,
        "intro": form.intro,
        "timeframe": form.timeframe,
        "minutes": form.minutes,
        "source": form.source,
        "rights": form.rights,
        "setting": form.setting,
        "checked_on": date.fromisoformat(form.checked_on),
        "translation": form.translation,
    }
    if form.wording != "shipped":
        data["wording"] = form.wording
    if form.licence is not None:
        data["licence"] = {
            "holder": form.licence.holder,
            "statement": form.licence.statement,
            "checked_on": date.fromisoformat(form.licence.checked_on),
        }
    if shared:
        data["options"] = options_of(shared)
    data["items"] = [item_of(item, shared) for item in form.items]
    if form.extras:
        data["extras"] = [
            item_of(extra.item, ()) | {"asked_when": condition_of(extra.asked_when)} for extra in form.extras
        ]
    return data | rules_of(form)


def rules_of(form: Instrument) -> Data:
    """How the answers of a form become results, and what these are compared with."""
    data: Data = {}
    if scoring := _scoring(form.scoring):
        data["scoring"] = scoring
    if flags := [flag for flag in form.flags if form.cut_off is None or flag.id != CUT_OFF]:
        data["flags"] = [_flag(flag) for flag in flags]
    if form.contradictions:
        data["contradictions"] = [_flag(flag) for flag in form.contradictions]
    if form.event_first:
        data["event_first"] = True
    if form.result_for != "resident":
        data["result_for"] = form.result_for
    if form.cut_off is not None:
        end = "at_most" if form.cut_off.at_most else "at_least"
        data["cut_off"] = {
            "measure": form.cut_off.measure, end: form.cut_off.at, "choices": dict(form.cut_off.choices)
        }  # fmt: skip
    data["bands"] = [
        {"id": band.id, "name": band.name}
        | ({} if band.start is None else {"from": band.start})
        | ({} if band.when is None else {"when": condition_of(band.when)})
        for band in form.bands
    ]
    if form.norms is not None:
        data["norms"] = {
            "source": form.norms.source,
            "sample": form.norms.sample,
            "year": form.norms.year,
            "of": {name: {"mean": norm.mean, "sd": norm.sd} for name, norm in form.norms.of.items()},
        } | ({"notes": form.norms.notes} if form.norms.notes else {})
    if form.reliability is not None:
        known = {"alpha": form.reliability.alpha, "retest": form.reliability.retest}
        data["reliability"] = {"source": form.reliability.source} | {
            name: value for name, value in known.items() if value is not None
        }
    if form.other_numbers:
        data["other_numbers"] = list(form.other_numbers)
    if form.notes:
        data["notes"] = form.notes
    return data


def item_of(item: Item, shared: tuple[Option, ...]) -> Data:
    """One question; its options are left out where they are the shared ones."""
    data: Data = {"id": item.id, "number": item.number}
    if item.text:
        data["text"] = item.text
    if item.options and item.options != shared:
        data["options"] = options_of(item.options)
    if item.asked_after is not None:
        data["asked_after"] = {
            "items": list(item.asked_after.items), "at_least": item.asked_after.at_least
        }  # fmt: skip
    return data | item_rules_of(item)


def item_rules_of(item: Item) -> Data:
    """What an answer adds and what it starts."""
    data: Data = {}
    if item.measured is not None:
        data["input"] = item.measured.unit
    if item.reverse:
        data["reverse"] = True
    if item.recode:
        unit = SECONDS if item.measured is not None and item.measured.unit == "hours" else 1
        data["recode"] = _recode(item.recode, unit)
    if not item.scored:
        data["scored"] = False
    if item.needed != item.scored:
        data["needed"] = item.needed
    if item.only_for is not None:
        data["only_for"] = {"item": item.only_for.item, "is": item.only_for.value}
    if item.critical is not None:
        data["critical"] = {
            "at_least": item.critical.at_least, "reason": item.critical.reason, "say": item.critical.say
        } | ({"refusal_counts": True} if item.critical.refusal_counts else {})  # fmt: skip
    if item.attention is not None:
        data["attention"] = {"at_least": item.attention.at_least, "reason": item.attention.reason}
    return data


def options_of(options: tuple[Option, ...]) -> list[Data]:
    """Options with their words, where there are any."""
    return [
        {"value": option.value}
        | ({"key": option.key} if option.key is not None else {})
        | ({"label": option.label} if option.label else {})
        for option in options
    ]


def condition_of(condition: Condition) -> Data:
    """When something holds."""
    match condition:
        case ItemsReach(items, at_least, at_most, how_many):
            data: Data = {"items": list(items), "at_least": at_least}
            if at_most is not None:
                data["at_most"] = at_most
            return data | ({"how_many": how_many} if how_many != 1 else {})
        case MeasureReaches(measures, at_least, at_most):
            data = {"measure": measures[0] if len(measures) == 1 else list(measures)}
            ends = {"at_least": at_least, "at_most": at_most}
            return data | {name: _plain(end) for name, end in ends.items() if end is not None}
        case FlagStands(flag):
            return {"flag": flag}
        case Some(of, how_many):
            parts = [condition_of(part) for part in of]
            if how_many == len(parts):
                return {"all": parts}
            return {"any": parts} | ({"how_many": how_many} if how_many != 1 else {})
        case Not(of):
            return {"not": condition_of(of)}


def _shared(form: Instrument) -> tuple[Option, ...]:
    counted = Counter(item.options for item in form.items if item.options)
    if not counted:
        return ()
    options, times = counted.most_common(1)[0]
    return options if times > 1 else ()


def _flag(flag: Flag) -> Data:
    return {"id": flag.id, "name": flag.name, "when": condition_of(flag.when)}


def _scoring(scoring: Scoring) -> Data:
    data: Data = {}
    if scoring.total_of is not None:
        data["total"] = list(scoring.total_of) or "none"
    if scoring.times is not None:
        data["standard_score"] = {"times": _plain(scoring.times)}
    if scoring.bands_on != "total":
        data["bands_on"] = scoring.bands_on
    if scoring.high_is_good:
        data["high_is_good"] = True
    if scoring.subscales:
        data["subscales"] = [_subscale(scale) for scale in scoring.subscales]
    return data


def _subscale(scale: Subscale) -> Data:
    of = dict(zip(("asleep", "from", "to"), scale.items, strict=True)) if scale.way == "percent" else None
    data: Data = {"id": scale.id, "name": scale.name, scale.way: of or list(scale.items)}
    ends = {"at_least": scale.at_least, "at_most": scale.at_most}
    data |= {name: end for name, end in ends.items() if end is not None}
    return data | ({"recode": _recode(scale.recode, 1)} if scale.recode else {})


def _recode(recode: Recode, unit: int) -> dict[int, int]:
    return {start // unit: points for start, points in recode}


def _plain(number: int | Fraction) -> int | float:
    """As a file writes it: these fractions come from decimal numbers."""
    return int(number) if number == int(number) else float(number)
