"""What would change a level is true: applied, it does; and more of a symptom never makes any level lower."""

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assessments.errors import IncompleteAnswers
from assessments.instrument import Answers, Instrument, Item
from assessments.library import Library
from assessments.scoring import score_answers
from escalation.explain import Change, Known, level_of, what_would_change
from escalation.level_policy import read_level_policy
from escalation.triage import Level, triage_alone, triage_answer, worst

LIBRARY = Library.from_files()
POLICY = read_level_policy()
FORMS = {form.id: form for form in LIBRARY.every()}
SLEEP: dict[str, int | None] = {"q1": 23 * 60, "q2": 10, "q3": 7 * 60, "q4": 7 * 3600}
NOT_SYMPTOMS = {"sdq_self": {f"q{n}" for n in (1, 4, 9, 17, 20)}}
LIMITS = [rule for rule in POLICY.scores if rule.measure in ("total", "standard_score")]
SPOKEN = [level for level in Level if level > Level.GREEN]
slow = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def badness(level: Level | None) -> int:
    """Green is the best; what is not known is not as good; then blue to red."""
    return {None: 1, Level.GREEN: 0}.get(level, int(level or 0))


def answered(form: Instrument) -> st.SearchStrategy[dict[str, int | None]]:
    """Any complete set; low answers are as likely as all others together, so that low levels are met."""
    drawn = {
        item.id: st.one_of(st.just(mildest(form, item)), st.sampled_from([o.value for o in item.options]))
        for item in form.items
        if item.options
    }
    fixed = {name: st.just(value) for name, value in SLEEP.items()} if form.id == "psqi" else {}
    return st.fixed_dictionaries(drawn | fixed)


def mildest(form: Instrument, item: Item) -> int:
    sign = -1 if form.scoring.high_is_good else 1
    return min((o.value for o in item.options), key=lambda value: sign * item.points(value))


def worse(form: Instrument, item: Item, value: int) -> list[int]:
    """Other answers to one item that say more of its symptom."""
    sign = -1 if form.scoring.high_is_good else 1
    return [o.value for o in item.options if sign * item.points(o.value) > sign * item.points(value)]


def symptoms(form: Instrument, answers: Mapping[str, int | None]) -> list[Item]:
    left_out = NOT_SYMPTOMS.get(form.id, set())
    return [
        item
        for item in form.items
        if item.options
        and (item.scored or item.critical is not None)
        and item.id not in left_out
        and (value := answers[item.id]) is not None
        and worse(form, item, value)
    ]


def alone(form: Instrument, answers: Answers) -> Level | None:
    singly = (triage_answer(form.id, item, value, POLICY) for item, value in answers.items())
    return worst(*singly, triage_alone(score_answers(form, answers), POLICY)).level


@pytest.mark.parametrize("form", FORMS.values(), ids=lambda form: form.id)
@given(data=st.data())
@slow
def test_more_of_any_symptom_never_lowers_the_level_of_a_form(form, data):
    answers = data.draw(answered(form))
    if not (could := symptoms(form, answers)):
        return
    item = data.draw(st.sampled_from(could))
    value = data.draw(st.sampled_from(worse(form, item, answers[item.id])))
    assert badness(alone(form, {**answers, item.id: value})) >= badness(alone(form, answers))


def known_sets(most: int = 4) -> st.SearchStrategy[Known]:
    """Several forms together, with what was said and what happened: the core screens more often than chance has it."""
    core = st.sampled_from([("phq9", "gad7"), ("phq2", "gad2", "asq"), ("phq2", "gad2", "phq9", "gad7")])
    some = st.lists(st.sampled_from(sorted(FORMS)), max_size=most, unique=True).map(tuple)
    return st.one_of(core, some, core).flatmap(
        lambda ids: st.builds(
            Known,
            st.tuples(*(st.tuples(st.just(FORMS[form]), answered(FORMS[form])) for form in ids)),
            st.lists(st.sampled_from(SPOKEN), max_size=1).map(tuple),
            st.lists(st.sampled_from([rule.event for rule in POLICY.life_events]), max_size=2).map(tuple),
            st.lists(st.sampled_from([rule.factor for rule in POLICY.protective]), max_size=2).map(tuple),
        )
    )


def with_answers(known: Known, form_id: str, changed: Mapping[str, int | None]) -> Known:
    forms = [(form, {**given, **changed} if form.id == form_id else given) for form, given in known.forms]
    return Known(forms, known.words, known.life_events, known.protective)


@given(known=known_sets(), data=st.data())
@slow
def test_more_of_any_symptom_never_lowers_the_level_of_everything_together(known, data):
    could = [(form, item) for form, answers in known.forms for item in symptoms(form, answers)]
    if not could:
        return
    form, item = data.draw(st.sampled_from(could))
    given_now = dict(next(answers for one, answers in known.forms if one is form))[item.id]
    value = data.draw(st.sampled_from(worse(form, item, given_now)))
    changed = with_answers(known, form.id, {item.id: value})
    assert badness(level_of(changed, POLICY).level) >= badness(level_of(known, POLICY).level)


@given(known=known_sets(), level=st.sampled_from(SPOKEN), event=st.sampled_from(POLICY.life_events))
@slow
def test_more_that_was_said_or_that_happened_never_lowers_and_what_holds_changes_nothing(known, level, event):
    now = level_of(known, POLICY).level
    said = Known(known.forms, (*known.words, level), known.life_events, known.protective)
    assert (level_of(said, POLICY).level or 0) >= max(now or 0, level)
    happened = Known(known.forms, known.words, (*known.life_events, event.event), known.protective)
    assert (level_of(happened, POLICY).level or 0) >= (now or 0)
    alone_now = Known(known.forms, known.words, known.life_events, ())
    assert level_of(alone_now, POLICY).level == now


