"""Two things at the same moment: a second tap, a worker who comes in while the resident writes."""

import asyncio
import uuid
from collections.abc import Callable
from typing import Any

from bot import transcript
from escalation.store import latest_ticket_of_session, open_ticket_of
from residents.store import lock_resident
from tests.support.town import Officer, Resident, Town


def at_once(town: Town, *requests: Callable[[], Any]) -> list[Any]:
    """Send all of these requests together, and what was answered."""

    async def together() -> list[Any]:
        return await asyncio.gather(*(request() for request in requests))

    return town.run(together())


def post(town: Town, who: Resident | Officer, path: str, **body: Any) -> Callable[[], Any]:
    if isinstance(who, Resident):
        body["client_id"] = str(uuid.uuid4())
    return lambda: town.http.request("POST", f"/api{path}", headers={"Cookie": who.cookie}, json=body)


def test_somebody_taps_many_times_and_no_tap_stands_in_the_way_of_another(town: Town) -> None:
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    for _ in range(3):
        taps = [post(town, resident, "/session/choices", choice="breathing") for _ in range(8)]
        assert [answer.status_code for answer in at_once(town, *taps)] == [200] * 8


def test_a_worker_comes_in_and_goes_while_the_resident_writes(town: Town) -> None:
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.says("我不想活了")
    officer = town.officer("puyan")
    code = officer.only_ticket()["code"]
    officer.acknowledges(code)
    for action in ("join", "leave", "join", "leave"):
        answers = at_once(
            town,
            *(post(town, resident, "/session/messages", text="我还是不想活了") for _ in range(3)),
            post(town, officer, f"/staff/tickets/{code}/chat", action=action),
            *(post(town, resident, "/session/messages", text="真的想死") for _ in range(3)),
        )
        assert [answer.status_code for answer in answers] == [200] * 7


def test_what_two_people_say_at_the_same_moment_has_two_places(town: Town) -> None:
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    for _ in range(3):
        says = [post(town, resident, "/session/messages", text="今天天气不错") for _ in range(6)]
        assert {answer.status_code for answer in at_once(town, *says)} == {200}
    with town.database.transaction() as db:
        session = town.services.conversation.session_of(resident.token)
        places = [m.position for m in transcript.messages_of(db, session.id)]
    assert len(places) == len(set(places)), "whoever asks for what came after a bubble would miss its twin"


def test_an_officer_takes_the_ticket_while_the_resident_is_writing(town: Town) -> None:
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.says("我不想活了")
    officer = town.officer("puyan")
    code = officer.only_ticket()["code"]
    session = town.services.conversation.session_of(resident.token)
    with town.database.transaction() as db:
        seen = latest_ticket_of_session(db, session.id, session.resident_id)
        assert seen is not None
        assert seen.holder_id is None
        officer.acknowledges(code)
        lock_resident(db, session.resident_id)
        found = open_ticket_of(db, session.resident_id)
        assert found is not None
        assert found.holder_name == "沈青", "what is locked is what stands in the table now"
