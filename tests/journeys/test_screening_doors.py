"""Ways to the questionnaires, going back over answers, another device, and a phone that is lent."""

import re
import uuid
from datetime import timedelta

import pytest
import yaml
from sqlalchemy import func, select, text

from assessments.administration import Administration
from assessments.library import FOLDER, Library, instrument_from
from bot.turn import Turn
from escalation.signal import Rating, Signal
from residents.one_time_code import OneTimeCode, new_one_time_code, normal, written
from residents.resident import Consent
from residents.session import ResidentSession
from server.callers import SessionCookie, StaffCookie
from server.limits import RULES
from storage.audit import AuditEntry
from tests.support.town import PASSWORD, Officer, Resident, Town


def enters(resident: Resident, entrance: str, length: str = "ultra", **more):
    """Comes in by an entrance; the answer as it came."""
    body = {"client_id": str(uuid.uuid4()), "entrance": entrance, "length": length, **more}
    answer = resident.sends("POST", "/entrance", body)
    if answer.status_code == 200:
        resident.turn = Turn.model_validate(answer.json())
    return answer


def answers_everything(resident: Resident, value: int = 0, **by_item: int | None) -> list[str]:
    """Answers what is asked until nothing is; which questions these were."""
    asked = []
    while (open_ := resident.turn.screening) is not None:
        asked.append(f"{open_.instrument}.{open_.item}")
        offered = [option.value for option in open_.options]
        given = by_item.get(asked[-1].replace(".", "_"), max(value, min(offered)))
        resident.answers(given)
        assert len(asked) < 150
    return asked


def changes(resident: Resident, form: int, item: int, value: int | None) -> Turn:
    """Changes an answer from the page on which all of them stand."""
    shown = resident.turn.review[form]
    body = {
        "client_id": str(uuid.uuid4()), "administration": str(shown.administration),
        "item": shown.items[item].item, "value": value,
    }  # fmt: skip
    return resident.does("POST", "/answers", body)


def on(town: Town, token: str) -> Resident:
    """The device that has this token."""
    device = Resident.__new__(Resident)
    device.town, device.token = town, token
    device.turn = Turn.model_validate(device.sends("GET", "").json())
    return device


def redeems(town: Town, code: str, door: str = "phone"):
    return town.ask("POST", "/api/sessions/moved", json={"code": code, "door": door})


# --- entrances -------------------------------------------------------------------------------------


def test_the_entrance_of_the_place_stands_first(town: Town) -> None:
    def ids(place: str | None) -> list[str]:
        signed = None
        if place:
            from residents import place_codes

            signed = place_codes.make(town.database.vault.sign, place, (town.clock.now + timedelta(9)).date())
        shown = town.ask("GET", "/api/entrances", params={"place": signed} if signed else {}).json()
        assert (shown["first"] is None) == (place in (None, "puyan-hall"))
        return [one["id"] for one in shown["entrances"]]

    assert ids(None)[0] == "resident"
    assert ids("puyan-school-1")[0] == "student"
    assert ids("xixing-company-1")[0] == "employee"
    assert ids("puyan-hall")[0] == "resident"
    assert "ninety" not in ids(None), "a skeleton has no entrance until its wording is there"


def test_an_entrance_asks_its_own_forms_and_the_default_stays(town: Town) -> None:
    elder = town.resident()
    elder.agrees()
    assert enters(elder, "elder", "short").status_code == 200
    asked = answers_everything(elder)
    assert asked[:4] == ["phq2.q1", "phq2.q2", "gad2.q1", "gad2.q2"]
    assert [one for one in asked if one.startswith("gds15")][-1] == "gds15.q15"
    assert asked[-4:] == ["asq.q1", "asq.q2", "asq.q3", "asq.q4"]

    other = town.resident()
    other.agrees()
    other.chooses("start_screening")
    assert {one.split(".")[0] for one in answers_everything(other)} == {"phq2", "gad2", "asq"}


def test_a_danger_answer_interrupts_on_every_way(town: Town) -> None:
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    enters(resident, "resident", "full")
    while resident.turn.screening.item != "q9":
        resident.answers(0)
    resident.answers(1)
    assert resident.turn.screening.instrument == "asq"
    assert town.officer("puyan").only_ticket()["level"] == "orange"


