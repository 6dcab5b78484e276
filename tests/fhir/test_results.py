"""Scores, levels and tickets as Observations, RiskAssessment and Task: the same figures, under a pseudonym."""

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from fhir.resources.R4B.bundle import Bundle

from assessments.errors import IncompleteAnswers
from assessments.instrument import Answers, Instrument
from assessments.scoring import score_answers
from escalation import ticket as tickets
from escalation.level_policy import read_level_policy
from escalation.triage import Level, Triage, triage_alone
from server.fhir import names
from server.fhir.bundle import Answered, bundle_of
from server.fhir.observation import observations_of
from server.fhir.reading import json_of, plain, resource_from
from server.fhir.risk import risk_of
from server.fhir.task import STATES, TicketFacts, task_of
from tests.fhir.forms import FORMS, IDS, LIBRARY, complete

POLICY = read_level_policy()
NOW = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
SUBJECT = {"type": "Patient", "identifier": {"system": "s", "value": "p"}}
TICKET = TicketFacts(
    "HB-1", "danger", "accepted", Level.ORANGE, "puyan-judicial", NOW, due_at=NOW + timedelta(hours=2)
)


def bundle(form: Instrument, answers: Answers, ticket: TicketFacts | None = None) -> dict[str, Any]:
    answered = Answered(UUID(int=7), form, answers, True, NOW)
    made = bundle_of(answered, POLICY, pseudonym="ab12", ticket=ticket, at=NOW)
    assert json_of(resource_from(json_of(made), Bundle)) == json_of(made)
    return plain(made)


