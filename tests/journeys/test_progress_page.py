"""The page behind the resident's code: where it stands, what comes next, and what they want said."""

import uuid
from typing import Any

import pytest
from sqlalchemy import func, select

from escalation.errors import TicketNotFound
from escalation.outbox import QueuedNotice
from escalation.satisfaction import Satisfaction
from escalation.signal import Signal
from escalation.ticket import Ticket, TicketEvent
from server.errors import TooOften
from tests.support.town import Officer, Resident, Town

CRISIS = "我不想活了"
RED = "我现在就站在楼顶，要跳下去"
BAD_CODES = ("K-0000-0000-0000-0", "nothing", "K-0731-7", "%20", "A" * 200, "工单")


@pytest.fixture
def resident(town: Town) -> Resident:
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.says(CRISIS)
    return resident


@pytest.fixture
def officer(town: Town, resident: Resident) -> Officer:
    return town.officer("puyan")


def code_of(resident: Resident) -> str:
    assert resident.turn.alarm is not None
    assert resident.turn.alarm.code is not None
    return resident.turn.alarm.code


def page(town: Town, code: str) -> dict[str, Any]:
    answer = town.ask("GET", f"/api/progress/{code}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def wish(town: Town, code: str, kind: str, text: str = "", client_id: str | None = None) -> Any:
    body = {"client_id": client_id or str(uuid.uuid4()), "kind": kind, "text": text}
    return town.ask("POST", f"/api/progress/{code}/wishes", json=body)


def taken(town: Town, code: str, kind: str, text: str = "", client_id: str | None = None) -> dict[str, Any]:
    answer = wish(town, code, kind, text, client_id)
    assert answer.status_code == 200, answer.text
    return answer.json()


def told(town: Town) -> list[tuple[str, str]]:
    """What was queued for whom on behalf of the page."""
    with town.database.transaction() as db:
        rows = db.scalars(select(QueuedNotice).where(QueuedNotice.key.contains(".wish.")))
        return sorted({(row.audience, row.key.split(".wish.")[1].split(".")[0]) for row in rows})


def count(town: Town, entity: Any) -> int:
    with town.database.transaction() as db:
        return db.scalar(select(func.count()).select_from(entity)) or 0


def test_the_page_says_the_next_deadline_in_words_at_each_stage(
    town: Town, resident: Resident, officer: Officer
) -> None:
    code = code_of(resident)
    first = page(town, code)
    assert first["who"] == "浦沿司法所 · 值班工作人员"
    assert first["next"]["sentence"].endswith("前会有人接手。")
    assert first["next"]["sentence"].startswith(("今天 ", "明天 "))
    assert not first["next"]["late"]

    name = officer.only_ticket()["code"]
    officer.acknowledges(name)
    held = page(town, code)
    assert held["who"] == "浦沿司法所 · 工作人员 沈青"
    assert "会有人联系您" in held["next"]["sentence"] or "会有人和您通话" in held["next"]["sentence"]

    officer.on(name, "calls", outcome="spoke", need="visit")
    assert "会有人上门看您" in page(town, code)["next"]["sentence"]
    town.clock.advance(days=3)
    late = page(town, code)["next"]
    assert late["late"]
    assert "晚了，对不起" in late["sentence"]


def test_nothing_on_the_page_is_personal_or_names_a_level(
    town: Town, resident: Resident, officer: Officer
) -> None:
    resident.tells("name", "余红")
    officer.acknowledges(officer.only_ticket()["code"])
    taken(town, code_of(resident), "suits", "我叫余红，下午三点后在家，电话13800001111")
    shown = town.ask("GET", f"/api/progress/{code_of(resident)}").text
    for word in (
        "余红",
        "13800001111",
        "三点",
        "红色",
        "橙",
        "黄色",
        "高危",
        "orange",
        "red",
        officer.username,
    ):
        assert word not in shown, word


def test_who_says_when_it_suits_is_heard_by_the_office_behind_the_veil(
    town: Town, resident: Resident, officer: Officer
) -> None:
    code, name = code_of(resident), officer.only_ticket()["code"]
    answer = taken(town, code, "suits", "下午三点以后都在家")
    assert "浦沿司法所" in answer["sentence"]
    assert not answer["danger"]
    assert [w["what"] for w in answer["progress"]["wishes"]] == ["您说了什么时候方便"]
    assert told(town) == [("office", "suits")]

    line = [e for e in officer.does("GET", f"/tickets/{name}")["timeline"] if e["kind"] == "wish.suits"]
    assert [(e["who"], e["text"], e["note"]) for e in line] == [("居民", "居民说了什么时候方便。", None)]
    assert officer.asks("POST", f"/tickets/{name}/words", {"reason": "约时间"}).status_code == 409
    officer.acknowledges(name)
    words = officer.does("POST", f"/tickets/{name}/words", {"reason": "约时间"})
    assert [w["text"] for w in words] == [CRISIS, "下午三点以后都在家"]
    assert town.officer("desk", "auditor").asks("GET", f"/tickets/{name}").text.count("三点") == 0


def test_an_objection_is_told_to_the_lead_too(town: Town, resident: Resident) -> None:
    answer = taken(town, code_of(resident), "object", "上次来的人态度不好")
    assert "负责人" in answer["sentence"]
    assert told(town) == [("office", "object"), ("supervisor", "object")]


def test_the_notice_of_a_wish_holds_none_of_its_words(town: Town, resident: Resident) -> None:
    taken(town, code_of(resident), "object", "那个穿灰衣服的人不要再来")
    town.jobs()
    sent = " ".join(str(notice) for notice in town.channel.sent)
    assert "灰衣服" not in sent
    assert code_of(resident) not in sent


def test_thanks_tell_nobody_and_open_nothing_again(town: Town, resident: Resident) -> None:
    with town.database.transaction() as db:
        ticket = db.scalars(select(Ticket)).one()
        ticket.complete("supported", town.clock())
    before = count(town, Ticket)
    answer = taken(town, code_of(resident), "thanks", "谢谢你们，我好多了")
    assert answer["progress"]["closed"]
    assert told(town) == []
    assert count(town, Ticket) == before


@pytest.mark.parametrize("kind", ["suits", "not_home", "object", "thanks"])
def test_danger_in_a_wish_raises_like_anywhere(
    town: Town, resident: Resident, officer: Officer, kind: str
) -> None:
    assert officer.only_ticket()["level"] == "orange"
    answer = taken(town, code_of(resident), kind, RED)
    assert answer["danger"]
    assert "120" in answer["sentence"]
    assert answer["hotlines"]
    assert officer.only_ticket()["level"] == "red"
    name = officer.only_ticket()["code"]
    officer.acknowledges(name)
    [words] = [
        w for w in officer.does("POST", f"/tickets/{name}/words", {"reason": "有危险"}) if w["text"] == RED
    ]
    assert words["spans"]


def test_danger_after_closing_is_not_lost(town: Town, resident: Resident, officer: Officer) -> None:
    with town.database.transaction() as db:
        db.scalars(select(Ticket)).one().complete("supported", town.clock())
    assert taken(town, code_of(resident), "thanks", RED)["danger"]
    assert officer.only_ticket()["level"] == "red", "opened again, or a new one"


def test_words_that_could_not_be_read_are_not_harmless(town: Town, resident: Resident) -> None:
    class Broken:
        def read(self, text: str) -> None:
            raise RuntimeError

    town.services.progress.recogniser = Broken()  # type: ignore[assignment]
    answer = taken(town, code_of(resident), "thanks", "今天天气好")
    assert answer["danger"]
    assert told(town) == [("office", "thanks")], "somebody looks at it"


def test_the_same_wish_sent_twice_is_one(town: Town, resident: Resident) -> None:
    once = str(uuid.uuid4())
    first = taken(town, code_of(resident), "object", RED, once)
    signals, events = count(town, Signal), count(town, TicketEvent)
    assert taken(town, code_of(resident), "object", RED, once) == first
    assert (count(town, Signal), count(town, TicketEvent)) == (signals, events)


def test_a_request_of_another_matter_is_refused(town: Town, resident: Resident) -> None:
    once = str(uuid.uuid4())
    taken(town, code_of(resident), "thanks", "", once)
    other = town.resident(place="puyan-hall")
    other.agrees()
    other.says(CRISIS)
    assert wish(town, code_of(other), "thanks", "", once).status_code == 409


def test_too_long_is_refused_but_not_before_it_was_read(
    town: Town, resident: Resident, officer: Officer
) -> None:
    assert wish(town, code_of(resident), "suits", "好" * 500).status_code == 200
    assert wish(town, code_of(resident), "suits", "好" * 501).status_code == 413
    raw = b'{"client_id":"%s","kind":"suits","text":"\\ud83d\\u0000"}' % str(uuid.uuid4()).encode()
    headers = {"Content-Type": "application/json"}
    path = f"/api/progress/{code_of(resident)}/wishes"
    assert town.ask("POST", path, content=raw, headers=headers).status_code == 422
    assert officer.only_ticket()["level"] == "orange"
    assert wish(town, code_of(resident), "suits", "好" * 600 + RED).status_code == 200
    assert officer.only_ticket()["level"] == "red"


@pytest.mark.parametrize("where", ["beginning", "end"])
def test_danger_in_what_is_far_too_large_is_acted_on(
    town: Town, resident: Resident, officer: Officer, where: str
) -> None:
    filling = "好" * 200_000
    text = RED + filling if where == "beginning" else filling + RED
    assert wish(town, code_of(resident), "suits", text).status_code == 413
    assert officer.only_ticket()["level"] == "red"


def test_wishes_are_throttled_by_code_but_danger_never(
    town: Town, resident: Resident, officer: Officer
) -> None:
    code = code_of(resident)
    answers = [wish(town, code, "suits", "下午在家").status_code for _ in range(12)]
    assert answers == [200] * 10 + [429] * 2
    assert told(town) == [("office", "suits")]
    assert wish(town, code, "suits", RED).status_code == 200
    assert officer.only_ticket()["level"] == "red"
    town.clock.advance(minutes=11)
    assert wish(town, code, "suits", "下午在家").status_code == 200


@pytest.mark.parametrize("code", BAD_CODES)
def test_every_bad_code_gets_the_same_answer(town: Town, resident: Resident, code: str) -> None:
    looked = town.ask("GET", f"/api/progress/{code}")
    said = wish(town, code, "thanks")
    assert (looked.status_code, said.status_code) == (404, 404)
    assert looked.json() == said.json()
    assert looked.json() == town.ask("GET", "/api/progress/K-1234-5678-9012-3").json()


def test_wrong_codes_are_answered_a_hundred_times_a_minute_in_all(town: Town, resident: Resident) -> None:
    code = code_of(resident)
    desk = town.services.progress
    desk.look(code, "at-home")
    refused = []
    for number in range(130):
        address = f"10.0.0.{number // 10}"
        with pytest.raises((TicketNotFound, TooOften)) as refusal:
            desk.look("K-0731-4482-9056-1", address)
        refused.append(refusal.type)
    assert refused == [TicketNotFound] * 100 + [TooOften] * 30
    assert desk.look(code, "at-home").code == code, "who was right before is not held up by others"
    with pytest.raises(TooOften):  # not even a right code is told from a wrong one
        desk.look(code, "elsewhere")
    town.clock.advance(seconds=61)
    assert desk.look(code, "elsewhere").code == code


def test_a_code_is_taken_however_it_is_said(town: Town, resident: Resident) -> None:
    code = code_of(resident)
    bare = code.replace("-", "")
    aloud = bare.translate(str.maketrans("01", "〇幺"))
    for said in (code, bare, bare.lower(), f"{bare[0]} {bare[1:5]} {bare[5:]}", aloud):
        assert page(town, said)["code"] == code


def test_the_picture_is_drawn_for_every_code_and_tells_nothing(town: Town, resident: Resident) -> None:
    mine = town.ask("GET", f"/api/progress/{code_of(resident)}/qr")
    assert mine.headers["content-type"] == "image/svg+xml"
    assert mine.headers["cache-control"] == "no-store"
    assert b"<svg" in mine.content
    assert b"xmlns" in mine.content
    assert code_of(resident).encode() not in mine.content
    assert town.ask("GET", "/api/progress/nothing/qr").status_code == 404


def test_the_words_are_nowhere_in_clear(town: Town, resident: Resident) -> None:
    taken(town, code_of(resident), "suits", "灰鹦鹉会说三国话")
    with town.database.transaction() as db:
        event = db.scalars(select(TicketEvent).where(TicketEvent.kind == "wish.suits")).one()
        assert "灰鹦鹉".encode() not in (event.note_sealed or b"")
        assert town.database.vault.open(event, "note") == "灰鹦鹉会说三国话"


def test_an_erased_record_takes_along_how_it_went(town: Town, resident: Resident) -> None:
    code = code_of(resident)
    with town.database.transaction() as db:
        db.scalars(select(Ticket)).one().complete("supported", town.clock())
    assert how_it_went(town, code, 1).status_code == 200
    assert resident.sends("DELETE", "/record").status_code == 200
    with town.database.transaction() as db:
        assert db.scalars(select(Satisfaction)).all() == []


def test_of_somebody_whose_record_was_erased_nothing_is_kept_when_all_is_closed(
    town: Town, resident: Resident
) -> None:
    code = code_of(resident)
    with town.database.transaction() as db:
        db.scalars(select(Ticket)).one().complete("supported", town.clock())
    assert resident.sends("DELETE", "/record").status_code == 200
    taken(town, code, "object", "我还是不满意")
    with town.database.transaction() as db:
        event = db.scalars(select(TicketEvent).where(TicketEvent.kind == "wish.object")).one()
        assert event.note_sealed is None


def test_what_was_said_on_the_page_is_in_the_persons_own_record(town: Town, resident: Resident) -> None:
    taken(town, code_of(resident), "suits", "下午三点以后都在家")
    taken(town, code_of(resident), "thanks")
    said = [one["内容"] for one in resident.sends("GET", "/record").json()["进度页上说的"]]
    assert said == ["下午三点以后都在家", None]


def how_it_went(town: Town, code: str, answer: int) -> Any:
    return town.ask("PUT", f"/api/progress/{code}/how-it-went", json={"answer": answer})


def test_a_closed_matter_is_asked_about_once_and_its_worker_never_sees_the_answer(
    town: Town, resident: Resident, officer: Officer
) -> None:
    code = code_of(resident)
    ticket = officer.only_ticket()["code"]
    assert page(town, code)["asked"] is None
    assert how_it_went(town, code, 1).status_code == 409, "the matter is still open"
    with town.database.transaction() as db:
        db.scalars(select(Ticket)).one().complete("supported", town.clock())
    asked = page(town, code)["asked"]
    assert (asked["question"], [one["value"] for one in asked["choices"]]) == (
        "这件事办得怎么样？",
        [3, 2, 1],
    )
    for answer in (1, 3, 0, 4):
        said = how_it_went(town, code, answer)
        assert said.status_code == (200 if answer in (1, 3) else 422)
    assert page(town, code)["asked"]["choices"] == []
    with town.database.transaction() as db:
        kept = db.scalars(select(Satisfaction)).all()
    assert [one.answer for one in kept] == [1], "the first answer holds"
    assert told(town) == []
    assert "不满意" not in str(officer.does("GET", f"/tickets/{ticket}"))
    assert resident.sends("GET", "/record").json()["办得怎么样"][0]["回答"] == 1


@pytest.mark.parametrize("code", BAD_CODES)
def test_without_a_code_nobody_says_how_it_went(town: Town, resident: Resident, code: str) -> None:
    assert how_it_went(town, code, 3).status_code == 404