def test_an_entrance_needs_the_tick(town: Town) -> None:
    resident = town.resident()
    resident.agrees(screening=False)
    assert enters(resident, "resident").json()["problem"] == "consent_missing"
    assert enters(resident, "nobody").status_code == 409


def test_going_to_another_entrance_keeps_what_was_answered(town: Town) -> None:
    resident = town.resident()
    resident.agrees()
    enters(resident, "resident")
    resident.answers(2)
    enters(resident, "elder", "short")
    answers_everything(resident)
    with town.database.transaction() as db:
        kept = db.execute(select(Administration.route, Administration.state)).all()
    assert ("core", "paused") in kept
    assert {route for route, _ in kept} == {"core", "elder_short"}


def test_the_same_entrance_again_goes_on_where_it_was(town: Town) -> None:
    resident = town.resident()
    resident.agrees()
    enters(resident, "elder", "short")
    resident.answers(0)
    resident.chooses("pause_screening")
    enters(resident, "elder", "short")
    assert resident.turn.screening.item == "q2"


# --- forms that a district completes ---------------------------------------------------------------


def worded(town: Town, form: str) -> None:
    """From now on this district has wording of its own for this form."""
    raw = yaml.safe_load(next(FOLDER.rglob(f"{form}.yml")).read_text("utf-8"))
    raw["wording"], raw["translation"], raw["translation_note"] = "shipped", "own", "占位"
    raw.pop("wording_compared", None)
    for item in [*raw["items"], *raw.get("extras", [])]:
        item["text"] = item.get("text") or f"占位，第 {item['number']} 题"
        for option in item.get("options", []):
            option.setdefault("label", f"占位 {option['value']}")
    made = instrument_from(yaml.safe_dump(raw, allow_unicode=True), f"{form}.yml")
    intake = town.services.intake
    intake.library = Library({one.id: one for one in intake.library.every()} | {form: made})


def test_the_question_after_the_nine_is_asked_and_counts_for_nothing(town: Town) -> None:
    worded(town, "phq9")
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    enters(resident, "resident", "full")
    while resident.turn.screening.item != "q10":
        resident.answers(2 if resident.turn.screening.item != "q9" else 0)
    before = resident.turn.screening
    assert (before.number, before.of) == (10, 10)
    with town.database.transaction() as db:
        signals = db.scalar(select(func.count()).select_from(Signal))
    resident.answers(3)
    with town.database.transaction() as db:
        assert db.scalar(select(func.count()).select_from(Signal)) == signals
        state = db.scalars(select(Administration.state).where(Administration.instrument == "phq9")).one()
    assert state == "finished"
    assert resident.turn.screening.instrument == "gad7"
    answers_everything(resident)
    totals = {detail.title: detail.total for detail in resident.turn.result.details}
    assert totals["心情九问（PHQ-9）"] == 16
    assert "q10" in {item.item for form in resident.turn.review for item in form.items}


def test_a_form_stands_finished_when_somebody_stops_at_the_question_after_it(town: Town) -> None:
    worded(town, "phq9")
    resident = town.resident()
    resident.agrees()
    enters(resident, "resident", "full")
    while resident.turn.screening.item != "q10":
        resident.answers(1 if resident.turn.screening.item != "q9" else 0)
    resident.chooses("pause_screening")
    with town.database.transaction() as db:
        row = db.scalars(select(Administration).where(Administration.instrument == "phq9")).one()
        assert (row.state, row.score_sealed is not None) == ("finished", True)


def test_the_other_safety_form_is_asked_where_all_its_answers_count_at_once(town: Town) -> None:
    worded(town, "cssrs_screener")
    intake = town.services.intake
    counted = {i for rule in intake.levels.answers if rule.instrument == "cssrs_screener" for i in rule.items}
    critical = {item.id for item in intake.library["cssrs_screener"].items if item.critical}
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.says("我不想活了")
    wanted = "cssrs_screener" if critical <= counted else "asq"
    assert resident.turn.screening.instrument == wanted
    if wanted == "cssrs_screener":
        resident.answers(1)
        assert town.officer("puyan").only_ticket()["level"] in ("orange", "red")


# --- students --------------------------------------------------------------------------------------


def test_nobody_goes_in_by_the_student_entrance_without_an_age(town: Town) -> None:
    pupil = town.resident(place="puyan-school-1")
    pupil.agrees()
    assert enters(pupil, "student").json()["problem"] == "age_not_said"
    plain = {"client_id": str(uuid.uuid4()), "choice": "start_screening"}
    assert pupil.sends("POST", "/choices", plain).json()["problem"] == "age_not_said"


