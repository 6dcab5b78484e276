"""Killed between any two steps from a resident's last answer to the delivered notice, nobody is lost (R01).

A process dies exactly at a step, and the client sends the same request again, to a process that knows of nothing
but the database. Then there is exactly one ticket, its notice has rung, the audit chain is whole, and the
resident's page shows the card.
"""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bot.turn import Turn
from escalation.ticket import FollowUp, Ticket
from tests.support.bad_gateway import BadGateway, bad_gateway
from tests.support.processes import KILLED_AT_A_STEP, until
from tests.support.town import Resident
from tests.support.works import Works, shown

pytestmark = pytest.mark.slow

CRISIS = "我不想活了"
SENTENCE = ["S0", "S1", "S4", "S5", "S2", "S6"]
LAST_ANSWER = ["S0", "S3", "S4", "S5", "S2", "S6"]
TYPED_ANSWER = ["S3", "S5"]


@pytest.fixture(scope="module")
def duty_phone() -> Iterator[BadGateway]:
    with bad_gateway() as gateway:
        yield gateway


@pytest.fixture(scope="module")
def district(building: Callable[..., Works], duty_phone: BadGateway) -> Works:
    """One district with its clocks running; each test has residents of its own in it."""
    works = building(duty_phone.url)
    works.starts("serve")
    works.starts("jobs")
    return works


def before_the_last_answer(works: Works) -> Resident:
    """Somebody who has one question left; any answer to it ends PHQ-9 in the orange range."""
    resident = works.prepared(place="puyan-hall")
    resident.agrees()
    resident.chooses("start_screening")
    while True:
        asked = resident.turn.screening
        assert asked is not None
        if asked.instrument == "gad7" and asked.number == asked.of:
            return resident
        resident.answers(0 if asked.item == "q9" and asked.instrument == "phq9" else 3)


def killed_at(works: Works, step: str, resident: Resident, path: str, body: dict[str, Any]) -> Turn:
    """The application dies at this step of a request; the next one is asked the same again."""
    doomed = works.starts("serve", die_at=step)
    works.comes_over(resident)
    works.dies(doomed, lambda: resident.sends("POST", path, body))
    works.a_minute_passes()
    answers = [resident.sends("POST", path, body) for _ in range(2)]
    turns = [shown(answer) for answer in answers]
    assert all(turn == turns[0] for turn in turns), "the same request has the same answer"
    assert any(m.author == "program" for m in turns[0].messages), (
        "somebody who repeats what they said is answered"
    )
    assert all(message.text.strip() for message in turns[0].messages)
    return shown(resident.sends("GET", ""))


def all_is_well(works: Works, duty_phone: BadGateway, resident: Resident, page: Turn) -> Ticket:
    """What must be true however often something died."""
    tickets = works.tickets_of(resident)
    assert len(tickets) == 1
    [ticket] = tickets
    until(lambda: duty_phone.rang(ticket.code))
    until(lambda: all(notice.state == "delivered" for notice in works.notices_of(ticket)))
    assert page.alarm is not None
    assert page.alarm.code
    assert page.alarm.hotlines
    assert works.notices_of(ticket)
    told = [kept for kept in duty_phone.received if kept["notice"]["ticket"] == ticket.code]
    assert len(told) == len(works.notices_of(ticket))
    works.audit_is_intact()
    return ticket


@pytest.mark.parametrize("step", SENTENCE)
def test_words_of_crisis_outlive_the_application(district: Works, duty_phone: BadGateway, step: str) -> None:
    resident = district.prepared(place="puyan-hall")
    resident.agrees()
    page = killed_at(district, step, resident, "/messages", {"client_id": str(uuid.uuid4()), "text": CRISIS})

    all_is_well(district, duty_phone, resident, page)
    assert [m.text for m in page.messages if m.author == "resident"] == [CRISIS]
    assert page.screening is not None
    assert page.screening.instrument == "asq"


@pytest.mark.parametrize("step", LAST_ANSWER)
def test_the_last_answer_outlives_the_application(district: Works, duty_phone: BadGateway, step: str) -> None:
    resident = before_the_last_answer(district)
    asked = resident.turn.screening
    assert asked is not None
    body = {
        "client_id": str(uuid.uuid4()),
        "administration": str(asked.administration),
        "item": asked.item,
        "value": 3,
    }
    page = killed_at(district, step, resident, "/answers", body)

    all_is_well(district, duty_phone, resident, page)
    assert page.result is not None
    assert page.contact is not None
    assert page.contact.field == "name"


@pytest.mark.parametrize("step", TYPED_ANSWER)
def test_a_typed_last_answer_outlives_the_application(
    district: Works, duty_phone: BadGateway, step: str
) -> None:
    resident = before_the_last_answer(district)
    body = {"client_id": str(uuid.uuid4()), "text": "几乎每天"}
    page = killed_at(district, step, resident, "/messages", body)

    all_is_well(district, duty_phone, resident, page)
    assert page.result is not None


