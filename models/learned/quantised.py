"""Eight-bit linear layers for the processor: weights kept as int8 with a scale a row, activations scaled on the way."""

from __future__ import annotations

from collections.abc import Collection

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Int8Linear(nn.Module):
    """What `nn.Linear` does, in a quarter of the memory and several times as fast on a processor.

    Under gradients (for finding the words that spoke most) it works on the weights as they stand, in floating point.
    """

    weight: Tensor
    scale: Tensor
    bias: Tensor | None

    def __init__(self, inputs: int, outputs: int, bias: bool) -> None:
        super().__init__()
        self.register_buffer("weight", torch.zeros(outputs, inputs, dtype=torch.int8))
        self.register_buffer("scale", torch.ones(outputs))
        self.register_buffer("bias", torch.zeros(outputs) if bias else None)

    @classmethod
    def of(cls, linear: nn.Linear) -> Int8Linear:
        """The same layer with rounded weights."""
        made = cls(linear.in_features, linear.out_features, linear.bias is not None)
        with torch.no_grad():
            weight = linear.weight.detach().float().cpu()
            made.scale = (weight.abs().amax(dim=1) / 127).clamp(min=1e-8)
            made.weight = (weight / made.scale.unsqueeze(1)).round().to(torch.int8)
            if linear.bias is not None:
                made.bias = linear.bias.detach().float().cpu()
        return made

    def forward(self, values: Tensor) -> Tensor:
        if torch.is_grad_enabled():
            return F.linear(values, self.weight.float() * self.scale.unsqueeze(1), self.bias)
        rows = values.reshape(-1, values.shape[-1])
        size = (rows.abs().amax(dim=1, keepdim=True) / 127).clamp(min=1e-8)
        whole = torch._int_mm((rows / size).round().to(torch.int8), self.weight.t())
        answer = whole.float() * size * self.scale
        if self.bias is not None:
            answer = answer + self.bias
        return answer.reshape(*values.shape[:-1], -1)


def quantise(module: nn.Module, keep: Collection[str] = (), *, empty: bool = False, under: str = "") -> None:
    """Replace every linear layer in place, except those whose path begins with one of `keep` (answering heads).

    With `empty` the layers are only put there, for weights that are loaded next.
    """
    for name, child in list(module.named_children()):
        path = f"{under}{name}"
        if any(path == kept or path.startswith(f"{kept}.") for kept in keep):
            continue
        if isinstance(child, nn.Linear):
            new = (
                Int8Linear(child.in_features, child.out_features, child.bias is not None)
                if empty
                else Int8Linear.of(child)
            )
            setattr(module, name, new)
        else:
            quantise(child, keep, empty=empty, under=f"{path}.")
