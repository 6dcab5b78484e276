"""What level follows from answers, scores and words; and which tables of levels are refused."""

from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assessments.library import Library
from assessments.scoring import Score, score_answers
from escalation.level_policy import FIVE_COLOURS, LevelPolicyError, level_policy_from, read_level_policy
from escalation.triage import (
    Level,
    Reason,
    Triage,
    core_screen_level,
    in_circumstances,
    triage_alone,
    triage_answer,
    triage_circumstances,
    triage_score,
    triage_words,
    worst,
)

POLICY = read_level_policy()
LIBRARY = Library.from_files()


def scored(form: str, total: int, *critical: str, band: str = "", **values) -> Score:
    return Score(instrument=form, version="1", total=total, band=band, critical=critical, **values)


def level_of(form: str, total: int) -> str | None:
    level = triage_score(scored(form, total), POLICY).level
    return level and level.key


# Both sides of every cut-off of the five-colour table.
CUT_OFFS = {
    "phq9": [(0, None), (4, None), (5, "blue"), (9, "blue"), (10, "yellow"), (14, "yellow"),
             (15, "orange"), (27, "orange")],
    "phq_a": [(4, None), (5, "blue"), (9, "blue"), (10, "yellow"), (14, "yellow"), (15, "orange")],
    "gad7": [(0, None), (4, None), (5, "blue"), (9, "blue"), (10, "yellow"), (14, "yellow"),
             (15, "orange"), (21, "orange")],
    "k10": [(10, None), (15, None), (16, "blue"), (21, "blue"), (22, "yellow"), (29, "yellow"), (30, "orange")],
    "k6": [(12, None), (13, "yellow")],
    "epds": [(9, None), (10, "yellow"), (12, "yellow"), (13, "orange")],
    "gds15": [(4, None), (5, "blue"), (7, "blue"), (8, "yellow"), (9, "yellow"), (10, "orange")],
    "cesd": [(15, None), (16, "blue"), (19, "blue"), (20, "yellow")],
    "srq20": [(7, None), (8, "yellow")],
    "audit": [(15, None), (16, "yellow")],
    "psqi": [(7, None), (8, "blue")],
    "isi": [(7, None), (8, "blue")],
    "phq15": [(9, None), (10, "blue")],
    "phq2": [(0, None), (6, None)],
    "gad2": [(0, None), (6, None)],
}  # fmt: skip


@pytest.mark.parametrize(
    ("form", "total", "level"), [(form, *case) for form, cases in CUT_OFFS.items() for case in cases]
)
def test_every_cut_off_from_both_sides(form, total, level):
    assert level_of(form, total) == level


@pytest.mark.parametrize(
    ("form", "standard", "level"),
    [
        ("sds", 52, None), ("sds", 53, "blue"), ("sds", 62, "blue"), ("sds", 63, "yellow"),
        ("sas", 49, None), ("sas", 50, "blue"), ("sas", 59, "blue"), ("sas", 60, "yellow"),
        ("who5", 52, None), ("who5", 50, "blue"), ("who5", 32, "blue"), ("who5", 28, "yellow"), ("who5", 0, "yellow"),
    ],
)  # fmt: skip
def test_standard_scores_and_wellbeing_where_high_is_good(form, standard, level):
    found = triage_score(scored(form, 20, standard_score=standard), POLICY).level
    assert (found and found.key) == level


@pytest.mark.parametrize(
    ("form", "band", "level"),
    [
        ("cssrs_screener", "red", "red"), ("cssrs_screener", "orange", "orange"),
        ("cssrs_screener", "yellow", "orange"), ("cssrs_screener", "none", None),
        ("pcl5", "positive", "orange"), ("scl90", "positive", "yellow"), ("audit_c", "positive", "blue"),
    ],
)  # fmt: skip
def test_bands_that_an_instrument_decides_by_its_own_rule(form, band, level):
    found = triage_score(scored(form, 0, band=band), POLICY).level
    assert (found and found.key) == level


def test_burnout_counts_when_one_of_the_three_means_reaches_fifty():
    assert triage_score(scored("cbi", 0, subscales={"personal": 49, "work": 49}), POLICY).level is None
    assert triage_score(scored("cbi", 0, subscales={"personal": 20, "work": 50}), POLICY).level is Level.BLUE


@pytest.mark.parametrize("total", range(1, 28))
def test_item_nine_is_never_below_orange_whatever_the_total(total):
    judged = triage_score(scored("phq9", total, "q9"), POLICY)

    assert judged.level is Level.ORANGE
    assert judged.ask_asq
    assert Reason("phq9.item9", ("q9",)) in judged.reasons


