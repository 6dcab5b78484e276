"""What the companion keeps and says in a whole conversation: exercises, a plan, moods, echoes, coming back."""

import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.companion.keeping import MoodMark, SafetyPlan, SkillRun
from bot.companion.skills import read_skills
from storage.database import Database
from tests.support.acting_dialogue import ActingDialogue
from tests.support.clock import MovableClock
from tests.support.town import Resident, Town


@pytest.fixture
def town(database: Database, tmp_path: Path) -> Iterator[Town]:
    town = Town(database, MovableClock(), tmp_path, rasa=ActingDialogue())
    yield town
    town.close()


def begins(town: Town) -> Resident:
    resident = town.resident()
    resident.agrees()
    return resident


def said(resident: Resident) -> list[str]:
    return [m.text for m in resident.turn.messages if m.author == "program"]


def write_plan(resident: Resident, words: dict[str, str]) -> dict[str, str]:
    answer = resident.sends("PUT", "/plan", {"steps": words})
    assert answer.status_code == 200, answer.text
    return {step["id"]: step["words"] for step in answer.json()["steps"]}


def plan_of(resident: Resident) -> dict[str, str]:
    return {s["id"]: s["words"] for s in resident.sends("GET", "/plan").json()["steps"] if s["words"]}


def test_an_exercise_is_done_by_taps_and_by_words_and_is_over_after_its_last_step(town: Town) -> None:
    resident = begins(town)
    resident.chooses("grounding")
    assert resident.turn.skill is not None
    first, of = resident.turn.skill.number, resident.turn.skill.of
    assert (first, resident.turn.skill.title) == (1, read_skills()["grounding"].title)
    resident.chooses(resident.turn.skill.buttons[0].choice)
    assert resident.turn.skill.number == 2
    for _ in range(4 * of):
        if resident.turn.skill is None:
            break
        resident.says("好了")
    assert resident.turn.skill is None
    assert said(resident)[-1] == read_skills()["grounding"].finish[-1].replace(
        "⟦热线⟧", town.services.turns.fill("⟦热线⟧", _standing(town, resident))
    )


def _standing(town: Town, resident: Resident):  # type: ignore[no-untyped-def]
    from bot.standing import standing_of
    from residents.store import session_by_token

    with town.database.transaction() as db:
        return standing_of(db, town.services.intake, session_by_token(db, resident.token))  # type: ignore[arg-type]


def test_a_question_in_the_middle_is_answered_and_the_step_said_again(town: Town) -> None:
    resident = begins(town)
    resident.chooses("grounding")
    step = said(resident)[-1]
    resident.says("热线电话多少")
    assert any("12356" in text for text in said(resident))
    assert said(resident)[-1] == step
    assert resident.turn.skill is not None
    assert resident.turn.skill.number == 1


def test_back_skip_and_stop(town: Town) -> None:
    resident = begins(town)
    resident.chooses("grounding")
    resident.chooses("skill_skip")
    assert resident.turn.skill is not None
    assert resident.turn.skill.number == 2
    resident.chooses("skill_back")
    assert resident.turn.skill is not None
    assert resident.turn.skill.number == 1
    resident.chooses("skill_stop")
    assert resident.turn.skill is None
    late = resident.sends("POST", "/choices", {"client_id": str(uuid.uuid4()), "choice": "skill_skip"})
    assert late.status_code == 409, "what is over is not gone on with"


def test_danger_ends_an_exercise_and_comes_first(town: Town) -> None:
    resident = begins(town)
    resident.chooses("thought_record")
    resident.says("我不想活了")
    assert resident.turn.skill is None
    assert resident.turn.alarm is not None
    with town.database.transaction() as db:
        assert [run.ended for run in db.scalars(select(SkillRun))] == ["left"]


def test_the_questions_end_an_exercise(town: Town) -> None:
    resident = begins(town)
    resident.chooses("grounding")
    resident.chooses("start_screening")
    assert resident.turn.skill is None
    assert resident.turn.screening is not None


def test_without_rasa_an_exercise_goes_on_by_its_buttons(town: Town) -> None:
    resident = begins(town)
    resident.chooses("grounding")
    town.dialogue.silent = True
    resident.chooses("step_next")
    assert resident.turn.skill is not None
    assert resident.turn.skill.number == 2
    assert said(resident), "a fixed sentence stands in"


def test_the_same_message_is_taken_as_an_answer_once(town: Town) -> None:
    resident = begins(town)
    resident.chooses("grounding")
    again = str(uuid.uuid4())
    resident.says("好了", client_id=again)
    resident.says("好了", client_id=again)
    assert resident.turn.skill is not None
    assert resident.turn.skill.number == 2