def test_what_nobody_repeats_is_read_all_the_same(district: Works, duty_phone: BadGateway) -> None:
    """The phone is gone, too: the words were kept, and the clocks' process reads what nobody has read."""
    resident = district.prepared(place="puyan-hall")
    resident.agrees()
    doomed = district.starts("serve", die_at="S1")
    district.comes_over(resident)
    body = {"client_id": str(uuid.uuid4()), "text": CRISIS}
    district.dies(doomed, lambda: resident.sends("POST", "/messages", body))
    district.a_minute_passes()
    until(lambda: district.tickets_of(resident))
    all_is_well(district, duty_phone, resident, shown(resident.sends("GET", "")))


@pytest.mark.parametrize("step", ["S7", "S8", "S9", "S10"])
def test_a_notice_outlives_whoever_sends_it(works: Works, gateway: BadGateway, step: str) -> None:
    resident = works.prepared(place="puyan-hall")
    resident.agrees()
    resident.says(CRISIS)
    assert works.starts("jobs", die_at=step).ends() == KILLED_AT_A_STEP
    [ticket] = works.tickets_of(resident)
    assert gateway.rang(ticket.code) is (step in ("S9", "S10"))

    works.starts("jobs")
    works.a_minute_passes()
    all_is_well(works, gateway, resident, resident.does("GET", ""))
    [told] = [kept for kept in gateway.received if kept["notice"]["ticket"] == ticket.code]
    assert told["times"] == (2 if step == "S9" else 1), (
        "sent again only when nobody knows whether it went out"
    )


def test_the_next_step_is_taken_by_the_next_process(works: Works, gateway: BadGateway) -> None:
    resident = works.prepared(place="puyan-hall")
    resident.agrees()
    resident.says(CRISIS)
    [ticket] = works.tickets_of(resident)
    with works.database.transaction() as db:
        db.get_one(Ticket, ticket.id).step_due_at = ticket.opened_at
    assert works.starts("jobs", die_at="S12").ends() == KILLED_AT_A_STEP
    assert len(works.notices_of(ticket)) == 1, "nothing of the step was written"

    works.starts("jobs")
    until(lambda: len(works.notices_of(ticket)) > 1)
    works.a_minute_passes()
    all_is_well(works, gateway, resident, resident.does("GET", ""))
    [ticket] = works.tickets_of(resident)
    assert len(works.notices_of(ticket)) == ticket.step, "each step is told once"


def test_taking_a_ticket_and_planning_to_come_again_outlive_the_application(
    district: Works, duty_phone: BadGateway
) -> None:
    resident = district.prepared(place="changhe-hall")
    resident.agrees()
    resident.says(CRISIS)
    [ticket] = district.tickets_of(resident)
    officer = district.officer("changhe")

    def dies_and_comes_back(step: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        doomed = district.starts("serve", die_at=step)
        district.dies(doomed, lambda: officer.asks("POST", f"/tickets/{ticket.code}/{path}", body))
        assert officer.asks("POST", f"/tickets/{ticket.code}/{path}", body).status_code == 200
        return officer.does("POST", f"/tickets/{ticket.code}/{path}", body)

    taken = dies_and_comes_back("S11", "acknowledge", None)
    assert taken["ticket"]["mine"]
    assert [entry["kind"] for entry in taken["timeline"]].count("acknowledged") == 1
    clocks = {clock["name"]: clock["state"] for clock in taken["clocks"]}
    assert clocks["acknowledge"] == "kept"

    body = {"client_id": str(uuid.uuid4()), "after_hours": [24, 168]}
    planned = dies_and_comes_back("S13", "follow-ups", body)
    assert len(planned["follow_ups"]) == 2
    assert district.count(FollowUp, FollowUp.ticket_id == ticket.id) == 2

    district.comes_over(resident)
    all_is_well(district, duty_phone, resident, shown(resident.sends("GET", "")))


def test_started_again_in_its_own_place_it_goes_on(works: Works, gateway: BadGateway) -> None:
    """The one application there is is killed and started again, and so are the clocks."""
    application, clocks = works.starts("serve"), works.starts("jobs")
    resident = works.resident(place="puyan-hall")
    resident.agrees()
    resident.says(CRISIS)
    application.kill()
    clocks.kill()
    works.starts("serve")
    works.starts("jobs")
    works.a_minute_passes()
    asked = resident.turn.screening
    assert asked is not None
    page = resident.answers(1)
    assert page.screening is not None
    assert page.screening.number == asked.number + 1
    all_is_well(works, gateway, resident, page)
