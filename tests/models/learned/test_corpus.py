"""The corpus is read whole, filled the same way each time, and refused with file and line when something is wrong."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from models.learned.corpus import HELD_OUT, SPLITS, TRAIN, TUNE, Corpus, fill, load_corpus, load_rows, plain
from models.learned.errors import CorpusError
from models.learned.tasks import TASKS

FAMILY = """
- family: goodbye_cats
  label: crisis
  style: indirect
  imminent: true
  note: 托付
  lines:
    - 猫托付给邻居了，以后不用惦记我
    - 钥匙放门垫下面，你们保重
  templates:
    - text: '{谁}走了以后，我{时候}都不想动'
      fill: {谁: [老头子, 我妈], 时候: [一天到晚, 每天]}
      take: 3
"""


class Folder:
    """A corpus folder that a test writes."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, split: str, content: str, name: str = "area.yml") -> Folder:
        (self.root / split).mkdir(exist_ok=True)
        (self.root / split / name).write_text(content, encoding="utf-8")
        return self

    def load(self, *splits: str) -> Corpus:
        return load_corpus(self.root, splits or (TRAIN, TUNE), ("none", "elevated", "crisis"))


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_lines_and_templates_come_with_what_their_author_said(folder: Folder) -> None:
    lines = folder.write(TRAIN, FAMILY).load().lines
    assert len(lines) == 5
    assert {line.label for line in lines} == {"crisis"}
    assert lines[0].facts["style"] == "indirect"
    assert lines[0].facts["imminent"] == "true"
    assert "note" not in lines[0].facts
    assert lines[0].where == "train/area.yml 第 8 行"
    assert all("{" not in line.text for line in lines)


def test_what_is_held_out_is_not_read_unless_it_is_named(folder: Folder) -> None:
    folder.write(TRAIN, FAMILY).write(HELD_OUT, FAMILY.replace("goodbye_cats", "other").replace("猫", "狗"))
    assert {line.split for line in folder.load().lines} == {TRAIN}
    folder.write(HELD_OUT, "nonsense: [")
    assert folder.load().lines


def test_a_template_is_filled_evenly_and_the_same_way_each_time() -> None:
    slots = {"a": list("0123"), "b": list("0123"), "c": list("01234")}
    filled = fill("{a}-{b}-{c}", slots, 20, "here")
    assert filled == fill("{a}-{b}-{c}", slots, 20, "here")
    assert len(set(filled)) == 20
    for place in range(3):
        used = Counter(text.split("-")[place] for text in filled)
        assert len(used) == len(list(slots.values())[place])
        assert max(used.values()) <= 2 * min(used.values())
    assert len(fill("{a}{b}", {"a": ["1", "2"], "b": ["3"]}, None, "here")) == 2
    assert len(fill("{a}{b}", {"a": ["1", "2"], "b": ["3"]}, 99, "here")) == 2


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("label: crisis", "label: crisys", r"第 3 行：没有 crisys 这个标签"),
        ("  label: crisis\n", "", r"第 2 行：家族缺 label"),
        ("- 钥匙放门垫下面，你们保重", "- 12345", r"第 9 行：'12345' 会被读成别的东西，请加引号"),
        ("- 钥匙放门垫下面，你们保重", "- 他说: 走了", r"第 9 行：这里要是一个词"),
        ("- 钥匙放门垫下面，你们保重", "- ''", r"第 9 行：空行"),
        ("谁: [老头子, 我妈], ", "", r"第 11 行：模板里的 \{谁\} 没有填的词"),
        ("时候: [一天到晚", "多: [x], 时候: [一天到晚", r"第 11 行：fill 里的 多 在模板里没有用到"),
        ("take: 3", "take: many", r"第 13 行：take 要是正整数"),
        ("  lines:", "  lines: [", r"第 \d+ 行：YAML 写错了"),
        ("  style: indirect", "  style: indirect\n  style: coded", r"第 5 行：style 写了两次"),
        ("- family: goodbye_cats", "family: goodbye_cats", r"area\.yml"),
    ],
)
def test_what_is_wrong_is_told_with_file_and_line(folder: Folder, before: str, after: str, told: str) -> None:
    assert before in FAMILY
    with pytest.raises(CorpusError, match=told) as error:
        folder.write(TRAIN, FAMILY.replace(before, after)).load()
    assert "area.yml" in str(error.value)


def test_a_family_stands_in_one_place_only(folder: Folder) -> None:
    other = "- family: goodbye_cats\n  label: crisis\n  lines: [天台风好大，我站一会儿]\n"
    folder.write(TRAIN, FAMILY).write(TUNE, other)
    with pytest.raises(
        CorpusError, match=r"tune/area\.yml 第 3 行：家族 goodbye_cats 已经在 train/area\.yml"
    ):
        folder.load()
    folder.write(TUNE, "").write(TRAIN, other, "more.yml")
    with pytest.raises(CorpusError, match="只能在一处"):
        folder.load()


