"""The corpus of feelings, topics and life events: whole, split by family, and large enough to learn from."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from models.context.labels import TASKS, labels_of
from models.context.reader import CORPUS
from models.learned.corpus import SPLITS, Corpus, fill, load_corpus, plain

KEYS = {"family", "label", "speaker", "note", "lines", "templates"}
SPEAKERS = {
    "any", "pupil", "student", "worker", "migrant", "elder", "new_mother", "medic", "carer", "petitioner",
    "officer_visitor",
}  # fmt: skip
AT_LEAST = {"emotion": 1_300, "topic": 2_300, "life_event": 900}
EACH = {"emotion": 100, "topic": 60, "life_event": 55}
SIX = {"joy", "sadness", "anger", "fear", "surprise", "neutral"}


def families(task: str) -> Iterator[tuple[Path, dict[str, Any]]]:
    for path in sorted((CORPUS / task).glob("*/*.yml")):
        for family in yaml.safe_load(path.read_text(encoding="utf-8")):
            yield path, family


def written(family: dict[str, Any]) -> list[str]:
    """Every line of a family, templates filled."""
    lines = list(family.get("lines", []))
    for template in family.get("templates", []):
        lines += fill(template["text"], template["fill"], template["take"], family["family"])
    return lines


@pytest.fixture(scope="module", params=TASKS)
def task(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def corpus(task: str) -> Corpus:
    return load_corpus(CORPUS / task, SPLITS)


def test_every_label_has_a_name_and_every_name_has_lines_in_each_split(task: str, corpus: Corpus) -> None:
    for split in SPLITS:
        assert {line.label for line in corpus.split(split)} == set(labels_of(task)), split


def test_there_is_enough_of_each_label(task: str, corpus: Corpus) -> None:
    counted = Counter(line.label for line in corpus.lines)
    assert len(corpus.lines) >= AT_LEAST[task]
    assert min(counted.values()) >= EACH[task], counted.most_common()[-3:]


def test_about_seven_lines_in_ten_are_for_learning(task: str, corpus: Corpus) -> None:
    shares = {split: len(corpus.split(split)) / len(corpus.lines) for split in SPLITS}
    assert 0.65 <= shares["train"] <= 0.78, shares
    assert shares["tune"] >= 0.08, shares
    assert shares["held_out"] >= 0.14, shares


def test_families_are_written_as_agreed(task: str) -> None:
    for path, family in families(task):
        where = f"{path.parent.name}/{path.name} {family.get('family')}"
        assert set(family) <= KEYS, where
        assert family["label"] in labels_of(task), where
        assert family["speaker"] in SPEAKERS, where
        assert len(family["note"]) >= 2, where
        assert family["lines"], where
        assert all(isinstance(line, str) and 1 <= len(line) <= 200 for line in family["lines"]), where


def test_a_family_stands_once_in_all_three_corpora() -> None:
    names = Counter(family["family"] for task in TASKS for _, family in families(task))
    assert [name for name, times in names.items() if times > 1] == []


def test_no_line_is_written_twice(task: str) -> None:
    places = defaultdict(list)
    for _, family in families(task):
        for line in written(family):
            places[plain(line)].append(family["family"])
    assert {line: where for line, where in places.items() if len(where) > 1} == {}


def test_no_template_stands_in_two_splits(task: str) -> None:
    splits = defaultdict(set)
    for path, family in families(task):
        for template in family.get("templates", []):
            splits[template["text"]].add(path.parent.name)
    assert all(len(where) == 1 for where in splits.values())


def test_most_lines_are_written_out(task: str) -> None:
    total = sum(len(written(family)) for _, family in families(task))
    out = sum(len(family["lines"]) for _, family in families(task))
    assert out >= 0.75 * total


def test_the_six_feelings_and_the_topics_of_a_district_are_there() -> None:
    assert set(labels_of("emotion")) >= SIX
    assert len(labels_of("topic")) >= 27
    assert set(labels_of("life_event")) >= {
        "bereavement",
        "serious_illness",
        "unemployment",
        "violence",
        "none",
    }
