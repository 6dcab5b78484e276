"""Who, where, what and when: each table of a frame is read in every combination, and its harmless twin in none."""

from __future__ import annotations

from itertools import product

import pytest

from models.crisis.recogniser import CrisisRecogniser
from models.crisis.rulebook import RuleBook

READER = CrisisRecogniser(RuleBook.shipped())

NOW = ("今天", "今晚", "等会", "明天")
PRESENT = {
    "into the water": [
        f"{now}我{way}{water}一了百了"
        for now, way, water in product(NOW, ("就跳进", "想走到"), ("河里", "江里", "水库里", "塘里"))
    ],
    "over the edge": [
        f"我{already}{how}{edge}了{then}"
        for already, how, edge, then in product(
            ("已经", "现在"), ("爬上", "翻过"), ("护栏", "窗台", "天台栏杆"), ("，要跳", "，别劝我")
        )
    ],
    "medicine for today": [
        f"{kept}，{now}{then}"
        for kept, now, then in product(
            ("我攒了一盒止痛片", "病房的吗啡我带回来几支", "安眠药我偷偷藏了一瓶"),
            ("打算今天", "想着今晚", "准备明天"),
            ("都吃下去", "用掉", "全吞了"),
        )
        if not ("吗啡" in kept and then != "用掉")
    ],
    "taken just now": [
        f"{what}，刚吃，{amount}"
        for what, amount in product(("安眠药", "降压药", "头孢"), ("五十片", "一整瓶", "三板"))
    ],
    "the letter and the end": [
        f"{letter}写好了，{now}我就{end}"
        for letter, now, end in product(("信", "遗书", "纸条"), ("今晚", "天亮"), ("去跳江", "走了"))
    ],
    "blows now": [
        f"{who}{when}在打{whom}"
        for who, when, whom in product(("他", "我爸", "老公"), ("现在", "又", "正"), ("我", "我妈", "孩子"))
    ],
    "told as a fall": [
        f"{where}青了一块，我{how}同事说是{fall}的"
        for where, how, fall in product(("脸上", "胳膊"), ("跟", "对"), ("摔", "磕"))
    ],
    "an order": [
        f"{voice}{orders}{act}"
        for voice, orders, act in product(
            ("脑子里的声音", "耳朵里有人"), ("命令我", "叫我", "催我"), ("跳下去", "拿刀捅自己")
        )
    ],
}
HARMLESS = {
    "into the water": [
        f"{now}好热，想跳进{water}凉快凉快" for now, water in product(NOW, ("河里", "水库里"))
    ],
    "over the edge": [
        f"我爬上{edge}{work}" for edge, work in product(("屋顶", "窗台"), ("修瓦", "擦玻璃", "捡风筝"))
    ],
    "medicine for today": [
        f"医生让我{now}把{what}都吃完" for now, what in product(("今天", "今晚"), ("感冒药", "消炎药"))
    ],
    "the letter and the end": [f"{letter}写好了，明天寄" for letter in ("信", "贺卡")],
    "blows now": [
        f"{who}在打{what}" for who, what in product(("他", "我爸"), ("游戏", "电话", "球", "麻将"))
    ],
}


@pytest.mark.parametrize("frame", PRESENT, ids=str)
def test_every_combination_is_danger_that_is_present(frame: str) -> None:
    missed = [text for text in PRESENT[frame] if not _red(text)]
    assert not missed


@pytest.mark.parametrize("frame", HARMLESS, ids=str)
def test_what_is_built_alike_and_means_nothing_stays_quiet(frame: str) -> None:
    alarmed = [text for text in HARMLESS[frame] if READER.read(text).level != "none"]
    assert not alarmed


def _red(text: str) -> bool:
    reading = READER.read(text)
    return reading.level == "crisis" and reading.imminent


CARED_FOR = ("生完孩子天天哭", "带孩子带到没力气了", "照顾婆婆三年了", "陪儿子看病看了两年", "老婆跟人跑了")
ENOUGH = ("，撑不下去了，想结束这一切", "，想一了百了", "，活着没意思，想死")


@pytest.mark.parametrize("begins", CARED_FOR)
@pytest.mark.parametrize("ends", ENOUGH)
def test_whoever_is_cared_for_is_not_the_one_who_wants_to_die(begins: str, ends: str) -> None:
    """A new mother leaves the "I" out: the child in her sentence is whom she looks after, not whose danger it is."""
    assert READER.read(begins + ends).level == "crisis"


@pytest.mark.parametrize("text", ["我女儿带孩子太累了，说想死", "邻居带孩子，天天说想死", "孩子说想死"])
def test_whoever_says_it_is_still_asked_for(text: str) -> None:
    found = READER.read(text)
    assert found.level == "elevated"
    assert {reason.whose for reason in found.reasons} == {"other"}
