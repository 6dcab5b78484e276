"""Times that residents type, and what they are taken for. The table is `typed_times.yml`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from assessments.instrument import Item, Measured
from assessments.item_reader import RANGES
from assessments.library import Library
from assessments.printed import printed_of, value_of
from assessments.typed_answers import TypedAnswer, read_answer
from assessments.typed_times import in_words

TABLE = yaml.safe_load(Path(__file__).with_name("typed_times.yml").read_text("utf-8"))


def asked(unit: str, question: str) -> Item:
    return Item("q1", "1", question, (), measured=Measured(unit, *RANGES[unit]))  # type: ignore[arg-type]


ITEMS = [asked(block["unit"], block["question"]) for block in TABLE]


def cases() -> Iterator[tuple[Item, str, TypedAnswer]]:
    for block, item in zip(TABLE, ITEMS, strict=True):
        for kind, sure in (("recorded", True), ("asked_back", False)):
            rows: dict[Any, str] = block.get(kind, {})
            for printed, said in rows.items():
                meant = TypedAnswer(value_of(item, printed), sure=sure)
                yield from ((item, one, meant) for one in said.split())
        yield from ((item, one, TypedAnswer()) for one in block.get("conversation", "").split())


@pytest.mark.parametrize(("item", "said", "meant"), list(cases()))
def test_times_in_the_residents_own_words(item: Item, said: str, meant: TypedAnswer) -> None:
    assert read_answer(said, item) == meant


def test_a_question_whose_words_are_missing_leaves_the_half_of_the_day_open() -> None:
    bed = Library.from_files().to_score("psqi").item("q1")
    assert read_answer("十一点半", bed) == TypedAnswer(11 * 60 + 30)
    assert read_answer("晚上十一点半", bed) == TypedAnswer(23 * 60 + 30, sure=True)


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.text)
def test_a_time_may_be_refused(item: Item) -> None:
    assert read_answer("不想回答", item) == TypedAnswer(refused=True)


@given(st.sampled_from(ITEMS), st.data())
def test_what_is_asked_back_is_recorded_when_it_is_typed_as_it_was_shown(
    item: Item, data: st.DataObject
) -> None:
    assert item.measured is not None
    step = 60 if item.measured.unit == "hours" else 1
    value = step * data.draw(st.integers(item.measured.lowest // step, item.measured.highest // step))
    assert read_answer(in_words(value, item), item).value == value


@given(st.sampled_from(ITEMS), st.integers(0, 1439))
def test_a_time_in_figures_is_never_read_as_another(item: Item, minute: int) -> None:
    if item.measured is not None and item.measured.unit == "clock":
        printed = printed_of(item, minute)
        read = read_answer(str(printed), item)
        assert not read.sure or read.value == minute


SAID = st.text("0123456789零一二两三五六七八九十半刻点分小时钟头个多到不:.晚上早凌晨pm差", max_size=14)


@given(SAID, st.sampled_from(ITEMS))
def test_whatever_is_typed_only_offered_times_come_out(said: str, item: Item) -> None:
    read = read_answer(said, item)
    assert read.value is None or item.offers(read.value)
    assert not (read.sure and read.value is None)
