"""Small things that the tests of the learned models share: a toy corpus and tiny random encoders."""

from __future__ import annotations

import json
from pathlib import Path

from models.learned.corpus import TRAIN, TUNE, Corpus, Line
from models.learned.training import Plan

SMALL_PLAN = Plan(steps=30, longest=2)
LABELS = ("none", "elevated", "crisis")
WHO = ("我", "老伴", "邻居", "女儿", "同事", "房东")
WHEN = ("今天", "昨晚", "这几天", "早上", "下班后", "半夜")
SAYS = {
    "none": ("去买菜", "跳广场舞", "修水管", "排队办证"),
    "elevated": ("觉得没有盼头", "成了大家的累赘", "看不到出路"),
    "crisis": ("备好了绳子", "写了遗书", "爬上了天台"),
}


def toy_corpus(times: int = 1) -> Corpus:
    """Lines that even a tiny model can learn; every fourth family is for tuning."""
    lines = []
    for label, things in SAYS.items():
        for n, who in enumerate(WHO):
            for m, when in enumerate(WHEN):
                for thing in things:
                    for time in range(times):
                        text = f"{when}{who}{thing}{'了' * time}"
                        split = TUNE if (n + m) % 4 == 0 else TRAIN
                        lines.append(
                            Line(text, label, f"{label}_{n}_{m}", split, "toy", {"style": "everyday"})
                        )
    return Corpus(tuple(lines))


def write_rows(path: Path, corpus: Corpus) -> Path:
    """The corpus as JSON lines."""
    rows = ({"text": x.text, "label": x.label, "family": x.family, "split": x.split} for x in corpus.lines)
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    return path


def write_tiny_bert(folder: Path, labels: tuple[str, ...] | None = None, seed: int = 3) -> Path:
    """A random BERT, laid out as published ones are: two layers of 32; with `labels`, a finished classifier."""
    import torch
    from transformers import BertConfig, BertForMaskedLM, BertForSequenceClassification

    letters = sorted(
        {c for line in toy_corpus().lines for c in line.text} | set("，。了不想0123456789abcxyz")
    )
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters]
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    if labels is not None:
        config.id2label = dict(enumerate(labels))
        config.label2id = {label: n for n, label in enumerate(labels)}
    network = BertForSequenceClassification(config) if labels is not None else BertForMaskedLM(config)
    network.save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    kind = {"tokenizer_class": "BertTokenizer", "do_lower_case": True}
    (folder / "tokenizer_config.json").write_text(json.dumps(kind), encoding="utf-8")
    return folder
