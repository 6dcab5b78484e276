"""Training of the small model: one optimum over all lines, then temperature, thresholds, gate."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
import torch.nn.functional as F

from models.learned import calibrate
from models.learned.corpus import ORDINARY, TRAIN, TUNE, Corpus, Line
from models.learned.errors import CorpusError
from models.learned.features import Features, Numbers, Weights, features, weighed
from models.learned.network import Network, Shape
from models.learned.report import figures
from models.learned.text_model import KIND, TextClassifier
from models.learned.view import view

THREADS = 1  # the model is too small for more to help, and set-up trains two at a time
ROUNDS = 5
Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """How to train. The numbers were chosen on tune lines."""

    seed: int = 20261122
    steps: int = 150
    freedom: float = 30.0  # how far a weight may go for one line: the inverse of the penalty on its square
    balance: float = 0.0  # 0: no class weights; 1: every label weighs the same in all
    least: int = 2  # in how many lines a term must stand to count
    longest: int = 3
    limits: calibrate.Limits = field(default_factory=calibrate.Limits)


def train(
    corpus: Corpus, labels: Sequence[str], task: str, plan: Plan | None = None, say: Say = lambda line: None
) -> TextClassifier:
    """A calibrated model of a corpus; the same corpus and plan give the same model. Raises `CorpusError`."""
    plan = plan or Plan()
    lines, tune = corpus.split(TRAIN), corpus.split(TUNE)
    labels = tuple(labels) or corpus.labels
    check_lines(lines, tune, labels)
    began = time.monotonic()
    settle_seed(plan.seed)
    texts = [features(view(line.text).text, plan.longest) for line in lines]
    say(f"  5% 数好了 {len(texts)} 行里的字词")
    keys, idf = rarity(texts, plan.least)
    network = Network(Shape(len(labels), len(keys), plan.longest))
    network.keys, network.idf = torch.from_numpy(keys), torch.from_numpy(idf)
    config = {
        "kind": KIND,
        "task": task,
        "labels": list(labels),
        "shape": network.shape.as_dict(),
        "corpus": corpus.version,
        "lines": {TRAIN: len(lines), TUNE: len(tune)},
        "temperature": 1.0,
    }
    truth = torch.tensor([labels.index(line.label) for line in lines])
    _fit(network, [weighed(text, keys, idf) for text in texts], truth, plan, say)
    model = TextClassifier(network, config)
    finish(model, tune, plan.limits)
    config["seconds"] = round(time.monotonic() - began, 1)
    return model


def finish(model: TextClassifier, tune: Sequence[Line], limits: calibrate.Limits) -> None:
    """Choose the temperature and, for crisis, the thresholds on tune lines; put the gate's result and figures down."""
    logits = model.logits([view(line.text).text for line in tune])
    truth = [model.labels.index(line.label) for line in tune]
    model.temperature = calibrate.best_temperature(logits, truth)
    model.config["temperature"] = model.temperature
    settle_on(model.config, calibrate.softmax(logits, model.temperature), tune, model.labels, limits)


def settle_on(
    config: dict[str, object],
    probabilities: calibrate.Floats,
    tune: Sequence[Line],
    labels: Sequence[str],
    limits: calibrate.Limits,
) -> None:
    """Thresholds, gate and figures of calibrated probabilities on tune lines; the same for every kind of model."""
    said = [line.label for line in tune]
    if {"none", "elevated", "crisis"} == set(labels):
        groups = [ORDINARY if line.facts.get("style") == ORDINARY else "own" for line in tune]
        config["thresholds"] = calibrate.crisis_thresholds(probabilities, said, groups, labels, limits)
        families = [line.family for line in tune]
        config["gate"] = calibrate.gate(probabilities, said, groups, families, labels, limits).as_dict()
    config["figures"] = figures(config, probabilities, tune, labels)


