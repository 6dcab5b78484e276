"""The small model: the same each time, whole or refused, calibrated, and able to say which words spoke."""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from models.learned import ModelUnusable, TextClassifier, load_classifier
from models.learned.corpus import Corpus
from models.learned.errors import CorpusError
from models.learned.features import features
from models.learned.training import train
from tests.models.learned.small import LABELS, SMALL_PLAN, toy_corpus

STRANGE = (
    "",
    " ",
    "\n",
    "\ud800",
    "\x00",
    "😀" * 50,
    "a" * 5000,
    "死" * 5000,
    "“",
    "\u202e我",
    "１２３",
    "。。。",
    "‍",
)


def test_it_learns_what_a_few_lines_teach(model: TextClassifier) -> None:
    assert model.config["figures"]["accuracy"] > 0.9
    answers = model.probabilities(["昨晚女儿写了遗书", "昨晚女儿跳广场舞"])
    assert [model.labels[n] for n in answers.argmax(axis=1)] == ["crisis", "none"]
    np.testing.assert_allclose(answers.sum(axis=1), 1.0)


def test_the_same_corpus_gives_the_same_model() -> None:
    one, two = (train(toy_corpus(), LABELS, "crisis", SMALL_PLAN) for _ in range(2))
    assert one.config | {"seconds": 0} == two.config | {"seconds": 0}
    for name, value in one.network.state_dict().items():
        assert torch.equal(value, two.network.state_dict()[name])


def test_what_is_loaded_answers_like_what_was_saved(model: TextClassifier, tmp_path: Path) -> None:
    model.save(tmp_path / "crisis")
    loaded = TextClassifier.load(tmp_path / "crisis", task="crisis")
    texts = ["今天老伴去买菜", "半夜我爬上了天台，风很大", *STRANGE]
    np.testing.assert_allclose(loaded.probabilities(texts), model.probabilities(texts), atol=1e-5)
    assert loaded.threshold("crisis") == model.threshold("crisis")
    assert loaded.gate == model.gate
    assert isinstance(load_classifier(tmp_path / "crisis"), TextClassifier)


def test_it_reads_any_string(model: TextClassifier) -> None:
    answers = model.probabilities(STRANGE)
    assert np.isfinite(answers).all()
    assert model.probabilities([]).shape == (0, 3)
    for text in STRANGE:
        for start, end in model.spans(text, "crisis"):
            assert 0 <= start < end <= len(text)


def test_a_text_gets_the_same_answer_alone_and_among_others(model: TextClassifier) -> None:
    texts = ["我写了遗书", "邻居早上修水管，排队办证，去买菜", "半夜"]
    together = model.probabilities(texts)
    for row, text in enumerate(texts):
        np.testing.assert_allclose(model.probabilities([text])[0], together[row], atol=1e-6)


def test_width_traditional_characters_and_hidden_signs_change_nothing(model: TextClassifier) -> None:
    plain = model.probabilities(["我写了遗书"])
    for text in ("我寫了遺書", "我\u200b写\u200b了遗书", "我 写 了 遗 书", "我*写*了*遗*书"):
        np.testing.assert_allclose(model.probabilities([text]), plain, atol=1e-9)


def test_the_words_that_spoke_are_in_the_text_as_it_was_written(model: TextClassifier) -> None:
    text = "早上去买菜，☀ 半夜房东 寫 了 遺 書，后来去跳广场舞"
    spans = model.spans(text, "crisis", at_most=2)
    assert 1 <= len(spans) <= 2
    assert any(set("寫了遺書") & set(text[start:end]) for start, end in spans)
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(spans))
    assert model.spans(text, "no such label") == []


def test_the_words_of_a_long_text_are_found_at_its_end(model: TextClassifier) -> None:
    text = "早上去买菜，" * 800 + "半夜我写了遗书"
    assert any("遗书" in text[max(0, start - 2) : end + 2] for start, end in model.spans(text, "crisis"))


def test_what_the_corpus_never_had_adds_nothing(model: TextClassifier) -> None:
    nothing = model.probabilities([""])
    np.testing.assert_allclose(model.probabilities(["\u9f98\u9751"]), nothing)
    assert not np.allclose(model.probabilities(["遗书"]), nothing)


def test_the_less_is_known_of_a_text_the_less_is_said(model: TextClassifier) -> None:
    crisis = model.labels.index("crisis")
    known, diluted = model.probabilities(["写了遗书", "写了遗书\u9f98\u9751\u9f96\u9f49\u9f57\u9f63\u9f79"])
    nothing = model.probabilities([""])[0]
    assert nothing[crisis] < diluted[crisis] < known[crisis]


def test_a_term_of_one_line_only_is_not_learned() -> None:
    lines = toy_corpus().lines
    once = Corpus((*lines, replace(lines[1], text="\u9f98\u9751 写了遗书", split="train")))
    model = train(once, LABELS, "crisis", SMALL_PLAN)
    np.testing.assert_allclose(model.probabilities(["\u9f98"]), model.probabilities([""]))


def test_two_words_are_heard_together_whatever_stands_between(model: TextClassifier) -> None:
    keys = set(model.network.keys.tolist())
    close, far = (features(text, 2).words for text in ("昨晚女儿写了遗书", "昨晚遗书"))
    shared = set(close.key.tolist()) & set(far.key.tolist()) & keys
    assert len(shared) > len({"昨晚", "遗书"}), "the two words and their pair"