def test_what_is_written_in_the_plan_is_kept_though_it_is_left_half_done_and_can_be_changed(
    town: Town,
) -> None:
    resident = begins(town)
    resident.chooses("safety_plan")
    while resident.turn.skill is not None and resident.turn.skill.ask != "text":
        resident.chooses(resident.turn.skill.buttons[0].choice)
    resident.says("半夜醒来心里发慌的时候")
    resident.says("算了")
    [(step, words)] = plan_of(resident).items()
    assert words == "半夜醒来心里发慌的时候"
    assert write_plan(resident, {step: "天黑了一个人在家的时候"})[step] == "天黑了一个人在家的时候"
    write_plan(resident, {step: " "})
    assert plan_of(resident) == {}
    assert resident.sends("PUT", "/plan", {"steps": {"nothing_of_the_kind": "x"}}).status_code == 409


def test_a_plan_and_a_mood_are_sealed_exported_and_erased(town: Town) -> None:
    resident = begins(town)
    canary = "去阳台浇那盆君子兰"
    step = read_skills()["safety_plan"].kept_steps()[1].id
    write_plan(resident, {step: canary})
    assert resident.sends("POST", "/moods", {"value": 2}).status_code == 201
    with town.database.transaction() as db:
        raw = db.scalars(select(SafetyPlan)).one().steps_sealed
        assert raw is not None
        assert canary.encode() not in raw
    exported = resident.sends("GET", "/record").text
    assert canary in exported
    resident.sends("DELETE", "/record")
    with town.database.transaction() as db:
        assert not [
            *db.scalars(select(SafetyPlan)),
            *db.scalars(select(MoodMark)),
            *db.scalars(select(SkillRun)),
        ]


def test_nothing_is_kept_of_somebody_who_did_not_agree_to_talk(town: Town) -> None:
    resident = town.resident()
    assert resident.sends("POST", "/moods", {"value": 2}).status_code == 409
    assert resident.sends("PUT", "/plan", {"steps": {}}).status_code == 409


def test_moods_are_looked_back_on_in_words_for_a_week(town: Town) -> None:
    resident = begins(town)
    for value in (1, 2, 4, 4):
        resident.sends("POST", "/moods", {"value": value})
        town.clock.now += timedelta(hours=20)
        resident.does("GET", "")
    seen = resident.sends("GET", "/moods").json()
    assert [mark["value"] for mark in seen["marks"]] == [1, 2, 4, 4]
    assert "松了一点" in seen["words"]


def test_what_they_told_of_is_named_back_in_their_words_and_rasa_never_sees_it_filled(town: Town) -> None:
    resident = begins(town)
    heard = []
    for words in ("我女儿高三了，天天跟我顶", "女儿一回家就关门", "我跟女儿说什么都不听", "女儿昨晚又哭了"):
        resident.says(words)
        heard += said(resident)
    assert any("您女儿" in text for text in heard)
    assert not any("⟦" in text for text in heard)


OWN = "我总是忍不住替别人付饭钱"


def test_a_clause_of_theirs_comes_back_filled_in_and_rasa_never_hears_it(town: Town) -> None:
    resident = begins(town)
    resident.says(OWN)
    assert any("您总是忍不住替别人付饭钱" in text for text in said(resident))
    assert not any("⟦" in text for text in said(resident))
    assert not any("您总是" in words for _, words in town.dialogue.heard)


def test_at_a_kiosk_no_clause_of_theirs_comes_back(town: Town) -> None:
    resident = Resident(town, None, "kiosk")
    resident.agrees()
    resident.says(OWN)
    assert not any("替别人付饭钱" in text or "⟦" in text for text in said(resident))


def test_nothing_is_said_twice_in_twenty_turns(town: Town) -> None:
    resident = begins(town)
    heard: list[str] = []
    for at in range(20):
        resident.says(["睡不着", "躺下就想事情", "三点又醒了", "白天没力气"][at % 4])
        heard += said(resident)
    assert len(heard) == len(set(heard))


def test_whoever_comes_back_after_a_day_is_asked_if_it_is_they(town: Town) -> None:
    resident = begins(town)
    step = read_skills()["safety_plan"].kept_steps()[0].id
    write_plan(resident, {step: "睡不着的时候"})
    town.clock.now += timedelta(hours=25)
    turn = comes_again(town, resident)
    assert turn.came_back
    assert turn.messages == []
    assert plan_of(resident) == {}, "nothing of the earlier one before they say so"
    resident.chooses("same_person")
    assert not resident.turn.came_back
    assert plan_of(resident) == {step: "睡不着的时候"}
    assert resident.turn.stage == "chat", "what they agreed to holds"