@given(known=known_sets(), data=st.data())
@slow
def test_the_order_of_forms_and_answers_and_an_answer_twice_change_nothing(known, data):
    shuffled = [
        (form, dict(data.draw(st.permutations([*answers.items(), *answers.items()]))))
        for form, answers in data.draw(st.permutations(known.forms))
    ]
    other = Known(shuffled, known.words, known.life_events, known.protective)
    assert level_of(other, POLICY).level == level_of(known, POLICY).level


@given(known=known_sets(), data=st.data())
@slow
def test_a_refused_answer_never_makes_anybody_green(known, data):
    if not known.forms or level_of(known, POLICY).level is Level.GREEN:
        return
    form, answers = data.draw(st.sampled_from(known.forms))
    item = data.draw(st.sampled_from(sorted(answers)))
    assert level_of(with_answers(known, form.id, {item: None}), POLICY).level is not Level.GREEN


@given(known=known_sets(2))
@slow
def test_whatever_is_said_is_true(known):
    now = level_of(known, POLICY).level
    for change in what_would_change(known, POLICY):
        after = level_of(with_answers(known, change.form, change.answers), POLICY).level
        assert after == change.to, change.sentence
        assert after != now, change.sentence
        assert ("不会因此降低" in change.sentence) == ((after or 0) < (now or 0)), change.sentence
        assert (after.colour + "色" if after else "评不了级") in change.sentence


@pytest.mark.parametrize("rule", LIMITS, ids=lambda rule: rule.id)
def test_the_next_limit_is_named_with_the_points_that_are_missing(rule):
    """One point short of a limit, the limit is what is named first among the totals."""
    form = FORMS[rule.instrument]
    answers = just_short(form, rule.threshold)
    changes = [c for c in totals(what_would_change(Known([(form, answers)]), POLICY)) if c.to == rule.level]
    assert changes, rule.id
    after = score_answers(form, {**answers, **changes[0].answers})
    measured = after.total if rule.measure == "total" else after.standard_score
    assert measured is not None
    assert f"（到 {measured} 分）" in changes[0].sentence
    assert measured <= rule.threshold if rule.at_most else measured >= rule.threshold


def totals(changes: Sequence[Change]) -> list[Change]:
    return [change for change in changes if "分）" in change.sentence and "就是" in change.sentence]


def just_short(form: Instrument, limit: int) -> dict[str, int | None]:
    """A complete set as close below a limit as one item after the other comes, items about danger at their best."""
    answers: dict[str, int | None] = {item.id: mildest(form, item) for item in form.items if item.options}
    if form.id == "psqi":
        answers |= SLEEP
    for item in form.items:
        for value in sorted(
            worse(form, item, answers[item.id] or 0), key=lambda v: abs(v - (answers[item.id] or 0))
        ):
            if item.critical is not None or not item.scored:
                continue
            score = score_answers(form, {**answers, item.id: value})
            measured = score.total if score.standard_score is None else score.standard_score
            assert measured is not None
            if (measured <= limit) if form.scoring.high_is_good else (measured >= limit):
                return answers
            answers[item.id] = value
    raise AssertionError(form.id)


def test_the_sentences_of_a_low_and_of_a_high_screen():
    phq9, gad7 = FORMS["phq9"], FORMS["gad7"]
    zeros = {f"q{n}": 0 for n in range(1, 8)}
    low = Known([(phq9, {f"q{n}": 0 for n in range(1, 10)}), (gad7, zeros)])
    said = [change.sentence for change in what_would_change(low, POLICY)]
    assert said[:2] == [
        "心情九问（PHQ-9）第 9 题要是答了「好几天」，就是橙色。",
        "心情九问（PHQ-9）总分要是再多 5 分（到 5 分），就是蓝色。",
    ]
    high = Known([(phq9, {f"q{n}": 2 for n in range(1, 9)} | {"q9": 0})])
    said = [change.sentence for change in what_would_change(high, POLICY)]
    assert (
        "心情九问（PHQ-9）总分要是再少 2 分（到 14 分），按分数就只是黄色。已经定下的级别不会因此降低。"
        in said
    )


def test_what_words_hold_up_has_nothing_that_would_leave_it_lower():
    high = Known([(FORMS["phq9"], {f"q{n}": 2 for n in range(1, 9)} | {"q9": 0})], words=[Level.RED])
    assert what_would_change(high, POLICY) == ()


def test_a_form_of_which_something_was_refused_keeps_the_rest_from_green():
    low = [
        (FORMS["phq9"], {f"q{n}": 0 for n in range(1, 10)}),
        (FORMS["gad7"], {f"q{n}": 0 for n in range(1, 8)}),
    ]
    wellbeing: dict[str, int | None] = {f"q{n}": 5 for n in range(1, 6)}
    assert level_of(Known([*low, (FORMS["who5"], wellbeing)]), POLICY).level is Level.GREEN
    assert level_of(Known([*low, (FORMS["who5"], wellbeing | {"q3": None})]), POLICY).level is None


def test_words_clear_nobody():
    assert level_of(Known(words=[Level.GREEN]), POLICY).level is None


def test_an_incomplete_form_has_no_points_to_miss_and_its_answers_still_count():
    half = Known([(FORMS["phq9"], {"q1": 3, "q9": 0})])
    with pytest.raises(IncompleteAnswers):
        score_answers(FORMS["phq9"], {"q1": 3, "q9": 0})
    assert level_of(half, POLICY).level is None
    [change] = what_would_change(half, POLICY)
    assert (change.to, change.answers) == (Level.ORANGE, {"q9": 1})
