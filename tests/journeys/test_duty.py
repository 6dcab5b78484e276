"""The duty roster in a whole district: who hears of a ticket, who may change what, and gaps told a week ahead."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from escalation.contact_book import add_point
from escalation.duty import DutyChange, DutyShift
from escalation.duty_gaps import gap_bar, offices_on_duty, reachability, tell_gaps
from escalation.outbox import QueuedNotice
from escalation.roster import on_duty
from escalation.staff import StaffAccount
from storage.database import Database
from tests.support.clock import MovableClock
from tests.support.town import Officer, Town

ZONE = ZoneInfo("Asia/Shanghai")
MONDAY_9 = "2026-11-23T09:00"


@pytest.fixture
def empty(database: Database, clock: MovableClock, tmp_path: Path) -> Iterator[Town]:
    """A district in which nobody is on duty until a test says who."""
    town = Town(database, clock, tmp_path, roster=False)
    yield town
    town.close()


def at(text: str) -> str:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).isoformat()


def notices(town: Town, begin: str) -> list[QueuedNotice]:
    with town.database.transaction() as db:
        found = db.scalars(select(QueuedNotice).where(QueuedNotice.key.startswith(begin))).all()
    return sorted(found, key=lambda n: n.key)


def shift(person: Officer | None, **more: Any) -> dict[str, Any]:
    office = more.pop("office", person.office if person else "puyan-judicial")
    return {
        "office": office,
        "person": person.username if person else None,
        "days": "1234567",
        "starts": "00:00",
        "ends": "24:00",
        **more,
    }


def covered(town: Town, *, but: str = "") -> None:
    """Duty lines round the clock everywhere, except at one office."""
    with town.database.transaction() as db:
        for office in town.services.district.offices:
            for duty in ("officer", "lead"):
                if office.code != but:
                    db.add(
                        DutyShift(office=office.code, duty=duty, days="1234567", starts="00:00", ends="24:00")
                    )


def names(town: Town, audience: str = "office", office: str = "puyan-judicial") -> list[str]:
    with town.database.transaction() as db:
        return [
            p.name
            for p in on_duty(db, office, audience, town.clock.now, town.services.watch.telling.calendar)
        ]


def test_a_lead_makes_a_roster_and_sees_its_holes(empty: Town) -> None:
    lead, shen = empty.officer("puyan", "supervisor", "陆远山"), empty.officer("puyan", name="沈青")
    week = lead.does("GET", "/duty")
    assert week["gaps"][0]["words"].endswith("浦沿司法所没有人值班")
    assert names(empty) == []

    lead.does("POST", "/duty/shifts", shift(shen, starts="08:30", ends="12:00"))
    week = lead.does("POST", "/duty/shifts", shift(shen, starts="13:30", ends="08:30"))

    assert names(empty) == ["沈青"]
    gaps = [g["words"] for g in week["gaps"] if g["duty"] == "officer"]
    assert gaps[0] == "今天 12:00–13:30 浦沿司法所没有人值班"
    assert "下周一 00:00" not in str(gaps)
    assert len(gaps) == 7
    assert {s["duty"] for day in week["days"] for s in day["stretches"]} == {"officer", "lead"}
    assert names(empty, "supervisor") == ["陆远山"], "without lead shifts the supervisor answers"


def test_a_shift_that_cannot_be_meant_is_refused_in_words(empty: Town) -> None:
    lead, shen = empty.officer("puyan", "supervisor", "陆远山"), empty.officer("puyan", name="沈青")
    other = empty.officer("xixing", name="俞晓")
    for wrong, words in (
        ({"days": "8"}, "星期"),
        ({"starts": "8:30"}, "08:30"),
        ({"starts": "24:00"}, "00:00"),
        ({"person": other.username}, "没有在岗"),
        ({"valid_from": "2026-12-02", "valid_to": "2026-12-01"}, "有效期"),
    ):
        answer = lead.asks("POST", "/duty/shifts", {**shift(shen), **wrong})
        assert answer.status_code == 422, wrong
        assert words in answer.json()["sentence"]
    lead.does("POST", "/duty/shifts", shift(shen))
    assert "已经在" in lead.asks("POST", "/duty/shifts", shift(shen)).json()["sentence"]


def test_only_who_keeps_a_roster_changes_it_and_only_neighbours_see_it(empty: Town) -> None:
    shen, other = empty.officer("puyan", name="沈青"), empty.officer("xixing", name="俞晓")
    lead, far_lead = (
        empty.officer("puyan", "supervisor", "陆远山"),
        empty.officer("xixing", "supervisor", "章如海"),
    )
    desk, auditor = empty.officer("desk", "duty_officer", "周平"), empty.officer("desk", "auditor", "吴清")
    admin = empty.officer("desk", "administrator", "管理员")
    made = lead.does("POST", "/duty/shifts", shift(shen))["shifts"][0]["id"]

    for who, status in (
        (shen, 409),
        (other, 404),
        (far_lead, 404),
        (desk, 409),
        (auditor, 409),
        (admin, 200),
    ):
        answer = who.asks("POST", "/duty/shifts", shift(shen, starts="01:00", ends="02:00"))
        assert answer.status_code == status, who.username
    for who, status in ((shen, 409), (other, 404), (far_lead, 404), (desk, 409), (auditor, 409), (lead, 200)):
        assert who.asks("DELETE", f"/duty/shifts/{made}").status_code == status, who.username
    for who, status in ((shen, 200), (other, 404), (desk, 200), (auditor, 200), (admin, 200)):
        assert who.asks("GET", "/duty?office=puyan-judicial").status_code == status, who.username
    assert desk.asks("POST", "/duty/shifts", shift(desk)).status_code == 200


def test_leave_that_a_backup_covers_is_told_to_nobody(empty: Town) -> None:
    covered(empty, but="puyan-judicial")
    lead = empty.officer("puyan", "supervisor", "陆远山")
    shen, he = empty.officer("puyan", name="沈青"), empty.officer("puyan", name="何苗")
    lead.does("POST", "/duty/shifts", shift(shen))
    lead.does("POST", "/duty/shifts", shift(he, backup=True))
    away = {
        "office": shen.office, "kind": "leave", "person": shen.username,
        "from_at": at(MONDAY_9), "to_at": at("2026-11-24T09:00"),
    }  # fmt: skip
    recorded = shen.does("POST", "/duty/changes", away)
    assert recorded["uncovered"] == []
    assert notices(empty, "gap.change") == []
    assert names(empty) == ["何苗"]


def test_leave_that_nobody_covers_is_written_down_and_told_at_once(empty: Town) -> None:
    covered(empty, but="puyan-judicial")
    lead, shen = empty.officer("puyan", "supervisor", "陆远山"), empty.officer("puyan", name="沈青")
    lead.does("POST", "/duty/shifts", shift(shen))
    away = {
        "office": shen.office, "kind": "leave", "person": shen.username,
        "from_at": at("2026-11-23T12:00"), "to_at": at("2026-11-23T13:30"),
    }  # fmt: skip
    recorded = shen.does("POST", "/duty/changes", away)
    assert [g["words"] for g in recorded["uncovered"]] == ["今天 12:00–13:30 浦沿司法所没有人值班"]
    told = notices(empty, "gap.change")
    assert {(n.audience, n.office) for n in told} == {
        ("supervisor", "puyan-judicial"),
        ("district_desk", "binjiang-desk"),
    }
    assert all("今天 12:00–13:30 浦沿司法所没有人值班" in n.text for n in told)

    change = recorded["week"]["changes"][0]["id"]
    week = shen.does("POST", f"/duty/changes/{change}/end")
    assert week["changes"] == []
    assert [g for g in week["gaps"] if g["duty"] == "officer"] == []
    with empty.database.transaction() as db:
        assert db.get_one(DutyChange, UUID(change)).ended_at is not None, "its row stays"


def test_a_swap_holds_when_the_other_has_said_yes(empty: Town) -> None:
    covered(empty, but="puyan-judicial")
    lead = empty.officer("puyan", "supervisor", "陆远山")
    shen, he, lin = (empty.officer("puyan", name=n) for n in ("沈青", "何苗", "林一"))
    lead.does("POST", "/duty/shifts", shift(shen))
    offer = {
        "office": shen.office, "kind": "swap", "person": shen.username, "replaced_by": he.username,
        "from_at": at(MONDAY_9), "to_at": at("2026-11-24T09:00"),
    }  # fmt: skip
    change = shen.does("POST", "/duty/changes", offer)["week"]["changes"][0]
    assert change["kind"] == "offer"
    assert names(empty) == ["沈青"]
    assert notices(empty, "offer.")[0].staff_id is not None
    assert lin.asks("POST", f"/duty/changes/{change['id']}/accept").status_code == 409
    assert shen.asks("POST", f"/duty/changes/{change['id']}/accept").status_code == 409

    he.does("POST", f"/duty/changes/{change['id']}/accept")
    assert names(empty) == ["何苗"]
    he.does("POST", f"/duty/changes/{change['id']}/end")
    assert names(empty) == ["沈青"]
    assert he.asks("POST", f"/duty/changes/{change['id']}/accept").status_code == 409, "it was taken back"


def test_a_change_that_cannot_be_meant_is_refused_in_words(empty: Town) -> None:
    lead, shen = empty.officer("puyan", "supervisor", "陆远山"), empty.officer("puyan", name="沈青")
    he = empty.officer("puyan", name="何苗")
    right = {
        "office": shen.office, "kind": "leave", "person": shen.username,
        "from_at": at(MONDAY_9), "to_at": at("2026-11-24T09:00"),
    }  # fmt: skip
    for wrong, words in (
        ({"to_at": at(MONDAY_9)}, "晚于"),
        ({"from_at": at("2026-11-20T09:00"), "to_at": at("2026-11-21T09:00")}, "过去"),
        ({"to_at": at("2028-11-24T09:00")}, "一年"),
        ({"replaced_by": shen.username}, "本人"),
        ({"kind": "swap"}, "由谁"),
        ({"person": "nobody-here"}, "没有在岗"),
    ):
        answer = lead.asks("POST", "/duty/changes", {**right, **wrong})
        assert answer.status_code == 422, wrong
        assert words in answer.json()["sentence"]
    assert he.asks("POST", "/duty/changes", right).status_code == 409, "nobody sends a colleague on leave"
    assert empty.officer("xixing").asks("POST", "/duty/changes", right).status_code == 404
    assert empty.officer("desk", "auditor").asks("POST", "/duty/changes", right).status_code == 409


def test_the_coming_week_is_told_once_a_day_in_working_hours(empty: Town) -> None:
    covered(empty, but="puyan-judicial")
    lead, shen = empty.officer("puyan", "supervisor", "陆远山"), empty.officer("puyan", name="沈青")
    lead.does("POST", "/duty/shifts", shift(shen, days="124567"))
    lead.does("POST", "/duty/shifts", shift(shen, days="3", starts="00:00", ends="12:00"))
    lead.does("POST", "/duty/shifts", shift(shen, days="3", starts="13:30", ends="24:00"))
    telling = empty.services.watch.telling

    def told_at(local: str) -> int:
        with empty.database.transaction() as db:
            return tell_gaps(db, telling, datetime.fromisoformat(local).replace(tzinfo=ZONE))

    assert told_at("2026-11-23T08:59") == 0, "before work"
    assert told_at("2026-11-23T09:00") > 0
    assert told_at("2026-11-23T10:00") == 0, "once a day"
    assert told_at("2026-11-23T17:00") == 0
    told = notices(empty, "gaps.puyan-judicial.20261123")
    assert {n.audience for n in told} == {"supervisor", "district_desk"}
    assert {n.text for n in told} == {"【演示】周三 12:00–13:30 浦沿司法所没有人值班 · 请排人"}
    assert told_at("2026-11-26T09:30") > 0
    assert "下周三 12:00–13:30" in notices(empty, "gaps.puyan-judicial.20261126")[0].text
    assert told_at("2026-11-28T10:00") == 0, "Saturday does not wake anybody for a Wednesday"
    with empty.database.transaction() as db:
        offices = offices_on_duty(telling.district)
        bar = gap_bar(db, offices, empty.clock.now, telling.calendar)
    assert bar == "周三 12:00–13:30 浦沿司法所没有人值班，请排人。"


def test_each_office_needs_two_people_who_can_be_reached(empty: Town) -> None:
    covered(empty, but="puyan-judicial")
    lead = empty.officer("puyan", "supervisor", "陆远山")
    shen, he = empty.officer("puyan", name="沈青"), empty.officer("puyan", name="何苗")
    for person in (shen, he):
        lead.does("POST", "/duty/shifts", shift(person))

    def reach() -> Any:
        with empty.database.transaction() as db:
            telling = empty.services.watch.telling
            found = reachability(db, telling.district, empty.clock.now, telling.calendar)
        return next(r for r in found if r.office == "puyan-judicial")

    assert (reach().people, reach().enough) == (0, False)
    with empty.database.transaction() as db:
        for person, phone in ((shen, "13800000001"), (he, "13800000002")):
            who = db.scalars(select(StaffAccount).where(StaffAccount.username == person.username)).one()
            add_point(
                db, empty.database.vault, office=who.office, staff_id=who.id, audience="office", channel="sms",
                address=phone,
            )  # fmt: skip
            db.flush()
            if person is shen:
                half = reachability(
                    db, empty.services.district, empty.clock.now, empty.services.watch.telling.calendar
                )
                assert "何苗没有登记联系方式" in next(r for r in half if r.office == "puyan-judicial").words()
    assert (reach().people, reach().enough) == (2, True)
    shown = lead.does("GET", "/duty/gaps")
    assert [r["enough"] for r in shown["reach"]] == [True]


def test_whoever_is_on_duty_hears_of_a_ticket_and_whoever_is_on_leave_does_not(empty: Town) -> None:
    covered(empty, but="puyan-judicial")
    lead = empty.officer("puyan", "supervisor", "陆远山")
    shen, he = empty.officer("puyan", name="沈青"), empty.officer("puyan", name="何苗")
    lead.does("POST", "/duty/shifts", shift(shen))
    ids = {}
    with empty.database.transaction() as db:
        for person in (shen, he):
            who = db.scalars(select(StaffAccount).where(StaffAccount.username == person.username)).one()
            ids[person.username] = who.id
            add_point(
                db, empty.database.vault, office=who.office, staff_id=who.id, audience="office",
                channel="webhook", address=person.username,
            )  # fmt: skip
    lead.does(
        "POST",
        "/duty/changes",
        {
            "office": shen.office, "kind": "leave", "person": shen.username, "replaced_by": he.username,
            "from_at": at(MONDAY_9), "to_at": at("2026-11-24T09:00"),
        },
    )  # fmt: skip

    def heard() -> set[Any]:
        resident = empty.resident(place="puyan-hall")
        resident.agrees()
        resident.says("我不想活了")
        with empty.database.transaction() as db:
            newest = db.scalars(select(QueuedNotice).order_by(QueuedNotice.queued_at.desc())).first()
            assert newest is not None
            rows = db.scalars(select(QueuedNotice).where(QueuedNotice.queued_at == newest.queued_at)).all()
        return {n.staff_id for n in rows if n.staff_id is not None}

    assert heard() == {ids[he.username]}
    empty.clock.advance(days=1, minutes=1)
    assert heard() == {ids[shen.username]}


def test_an_empty_office_is_skipped_and_its_lead_told_in_the_same_breath(empty: Town) -> None:
    """H07: nobody waits for somebody who is not there."""
    covered(empty, but="puyan-judicial")
    empty.officer("puyan", "supervisor", "陆远山")
    resident = empty.resident(place="puyan-hall")
    resident.agrees()
    resident.says("我不想活了")
    with empty.database.transaction() as db:
        audiences = set(db.scalars(select(QueuedNotice.audience).where(QueuedNotice.ticket_id.is_not(None))))
    assert audiences == {"supervisor"}