def test_a_line_stands_on_one_side_only_however_it_is_written(folder: Folder) -> None:
    same = "- family: others\n  label: crisis\n  lines: ['钥匙放 门垫下面！你们保重…']\n"
    folder.write(TRAIN, FAMILY).write(TUNE, same)
    with pytest.raises(CorpusError, match=r"tune/area\.yml 第 3 行：这一行已经在 train/area\.yml 第 9 行"):
        folder.load()


def test_a_line_has_one_label_only(folder: Folder) -> None:
    folder.write(TRAIN, FAMILY).write(
        TRAIN, "- family: x\n  label: none\n  lines: [钥匙放门垫下面你们保重]\n", "b.yml"
    )
    with pytest.raises(CorpusError, match="标的是 crisis，这里是 none"):
        folder.load()


def test_the_version_changes_with_what_the_lines_say_and_with_nothing_else(folder: Folder) -> None:
    before = folder.write(TRAIN, FAMILY).load().version
    assert folder.write(TRAIN, FAMILY.replace("note: 托付", "note: 别的话")).load().version == before
    assert folder.write(TRAIN, FAMILY.replace("保重", "多保重")).load().version != before
    assert folder.write(TRAIN, FAMILY.replace("label: crisis", "label: none")).load().version != before


def test_without_tune_lines_some_families_become_them() -> None:
    from tests.models.learned.small import toy_corpus

    lines = tuple(line for line in toy_corpus().lines if line.split == TRAIN)
    corpus = Corpus(lines).with_tune(0.3)
    assert corpus.split(TUNE)
    assert not {x.family for x in corpus.split(TUNE)} & {x.family for x in corpus.split(TRAIN)}
    assert toy_corpus().with_tune() == toy_corpus()


def test_ordinary_talk_is_added_without_touching_what_stands(folder: Folder) -> None:
    own = folder.write(TRAIN, FAMILY).load()
    folder.write(
        TRAIN,
        "- family: fear\n  label: none\n  lines: [钥匙放门垫下面你们保重, 半夜有声音]\n"
        "- family: hit\n  label: elevated\n  lines: [他打我]\n",
    )
    both = own.with_ordinary("emotion", folder.load(), "none", {"elevated"})
    added = both.lines[len(own.lines) :]
    assert [(x.text, x.label, x.family) for x in added] == [("半夜有声音", "none", "emotion.fear")]


def test_rows_of_any_file_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    rows = [{"text": f"第{n}句话", "label": "ab"[n % 2]} for n in range(200)]
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n\n", encoding="utf-8")
    corpus = load_rows(path)
    assert corpus.labels == ("a", "b")
    assert 10 < len(corpus.split(TUNE)) < 60
    assert corpus == load_rows(path)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("{", "第 2 行：不是 JSON"),
        ("[1]", "第 2 行：要有 text 和 label"),
        ('{"text": 3, "label": "none"}', "第 2 行：要有 text 和 label"),
        ('{"text": "x", "label": "bad"}', "第 2 行：没有 bad 这个标签"),
        ('{"text": "x", "label": "none", "split": "test"}', "第 2 行：split 只能是"),
    ],
)
def test_a_bad_row_is_told_with_its_number(tmp_path: Path, row: str, told: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"text": "好", "label": "none"}\n' + row, encoding="utf-8")
    with pytest.raises(CorpusError, match=told):
        load_rows(path, ("none", "crisis"))


def test_missing_and_unreadable_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="读不了"):
        load_rows(tmp_path / "none.jsonl")
    (tmp_path / "empty.jsonl").write_text("\n")
    with pytest.raises(CorpusError, match="一行也没有"):
        load_rows(tmp_path / "empty.jsonl")
    (tmp_path / "bytes.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CorpusError, match="读不了"):
        load_rows(tmp_path / "bytes.jsonl")
    with pytest.raises(CorpusError, match="没有语料目录"):
        load_corpus(tmp_path / "nowhere")


def test_the_same_line_is_the_same_however_it_is_punctuated() -> None:
    assert plain("我 走 了……") == plain("我走了。") == plain("我走了")
    assert plain("！！") == "!!"


@pytest.mark.parametrize("task", TASKS)
def test_no_family_and_no_line_of_ours_stands_on_two_sides(task: str) -> None:
    corpus = load_corpus(TASKS[task].corpus, SPLITS, TASKS[task].labels or None)
    assert set(corpus.labels) >= set(TASKS[task].labels)
    for split in SPLITS:
        assert corpus.split(split), split
