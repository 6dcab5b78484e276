"""A folder that cannot be used is refused whole, with one line that says why."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from models.context import ContextReader
from models.learned import ModelUnusable
from models.learned.corpus import load_corpus
from models.learned.training import train
from tests.models.context.conftest import PLAN, Toy
from tests.models.context.scripted import SAYS, write_corpus


@pytest.fixture
def copy(toy: Toy, tmp_path: Path) -> Toy:
    """A folder of models that a test may spoil."""
    shutil.copytree(toy.trained, tmp_path / "trained")
    return Toy(toy.corpus, tmp_path / "trained")


def test_a_missing_folder(toy: Toy, tmp_path: Path) -> None:
    with pytest.raises(ModelUnusable, match="没有模型目录 emotion"):
        ContextReader.from_folder(tmp_path / "nowhere", toy.corpus)


@pytest.mark.parametrize("task", sorted(SAYS))
def test_one_missing_model(copy: Toy, task: str) -> None:
    shutil.rmtree(copy.trained / task)
    with pytest.raises(ModelUnusable, match=task):
        copy.reader()


def test_a_model_that_was_changed(copy: Toy) -> None:
    weights = copy.trained / "topic" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x00\x01")
    with pytest.raises(ModelUnusable, match="topic"):
        copy.reader()


def test_a_model_for_another_question(copy: Toy) -> None:
    shutil.rmtree(copy.trained / "topic")
    shutil.copytree(copy.trained / "emotion", copy.trained / "topic")
    with pytest.raises(ModelUnusable, match="是为 emotion 训练的，不是 topic"):
        copy.reader()


def test_a_model_with_a_label_that_has_no_name(copy: Toy, tmp_path: Path) -> None:
    says = {"wages": ("没发工资", "讨薪"), "flying_saucers": ("看见飞碟", "数星星")}
    corpus = write_corpus(tmp_path / "strange", lambda task: says)
    train(load_corpus(corpus / "topic"), (), "topic", PLAN).save(copy.trained / "topic")
    with pytest.raises(ModelUnusable, match="flying_saucers"):
        copy.reader()


def test_without_tune_lines_there_are_no_thresholds(copy: Toy, tmp_path: Path) -> None:
    shutil.copytree(copy.corpus, tmp_path / "corpus")
    shutil.rmtree(tmp_path / "corpus" / "life_event" / "tune")
    with pytest.raises(ModelUnusable, match="life_event"):
        ContextReader.from_folder(copy.trained, tmp_path / "corpus")
