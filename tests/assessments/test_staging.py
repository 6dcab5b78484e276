"""Which question comes next, told as people who answer in their own ways."""

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from assessments.errors import LibraryError
from assessments.library import FOLDER, Library, instrument_from
from assessments.routes import FILE as ROUTES_FILE
from assessments.routes import Routes
from assessments.staging import CORE, POSITIVE, RAISED, SAFETY_FORMS, Step, next_step

LIBRARY = Library.from_files()
ROUTES = Routes.from_file(LIBRARY)
ASQ_NOW = "q5"
ITEMS = {form: [item.id for item in LIBRARY[form].items] for form in ("phq2", "gad2", "phq9", "gad7", "asq")}


class Person:
    """Answers whatever is asked next, until the screening is over."""

    def __init__(
        self, *, route: str = CORE, forms=LIBRARY, safety: str = "asq", **answers: int | None
    ) -> None:
        self.route, self.forms, self.safety = ROUTES[route], forms, safety
        self.answers = answers
        self.done: dict[str, dict[str, int | None]] = {}
        self.asked: list[str] = []
        self.asq_called = False

    def next(self) -> Step | None:
        return next_step(
            self.done, asq_called=self.asq_called, route=self.route, forms=self.forms, safety=self.safety
        )

    def is_asked(self) -> str | None:
        step = self.next()
        return step and f"{step.instrument}.{step.item}"

    def answers_one(self) -> Step | None:
        step = self.next()
        if step is None:
            return None
        self.asked.append(f"{step.instrument}.{step.item}")
        answers = self.done.setdefault(step.instrument, dict(step.carried))
        item = self.forms[step.instrument].item(step.item)
        answers[step.item] = self.answers.get(f"{step.instrument}_{step.item}", item.lowest)
        return step

    def answers_all(self) -> list[str]:
        while self.answers_one():
            assert len(self.asked) <= 200, "the screening never ends"
        return self.asked

    def forms_asked(self) -> set[str]:
        return {question.split(".")[0] for question in self.answers_all()}

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
EVERYTHING = [f"{form}_{item}" for form, items in ITEMS.items() for item in items]


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
    assert {LIBRARY[form].bands[1].start for form in ("phq2", "gad2")} == {POSITIVE}
    assert {LIBRARY[form].bands[1].start for form in ("phq9", "gad7")} == {RAISED}
    for short, full in (("phq2", "phq9"), ("gad2", "gad7")):
        for item in LIBRARY[short].items:
            assert LIBRARY[full].item(item.id) == item


# --- other routes, other forms ---------------------------------------------------------------------


def worded(form: str, **texts: str) -> Library:
    """The library as a district has it that has added wording to this form."""
    raw = yaml.safe_load(next(FOLDER.rglob(f"{form}.yml")).read_text("utf-8"))
    raw["wording"], raw["translation"], raw["translation_note"] = "shipped", "own", "占位"
    raw.pop("wording_compared", None)
    for item in [*raw["items"], *raw.get("extras", [])]:
        item["text"] = texts.get(item["id"]) or item.get("text") or f"第 {item['number']} 题"
        for option in item.get("options", []):
            option.setdefault("label", f"选项 {option['value']}")
    for option in raw.get("options", []):
        option.setdefault("label", f"选项 {option['value']}")
    made = instrument_from(yaml.safe_dump(raw, allow_unicode=True), f"{form}.yml")
    return Library({one.id: one for one in LIBRARY.every()} | {form: made})


@pytest.mark.parametrize("route", sorted(ROUTES.routes))
@pytest.mark.parametrize("value", ["lowest", "highest", "refused"])
def test_every_route_ends_asks_nothing_twice_and_lets_nobody_go_unasked_about_death(route, value):
    person = Person(route=route)
    while step := person.next():
        item = LIBRARY[step.instrument].item(step.item)
        given = {"lowest": item.lowest, "highest": item.highest, "refused": None}[value]
        person.answers[f"{step.instrument}_{step.item}"] = given
        person.answers_one()
        assert len(person.asked) <= 200

    assert len(set(person.asked)) == len(person.asked), "a question was asked twice"
    critical = [q for q in person.asked if LIBRARY[q.split(".")[0]].item(q.split(".")[1]).critical]
    assert critical, "nobody leaves unasked about death"
    if value != "lowest":
        assert "asq.q5" in person.asked


