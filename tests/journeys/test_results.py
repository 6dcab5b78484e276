"""Results that people can use: a resident's own trend in words, and a worker's panel with reasons and no answer."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from assessments import store as sittings
from assessments.administration import Administration
from assessments.scoring import score_answers
from server.results_desk import WORDS
from storage.audit import AuditEntry
from tests.support.town import Resident, Town

JUDGING = ("诊断", "患者", "高危", "异常", "治疗", "变好", "变差", "好转", "恶化", "重度")


@pytest.fixture
def resident(town: Town) -> Resident:
    somebody = town.resident(place="puyan-hall")
    somebody.agrees()
    return somebody


def again(town: Town, resident: Resident, **answers: int) -> dict[str, Any]:
    """Another screening, some days later; what the page then says of before."""
    town.clock.advance(hours=5)
    resident.completes(**answers)
    return own(resident)


def own(resident: Resident) -> dict[str, Any]:
    answer = resident.sends("GET", "/results")
    assert answer.status_code == 200, answer.text
    return {one["instrument"]: one for one in answer.json()["trends"]}


def keeps(town: Town, resident: Resident, form_id: str, values: Callable[[str], int | None]) -> uuid.UUID:
    """A questionnaire that this resident finished at this moment, as a door keeps it: answers, then the score."""
    form = town.services.intake.library.to_score(form_id)
    with town.database.transaction() as db:
        like = db.scalars(
            select(Administration)
            .where(Administration.state == "finished")
            .order_by(Administration.started_at)
        ).first()
        assert like is not None
        made = Administration(
            resident_id=like.resident_id, session_id=like.session_id, sitting_id=uuid.uuid4(),
            instrument=form.id, version=form.version, content_hash=form.content_hash, state="finished",
            started_at=town.clock.now, route="core",
        )  # fmt: skip
        db.add(made)
        db.flush()
        answers = {item.id: values(item.id) for item in form.items}
        for item, value in answers.items():
            sittings.record(db, town.database.vault, made, item, value, town.clock.now)
        complete = None not in answers.values()
        score = score_answers(form, answers) if complete else None
        sittings.keep_score(town.database.vault, made, score, town.clock.now)
        return made.id


def test_the_first_time_there_is_nothing_to_compare(resident: Resident) -> None:
    assert own(resident) == {}
    resident.completes(mood=2, worry=2)
    assert own(resident) == {}


def test_the_second_time_a_small_difference_is_no_change(town: Town, resident: Resident) -> None:
    resident.completes(mood=2, worry=2)  # PHQ-9: 8 * 2 = 16; GAD-7: 14
    trends = again(town, resident, mood=2, worry=2)
    assert [point["total"] for point in trends["phq9"]["points"]] == [16, 16]
    assert trends["phq9"]["words"] == "和上次差不多，没有明显变化。"
    assert trends["gad7"]["words"] == "和上次差不多，没有明显变化。"


def test_what_is_outside_the_band_is_said_both_ways(town: Town, resident: Resident) -> None:
    resident.completes(mood=2, worry=2)
    worse = again(town, resident, mood=3, worry=3)  # 24 and 21: 8 and 7 points
    assert worse["phq9"]["words"] == WORDS["own"]["worse"]
    assert worse["gad7"]["words"] == WORDS["own"]["worse"]
    better = again(town, resident, mood=2, worry=2)
    assert better["phq9"]["words"] == WORDS["own"]["better"]
    assert [point["total"] for point in better["phq9"]["points"]] == [16, 24, 16]


def test_a_form_without_a_sourced_reliability_says_nothing_of_change(town: Town, resident: Resident) -> None:
    resident.completes(mood=2)
    trends = again(town, resident, mood=3)
    assert "phq2" in trends
    assert trends["phq2"]["words"] == "做过 2 次了。高一点低一点都常有，光看这几个数，说不准有没有变化。"


def test_what_was_not_finished_is_no_point(town: Town, resident: Resident) -> None:
    resident.completes(mood=2, worry=2)
    town.clock.advance(hours=5)
    keeps(town, resident, "phq9", lambda item: None if item == "q4" else 0)
    assert own(resident) == {}, "an incomplete set is never a low score"


def test_the_safety_questions_and_what_is_for_staff_are_not_the_residents(
    town: Town, resident: Resident
) -> None:
    resident.completes(mood=2, worry=2)
    for _ in range(2):
        town.clock.advance(hours=5)
        keeps(town, resident, "pcl5", lambda _: 2)
        keeps(town, resident, "asq", lambda _: 0)
        keeps(town, resident, "phq9", lambda _: 0)
    assert set(own(resident)) == {"phq9"}
    resident.turn = type(resident.turn).model_validate(resident.sends("GET", "").json())
    titles = [detail.title for detail in resident.turn.result.details]
    assert len(titles) == 6
    assert not [title for title in titles if "PCL" in title]


def test_nobody_sees_anothers(town: Town, resident: Resident) -> None:
    resident.completes(mood=2)
    again(town, resident, mood=3)
    neighbour = town.resident(place="xixing-hall")
    neighbour.agrees()
    assert own(neighbour) == {}


def test_what_residents_read_judges_nobody() -> None:
    said = str(WORDS["own"]) + str(WORDS["paper"])
    assert not [word for word in JUDGING if word in said]
    inside = WORDS["own"]["unclear"] + WORDS["own"]["no_basis"] + WORDS["staff"]["unclear"]
    assert not [word for word in ("好转", "减轻", "加重", "变好", "变差") if word in inside]


# --- the worker's panel ----------------------------------------------------------------------------


def test_a_worker_sees_reasons_totals_and_trends_without_an_answer(town: Town, resident: Resident) -> None:
    resident.completes(mood=2, worry=2, q9=1, asq=0)
    again(town, resident, mood=3, worry=2, q9=1)
    officer = town.officer("puyan")
    code = officer.only_ticket()["code"]
    seen = officer.does("GET", f"/tickets/{code}/results")

    newest = next(one for one in seen["administrations"] if one["instrument"] == "phq9")
    assert (newest["total"], newest["highest"], newest["band"]) == (25, 27, "困扰非常多")
    assert newest["level"] == "orange"
    assert "9" in {item for reason in newest["reasons"] for item in reason["items"]}
    assert newest["percentile"] is None
    assert newest["norms"] is None
    trend = next(one for one in seen["trends"] if one["instrument"] == "phq9")
    assert [point["total"] for point in trend["points"]] == [17, 25]
    assert trend["band"] == pytest.approx(5.704, abs=0.001)
    assert trend["since_last"] == "比较后有可靠变化：困扰加重（变化 +8 分，超出误差范围 ±5.7 分）。"
    assert "asq" in {one["instrument"] for one in seen["administrations"]}
    assert "asq" not in {one["instrument"] for one in seen["trends"]}
    assert not {"answers", "given", "items", "value"} & set(newest), "no answer is in it"
    assert set(trend["points"][0]) == {"at", "total"}


def test_a_form_with_norms_has_percentiles_and_one_with_gaps_has_nothing(
    town: Town, resident: Resident
) -> None:
    resident.completes(mood=2, worry=2, q9=1)
    keeps(town, resident, "scl90", lambda _: 2)
    town.clock.advance(minutes=1)
    keeps(town, resident, "scl90", lambda item: None if item in ("q4", "q90") else 3)
    officer = town.officer("puyan")
    code = officer.only_ticket()["code"]
    seen = officer.does("GET", f"/tickets/{code}/results")
    gaps, whole = [one for one in seen["administrations"] if one["instrument"] == "scl90"]

    assert (whole["total"], whole["percentile"]) == (180, 90)  # (180 - 129.96) / 38.76 = 1.291: 90.17
    by_name = {figure["name"]: figure for figure in whole["figures"]}
    assert by_name["抑郁"]["value"] == 2
    assert by_name["抑郁"]["percentile"] == 80  # (2 - 1.50) / 0.59 = 0.847: 80.16
    assert "1986" in whole["norms"]
    assert "不决定等级" in whole["norms"]
    assert gaps["note"] == "有 2 题没有答，没有总分，也不分段。这不等于低分。"
    assert {gaps[name] for name in ("total", "band", "percentile", "standard_score")} == {None}
    assert gaps["figures"] == []


def test_quality_is_shown_and_repeats_no_answer(town: Town, resident: Resident) -> None:
    resident.completes(mood=2, worry=2, q9=1)
    keeps(town, resident, "gds15", lambda _: 1)
    officer = town.officer("puyan")
    code = officer.only_ticket()["code"]
    seen = officer.does("GET", f"/tickets/{code}/results")
    shown = next(one for one in seen["administrations"] if one["instrument"] == "gds15")
    assert any("同一格" in sentence for sentence in shown["quality"])
    assert WORDS["staff"]["contradiction"] in shown["quality"]
    assert "空荡荡" not in str(shown)


def test_reading_results_is_recorded_each_time_and_refused_to_those_it_is_not_for(
    town: Town, resident: Resident
) -> None:
    resident.completes(mood=2, worry=2, q9=1)
    officer, stranger, auditor = (
        town.officer("puyan"), town.officer("xixing"), town.officer("desk", "auditor", "吴清")
    )  # fmt: skip
    code = officer.only_ticket()["code"]
    for _ in range(2):
        officer.does("GET", f"/tickets/{code}/results")
    assert stranger.asks("GET", f"/tickets/{code}/results").status_code == 404
    assert auditor.asks("GET", f"/tickets/{code}/results").status_code == 409
    assert stranger.asks("GET", "/tickets/%00/results").status_code == 404

    with town.database.transaction() as db:
        reads = [row for row in db.scalars(select(AuditEntry)) if row.action == "results.read"]
        assert [(row.actor, row.subject, row.purpose) for row in reads] == [
            (officer.username, f"ticket:{code}", "casework")
        ] * 2


def test_nothing_of_this_changes_a_level(town: Town, resident: Resident) -> None:
    resident.completes(mood=2, worry=2, q9=1)
    officer = town.officer("puyan")
    before = officer.only_ticket()
    again(town, resident, mood=0, worry=0)
    officer.does("GET", f"/tickets/{before['code']}/results")
    after = officer.only_ticket()
    assert (after["level"], after["state"]) == (before["level"], before["state"])