@pytest.mark.parametrize(
    ("form", "item", "value", "level", "asks"),
    [
        ("phq9", "q9", 0, None, False),
        ("phq9", "q9", 1, Level.ORANGE, True),
        ("phq9", "q9", 3, Level.ORANGE, True),
        ("phq9", "q9", None, None, True),
        ("phq9", "q8", 3, None, False),
        ("phq9", "q1", None, None, False),
        ("gad7", "q7", 3, None, False),
        ("asq", "q1", 0, None, False),
        ("asq", "q1", 1, Level.ORANGE, False),
        ("asq", "q4", 1, Level.ORANGE, False),
        ("asq", "q2", None, Level.ORANGE, False),
        ("asq", "q5", 0, None, False),
        ("asq", "q5", 1, Level.RED, False),
        ("asq", "q5", None, Level.ORANGE, False),
        ("epds", "q10", 1, Level.ORANGE, True),
        ("epds", "q9", 3, None, False),
        ("scl90", "q15", 1, None, False),
        ("scl90", "q15", 2, Level.ORANGE, True),
        ("srq20", "q17", 1, Level.ORANGE, True),
        ("phq_a", "s1", 1, Level.ORANGE, True),
        ("sds", "q19", 2, None, False),
        ("sds", "q19", 3, None, True),
    ],
)
def test_one_answer_at_the_moment_it_is_given(form, item, value, level, asks):
    judged = triage_answer(form, item, value, POLICY)
    assert (judged.level, judged.ask_asq) == (level, asks)


@pytest.mark.parametrize(
    ("reading", "categories", "imminent", "level", "asks"),
    [
        ("none", set(), False, None, False),
        ("elevated", {"hopelessness_or_burden"}, False, None, True),
        ("crisis", {"passive_wish"}, False, Level.ORANGE, True),
        ("crisis", {"self_harm"}, False, Level.ORANGE, True),
        ("crisis", set(), False, Level.ORANGE, True),
        ("crisis", {"something new"}, False, Level.ORANGE, True),
        ("crisis", {"plan"}, False, Level.RED, True),
        ("crisis", {"means"}, False, Level.RED, True),
        ("crisis", {"preparation_and_farewell"}, False, Level.RED, True),
        ("crisis", {"recent_attempt", "passive_wish"}, False, Level.RED, True),
        ("crisis", {"threat_to_others"}, False, Level.RED, True),
        ("crisis", {"domestic_violence"}, False, Level.RED, True),
        ("crisis", {"active_ideation"}, True, Level.RED, True),
        ("elevated", {"plan"}, False, None, True),
        ("none", set(), True, Level.RED, False),
        ("timeout", set(), False, None, True),
        ("", set(), False, None, True),
    ],
)
def test_words(reading, categories, imminent, level, asks):
    judged = triage_words(reading, categories, imminent, POLICY)
    assert (judged.level, judged.ask_asq) == (level, asks)


LOW = {
    "phq2": scored("phq2", 2, band="negative"),
    "gad2": scored("gad2", 2, band="negative"),
    "phq9": scored("phq9", 4, band="minimal"),
    "gad7": scored("gad7", 4, band="minimal"),
    "asq": scored("asq", 0, band="negative"),
}


def core(*forms: str, **changed: Score) -> Level | None:
    return core_screen_level([changed.get(form, LOW[form]) for form in forms], POLICY).level


def test_only_a_complete_core_screen_is_green():
    assert core("phq9", "gad7") is Level.GREEN
    assert core("phq2", "gad2", "asq") is Level.GREEN
    assert core("phq2", "gad2", "phq9", "gad7") is Level.GREEN
    assert core("phq9", "gad2", "asq") is Level.GREEN  # PHQ-9 contains PHQ-2


@pytest.mark.parametrize(
    "forms", [(), ("phq2",), ("gad2",), ("phq9",), ("gad7",), ("asq",), ("phq2", "gad2"), ("phq2", "asq"), 
              ("phq9", "gad2"), ("phq2", "gad7"), ("phq9", "asq"), ("gad7", "gad2", "asq")]
)  # fmt: skip
def test_less_than_a_core_screen_clears_nobody(forms):
    assert core(*forms) is None


def test_nobody_is_green_beside_a_form_of_which_something_was_not_answered():
    low = [LOW[form] for form in ("phq9", "gad7")]
    assert core_screen_level(low, POLICY).level is Level.GREEN
    assert core_screen_level(low, POLICY, ["who5"]).level is None
    assert core_screen_level(low, POLICY, ["phq2"]).level is Level.GREEN, "its full form was answered"


