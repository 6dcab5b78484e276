"""A fine-tuned Chinese encoder behind the same promises as the small model: local, calibrated, whole or refused."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from tokenizers import Encoding, Tokenizer
from torch import Tensor, nn

from models.learned import folder as folders
from models.learned.calibrate import softmax
from models.learned.classifier import Probabilities, SlicedReading, Span, loudest, merged
from models.learned.errors import ModelUnusable
from models.learned.quantised import quantise
from models.learned.view import view

KIND = "encoder"
HEADS = ("classifier", "score", "classification_head", "sequence_summary", "logits_proj")
_AT_ONCE = 16
_LONGEST = 2_000
_ENCODER, _TOKENIZER = "encoder.json", "tokenizer.json"


class EncoderClassifier:
    """An encoder with a head, eight-bit on the processor; `probabilities`, `spans`, `threshold`, `gate` as in
    `TextClassifier`. `grouped` says which of our labels each of the encoder's own labels counts for."""

    def __init__(self, network: nn.Module, tokenizer: Tokenizer, config: dict[str, Any]) -> None:
        self.network = network.eval()
        self.tokenizer = tokenizer
        self.config = config
        self.labels: tuple[str, ...] = tuple(config["labels"])
        self.grouped: list[int] = [int(number) for number in config["grouped"]]
        self.temperature = float(config["temperature"])
        self.tokenizer.enable_truncation(int(config["longest"]))
        self.tokenizer.no_padding()

    @classmethod
    def load(cls, folder: Path, *, task: str | None = None) -> EncoderClassifier:
        """The encoder of a folder; raises `ModelUnusable` unless it is whole, unchanged, and for that task."""
        from transformers import AutoConfig, AutoModelForSequenceClassification

        config = folders.read(folder, KIND)
        if task is not None and config.get("task") != task:
            raise ModelUnusable(f"模型 {folder.name} 是为 {config.get('task')} 训练的，不是 {task}")
        torch.set_num_threads(1)
        try:
            described = json.loads((folder / _ENCODER).read_text(encoding="utf-8"))
            shape = AutoConfig.for_model(described.pop("model_type"), **described)
            network = AutoModelForSequenceClassification.from_config(shape)
            quantise(network, HEADS, empty=True)
            network.load_state_dict(load_file(folder / folders.WEIGHTS))
            tokenizer = Tokenizer.from_file(str(folder / _TOKENIZER))
            model = cls(network, tokenizer, config)
        except (SafetensorError, Exception) as error:  # the libraries raise whatever they like
            raise ModelUnusable(f"模型 {folder.name} 的权重、分词表与它的说明对不上") from error
        if len(model.grouped) != network.config.num_labels or set(model.grouped) - set(
            range(len(model.labels))
        ):
            raise ModelUnusable(f"模型 {folder.name} 的标签与它的输出对不上")
        return model

    def save(self, folder: Path) -> None:
        """Write the model whole or not at all. Its linear layers must have been quantised."""

        def fill(draft: Path) -> None:
            weights = {name: value.contiguous() for name, value in self.network.state_dict().items()}
            save_file(weights, draft / folders.WEIGHTS)
            described = self.network.config.to_dict()  # type: ignore[union-attr, operator]
            described.pop("_name_or_path", None)
            (draft / _ENCODER).write_text(
                json.dumps(described, ensure_ascii=False, indent=1), encoding="utf-8"
            )
            self.tokenizer.save(str(draft / _TOKENIZER))

        folders.write(folder, {**self.config, "kind": KIND}, fill)

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
        if not texts:
            return np.zeros((0, len(self.labels)))
        return self.of_logits(self.logits([view(text[:_LONGEST]).text for text in texts]))

    def of_logits(self, logits: Probabilities) -> Probabilities:
        """Calibrated probabilities of our labels from the encoder's own answers."""
        own = softmax(logits, self.temperature)
        out = np.zeros((len(own), len(self.labels)))
        for column, label in enumerate(self.grouped):
            out[:, label] += own[:, column]
        return out

    def logits(self, views: Sequence[str]) -> Probabilities:
        """The encoder's own answers to texts in their plain view, before calibration."""
        read = self.tokenizer.encode_batch(list(views))
        order = sorted(range(len(read)), key=lambda n: len(read[n].ids))
        out = np.zeros((len(read), len(self.grouped)))
        with torch.inference_mode():
            for at in range(0, len(order), _AT_ONCE):
                rows = order[at : at + _AT_ONCE]
                batch = padded([read[row] for row in rows], int(self.config["padding"]))
                out[rows] = self.network(**batch).logits.float().numpy()
        return out

    def reading(self, text: str) -> SlicedReading:
        """The text, to be asked about stretch by stretch."""
        return SlicedReading(self, text)

    def spans(self, text: str, label: str, at_most: int = 2) -> list[Span]:
        """The stretches of the original text that spoke most for a label, in order; may be fewer, or none."""
        seen = view(text[:_LONGEST])
        if label not in self.labels or not seen.text:
            return []
        read = self.tokenizer.encode(seen.text)
        weights = np.zeros(len(seen.text))
        for (start, end), said in zip(read.offsets, self._said(read, self.labels.index(label)), strict=True):
            weights[start:end] += said / max(1, end - start)
        return merged([seen.original(start, end) for start, end in loudest(weights, at_most)])

    def _said(self, read: Encoding, label: int) -> list[float]:
        """What each token adds to a label: input times gradient."""
        batch = padded([read], int(self.config["padding"]))
        ids = batch.pop("input_ids")
        with torch.enable_grad():
            given = self.network.get_input_embeddings()(ids).detach().requires_grad_()  # type: ignore[union-attr, operator]
            logits = self.network(inputs_embeds=given, **batch).logits[0]
            ours = torch.tensor([group == label for group in self.grouped])
            (logits[ours].logsumexp(dim=0) - logits[~ours].logsumexp(dim=0)).backward()
        assert given.grad is not None
        return list((given * given.grad).sum(dim=2)[0].tolist())


def padded(read: Sequence[Encoding], padding: int) -> dict[str, Tensor]:
    """Token numbers and mask of several texts, filled up to the longest."""
    width = max(1, max(len(text.ids) for text in read))
    ids = torch.full((len(read), width), padding, dtype=torch.long)
    mask = torch.zeros((len(read), width), dtype=torch.long)
    for row, text in enumerate(read):
        ids[row, : len(text.ids)] = torch.tensor(text.ids, dtype=torch.long)
        mask[row, : len(text.ids)] = 1
    return {"input_ids": ids, "attention_mask": mask}
