"""A Chinese encoder in a local folder (RoBERTa-wwm, MacBERT, a finished classifier), loaded whole or refused.

Nothing is ever fetched. A folder that lacks its weights, its tokenizer, a layer, or (where a finished classifier is
claimed) its head is refused with the line that says what is missing.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from tokenizers import Tokenizer
from torch import nn

from models.learned.encoder import HEADS
from models.learned.errors import ModelUnusable

_WHOLE = ("model.safetensors", "pytorch_model.bin")
_TOKENIZERS = ("tokenizer.json", "vocab.txt", "spiece.model", "sentencepiece.bpe.model")
_MADE_NEW = (*HEADS, "pooler", "bert.pooler", "roberta.pooler", "electra.pooler")


@dataclass(frozen=True)
class LocalEncoder:
    """A loaded encoder with a head, its tokenizer, and which of our labels each of its answers counts for."""

    network: nn.Module
    tokenizer: Tokenizer
    grouped: tuple[int, ...]
    padding: int
    longest: int


def read_label_map(path: Path) -> dict[str, str]:
    """`the classifier's label: our label`, as JSON or YAML."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ModelUnusable(f"标签对照表 {path.name} 读不了") from error
    if not isinstance(content, dict) or not content:
        raise ModelUnusable(f"标签对照表 {path.name} 要写成 它的标签: 我们的标签")
    return {str(theirs): str(ours) for theirs, ours in content.items()}


def load_encoder(
    folder: Path, labels: Sequence[str], label_map: Mapping[str, str] | None = None, longest: int = 160
) -> LocalEncoder:
    """The encoder of a folder with a head for `labels`. With `label_map` it is a finished classifier: nothing of it
    may be missing, and each of its labels must be mapped. Raises `ModelUnusable` in one line of Chinese."""
    described = _config(folder)
    _files(folder)
    numbered = _their_labels(folder, described) if label_map is not None else {}
    grouped = _grouped(folder, numbered, labels, label_map) if label_map is not None else range(len(labels))
    network = _network(folder, None if label_map is not None else len(labels))
    tokenizer, padding = _tokenizer(folder)
    if tokenizer.get_vocab_size() > network.get_input_embeddings().num_embeddings:  # type: ignore[union-attr, operator]
        raise ModelUnusable(f"编码器 {folder.name} 的分词表比它的词向量多，不是同一个模型的")
    room = int(getattr(network.config, "max_position_embeddings", 512) or 512) - 2
    return LocalEncoder(network, tokenizer, tuple(grouped), padding, max(8, min(longest, room)))


def _config(folder: Path) -> dict[str, Any]:
    if not folder.is_dir():
        raise ModelUnusable(f"没有编码器目录 {folder.name}：只用本机已有的，不会去下载")
    try:
        described = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelUnusable(f"编码器 {folder.name} 不完整：没有 config.json") from error
    except (OSError, ValueError) as error:
        raise ModelUnusable(f"编码器 {folder.name} 的 config.json 坏了") from error
    if not isinstance(described, dict) or not described.get("model_type"):
        raise ModelUnusable(f"编码器 {folder.name} 的 config.json 没有写 model_type")
    return described


def _files(folder: Path) -> None:
    if not any((folder / name).is_file() for name in _TOKENIZERS):
        raise ModelUnusable(f"编码器 {folder.name} 不完整：没有分词表（{'、'.join(_TOKENIZERS[:2])}）")
    for name in _WHOLE:
        index = (
            folder
            / f"{name.replace('.safetensors', '.safetensors.index').replace('.bin', '.bin.index')}.json"
        )
        if (folder / name).is_file():
            return
        if index.is_file():
            try:
                parts = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
            except (OSError, ValueError, KeyError, AttributeError) as error:
                raise ModelUnusable(f"编码器 {folder.name} 的 {index.name} 坏了") from error
            if missing := sorted(part for part in parts if not (folder / part).is_file()):
                raise ModelUnusable(f"编码器 {folder.name} 不完整：没有 {missing[0]}")
            return
    raise ModelUnusable(f"编码器 {folder.name} 不完整：没有权重（{' 或 '.join(_WHOLE)}）")


def _their_labels(folder: Path, described: Mapping[str, Any]) -> dict[int, str]:
    named = described.get("id2label")
    if not isinstance(named, dict) or not named:
        raise ModelUnusable(f"{folder.name} 不是训练好的分类器：config.json 里没有 id2label")
    return {int(number): str(name) for number, name in named.items()}


def _grouped(
    folder: Path, numbered: Mapping[int, str], labels: Sequence[str], label_map: Mapping[str, str]
) -> list[int]:
    if unknown := [ours for ours in label_map.values() if ours not in labels]:
        raise ModelUnusable(f"标签对照表里的 {unknown[0]} 不是我们的标签（{'、'.join(labels)}）")
    if unmapped := [name for name in numbered.values() if name not in label_map]:
        raise ModelUnusable(f"标签对照表里没有 {folder.name} 的标签 {unmapped[0]}")
    if unreached := [ours for ours in labels if ours not in {label_map[name] for name in numbered.values()}]:
        raise ModelUnusable(f"{folder.name} 没有哪个标签对应我们的 {unreached[0]}")
    return [labels.index(label_map[numbered[number]]) for number in sorted(numbered)]


def _network(folder: Path, new_labels: int | None) -> nn.Module:
    from transformers import AutoModelForSequenceClassification
    from transformers.utils import logging as told

    told.set_verbosity(logging.ERROR)
    told.disable_progress_bar()
    size = {} if new_labels is None else {"num_labels": new_labels, "ignore_mismatched_sizes": True}
    try:
        network, info = AutoModelForSequenceClassification.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False, output_loading_info=True, **size
        )
    except Exception as error:  # the libraries raise whatever they like for half a file
        raise ModelUnusable(f"编码器 {folder.name} 的权重读不了，或与 config.json 对不上") from error
    missing = sorted({*info["missing_keys"], *(_name(key) for key in info["mismatched_keys"])})
    if new_labels is not None:
        missing = [key for key in missing if not key.startswith(tuple(f"{name}." for name in _MADE_NEW))]
    if missing or info.get("error_msgs"):
        what = f"少了 {len(missing)} 个权重，如 {missing[0]}" if missing else "有权重对不上"
        claimed = "它不是训练好的分类器，或" if new_labels is None else ""
        raise ModelUnusable(f"编码器 {folder.name} 不完整：{claimed}{what}")
    return network.float()  # type: ignore[no-any-return]


def _name(key: Any) -> str:
    return str(key[0]) if isinstance(key, list | tuple) else str(key)


def _tokenizer(folder: Path) -> tuple[Tokenizer, int]:
    from transformers import AutoTokenizer

    try:
        loaded = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        backend = Tokenizer.from_str(loaded.backend_tokenizer.to_str())
        padding = int(loaded.pad_token_id or 0)
    except Exception as error:  # the libraries raise whatever they like for half a file
        raise ModelUnusable(f"编码器 {folder.name} 的分词表读不了") from error
    if backend.get_vocab_size() < 8:
        raise ModelUnusable(f"编码器 {folder.name} 的分词表是空的")
    return backend, padding
