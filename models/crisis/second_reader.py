"""The second reader: a learned model beside the rules. It may raise a level and never lowers one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from models.learned.errors import ModelUnusable

if TYPE_CHECKING:
    from models.learned.classifier import Classifier

LABELS = ("none", "elevated", "crisis")
WHOLE_UP_TO, ENDS = 20_000, 4_000
WINDOW, STEP = 120, 80
LONG, SURE_OF_LONG, ASK_OF_LONG = 60, 0.97, 0.75
"""From so many characters on a stretch must be this sure of crisis, or of a question: many small words add up to the
limit by chance. Of 1,500 reviews of hotels, books and telephones the limits of short ones raised one in seven."""
SURE_OF_SENTENCE, ASK_OF_SENTENCE = 0.97, 0.8
"""A sentence among others is read without them, so it must be this sure: there are many, and the loudest counts."""
FEWEST = 3
"""So many letters a stretch must have: the model knows messages, and what it says of 今天 or 在 alone is chance."""
_SENTENCE_END = re.compile(r"[。！？!?；;\n]+")
_WORST = 0.999


@dataclass(frozen=True)
class Vote:
    """What the model raises a message to, how sure it is, and the stretches of the message that spoke most."""

    level: Literal["elevated", "crisis"]
    probability: float
    spans: tuple[tuple[int, int], ...]


class SecondReader:
    """Votes on one message.

    Promises an answer for every string, however long or broken, the same one each time. `None` says that the model
    does not raise it, never that the message is harmless. It votes `crisis` only when the model passed its
    false-alarm gate; else the same message is `elevated`. A message is read sentence by sentence and as a whole, a
    long one in windows that overlap, of a message beyond 20,000 characters the first and the last 4,000. A long
    stretch must be surer than a short one, and so must a sentence among others. Of fewer than three letters it says
    nothing: rules read those.
    """

    def __init__(self, model: Classifier) -> None:
        self.model = model
        crisis, elevated = model.threshold("crisis"), model.threshold("elevated")
        if tuple(sorted(model.labels)) != tuple(sorted(LABELS)) or crisis is None or elevated is None:
            raise ModelUnusable("这个模型不是为危机识别训练的：标签或两道门槛对不上")
        self.crisis, self.elevated = crisis, elevated
        self.may_say_crisis = bool((model.gate or {}).get("passed"))

    @classmethod
    def from_folder(cls, folder: Path) -> SecondReader:
        """The reader with the model of a folder (a character model or an encoder); raises `ModelUnusable`."""
        from models.learned.classifier import load_classifier

        return cls(load_classifier(folder))

    def vote(self, text: str) -> Vote | None:
        """Whether this message must be raised, and to what."""
        sentences = list(_sentences(text))
        windows, among = sentences + list(_windows(text)), len(sentences)
        if not windows:
            return None
        reading = self.model.reading(text)
        answers = reading.probabilities(windows)
        crisis = answers[:, self.model.labels.index("crisis")]
        raised = crisis + answers[:, self.model.labels.index("elevated")]
        sure = [self._limits(window, whole=at >= among) for at, window in enumerate(windows)]
        serious = [at for at, (limit, _) in enumerate(sure) if crisis[at] >= limit]
        asks = [at for at, (_, limit) in enumerate(sure) if raised[at] >= limit]
        if serious:
            at = max(serious, key=lambda each: float(crisis[each]))
            level = "crisis" if self.may_say_crisis else "elevated"
            probability = float(crisis[at])
        elif asks:
            at = max(asks, key=lambda each: float(raised[each]))
            level, probability = "elevated", float(raised[at])
        else:
            return None
        start, end = windows[at]
        louder = "crisis" if crisis[at] >= answers[at, self.model.labels.index("elevated")] else "elevated"
        spans = reading.spans((start, end), louder) or [(start, end)]
        return Vote("crisis" if level == "crisis" else "elevated", min(probability, _WORST), tuple(spans))

    def _limits(self, window: tuple[int, int], *, whole: bool) -> tuple[float, float]:
        """How sure of crisis, and of crisis or a question together, a stretch must be."""
        elevated = min(self.elevated, self.crisis)
        if not whole:
            return max(self.crisis, SURE_OF_SENTENCE), max(elevated, ASK_OF_SENTENCE)
        if window[1] - window[0] < LONG:
            return self.crisis, elevated
        return max(self.crisis, SURE_OF_LONG), max(elevated, ASK_OF_LONG)


def _parts(text: str) -> list[tuple[int, int]]:
    """What is read of a message: all of it, or the two ends of an over-long one."""
    return [(0, len(text))] if len(text) <= WHOLE_UP_TO else [(0, ENDS), (len(text) - ENDS, len(text))]


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    """The sentences of a message that has several: small talk around one must not drown it."""
    for first, last in _parts(text):
        starts = [first, *(found.end() for found in _SENTENCE_END.finditer(text, first, last))]
        if len(starts) > 1:
            for start, end in zip(starts, [*starts[1:], last], strict=True):
                if _letters(text[start:end]) >= FEWEST and end - start <= WINDOW:
                    yield start, end


def _letters(text: str) -> int:
    return sum(each.isalnum() for each in text)


def _windows(text: str) -> Iterator[tuple[int, int]]:
    """Overlapping stretches that cover the text (of an over-long one, its two ends)."""
    for first, last in _parts(text):
        at = first
        while at < last:
            end = min(last, at + WINDOW)
            if _letters(text[at:end]) >= FEWEST:
                yield at, end
            if end == last:
                break
            at += STEP
