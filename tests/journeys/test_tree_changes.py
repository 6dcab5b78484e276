"""R13: streets merge, boundaries move, offices close and posters hang on; nobody is left without an office.

Each time one round of the clocks (a second) is enough, and the ticket never belongs to nobody in between.
"""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from escalation.outbox import QueuedNotice
from escalation.ticket import FollowUp, Ticket, TicketClock
from residents.resident import Disclosure
from storage import audit
from storage.database import Database
from tests.support.clock import MovableClock
from tests.support.town import Officer, Resident, Town
from tests.support.trees import community_moves, imports, proposes, without_puyan

HOME = "浦沿街道东冠社区3幢101室"


def in_danger(town: Town, place: str | None = "puyan-hall", address: str | None = None) -> Resident:
    """Somebody whose ticket is red."""
    resident = town.resident(place=place)
    resident.agrees()
    resident.says("我现在就站在楼顶，要跳下去")
    if address:
        resident.tells("address", address)
    town.jobs()
    return resident


def the_ticket(town: Town) -> Ticket:
    with town.database.transaction() as db:
        return db.scalars(select(Ticket)).one()


def due(town: Town) -> dict[str, Any]:
    with town.database.transaction() as db:
        return {c.name: (c.due_at, c.stopped_at) for c in db.scalars(select(TicketClock))}


def told(town: Town, office: str) -> int:
    """How many different notices went to this office."""
    with town.database.transaction() as db:
        notices = db.scalars(select(QueuedNotice).where(QueuedNotice.office == office))
        return len({notice.key for notice in notices})


def lines(town: Town, officer: Officer) -> list[str]:
    code = officer.only_ticket()["code"]
    return [entry["text"] for entry in officer.does("GET", f"/tickets/{code}")["timeline"]]


def acts(town: Town) -> list[str]:
    with town.database.transaction() as db:
        return [entry.action for entry in db.scalars(select(audit.AuditEntry))]


def test_a_boundary_moves_and_the_ticket_with_it(town: Town, tmp_path: Path) -> None:
    in_danger(town, address=HOME)
    before = due(town)
    proposal = imports(town, tmp_path, community_moves("东冠社区", "长河街道"))
    assert (proposal.moves.open_tickets, proposal.moves.move) == (1, 1)
    assert proposal.moves.by_office == {town.office_code("changhe"): 1}
    town.jobs()

    officer = town.officer("changhe")
    assert officer.only_ticket()["place"].startswith("长河街道 · 东冠社区")
    assert town.officer("puyan").tickets() == []
    assert told(town, officer.office) >= 1
    assert due(town) == before, "the clocks count from the sentence, not from a boundary"
    assert any("区划有调整" in line for line in lines(town, officer))
    assert "ticket.rerouted" in acts(town)
    with town.database.transaction() as db:
        assert officer.office in set(db.scalars(select(Disclosure.office)))


def test_who_has_it_in_hand_keeps_it_and_the_new_office_stands_beside(town: Town, tmp_path: Path) -> None:
    in_danger(town, address=HOME)
    holder = town.officer("puyan")
    code = holder.only_ticket()["code"]
    holder.acknowledges(code)
    imports(town, tmp_path, community_moves("东冠社区", "长河街道"))
    town.jobs()

    assert holder.only_ticket()["holder"] == "沈青", "nobody loses a case in hand"
    beside = town.officer("changhe")
    assert beside.only_ticket()["code"] == code
    assert told(town, beside.office) >= 1
    once = told(town, beside.office)
    town.jobs()
    assert told(town, beside.office) == once, "told once"


def test_a_street_is_merged_and_its_office_closed(town: Town, tmp_path: Path) -> None:
    in_danger(town, address=HOME)
    imports(town, tmp_path, without_puyan)
    town.jobs()

    officer = town.officer("changhe")
    assert officer.only_ticket()["office_name"] == "长河司法所"
    assert told(town, officer.office) >= 1


def test_the_office_of_whoever_has_it_is_closed(town: Town, tmp_path: Path) -> None:
    in_danger(town, address=HOME)
    holder = town.officer("puyan")
    holder.acknowledges(holder.only_ticket()["code"])
    imports(town, tmp_path, without_puyan)
    town.jobs()

    ticket = town.officer("changhe").only_ticket()
    assert (ticket["holder"], ticket["state"]) == (None, "requested")
    assert holder.tickets() == []
    assert holder.does("GET", "/me")["office_name"] == "已撤销的办公室", "their page opens all the same"


def test_somebody_without_an_address_at_a_place_that_closed(town: Town, tmp_path: Path) -> None:
    in_danger(town, place="puyan-room")
    imports(town, tmp_path, without_puyan)
    town.jobs()
    assert town.officer("changhe").only_ticket()["office_name"] == "长河司法所", "its community is 长河's now"


def test_a_place_whose_street_is_gone_and_nothing_else_is_known(town: Town, tmp_path: Path) -> None:
    in_danger(town, place="puyan-school-1")
    imports(town, tmp_path, without_puyan)
    town.jobs()
    duty = town.officer("desk", "duty_officer")
    assert duty.only_ticket()["office_name"] == "滨江区值班台"
    assert told(town, duty.office) >= 1


