"""A local encoder is fine-tuned, packed to eight bits and read through the same promises; a half one is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from models.crisis.second_reader import SecondReader
from models.learned import EncoderClassifier, ModelUnusable, load_classifier
from models.learned.finetuning import Course, finetune
from models.learned.local_encoder import load_encoder, read_label_map
from models.learned.quantised import Int8Linear, quantise
from tests.models.learned.small import LABELS, toy_corpus, write_tiny_bert
from tests.models.learned.test_text_model import STRANGE, change, shorten

THEIRS = ("安全", "留意", "有风险", "高风险")
MAPPED = {"安全": "none", "留意": "elevated", "有风险": "crisis", "高风险": "crisis"}


@pytest.fixture
def copy(bert: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(bert, tmp_path / "copy"))


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    return write_tiny_bert(tmp_path / "finished", THEIRS)


def test_it_learns_and_is_calibrated_like_the_small_model(encoder: EncoderClassifier) -> None:
    assert encoder.config["figures"]["accuracy"] > 0.9
    assert set(encoder.config) >= {"temperature", "thresholds", "gate", "corpus", "figures"}
    answers = encoder.probabilities(["昨晚女儿写了遗书", "昨晚女儿跳广场舞"])
    assert [encoder.labels[n] for n in answers.argmax(axis=1)] == ["crisis", "none"]


def test_what_is_loaded_answers_like_what_was_saved(encoder: EncoderClassifier, tmp_path: Path) -> None:
    encoder.save(tmp_path / "out")
    loaded = load_classifier(tmp_path / "out")
    assert isinstance(loaded, EncoderClassifier)
    texts = ["今天老伴去买菜", "半夜我爬上了天台，风很大", *STRANGE]
    np.testing.assert_allclose(loaded.probabilities(texts), encoder.probabilities(texts), atol=1e-6)
    assert np.isfinite(loaded.probabilities(texts)).all()
    assert "bert" not in json.dumps(loaded.config)


def test_linear_layers_are_kept_in_eight_bits(encoder: EncoderClassifier, bert: Path) -> None:
    kinds = {type(module).__name__ for name, module in encoder.network.named_modules() if "encoder" in name}
    assert "Int8Linear" in kinds
    assert "Linear" not in kinds
    assert isinstance(encoder.network.classifier, torch.nn.Linear)


def test_eight_bits_answer_nearly_like_thirty_two() -> None:
    torch.manual_seed(1)
    linear = torch.nn.Linear(64, 32)
    values = torch.randn(5, 7, 64)
    with torch.inference_mode():
        exact, rounded = linear(values), Int8Linear.of(linear)(values)
    assert rounded.shape == exact.shape
    assert (exact - rounded).abs().max() < 0.05 * exact.abs().max()
    empty = torch.nn.Sequential(torch.nn.Linear(64, 32))
    quantise(empty, empty=True)
    empty.load_state_dict({f"0.{name}": value for name, value in Int8Linear.of(linear).state_dict().items()})
    with torch.inference_mode():
        assert torch.equal(empty(values), rounded)


def test_the_second_reader_takes_either_kind(encoder: EncoderClassifier, tmp_path: Path) -> None:
    encoder.save(tmp_path / "out")
    reader = SecondReader.from_folder(tmp_path / "out")
    text = "早上排队办证，昨晚女儿 寫了 遺書"
    vote = reader.vote(text)
    assert vote is not None
    assert all(text[start:end].strip() for start, end in vote.spans)
    for strange in STRANGE:
        reader.vote(strange)


def test_a_finished_classifier_is_taken_as_it_is(finished: Path, tmp_path: Path) -> None:
    course = Course(epochs=0, threads=1)
    model = finetune(finished, toy_corpus(), LABELS, "crisis", course, MAPPED)
    assert model.grouped == [0, 1, 2, 2]
    own = model.logits(["我写了遗书"])
    np.testing.assert_allclose(model.of_logits(own).sum(axis=1), 1.0)
    assert model.probabilities(["我写了遗书"]).shape == (1, 3)
    model.save(tmp_path / "out")
    assert EncoderClassifier.load(tmp_path / "out").grouped == [0, 1, 2, 2]


def test_a_finished_classifier_can_learn_on(finished: Path) -> None:
    course = Course(epochs=6, rate=3e-3, batch=16, threads=1)
    model = finetune(finished, toy_corpus(), LABELS, "crisis", course, MAPPED)
    assert model.config["figures"]["accuracy"] > 0.8


@pytest.mark.parametrize(
    ("mapped", "told"),
    [
        ({**MAPPED, "留意": "middle"}, "middle 不是我们的标签"),
        ({k: v for k, v in MAPPED.items() if k != "留意"}, "没有 finished 的标签 留意"),
        ({**MAPPED, "留意": "none"}, "没有哪个标签对应我们的 elevated"),
    ],
)
def test_a_label_map_must_fit(finished: Path, mapped: dict[str, str], told: str) -> None:
    with pytest.raises(ModelUnusable, match=told):
        load_encoder(finished, LABELS, mapped)


def test_a_bare_encoder_is_not_a_finished_classifier(copy: Path) -> None:
    """Its labels are named, but its head would be made up of chance."""
    config = json.loads((copy / "config.json").read_text())
    config["id2label"] = {str(n): label for n, label in enumerate(THEIRS)}
    config["label2id"] = {label: n for n, label in enumerate(THEIRS)}
    (copy / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelUnusable, match=r"不是训练好的分类器，或少了 \d+ 个权重"):
        load_encoder(copy, LABELS, MAPPED)


def without(names: str) -> Callable[[Path], None]:
    """Take the weights whose name holds `names` out of the file."""

    def harm(folder: Path) -> None:
        from safetensors.torch import load_file, save_file

        weights = load_file(folder / "model.safetensors")
        kept = {name: value.clone() for name, value in weights.items() if names not in name}
        assert len(kept) < len(weights)
        save_file(kept, folder / "model.safetensors", {"format": "pt"})

    return harm


def indexed(folder: Path) -> None:
    parts = {"weight_map": {"bert.embeddings.word_embeddings.weight": "model-00001-of-00002.safetensors"}}
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors.index.json").write_text(json.dumps(parts))


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (lambda f: shutil.rmtree(f), "没有编码器目录 copy：只用本机已有的"),
        (lambda f: (f / "config.json").unlink(), "没有 config.json"),
        (lambda f: (f / "config.json").write_text("{"), "config.json 坏了"),
        (lambda f: (f / "config.json").write_text("{}"), "没有写 model_type"),
        (lambda f: (f / "model.safetensors").unlink(), "没有权重"),
        (indexed, "没有 model-00001-of-00002.safetensors"),
        (lambda f: shorten(f / "model.safetensors"), "权重读不了"),
        (lambda f: (f / "model.safetensors").write_bytes(b""), "权重读不了"),
        (without("layer.1."), r"少了 \d+ 个权重，如 bert\.encoder\.layer\.1\."),
        (without("word_embeddings"), "少了 1 个权重，如 bert.embeddings.word_embeddings"),
        (lambda f: change(f, num_hidden_layers=3), r"少了 \d+ 个权重"),
        (lambda f: change(f, hidden_size=16), "不完整|对不上"),
        (lambda f: (f / "vocab.txt").unlink(), "没有分词表"),
        (lambda f: (f / "vocab.txt").write_text(""), "分词表"),
        (lambda f: grow(f / "vocab.txt"), "分词表比它的词向量多"),
    ],
)
def test_half_an_encoder_is_refused(copy: Path, harm: Callable[[Path], None], told: str) -> None:
    harm(copy)
    with pytest.raises(ModelUnusable, match=told) as error:
        load_encoder(copy, LABELS)
    assert "\n" not in str(error.value)
    assert str(copy.parent) not in str(error.value)


def grow(vocabulary: Path) -> None:
    more = "\n".join(chr(0x4E00 + n) for n in range(500, 900))
    vocabulary.write_text(vocabulary.read_text() + more + "\n")


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (lambda f: (f / "tokenizer.json").unlink(), "没有 tokenizer.json"),
        (lambda f: (f / "encoder.json").unlink(), "没有 encoder.json"),
        (lambda f: shorten(f / "model.safetensors"), "不一样"),
        (lambda f: change(f, grouped=[0, 1]), "标签与它的输出对不上"),
        (lambda f: change(f, grouped=[0, 1, 7]), "标签与它的输出对不上"),
        (lambda f: change(f, longest="x"), "对不上"),
    ],
)
def test_a_packed_encoder_that_is_not_whole_is_refused(
    encoder: EncoderClassifier, tmp_path: Path, harm: Callable[[Path], None], told: str
) -> None:
    encoder.save(tmp_path / "out")
    harm(tmp_path / "out")
    with pytest.raises(ModelUnusable, match=told):
        EncoderClassifier.load(tmp_path / "out")


def test_a_label_map_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "map.json"
    with pytest.raises(ModelUnusable, match="读不了"):
        read_label_map(path)
    path.write_text("[1, 2]")
    with pytest.raises(ModelUnusable, match="要写成"):
        read_label_map(path)
    path.write_text(json.dumps({"LABEL_0": "none", 1: "crisis"}))
    assert read_label_map(path) == {"LABEL_0": "none", "1": "crisis"}
