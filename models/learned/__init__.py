"""The learned models: small, local, trained from the repository's own corpus; they raise, they never lower.

    from models.learned import TextClassifier, ModelUnusable
    model = TextClassifier.load(trained_folder("emotion"))   # models/trained/emotion; raises ModelUnusable
    model.labels                                              # ("joy", "sadness", …)
    model.probabilities(["今天好开心", "好累"])                 # numpy, one row a text, one column a label, calibrated
    model.spans("工资又没发，我气死了", "anger", at_most=2)       # [(start, end), …] in the text as it was written
    model.threshold("crisis")                                 # what a probability must reach, or None
    model.gate                                                # for crisis: {"passed": …, "false_alarms": …, …}

Names: `TextClassifier` (the small model), `EncoderClassifier` (a fine-tuned Chinese encoder, same methods),
`load_classifier(folder)` (whichever of the two stands there), `trained_folder(task)`, `TASKS`, `ModelUnusable`,
`CorpusError`. Commands: `python -m models.learned train TASK`, `… finetune --encoder FOLDER …`.

Nothing here imports torch until a model is loaded or trained.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from models.learned.errors import CorpusError, ModelUnusable
from models.learned.tasks import TASKS, trained_folder

if TYPE_CHECKING:
    from models.learned.classifier import Classifier, load_classifier
    from models.learned.encoder import EncoderClassifier
    from models.learned.text_model import TextClassifier

_LATE = {
    "TextClassifier": "models.learned.text_model",
    "EncoderClassifier": "models.learned.encoder",
    "Classifier": "models.learned.classifier",
    "load_classifier": "models.learned.classifier",
}

__all__ = [
    "TASKS",
    "Classifier",
    "CorpusError",
    "EncoderClassifier",
    "ModelUnusable",
    "TextClassifier",
    "load_classifier",
    "trained_folder",
]


def __getattr__(name: str) -> Any:
    if name not in _LATE:
        raise AttributeError(name)
    return getattr(import_module(_LATE[name]), name)
