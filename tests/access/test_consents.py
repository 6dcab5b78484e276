"""Processing equals the ticks (P09): each tick alone, none, taken back in the middle, and danger to life."""

import json
import uuid
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from bot.transcript import Message
from residents.resident import Disclosure, Scope
from tests.support.town import Resident, Town

HARMLESS = "今天去菜场买了点青菜"
DANGER = "我不想活了"
TICKS = ("chat", "screening", "contact", "share")


@pytest.fixture
def town(district: Town) -> Town:
    district.services.limits.seen.clear()
    return district


def ticked(town: Town, *ticks: str) -> Resident:
    """Somebody who ticked exactly these."""
    resident = town.resident(place="puyan-hall")
    resident.does("PUT", "/consents", {tick: tick in ticks for tick in TICKS})
    return resident


def sends(resident: Resident, path: str, **body: Any) -> httpx.Response:
    return resident.sends("POST", path, {"client_id": str(uuid.uuid4()), **body})


def kept(resident: Resident) -> list[str]:
    exported = resident.sends("GET", "/record").json()
    return [line["内容"] for line in exported["对话"] if line["谁"] == "resident"]


def is_missing(answer: httpx.Response) -> bool:
    return answer.status_code == 409 and answer.json()["problem"] == "consent_missing"


@pytest.mark.parametrize(
    "ticks", [(), *((tick,) for tick in TICKS), TICKS], ids=lambda ticks: "+".join(ticks) or "none"
)
def test_each_tick_opens_its_own_door_and_no_other(town: Town, ticks: tuple[str, ...]) -> None:
    resident = ticked(town, *ticks)
    heard = len(town.dialogue.heard)

    said = sends(resident, "/messages", text=HARMLESS)
    assert is_missing(said) is ("chat" not in ticks)
    assert kept(resident) == ([HARMLESS] if "chat" in ticks else [])
    assert (len(town.dialogue.heard) > heard) is ("chat" in ticks)
    assert HARMLESS not in said.json()["sentence"] if is_missing(said) else True

    started = sends(resident, "/choices", choice="start_screening")
    assert is_missing(started) is ("screening" not in ticks)
    assert (resident.does("GET", "").screening is not None) is ("screening" in ticks)

    told = sends(resident, "/contact", field="phone", value="13812345678")
    assert is_missing(told) is ("contact" not in ticks)
    assert resident.does("GET", "").consents.model_dump() == {tick: tick in ticks for tick in TICKS}


def test_whoever_never_ticked_anything_is_not_kept_at_all(town: Town) -> None:
    resident = town.resident(place="puyan-hall")
    assert is_missing(sends(resident, "/messages", text=HARMLESS))
    with town.database.transaction() as db:
        before = db.query(Message).count()
    huge = json.dumps({"client_id": str(uuid.uuid4()), "text": HARMLESS * 60_000}, ensure_ascii=False)
    assert (
        resident.town.ask(
            "POST", "/api/session/messages", cookie=resident.cookie, content=huge.encode()
        ).status_code
        == 413
    )
    assert is_missing(sends(resident, "/messages", text=HARMLESS * 500))
    with town.database.transaction() as db:
        assert db.query(Message).count() == before


@pytest.mark.parametrize(
    "text", [DANGER, DANGER + "。" + HARMLESS * 500, "\x00" + DANGER], ids=["plain", "long", "nul"]
)
def test_danger_is_heard_without_any_tick_and_the_dialogue_stays_out_of_it(town: Town, text: str) -> None:
    resident = ticked(town)
    heard = len(town.dialogue.heard)
    answer = sends(resident, "/messages", text=text)

    assert answer.status_code == 200
    turn = resident.does("GET", "")
    assert turn.alarm is not None
    assert turn.alarm.code
    assert turn.stage == "chat", "the card and the safety questions are on the screen"
    assert turn.screening is not None
    assert turn.screening.instrument == "asq"
    assert town.dialogue.heard[heard:] == []
    assert [m.text for m in turn.messages if m.author == "program"], "fixed words of ours"
    assert is_missing(sends(resident, "/messages", text=HARMLESS)), (
        "danger is heard, chatting is still not agreed"
    )


