"""One small model and one tiny encoder for all tests here; each is made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.learned import EncoderClassifier, TextClassifier
from tests.models.learned.small import LABELS, SMALL_PLAN, toy_corpus, write_tiny_bert


@pytest.fixture(scope="session")
def model() -> TextClassifier:
    from models.learned.training import train

    return train(toy_corpus(), LABELS, "crisis", SMALL_PLAN)


@pytest.fixture(scope="session")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_bert(tmp_path_factory.mktemp("encoders") / "bert")


@pytest.fixture(scope="session")
def encoder(bert: Path) -> EncoderClassifier:
    from models.learned.finetuning import Course, finetune

    return finetune(bert, toy_corpus(), LABELS, "crisis", Course(epochs=6, rate=3e-3, batch=16, threads=1))
