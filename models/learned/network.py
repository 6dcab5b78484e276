"""The network of the small model: one weight for every term and label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from models.learned.features import Features, Numbers, Weights, weighed


@dataclass(frozen=True)
class Shape:
    """How large the network is. It is kept with the weights."""

    labels: int
    terms: int
    longest: int = 3

    def as_dict(self) -> dict[str, Any]:
        """As it stands in a config."""
        return asdict(self)


@dataclass(frozen=True)
class Batch:
    """Several texts: their terms one after the other, with the text that each belongs to."""

    terms: Tensor
    weights: Tensor
    offsets: Tensor

    @classmethod
    def of(cls, texts: Sequence[tuple[Numbers, Weights]]) -> Batch:
        """Put texts together, each as `features.weighed` gives it."""
        sizes = [0] + [len(terms) for terms, _ in texts[:-1]]
        return cls(
            torch.from_numpy(np.concatenate([terms for terms, _ in texts])),
            torch.from_numpy(np.concatenate([weights for _, weights in texts])),
            torch.from_numpy(np.cumsum(np.array(sizes, dtype=np.int64))),
        )


class Network(nn.Module):
    """Logits for a batch: a sum that anybody can check. A term that training never saw adds nothing."""

    keys: Tensor
    idf: Tensor

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.register_buffer("keys", torch.zeros(shape.terms, dtype=torch.int64))
        self.register_buffer("idf", torch.zeros(shape.terms))
        self.terms = nn.EmbeddingBag(shape.terms, shape.labels, mode="sum")
        self.bias = nn.Parameter(torch.zeros(shape.labels))
        with torch.no_grad():
            self.terms.weight.zero_()

    def seen(self, terms: Features) -> tuple[Numbers, Weights]:
        """The terms of a text as this network takes them."""
        return weighed(terms, self.keys.numpy(), self.idf.numpy())

    def forward(self, batch: Batch) -> Tensor:
        said: Tensor = self.terms(batch.terms, batch.offsets, per_sample_weights=batch.weights)
        return said + self.bias
