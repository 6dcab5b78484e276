"""What residents type when a question is open, and what it is taken for.

The tables are `typed_answers.yml` and `typed_by_form.yml`.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from assessments.answer_scales import _scale
from assessments.errors import LibraryError
from assessments.instrument import Item, Option
from assessments.library import Library
from assessments.typed_answers import TypedAnswer, read_answer

LIBRARY = Library.from_files()
SLEEP = LIBRARY["phq9"].item("q3")
ITEM_NINE = LIBRARY["phq9"].item("q9")
WISH = LIBRARY["asq"].item("q1")
TABLE = yaml.safe_load(Path(__file__).with_name("typed_answers.yml").read_text("utf-8"))


def cases(table: str) -> list[tuple[str, TypedAnswer]]:
    rows = TABLE[table]
    return [
        *((said, TypedAnswer(value, sure=True)) for value, all in rows["recorded"].items() for said in all),
        *((said, TypedAnswer(value)) for value, all in rows["asked_back"].items() for said in all),
        *((said, TypedAnswer()) for said in rows["conversation"]),
        *((said, TypedAnswer(refused=True)) for said in rows["refused"]),
    ]


@pytest.mark.parametrize(("said", "meant"), cases("how_often"))
def test_how_often_in_the_residents_own_words(said, meant):
    assert read_answer(said, SLEEP) == meant


@pytest.mark.parametrize(("said", "meant"), cases("item_nine"))
def test_nothing_is_guessed_on_item_nine(said, meant):
    assert read_answer(said, ITEM_NINE) == meant


@pytest.mark.parametrize(("said", "meant"), cases("safety_questions"))
def test_nothing_is_guessed_on_the_safety_questions(said, meant):
    assert read_answer(said, WISH) == meant


BY_FORM = yaml.safe_load(Path(__file__).with_name("typed_by_form.yml").read_text("utf-8"))
MORE_ITEMS = [item for form in LIBRARY for item in form.items]


def cases_by_form() -> Iterator[tuple[str, str, str, TypedAnswer]]:
    for block in BY_FORM:
        for item in [block["item"], *block.get("same", [])]:
            for value, said in block.get("recorded", {}).items():
                yield from ((block["form"], item, one, TypedAnswer(value, sure=True)) for one in said.split())
            for value, said in block.get("asked_back", {}).items():
                yield from ((block["form"], item, one, TypedAnswer(value)) for one in said.split())
            yield from (
                (block["form"], item, one, TypedAnswer()) for one in block.get("conversation", "").split()
            )
            for one in block.get("refused", "").split():
                yield block["form"], item, one, TypedAnswer(refused=True)


@pytest.mark.parametrize(("form", "item", "said", "meant"), cases_by_form())
def test_each_form_in_the_residents_own_words(form, item, said, meant):
    assert read_answer(said, LIBRARY[form].item(item)) == meant


def test_the_table_is_as_large_as_it_says_and_leaves_no_kind_of_question_out():
    written = [one for block in BY_FORM for one in _written(block)]
    assert len(written) >= 400, len(written)
    tried = {options_of(LIBRARY[form].item(item)) for form, item, _, _ in cases_by_form()}
    assert {options_of(item) for item in MORE_ITEMS} <= tried


def _written(block: dict[str, Any]) -> Iterator[str]:
    for part in ("recorded", "asked_back"):
        for said in block.get(part, {}).values():
            yield from said.split()
    yield from (block.get("conversation", "") + " " + block.get("refused", "")).split()


def options_of(item: Item) -> tuple[str, ...]:
    return tuple(option.label for option in item.options)


@pytest.mark.parametrize("item", MORE_ITEMS, ids=lambda item: item.id)
def test_the_words_on_the_button_are_always_its_answer(item):
    for place, option in enumerate(item.options, start=1):
        assert read_answer(option.label, item) == TypedAnswer(option.value, sure=True)
        assert read_answer(f"第{place}个", item) == TypedAnswer(option.value, sure=item.critical is None)


@pytest.mark.parametrize("item", MORE_ITEMS, ids=lambda item: item.id)
def test_a_bare_number_is_recorded_only_where_it_can_be_read_in_one_way(item):
    places = {place: option.value for place, option in enumerate(item.options, start=1)}
    everyday = options_of(item) == options_of(SLEEP)
    for number in range(0, 101):
        read = read_answer(str(number), item)
        readings = {places.get(number), number if item.offers(number) else None} - {None}
        if len(readings) > 1 and not everyday:
            assert not read.sure, number
        if read.sure:
            assert item.critical is None
            assert number > 0
            assert read.value in readings or "杯" in item.options[0].label


def test_on_a_form_that_runs_downwards_a_number_that_is_only_a_place_is_asked_back():
    assert read_answer("6", LIBRARY["who5"].item("q1")) == TypedAnswer(0)
    assert read_answer("1", LIBRARY["cbi"].item("q1")) == TypedAnswer(100)
    points_down = LIBRARY["cbi"].item("q13")
    assert not any(read_answer(str(number), points_down).sure for number in range(1, 6))


@pytest.mark.parametrize("item", [item for item in MORE_ITEMS if item.critical], ids=lambda item: item.id)
@pytest.mark.parametrize(
    "said",
    [
        "1",
        "2",
        "第一个",
        "A",
        "选1",
        "嗯",
        "可能吧",
        "应该没有",
        "有时候",
        "三天",
        "还好",
        "不",
        "会",
        "老样子",
    ],
)
def test_nothing_is_guessed_about_danger(item, said):
    assert not read_answer(said, item).sure


def test_a_licensed_wording_is_answered_by_its_own_words_and_places():
    often = [Option(0, "从来没有"), Option(1, "偶尔（一两次）"), Option(2, "有时或常常"), Option(3, "总是")]
    item = Item("q1", "1", "……", tuple(often))
    assert read_answer("偶尔", item) == TypedAnswer(1, sure=True)
    assert read_answer("常常", item) == TypedAnswer(2, sure=True)
    assert read_answer("第三个", item) == TypedAnswer(2, sure=True)
    assert read_answer("2", item) == TypedAnswer(1)
    assert read_answer("4", item) == TypedAnswer(3, sure=True)
    assert read_answer("隔三差五", item) == TypedAnswer()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"says": {"a": "常有", "b": "常有"}}, "同一个说法"),
        ({"says": {"a": "偶尔"}}, "同一个说法"),
        ({"says": {"a": "常有"}, "unsure": {"b": "常有"}}, "同一个说法"),
        ({"labels": {"总是（天天）": "a", "偶尔（天天）": "b"}}, "分不开"),
    ],
)
def test_a_phrase_that_could_mean_two_options_is_refused(change, why):
    scale = {"labels": {"总是": "a", "偶尔": "b"}, "says": {}}
    with pytest.raises(LibraryError, match=why):
        _scale(scale | change)


@given(st.text(max_size=60), st.sampled_from([SLEEP, ITEM_NINE, WISH, *MORE_ITEMS]))
def test_whatever_is_typed_only_offered_values_come_out(said, item):
    answer = read_answer(said, item)

    assert answer.value is None or item.offers(answer.value)
    assert not (answer.sure and answer.value is None)
    assert not (answer.refused and answer.value is not None)


@given(st.sampled_from(cases("how_often")), st.sampled_from(cases("how_often")))
def test_two_answers_in_one_breath_are_never_recorded_on_item_nine(one, other):
    if None not in (one[1].value, other[1].value) and one[1].value != other[1].value:
        assert not read_answer(f"{one[0]}，{other[0]}", ITEM_NINE).sure
