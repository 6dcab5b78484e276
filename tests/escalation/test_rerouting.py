"""Open tickets after the tree has changed: what moves them, what does not, and that nothing happens twice."""

from pathlib import Path

import pytest
from sqlalchemy import func, select

from escalation.outbox import QueuedNotice
from escalation.rerouting import forecast, reroute, stale
from escalation.staff import StaffAccount
from escalation.teamwork import Transfer
from escalation.ticket import Ticket, TicketEvent
from residents.resident import Disclosure
from tests.support.town import Town
from tests.support.trees import community_moves, imports, without_puyan

HOME = "浦沿街道东冠社区3幢101室"


@pytest.fixture
def ticket(town: Town) -> Ticket:
    """The red ticket of somebody who lives in 东冠社区."""
    resident = town.resident(place="changhe-hall")
    resident.agrees()
    resident.says("我现在就站在楼顶，要跳下去")
    resident.tells("address", HOME)
    return again(town)


def again(town: Town) -> Ticket:
    with town.database.transaction() as db:
        return db.scalars(select(Ticket)).one()


def one_round(town: Town) -> int:
    """Route what is due, as the watch does; says how many tickets were due."""
    services, count = town.services, 0
    with town.database.transaction() as db:
        services.districts.refresh(db)
        for due in db.scalars(stale(services.district.digest)).all():
            policy = services.intake.policies.of(db, due)
            reroute(db, due, town.database.vault, services.intake.telling, policy, town.clock.now)
            count += 1
    return count


def decided(town: Town, answer: str, *, to: str = "changhe", settled: bool = False) -> None:
    """The matter went to another street's office by people's word."""
    now = town.clock.now
    with town.database.transaction() as db:
        ticket = db.scalars(select(Ticket)).one()
        db.add(
            Transfer(
                ticket_id=ticket.id,
                from_office=town.office_code("changhe" if to == "puyan" else "puyan"),
                to_office=town.office_code(to),
                asked_by="沈青",
                asked_at=now,
                answer_by=now,
                answer=answer,
                answered_by="何苗",
                answered_at=now,
            )
        )
        ticket.office, ticket.settled = town.office_code(to), settled


def test_only_what_another_tree_has_routed_is_due(town: Town, ticket: Ticket, tmp_path: Path) -> None:
    assert one_round(town) == 0
    imports(town, tmp_path, community_moves("天官社区", "西兴街道"))
    assert one_round(town) == 1
    assert one_round(town) == 0


def test_a_ticket_that_was_never_routed_by_a_tree_is_due_once(town: Town, ticket: Ticket) -> None:
    with town.database.transaction() as db:
        db.get_one(Ticket, ticket.id).tree = ""
    assert one_round(town) == 1
    assert again(town).office == town.office_code("puyan")
    assert one_round(town) == 0


def test_the_same_tree_asked_twice_tells_nobody_twice(town: Town, ticket: Ticket, tmp_path: Path) -> None:
    imports(town, tmp_path, community_moves("东冠社区", "长河街道"))
    one_round(town)
    with town.database.transaction() as db:
        before = db.scalar(select(func.count()).select_from(QueuedNotice))
        found = db.scalars(select(Ticket)).one()
        sealed = found.place_sealed
        policy = town.services.intake.policies.of(db, found)
        moved = reroute(db, found, town.database.vault, town.services.intake.telling, policy, town.clock.now)
        assert not moved
        assert found.place_sealed == sealed, "and writes nothing anew"
        assert db.scalar(select(func.count()).select_from(QueuedNotice)) == before


@pytest.mark.parametrize(("answer", "settled"), [("accepted", False), ("arbiter", True)])
def test_what_people_have_decided_stays(
    town: Town,
    ticket: Ticket,
    tmp_path: Path,
    answer: str,
    settled: bool,
) -> None:
    decided(town, answer, settled=settled)
    imports(town, tmp_path, community_moves("东冠社区", "西兴街道"))
    one_round(town)
    assert again(town).office == town.office_code("changhe")