def test_a_short_form_that_called_for_its_full_form_waits_for_it():
    positive = scored("phq2", 3, band="positive")
    assert core("phq2", "gad2", "asq", phq2=positive) is None
    assert core("phq2", "gad2", "asq", "phq9", phq2=positive) is Level.GREEN


@pytest.mark.parametrize(
    "above", [scored("phq9", 5), scored("gad7", 5), scored("phq9", 1, "q9"), scored("asq", 1, "q2"), scored("k10", 30)]
)  # fmt: skip
def test_anything_above_keeps_the_whole_from_green(above):
    scores = [score for score in LOW.values() if score.instrument != above.instrument]
    assert core_screen_level([*scores, above], POLICY).level is None


def test_one_form_alone_is_green_only_where_the_policy_says_so():
    assert triage_alone(LOW["phq9"], POLICY).level is Level.GREEN
    for form in ("phq2", "gad2", "gad7", "asq"):
        assert triage_alone(LOW[form], POLICY).level is None
    assert triage_alone(scored("phq9", 0, "q9"), POLICY).level is Level.ORANGE
    assert triage_alone(scored("phq_a", 4), POLICY).level is Level.GREEN
    assert triage_alone(scored("phq_a", 4, unasked=("s1",)), POLICY).level is None


def test_what_was_not_asked_of_a_young_person_is_not_a_no():
    form = LIBRARY["phq_a"]
    zeros = {f"q{number}": 0 for number in range(1, 10)}
    assert score_answers(form, zeros).unasked == ("s1", "s2")
    assert score_answers(form, {**zeros, "s1": 0}).unasked == ("s2",)
    assert score_answers(form, {**zeros, "s1": 0, "s2": 0}).unasked == ()
    raised = {**zeros, "q1": 3, "q2": 3, "q3": 3, "q4": 3, "q5": 3}
    assert triage_alone(score_answers(form, raised), POLICY).level is Level.ORANGE, "a total still counts"
    assert score_answers(LIBRARY["asq"], {f"q{n}": 0 for n in range(1, 5)}).unasked == (), "not called for"


CSSRS = LIBRARY.to_score("cssrs_screener")


@pytest.mark.parametrize(
    ("item", "level"),
    [("q1", "orange"), ("q2", "orange"), ("q3", "orange"), ("q4", "red"), ("q5", "red"), ("q6", "orange"),
     ("q6_recent", "red")],
)  # fmt: skip
def test_each_answer_of_the_columbia_screener_counts_at_once(item, level):
    judged = triage_answer("cssrs_screener", item, 1, POLICY)
    assert judged.level is not None
    assert judged.level.key == level
    assert triage_answer("cssrs_screener", item, 0, POLICY) == Triage()
    assert triage_answer("cssrs_screener", item, None, POLICY).level is Level.ORANGE


@given(st.fixed_dictionaries({item.id: st.integers(0, 1) for item in CSSRS.items}))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_columbia_screener_answer_by_answer_is_never_below_its_own_triage(answers):
    score = score_answers(CSSRS, answers)
    singly = worst(*(triage_answer(CSSRS.id, item, value, POLICY) for item, value in answers.items()))
    assert rank(singly) == rank(triage_score(score, POLICY))
    red = any(answers[item] for item in ("q4", "q5", "q6_recent"))
    assert (singly.level is Level.RED) == red
    assert (singly.level is None) == (not any(answers.values()))


def test_thoughts_of_death_on_the_scl90_are_asked_about():
    assert triage_answer("scl90", "q59", 1, POLICY) == Triage()
    judged = triage_answer("scl90", "q59", 2, POLICY)
    assert (judged.level, judged.ask_asq) == (None, True)


EVENTS = [rule.event for rule in POLICY.life_events]
FACTORS = [rule.factor for rule in POLICY.protective]
some_level = st.sampled_from([None, *Level])
some_events = st.sets(st.sampled_from([*EVENTS, "something else", "none"]))
some_factors = st.sets(st.sampled_from([*FACTORS, "something else"]))


@pytest.mark.parametrize(
    ("level", "events", "reached"),
    [
        ("blue", ["bereavement"], "yellow"), ("blue", ["debt", "unemployment"], "yellow"),
        ("green", ["bereavement"], "blue"), ("green", ["bereavement", "debt", "violence"], "blue"),
        ("blue", ["retirement"], "blue"), ("green", ["retirement"], "blue"), ("blue", ["none"], "blue"),
        ("yellow", ["violence"], "yellow"), ("orange", ["debt"], "orange"), ("red", ["birth"], "red"),
    ],
)  # fmt: skip
def test_what_happened_in_a_life_makes_green_blue_and_blue_yellow(level, events, reached):
    judged = in_circumstances(Level[level.upper()], events, [], POLICY)
    assert judged.level is Level[reached.upper()]
    assert [POLICY.worker_sentence(reason) for reason in judged.reasons] or events == ["none"]


