"""Reads a typed time: 十一点半, 23:30, 半个钟头, 6个半小时.

Sure is what can be read in one way only. A range, a 多 or 不到, an hour that may lie in either half of the day and a
bare number that may be something else are asked back, with the time that is likely meant. Whether the question asks for
an evening or a morning is read off its own words (`times` in `phrases.yml`); where they do not say, an hour without a
part of the day is not sure.
"""

import re
import unicodedata

from assessments.answer_scales import WORDING
from assessments.instrument import Item
from assessments.numerals import DIGITS, number

DAY = 24 * 60
SECONDS = 60
Time = tuple[int | None, bool]
"""The value that is kept, and whether it is sure."""


def read_time(text: str, item: Item) -> Time:
    """What this text means for an item that is answered by a time; never a value that the item does not offer."""
    assert item.measured is not None
    words = _written(text)
    if words in _AT_ONCE and item.measured.unit == "minutes":
        return AT_ONCE, False
    words = _bare(words)
    if item.measured.unit == "clock":
        value, sure = _clock(words, _asked_at(item.text))
    else:
        value, sure = _duration(words, item.measured.unit)
    return (value, sure) if item.offers(value) else (None, False)


def in_words(value: int, item: Item) -> str:
    """A kept time as one says it: 晚上 11:30, 25 分钟, 6 个半小时."""
    assert item.measured is not None
    if item.measured.unit == "clock":
        part = next(name for until, name in _PARTS_SAID if value // 60 < until)
        hour = value // 60
        return f"{part} {hour - 12 if hour > 12 else hour}:{value % 60:02}"
    if item.measured.unit == "minutes":
        return f"{value} 分钟"
    hours, minutes = divmod(value // SECONDS, 60)
    if minutes == 30:
        return f"{hours} 个半小时" if hours else "半小时"
    return " ".join([f"{hours} 小时"] * (hours > 0 or not minutes) + [f"{minutes} 分钟"] * (minutes > 0))


# --- a time of the day ------------------------------------------------------------------------------


def _asked_at(question: str) -> str | None:
    """`evening` or `morning`, where the question's words name one of them and not the other."""
    named = [part for part, words in _ASKED.items() if any(word in question for word in words)]
    return named[0] if len(named) == 1 else None


def _clock(words: str, asked: str | None) -> Time:
    if match := _CLOCK_RANGE.fullmatch(words):
        ends = _ends(match["amount"] or f"{match['low']}到{match['high']}")
        if ends is None or ends[0] == ends[1]:
            return None, False
        at, _ = _in_day(int(ends[0]), 0, match["part"], asked)
        return None if at is None else (at + round(30 * (ends[1] - ends[0]))) % DAY, False
    if match := _FIGURES.fullmatch(words):
        hour, minute = int(match["hour"]), int(match["minute"])
        part = match["meridiem"] or match["part"]
        at, sure = _in_day(hour, minute, part, asked)
        both_ways = part is not None or at == hour % 24 * 60 + minute
        return at, sure and both_ways and match["mark"] == ":"
    match = _SPOKEN.fullmatch(words)
    if match is None:
        return None, False
    spoken, minute_said = number(match["hour"]), _minute(match["rest"] or "")
    if spoken is None or minute_said is None:
        return None, False
    minute_said -= _minute(match["to"] or "") or 0
    at, sure = _in_day(spoken, minute_said, match["meridiem"] or match["part"], asked)
    if at is None or not (match["near"] or match["after"]):
        return at, sure and (match["point"] is not None or match["meridiem"] is not None)
    away = 10 if minute_said else 30
    back = match["near"] or match["after"] in _BEFORE
    return (at - min(away, 15) if back else at + away) % DAY, False


def _minute(rest: str) -> int | None:
    """The minutes after the hour: 半, 一刻, 二十五分, 差五分 (then below zero)."""
    rest = rest.removesuffix("钟").removesuffix("分").removeprefix("过")
    sign = -1 if rest.startswith("差") else 1
    rest = rest.removeprefix("差").removeprefix("零") or "零"
    fixed = {"整": 0, "半": 30, "一刻": 15, "三刻": 45}
    minutes = fixed[rest] if rest in fixed else number(rest)
    return None if minutes is None or minutes > 59 else sign * minutes


def _in_day(hour: int, minute: int, part: str | None, asked: str | None) -> Time:
    """The minute of the day, and whether it can be no other."""
    if hour > 24 or (hour == 24 and minute) or minute > 59:
        return None, False
    at, sure = (hour % 24, True) if hour > 12 or hour == 0 else _half_of_day(hour, part, asked)
    if at is None:
        return None, False
    value = (at * 60 + minute) % DAY
    usual = {"evening": value >= 18 * 60 or value <= 4 * 60, "morning": 3 * 60 <= value <= 12 * 60}
    return value, sure and usual.get(asked or "", True)


def _half_of_day(hour: int, part: str | None, asked: str | None) -> Time:
    """An hour from 1 to 12 as one of 24."""
    later = hour if hour == 12 else hour + 12
    night = hour % 12 if hour < 5 or hour == 12 else later
    if part in _MERIDIEM:
        return hour % 12 if part == "am" else later, True
    if part is None and asked == "evening":
        return night if hour != 5 else hour, hour not in (5, 6, 7)
    if part is None:
        return hour, asked == "morning" and 4 <= hour < 12
    if part in _PARTS["small_hours"]:
        if hour in (10, 11):
            return later, part != "凌晨"
        return hour % 12, hour <= 6 or hour == 12
    if part in _PARTS["morning"]:
        return hour, hour != 12
    if part in _PARTS["noon"]:
        return hour if hour > 10 else later, hour > 10 or hour < 4
    if part in _PARTS["afternoon"]:
        return later, hour < 8 or hour == 12
    return night, hour not in (4, 5)


# --- so long ----------------------------------------------------------------------------------------


def _duration(words: str, unit: str) -> Time:
    scale = SECONDS if unit == "hours" else 1
    if (ends := _ends(words)) is not None:
        low, high = ends
        if unit == "hours":
            return round(
                (low + high) / 2 * 60
            ) * SECONDS, low == high and 1 <= low <= 12 and "点" not in words
        return round((low + high) / 2), low == high and 5 <= low <= 240
    read = _minutes_of(words)
    if read is None:
        return None, False
    low, high, sure = read
    most = 12 * 60 if unit == "hours" else 4 * 60
    middle = (low + high) / 2
    if unit == "minutes" and middle != int(middle):
        sure = False
    return int(middle) * scale, sure and low == high and middle <= most


def _minutes_of(words: str) -> tuple[float, float, bool] | None:
    """From how many to how many minutes, and whether that is what was said and no more or less."""
    if words in _ABOUT:
        return _ABOUT[words], _ABOUT[words], False
    for pattern, each in ((_HOURS, 60), (_MINUTES, 1)):
        match = pattern.fullmatch(words)
        if match is None:
            continue
        found = match.groupdict()
        ends = _ends(match["amount"])
        if ends is None:
            return None
        low, high = (end * each + 30 * bool(found.get("half") or found.get("then_half")) for end in ends)
        if minutes := found.get("minutes"):
            more = number(minutes)
            if more is None or more > 59:
                return None
            low, high = low + more, high + more
        if found.get("quarters"):
            low, high = (end + 15 * (number(found["quarters"]) or 0) for end in (low, high))
        step = {True: 30 if low >= 60 else 10, False: 5}[each == 60]
        if match["near"] or found["after"] in _LESS:
            return low - step, high - step, False
        if found["more"] or found.get("still_more") or found["after"]:
            return low + step, high + step, False
        return low, high, True
    if (match := _QUARTERS.fullmatch(words)) and (many := number(match["many"])):
        return 15 * many, 15 * many, True
    return None


def _ends(amount: str) -> tuple[float, float] | None:
    """The number, or the lowest and the highest: 6, 六点五, 五六, 二三十, 十五六, 十几, 6到7."""
    low, mark, high = amount.partition("到")
    if mark:
        first, last = _one(low), _one(high)
        return None if first is None or last is None or first > last else (first, last)
    if (one := _one(amount)) is not None:
        return one, one
    if match := _TEENS.fullmatch(amount):
        tens = (DIGITS.get(match["tens"], 1) if match["tens"] is not None else 0) * 10
        return tens + 1, tens + 9
    if match := _NEIGHBOURS.fullmatch(amount):
        first, last = DIGITS[match["first"]], DIGITS[match["last"]]
        before = 10 * DIGITS.get(match["tens"] or "", 1) if match["ten"] else 0
        each = 10 if match["times"] else 1
        return (
            None
            if last != first + 1 or (before and each == 10)
            else (before + each * first, before + each * last)
        )
    return None


def _one(text: str) -> float | None:
    if text == "半":
        return 0.5
    whole, mark, part = text.replace("点", ".").partition(".")
    if not mark:
        return number(text)
    first, rest = number(whole), number(part)
    if first is None or rest is None or rest > 9:
        return float(f"{whole}.{part}") if whole.isdecimal() and part.isdecimal() else None
    return first + (rest / 10 if len(part) == 1 else rest / 100)


# --- the words around it ----------------------------------------------------------------------------


def _written(text: str) -> str:
    """One writing: full width, spaces and marks aside; a point or colon between figures stays, a dash becomes 到."""
    text = unicodedata.normalize("NFKC", text).lower().replace("點", "点").replace("時", "时")
    text = re.sub(r"\s", "", text)
    if text.startswith("-"):  # nothing is so many minutes below zero
        return ""
    text = re.sub(rf"(?<=[{_FIGURE}点])(?:[-~—–]+|至)(?=[{_FIGURE}])", "到", text)
    text = re.sub(r"(?<=[0-9])[、,/](?=[0-9])", "到", text)
    return "".join(
        sign
        for at, sign in enumerate(text)
        if unicodedata.category(sign)[0] in "LN"
        or (sign in ".:" and 0 < at < len(text) - 1 and text[at - 1].isdecimal() and text[at + 1].isdecimal())
    )


def _bare(words: str) -> str:
    """Without what changes nothing: 我一般是…左右吧."""
    while (shorter := _HEAD.sub("", words, count=1)) != words and shorter:
        words = shorter
    return _TAIL.sub("", words)


_WORDS = WORDING["times"]
_ASKED = {part: tuple(_WORDS["asked"][part].split()) for part in ("evening", "morning")}
_AT_ONCE = frozenset(_WORDS["at_once"].split())
AT_ONCE = 5
"""Minutes, to be asked back: who falls asleep at once has not looked at the clock."""
_PARTS = {part: frozenset(words.split()) for part, words in _WORDS["parts"].items()}
_PARTS_SAID = ((5, "凌晨"), (8, "早上"), (12, "上午"), (13, "中午"), (18, "下午"), (24, "晚上"))
_MERIDIEM = ("am", "pm")
_FIGURE = "0-9零〇一二两三四五六七八九十"
_N = rf"(?:[0-9]{{1,2}}|[{_FIGURE[3:]}]{{1,3}})"
_PART = "|".join(sorted((word for words in _PARTS.values() for word in words), key=len, reverse=True))
_NEAR = r"(?P<near>快到?|将近|接近|不到|没到|不足)?"
_BEFORE = ("不到", "没到", "还不到", "之前", "以前", "前")
_CLOCK_AFTER = r"(?P<after>多|过|出头|过后|之后|以后|后|不到|没到|还不到|之前|以前|前)?"
_SPOKEN = re.compile(
    rf"{_NEAR}(?P<part>{_PART})?(?:差(?P<to>{_N}分?|一刻))?(?P<hour>{_N})(?:(?P<point>点钟?|时)"
    rf"(?P<rest>整|半|[一三]刻|差?[零〇]?{_N}分?|差一刻|过{_N}分)?)?(?P<meridiem>am|pm)?{_CLOCK_AFTER}"
)
_FIGURES = re.compile(
    rf"(?P<part>{_PART})?(?P<hour>[0-9]{{1,2}})(?P<mark>[:.]|)(?P<minute>[0-9]{{2}})(?P<meridiem>am|pm)?"
)
_CLOCK_RANGE = re.compile(
    rf"(?P<part>{_PART})?(?:(?P<amount>[{_FIGURE}]+到[{_FIGURE}]+|十?[一二两三四五六七八九]{{2}})"
    rf"|(?P<low>{_N})点到?(?P<high>{_N}))点钟?{_CLOCK_AFTER}"
)
_AMOUNT = rf"(?P<amount>[{_FIGURE}半几点.到]+?)"
_LESS = ("不到", "还不到", "都不到", "没到", "差一点")
_MORE_OR_LESS = r"(?P<after>多|出头|不止|不到|还不到|都不到|没到|差一点)?"
_HOURS = re.compile(
    rf"{_NEAR}{_AMOUNT}(?P<half>个半)?(?P<more>多|来)?个?(?P<still_more>多)?(?:小时|钟头|hours|hour|h)(?P<then_half>半)?"
    rf"(?:[零又]?(?P<minutes>{_N})(?:分钟?|min)|(?P<quarters>[一三])刻钟?)?{_MORE_OR_LESS}"
)
_MINUTES = re.compile(rf"{_NEAR}{_AMOUNT}(?P<more>多|来)?(?:分钟?|minutes|min){_MORE_OR_LESS}")
_QUARTERS = re.compile(r"(?P<many>[一二两三])刻钟?")
_TEENS = re.compile(r"(?:(?P<tens>[二三四五六七八九]?)十)?几")
_NEIGHBOURS = re.compile(
    r"(?:(?P<tens>[二三四五六七八九]?)(?P<ten>十))?(?P<first>[一二两三四五六七八九])(?P<last>[二两三四五六七八九])(?P<times>十)?"
)
_ABOUT = {
    "个把小时": 60,
    "个把钟头": 60,
    "大半个小时": 45,
    "大半个钟头": 45,
    "小半个小时": 20,
    "小半个钟头": 20,
}
_HEAD = re.compile(r"^(?:" + "|".join(sorted(_WORDS["before"].split(), key=len, reverse=True)) + ")")
_TAIL = re.compile(r"(?:" + "|".join(sorted(_WORDS["behind"].split(), key=len, reverse=True)) + ")+$")