@pytest.mark.parametrize("answer", ["refused", "expired", "withdrawn"])
def test_what_was_only_asked_does_not_bind(town: Town, ticket: Ticket, tmp_path: Path, answer: str) -> None:
    decided(town, answer, to="puyan")
    imports(town, tmp_path, community_moves("东冠社区", "西兴街道"))
    one_round(town)
    assert again(town).office == town.office_code("xixing")


def test_what_people_have_decided_ends_with_the_office(town: Town, ticket: Ticket, tmp_path: Path) -> None:
    decided(town, "arbiter", to="puyan", settled=True)
    imports(town, tmp_path, without_puyan)
    one_round(town)
    assert again(town).office == town.office_code("changhe")


def test_where_somebody_is_is_sealed_anew(town: Town, ticket: Ticket, tmp_path: Path) -> None:
    imports(town, tmp_path, community_moves("东冠社区", "长河街道"))
    one_round(town)
    found, vault = again(town), town.database.vault
    assert vault.open(found, "place") == "长河街道 · 东冠社区 · 手机"
    assert "长河司法所" in (vault.open(found, "routing") or "")


def test_what_retention_erased_is_not_written_again(town: Town, ticket: Ticket, tmp_path: Path) -> None:
    with town.database.transaction() as db:
        found = db.get_one(Ticket, ticket.id)
        found.place_sealed = found.routing_sealed = None
    imports(town, tmp_path, community_moves("东冠社区", "长河街道"))
    one_round(town)
    assert again(town).place_sealed is None


def test_no_basis_no_disclosure(town: Town, tmp_path: Path) -> None:
    resident = town.resident(place="puyan-hall")
    resident.agrees(share=False)
    resident.chooses("call_person")
    imports(town, tmp_path, without_puyan)
    one_round(town)
    assert again(town).office == town.office_code("desk")
    with town.database.transaction() as db:
        assert db.scalars(select(Disclosure)).all() == []


def test_a_forecast_says_what_would_come_where(town: Town, ticket: Ticket, tmp_path: Path) -> None:
    after = imports(town, tmp_path, without_puyan).after
    with town.database.transaction() as db:
        moves = forecast(db, town.database.vault, after)
    assert (moves.open_tickets, moves.move, moves.to_desk) == (1, 1, 0)
    assert moves.by_office == {town.office_code("changhe"): 1}


def test_who_had_it_at_a_closed_office_has_it_no_longer(town: Town, ticket: Ticket, tmp_path: Path) -> None:
    officer = town.officer("puyan")
    officer.acknowledges(ticket.code)
    imports(town, tmp_path, without_puyan)
    one_round(town)
    found = again(town)
    assert (found.holder_id, found.state, found.missing) == (None, "requested", ticket.missing)
    with town.database.transaction() as db:
        said = [event.text for event in db.scalars(select(TicketEvent))]
        holder = db.scalars(select(StaffAccount).where(StaffAccount.username == officer.username)).one()
        assert f"{holder.name}所在的办公室已撤销，工单改由长河司法所负责。" in said


def test_nobody_waits_for_the_answer_of_an_office_that_is_closed(
    town: Town, ticket: Ticket, tmp_path: Path
) -> None:
    with town.database.transaction() as db:
        found = db.scalars(select(Ticket)).one()
        found.office = town.office_code("xixing")
        found.settled = True
    now = town.clock.now
    with town.database.transaction() as db:
        db.add(
            Transfer(
                ticket_id=ticket.id,
                from_office=town.office_code("xixing"),
                to_office=town.office_code("puyan"),
                asked_by="沈青",
                asked_at=now,
                answer_by=now,
            )
        )
    imports(town, tmp_path, without_puyan)
    one_round(town)
    with town.database.transaction() as db:
        assert [t.answer for t in db.scalars(select(Transfer))] == ["withdrawn"]
    assert again(town).office == town.office_code("xixing")