def test_the_four_questions_stand_for_two_and_two_and_are_not_asked_again():
    person = Person(route="four", phq4_q3=2, phq4_q4=1, phq4_q1=3)
    person.answers_all()
    assert person.asked[4] == "phq9.q3"
    assert person.done["phq9"] | {} == {"q1": 2, "q2": 1} | {f"q{n}": 0 for n in range(3, 10)}
    assert person.done["gad7"]["q1"] == 3


def test_a_skeleton_is_passed_over_until_its_wording_is_there():
    assert "epds" not in Person(route="mother_short").forms_asked()
    assert "epds" in Person(route="mother_short", forms=worded("epds")).forms_asked()


def test_the_item_of_a_skeleton_that_speaks_of_death_interrupts_like_any_other():
    person = Person(route="ninety", forms=worded("scl90"), scl90_q15=3)
    asked = person.answers_all()
    assert asked[asked.index("scl90.q15") + 1] == "asq.q1"
    assert asked[asked.index("asq.q4") + 1] == "scl90.q16"
    assert len([one for one in asked if one.startswith("scl90")]) == 90


def test_the_tenth_question_comes_after_the_nine_when_anything_was_a_trouble():
    forms = worded("phq9", q10="这些困扰给您带来多少不便？")
    low = Person(route="resident_full", forms=forms)
    low.answers_all()
    assert "phq9.q10" not in low.asked

    some = Person(route="resident_full", forms=forms, phq9_q3=1)
    some.answers_all()
    assert some.asked[9] == "phq9.q10"
    gap = Person(route="resident_full", forms=forms, phq9_q3=1, phq9_q4=None)
    gap.answers_all()
    assert "phq9.q10" not in gap.asked


def test_the_tenth_question_counts_for_nothing():
    forms = worded("phq9", q10="这些困扰给您带来多少不便？")
    plain = Person(phq2_q1=3, forms=forms).answers_all()
    high = Person(phq2_q1=3, phq9_q10=3, forms=forms).answers_all()
    assert plain == high
    assert plain[-4:] == ["asq.q1", "asq.q2", "asq.q3", "asq.q4"]


def test_where_the_other_safety_form_may_be_asked_it_is_and_never_both():
    forms = worded("cssrs_screener")
    person = Person(forms=forms, safety="cssrs_screener", cssrs_screener_q2=1)
    asked = [one for one in person.answers_all() if one.split(".")[0] in SAFETY_FORMS]
    assert [one.split(".")[1] for one in asked] == ["q1", "q2", "q3", "q4", "q5", "q6"]
    begun = Person(forms=forms, safety="cssrs_screener")
    begun.done["asq"] = {"q1": 0}
    assert "cssrs_screener" not in begun.forms_asked()
    assert "asq.q4" in begun.asked


def test_what_is_only_asked_after_another_answer_is_asked_then():
    assert "audit" not in Person(route="resident_full").forms_asked()
    drinks = Person(route="resident_full", audit_c_q1=3)
    drinks.answers_all()
    assert "audit_c.q2" in drinks.asked
    assert "audit.q1" not in drinks.asked
    assert "audit.q9" in drinks.asked


def test_the_question_for_women_is_asked_of_women_and_of_whoever_would_not_say():
    asked = {
        sex: "phq15.q4" in Person(route="resident_full", phq15_sex=sex).answers_all() for sex in (1, 2, None)
    }
    female = LIBRARY["phq15"].item("sex").keys["female"]
    assert asked == {1: female == 1, 2: female == 2, None: True}


def test_age_leads_the_student_and_nobody_goes_in_without_it():
    student = ROUTES.entrance("student")
    assert student.route("short", None) is None
    assert student.route("short", "not_said") == student.route("short", "under_14")
    assert "phq_a" in Person(route=student.route("full", "from_14")).forms_asked()
    assert "phq_a" not in Person(route=student.route("full", "adult")).forms_asked()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("- phq2\n    - gad2", "- phq22\n    - gad2"),
        ("items: {q1: q1, q2: q2}}\n  - {from: gad2", "items: {q1: q3, q2: q2}}\n  - {from: gad2"),
        ("at_least: 3}}\n    - &worry", "at_least: 7}}\n    - &worry"),
        ("lengths: {ultra: worried}", "lengths: {ultra: worrying}"),
        ("  core:\n", "  cor:\n"),
        ("id: mother\n", "id: elder\n"),
    ],
)
def test_routes_that_lead_nowhere_are_refused(before, after, tmp_path):
    text = ROUTES_FILE.read_text("utf-8")
    assert text.count(before) == 1
    path = tmp_path / "routes.yml"
    path.write_text(text.replace(before, after), "utf-8")
    with pytest.raises(LibraryError):
        Routes.from_file(LIBRARY, path)
