"""Promises about every instrument that we ship, whoever adds the next one."""

import ast
from pathlib import Path

import pytest
import yaml

from assessments.library import FOLDER, Library
from escalation.level_policy import FIVE_COLOURS, read_level_policy

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = Library.from_files()
POLICY = read_level_policy()
RANGES = {
    raw["instrument"]: (raw["measure"], raw["range"])
    for raw in yaml.safe_load(FIVE_COLOURS.read_text("utf-8"))["scores"]
}
NOT_FOR_RESIDENTS = ("诊断", "患者", "重点人", "高危", "异常", "患有", "治疗", "完全保密", "不确定")
every_instrument = pytest.mark.parametrize("instrument", LIBRARY, ids=lambda instrument: instrument.id)


def test_the_core_screening_is_there():
    assert {"phq2", "gad2", "phq9", "gad7", "asq"} <= {instrument.id for instrument in LIBRARY}


@every_instrument
def test_it_says_where_it_comes_from_who_allows_it_and_where_it_may_be_used(instrument):
    assert all(len(text) > 15 for text in (instrument.source, instrument.rights, instrument.setting))


@every_instrument
def test_wording_of_our_own_says_that_it_is_not_validated(instrument):
    if instrument.translation == "own":
        assert "own translation, not validated" in instrument.rights


@every_instrument
def test_it_has_a_page_that_names_its_version_and_what_it_is_not(instrument):
    page = (ROOT / "docs" / "instruments" / f"{instrument.id}.md").read_text("utf-8")
    assert f"Version {instrument.version}" in page
    assert "## What it is not" in page


@every_instrument
def test_residents_read_nothing_that_sounds_like_a_verdict(instrument):
    shown = [instrument.title, instrument.intro, instrument.timeframe]
    shown += [item.text for item in instrument.items] + [band.name for band in instrument.bands]
    shown += [item.critical.say for item in instrument.items if item.critical]
    shown += [option.label for item in instrument.items for option in item.options]
    for text in shown:
        assert not [word for word in NOT_FOR_RESIDENTS if word in text], text


@every_instrument
def test_each_critical_item_is_acted_on_by_the_policy_from_the_same_value(instrument):
    for item in instrument.items:
        if item.critical is None:
            continue
        acted_on = [r for r in POLICY.answers if r.instrument == instrument.id and item.id in r.items]
        assert item.critical.at_least in [rule.at_least for rule in acted_on], item.id
        assert item.critical.refusal_counts is False or any(rule.refused for rule in acted_on), item.id


@every_instrument
def test_the_policy_counts_on_the_range_that_the_form_has(instrument):
    measure, span = RANGES.get(instrument.id, (None, None))
    if measure == "total":
        assert span == [instrument.lowest_total, instrument.highest_total]


@every_instrument
def test_the_policy_speaks_only_of_items_that_the_form_has(instrument):
    for rule in POLICY.answers:
        if rule.instrument == instrument.id:
            assert set(rule.items) <= {item.id for item in instrument.items}


@pytest.mark.parametrize("form", ["phq2", "gad2", "phq9", "gad7"])
def test_the_lowest_answer_reads_not_at_all(form):
    for item in LIBRARY[form].items:
        assert item.options[0].label == "完全不会"


def test_what_is_for_non_commercial_use_stands_in_its_own_folder():
    assert (FOLDER / "noncommercial" / "README.md").exists()
    for path in FOLDER.glob("*.yml"):
        rights = yaml.safe_load(path.read_text("utf-8"))["rights"].lower()
        assert "non-commercial" not in rights
        assert "by-nc" not in rights


@pytest.mark.parametrize(
    ("module", "allowed"),
    [
        ("assessments/errors.py", set()),
        ("assessments/instrument.py", {"assessments.errors"}),
        ("assessments/scoring.py", {"assessments.errors", "assessments.instrument"}),
        ("assessments/staging.py", {"assessments.instrument", "assessments.scoring"}),
        ("escalation/triage.py", {"assessments.scoring"}),
    ],
)
def test_rules_import_only_the_standard_library_and_each_other(module, allowed):
    ours = ("assessments", "escalation", "residents", "models", "bot", "server", "storage")
    for node in ast.walk(ast.parse((ROOT / module).read_text("utf-8"))):
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        for name in names:
            if name.split(".")[0] in (*ours, "yaml", "sqlalchemy"):
                assert name in allowed, f"{module} imports {name}"
