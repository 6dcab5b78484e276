"""A reader on models that are trained here, in seconds, on a toy corpus."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from models.context import ContextReader
from models.learned.corpus import load_corpus
from models.learned.training import Plan, train
from tests.models.context.scripted import SAYS, write_corpus

PLAN = Plan(steps=30)


@dataclass(frozen=True)
class Toy:
    """Where the toy corpus and the models that were trained on it stand."""

    corpus: Path
    trained: Path

    def reader(self) -> ContextReader:
        return ContextReader.from_folder(self.trained, self.corpus)


@pytest.fixture(scope="session")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Toy:
    """Three small models; tests that spoil one copy it first."""
    home = tmp_path_factory.mktemp("context")
    corpus = write_corpus(home / "corpus")
    for task in SAYS:
        train(load_corpus(corpus / task), (), task, PLAN).save(home / "trained" / task)
    return Toy(corpus, home / "trained")


@pytest.fixture(scope="session")
def reader(toy: Toy) -> ContextReader:
    return toy.reader()
