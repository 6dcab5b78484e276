"""R10: the reply never reaches the phone. Whoever loads the page again sees the same card with the same code."""

import json
import socket
import uuid

import pytest

from bot.turn import Turn
from tests.support.bad_gateway import BadGateway
from tests.support.processes import until
from tests.support.town import Resident
from tests.support.works import Works, shown

pytestmark = pytest.mark.slow

PEOPLE = 20


@pytest.fixture
def house(works: Works) -> Works:
    works.starts("serve")
    return works


def hangs_up(works: Works, resident: Resident, path: str, body: dict[str, str]) -> None:
    """Send a whole request over a line that is gone before the answer comes."""
    content = json.dumps(body, ensure_ascii=False).encode()
    head = (
        f"POST /api/session{path} HTTP/1.1\r\nHost: 127.0.0.1:{works.port}\r\nOrigin: {works.base_url}\r\n"
        f"Cookie: {resident.cookie}\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", works.port)) as line:
        line.sendall(head.encode() + content)
        line.shutdown(socket.SHUT_WR)


def test_who_never_saw_the_reply_sees_the_card_after_loading_the_page_again(
    house: Works, gateway: BadGateway
) -> None:
    said = []
    for _ in range(PEOPLE):
        resident = house.prepared(place="puyan-hall")
        resident.agrees()
        house.comes_over(resident)
        body = {"client_id": str(uuid.uuid4()), "text": "我不想活了"}
        hangs_up(house, resident, "/messages", body)
        said.append((resident, body))

    codes = set()
    for resident, body in said:
        until(lambda resident=resident: house.tickets_of(resident))
        page = until(lambda resident=resident: with_card(resident))
        assert [m.text for m in page.messages if m.author == "resident"] == ["我不想活了"]
        assert page.alarm.code
        repeated = shown(resident.sends("POST", "/messages", body))
        assert repeated.alarm is not None
        again = shown(resident.sends("GET", ""))
        assert {repeated.alarm.code, again.alarm.code} == {page.alarm.code}
        assert [m.text for m in again.messages if m.author == "resident"] == ["我不想活了"]
        assert len(house.tickets_of(resident)) == 1
        codes.add(page.alarm.code)
    assert len(codes) == PEOPLE

    house.starts("jobs")
    tickets = [ticket for resident, _ in said for ticket in house.tickets_of(resident)]
    until(lambda: all(gateway.rang(ticket.code) for ticket in tickets))
    assert {kept["times"] for kept in gateway.received} == {1}
    house.audit_is_intact()


def with_card(resident: Resident) -> Turn | None:
    """The page as it is loaded again, once the card is on it."""
    page = shown(resident.sends("GET", ""))
    return page if page.alarm is not None and any(m.author == "program" for m in page.messages) else None