def check_lines(lines: Sequence[Line], tune: Sequence[Line], labels: Sequence[str]) -> None:
    """Whether there is enough to learn from; raises `CorpusError`."""
    if len(labels) < 2:
        raise CorpusError("至少要有两个标签")
    for name, part in ((TRAIN, lines), (TUNE, tune)):
        known = {line.label for line in part}
        if not known:
            raise CorpusError(f"{name} 里一行也没有")
        if strange := sorted(known - set(labels)):
            raise CorpusError(f"{name} 里有不认识的标签 {'、'.join(strange)}")
        if name == TRAIN and (missing := [label for label in labels if label not in known]):
            raise CorpusError(f"{name} 里没有标签 {'、'.join(missing)} 的行")


def settle_seed(seed: int, threads: int = THREADS) -> None:
    """The same threads, the same algorithms and the same chance each time."""
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(seed)


def class_weights(truth: Sequence[int], labels: int, balance: float) -> torch.Tensor:
    """Weights that lift rare labels; their mean over the lines is 1."""
    counts = np.maximum(np.bincount(truth, minlength=labels), 1)
    weights = (counts.sum() / counts) ** balance
    weights = weights / (weights * counts / counts.sum()).sum()
    return torch.tensor(weights, dtype=torch.float32)


def pace(done: float) -> float:
    """How much of the learning rate is used when this share of the training is done: up quickly, down in a curve."""
    warm = 0.1
    return max(
        0.02, done / warm if done < warm else 0.5 * (1 + math.cos(math.pi * (done - warm) / (1 - warm)))
    )


def rarity(texts: Sequence[Features], least: int) -> tuple[Numbers, Weights]:
    """The terms that stand in at least so many texts, sorted, and the weight of each: 1 for one that stands in every
    text, more for a rarer one."""
    once = [np.unique(np.concatenate([kind.key for kind in text.kinds])) for text in texts]
    keys, held = np.unique(np.concatenate(once), return_counts=True)
    keys, held = keys[held >= least], held[held >= least]
    idf = np.log((1 + len(texts)) / (1 + held)) + 1
    return keys, idf.astype(np.float16).astype(np.float32)


def _fit(
    network: Network,
    texts: Sequence[tuple[Numbers, Weights]],
    truth: torch.Tensor,
    plan: Plan,
    say: Say,
) -> None:
    """Softmax regression with a penalty on the squares, to its one optimum (L-BFGS over all lines at once)."""
    sizes = np.cumsum([0] + [len(places) for places, _ in texts])
    columns = np.concatenate([places for places, _ in texts])
    values = torch.from_numpy(np.concatenate([weights for _, weights in texts]))
    rows = np.repeat(np.arange(len(texts)), np.diff(sizes))
    table = torch.sparse_coo_tensor(
        torch.from_numpy(np.stack([rows, columns])),
        values,
        (len(texts), network.shape.terms),
        check_invariants=True,
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
        across, along = table.coalesce().to_sparse_csr(), table.t().coalesce().to_sparse_csr()
    weights = class_weights(truth.tolist(), network.shape.labels, plan.balance)[truth]
    wanted = F.one_hot(truth, network.shape.labels).float()
    answer = torch.zeros(network.shape.terms, network.shape.labels)
    bias = torch.zeros(network.shape.labels)
    optimiser = torch.optim.LBFGS(
        [answer, bias], max_iter=plan.steps // ROUNDS, history_size=10, line_search_fn="strong_wolfe"
    )
    penalty = 1 / (plan.freedom * len(texts))

    def step() -> torch.Tensor:
        logits = across @ answer + bias
        off = (logits.softmax(dim=1) - wanted) * weights.unsqueeze(1) / len(texts)
        answer.grad, bias.grad = along @ off + penalty * answer, off.sum(dim=0)
        surprise = -(logits.log_softmax(dim=1) * wanted).sum(dim=1)
        return (surprise * weights).mean() + penalty / 2 * (answer**2).sum()

    for part in range(ROUNDS):
        with torch.no_grad():
            loss = float(optimiser.step(step))  # type: ignore[arg-type]
        say(f"{(part + 1) / ROUNDS:4.0%} 第 {part + 1}/{ROUNDS} 段，损失 {loss:.3f}")
    with torch.no_grad():
        network.terms.weight.copy_(answer.half().float())
        network.bias.copy_(bias.half().float())
    network.eval()