def test_somebody_else_on_the_same_phone_begins_anew(town: Town) -> None:
    resident = begins(town)
    step = read_skills()["safety_plan"].kept_steps()[0].id
    write_plan(resident, {step: "睡不着的时候"})
    town.clock.now += timedelta(hours=25)
    comes_again(town, resident)
    resident.chooses("not_same_person")
    assert not resident.turn.came_back
    resident.agrees()
    assert plan_of(resident) == {}
    late = resident.sends("POST", "/choices", {"client_id": str(uuid.uuid4()), "choice": "same_person"})
    assert late.status_code == 409


@pytest.mark.parametrize("ticked", [False, True])
def test_words_of_danger_of_somebody_who_comes_back_come_before_who_it_is(town: Town, ticked: bool) -> None:
    resident = begins(town)
    resident.chooses("start_screening")
    resident.chooses("pause_screening")
    town.clock.now += timedelta(hours=25)
    assert comes_again(town, resident).came_back
    if ticked:
        resident.agrees(contact=False, share=False)
    turn = resident.says("我不想活了，药就在手边")
    assert turn.alarm is not None
    assert not turn.came_back, "who it is can wait"
    assert turn.resume is None
    assert "120" in turn.messages[1].text, "the first that is said"
    late = resident.sends("POST", "/choices", {"client_id": str(uuid.uuid4()), "choice": "same_person"})
    assert late.status_code == 409
    shown = resident.does("GET", "")
    assert not any("欢迎" in m.text for m in shown.messages[2:])


def test_after_words_of_danger_nothing_but_the_safety_questions_is_to_be_gone_on_with(town: Town) -> None:
    resident = begins(town)
    resident.chooses("start_screening")
    resident.chooses("pause_screening")
    assert resident.turn.resume
    town.clock.now += timedelta(hours=20)
    turn = resident.says("我不想活了")
    assert turn.alarm is not None
    if turn.screening is not None:
        assert turn.screening.instrument == "asq"
        turn = resident.chooses("pause_screening")
        assert turn.resume, "the safety questions may be gone on with"
    else:
        assert turn.resume is None


@pytest.mark.parametrize("how", ["left", "erased"])
def test_who_left_or_was_erased_is_not_asked_after(town: Town, how: str) -> None:
    resident = begins(town)
    if how == "left":
        resident.does("POST", "/leave")
    else:
        resident.sends("DELETE", "/record")
    assert not comes_again(town, resident).came_back


def test_a_kiosk_asks_nobody(town: Town) -> None:
    resident = Resident(town, None, "kiosk")
    resident.agrees()
    town.clock.now += timedelta(hours=25)
    assert not comes_again(town, resident, door="kiosk").came_back


def test_what_was_planned_is_asked_about_the_next_day_once(town: Town) -> None:
    resident = begins(town)
    resident.chooses("small_plan")
    for _ in range(40):
        skill = resident.turn.skill
        if skill is None:
            break
        if skill.ask == "text":
            resident.says("吃完晚饭去江边走两圈")
        else:
            resident.chooses(skill.buttons[0].choice)
    town.clock.now += timedelta(hours=25)
    comes_again(town, resident)
    resident.chooses("same_person")
    asked = " ".join(said(resident))
    assert "昨天" in asked or "上次" in asked
    town.clock.now += timedelta(hours=25)
    comes_again(town, resident)
    resident.chooses("same_person")
    assert "江边" not in " ".join(said(resident))


def comes_again(town: Town, resident: Resident, door: str = "phone"):  # type: ignore[no-untyped-def]
    """Open the page again on the same phone."""
    from bot.turn import Turn
    from server.callers import SessionCookie

    answer = town.ask("POST", "/api/sessions", cookie=resident.cookie, json={"door": door, "place": None})
    assert answer.status_code == 201
    resident.token = answer.cookies[SessionCookie]
    resident.turn = Turn.model_validate(answer.json())
    return resident.turn


def test_whoever_comes_back_is_told_again_that_it_is_a_program(town: Town) -> None:
    resident = begins(town)
    assert "程序" in said(resident)[0]
    town.clock.now += timedelta(hours=25)
    comes_again(town, resident)
    resident.chooses("same_person")
    assert "程序" in said(resident)[0]


@pytest.mark.parametrize("open_thing", ["nothing", "exercise", "questions"])
def test_leaving_is_at_once_and_nobody_is_kept(town: Town, open_thing: str) -> None:
    resident = begins(town)
    if open_thing == "exercise":
        resident.chooses("grounding")
    elif open_thing == "questions":
        resident.chooses("start_screening")
    turn = resident.says("退出")
    assert turn.stage == "ended"
    assert not any(button.choice != "leave" for m in turn.messages for button in m.buttons)
    assert not any("？" in text for text in said(resident)), "nothing is asked any more"
