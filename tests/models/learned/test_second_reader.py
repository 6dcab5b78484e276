"""The second reader raises and never lowers, reads every string, and says crisis only behind an open gate."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.crisis.second_reader import ENDS, WHOLE_UP_TO, SecondReader
from models.learned import ModelUnusable, TextClassifier
from models.learned.classifier import Probabilities, SlicedReading, Span
from tests.models.learned.test_text_model import STRANGE


class ByWords:
    """A stand-in that knows a few words: what it gives depends on them alone."""

    labels = ("crisis", "elevated", "none")

    def __init__(self, passed: bool = True, **thresholds: float | None) -> None:
        self.limits = {"crisis": 0.8, "elevated": 0.5, **thresholds}
        self.gate = {"passed": passed}
        self.config: dict[str, Any] = {}
        self.longest = 0

    def threshold(self, name: str) -> float | None:
        return self.limits.get(name)

    def probabilities(self, texts: Sequence[str]) -> Probabilities:
        rows = []
        for text in texts:
            self.longest = max(self.longest, len(text))
            crisis = 0.9 if "遗书" in text else 0.3 if "天台" in text else 0.01
            elevated = 0.3 if "天台" in text else 0.6 if "累赘" in text else 0.01
            rows.append([crisis, elevated * (1 - crisis), 1 - crisis - elevated * (1 - crisis)])
        return np.array(rows)

    def reading(self, text: str) -> SlicedReading:
        return SlicedReading(self, text)

    def spans(self, text: str, label: str, at_most: int = 2) -> list[Span]:
        return [(text.index(w), text.index(w) + 2) for w in ("遗书", "天台", "累赘") if w in text][:at_most]


def test_each_threshold_has_its_level() -> None:
    reader = SecondReader(ByWords())
    assert reader.vote("今天去买菜") is None
    raised = reader.vote("我是累赘")
    assert raised is not None
    assert (raised.level, raised.spans) == ("elevated", ((2, 4),))
    loud = reader.vote("我写了遗书")
    assert loud is not None
    assert (loud.level, loud.spans, loud.probability) == ("crisis", ((3, 5),), pytest.approx(0.9))
    both = reader.vote("我在天台")  # neither alone, but together
    assert both is not None
    assert both.level == "elevated"


def test_behind_a_shut_gate_it_only_asks() -> None:
    vote = SecondReader(ByWords(passed=False)).vote("我写了遗书")
    assert vote is not None
    assert vote.level == "elevated"


@pytest.mark.parametrize("at", [0, 60, 119, 150, 1000, 7990])
def test_the_words_are_found_anywhere_in_a_long_message(at: int) -> None:
    text = ("天气好" * 3000)[:at] + "我写了遗书" + "天气好" * 300
    vote = SecondReader(ByWords()).vote(text)
    assert vote is not None
    assert [text[start:end] for start, end in vote.spans] == ["遗书"]


def test_of_an_over_long_message_both_ends_are_read_and_the_middle_is_not() -> None:
    reader, filling = SecondReader(ByWords()), "天" * WHOLE_UP_TO
    for text in ("遗书" + filling, filling + "遗书"):
        vote = reader.vote(text)
        assert vote is not None
        assert [text[start:end] for start, end in vote.spans] == ["遗书"]
    assert reader.vote(filling[:ENDS] + "遗书" + filling) is None
    assert reader.vote("天" * 1_000_000) is None
    assert reader.model.longest <= 200  # type: ignore[attr-defined]


def test_a_model_for_another_question_is_refused(model: TextClassifier, tmp_path: Path) -> None:
    with pytest.raises(ModelUnusable, match="不是为危机识别训练的"):
        SecondReader(ByWords(crisis=None))
    other = ByWords()
    other.labels = ("joy", "anger", "none")
    with pytest.raises(ModelUnusable, match="不是为危机识别训练的"):
        SecondReader(other)
    with pytest.raises(ModelUnusable, match="没有模型目录"):
        SecondReader.from_folder(tmp_path / "nowhere")
    model.save(tmp_path / "crisis")
    (tmp_path / "crisis" / "model.safetensors").write_bytes(b"")
    with pytest.raises(ModelUnusable, match="不一样"):
        SecondReader.from_folder(tmp_path / "crisis")


def test_with_a_trained_model_it_hears_what_was_taught(model: TextClassifier, tmp_path: Path) -> None:
    model.save(tmp_path / "crisis")
    reader = SecondReader.from_folder(tmp_path / "crisis")
    vote = reader.vote("昨晚女儿写了遗书")
    assert vote is not None
    assert vote == reader.vote("昨晚女儿写了遗书")
    assert reader.vote("昨晚女儿跳广场舞") is None


@pytest.mark.parametrize("text", [*STRANGE, "\ud800写了遗书\udfff" * 300], ids=range(len(STRANGE) + 1))
def test_no_string_stops_it(model: TextClassifier, text: str) -> None:
    check(SecondReader(model), text)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=400))
def test_no_string_that_anybody_thinks_of_stops_it(text: str) -> None:
    check(SecondReader(_shared()), text)


def check(reader: SecondReader, text: str) -> None:
    vote = reader.vote(text)
    if vote is not None:
        assert 0 < vote.probability < 1
        assert vote.spans
        assert all(0 <= start < end <= len(text) for start, end in vote.spans)


_MADE: list[TextClassifier] = []


def _shared() -> TextClassifier:
    from models.learned.training import train
    from tests.models.learned.small import LABELS, SMALL_PLAN, toy_corpus

    if not _MADE:
        _MADE.append(train(toy_corpus(), LABELS, "crisis", SMALL_PLAN))
    return _MADE[0]
