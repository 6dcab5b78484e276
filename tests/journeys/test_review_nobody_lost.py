"""A fresh reader's hunt for ways in which somebody in danger could go silent."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from escalation import chain
from escalation.chain import Telling
from escalation.channels import Notice, Receipt, TemporaryFailure
from escalation.contact_book import add_point
from escalation.outbox import QueuedNotice
from escalation.policy import FOLDER
from escalation.ticket import Ticket, TicketEvent
from escalation.watch import Watch
from residents.district_book import DistrictBook
from server.jobs import delivery_round, watch_round
from storage import edition
from tests.support.channels import RecordingChannel
from tests.support.town import Resident, Town
from tests.support.trees import imports, without_puyan

ON_THE_ROOF = "我现在就站在楼顶，要跳下去"
SAD = "我不想活了"
WHY = "见过面了，女儿陪着"
MOVED = "人已经搬到长河去住"


def somebody(town: Town, words: str, place: str = "puyan-hall") -> Resident:
    resident = town.resident(place=place)
    resident.agrees()
    resident.says(words)
    return resident


def the_ticket(town: Town) -> Ticket:
    with town.database.transaction() as db:
        return db.scalars(select(Ticket)).one()


def wants_two(town: Town) -> None:
    """The district wants two people for red."""
    shipped = (FOLDER / "home_visit.yml").read_text("utf-8")
    town.jobs()
    with town.database.transaction() as db:
        two = shipped.replace("acknowledgements: 1   #", "acknowledgements: 2   #")
        edition.save(db, "policy:home_visit", two, "周平", town.clock.now)
    town.jobs()


def test_who_waited_long_before_it_went_to_the_district_is_rung_for_each_quarter_of_an_hour(
    town: Town,
) -> None:
    somebody(town, ON_THE_ROOF)
    officer = town.officer("puyan")
    code = officer.only_ticket()["code"]
    town.clock.advance(hours=6)
    town.jobs()
    officer.on(code, "to-district", reason="本所今天没有人")
    town.jobs()
    rung = town.channel.rang(code)
    town.clock.advance(minutes=16)
    town.jobs()
    assert town.channel.rang(code) > rung


def test_a_lower_level_makes_the_next_ring_no_later_than_its_own_rhythm(town: Town) -> None:
    somebody(town, ON_THE_ROOF)
    officer = town.officer("puyan")
    code = officer.only_ticket()["code"]
    officer.acknowledges(code)
    officer.on(code, "calls", outcome="spoke")
    officer.on(code, "to-district", reason="本所今天没有人")
    town.clock.advance(hours=3)
    town.jobs()
    officer.on(code, "lowering", to_level="orange", reason=WHY)
    town.officer("puyan", name="何苗").on(code, "lowering/answer", answer="confirm")
    town.clock.advance(minutes=20)
    town.jobs()
    told = [n for n in town.channel.sent if ".step" in n.key]
    town.clock.advance(hours=2, minutes=1)
    town.jobs()
    assert [n for n in town.channel.sent if ".step" in n.key][len(told) :], "orange rings each two hours"


class Deaf(RecordingChannel):
    """A provider that wants ten minutes of silence."""

    pace = timedelta(minutes=1)

    def send(self, notice: Notice) -> Receipt:
        raise TemporaryFailure("told to wait", retry_after=600)


def test_an_address_that_is_to_be_left_in_peace_for_long_keeps_no_other_alarm(town: Town) -> None:
    town.services.channels["sms"] = Deaf("sms")
    with town.database.transaction() as db:
        for rank, (channel, address) in enumerate((("sms", "13800000001"), ("webhook", "office"))):
            add_point(
                db, town.database.vault, office=town.office_code("puyan"), staff_id=None, audience="office",
                channel=channel, address=address, rank=rank,
            )  # fmt: skip
    somebody(town, SAD)
    town.jobs()
    town.passes(minutes=1)
    assert len(town.channel.sent) == 1, "the first has gone over the second channel"
    somebody(town, SAD)
    town.passes(minutes=2)
    assert len(town.channel.sent) == 2
    town.passes(minutes=2)
    assert len(town.channel.sent) == 2, "each once"


def test_lateness_told_at_the_slower_rhythm_does_not_wait_for_it_after_a_raise(town: Town) -> None:
    resident = somebody(town, SAD)
    officer = town.officer("puyan")
    code = officer.only_ticket()["code"]
    officer.acknowledges(code)
    officer.on(code, "calls", outcome="no_answer")
    town.clock.advance(hours=15, minutes=5)
    town.jobs()
    assert [n for n in town.channel.sent if "late.speak" in n.key]
    town.clock.advance(minutes=1)
    resident.says(ON_THE_ROOF)
    night = town.officer("puyan", name="何苗")
    night.acknowledges(code)
    night.on(code, "calls", outcome="no_answer")
    town.passes(minutes=3)
    assert [n for n in town.channel.sent if ".red." in n.key and "late.speak" in n.key]


@pytest.mark.parametrize("by", ["taking over", "handing over"])
def test_the_second_person_who_becomes_the_first_is_still_one_person(town: Town, by: str) -> None:
    wants_two(town)
    somebody(town, ON_THE_ROOF)
    officer = town.officer("puyan")
    code = officer.only_ticket()["code"]
    officer.acknowledges(code)
    officer.on(code, "calls", outcome="spoke")
    second = town.officer("puyan", name="何苗")
    assert second.acknowledges(code)["team"]["missing"] == 0
    if by == "taking over":
        second.on(code, "take-over", reason="沈青今天病了，我来")
    else:
        with town.database.transaction() as db:
            from escalation.staff import StaffAccount

            to = db.scalars(select(StaffAccount.id).where(StaffAccount.username == second.username)).one()
        officer.on(code, "hand-over", to_staff=str(to), reason="我今天要出差，请接手")
        second.on(code, "transfer/answer", answer="accept")
    assert second.does("GET", f"/tickets/{code}")["team"]["missing"] == 1
    rung = town.channel.rang(code)
    town.jobs()
    assert town.channel.rang(code) > rung, "somebody else is asked at once"


def test_what_the_district_has_to_decide_is_not_silenced_by_whoever_takes_it_first(town: Town) -> None:
    somebody(town, SAD)
    officer = town.officer("puyan")
    code = officer.only_ticket()["code"]
    for street in ("changhe", "xixing"):
        officer.on(code, "transfer", to_office=f"{street}-judicial", reason=MOVED)
        town.officer(street).on(code, "transfer/answer", answer="refuse", reason="这个地址不归我们管")
    officer.acknowledges(code)
    officer.on(code, "calls", outcome="spoke")
    desk = town.officer("desk", "duty_officer", "周平")
    assert [d["code"] for d in desk.does("GET", "/waiting")["decisions"]] == [code]
    desk.on(code, "decision", office=None, reason="由区里直接办")
    assert the_ticket(town).missing == 0


def test_a_ticket_whose_rules_cannot_be_read_any_more_is_worked_by_those_in_force(town: Town) -> None:
    somebody(town, ON_THE_ROOF)
    officer = town.officer("puyan")
    code = officer.only_ticket()["code"]
    with town.database.transaction() as db:
        db.execute(update(Ticket).values(policy="home_visit/0#0000000000000000+0000000000000000"))
    town.passes(minutes=16)
    assert [n for n in town.channel.sent if ".supervisor." in n.key]
    assert officer.acknowledges(code)["ticket"]["holder"] == "沈青"


def test_a_watch_that_has_not_heard_of_the_new_tree_does_not_put_a_ticket_back(
    town: Town, tmp_path: Path
) -> None:
    """Two of them would send it to and fro, and ring both offices, for as long as there are others."""
    somebody(town, ON_THE_ROOF)
    imports(town, tmp_path, without_puyan)
    town.jobs()
    moved = the_ticket(town)
    services = town.services
    old = Telling(DistrictBook(services.settings.district), services.watch.policies, "http://town.test", True)
    late = Watch(town.database, town.clock, services.watch.policies, old)
    late._look(late._routed_by_another_tree, late._reroute, set())
    still = the_ticket(town)
    assert (still.office, still.tree) == (moved.office, moved.tree)
    assert not late._look(late._routed_by_another_tree, late._reroute, set())


def test_what_cannot_be_written_for_one_keeps_neither_the_others_nor_stray_notices(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    somebody(town, ON_THE_ROOF)
    first = the_ticket(town).code
    town.clock.advance(seconds=1)
    somebody(town, ON_THE_ROOF, "xixing-hall")
    town.jobs()
    take = chain.take_step

    def stumbles(db: Session, ticket: Ticket, *more: Any) -> None:
        take(db, ticket, *more)
        if ticket.code == first:
            db.add(TicketEvent(ticket_id=ticket.id, at=None, kind="", who="", text=""))

    monkeypatch.setattr(chain, "take_step", stumbles)
    with town.database.transaction() as db:
        stray = db.scalars(select(QueuedNotice).where(QueuedNotice.channel == "webhook")).first()
        assert stray is not None
        stray.state, stray.channel = "waiting", "gone"
    town.clock.advance(minutes=16)
    with pytest.raises(IntegrityError):
        watch_round(town.services)
    delivery_round(town.services, town.channel)
    told = {n.ticket_code for n in town.channel.sent if ".supervisor." in n.key}
    assert len(told) == 1
    assert first not in told
    with town.database.transaction() as db:
        assert not db.scalars(select(QueuedNotice).where(QueuedNotice.channel == "gone")).all()


def test_a_late_part_of_a_closed_ticket_wakes_nobody(town: Town) -> None:
    somebody(town, SAD)
    officer = town.officer("puyan")
    code = officer.only_ticket()["code"]
    officer.acknowledges(code)
    officer.on(code, "calls", outcome="spoke")
    due = (town.clock.now + timedelta(hours=12)).isoformat()
    part = {"partner": "puyan-community", "what": "look_in", "ask": "请今天去看看人在不在", "due_at": due}
    officer.on(code, "sub-tasks", **part)
    officer.on(code, "follow-ups", after_hours=[72])
    officer.on(code, "close", outcome="supported")
    town.clock.advance(hours=14)
    town.jobs()
    assert not [n for n in town.channel.sent if ".part." in n.key], "it is eleven at night"
    town.clock.advance(hours=11)
    town.jobs()
    assert len([n for n in town.channel.sent if ".part." in n.key]) == 1


def test_a_follow_up_of_before_is_not_the_next_one_of_a_matter_that_came_back(town: Town) -> None:
    resident = somebody(town, SAD)
    officer = town.officer("puyan")
    code = officer.only_ticket()["code"]
    officer.acknowledges(code)
    officer.on(code, "calls", outcome="spoke")
    planned = officer.on(code, "follow-ups", after_hours=[1])["follow_ups"][0]["id"]
    town.clock.advance(hours=1)
    officer.on(code, f"follow-ups/{planned}", outcome="better")
    officer.on(code, "close", outcome="supported")
    town.clock.advance(hours=1)
    resident.says(SAD)
    officer.acknowledges(code)
    officer.on(code, "calls", outcome="spoke")
    body = {"client_id": "8feabb1f-001f-4dee-af28-5464e3a84815", "outcome": "supported"}
    answer = officer.asks("POST", f"/tickets/{code}/close", body)
    assert answer.status_code == 409
    assert "下一次随访" in answer.text
