"""M06: somebody talks for a long time, then says that they want to die. Early or late, the answer is the same."""

import re
from dataclasses import dataclass
from itertools import cycle, islice

from tests.support.town import Town

TALK = (
    "今天菜场的青菜涨价了", "厂里这几天加班多", "楼上又在装修", "孩子作业写到十点", "阳台上的花开了一朵",
    "公交车等了半个钟头", "单位食堂换了师傅", "邻居送了一碗饺子", "周末想去江边走走", "电视里放老片子",
    "手机老是没电", "天气预报说要下雨", "老同学约吃饭", "昨天看了场电影", "水电费又贵了",
)  # fmt: skip
DANGER = {
    "orange": ("我不想活了", "我想自杀", "我真的想死", "我不想再活下去了", "我有自杀的想法"),
    "red": (
        "我攒了一瓶安眠药，今晚就吃下去，不想活了", "我现在就站在楼顶，要跳下去", "遗书写好了，今晚就走",
        "我刚才吃了一整瓶药", "我已经爬上桥栏杆了，要跳",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Reaction:
    """What was done and said when they said it. Codes and times are left out."""

    card: bool
    asked: str | None
    said: tuple[str, ...]
    called: bool
    level: str


def after(town: Town, turns: int, danger: str) -> Reaction:
    """The reaction to these words, said in this turn of a chat that was ordinary until then."""
    town.services.limits.seen.clear()
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    known = {ticket["code"] for ticket in officer_tickets(town)}
    for words in islice(cycle(TALK), turns - 1):
        turn = resident.says(words)
        assert turn.alarm is None, words
        assert turn.screening is None, words
        assert [m for m in turn.messages if m.author == "program"], words
    turn = resident.says(danger)
    new = [ticket for ticket in officer_tickets(town) if ticket["code"] not in known]
    return Reaction(
        card=turn.alarm is not None,
        asked=turn.screening.item if turn.screening else None,
        said=tuple(_bare(m.text) for m in turn.messages if m.author == "program"),
        called=turn.worker_called,
        level=",".join(ticket["level"] for ticket in new),
    )


def officer_tickets(town: Town) -> list[dict[str, str]]:
    """The open tickets of the street."""
    officer = getattr(town, "_long_chat_officer", None) or town.officer("puyan")
    town._long_chat_officer = officer  # type: ignore[attr-defined]
    return officer.tickets()


def _bare(text: str) -> str:
    return re.sub(r"[A-Z0-9]{2,}(-[A-Z0-9]+)*|\d+", "#", text)
