"""The figures of the card: counted right, and put in their place."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.context.labels import TASKS, labels_of
from models.context.measure import BEGIN, END, into_card, measure, share, told
from tests.models.context.conftest import Toy
from tests.models.context.scripted import reader_of, write_corpus

CARD = Path(__file__).parents[3] / "models" / "context" / "CARD.md"


def test_what_the_reader_says_is_counted_against_the_held_out_lines(tmp_path: Path) -> None:
    """The scripted reader hears every unpaid wage and takes half of the sleepless for unpaid."""
    corpus = write_corpus(tmp_path)
    words = {"topic": {"没发工资": "wages", "讨薪": "wages", "失眠": "wages", "睡不着": "sleep"}}
    topic = measure(reader_of(words), corpus)[1]
    wages, sleep = topic.reader["wages"], topic.reader["sleep"]
    assert (wages.right, wages.said, wages.lines) == (
        wages.lines,
        wages.lines + sleep.lines // 2,
        sleep.lines,
    )
    assert (sleep.right, sleep.said) == (sleep.lines // 2, sleep.lines // 2)
    assert topic.model["lines"] == wages.lines + sleep.lines + topic.reader["none"].lines
    assert topic.reader["none"].said == 0


def test_the_tables_name_every_label_that_was_measured(toy: Toy) -> None:
    tables = told(measure(toy.reader(), toy.corpus))
    for name in ("工资报酬 `wages`", "生气 `anger`", "退休 `retirement`", "从不说"):
        assert name in tables


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [(0, 0, "—"), (8, 10, "0.80（8/10，0.49–0.94）"), (5, 5, "1.00（5/5，0.57–1.00）")],
)
def test_a_share_comes_with_its_counts_and_its_interval(part: int, whole: int, said: str) -> None:
    assert share(part, whole) == said


def test_new_figures_replace_the_old_and_nothing_else() -> None:
    card = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    assert into_card(card, "new") == f"before\n{BEGIN}\n\nnew\n\n{END}\nafter\n"
    with pytest.raises(ValueError, match="figures"):
        into_card("no place for them", "new")


def test_the_card_has_figures_for_every_label() -> None:
    figures = CARD.read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0]
    for task in TASKS:
        for label, about in labels_of(task).items():
            assert f"{about.name} `{label}`" in figures
