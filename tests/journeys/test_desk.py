"""An officer's own desk: kept views, the day's doors, what is heard at once, the board, and a visit written up late."""

import asyncio
import base64
import uuid
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from escalation.say_cards import say_cards
from escalation.ticket import DeskCall, Ticket
from server.callers import StaffCookie, StaffPerson
from server.listening import Listening, Stir
from storage.audit import AuditEntry
from storage.database import Database
from tests.support.processes import until
from tests.support.town import PASSWORD, Officer, Resident, Town

DANGER = "我不想活了，药我已经准备好了"


def an_alarm(town: Town, place: str = "puyan-hall", name: str | None = None) -> Resident:
    resident = town.resident(place=place)
    resident.agrees()
    resident.says(DANGER)
    if name:
        resident.tells("name", name)
    town.jobs()
    return resident


def logs_in_again(officer: Officer) -> None:
    """A shift is over; the next begins."""
    body = {"username": officer.username, "password": PASSWORD}
    answer = officer.town.ask("POST", "/api/staff/login", json=body)
    officer.cookie = f"{StaffCookie}={answer.cookies[StaffCookie]}"


def test_a_view_follows_its_owner_and_nobody_else(town: Town) -> None:
    officer, colleague = town.officer("puyan"), town.officer("puyan", name="何苗")
    body = {"name": "没人接的红", "base": "open", "levels": ["red", "red"], "free_only": True}
    kept = officer.does("POST", "/views", body)
    assert [(v["name"], v["levels"], v["free_only"]) for v in kept] == [("没人接的红", ["red"], True)]
    officer.does("POST", "/views", {**body, "levels": ["red", "orange"]})
    (view,) = officer.does("GET", "/views")
    assert view["levels"] == ["red", "orange"]

    assert colleague.does("GET", "/views") == []
    assert colleague.asks("DELETE", f"/views/{view['id']}").status_code == 404
    assert officer.does("DELETE", f"/views/{view['id']}") == []
    assert officer.asks("DELETE", f"/views/{view['id']}").status_code == 404


def test_a_dozen_views_are_enough_and_each_has_a_name(town: Town) -> None:
    officer = town.officer("puyan")
    for number in range(12):
        officer.does("POST", "/views", {"name": f"第{number}", "base": "mine"})
    refused = officer.asks("POST", "/views", {"name": "再来一个", "base": "mine"})
    assert refused.status_code == 409
    assert "12" in refused.json()["sentence"]
    kept = officer.does("POST", "/views", {"name": "第3", "base": "due"})
    assert [one["base"] for one in kept if one["name"] == "第3"] == ["due"]
    for wrong in (
        {"name": "  ", "base": "open"},
        {"name": "长" * 13, "base": "open"},
        {"name": "好", "base": "all"},
    ):
        assert officer.asks("POST", "/views", wrong).status_code == 422


def test_the_day_has_the_doors_of_ones_own_office_in_an_order(town: Town) -> None:
    officer = town.officer("puyan")
    an_alarm(town, name="余小红")
    code = officer.only_ticket()["code"]
    officer.acknowledges(code)
    officer.on(code, "two-people", needed=True, reason="上次有人摔东西")
    (errand,) = officer.does("GET", "/day-plan")["errands"]
    assert (errand["code"], errand["what"], errand["resident"]) == (code, "visit", "余*红")
    assert errand["mine"]
    assert errand["two_people"]
    assert not errand["late"]

    stranger = town.officer("xixing", name="林一")
    assert stranger.does("GET", "/day-plan")["errands"] == []
    assert town.officer("desk", "auditor", "吴清").asks("GET", "/day-plan").status_code == 409

    town.clock.advance(hours=5)
    plan = officer.does("GET", "/day-plan")
    assert plan["errands"][0]["late"]
    assert "小" not in str(plan)

    officer.on(code, "visits", outcome="met")
    officer.on(code, "follow-ups", after_hours=[3, 24 * 7])
    assert [e["what"] for e in officer.does("GET", "/day-plan")["errands"]] == ["follow_up"]


def test_the_days_doors_are_recorded_once_for_what_they_show(town: Town) -> None:
    officer = town.officer("puyan")
    an_alarm(town)
    for _ in range(3):
        officer.does("GET", "/day-plan")
    with town.database.transaction() as db:
        listed = db.query(AuditEntry).filter_by(actor=officer.username, subject="day-plan").all()
    assert len(listed) == 1


