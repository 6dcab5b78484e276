"""Fine-tuning of a local encoder: class weights, then eight bits, temperature, thresholds, gate and figures."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
import torch.nn.functional as F

from models.learned import calibrate
from models.learned.corpus import TRAIN, TUNE, Corpus, Line
from models.learned.encoder import HEADS, KIND, EncoderClassifier, padded
from models.learned.local_encoder import LocalEncoder, load_encoder
from models.learned.quantised import quantise
from models.learned.training import Say, check_lines, class_weights, pace, settle_on, settle_seed
from models.learned.view import view


@dataclass(frozen=True)
class Course:
    """How to fine-tune. `epochs` 0 takes a finished classifier as it is and only calibrates and packs it."""

    seed: int = 20261122
    epochs: int = 3
    batch: int = 16
    rate: float = 3e-5
    decay: float = 0.01
    balance: float = 0.5
    longest: int = 160
    threads: int = 0  # 0: as many as the machine has
    limits: calibrate.Limits = field(default_factory=calibrate.Limits)


def finetune(
    encoder: Path,
    corpus: Corpus,
    labels: Sequence[str],
    task: str,
    course: Course | None = None,
    label_map: Mapping[str, str] | None = None,
    say: Say = lambda line: None,
) -> EncoderClassifier:
    """A calibrated eight-bit classifier; raises `ModelUnusable` for a half encoder, `CorpusError` for the corpus."""
    course = course or Course()
    lines, tune = corpus.split(TRAIN), corpus.split(TUNE)
    check_lines(lines, tune, labels)
    began = time.monotonic()
    settle_seed(course.seed, course.threads or os.cpu_count() or 1)
    local = load_encoder(encoder, labels, label_map, course.longest)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if course.epochs:
        _learn(local, lines, labels, course, device, say)
    local.network.eval().to("cpu")
    config = {
        "kind": KIND,
        "task": task,
        "labels": list(labels),
        "grouped": list(local.grouped),
        "longest": local.longest,
        "padding": local.padding,
        "corpus": corpus.version,
        "lines": {TRAIN: len(lines), TUNE: len(tune)},
        "temperature": 1.0,
    }
    quantise(local.network, HEADS)
    torch.set_num_threads(1)
    model = EncoderClassifier(local.network, local.tokenizer, config)
    logits = model.logits([view(line.text).text for line in tune])
    model.temperature = calibrate.best_temperature(
        logits, [labels.index(line.label) for line in tune], local.grouped
    )
    config["temperature"] = model.temperature
    settle_on(config, model.of_logits(logits), tune, labels, course.limits)
    config["seconds"] = round(time.monotonic() - began, 1)
    return model


def _learn(
    local: LocalEncoder, lines: Sequence[Line], labels: Sequence[str], course: Course, device: str, say: Say
) -> None:
    network = local.network.to(device).train()
    local.tokenizer.enable_truncation(local.longest)
    local.tokenizer.no_padding()
    texts = local.tokenizer.encode_batch([view(line.text).text for line in lines])
    truth = [labels.index(line.label) for line in lines]
    weights = class_weights(truth, len(labels), course.balance).to(device)
    groups = torch.zeros(len(local.grouped), len(labels), device=device)
    groups[torch.arange(len(local.grouped)), torch.tensor(local.grouped)] = 1.0
    optimiser = torch.optim.AdamW(network.parameters(), lr=course.rate, weight_decay=course.decay)
    dice = random.Random(course.seed)
    order = list(range(len(lines)))
    steps = course.epochs * -(-len(order) // course.batch)
    done, began = 0, time.monotonic()
    for epoch in range(course.epochs):
        dice.shuffle(order)
        for at in range(0, len(order), course.batch):
            rows = order[at : at + course.batch]
            batch = {
                name: value.to(device)
                for name, value in padded([texts[r] for r in rows], local.padding).items()
            }
            for group in optimiser.param_groups:
                group["lr"] = course.rate * pace(done / steps)
            optimiser.zero_grad(set_to_none=True)
            own = network(**batch).logits.float().softmax(dim=1)
            said = (own @ groups).clamp(min=1e-9).log()
            loss = F.nll_loss(said, torch.tensor([truth[r] for r in rows], device=device), weight=weights)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            done += 1
            if done % 20 == 0 or done == steps:
                left = (time.monotonic() - began) / done * (steps - done)
                say(
                    f"{done / steps:4.0%} 第 {epoch + 1}/{course.epochs} 轮，损失 {loss.item():.3f}，约剩 {left:.0f} s"
                )