def test_words_that_could_not_be_read_are_not_taken_for_harmless(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken:
        def read(self, text: str) -> None:
            raise RuntimeError("out of order")

    resident = ticked(town)
    monkeypatch.setattr(town.services.conversation, "recogniser", Broken())
    assert sends(resident, "/messages", text=HARMLESS).status_code == 200
    assert resident.does("GET", "").screening.instrument == "asq"


def test_talking_taken_back_in_the_middle_ends_the_keeping(town: Town) -> None:
    resident = ticked(town, *TICKS)
    resident.says("我睡不着")
    resident.does("PUT", "/consents", {**dict.fromkeys(TICKS, True), "chat": False})
    heard = len(town.dialogue.heard)
    assert is_missing(sends(resident, "/messages", text=HARMLESS))
    assert kept(resident) == ["我睡不着"]
    assert resident.does("GET", "").stage == "consent"
    assert len(town.dialogue.heard) == heard

    resident.agrees()
    assert resident.says(HARMLESS).stage == "chat"


def test_the_card_stays_when_talking_is_taken_back(town: Town) -> None:
    resident = ticked(town, *TICKS)
    code = resident.says(DANGER).alarm.code
    turn = resident.does("PUT", "/consents", dict.fromkeys(TICKS, False))
    assert turn.stage == "chat"
    assert turn.alarm.code == code
    while resident.turn.screening:
        resident.answers(0)
    assert resident.turn.contact is not None, "how to reach them may still be said"
    assert sends(resident, "/messages", text="我叫余红").status_code == 200
    assert resident.does("GET", "").contact.field == "phone"


def test_screening_taken_back_in_the_middle_puts_the_questions_away(town: Town) -> None:
    resident = ticked(town, *TICKS)
    resident.chooses("start_screening")
    asked = resident.turn.screening
    resident.answers(1)
    turn = resident.does("PUT", "/consents", {**dict.fromkeys(TICKS, True), "screening": False})
    assert turn.screening is None
    item = {"administration": str(asked.administration), "item": "q2", "value": 3}
    assert is_missing(sends(resident, "/answers", **item))
    assert is_missing(sends(resident, "/choices", choice="continue_screening"))
    assert resident.says("几乎每天").screening is None, "typed, it is talk and no answer"

    resident.agrees()
    assert resident.turn.screening.item == "q2", "given again, it goes on where it was"
    assert resident.turn.screening.answered[0].given == 1


def test_an_answer_about_suicide_counts_although_the_tick_was_taken_back(town: Town) -> None:
    resident = ticked(town, *TICKS)
    resident.chooses("start_screening")
    while resident.turn.screening.item != "q9":
        resident.answers(2)
    asked = resident.turn.screening
    resident.does("PUT", "/consents", dict.fromkeys(TICKS, False))
    body = {"administration": str(asked.administration), "item": "q9"}
    assert is_missing(sends(resident, "/answers", **body, value=0))
    assert sends(resident, "/answers", **body, value=1).status_code == 200

    turn = resident.does("GET", "")
    assert turn.alarm.code
    assert turn.screening.instrument == "asq", "the safety questions need no tick"
    while resident.turn.screening:
        assert resident.turn.screening.instrument == "asq", "and nothing else is asked"
        resident.answers(0)


def test_contact_is_taken_where_somebody_asked_to_be_called_or_is_in_danger(town: Town) -> None:
    resident = ticked(town, "chat")
    assert is_missing(sends(resident, "/contact", field="name", value="余红"))
    assert sends(resident, "/contact", field="name", value=None).status_code == 200, "declining needs no tick"
    in_danger = ticked(town, "chat")
    in_danger.says(DANGER)
    assert sends(in_danger, "/contact", field="name", value="余红").status_code == 200
    wants_a_call = ticked(town, "chat")
    wants_a_call.chooses("call_me_back")
    assert wants_a_call.turn.consents.contact, "asking for the call is the consent, and is kept as one"
    assert sends(wants_a_call, "/contact", field="name", value="余红").status_code == 200


@pytest.mark.parametrize("share", [True, False])
def test_what_is_passed_on_has_its_basis_its_judge_and_its_fields(town: Town, share: bool) -> None:
    resident = ticked(town, "chat", "contact", *(["share"] if share else []))
    resident.says("我攒了一瓶安眠药,今晚就吃下去,不想活了")
    resident.tells("name", "余红")
    officer = town.officer("puyan")
    code = next(t["code"] for t in officer.tickets() if t["level"] == "red" and t["holder"] is None)
    officer.acknowledges(code)
    officer.does("POST", f"/tickets/{code}/identity", {"reason": "准备上门"})
    with town.database.transaction() as db:
        rows = db.scalars(select(Disclosure).where(Disclosure.ticket_code == code)).all()
        passed = {(d.basis, d.judged_by, d.fields) for d in rows}
    fields = "name phone address safe_to_call trusted_person"
    if share:
        assert passed == {("consent", "居民本人", "level place"), ("consent", "居民本人", fields)}
    else:
        assert {(basis, what) for basis, _, what in passed} == {
            ("danger_to_life", "level place"),
            ("danger_to_life", fields),
        }
        assert {judge for _, judge, what in passed if what == fields} == {"沈青"}, "a person judged it"
        assert any(judge.startswith("规则 five_colours/") for _, judge, _ in passed)


def test_each_change_of_a_tick_is_a_row_of_its_own(town: Town) -> None:
    resident = ticked(town, "chat")
    resident.agrees()
    resident.agrees(share=False)
    changes = resident.sends("GET", "/record").json()["同意"]
    assert len(changes) == 5
    assert {change["内容"] if "内容" in change else str(change) for change in changes}
    assert set(Scope) == set(TICKS)
