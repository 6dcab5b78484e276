"""A desk that keeps one conversation in memory, as the application does in its database."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from bot.actions import DialogueState, ItemShown

QUESTIONS = ("做事时提不起劲", "感到心情低落", "入睡困难")
OPTIONS = ("完全不会", "几天", "一半以上的天数", "几乎每天")
HOTLINES = ("12356 心理援助热线，今天 8:00-22:00，现在有人接",)


class ScriptedDesk:
    """Behaves as the application promises in `bot/actions/desk.py`, for one resident."""

    def __init__(self, **start: Any) -> None:
        self.now = DialogueState(hotlines=HOTLINES, **start)
        self.said: Counter[str] = Counter()
        self.asked: Counter[int] = Counter()
        self.last_said: str | None = None
        self.at: int | None = None
        self.consents = True
        self.calls: list[str] = []

    async def state(self, sender: str) -> DialogueState:
        self.calls.append("state")
        return replace(self.now, item=self.item(), said=dict(self.said), last_said=self.last_said)

    async def start_screening(self, sender: str) -> None:
        self.calls.append("start_screening")
        if self.consents:
            self.opens_questions()

    async def pause_screening(self, sender: str) -> None:
        self.calls.append("pause_screening")
        self.at = None

    def opens_questions(self) -> None:
        self.at = self.at or 0

    def item(self) -> ItemShown | None:
        if self.at is None:
            return None
        return ItemShown(
            instrument="three",
            title="最近状态",
            number=self.at + 1,
            of=len(QUESTIONS),
            timeframe="过去两周",
            text=QUESTIONS[self.at],
            options=OPTIONS,
            first=self.at == 0,
            times_asked=self.asked[self.at],
            intro="3 道题,约 1 分钟。没有对错,不想答可以跳过。",
        )

    def records_an_answer(self) -> None:
        """What the application does before it tells Rasa that an answer was recorded."""
        assert self.at is not None
        self.at += 1
        if self.at == len(QUESTIONS):
            self.at = None
            self.now = replace(
                self.now, result_sentence="这段时间您挺不容易的。", next_steps=("早点歇", "出去走走")
            )

    def hears(self, bubbles: list[dict[str, Any]]) -> None:
        """What the application does with replies: it counts names, and items that were shown."""
        for bubble in bubbles:
            self.said[bubble["name"]] += 1
            if bubble["kind"] == "item":
                self.asked[bubble["item"]["number"] - 1] += 1
            elif "/" not in bubble["name"]:
                self.last_said = bubble["name"]