@given(some_level, some_events, some_factors)
def test_circumstances_never_lower_never_pass_yellow_and_never_rate_what_was_not_rated(level, events, held):
    judged = in_circumstances(level, events, held, POLICY)
    assert rank(judged) >= (level or 0)
    assert judged.level is level or (judged.level or 0) <= Level.YELLOW
    assert (judged.level is None) == (level is None)
    assert rank(in_circumstances(level, events, [], POLICY)) == rank(judged), (
        "what holds somebody lowers nothing"
    )
    assert triage_circumstances(events, held, POLICY).level is None


@given(some_level, some_level, some_events, some_events)
def test_more_symptoms_or_more_events_never_come_out_lower(one, other, events, more):
    low, high = sorted((one, other), key=lambda level: level or 0)
    assert rank(in_circumstances(high, events, [], POLICY)) >= rank(in_circumstances(low, events, [], POLICY))
    assert rank(in_circumstances(one, events | more, [], POLICY)) >= rank(
        in_circumstances(one, events, [], POLICY)
    )


def test_the_events_are_those_of_the_reader_of_context():
    from models.context.labels import NONE, labels_of

    assert set(EVENTS) == set(labels_of("life_event")) - {NONE}


def test_a_table_of_the_first_version_is_still_read():
    data = yaml.safe_load(FIVE_COLOURS.read_text("utf-8"))
    del data["life_events"], data["protective"]
    old = level_policy_from(yaml.safe_dump(data, allow_unicode=True), "old")
    assert in_circumstances(Level.BLUE, EVENTS, FACTORS, old) == Triage(Level.BLUE)


def test_the_worst_single_rule_decides_and_every_reason_is_kept():
    judged = worst(
        Triage(Level.BLUE, (Reason("phq9.total.5"),)),
        Triage(Level.RED, (Reason("asq.acute", ("q5",)),)),
        Triage(None, (Reason("words.elevated"),), ask_asq=True),
        Triage(Level.RED, (Reason("asq.acute", ("q5",)),)),
    )
    assert judged == Triage(
        Level.RED,
        (Reason("asq.acute", ("q5",)), Reason("phq9.total.5"), Reason("words.elevated")),
        ask_asq=True,
    )


def test_nothing_judged_is_not_rated_and_green_never_stands_beside_an_open_question():
    assert worst() == Triage()
    assert worst(Triage(Level.GREEN), Triage(ask_asq=True)).level is None
    assert worst(Triage(Level.BLUE), Triage(ask_asq=True)).level is Level.BLUE


def rank(judged: Triage) -> int:
    return judged.level or 0


@given(st.lists(st.integers(0, 3), min_size=9, max_size=9), st.integers(0, 8))
def test_a_worse_answer_never_lowers_the_level(values, worse):
    raised = [min(3, value + 1) if n == worse else value for n, value in enumerate(values)]
    before, after = (
        triage_score(
            score_answers(LIBRARY["phq9"], {f"q{n}": value for n, value in enumerate(all_values, 1)}), POLICY
        )
        for all_values in (values, raised)
    )
    assert rank(after) >= rank(before)


@given(st.lists(st.sampled_from([Triage(level) for level in (None, *Level)])), st.sampled_from(Level))
def test_one_more_finding_never_lowers_the_level(found, level):
    assert rank(worst(*found, Triage(level))) == max([level, *(rank(triage) for triage in found)])


def test_levels_have_words_and_sentences_without_a_colour_or_a_score():
    assert [level.word for level in Level] == [
        "平稳",
        "留意一下",
        "建议聊聊",
        "建议有人帮忙",
        "请让我们现在就帮您",
    ]
    assert "".join(level.colour for level in Level) == "绿蓝黄橙红"
    assert [level.key for level in Level] == ["green", "blue", "yellow", "orange", "red"]
    for level in (*Level, None):
        sentence = POLICY.resident_sentence(level)
        assert level is None or level.word in sentence
        assert not any(word in sentence for word in "绿蓝黄橙红分")
        assert not any(
            word in sentence for word in ("诊断", "患者", "重点人", "高危", "异常", "患有", "治疗", "保密")
        )


