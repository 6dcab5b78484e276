"""The second reader: a learned model beside the rules. It may raise a level and never lowers one."""

from __future__ import annotations

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
LONG, SURE_OF_LONG = 60, 0.88
"""From so many characters on a stretch must be this sure of crisis: many small words add up to the limit by chance."""
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
    false-alarm gate; else the same message is `elevated`. A long message is read in windows that overlap, of a message
    beyond 20,000 characters the first and the last 4,000. A long stretch that would be `crisis` if it were short,
    but is not sure enough for its length, is `elevated`.
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
        windows = list(_windows(text))
        if not windows:
            return None
        answers = self.model.probabilities([text[start:end] for start, end in windows])
        crisis = answers[:, self.model.labels.index("crisis")]
        raised = crisis + answers[:, self.model.labels.index("elevated")]
        limits = [
            self.crisis if end - start < LONG else max(self.crisis, SURE_OF_LONG) for start, end in windows
        ]
        serious = [at for at, limit in enumerate(limits) if crisis[at] >= limit]
        if serious:
            at = max(serious, key=lambda each: float(crisis[each]))
            level = "crisis" if self.may_say_crisis else "elevated"
            probability = float(crisis[at])
        elif raised.max() >= min(self.elevated, self.crisis):
            at, level, probability = int(raised.argmax()), "elevated", float(raised.max())
        else:
            return None
        start, end = windows[at]
        louder = "crisis" if crisis[at] >= answers[at, self.model.labels.index("elevated")] else "elevated"
        spans = self.model.spans(text[start:end], louder) or [(0, end - start)]
        return Vote(
            "crisis" if level == "crisis" else "elevated",
            min(probability, _WORST),
            tuple((start + a, start + b) for a, b in spans),
        )


def _windows(text: str) -> Iterator[tuple[int, int]]:
    """Overlapping stretches that cover the text (of an over-long one, its two ends)."""
    parts = [(0, len(text))] if len(text) <= WHOLE_UP_TO else [(0, ENDS), (len(text) - ENDS, len(text))]
    for first, last in parts:
        at = first
        while at < last:
            end = min(last, at + WINDOW)
            if text[at:end].strip():
                yield at, end
            if end == last:
                break
            at += STEP
