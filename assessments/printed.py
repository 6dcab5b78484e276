"""From what the published form prints to what is kept, and back: values, clock times, hours, `male` and `female`."""

import re
from collections.abc import Collection, Mapping
from decimal import ROUND_DOWN, Context, Decimal
from typing import Any

from assessments.errors import AnswerNotOffered, AnswerNotReadable, UnknownItem
from assessments.instrument import Instrument, Item

_CLOCK = re.compile(r"(?:([01]?[0-9]|2[0-3])[:：]([0-5][0-9])|24[:：]00)")
_DOWN = Context(prec=40, rounding=ROUND_DOWN)
SECONDS = 3600


def value_of(item: Item, printed: object) -> int | None:
    """The value to keep for what somebody else wrote down; `None` is a refusal.

    Clock times are written `"22:30"`, minutes as whole numbers, hours as numbers (7, 6.5; a part of a second is
    dropped). Raises `AnswerNotOffered` (`AnswerNotReadable` for a time) for anything else; nothing is repeated.
    """
    if printed is None:
        return None
    if item.measured is None:
        if item.keys:
            if isinstance(printed, str) and printed in item.keys:
                return item.keys[printed]
            raise AnswerNotReadable(item.number, printed, f"要写 {' 或 '.join(item.keys)}")
        if type(printed) is int and item.offers(printed):
            return printed
        raise AnswerNotOffered(item.number, printed)
    value = {"clock": _clock, "minutes": _minutes, "hours": _hours}[item.measured.unit](item, printed)
    if not item.offers(value):
        raise AnswerNotReadable(item.number, printed, "超出了可能的范围")
    return value


def printed_of(item: Item, value: int | None) -> int | float | str | None:
    """How the form prints a kept value: `1350` is `"22:30"`, `23400` is 6.5 hours, a sex is `male`."""
    if value is None:
        return None
    if item.measured is not None:
        if item.measured.unit == "clock":
            return f"{value // 60:02}:{value % 60:02}"
        if item.measured.unit == "hours":
            return value / SECONDS if value % SECONDS else value // SECONDS
        return value
    for option in item.options:
        if option.value == value and option.key is not None:
            return option.key
    return value


def answers_of(instrument: Instrument, printed: Mapping[str, Any]) -> dict[str, int | None]:
    """Answers by item id, from printed values by the number on the published form.

    Raises `UnknownItem` and `AnswerNotOffered`.
    """
    items = numbering(instrument, printed)
    if not printed.keys() <= items.keys():
        raise UnknownItem(instrument.id)
    return {items[number].id: value_of(items[number], value) for number, value in printed.items()}


def numbering(instrument: Instrument, numbers: Collection[str]) -> Mapping[str, Item]:
    """Items by their printed number. Where a form is printed with two ways of numbering, by the way of these numbers;
    the first one when both fit."""
    if instrument.other_numbers and not all(number in instrument.by_number for number in numbers):
        return dict(zip(instrument.other_numbers, instrument.items, strict=True))
    return instrument.by_number


def _clock(item: Item, printed: object) -> int:
    found = _CLOCK.fullmatch(printed) if isinstance(printed, str) else None
    if found is None:
        raise AnswerNotReadable(item.number, printed, "要写成 22:30 这样的时刻（24 小时制）")
    return int(found[1]) * 60 + int(found[2]) if found[1] else 0


def _minutes(item: Item, printed: object) -> int:
    if type(printed) is not int:
        raise AnswerNotReadable(item.number, printed, "要写整数分钟")
    return printed


def _hours(item: Item, printed: object) -> int:
    if type(printed) is int:
        hours = Decimal(printed) if 0 <= printed <= 24 else Decimal(-1)
    elif isinstance(printed, float | Decimal):
        hours = Decimal(str(printed))
    else:
        raise AnswerNotReadable(item.number, printed, "要写小时数，如 7 或 6.5")
    if not hours.is_finite() or not 0 <= hours <= 24:
        raise AnswerNotReadable(item.number, printed, "要写 0 到 24 之间的小时数")
    return int(_DOWN.multiply(hours, Decimal(SECONDS)))
