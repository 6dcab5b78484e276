"""Reads a typed answer to the question that is open: by words, by days, by the place among the options.

Options are always shown in the order of the form and numbered from 1, so a typed digit means the place shown
and not the points of the form. What is not clearly one option is never guessed: `sure` is then false, and the
conversation asks back once, offering `value` when there is a likely one. On a critical item only plain words
that mean one option are sure; a digit, a place, a hedge or a part of a longer sentence is asked back.
The phrases are in `phrases.yml`.
"""

import re
import unicodedata
from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path

from assessments.errors import LibraryError
from assessments.instrument import Item
from assessments.library import read_yaml

LONGEST_ANSWER = 24
"""Longer texts are somebody telling something, not an answer to a question with four options."""


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
    """What this text means as an answer to this item. Danger is not read here, but before and elsewhere."""
    words = _plain(text)
    if not words or len(words) > LONGEST_ANSWER:
        return TypedAnswer()
    if words in _REFUSALS or _REFUSAL.fullmatch(words):
        return TypedAnswer(refused=True)
    vague = item.critical is not None
    for candidate in dict.fromkeys((words, _bare(words))):
        for option in item.options:
            if candidate == (label := _plain(option.label)):
                return TypedAnswer(option.value, sure=not vague or _says_only(words, {label} | _PLAIN_WORDS))
        if (place := _place(candidate)) is not None:
            return _at_place(place, candidate, item, vague)
    return _by_meaning(words, item)


def _at_place(place: int, words: str, item: Item, vague: bool) -> TypedAnswer:
    """The option at a place, counted from 1. "0" is no place: it may mean the points, so it is asked back."""
    if place == 0:
        zero = [option.value for option in item.options if option.value == 0]
        return TypedAnswer(zero[0] if zero else None)
    if place == -1:
        place = len(item.options)
    if place > len(item.options):
        return TypedAnswer()
    return TypedAnswer(item.options[place - 1].value, sure=not vague)


def _by_meaning(words: str, item: Item) -> TypedAnswer:
    """By everyday words: how often for the frequency scale, yes or no for two options."""
    labels = {_plain(option.label): option.value for option in item.options}
    if set(labels) <= set(_YES_NO_LABELS):
        meaning, sure = _yes_no(words)
        values = {_YES_NO_LABELS[label]: value for label, value in labels.items()}
    elif set(labels) <= set(_FREQUENCY_LABELS):
        meaning, sure = _frequency(words)
        values = {_FREQUENCY_LABELS[label]: value for label, value in labels.items()}
    else:
        return TypedAnswer()
    if meaning is None:
        return TypedAnswer()
    if item.critical is not None and not _says_only(words, _PLAIN_WORDS):
        sure = False
    return TypedAnswer(values.get(meaning), sure=sure and meaning in values)


def _frequency(words: str) -> tuple[str | None, bool]:
    for candidate in dict.fromkeys((words, _bare(words))):
        if candidate in _HOW_OFTEN:
            return _HOW_OFTEN[candidate], True
        if candidate in _HOW_OFTEN_UNSURE:
            return _HOW_OFTEN_UNSURE[candidate], False
    if days := _DAYS.fullmatch(_bare(words)):
        return _from_days(days)
    return _contained(words), False


def _contained(words: str) -> str | None:
    """The one frequency inside a short sentence, to ask back: "我儿子天天打游戏" is talk, not an answer."""
    rest, found = words, set()
    for phrase in _PHRASES_BY_LENGTH:
        if phrase in rest:
            rest = rest.replace(phrase, "|")
            found.add(_HOW_OFTEN[phrase])
    return found.pop() if len(found) == 1 and not _DENIAL.search(rest) else None


def _from_days(match: re.Match[str]) -> tuple[str | None, bool]:
    """A number of days of the two weeks: 3 to 6 several, 8 to 11 more than half, 12 to 14 nearly every day.

    One or two days and exactly seven lie between two options of the form: they are asked back.
    """
    days = _number(match["most"])
    if days is None or days > 14:
        return None, False
    if days == 0:
        return "never", True
    if days <= 2:
        return "several", False
    if days <= 6:
        return "several", True
    if days == 7:
        return "half", False
    return ("half" if days <= 11 else "daily"), True


def _yes_no(words: str) -> tuple[str | None, bool]:
    for candidate in dict.fromkeys((words, _bare(words))):
        if candidate in _YES_OR_NO:
            return _YES_OR_NO[candidate], True
        if candidate in _YES_OR_NO_UNSURE:
            return _YES_OR_NO_UNSURE[candidate], False
    return None, False


def _says_only(words: str, phrases: Container[str]) -> bool:
    """Whether the whole text is one of these phrases: no hedge, no count, no part of a longer sentence."""
    return words in phrases or _HARMLESS_TAIL.sub("", words) in phrases