def of_kind(bundle: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [one["resource"] for one in bundle["entry"] if one["resource"]["resourceType"] == kind]


def code(concept: dict[str, Any], system: str) -> str:
    return next(one["code"] for one in concept["coding"] if one["system"] == system)


@pytest.mark.parametrize("form", FORMS, ids=IDS)
def test_each_figure_is_an_observation_and_each_says_what_the_score_says(form: Instrument) -> None:
    chance = random.Random(f"figures {form.id}")
    for _ in range(10):
        score = score_answers(form, complete(form, chance))
        found = {
            code(one["code"], names.system(f"{form.id}/results")): one
            for one in map(plain, observations_of(form, score))
        }
        figures = {"total": score.total, "standard_score": score.standard_score, **score.subscales}
        for name, figure in figures.items():
            if figure is None:
                assert name not in found
            else:
                assert found[name]["valueQuantity"]["value"] == pytest.approx(figure, abs=1e-9)
        for name, stands in score.flags.items():
            assert found[name]["valueBoolean"] is stands
        bands = {
            code(said, names.system(f"{form.id}/bands"))
            for one in found.values()
            for said in [*one.get("interpretation", ()), *filter(None, [one.get("valueCodeableConcept")])]
        }
        assert bands == {score.band}
        assert len(found) == sum(f is not None for f in figures.values()) + len(score.flags) + (
            not form.scoring.has_total
        )


def test_the_total_of_phq9_has_its_loinc_code_and_k10_has_none() -> None:
    for name, codes in (("phq9", ["44261-6"]), ("k10", [])):
        form = LIBRARY.to_score(name)
        score = score_answers(form, {item.id: 1 for item in form.items})
        total = plain(observations_of(form, score)[0])
        assert [c["code"] for c in total["code"]["coding"] if c["system"] == names.LOINC] == codes


@pytest.mark.parametrize("form", FORMS, ids=IDS)
def test_the_level_names_its_rules_and_never_what_was_answered(form: Instrument) -> None:
    chance = random.Random(f"levels {form.id}")
    for _ in range(10):
        answers = complete(form, chance)
        triage = triage_alone(score_answers(form, answers), POLICY)
        risk = plain(risk_of(triage, POLICY, subject=SUBJECT))
        level = code(risk["prediction"][0]["qualitativeRisk"], names.system("levels"))
        assert level == (triage.level.key if triage.level else "not-rated")
        rules = {one["identifier"]["value"] for one in risk.get("basis", ())}
        assert rules == {reason.rule for reason in triage.reasons}
        said = [one["text"] for one in risk.get("reasonCode", ())]
        assert set(said) == {POLICY.fixed_reasons[rule] for rule in rules}
        assert risk["method"]["coding"][0]["code"] == POLICY.edition


def test_nothing_judged_is_not_rated_and_not_green() -> None:
    risk = plain(risk_of(Triage(), POLICY, subject=SUBJECT))
    assert code(risk["prediction"][0]["qualitativeRisk"], names.system("levels")) == "not-rated"
    assert "basis" not in risk
    assert "reasonCode" not in risk


def test_an_incomplete_set_has_no_figure_and_its_critical_answer_still_counts() -> None:
    phq9 = LIBRARY.to_score("phq9")
    with pytest.raises(IncompleteAnswers):
        score_answers(phq9, {"q9": 2})
    sent = bundle(phq9, {"q1": None, "q9": 2})
    assert of_kind(sent, "Observation") == []
    level = of_kind(sent, "RiskAssessment")[0]["prediction"][0]["qualitativeRisk"]
    assert code(level, names.system("levels")) == "orange"
    nothing = of_kind(bundle(phq9, {}), "RiskAssessment")[0]["prediction"][0]["qualitativeRisk"]
    assert code(nothing, names.system("levels")) == "not-rated"


def states_of_tickets() -> Sequence[str]:
    """The states as the ticket's own module writes them."""
    said = str(tickets.__doc__)
    return [state for state in ("requested", "accepted", "in-progress", "completed") if state in said]


def test_each_state_of_a_ticket_is_a_state_of_a_task() -> None:
    assert list(STATES) == list(states_of_tickets())
    for state, status in STATES.items():
        assert plain(task_of(replace(TICKET, state=state), subject=SUBJECT))["status"] == status
    with pytest.raises(KeyError):
        task_of(replace(TICKET, state="lost"), subject=SUBJECT)


def test_a_task_is_as_urgent_as_its_level_and_ends_when_the_ticket_does() -> None:
    urgency = [
        plain(task_of(replace(TICKET, level=level), subject=SUBJECT))["priority"]
        for level in sorted(Level, reverse=True)
    ]
    assert urgency == ["stat", "asap", "urgent", "routine", "routine"]
    closed = replace(TICKET, state="completed", closed_at=NOW, outcome="supported", due_at=None)
    task = plain(task_of(closed, subject=SUBJECT))
    assert task["executionPeriod"] == {"start": "2026-11-23T08:30:00Z", "end": "2026-11-23T08:30:00Z"}
    assert task["businessStatus"]["coding"][0]["code"] == "supported"
    assert "restriction" not in task
    assert plain(task_of(TICKET, subject=SUBJECT))["restriction"]["period"]["end"] == "2026-11-23T10:30:00Z"


@pytest.mark.parametrize("form", FORMS, ids=IDS)
def test_a_bundle_hangs_together_and_names_a_pseudonym_only(form: Instrument) -> None:
    answers = complete(form, random.Random(form.id))
    sent = bundle(form, answers, TICKET)
    addresses = [one["fullUrl"] for one in sent["entry"]]
    assert len(set(addresses)) == len(addresses)
    assert sent == bundle(form, answers, TICKET), "the same administration has the same addresses"
    for one in of_kind(sent, "Observation"):
        assert one["derivedFrom"] == [{"reference": addresses[0]}]
    risk = of_kind(sent, "RiskAssessment")[0]
    assert {one["reference"] for one in risk["basis"] if "reference" in one} <= set(addresses)
    for one in sent["entry"]:
        person = one["resource"].get("subject") or one["resource"]["for"]
        assert person == {
            "type": "Patient", "identifier": {"system": f"{names.BASE}/pseudonym", "value": "ab12"}
        }  # fmt: skip
    wording = [item.text for item in form.items if item.text]
    text = json.dumps(sent, ensure_ascii=False)
    assert not [words for words in wording if words in text], "no wording goes out with answers"