def test_every_reason_that_can_be_given_has_its_sentence_for_workers():
    rules = [*POLICY.answers, *POLICY.scores, *POLICY.bands, *POLICY.words]
    for reason in [*(Reason(rule.id) for rule in rules), Reason("core_screen.clear"), Reason("alone.low")]:
        assert POLICY.worker_sentence(reason)


def test_the_categories_are_those_of_the_reader_of_words():
    from models.crisis.rulebook import CATEGORIES

    assert {rule.category for rule in POLICY.words if rule.category} <= CATEGORIES


def test_the_policy_waits_for_a_clinician():
    assert POLICY.signed_by is None
    assert (POLICY.id, POLICY.version) == ("five_colours", "2")


@pytest.fixture
def changed(tmp_path: Path):
    def write(change) -> Path:
        data = yaml.safe_load(FIVE_COLOURS.read_text("utf-8"))
        change(data)
        path = tmp_path / "policy.yml"
        path.write_text(yaml.safe_dump(data, allow_unicode=True), "utf-8")
        return path

    return write


def phq9_levels(**levels):
    return lambda data: data["scores"][0].update(levels=levels)


def without_words(*ids):
    return lambda data: data.update(words=[rule for rule in data["words"] if rule["id"] not in ids])


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda d: d.update(colour="blue"), "不认识"),
        (lambda d: d["answers"][0].update(at_most=3), "不认识"),
        (lambda d: d["scores"][0].update(level="red"), "不认识"),
        (lambda d: d["words"][0].update(score=1), "不认识"),
        (lambda d: d["residents"].update(purple="…"), "不认识"),
        (lambda d: d["residents"].pop("orange"), "缺少"),
        (lambda d: d["residents"].update(red=" "), "不能空着"),
        (lambda d: d.pop("signed_by"), "缺少"),
        (lambda d: d.update(signed_by=""), "不能空着"),
        (lambda d: d["answers"][0].pop("worker"), "缺少"),
        (lambda d: d["answers"][0].update(worker=""), "不能空着"),
        (lambda d: d["answers"][0].update(level="crimson"), "级别只能是"),
        (lambda d: d["answers"][0].update(level="green"), "级别只能是"),
        (lambda d: d["answers"][0].update(level=None, ask_asq=False), "至少要问"),
        (lambda d: d["answers"][0].update(refused=True), "只写一个"),
        (lambda d: d["answers"].append(dict(d["answers"][0], id="again")), "已经有一条"),
        (lambda d: d["answers"].append(dict(d["answers"][0])), "用了两次"),
        (phq9_levels(blue=5, yellow=5, orange=15), "重叠"),
        (phq9_levels(blue=10, yellow=5), "重叠"),
        (phq9_levels(orange=28), "永远到不了"),
        (phq9_levels(blue=0), "人人都到"),
        (phq9_levels(blue=5.5), "整数"),
        (phq9_levels(), "没有写"),
        (lambda d: d["scores"][11].update(levels={"blue": 28, "yellow": 50}), "重叠"),
        (lambda d: d["never_above_yellow"].append("gad7"), "最高到黄色"),
        (without_words("words.crisis"), "crisis"),
        (without_words("words.imminent"), "imminent"),
        (without_words("words.elevated"), "elevated"),
        (without_words("words.unread"), "unread"),
        (lambda d: d["words"][1].update(imminent=True), "只写一个"),
        (lambda d: d["words"][1].update(reading="red"), "只能写"),
        (lambda d: d["other_reasons"].pop("alone.low"), "alone.low"),
        (lambda d: d["answers"].clear(), "不能空着"),
        (lambda d: d["life_events"][0].update(at_most="orange"), "最多加到黄色"),
        (lambda d: d["life_events"][1].update(event="bereavement"), "写了两次"),
        (lambda d: d["protective"][0].update(level="green"), "不认识"),
    ],
)  # fmt: skip
def test_a_table_that_could_lose_somebody_is_refused(changed, change, why):
    with pytest.raises(LevelPolicyError, match=why):
        read_level_policy(changed(change))


def test_a_key_written_twice_is_refused(tmp_path):
    path = tmp_path / "policy.yml"
    path.write_text(FIVE_COLOURS.read_text("utf-8") + '\nversion: "2"\n', "utf-8")
    with pytest.raises(LevelPolicyError, match="写了两次"):
        read_level_policy(path)


def test_a_signed_table_says_who_signed_it(changed):
    assert (
        read_level_policy(changed(lambda d: d.update(signed_by="某某主任医师"))).signed_by == "某某主任医师"
    )
