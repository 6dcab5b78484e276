"""The two commands, from a file of rows to a folder that can be loaded; what goes wrong is one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.learned import load_classifier, training
from models.learned.command_line import main
from tests.models.learned.small import SMALL_PLAN, toy_corpus, write_rows


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "Plan", lambda: SMALL_PLAN)


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    return write_rows(tmp_path / "rows.jsonl", toy_corpus())


def test_train_reads_any_rows(rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "crisis", "--data", str(rows), "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out
    assert "误报关" in said
    assert "100% 第 5/5 段" in said
    model = load_classifier(tmp_path / "out")
    assert model.labels == ("none", "elevated", "crisis")
    assert model.config["task"] == "crisis"


def test_train_takes_the_labels_of_the_rows_where_a_task_has_no_list(rows: Path, tmp_path: Path) -> None:
    assert main(["train", "emotion", "--data", str(rows), "--out", str(tmp_path / "out")]) == 0
    assert load_classifier(tmp_path / "out").labels == ("crisis", "elevated", "none")


def test_finetune_packs_a_local_encoder(rows: Path, bert: Path, tmp_path: Path) -> None:
    words = ["finetune", "--encoder", str(bert), "--task", "crisis", "--data", str(rows)]
    assert (
        main([*words, "--epochs", "1", "--threads", "1", "--rate", "0.003", "--out", str(tmp_path / "out")])
        == 0
    )
    assert load_classifier(tmp_path / "out").config["kind"] == "encoder"


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--encoder", "nowhere", "--task", "crisis", "--data", "ROWS"], "没有编码器目录 nowhere"),
        (["--encoder", "BERT"], "要有 --task 或 --data"),
        (["--encoder", "BERT", "--data", "nothing.jsonl"], "nothing.jsonl：读不了"),
        (["--encoder", "BERT", "--data", "ROWS", "--epochs", "0"], "要同时给 --label-map"),
        (["--encoder", "BERT", "--data", "ROWS", "--epochs", "-1"], "不能小于 0"),
        (["--encoder", "BERT", "--data", "ROWS", "--label-map", "nothing.json"], "读不了"),
    ],
)
def test_what_goes_wrong_is_one_chinese_line_and_leaves_nothing(
    rows: Path, bert: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], told: str
) -> None:
    known = {"ROWS": str(rows), "BERT": str(bert)}
    words = ["finetune", *(known.get(word, word) for word in more), "--out", str(tmp_path / "out")]
    assert main(words) == 1
    said = capsys.readouterr().err
    assert told in said
    assert said.startswith("✗ ")
    assert said.count("\n") == 1
    assert not (tmp_path / "out").exists()
