"""Late hands, clocks that jump, and one broken ticket among others."""

import uuid

from sqlalchemy import select

from escalation.ticket import Ticket
from server.jobs import delivery_round
from tests.support.town import Resident, Town


def wishes_to_die(town: Town, place: str = "puyan-hall") -> Resident:
    resident = town.resident(place=place)
    resident.agrees()
    resident.says("我不想活了")
    return resident


def test_an_officer_who_takes_an_orange_ticket_the_next_day_has_time_to_call(town: Town) -> None:
    wishes_to_die(town)
    town.clock.advance(hours=20)
    town.jobs()
    officer = town.officer("puyan")
    code = officer.only_ticket()["code"]
    officer.acknowledges(code)
    town.passes(minutes=5)
    assert officer.only_ticket()["holder"] == "沈青", "nobody could ever keep it"

    town.passes(minutes=26)
    assert officer.only_ticket()["holder"] is None, "half an hour without an attempt is enough"


def test_after_a_long_silence_each_is_told_once_and_not_for_every_quarter_of_an_hour(town: Town) -> None:
    resident = wishes_to_die(town)
    resident.says("我现在就站在楼顶，要跳下去")
    town.jobs()
    before = len(town.channel.sent)
    town.clock.advance(days=30)
    town.jobs()

    told = [notice.key.split(".")[2] for notice in town.channel.sent[before:]]
    assert sorted(told) == ["district_desk", "supervisor"]
    town.passes(minutes=16)
    assert len(town.channel.sent) == before + 3, "and then again, as the policy says"


def test_a_ticket_of_an_office_that_is_gone_reaches_the_district_and_keeps_no_other(town: Town) -> None:
    wishes_to_die(town, "puyan-hall")
    wishes_to_die(town, "changhe-hall")
    with town.database.transaction() as db:
        broken = db.scalars(select(Ticket).where(Ticket.office == town.office_code("puyan"))).one()
        broken.office = "an office that was closed"
        broken.level = 5
    other = town.officer("changhe").only_ticket()["code"]
    town.clock.advance(hours=2, minutes=1)
    town.services.watch.escalate_overdue()
    delivery_round(town.services, town.channel)

    assert town.channel.rang(other) == 2, "the office and its supervisor"
    assert broken.code in [t["code"] for t in town.officer("desk", role="duty_officer").tickets()]


def test_a_visit_without_a_time_zone_is_refused_and_not_a_fault(town: Town) -> None:
    wishes_to_die(town)
    officer = town.officer("puyan")
    code = officer.only_ticket()["code"]
    officer.acknowledges(code)
    body = {"client_id": str(uuid.uuid4()), "outcome": "met", "visited_at": "2026-11-23T09:00:00"}

    assert officer.asks("POST", f"/tickets/{code}/visits", body).status_code == 422