@pytest.mark.parametrize("age", ["under_14", "not_said"])
def test_under_fourteen_the_guardian_is_asked_first(town: Town, age: str) -> None:
    pupil = town.resident(place="puyan-school-1")
    pupil.agrees()
    assert enters(pupil, "student", age=age).json()["problem"] == "guardian_missing"
    pupil.chooses("start_screening")
    assert pupil.turn.screening is None, "nor by any other way"
    town.clock.now += timedelta(seconds=9)

    assert enters(pupil, "student", age=age, guardian="grandparent").status_code == 200
    assert pupil.turn.screening.instrument == "phq2"
    with town.database.transaction() as db:
        wordings = db.scalars(select(Consent.wording).where(Consent.scope == "screening")).all()
        judged = db.scalars(select(AuditEntry.actor).where(AuditEntry.action == "consent.changed")).all()
    assert any("/guardian/grandparent" in wording for wording in wordings)
    assert "guardian" in judged

    town.clock.now += timedelta(seconds=9)
    pupil.agrees(screening=False)
    town.clock.now += timedelta(seconds=9)
    pupil.agrees()  # by the child alone: that does not bring the guardian's back
    assert pupil.turn.screening is None


def test_a_child_in_danger_is_asked_the_safety_questions_whoever_agreed(town: Town) -> None:
    pupil = town.resident(place="puyan-school-1")
    pupil.agrees()
    enters(pupil, "student", age="under_14")
    pupil.says("我不想活了")
    assert pupil.turn.screening.instrument == "asq"
    pupil.answers(1)
    assert town.officer("puyan").only_ticket()["level"] == "orange"


def test_who_said_to_be_under_fourteen_stays_so(town: Town) -> None:
    pupil = town.resident()
    pupil.agrees()
    enters(pupil, "student", age="under_14")
    assert enters(pupil, "student", age="adult").json()["problem"] == "guardian_missing"


def test_a_teenager_is_asked_in_the_words_for_teenagers(town: Town) -> None:
    teen = town.resident()
    teen.agrees()
    enters(teen, "student", "short", age="from_14")
    asked = answers_everything(teen, 2, phq_a_q9=0, phq_a_s1=0, phq_a_s2=0)
    assert "phq_a.q3" in asked
    assert not any(one.startswith("phq9") for one in asked)


# --- looking through one's answers -----------------------------------------------------------------


def test_everything_that_was_answered_stands_on_one_page(town: Town) -> None:
    resident = town.resident()
    resident.agrees()
    resident.completes(mood=2)
    titles = [form.title for form in resident.turn.review]
    assert titles == ["担心两问（GAD-2）", "心情九问（PHQ-9）"]
    assert [item.given for item in resident.turn.review[1].items] == [2] * 8 + [0]


def test_a_changed_answer_changes_the_sum_and_never_lowers_the_level(town: Town) -> None:
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.completes(mood=2)  # sixteen points: orange
    assert resident.turn.result.level_word == "建议有人帮忙"
    said = len(resident.turn.messages)
    changes(resident, 1, 2, 0)
    assert resident.turn.review[1].items[2].given == 0
    assert resident.turn.result.level_word == "建议有人帮忙"
    assert [detail.total for detail in resident.turn.result.details if "九问" in detail.title] == [14]
    assert not resident.turn.messages, "and the chat does not tell it all again"
    assert said
    assert town.officer("puyan").only_ticket()["level"] == "orange"


def test_a_changed_answer_can_raise_the_level_at_once(town: Town) -> None:
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.completes(mood=1, worry=0)
    resident.chooses("start_screening") if resident.turn.review == [] else None
    last = len(resident.turn.review[-1].items) - 1
    changes(resident, len(resident.turn.review) - 1, last, 1)
    assert town.officer("puyan").tickets()


def test_an_answer_that_calls_for_more_opens_more(town: Town) -> None:
    resident = town.resident()
    resident.agrees()
    resident.completes()
    changes(resident, 0, 0, 3)
    assert (resident.turn.screening.instrument, resident.turn.screening.item) == ("phq9", "q3")
    answers_everything(resident)
    assert resident.turn.review


