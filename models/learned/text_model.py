"""The small model: trained at set-up in half a minute, quick enough to read every message, and a sum of its terms."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from models.learned import folder as folders
from models.learned.calibrate import softmax
from models.learned.classifier import Probabilities, Span, loudest, merged
from models.learned.errors import ModelUnusable
from models.learned.features import Features, features, weighed
from models.learned.network import Batch, Network, Shape
from models.learned.view import view

KIND = "terms"
_AT_ONCE = 64
_LONGEST = 2_000


class TextClassifier:
    """A trained small model.

    `probabilities` gives one row for each text and one column for each label, calibrated by the temperature that
    was chosen on tune lines. It reads any string, also an empty one. Of a text beyond 2,000 characters it reads the
    first and last half of that; who must not lose anything in between reads in windows, as `SecondReader` does.
    """

    def __init__(self, network: Network, config: dict[str, Any]) -> None:
        self.network = network.eval()
        self.config = config
        self.labels: tuple[str, ...] = tuple(config["labels"])
        self.temperature = float(config["temperature"])

    @classmethod
    def load(cls, folder: Path, *, task: str | None = None) -> TextClassifier:
        """The model of a folder; raises `ModelUnusable` unless it is whole, unchanged, and for that task."""
        config = folders.read(folder, KIND)
        if task is not None and config.get("task") != task:
            raise ModelUnusable(f"模型 {folder.name} 是为 {config.get('task')} 训练的，不是 {task}")
        torch.set_num_threads(1)
        try:
            weights = load_file(folder / folders.WEIGHTS)
            shape = Shape(**config["shape"])
            network = Network(shape)
            network.load_state_dict(
                {
                    name: value.float() if value.is_floating_point() else value
                    for name, value in weights.items()
                }
            )
            model = cls(network, config)
        except (KeyError, TypeError, ValueError, RuntimeError, OSError, SafetensorError) as error:
            raise ModelUnusable(f"模型 {folder.name} 的权重与它的说明对不上") from error
        if shape.labels != len(model.labels):
            raise ModelUnusable(f"模型 {folder.name} 的标签与权重对不上")
        return model

    def save(self, folder: Path) -> None:
        """Write the model whole or not at all."""
        weights = {
            name: (value.half() if value.is_floating_point() else value).contiguous()
            for name, value in self.network.state_dict().items()
        }
        folders.write(
            folder, {**self.config, "kind": KIND}, lambda draft: save_file(weights, draft / folders.WEIGHTS)
        )

    def threshold(self, name: str) -> float | None:
        """What a probability must reach for this name, where the training chose something."""
        value = self.config.get("thresholds", {}).get(name)
        return None if value is None else float(value)

    @property
    def gate(self) -> dict[str, Any] | None:
        """How the false-alarm gate went, for models that have one."""
        return self.config.get("gate")

    def probabilities(self, texts: Sequence[str]) -> Probabilities:
        """One row a text, one column a label."""
        return self.of_views([view(_shortened(text)).text for text in texts])

    def of_views(self, texts: Sequence[str]) -> Probabilities:
        """The same for texts that are already in their plain view."""
        if not texts:
            return np.zeros((0, len(self.labels)))
        return softmax(self.logits(texts), self.temperature)

    def logits(self, views: Sequence[str]) -> Probabilities:
        """The answers for texts in their plain view, before calibration."""
        return self._logits([features(text, self.network.shape.longest) for text in views])

    def reading(self, text: str) -> TextReading:
        """The text, its words cut once however many stretches of it are asked about."""
        return TextReading(self, text)

    def _logits(self, read: Sequence[Features]) -> Probabilities:
        out = np.zeros((len(read), len(self.labels)))
        with torch.inference_mode():
            for at in range(0, len(read), _AT_ONCE):
                batch = Batch.of([self.network.seen(terms) for terms in read[at : at + _AT_ONCE]])
                out[at : at + _AT_ONCE] = self.network(batch).numpy()
        return out

    def spans(self, text: str, label: str, at_most: int = 2) -> list[Span]:
        """The stretches of the original text that spoke most for a label, in order; may be fewer, or none."""
        seen = view(_shortened(text))
        if label not in self.labels or not seen.text:
            return []
        weights = self._weights(features(seen.text, self.network.shape.longest), self.labels.index(label))
        cut = len(text) - len(_shortened(text))
        found = [seen.original(start, end) for start, end in loudest(weights, at_most)]
        return merged([(_back(a, cut), _back(b, cut)) for a, b in found])

    def _weights(self, terms: Features, label: int) -> npt.NDArray[np.float64]:
        """What each character of a view adds to a label, before the others: each term's part, shared out over it."""
        keys = self.network.keys.numpy()
        places, weights = weighed(terms, keys, self.network.idf.numpy())
        said = self.network.terms.weight.detach().numpy()[places]
        others = [n for n in range(len(self.labels)) if n != label]
        parts = weights * (said[:, label] - said[:, others].mean(axis=1))
        order = np.argsort(keys[places])
        known, parts = keys[places][order], parts[order]
        total = np.zeros(terms.length + 1)
        for kind in terms.kinds if len(known) else ():
            _, which, times = np.unique(kind.key, return_inverse=True, return_counts=True)
            place = np.minimum(np.searchsorted(known, kind.key), len(known) - 1)
            share = np.where(known[place] == kind.key, parts[place], 0.0)
            share = share / (kind.last - kind.first) / times[which]
            np.add.at(total, kind.first, share)
            np.subtract.at(total, kind.last, share)
        return np.cumsum(total)[:-1]


class TextReading:
    """One text that is asked about stretch by stretch; `Reading` says what is promised."""

    def __init__(self, model: TextClassifier, text: str) -> None:
        self._model = model
        self._view = view(text)
        self._terms = features(self._view.text, model.network.shape.longest)
        self._starts = np.array(self._view.start, dtype=np.int64)

    def probabilities(self, stretches: Sequence[Span]) -> Probabilities:
        """One row a stretch, one column a label."""
        model = self._model
        if not stretches:
            return np.zeros((0, len(model.labels)))
        read = [self._terms.within(*self._seen(stretch)) for stretch in stretches]
        return softmax(model._logits(read), model.temperature)

    def spans(self, stretch: Span, label: str, at_most: int = 2) -> list[Span]:
        """Where in a stretch the words stand that spoke most for a label, as places of the whole text."""
        first, last = self._seen(stretch)
        if first >= last or label not in self._model.labels:
            return []
        weights = self._model._weights(self._terms.within(first, last), self._model.labels.index(label))
        return merged(
            [self._view.original(first + start, first + end) for start, end in loudest(weights, at_most)]
        )

    def _seen(self, stretch: Span) -> Span:
        first, last = np.searchsorted(self._starts, stretch)
        return int(first), int(last)


def _shortened(text: str) -> str:
    half = _LONGEST // 2
    return text if len(text) <= _LONGEST else text[:half] + text[-half:]


def _back(at: int, cut: int) -> int:
    return at + cut if at > _LONGEST // 2 else at
