"""The command line of the learned models. What goes wrong is one Chinese line and the status 1."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from models.learned.corpus import Corpus, load_corpus, load_rows
from models.learned.errors import CorpusError, ModelUnusable
from models.learned.tasks import TASKS, trained_folder


def main(arguments: Sequence[str] | None = None) -> int:
    """Train or fine-tune; returns the exit status."""
    chosen = _parser().parse_args(arguments)
    try:
        return int(chosen.do(chosen))
    except (CorpusError, ModelUnusable) as error:
        print(f"✗ {error}", file=sys.stderr, flush=True)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m models.learned", description="Train the learned models.")
    commands = parser.add_subparsers(required=True)
    train = commands.add_parser("train", help="train the small model of a task")
    train.add_argument("task", choices=sorted(TASKS))
    train.add_argument("--data", type=Path, help="labelled JSON lines instead of the repository's corpus")
    train.add_argument("--out", type=Path, help="the folder to write; models/trained/TASK when left out")
    train.set_defaults(do=_train)
    tuned = commands.add_parser("finetune", help="fine-tune a Chinese encoder that stands in a local folder")
    tuned.add_argument("--encoder", type=Path, required=True, help="the local folder; nothing is fetched")
    tuned.add_argument("--task", choices=sorted(TASKS), help="whose labels and, without --data, whose corpus")
    tuned.add_argument("--data", type=Path, help="labelled JSON lines")
    tuned.add_argument("--out", type=Path, required=True, help="the folder to write")
    tuned.add_argument("--epochs", type=int, default=3, help="0: take a finished classifier as it is")
    tuned.add_argument("--batch", type=int, default=16)
    tuned.add_argument("--threads", type=int, default=0, help="0: as many as the machine has")
    tuned.add_argument("--rate", type=float, default=3e-5)
    tuned.add_argument(
        "--label-map", type=Path, help="a finished classifier's label: our label (JSON or YAML)"
    )
    tuned.set_defaults(do=_finetune)
    return parser


def say(line: str) -> None:
    """One line for the person (or the set-up program) that watches."""
    print(line, flush=True)


def corpus_of(task: str, data: Path | None) -> tuple[Corpus, tuple[str, ...]]:
    """The corpus to learn from and its labels: the repository's train and tune, or a file of rows."""
    asked = TASKS[task]
    if data:
        corpus = load_rows(data, asked.labels)
        return corpus, asked.labels or corpus.labels
    corpus = load_corpus(asked.corpus, labels=asked.labels).with_tune()
    for other in asked.ordinary:
        if TASKS[other].corpus.is_dir():
            talk = load_corpus(TASKS[other].corpus)
            corpus = corpus.with_ordinary(other, talk, asked.labels[0], asked.but)
    return corpus, asked.labels or corpus.labels


def _train(chosen: argparse.Namespace) -> int:
    corpus, labels = corpus_of(chosen.task, chosen.data)
    say(f"{chosen.task}：{len(corpus.split('train'))} 行训练，{len(corpus.split('tune'))} 行调校")
    from models.learned.report import told
    from models.learned.training import train

    model = train(corpus, labels, chosen.task, say=say)
    model.save(chosen.out or trained_folder(chosen.task))
    say(told(model.config["figures"], model.config))
    say(f"{chosen.task} 训练完成，{model.config['seconds']} s")
    return 0


def _finetune(chosen: argparse.Namespace) -> int:
    if chosen.task is None and chosen.data is None:
        raise CorpusError("要有 --task 或 --data，才知道学什么")
    if min(chosen.epochs, chosen.threads) < 0 or chosen.batch < 1 or not 0 < chosen.rate < 1:
        raise CorpusError("--epochs 和 --threads 不能小于 0，--batch 至少是 1，--rate 在 0 和 1 之间")
    if chosen.epochs == 0 and chosen.label_map is None:
        raise ModelUnusable("--epochs 0 只用于训练好的分类器，要同时给 --label-map")
    from models.learned.finetuning import Course, finetune
    from models.learned.local_encoder import read_label_map
    from models.learned.report import told

    if chosen.task is not None:
        corpus, labels = corpus_of(chosen.task, chosen.data)
    else:
        corpus = load_rows(chosen.data)
        labels = corpus.labels
    say(f"{len(corpus.split('train'))} 行训练，{len(corpus.split('tune'))} 行调校")
    course = Course(epochs=chosen.epochs, batch=chosen.batch, rate=chosen.rate, threads=chosen.threads)
    mapped = read_label_map(chosen.label_map) if chosen.label_map else None
    model = finetune(chosen.encoder, corpus, labels, chosen.task or "own", course, mapped, say)
    model.save(chosen.out)
    say(told(model.config["figures"], model.config))
    say(f"微调完成，{model.config['seconds']} s")
    return 0