def test_a_form_that_was_finished_opens_again_when_its_own_rule_asks_for_more(town: Town) -> None:
    resident = town.resident()
    resident.agrees()
    enters(resident, "resident", "full")
    answers_everything(resident)
    forms = [form.title for form in resident.turn.review]
    drinking = next(n for n, title in enumerate(forms) if "AUDIT-C" in title)
    changes(resident, drinking, 1, 2)
    assert (resident.turn.screening.instrument, resident.turn.screening.item) == ("audit_c", "q2")
    answers_everything(resident)
    with town.database.transaction() as db:
        twice = select(Administration.instrument).group_by(Administration.instrument).having(func.count() > 1)
        assert db.scalars(twice).all() == []


# --- on another device -----------------------------------------------------------------------------


def test_a_code_is_short_says_nothing_and_finds_slips() -> None:
    code = new_one_time_code()
    assert re.fullmatch(r"\d{12}", code)
    assert normal(written(code)) == code
    assert normal("".join(chr(ord(digit) + 0xFEE0) for digit in code)) == code
    for at in range(12):
        wrong = code[:at] + str((int(code[at]) + 1) % 10) + code[at + 1 :]
        assert normal(wrong) is None
    for at in range(11):
        if code[at] != code[at + 1]:
            assert normal(code[:at] + code[at + 1] + code[at] + code[at + 2 :]) is None


def test_the_open_question_goes_along_and_the_old_device_is_shut(town: Town) -> None:
    kiosk = town.resident(place="puyan-hall", door="kiosk")
    kiosk.agrees()
    enters(kiosk, "elder", "short")
    for _ in range(6):
        kiosk.answers(0)
    asked = kiosk.turn.screening
    code = kiosk.sends("POST", "/code").json()
    assert code["picture"].startswith("data:image/svg+xml;base64,")

    moved = redeems(town, code["code"])
    assert moved.status_code == 201, moved.text
    phone = on(town, moved.cookies[SessionCookie])
    assert phone.turn.door == "phone"
    assert (phone.turn.screening.administration, phone.turn.screening.item) == (
        asked.administration,
        asked.item,
    )
    assert len(phone.turn.screening.answered) == len(asked.answered)
    left = kiosk.sends("GET", "")
    assert (left.status_code, left.json()["problem"]) == (401, "session_moved")
    assert (
        kiosk.sends("POST", "/messages", {"client_id": str(uuid.uuid4()), "text": "还在吗"}).status_code
        == 401
    )
    gone = kiosk.sends("POST", "/leave")
    assert gone.status_code == 204, "it has left already, and hears no refusal"
    assert "Max-Age=0" in gone.headers["set-cookie"], "and its cookie goes"
    answers_everything(phone)
    assert phone.turn.result is not None


def test_a_code_works_once_for_a_day_and_only_the_newest(town: Town) -> None:
    resident = town.resident()
    resident.agrees()
    first = resident.sends("POST", "/code").json()["code"]
    second = resident.sends("POST", "/code").json()["code"]
    assert redeems(town, first).status_code == 404
    moved = redeems(town, second)
    assert moved.status_code == 201
    assert redeems(town, second).status_code == 404

    phone = on(town, moved.cookies[SessionCookie])
    late = phone.sends("POST", "/code").json()["code"]
    town.clock.now += timedelta(hours=23, minutes=59)
    phone.sends("GET", "")
    town.clock.now += timedelta(minutes=2)
    assert redeems(town, late).status_code == 404
    assert phone.sends("GET", "").status_code == 200, "whoever could not go is still where they were"


def test_a_code_of_a_conversation_that_was_left_opens_nothing(town: Town) -> None:
    resident = town.resident()
    resident.agrees()
    code = resident.sends("POST", "/code").json()["code"]
    resident.does("POST", "/leave")
    assert redeems(town, code).json()["problem"] == "code_unknown"


def test_guessing_is_throttled_and_right_codes_are_not_counted(town: Town) -> None:
    most, _ = RULES["code"]
    for _ in range(most + 5):
        resident = town.resident()
        resident.agrees()
        assert redeems(town, resident.sends("POST", "/code").json()["code"]).status_code == 201
    for _ in range(most):
        assert redeems(town, new_one_time_code()).status_code == 404
    assert redeems(town, new_one_time_code()).status_code == 429


