"""Joint work (TK11): a partner sees its part alone, and what it does not do is told upward."""

import uuid
from datetime import timedelta
from typing import Any

import pytest

from escalation.staff import new_account
from server.callers import StaffCookie
from tests.access.routes import entries
from tests.access.test_matrix import ROWS
from tests.support.town import PASSWORD, Officer, Resident, Town


class PartnerOffice(Officer):
    """Somebody who works for a partner."""

    def __init__(self, town: Town, partner: str) -> None:
        self.town, self.office = town, partner
        self.username = f"{partner}-{uuid.uuid4().hex[:6]}"
        with town.database.transaction() as db:
            db.add(new_account(self.username, PASSWORD, "姚社区", "partner", partner, demo=True))
        answer = town.ask("POST", "/api/staff/login", json={"username": self.username, "password": PASSWORD})
        self.cookie = f"{StaffCookie}={answer.cookies[StaffCookie]}"

    def tasks(self) -> list[dict[str, Any]]:
        return self.does("GET", "/sub-tasks")["tasks"]

    def on_task(self, task: str, act: str, **body: Any) -> Any:
        return self.does("POST", f"/sub-tasks/{task}/{act}", {"client_id": str(uuid.uuid4()), **body})


@pytest.fixture
def resident(town: Town) -> Resident:
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.says("我不想活了")
    resident.tells("name", "余红")
    return resident


@pytest.fixture
def officer(town: Town, resident: Resident) -> Officer:
    officer = town.officer("puyan")
    officer.acknowledges(officer.only_ticket()["code"])
    officer.on(officer.only_ticket()["code"], "calls", outcome="spoke")
    return officer


def asks(town: Town, officer: Officer, partner: str = "puyan-community", **more: Any) -> str:
    code = officer.only_ticket()["code"]
    due = (town.clock.now + timedelta(hours=6)).isoformat()
    body = {"partner": partner, "what": "look_in", "ask": "请今天去看看人在不在", "due_at": due, **more}
    return officer.on(code, "sub-tasks", **body)["team"]["sub_tasks"][-1]["task"]


def test_a_partner_sees_what_is_asked_and_nothing_of_the_ticket(town: Town, officer: Officer) -> None:
    code = officer.only_ticket()["code"]
    task = asks(town, officer)
    partner = PartnerOffice(town, "puyan-community")
    (seen,) = partner.tasks()

    assert seen["task"] == task
    assert seen["ask"] == "请今天去看看人在不在"
    assert seen["resident"] is None
    assert not [word for word in (code, "余", "orange", "橙", "不想活", "phq") if word in str(seen)]
    assert PartnerOffice(town, "changhe-community").tasks() == []
    assert partner.tickets() == []


def test_a_name_is_passed_on_only_where_it_is_needed_and_allowed(
    town: Town, resident: Resident, officer: Officer
) -> None:
    asks(town, officer, with_name=True)
    assert PartnerOffice(town, "puyan-community").tasks()[0]["resident"] == "余红"

    quiet = town.resident(place="puyan-hall")
    quiet.agrees(share=False)
    quiet.completes(mood=3)
    (code,) = {t["code"] for t in officer.tickets()} - {officer.tickets("mine")[0]["code"]}
    officer.acknowledges(code)
    due = (town.clock.now + timedelta(hours=6)).isoformat()
    body = {
        "client_id": str(uuid.uuid4()), "partner": "puyan-community", "what": "look_in",
        "ask": "请去看看", "due_at": due, "with_name": True,
    }  # fmt: skip
    answer = officer.asks("POST", f"/tickets/{code}/sub-tasks", {**body, "ask": "请今天去看看"})
    assert answer.status_code == 409
    assert "没有同意" in answer.json()["sentence"]


def test_what_a_partner_says_comes_back_to_the_ticket(town: Town, officer: Officer) -> None:
    code = officer.only_ticket()["code"]
    task = asks(town, officer)
    partner = PartnerOffice(town, "puyan-community")
    partner.on_task(task, "accept")
    assert officer.does("GET", f"/tickets/{code}")["team"]["sub_tasks"][0]["state"] == "accepted"
    partner.on_task(task, "done", result="人在家，邻居陪着")
    town.jobs()

    part = officer.does("GET", f"/tickets/{code}")["team"]["sub_tasks"][0]
    assert (part["state"], part["result"]) == ("done", "人在家，邻居陪着")
    assert [n for n in town.channel.sent if f"part.{task}.done" in n.key]
    again = partner.asks(
        "POST", f"/sub-tasks/{task}/cannot", {"client_id": str(uuid.uuid4()), "result": "不行"}
    )
    assert again.status_code == 409


def test_a_part_that_is_late_is_told_upward_again_and_again(town: Town, officer: Officer) -> None:
    task = asks(town, officer)
    town.passes(hours=5, minutes=58)
    assert not [n for n in town.channel.sent if f"part.{task}.late" in n.key]
    town.passes(minutes=4)
    assert [n.key.split(".")[2] for n in town.channel.sent if f"part.{task}.late" in n.key] == ["office"]
    town.passes(hours=4, minutes=2)
    told = [n.key.split(".")[2] for n in town.channel.sent if f"part.{task}.late" in n.key]
    assert told == ["office", "supervisor", "district_desk"]


def test_only_a_partner_of_this_street_that_does_this_can_be_asked(town: Town, officer: Officer) -> None:
    code = officer.only_ticket()["code"]
    due = (town.clock.now + timedelta(hours=6)).isoformat()
    for partner, what in (("changhe-community", "look_in"), ("puyan-school", "protect"), ("nobody", "other")):
        body = {
            "client_id": str(uuid.uuid4()), "partner": partner, "what": what, "ask": "请帮忙看看",
            "due_at": due,
        }  # fmt: skip
        assert officer.asks("POST", f"/tickets/{code}/sub-tasks", body).status_code == 409, partner


def test_another_partners_part_is_like_one_that_never_was(town: Town, officer: Officer) -> None:
    task = asks(town, officer)
    stranger = PartnerOffice(town, "binjiang-hospital")
    for act, more in (("accept", {}), ("done", {"result": "好了"}), ("cannot", {"result": "不行"})):
        body = {"client_id": str(uuid.uuid4()), **more}
        foreign = stranger.asks("POST", f"/sub-tasks/{task}/{act}", body)
        nothing = stranger.asks("POST", f"/sub-tasks/P-222222/{act}", body)
        assert (foreign.status_code, foreign.json()) == (404, nothing.json())


def test_a_partner_gets_nothing_from_any_ticket_route(town: Town, officer: Officer) -> None:
    code = officer.only_ticket()["code"]
    asks(town, officer)
    partner = PartnerOffice(town, "puyan-community")
    asked = 0
    for entry in entries():
        if not entry.path.startswith("/api/staff/tickets/{code}"):
            continue
        path = entry.path.removeprefix("/api/staff").replace("{code}", code)
        path = path.replace("{follow_up}", str(uuid.uuid4())).replace("{task}", "P-222222")
        path = path.replace("{administration}", str(uuid.uuid4())).replace("{kind}", "visit_kit")
        row = ROWS[str(entry)]
        body = dict(row["body"]) if "body" in row else None
        if body is not None and row.get("client"):
            body["client_id"] = str(uuid.uuid4())
        if body is not None and "to_staff" in body:
            body["to_staff"] = str(uuid.uuid4())
        assert partner.asks(entry.method, path, body).status_code == 404, str(entry)
        asked += 1
    assert asked > 25