def _plain(text: str) -> str:
    """One writing for one meaning: full width, circled digits, spaces, marks and case aside."""
    text = unicodedata.normalize("NFKC", text.translate(_CIRCLED)).lower()
    return "".join(letter for letter in text if unicodedata.category(letter)[0] in "LN")


def _bare(words: str) -> str:
    """Without the words around an answer that do not change it: "应该是…吧"."""
    words = _TAIL.sub("", words)
    while (shorter := _HEAD.sub("", words, count=1)) != words and shorter:
        words = shorter
    return words


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
    return _number(mark)


def _number(text: str) -> int | None:
    if text.isdecimal():
        return int(text)
    return _CHINESE_NUMBERS.get(text)


_CIRCLED = {ord(mark): str(place) for place, mark in enumerate("①②③④⑤⑥", 1)}
_CHINESE_NUMBERS = {
    word: number
    for number, names in enumerate(("零〇", "一", "二两俩", "三仨", "四", "五", "六", "七", "八", "九", "十"))
    for word in names
} | {"十一": 11, "十二": 12, "十三": 13, "十四": 14, "十五": 15}
_DIGIT = r"[0-9]|[一二三四五六]"
_PLACE = re.compile(
    r"(?:我?选择?|选项|第|就)?(?:我?选择?|选项|第)?"
    rf"(?:(?P<letter>[a-f])|(?P<digit>{_DIGIT}))"
    r"(?:个|项|号|种|条)?(?:选项|答案)?"
)
_COUNT = r"[0-9]{1,2}|十[一二三四五]?|[一二两俩三仨四五六七八九零]"
_DAYS = re.compile(rf"(?:(?:{_COUNT})[到至]?)??(?P<most>{_COUNT})(?:天|日)(?:左右|上下)?")
_HEAD = re.compile(
    r"^(?:嗯|哦|噢|唉|哎|呃|额|这个|那个|我觉得|觉得|我感觉|我想|我看|我是|我|应该|大概|可能|好像|基本上?|"
    r"最近|这两周|过去两周|两周里?|平时|一般|差不多|算是|也就|就是|都是|就|是|有过|总有)"
)
_TAIL = re.compile(r"(?:都是?这样|这样子?|的样子|的事|的吧|了吧|吧|呢|啊|呀|哦|噢|啦|嘛|哎|的|了)+$")
_HARMLESS_TAIL = re.compile(r"(?:啊|呀|哦|噢|啦|的|了)+$")
_DENIAL = re.compile(r"[不没别非无除谁].*\||\|.*(?:没|不会|不是|吗|还是|或者|要么)")

_REFUSAL = re.compile(
    r"(?:我)?(?:这个|这题|这道题|这一题)?(?:我)?(?:真的|实在)?(?:不想|不愿意?|不要|不便)(?:回答|答|说|讲|谈)"
    r"(?:这个|这题|这道题|这一题)?(?:问题)?(?:了|吧|啊|呢)?"
)

_FREQUENCY_LABELS = {"完全不会": "never", "好几天": "several", "一半以上的天数": "half", "几乎每天": "daily"}
_YES_NO_LABELS = {"有": "said_yes", "没有": "said_no", "是": "said_yes", "否": "said_no"}


def _by_phrase(table: dict[str, str]) -> dict[str, str]:
    """Every phrase with its meaning; a phrase with two meanings would be a guess, so it is refused."""
    pairs = [(phrase, meaning) for meaning, phrases in table.items() for phrase in phrases.split()]
    found = dict(pairs)
    if len(found) < len(pairs):
        raise LibraryError("phrases.yml", "说法", "同一个说法写在两处")
    return found


_WORDING = read_yaml(Path(__file__).with_name("phrases.yml"))
_REFUSALS = frozenset(_WORDING["refusals"].split())
_HOW_OFTEN = _by_phrase(_WORDING["frequency"])
_HOW_OFTEN_UNSURE: dict[str, str | None] = {
    phrase: None if meaning == "nothing" else meaning
    for phrase, meaning in _by_phrase(_WORDING["frequency_unsure"]).items()
}
_WHOLE_ONLY = frozenset(_WORDING["frequency_whole_only"].split())
_PHRASES_BY_LENGTH = sorted(_HOW_OFTEN.keys() - _WHOLE_ONLY, key=lambda phrase: (-len(phrase), phrase))
_YES_OR_NO = _by_phrase(_WORDING["yes_no"])
_YES_OR_NO_UNSURE = _by_phrase(_WORDING["yes_no_unsure"])
_PLAIN_WORDS = _HOW_OFTEN.keys() | _YES_OR_NO.keys()
