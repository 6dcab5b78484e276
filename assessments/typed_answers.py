"""Reads a typed answer to the question that is open: by words, by numbers with a unit, by the place among the options.

What is not clearly one option is never guessed: `sure` is then false, and the conversation asks back once, offering
`value` when there is a likely one. Options are shown in the order of the form and numbered from 1, so "第二个" is the
place shown; a bare digit is one only on the scales that say so (`digits: place`). On every other form the printed
values stand beside the options on paper, and a digit is recorded only where place and value are the same option. On a
critical item only plain words that mean one option are sure; a digit, a place, a hedge or a part of a longer sentence
is asked back. The phrases of each scale are in `phrases.yml`.
"""

import re
from collections.abc import Container
from dataclasses import dataclass
from itertools import pairwise

from assessments.answer_scales import WORDING, Meaning, Scale, label_forms, plain, scale_of
from assessments.instrument import Item
from assessments.numerals import COUNT, number
from assessments.typed_times import read_time

LONGEST_ANSWER = 24
"""Longer texts are somebody telling something, not an answer to a question with a few options."""


@dataclass(frozen=True, slots=True)
class TypedAnswer:
    """What a text means for one item.

    `sure`: record `value`. Not sure, with a value: ask back with that option. Neither a value nor a refusal:
    the text was not an answer that we understand; it is conversation, and the question stays open.
    """

    value: int | None = None
    sure: bool = False
    refused: bool = False


def read_answer(text: str, item: Item) -> TypedAnswer:
    """What this text means as an answer to this item. Danger is not read here, but before and elsewhere.

    An item that is answered by a time and not by an option (PSQI 1 to 4) is read by `typed_times`.
    """
    words = plain(text)
    if not words or len(words) > LONGEST_ANSWER:
        return TypedAnswer()
    if words in _REFUSALS or _REFUSAL.fullmatch(words):
        return TypedAnswer(refused=True)
    if item.measured is not None:
        return TypedAnswer(*read_time(text, item))
    found = scale_of(item)
    scale = found[0] if found else None
    labels = _labels(item)
    critical = item.critical is not None
    known = labels.keys() | (scale.sure.keys() if scale else frozenset())
    for candidate in dict.fromkeys((words, _bare(words))):
        if scale is not None and words in scale.unsure:
            break
        if candidate in labels:
            return TypedAnswer(labels[candidate], sure=not critical or _says_only(words, known))
        if (digit := _digit(candidate)) is not None:
            read = _at_digit(digit, item, scale, found[1] if found else {})
            return TypedAnswer(read.value, sure=read.sure and not critical)
        if (place := _place(candidate)) is not None:
            return _at_place(place, item, critical)
    if found is None:
        return TypedAnswer()
    meaning, sure = _by_meaning(words, found[0])
    if meaning is None or meaning not in found[1]:
        return TypedAnswer()
    return TypedAnswer(found[1][meaning], sure=sure and (not critical or _says_only(words, known)))


def _labels(item: Item) -> dict[str, int]:
    """What the options print, and the parts of it that no other option prints too."""
    found: dict[str, int | None] = {}
    for option in item.options:
        for form in label_forms(option.label) if option.label else ():
            found[form] = option.value if found.get(form, option.value) == option.value else None
    return {form: value for form, value in found.items() if value is not None}


def _at_place(place: int, item: Item, critical: bool) -> TypedAnswer:
    """The option at a place, counted from 1; -1 is the last. There is no place 0."""
    if place == -1:
        place = len(item.options)
    if not 1 <= place <= len(item.options):
        return TypedAnswer()
    return TypedAnswer(item.options[place - 1].value, sure=not critical)


def _at_digit(digit: int, item: Item, scale: Scale | None, values: dict[str, int]) -> TypedAnswer:
    """A bare number: the place shown, the value printed, or so many of the scale's unit.

    Sure where all readings that there are come to the same option. A number that is no value of the form is a place
    for sure only where values rise with the places: on a form from 5 to 0 a "6" may well mean the most.
    """
    offered = [option.value for option in item.options]
    place = offered[digit - 1] if 1 <= digit <= len(offered) else None
    printed = digit if digit in offered else None
    counted = (
        scale.counted(digit, digit, scale.bare) if scale is not None and scale.bare is not None else None
    )
    if counted is not None and counted[0] in values:
        meant = values[str(counted[0])]
        return TypedAnswer(meant, sure=counted[1] and {place, printed} <= {None, meant})
    if place is None:
        return TypedAnswer(printed, sure=printed not in (None, 0))
    if scale is not None and scale.by_place:
        return TypedAnswer(place, sure=True)
    rising = all(one < other for one, other in pairwise(offered))
    return TypedAnswer(place, sure=printed == place or (printed is None and (rising or len(offered) == 2)))


def _by_meaning(words: str, scale: Scale) -> Meaning:
    """By everyday words, by numbers with their unit, and by the one phrase inside a short sentence."""
    for candidate in dict.fromkeys((words, _bare(words))):
        if (said := scale.says(candidate)) is not None:
            return said
        if (counted := _numbers(candidate, scale)) is not None:
            return counted
    return _contained(words, scale), False


