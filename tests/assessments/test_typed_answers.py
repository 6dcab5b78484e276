"""What residents type when a question is open, and what it is taken for: the table is `typed_answers.yml`."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

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


@given(st.text(max_size=60), st.sampled_from([SLEEP, ITEM_NINE, WISH]))
def test_whatever_is_typed_only_offered_values_come_out(said, item):
    answer = read_answer(said, item)

    assert answer.value is None or item.offers(answer.value)
    assert not (answer.sure and answer.value is None)
    assert not (answer.refused and answer.value is not None)


@given(st.sampled_from(cases("how_often")), st.sampled_from(cases("how_often")))
def test_two_answers_in_one_breath_are_never_recorded_on_item_nine(one, other):
    if None not in (one[1].value, other[1].value) and one[1].value != other[1].value:
        assert not read_answer(f"{one[0]}，{other[0]}", ITEM_NINE).sure
