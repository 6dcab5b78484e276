"""A desk that keeps one conversation in memory, as the application does in its database."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from bot.actions import DialogueState, ItemShown
from bot.actions.desk import Listening, StepShown
from bot.companion import course
from bot.companion.compose import NAME
from bot.companion.doing import skill_of
from bot.companion.skills import Skill

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
        self.last_choices: tuple[str, ...] = ()
        self.heard: list[str] = []
        self.words = ""
        self.listening: dict[str, Any] = {}
        self.skill: Skill | None = None
        self.position = course.Position("")
        self.kept: course.Kept = {}
        self.saying: tuple[str, ...] = ()
        self.farewell: tuple[str, ...] = ()

    async def state(self, sender: str) -> DialogueState:
        self.calls.append("state")
        return replace(
            self.now,
            item=self.item(),
            said=dict(self.said),
            last_said=self.last_said,
            last_choices=self.last_choices,
            listening=Listening(said=tuple(self.heard), seed=sender, **self.listening),
            step=self.step(),
            farewell=self.farewell,
        )

    def step(self) -> StepShown | None:
        if self.skill is None or self.at is not None:
            return None
        shown = course.shown(self.skill, self.position, self.kept)
        buttons = tuple((choice.title, f"step_{choice.value}") for choice in shown.choices)
        said = self.saying or shown.bubbles
        return StepShown(self.skill.id, self.position.step, shown.ask, said, buttons, shown.picture)

    async def start_skill(self, sender: str, skill: str) -> None:
        self.calls.append(f"start_skill {skill}")
        self.skill = skill_of(skill)
        if self.skill is not None:
            self.position, self.kept = course.begin(self.skill), {}
            self.saying = course.shown(self.skill, self.position).bubbles

    async def answer_step(self, sender: str) -> None:
        self.calls.append("answer_step")
        if self.skill is not None:
            self._goes_on(course.take(self.skill, self.position, self.words, kept=self.kept))

    async def step_back(self, sender: str) -> None:
        self.calls.append("step_back")
        if self.skill is not None:
            self._goes_on(course.back(self.skill, self.position, kept=self.kept))

    async def skip_step(self, sender: str) -> None:
        self.calls.append("skip_step")
        if self.skill is not None:
            self._goes_on(course.skip(self.skill, self.position, kept=self.kept))

    async def stop_skill(self, sender: str) -> None:
        self.calls.append("stop_skill")
        self.skill = None

    async def item_back(self, sender: str) -> None:
        self.calls.append("item_back")
        self.at = max(0, (self.at or 0) - 1)

    def _goes_on(self, taken: course.Taken) -> None:
        self.position, self.kept, self.saying = taken.position, taken.kept, taken.bubbles
        if taken.finished:
            self.skill, self.farewell = None, taken.bubbles

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
            self.last_choices = tuple(button["choice"] for button in bubble["buttons"])
            if bubble["name"].startswith(NAME):
                self.heard.append(bubble["name"].removeprefix(NAME))
            if bubble["name"].startswith("skill/"):
                self.saying = ()
            if bubble["kind"] == "item":
                self.asked[bubble["item"]["number"] - 1] += 1
            elif "/" not in bubble["name"]:
                self.last_said = bubble["name"]
