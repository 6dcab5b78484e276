"""Late hands, clocks that jump, and one broken ticket among others."""

import pytest
from sqlalchemy import select

from escalation.ticket import Ticket
from server.jobs import delivery_round
from tests.support.town import Resident, Town


def wishes_to_die(town: Town, place: str = "puyan-hall") -> Resident:
    resident = town.resident(place=place)
    resident.agrees()
    resident.says("我不想活了")
    return resident


def test_one_ticket_that_cannot_be_moved_up_does_not_keep_the_others(town: Town) -> None:
    wishes_to_die(town, "puyan-hall")
    wishes_to_die(town, "changhe-hall")
    with town.database.transaction() as db:
        broken = db.scalars(select(Ticket).where(Ticket.office == town.office_code("puyan"))).one()
        broken.office = "an office that was closed"
        broken.level = 5
    other = town.officer("changhe").only_ticket()["code"]
    town.clock.advance(hours=2, minutes=1)
    with pytest.raises(KeyError):
        town.services.watch.escalate_overdue()
    delivery_round(town.services)

    assert town.channel.rang(other) == 2, "the office and its supervisor"