def test_an_address_in_a_community_that_was_removed(town: Town, tmp_path: Path) -> None:
    in_danger(town, place=None, address="东冠社区3幢")
    assert town.officer("puyan").only_ticket()
    imports(town, tmp_path, lambda table: [row for row in table if row["名称"] != "东冠社区"])
    town.jobs()
    assert town.officer("desk", "duty_officer").only_ticket()["office_name"] == "滨江区值班台"


def test_a_poster_of_a_place_that_is_gone_still_opens_the_door(town: Town, tmp_path: Path) -> None:
    imports(town, tmp_path, lambda table: [row for row in table if row["编码"] != "puyan-poster-1"])
    in_danger(town, place="puyan-poster-1")
    assert town.officer("puyan").only_ticket()


def test_a_code_of_a_place_that_never_was_comes_to_the_desk(town: Town) -> None:
    in_danger(town, place="puyan-nowhere")
    duty = town.officer("desk", "duty_officer")
    assert duty.only_ticket()["code"]
    assert told(town, duty.office) >= 1


def test_a_kiosk_of_a_closed_place_calls_the_office_that_is_there_now(town: Town, tmp_path: Path) -> None:
    kiosk = town.resident(place="puyan-room", door="kiosk")
    kiosk.agrees()
    imports(town, tmp_path, without_puyan)
    kiosk.chooses("call_person")
    calls = town.officer("changhe").does("GET", "/desk-calls")
    assert [call["answered_by"] for call in calls] == [None]


def test_a_call_that_waits_at_an_office_that_is_closed_waits_at_the_desk(town: Town, tmp_path: Path) -> None:
    kiosk = town.resident(place="puyan-hall", door="kiosk")
    kiosk.agrees()
    kiosk.chooses("call_person")
    assert len(town.officer("puyan").does("GET", "/desk-calls")) == 1
    imports(town, tmp_path, without_puyan)
    assert len(town.officer("desk", "duty_officer").does("GET", "/desk-calls")) == 1


def test_an_office_where_nobody_works_is_not_waited_for(database: Database, tmp_path: Path) -> None:
    town = Town(database, MovableClock(), tmp_path, roster=False)
    try:
        in_danger(town)
        duty = town.officer("desk", "duty_officer")
        assert duty.only_ticket()["code"]
        assert told(town, duty.office) >= 1
    finally:
        town.close()


def test_a_tree_that_changes_nothing_for_a_ticket_leaves_it_alone(town: Town, tmp_path: Path) -> None:
    in_danger(town, address=HOME)
    officer = town.officer("puyan")
    before, said = told(town, officer.office), lines(town, officer)
    proposal = imports(town, tmp_path, community_moves("天官社区", "西兴街道"))
    assert proposal.moves.move == 0
    town.jobs()
    assert (told(town, officer.office), lines(town, officer)) == (before, said)
    assert the_ticket(town).tree == proposal.after.digest


def test_looking_changes_nothing(town: Town, tmp_path: Path) -> None:
    in_danger(town, address=HOME)
    _, proposal = proposes(town, tmp_path, without_puyan)
    assert proposal.moves.move == 1
    town.jobs()
    assert town.officer("puyan").only_ticket()


def test_a_promise_in_the_name_of_a_closed_office_is_kept_by_another(town: Town, tmp_path: Path) -> None:
    in_danger(town, address=HOME)
    with town.database.transaction() as db:
        ticket = db.scalars(select(Ticket)).one()
        ticket.state, ticket.outcome, ticket.closed_at = "completed", "support_arranged", town.clock.now
        promise = FollowUp(
            ticket_id=ticket.id, office=ticket.office, planned_at=town.clock.now, due_at=town.clock.now
        )
        db.add(promise)
    imports(town, tmp_path, without_puyan)
    town.jobs()
    officer = town.officer("changhe")
    assert [t["office_name"] for t in officer.tickets("follow_up")] == ["长河司法所"]
    assert told(town, officer.office) >= 1, "it is due, and somebody is told"
    with town.database.transaction() as db:
        assert set(db.scalars(select(FollowUp.office))) == {officer.office}


@pytest.mark.parametrize("view", ["open", "closed", "follow_up"])
def test_a_closed_ticket_of_a_closed_office_is_still_shown(town: Town, tmp_path: Path, view: str) -> None:
    in_danger(town, address=HOME)
    with town.database.transaction() as db:
        ticket = db.scalars(select(Ticket)).one()
        ticket.state, ticket.outcome, ticket.closed_at = "completed", "support_arranged", town.clock.now
    old = town.officer("puyan")
    imports(town, tmp_path, without_puyan)
    town.jobs()
    assert {t["office_name"] for t in old.tickets(view)} <= {"已撤销的办公室"}


def test_the_list_says_which_grid_it_is(town: Town) -> None:
    in_danger(town, place=None, address="中兴花园15幢2单元601室")
    assert town.officer("changhe").only_ticket()["place"] == "长河街道 · 中兴社区第二网格 · 手机"
