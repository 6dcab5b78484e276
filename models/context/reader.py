"""Reads a message for its feeling, its topics and what has happened to the speaker; says nothing where unsure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from models.context.labels import CALM, CHEERFUL, NONE, TASKS, labels_of
from models.context.thresholds import CHEERFUL_FROM, LOWEST, thresholds
from models.learned.corpus import TUNE, load_corpus
from models.learned.errors import ModelUnusable

if TYPE_CHECKING:
    from models.learned.classifier import Classifier, Probabilities

CORPUS = Path(__file__).parent / "corpus"
MOST_TOPICS, MOST_EVENTS = 3, 3
_SHORT, _PIECE, _WHOLE, _MOST_PIECES = 8, 30, 200, 24
_COMMAS = "，,、 "
_SENTENCE = re.compile(r"[^。！？!?；;\n]*[。！？!?；;\n]+|[^。！？!?；;\n]+")
Span = tuple[int, int]


@dataclass(frozen=True)
class Found:
    """One label, how probable it is, and the words of the message that spoke for it."""

    label: str
    name: str
    probability: float
    spans: tuple[Span, ...]


@dataclass(frozen=True)
class Context:
    """What a message is about. `None` and empty mean that nothing was sure enough, not that nothing is there."""

    emotion: Found | None = None
    topics: tuple[Found, ...] = ()
    life_events: tuple[Found, ...] = ()


@dataclass(frozen=True)
class Reading:
    """The model of one task with the thresholds of its labels."""

    model: Classifier
    thresholds: Mapping[str, float]


class ContextReader:
    """Reads any string, also an empty one, and never raises.

    A long message is read sentence by sentence; of a very long one the first and the last sentences. A label is said
    from its own threshold on, and only with the words that spoke for it. The order of `topics` and `life_events` is
    that of their probabilities. It judges no danger and must not be asked to.
    """

    def __init__(self, readings: Mapping[str, Reading]) -> None:
        self._readings = dict(readings)

    @classmethod
    def from_folder(cls, folder: Path, corpus: Path = CORPUS) -> ContextReader:
        """A reader with the three trained models of a folder; thresholds are chosen on the tune lines of the corpus.

        Raises `ModelUnusable` when one of the models is missing, broken, for another question, or knows a label that
        `labels.yml` does not name; `CorpusError` when the tune lines do not load.
        """
        return cls({task: _reading(folder / task, task, corpus / task) for task in TASKS})

    @classmethod
    def of_life(cls, folder: Path, corpus: Path = CORPUS) -> ContextReader:
        """A reader that is only to be asked for `events`; raises as `from_folder` does."""
        return cls({"life_event": _reading(folder / "life_event", "life_event", corpus / "life_event")})

    def thresholds(self, task: str) -> Mapping[str, float]:
        """From what probability on each label of `emotion`, `topic` or `life_event` is said."""
        return self._readings[task].thresholds

    def model(self, task: str) -> Classifier:
        """The model that answers `emotion`, `topic` or `life_event`."""
        return self._readings[task].model

    def read(self, text: str) -> Context:
        """What one message is about."""
        pieces = _pieces(text)
        if not pieces:
            return Context()
        return Context(
            self._feeling(text, pieces),
            tuple(self._found("topic", text, pieces, {NONE})[:MOST_TOPICS]),
            self.events(text),
        )

    def events(self, text: str) -> tuple[Found, ...]:
        """What has happened to the speaker, as one message tells it."""
        pieces = _pieces(text)
        return tuple(self._found("life_event", text, pieces, {NONE})[:MOST_EVENTS]) if pieces else ()

    def _feeling(self, text: str, pieces: Sequence[Span]) -> Found | None:
        """The strongest unhappy feeling of any part, else a cheerful one; calm only where every part is calm."""
        rows = self._rows("emotion", text, pieces)
        labels = self.model("emotion").labels
        calm = all(labels[int(best)] == CALM for best in rows.argmax(axis=1))
        besides = set(labels) - {CALM} if calm else {CALM}
        found = self._found("emotion", text, pieces, besides, rows)
        return min(found, key=lambda one: (one.label in CHEERFUL, -one.probability), default=None)

    def _rows(self, task: str, text: str, pieces: Sequence[Span]) -> Probabilities:
        return self.model(task).probabilities([text[start:end] for start, end in pieces])

    def _found(
        self,
        task: str,
        text: str,
        pieces: Sequence[Span],
        besides: Set[str],
        rows: Probabilities | None = None,
    ) -> list[Found]:
        """Every label that some part says with enough probability and with words, the most probable first."""
        model, limits = self.model(task), self.thresholds(task)
        rows = self._rows(task, text, pieces) if rows is None else rows
        found = []
        for column, label in enumerate(model.labels):
            at = int(rows[:, column].argmax())
            probability = float(rows[at, column])
            if label in besides or probability < limits[label]:
                continue
            start, end = pieces[at]
            spans = tuple((start + a, start + b) for a, b in model.spans(text[start:end], label))
            if spans:
                found.append(Found(label, labels_of(task)[label].name, round(probability, 4), spans))
        return sorted(found, key=lambda one: -one.probability)


def _reading(folder: Path, task: str, corpus: Path) -> Reading:
    from models.learned.classifier import load_classifier

    model = load_classifier(folder)
    if model.config.get("task") != task:
        raise ModelUnusable(f"模型 {folder.name} 是为 {model.config.get('task')} 训练的，不是 {task}")
    known = labels_of(task)
    if strange := [label for label in model.labels if label not in known]:
        raise ModelUnusable(f"模型 {folder.name} 有 labels.yml 里没有的标签：{'、'.join(strange)}")
    tune = [line for line in load_corpus(corpus, (TUNE,)).split(TUNE) if line.label in model.labels]
    if not tune:
        raise ModelUnusable(f"模型 {folder.name} 没有调校用的行，定不出门槛")
    said = [line.label for line in tune]
    chosen = thresholds(model.probabilities([line.text for line in tune]), said, model.labels, LOWEST[task])
    if task == "emotion":
        chosen.update({label: max(chosen[label], CHEERFUL_FROM) for label in CHEERFUL & chosen.keys()})
    return Reading(model, chosen)


def _pieces(text: str) -> list[Span]:
    """The parts of a message that are read each by itself: sentences, very short ones with the next, long ones cut."""
    spans: list[Span] = []
    for match in _SENTENCE.finditer(text):
        start, end = match.span()
        if spans and min(spans[-1][1] - spans[-1][0], end - start) < _SHORT and end - spans[-1][0] <= _PIECE:
            spans[-1] = (spans[-1][0], end)
            continue
        spans.extend(_cut(text, start, end))
    spans = [span for span in spans if _readable(text[slice(*span)])]
    if len(spans) > _MOST_PIECES:
        spans = spans[: _MOST_PIECES // 2] + spans[-_MOST_PIECES // 2 :]
    if len(spans) > 1 and len(text) <= _WHOLE:
        spans.append((0, len(text)))
    return spans


def _cut(text: str, start: int, end: int) -> list[Span]:
    """A sentence in parts of at most `_PIECE` characters, cut after a comma where there is one."""
    parts = []
    while end - start > _PIECE:
        comma = max(text.rfind(c, start + _SHORT, start + _PIECE) for c in _COMMAS)
        at = comma + 1 if comma >= 0 else start + _PIECE
        parts.append((start, at))
        start = at
    return [*parts, (start, end)]


def _readable(text: str) -> bool:
    """Whether the models have learned to read this: Chinese, at least half of it, or an emoji by itself."""
    letters = [c for c in text if c.isalpha()]
    if letters:
        return sum("CJK" in unicodedata.name(c, "") for c in letters) * 2 >= len(letters)
    return any(unicodedata.category(c) == "So" for c in text)
