"""What a mask hides is harmless and nothing more: danger told in the same frame is heard."""

from __future__ import annotations

import pytest
import yaml

from .corpus_reader import FOLDER, LEVELS

FRAMES = yaml.safe_load((FOLDER / "inside_a_harmless_frame.yml").read_text(encoding="utf-8"))
INSIDE = [
    pytest.param(text, entry["level"], id=f"{entry['of']}:{text}")
    for entry in FRAMES
    for text in entry["texts"]
]
PLAIN = [
    "教练按我的腰压腿",
    "去三亚旅行把猫托付给邻居",
    "国庆去云南旅游，把狗托付给我妈",
    "我很关注孩子为什么会有这样的脾气，他自己也说不清，已经好几次了",
    "全班倒数第三名，今天家长会我都不敢抬头",
    "一听到发卷子我就心跳",
    "我决定明天去找老师好好谈一谈",
    "我还是害怕面对自己做错的事",
    "一脚踩空从货车上跌下来，腰椎骨裂",
    "邻居把电瓶车锁在我家门口",
    "孩子吞了硬币，做胃镜取出来了",
    "想问问别人是怎么走过来的",
    "他把孩子藏到老家去了，不让我见",
    "老板娘说我打碎了花瓶要扣工资",
    "天天混吃等死的一个暑假",
]


@pytest.mark.parametrize(("text", "level"), INSIDE)
def test_danger_inside_a_harmless_frame_is_heard(reader, text, level):
    assert LEVELS.index(reader.read(text).level) >= LEVELS.index(level)


@pytest.mark.parametrize("text", PLAIN)
def test_the_frame_itself_frightens_nobody(reader, text):
    assert reader.read(text).level == "none"


def test_there_are_enough_of_them():
    assert len(INSIDE) >= 60
    assert len({param.values[0] for param in INSIDE}) == len(INSIDE)