def test_the_day_is_read_while_somebody_holds_its_tickets(town: Town) -> None:
    """Neither the day nor the board waits for a row that is locked, nor locks one."""
    officer, lead = town.officer("puyan"), town.officer("puyan", "supervisor", "丁负责")
    an_alarm(town)
    with town.database.transaction() as db:
        db.execute(text("SELECT id FROM ticket FOR UPDATE"))
        db.execute(text("SELECT id FROM ticket_clock FOR UPDATE"))
        assert len(officer.does("GET", "/day-plan")["errands"]) == 1
        assert lead.does("GET", "/board")["nobody"] == 1


def test_the_board_says_who_carries_how_much_and_names_no_resident(town: Town) -> None:
    lead, officer = town.officer("puyan", "supervisor", "丁负责"), town.officer("puyan")
    for number in range(4):
        an_alarm(town, name=f"余小{number}")
    for ticket in officer.tickets():
        officer.acknowledges(ticket["code"])
    board = lead.does("GET", "/board")
    load = {one["name"]: one for one in board["people"]}
    assert (load["沈青"]["red"], load["沈青"]["too_many_reds"]) == (4, True)
    assert load["丁负责"]["total"] == board["nobody"] == 0
    assert board["late"] == []

    town.clock.advance(hours=5)
    late = lead.does("GET", "/board")
    assert {one["holder"] for one in late["late"]} == {"沈青"}
    assert "余" not in str(late)
    assert officer.asks("GET", "/board").status_code == 409
    far = town.officer("xixing", "supervisor", "方负责").does("GET", "/board")
    assert (far["late"], far["nobody"], far["oldest"]) == ([], 0, None)


def test_the_month_is_told_in_sentences_with_their_denominators(town: Town) -> None:
    lead, officer = town.officer("puyan", "supervisor", "丁负责"), town.officer("puyan")
    for number in range(6):
        an_alarm(town)
        code = next(t["code"] for t in officer.tickets() if t["holder"] is None)
        if number < 5:
            officer.acknowledges(code)
            officer.on(code, "visits", outcome="met")
            officer.on(code, "follow-ups", after_hours=[48])
            officer.on(code, "close", outcome="supported", new_level="blue")
    town.clock.advance(days=12)
    logs_in_again(lead)
    digest = lead.does("GET", "/board")["digest"]
    assert digest["month"] == "2026 年 11 月"
    kept = {one["clock"]: (one["due"], one["kept"]) for one in digest["kept"]}
    assert kept["签收"] == (6, 5)
    assert "签收：6 次里 1 次没有按时。" in digest["problems"]
    assert "办结了 5 件，谢谢大家。" in digest["praise"]
    assert len(digest["problems"]) <= 3


def test_the_key_of_a_phone_is_ones_own_at_every_log_in(town: Town) -> None:
    officer, colleague = town.officer("puyan"), town.officer("puyan", name="何苗")
    key = officer.does("GET", "/keeping-key")
    assert len(base64.b64decode(key["key"])) == 32
    assert colleague.does("GET", "/keeping-key") != key
    logs_in_again(officer)
    assert officer.does("GET", "/keeping-key") == key


def test_what_one_officer_wrote_is_never_recorded_in_the_name_of_a_colleague_beside_them(town: Town) -> None:
    officer, colleague = town.officer("puyan"), town.officer("puyan", "supervisor", "丁负责")
    an_alarm(town)
    code = officer.only_ticket()["code"]
    officer.acknowledges(code)
    me = officer.does("GET", "/me")["person"]
    assert me == officer.does("GET", "/keeping-key")["id"] != colleague.does("GET", "/me")["person"]
    visit = {"client_id": str(uuid.uuid4()), "outcome": "met", "note": "女儿在家"}

    def sends(cookie: str | None, path: str, method: str = "POST", body: Any = visit) -> httpx.Response:
        """A page that stands for the officer, in a browser with this cookie."""
        address = f"/api/staff{path}"
        return town.ask(method, address, cookie=cookie, json=body, headers={StaffPerson: me})

    refused = sends(colleague.cookie, f"/tickets/{code}/visits")
    assert (refused.status_code, refused.json()["problem"]) == (409, "another_person")
    assert "重新登录" in refused.json()["sentence"]
    assert sends(colleague.cookie, f"/tickets/{code}", "GET", None).json()["problem"] == "another_person"
    assert sends(colleague.cookie, "/logout").json()["problem"] == "another_person"
    assert colleague.does("GET", "/me")["name"] == "丁负责", "whose cookie it is has not been logged out"
    assert sends(f"{StaffCookie}=gone", f"/tickets/{code}/visits").status_code == 401
    assert not [e for e in officer.does("GET", f"/tickets/{code}")["timeline"] if e["kind"] == "visit"]

    assert sends(officer.cookie, f"/tickets/{code}/visits").status_code == 200
    (written,) = [e for e in officer.does("GET", f"/tickets/{code}")["timeline"] if e["kind"] == "visit"]
    assert written["who"] == officer.does("GET", "/me")["name"]