def test_nothing_of_a_code_is_kept_but_its_keyed_hash(town: Town) -> None:
    resident = town.resident()
    resident.agrees()
    code = normal(resident.sends("POST", "/code").json()["code"])
    with town.database.transaction() as db:
        row = db.scalars(select(OneTimeCode)).one()
        kept = db.execute(text("SELECT one_time_code::text FROM one_time_code")).scalar_one()
        audits = db.execute(text("SELECT audit_entry::text FROM audit_entry")).scalars().all()
    assert row.code_index == town.database.vault.index("one_time_code", code)
    assert code not in kept + "".join(audits)


# --- a phone that is lent --------------------------------------------------------------------------


def lends(town: Town, officer: Officer, code: str) -> Resident:
    """The worker takes a code on the ticket and hands over a phone on which it was typed."""
    given = officer.on(code, "assist")["code"]
    answer = redeems(town, given)
    assert answer.status_code == 201, answer.text
    return on(town, answer.cookies[SessionCookie])


@pytest.fixture
def somebody(town: Town) -> tuple[Resident, Officer, str]:
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.chooses("call_me_back")
    officer = town.officer("puyan")
    code = officer.only_ticket()["code"]
    officer.acknowledges(code)
    return resident, officer, code


def test_only_the_questionnaire_is_within_reach_and_who_helped_is_recorded(town: Town, somebody) -> None:
    resident, officer, code = somebody
    phone = lends(town, officer, code)
    assert phone.turn.locked
    assert phone.turn.messages == []
    phone.chooses("start_screening")
    answers_everything(phone)
    for method, path, body in (
        ("POST", "/messages", {"client_id": str(uuid.uuid4()), "text": "你好"}),
        ("POST", "/choices", {"client_id": str(uuid.uuid4()), "choice": "export_record"}),
        ("POST", "/contact", {"client_id": str(uuid.uuid4()), "field": "name", "value": "老王"}),
        ("POST", "/leave", None),
        ("POST", "/code", None),
        ("GET", "/record", None),
        ("DELETE", "/record", None),
    ):
        answer = phone.sends(method, path, body)
        assert (answer.status_code, answer.json()["problem"]) == (409, "locked"), (method, path)
    with town.database.transaction() as db:
        helped = set(db.scalars(select(Administration.assisted_by)).all())
        residents = set(db.scalars(select(Rating.resident_id)).all())
        theirs = db.scalars(select(ResidentSession.resident_id)).all()
        done = db.scalars(select(AuditEntry.action).where(AuditEntry.actor == officer.username)).all()
    assert len(helped) == 1
    assert None not in helped
    assert residents == set(theirs)
    assert "phone.handed_over" in done
    assert resident.sends("GET", "").status_code == 200, "their own phone goes on as it was"


def test_leaving_needs_the_worker_again(town: Town, somebody) -> None:
    _, officer, code = somebody
    phone = lends(town, officer, code)
    wrong = {"username": officer.username, "password": "not this one"}
    assert phone.sends("POST", "/unlock", wrong).status_code == 401
    stranger = town.officer("xixing")
    other = {"username": stranger.username, "password": PASSWORD}
    assert phone.sends("POST", "/unlock", other).status_code == 409
    assert phone.sends("GET", "").status_code == 200
    right = phone.sends("POST", "/unlock", {"username": officer.username, "password": PASSWORD})
    assert right.status_code == 204
    assert StaffCookie not in right.cookies, "the worker is not logged in on this phone afterwards"
    assert phone.sends("GET", "").status_code == 401


def test_an_answer_of_danger_on_a_lent_phone_acts_like_any_other(town: Town, somebody) -> None:
    _, officer, code = somebody
    phone = lends(town, officer, code)
    phone.chooses("start_screening")
    while phone.turn.screening.instrument != "asq":
        phone.answers(0)
    phone.answers(1)
    assert "orange" in {ticket["level"] for ticket in officer.tickets()}


def test_a_whole_form_that_clears_nobody_is_not_called_unfinished(town: Town) -> None:
    """Nobody is told that something is missing where one form alone says too little."""
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.completes(mood=0, worry=0)
    with town.database.transaction() as db:
        rating = db.scalars(select(Rating).order_by(Rating.at.desc()).limit(1)).one()
        rating.level = None
    result = resident.does("GET", "").result
    assert "答完了" in result.sentence
    assert "没有答" not in result.sentence
    assert "没有答完" not in result.we_do
    with town.database.transaction() as db:
        db.scalars(select(Administration).limit(1)).one().state = "paused"
    assert "没有答" in resident.does("GET", "").result.sentence, "something is still open"
