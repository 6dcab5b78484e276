"""Which question comes next, told as people who answer in their own ways."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assessments.library import Library
from assessments.staging import ASQ_NOW, ITEMS, POSITIVE, RAISED, Step, next_step

LIBRARY = Library.from_files()


class Person:
    """Answers whatever is asked next, until the screening is over."""

    def __init__(self, **answers: int | None) -> None:
        self.answers = answers
        self.done: dict[str, dict[str, int | None]] = {}
        self.asked: list[str] = []
        self.asq_called = False

    def is_asked(self) -> str | None:
        step = next_step(self.done, asq_called=self.asq_called)
        return step and f"{step.instrument}.{step.item}"

    def answers_one(self) -> Step | None:
        step = next_step(self.done, asq_called=self.asq_called)
        if step is None:
            return None
        self.asked.append(f"{step.instrument}.{step.item}")
        answers = self.done.setdefault(step.instrument, dict(step.carried))
        answers[step.item] = self.answers.get(f"{step.instrument}_{step.item}", 0)
        return step

    def answers_all(self) -> list[str]:
        while self.answers_one():
            assert len(self.asked) <= 30, "the screening never ends"
        return self.asked

    def instruments_asked(self) -> list[str]:
        return list(dict.fromkeys(question.split(".")[0] for question in self.asked))


def test_somebody_who_is_well_is_asked_two_two_and_four():
    person = Person()
    assert person.answers_all() == [
        "phq2.q1", "phq2.q2", "gad2.q1", "gad2.q2", "asq.q1", "asq.q2", "asq.q3", "asq.q4",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("first", "second", "called"), [(1, 1, False), (2, 1, True), (0, 3, True), (2, 0, False)]
)
def test_phq9_is_asked_from_three_on(first, second, called):
    person = Person(phq2_q1=first, phq2_q2=second)
    person.answers_all()
    assert ("phq9" in person.instruments_asked()) is called


@pytest.mark.parametrize(
    ("first", "second", "called"), [(1, 1, False), (1, 2, True), (3, 0, True), (0, 2, False)]
)
def test_gad7_is_asked_from_three_on(first, second, called):
    person = Person(gad2_q1=first, gad2_q2=second)
    person.answers_all()
    assert ("gad7" in person.instruments_asked()) is called


def test_the_two_first_items_are_carried_over_and_never_asked_twice():
    person = Person(phq2_q1=3, phq2_q2=2, gad2_q1=2, gad2_q2=2)
    person.answers_all()

    assert "phq9.q1" not in person.asked
    assert "gad7.q2" not in person.asked
    assert person.done["phq9"] == {"q1": 3, "q2": 2} | {f"q{n}": 0 for n in range(3, 10)}
    assert person.done["gad7"]["q1"] == 2


@pytest.mark.parametrize("item_nine", [1, 2, 3, None])
def test_item_nine_opens_the_safety_questions_at_once_before_anything_else(item_nine):
    person = Person(phq2_q1=3, gad2_q1=3, phq9_q9=item_nine)
    person.answers_all()

    after = person.asked[person.asked.index("phq9.q9") + 1 :]
    assert after[:4] == ["asq.q1", "asq.q2", "asq.q3", "asq.q4"]
    assert after[4] == "gad7.q3"


def test_words_open_the_safety_questions_in_the_middle_and_the_form_goes_on_afterwards():
    person = Person(phq2_q1=3)
    for _ in range(6):
        person.answers_one()
    person.asq_called = True

    assert person.is_asked() == "asq.q1"
    rest = person.answers_all()[6:]
    assert rest[:4] == ["asq.q1", "asq.q2", "asq.q3", "asq.q4"]
    assert rest[4] == "phq9.q5"


@pytest.mark.parametrize("item", ["q1", "q2", "q3", "q4"])
@pytest.mark.parametrize("answer", [1, None])
def test_a_yes_or_a_refusal_opens_the_fifth_question(item, answer):
    person = Person(**{f"asq_{item}": answer})
    assert person.answers_all()[-1] == "asq.q5"


def test_four_times_no_does_not_open_the_fifth_question():
    assert "asq.q5" not in Person().answers_all()


@pytest.mark.parametrize("refused", ["phq2_q1", "phq2_q2"])
def test_a_refused_mood_question_goes_on_to_the_full_form(refused):
    person = Person(**{refused: None})
    asked = person.answers_all()

    assert "phq9.q9" in asked
    assert None in person.done["phq9"].values()  # stays incomplete: it can never become green


def test_a_refused_worry_question_goes_on_to_the_full_form():
    assert "gad7.q7" in Person(gad2_q2=None).answers_all()


def test_somebody_who_only_worries_is_still_asked_about_death():
    assert "asq.q4" in Person(gad2_q1=3, gad2_q2=3, gad7_q3=3, gad7_q4=3, gad7_q5=3).answers_all()


def test_both_full_forms_low_need_no_safety_questions_for_a_green():
    person = Person(phq2_q1=3, gad2_q1=3)
    person.answers_all()
    assert person.instruments_asked() == ["phq2", "gad2", "phq9", "gad7"]


def test_a_low_phq9_without_gad7_needs_the_safety_questions_for_a_green():
    assert Person(phq2_q1=3).answers_all()[-4:] == ["asq.q1", "asq.q2", "asq.q3", "asq.q4"]


def test_a_raised_phq9_is_not_followed_by_questions_that_could_change_nothing():
    assert "asq.q1" not in Person(phq2_q1=3, phq2_q2=3).answers_all()


@pytest.mark.parametrize(("rest", "asked"), [(1, True), (2, False)])
def test_four_may_still_be_green_and_five_may_not(rest, asked):
    person = Person(phq2_q1=3, phq9_q3=rest)
    assert ("asq.q1" in person.answers_all()) is asked


def test_a_phq9_with_a_refused_item_cannot_become_green_and_is_left_at_that():
    assert "asq.q1" not in Person(phq2_q1=3, phq9_q4=None).answers_all()


def test_safety_questions_that_were_begun_are_finished():
    person = Person(phq2_q1=3, phq2_q2=3)
    person.asq_called = True
    person.answers_one()
    person.asq_called = False

    assert person.answers_all()[-3:] == ["asq.q2", "asq.q3", "asq.q4"]


def test_somebody_who_starts_with_phq9_is_not_asked_phq2():
    person = Person()
    person.done["phq9"] = {"q1": 0}
    asked = person.answers_all()

    assert asked[0] == "gad2.q1"
    assert asked[2] == "phq9.q2"
    assert not any(question.startswith("phq2") for question in asked)


ANSWER = st.sampled_from([0, 0, 1, 2, 3, None])
EVERYTHING = [f"{form}_{item}" for form, items in ITEMS.items() for item in (*items, ASQ_NOW)]


@settings(max_examples=300)
@given(st.fixed_dictionaries({key: ANSWER for key in EVERYTHING}), st.integers(0, 12))
def test_every_way_of_answering_ends_and_asks_everybody_about_death(answers, called_after):
    answers = {k: (min(v, 1) if k.startswith("asq") and v else v) for k, v in answers.items()}
    person = Person(**answers)
    while person.answers_one():
        person.asq_called = person.asq_called or len(person.asked) == called_after
        assert len(person.asked) <= 30

    assert len(set(person.asked)) == len(person.asked), "a question was asked twice"
    assert "phq9.q9" in person.asked or "asq.q4" in person.asked
    if "q9" in person.done.get("phq9", {}) and person.done["phq9"]["q9"] != 0:
        assert "asq.q4" in person.asked


def test_the_staging_knows_the_forms_as_they_are():
    for form, items in ITEMS.items():
        shipped = tuple(item.id for item in LIBRARY[form].items)
        assert shipped == (*items, ASQ_NOW) if form == "asq" else shipped == items
    assert {LIBRARY[form].bands[1].start for form in ("phq2", "gad2")} == {POSITIVE}
    assert {LIBRARY[form].bands[1].start for form in ("phq9", "gad7")} == {RAISED}
    for short, full in (("phq2", "phq9"), ("gad2", "gad7")):
        for item in LIBRARY[short].items:
            assert LIBRARY[full].item(item.id) == item