def test_what_spoke_adds_up_to_the_answer(model: TextClassifier) -> None:
    text = "半夜我写了遗书"
    added = model._weights(features(text, model.network.shape.longest), model.labels.index("crisis"))
    logits = model.logits([text])[0] - model.network.bias.detach().numpy()
    others = [n for n, label in enumerate(model.labels) if label != "crisis"]
    assert sum(added) == pytest.approx(logits[model.labels.index("crisis")] - logits[others].mean(), abs=1e-3)


def test_weights_lift_rare_labels() -> None:
    from models.learned.training import class_weights

    weights = class_weights([0] * 90 + [1] * 10, 2, 0.5)
    assert weights[1] == pytest.approx(3 * weights[0])
    assert (weights[0] * 90 + weights[1] * 10) / 100 == pytest.approx(1)
    assert torch.equal(class_weights([0, 0, 1], 2, 0.0), torch.ones(2))


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (lambda f: (f / "model.safetensors").unlink(), "没有 model.safetensors"),
        (lambda f: (f / "config.json").unlink(), "没有 config.json"),
        (lambda f: (f / "config.json").write_text("{"), "config.json 坏了"),
        (lambda f: (f / "config.json").write_text("[]"), "不是本项目"),
        (lambda f: shorten(f / "model.safetensors"), "与训练时写下的不一样"),
        (lambda f: change(f, format=0), "不是本项目"),
        (lambda f: change(f, kind="encoder"), "是另一种"),
        (lambda f: change(f, files={}), "没有写明有哪些文件"),
        (lambda f: change(f, task="topic"), "是为 topic 训练的"),
        (lambda f: change(f, labels=["none", "crisis"]), "标签与权重对不上"),
        (lambda f: change(f, temperature=None), "对不上"),
        (lambda f: change(f, shape={}), "对不上"),
        (lambda f: shutil.rmtree(f), "没有模型目录"),
    ],
)
def test_a_folder_that_is_not_whole_is_refused(
    model: TextClassifier, tmp_path: Path, harm: object, told: str
) -> None:
    model.save(tmp_path / "crisis")
    harm(tmp_path / "crisis")  # type: ignore[operator]
    with pytest.raises(ModelUnusable, match=told):
        TextClassifier.load(tmp_path / "crisis", task="crisis")


def shorten(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-10])


def change(folder: Path, **values: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def test_a_save_that_fails_leaves_the_old_model_and_no_rubbish(model: TextClassifier, tmp_path: Path) -> None:
    from models.learned import folder as folders

    model.save(tmp_path / "crisis")

    def fill(draft: Path) -> None:
        (draft / "model.safetensors").write_bytes(b"half")
        raise OSError("no space left on device")

    with pytest.raises(OSError, match="no space"):
        folders.write(tmp_path / "crisis", {}, fill)
    assert [path.name for path in tmp_path.iterdir()] == ["crisis"]
    assert TextClassifier.load(tmp_path / "crisis").labels == LABELS


def test_a_save_takes_the_place_of_the_one_before(model: TextClassifier, tmp_path: Path) -> None:
    model.save(tmp_path / "crisis")
    (tmp_path / "crisis" / "stray").write_text("x")
    model.save(tmp_path / "crisis")
    assert sorted(path.name for path in (tmp_path / "crisis").iterdir()) == [
        "config.json",
        "model.safetensors",
    ]


def test_a_corpus_that_cannot_teach_is_refused() -> None:
    lines = toy_corpus().lines
    with pytest.raises(CorpusError, match="没有标签 crisis 的行"):
        train(Corpus(tuple(x for x in lines if x.label != "crisis")), LABELS, "crisis", SMALL_PLAN)
    with pytest.raises(CorpusError, match="tune 里一行也没有"):
        train(Corpus(tuple(x for x in lines if x.split == "train")), LABELS, "crisis", SMALL_PLAN)
    with pytest.raises(CorpusError, match="不认识的标签 crisis"):
        train(toy_corpus(), ("none", "elevated"), "crisis", SMALL_PLAN)


def test_what_needs_no_model_does_not_wait_for_torch() -> None:
    program = (
        "import sys, models.learned, models.learned.corpus, models.learned.command_line, models.crisis.second_reader\n"
        "assert not {'torch', 'transformers'} & set(sys.modules), 'torch was imported'"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "text",
    [
        "今天老伴去买菜。昨晚女儿写了遗书！风很大\n我爬上了天台",
        "😀好。ｙｉｓｈｕ遺書，。女 儿 写 了 遗 书。",
        "",
        "。",
        "a\u200b死",
    ],
)
def test_sentences_of_a_text_that_is_read_once_get_the_answers_of_each_alone(
    model: TextClassifier, text: str
) -> None:
    ends = [at + 1 for at, sign in enumerate(text) if sign in "。！\n"] + [len(text)]
    stretches = [(0, len(text)), *zip([0, *ends], ends, strict=False)]
    reading = model.reading(text)
    alone = model.probabilities([text[start:end] for start, end in stretches])
    np.testing.assert_allclose(reading.probabilities(stretches), alone, atol=1e-6)
    for start, end in stretches:
        spoke = [(start + a, start + b) for a, b in model.spans(text[start:end], "crisis")]
        assert reading.spans((start, end), "crisis") == spoke
    assert reading.probabilities([]).shape == (0, 3)
    assert reading.spans((0, len(text)), "no such label") == []


def test_a_stretch_knows_nothing_of_what_stands_around_it(model: TextClassifier) -> None:
    text = "今天买菜，昨晚女儿写了遗书"
    menu, letter = model.reading(text).probabilities([(0, 5), (5, len(text))])
    assert menu[model.labels.index("crisis")] < 0.5 < letter[model.labels.index("crisis")]