def _numbers(words: str, scale: Scale) -> Meaning | None:
    if match := _COUNTED.fullmatch(words):
        ends = _ends(match)
        return None if ends is None else scale.counted(*ends, _UNITS.get(match["unit"], match["unit"]))
    if match := _RATED.fullmatch(words):
        ends = _ends(match)
        return None if ends is None else scale.rated(*ends, _PERIODS[match["period"]])
    return None


def _contained(words: str, scale: Scale) -> str | None:
    """The one option named inside a short sentence, to ask back: "我儿子天天打游戏" is talk, not an answer."""
    rest, found = words, set()
    for phrase in scale.looked_for:
        if phrase in rest:
            rest = rest.replace(phrase, "|")
            found.add(scale.sure[phrase])
    return found.pop() if len(found) == 1 and not _DENIAL.search(rest) else None


def _says_only(words: str, phrases: Container[str]) -> bool:
    """Whether the whole text is one of these phrases: no hedge, no count, no part of a longer sentence."""
    return words in phrases or _HARMLESS_TAIL.sub("", words) in phrases


def _bare(words: str) -> str:
    """Without the words around an answer that do not change it: "应该是…吧"."""
    words = _TAIL.sub("", words)
    while (shorter := _HEAD.sub("", words, count=1)) != words and shorter:
        words = shorter
    return words


def _digit(words: str) -> int | None:
    """A number and nothing else."""
    return number(words) if _ONLY_NUMBER.fullmatch(words) else None


def _place(words: str) -> int | None:
    """The place that was named, -1 for the last; `None` when the text names no place."""
    if words in ("最后一个", "最后一项", "末一个", "最下面", "最下面那个"):
        return -1
    match = _PLACE.fullmatch(words)
    if match is None:
        return None
    mark = match["letter"] or match["digit"]
    if mark in "abcdef":
        return "abcdef".index(mark) + 1
    return number(mark)


def _ends(match: re.Match[str]) -> tuple[int, int] | None:
    """From how many to how many: "3", "三到五", "三四"."""
    high = number(match["most"])
    low = high if match["least"] is None else number(match["least"])
    return None if high is None or low is None or low > high else (low, high)


_BETWEEN = rf"(?:(?P<least>{COUNT})[到至]?)??(?P<most>{COUNT})"
_ABOUT = r"(?:左右|上下|的样子)?"
_UNITS = {"日": "天"}
_BEFORE = r"(?:有|就|也就|大概|大约|差不多|每次|一次|一般|能|要|喝|吃)*"
_COUNTED = re.compile(rf"{_BEFORE}{_BETWEEN}(?P<unit>天|日|杯){_ABOUT}")
_PERIODS = {
    "天": "天", "日": "天", "周": "周", "星期": "周", "礼拜": "周", "月": "月", "年": "年",
}  # fmt: skip
_RATED = re.compile(
    r"(?:每|一)?个?(?P<period>天|日|周|星期|礼拜|月|年)里?(?:能|要|会|大概|大约|差不多|也就|总有|有|喝|吃)*"
    rf"{_BETWEEN}(?:次|回|趟|顿){_ABOUT}"
)
_ONLY_NUMBER = re.compile(COUNT)
_PLACE_DIGIT = r"[0-9]|[一二三四五六]"
_PLACE = re.compile(
    r"(?:我?选择?|选项|第|就)?(?:我?选择?|选项|第)?"
    rf"(?:(?P<letter>[a-f])|(?P<digit>{_PLACE_DIGIT}))"
    r"(?:个|项|号|种|条)?(?:选项|答案)?"
)
_HEAD = re.compile(
    r"^(?:嗯|哦|噢|唉|哎|呃|额|这个|那个|我觉得|觉得|我感觉|我想|我看|我是|我|应该|大概|可能|好像|基本上?|"
    r"最近|这两周|过去两周|两周里?|这一周|过去一周|这个月|过去一个月|这一年|过去一年|平时|一般|差不多|算是|也就|"
    r"就是|都是|就|是|有过|总有)"
)
_TAIL = re.compile(r"(?:都是?这样|这样子?|的样子|的事|的吧|了吧|吧|呢|啊|呀|哦|噢|啦|嘛|哎|的|了)+$")
_HARMLESS_TAIL = re.compile(r"(?:啊|呀|哦|噢|啦|的|了)+$")
_DENIAL = re.compile(r"[不没别非无除谁].*\||\|.*(?:没|不会|不是|吗|还是|或者|要么)")

_REFUSAL = re.compile(
    r"(?:我)?(?:这个|这题|这道题|这一题)?(?:我)?(?:真的|实在)?(?:不想|不愿意?|不要|不便)(?:回答|答|说|讲|谈)"
    r"(?:这个|这题|这道题|这一题)?(?:问题)?(?:了|吧|啊|呢)?"
)
_REFUSALS = frozenset(WORDING["refusals"].split())