def test_a_visit_kept_without_a_network_arrives_once_and_never_too_late(town: Town) -> None:
    officer = town.officer("puyan")
    an_alarm(town)
    code = officer.only_ticket()["code"]
    officer.acknowledges(code)
    visited = town.clock.now.isoformat()
    town.clock.advance(hours=49)
    logs_in_again(officer)
    kept = {"client_id": str(uuid.uuid4()), "outcome": "met", "visited_at": visited, "note": "女儿在家"}
    for _ in range(2):
        detail = officer.does("POST", f"/tickets/{code}/visits", kept)
    assert [e["kind"] for e in detail["timeline"]].count("visit") == 1
    clock = next(c for c in detail["clocks"] if c["name"] == "visit")
    assert clock["state"] == "kept"


def test_every_finding_of_a_visit_has_a_card() -> None:
    cards = say_cards()
    assert {one.code for one in cards.situations} == {
        "illness", "bereavement", "debt", "isolation", "conflict", "means_at_home",
    }  # fmt: skip
    assert "{me}" in cards.levels["red"].first
    assert cards.reviewed_on is None, "say here by whom and when, once a clinician has read them"


@pytest.fixture
def two(town: Town) -> Any:
    """Two application processes' ears over one database."""
    both = [Listening(town.database), Listening(town.database)]
    for one in both:
        one.start()
    try:
        until(lambda: all(one.hears for one in both))
        yield both
    finally:
        for one in both:
            one.close()


async def heard_by(ear: Listening, act: Any) -> list[Stir]:
    with ear.ear("puyan") as queue:
        await asyncio.get_running_loop().run_in_executor(None, act)
        found = [await asyncio.wait_for(queue.get(), 20)]
        while not queue.empty():
            found.append(queue.get_nowait())
        return found


def test_nobody_listens_more_than_three_times(two: list[Listening]) -> None:
    async def listens() -> None:
        with two[0].ear("puyan"), two[0].ear("puyan"):
            assert two[0].room("puyan")
            with two[0].ear("puyan"):
                assert not two[0].room("puyan")
                assert two[0].room("changhe")
        assert two[0].room("puyan")

    asyncio.run(listens())


def test_what_happens_in_one_process_is_heard_in_both(town: Town, two: list[Listening]) -> None:
    for ear in two:
        found = asyncio.run(heard_by(ear, lambda: an_alarm(town, name="余小红")))
        stir = found[0]
        assert stir.offices == {"puyan-judicial"}
        assert stir.code in {t["code"] for t in town.officer("puyan").tickets()}
        assert all(word not in str(found) for word in ("余", "不想活", "red"))


def test_what_was_taken_back_is_not_heard(town: Town, two: list[Listening]) -> None:
    def half() -> None:
        with town.database.transaction() as db:
            session = db.query(Ticket).one().session_id
        try:
            with town.database.transaction() as db:
                db.add(DeskCall(session_id=session, place="大厅", office="puyan-judicial", at=town.clock.now))
                db.flush()
                raise RuntimeError
        except RuntimeError:
            pass
        town.officer("puyan").acknowledges(town.officer("puyan").only_ticket()["code"])

    an_alarm(town)
    found = asyncio.run(heard_by(two[0], half))
    assert {stir.kind for stir in found} == {"acknowledged"}


def test_no_beat_without_hearing(town: Town, database: Database) -> None:
    """The page is told to ask by itself (204) as soon as the listening connection is gone, and hears again after."""
    officer = town.officer("puyan")
    assert officer.asks("GET", "/events").status_code == 204
    ear = town.services.listening
    ear.start()
    until(lambda: ear.hears)
    with database.transaction() as db:
        db.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND application_name = 'xinqiao listening'"
            )
        )
    until(lambda: not ear.hears)
    assert officer.asks("GET", "/events").status_code == 204
    until(lambda: ear.hears)
    ear.close()
    assert not ear.hears
