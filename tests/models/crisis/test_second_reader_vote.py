"""A second reader beside the rules: it may raise, it can never lower, and it is missed when it breaks."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.crisis.recogniser import LEVELS, CrisisRecogniser
from models.crisis.rulebook import RuleBook
from models.crisis.trained import TrainedReader, crisis_reader

BOOK = RuleBook.shipped()
ALONE = CrisisRecogniser(BOOK)


@dataclass(frozen=True)
class Says:
    """A vote."""

    level: str
    spans: tuple[tuple[int, int], ...] = ()


class Reader:
    """A second reader that says what it is told to say, and remembers what it was shown."""

    def __init__(self, says: Says | Callable[[str], Says | None] | Exception | None) -> None:
        self.says = says
        self.shown: list[str] = []

    def vote(self, text: str) -> Says | None:
        self.shown.append(text)
        if isinstance(self.says, Exception):
            raise self.says
        return self.says(text) if callable(self.says) else self.says


def with_second(says: object) -> tuple[CrisisRecogniser, Reader]:
    second = Reader(says)  # type: ignore[arg-type]
    return CrisisRecogniser(BOOK, second), second


@settings(max_examples=60, deadline=None)
@given(
    st.text(alphabet="我想死不活了今天菜场药刀 ，。😊ab", max_size=40),
    st.sampled_from([None, Says("none"), Says("elevated"), Says("crisis"), Says("green"), RuntimeError()]),
)
def test_it_never_lowers_whatever_it_says(text, says):
    alone, both = ALONE.read(text), with_second(says)[0].read(text)
    assert LEVELS.index(both.level) >= LEVELS.index(alone.level)
    assert set(alone.reasons) <= set(both.reasons)
    assert both.imminent == alone.imminent


@pytest.mark.parametrize("level", ["elevated", "crisis"])
def test_it_raises_with_the_words_that_spoke(level):
    text = "窗外的树叶都落光了，我也差不多"
    assert ALONE.read(text).level == "none"
    reading = with_second(Says(level, ((10, 15),)))[0].read(text)
    assert reading.level == level
    assert not reading.imminent, "what only a model heard is no reason to break a door"
    (reason,) = reading.reasons
    assert (reason.rule, text[reason.start : reason.end]) == (f"learned.{level}", "我也差不多")
    assert (reason.category, reason.whose) == ("learned", "self")


def test_without_a_place_the_whole_message_is_the_reason():
    reading = with_second(Says("elevated"))[0].read("窗外的树叶都落光了")
    assert [(r.start, r.end) for r in reading.reasons] == [(0, 9)]


@pytest.mark.parametrize("spans", [((-5, 3),), ((3, 3),), ((4, 900),), ((900, 901),)])
def test_a_place_outside_the_message_is_brought_back_into_it(spans):
    for reason in with_second(Says("crisis", spans))[0].read("窗外的树叶都落光了").reasons:
        assert 0 <= reason.start < reason.end <= 9


@pytest.mark.parametrize(
    "text", ["笑死我了，今天真热", "店里清仓跳楼价，走过去看看", "😊笑\u200b死我了，今天真热"]
)
def test_it_is_not_shown_what_is_plainly_harmless(text):
    reader, second = with_second(lambda shown: Says("crisis") if "死" in shown or "跳楼" in shown else None)
    assert reader.read(text).level == "none"
    (shown,) = second.shown
    assert len(shown) == len(text)
    assert shown == reader.without_harmless(text)


@pytest.mark.parametrize("text", ["今天热死了", "他是我死党", "笑死我了", "清仓跳楼价"])
def test_what_is_left_of_a_turn_of_speech_is_no_message(text):
    reader, second = with_second(Says("crisis"))
    assert reader.read(text).level == "none"
    assert second.shown == []
    assert reader.read("今天热").level == "crisis", "short words are read where nothing was taken out of them"


def test_it_is_shown_the_rest_of_the_message():
    reader, second = with_second(None)
    reader.read("笑死我了，其实我想了很久")
    assert second.shown[0].endswith("其实我想了很久")


def test_one_that_breaks_has_not_said_that_all_is_well():
    reader, second = with_second(RuntimeError("out of order"))
    reading = reader.read("今天天气好")
    assert (reading.level, [r.rule for r in reading.reasons]) == ("elevated", ["learned.failed"])
    assert reading.categories == {"unread"}
    assert reader.second_fails
    assert reader.runs_on == "rules"
    assert reader.read("我不想活了").level == "crisis"
    second.says = None
    assert reader.read("今天天气好").level == "none"
    assert not reader.second_fails
    assert reader.runs_on == "rules and model"


def test_of_a_long_message_it_is_shown_the_two_ends():
    reader, second = with_second(lambda shown: Says("crisis", ((0, 3),)) if "落光了" in shown else None)
    text = "今天去买菜。" * 1_000 + "落光了"
    reading = reader.read(text)
    assert [len(shown) for shown in second.shown] == [2_000, 2_000]
    assert reading.level == "crisis"
    assert reading.reasons[0].start == len(text) - 2_000


def test_an_empty_message_is_shown_to_nobody():
    reader, second = with_second(RuntimeError())
    assert reader.read("").level == "none"
    assert second.shown == []


# --- time ------------------------------------------------------------------------------------------


class Clock:
    """Seconds that pass each time somebody looks."""

    def __init__(self, step: float) -> None:
        self.now = 0.0
        self.step = step

    def __call__(self) -> float:
        self.now += self.step
        return self.now


class Waits(CrisisRecogniser):
    """A reader on a machine that has other things to do."""

    def _possible(self, text):
        for each in super()._possible(text):
            time.sleep(0.6)
            yield each


def test_a_busy_machine_does_not_change_what_is_read():
    waited = Waits(BOOK, budget=0.5).read("我不想活了")
    assert waited.finished
    assert waited.level == "crisis"
    assert waited == CrisisRecogniser(BOOK).read("我不想活了")


def test_a_message_that_takes_too_long_is_not_called_harmless():
    second = Reader(None)
    reading = CrisisRecogniser(BOOK, second, budget=2.0, timer=Clock(0.7)).read("今天去菜场买菜，我想去江边")
    assert not reading.finished
    assert reading.level == "elevated"
    assert [r.rule for r in reading.reasons] == ["input.unfinished"]
    assert second.shown == [], "no time is left for a second reader"


def test_what_was_found_before_time_ran_out_stands():
    """Stopped after one rule, after two, after three …: never harmless, and a crisis as soon as it was heard."""
    levels = []
    for looks in range(2, 200):
        ticks = iter([0.0] * looks)
        stopped = CrisisRecogniser(BOOK, budget=2.0, timer=lambda ticks=ticks: next(ticks, 99.0))
        reading = stopped.read("活着没意思，我想自杀")
        levels.append((reading.level, reading.finished))
        if reading.finished:
            break
    assert levels[0] == ("elevated", False)
    assert ("crisis", False) in levels
    assert levels[-1] == ("crisis", True)
    assert [LEVELS.index(level) for level, _ in levels] == sorted(LEVELS.index(level) for level, _ in levels)


# --- the trained folder ----------------------------------------------------------------------------


def test_without_a_trained_model_the_rules_read_alone(tmp_path):
    reader = crisis_reader(trained=tmp_path / "nothing")
    assert reader.runs_on == "rules"
    assert reader.read("我不想活了").level == "crisis"


def test_a_model_that_cannot_be_used_is_left_out_and_nobody_is_frightened(tmp_path, caplog):
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    reader = crisis_reader(trained=tmp_path)
    assert reader.runs_on == "rules, model not loaded yet"
    assert reader.read("今天天气好").level == "none"
    assert reader.runs_on == "rules"
    assert "cannot be used" in caplog.text
    assert str(tmp_path) not in caplog.text


def test_a_model_is_loaded_once(tmp_path, monkeypatch):
    loads = []

    class Loaded:
        @classmethod
        def from_folder(cls, folder):
            loads.append(folder)
            return Reader(Says("elevated"))

    monkeypatch.setattr("models.crisis.trained.SecondReader", Loaded)
    second = TrainedReader(tmp_path)
    reader = CrisisRecogniser(BOOK, second)
    reader.warm()
    assert reader.runs_on == "rules and model"
    assert reader.read("今天天气好").level == "elevated"
    assert loads == [tmp_path]
