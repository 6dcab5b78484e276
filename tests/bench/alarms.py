"""From somebody's last answer to the ticket that is kept, and to the first request at the gateway.

The answers before the last one are prepared; then the last ones come together, over HTTP, to a real application
and a real jobs process. Rasa is not there: the ticket does not wait for it. When a ticket was kept is what the
database says of its commit; when a request came, what the gateway wrote down.
"""

import asyncio
import time
import uuid
from dataclasses import dataclass
from typing import Any

import httpx
from sqlalchemy import func, select, text, update

from escalation.contact_point import ContactPoint
from escalation.outbox import IN_APP, QueuedNotice
from escalation.ticket import Ticket
from residents.session import ResidentSession, token_hash
from tests.bench.gateway import Gateway, gateway
from tests.bench.ground import ground, load, spread
from tests.support.processes import Nursery, until
from tests.support.town import Resident
from tests.support.works import Works

PLACE = "puyan-hall"
PATIENCE = 300.0


@dataclass
class Waiting:
    """Somebody before the answer that makes a ticket of it, and when it was sent."""

    cookie: str
    session: uuid.UUID
    body: dict[str, Any]
    sent_at: float = 0.0
    answered: float = 0.0


def measure(people: int, seconds: float, channel: str = "webhook") -> dict[str, object]:
    """So many severe results of one office's residents, spread over so many seconds; over a paced telephone with
    `channel="sms"`."""
    with ground() as (_, _, database, home), gateway(home) as gate, Nursery() as nursery:
        sms = {"XINQIAO_SMS_URL": f"{gate.base_url}/sms", "XINQIAO_SMS_SECRET": "bench"}
        works = Works(nursery, database, home, f"{gate.base_url}/notices", sms if channel == "sms" else {})
        try:
            if channel == "sms":
                telephone(works)
            *waiting, first, second, third = prepared(works, people + 3)
            works.starts("serve")
            works.starts("jobs")
            asyncio.run(
                all_answer(works.base_url, [first, second, third], 2.0)
            )  # a new process is not like others
            until(lambda: all_told(works), PATIENCE)
            with works.database.transaction() as db:
                db.execute(update(ContactPoint).values(quiet_until=None))
            before = load()
            asyncio.run(all_answer(works.base_url, waiting, seconds))
            until(lambda: all_told(works), PATIENCE)
            return {
                "people": people, "within_s": seconds, "channel": channel, **figures(works, gate, waiting),
                "load_before": before, "load_after": load(),
            }  # fmt: skip
        finally:
            works.close()


def telephone(works: Works) -> None:
    """The office is reached by text messages, as everybody with a telephone is."""
    with works.database.transaction() as db:
        for audience in ("office", "supervisor", "district_desk"):
            office = works.aside.office_code("desk" if audience == "district_desk" else "puyan")
            point = ContactPoint(office=office, audience=audience, channel="sms", rank=0)
            works.database.vault.seal(point, "address", f"0571000{len(audience):05d}")
            db.add(point)


def prepared(works: Works, people: int) -> list[Waiting]:
    """Residents who have answered everything but the answer at which a ticket is opened."""
    first = resident(works)
    answers = 0
    while not works.tickets_of(first):
        severe(first)
        answers += 1
    with works.database.transaction() as db:
        for table in ("queued_notice", "ticket_event", "ticket_clock", "deadline_set"):
            db.execute(text(f"DELETE FROM {table}"))
        db.execute(text("UPDATE ticket SET closed_at = opened_at, state = 'completed'"))
    waiting = []
    for _ in range(people):
        one = resident(works)
        for _ in range(answers - 1):
            severe(one)
        with works.database.transaction() as db:
            session = db.scalars(
                select(ResidentSession.id).where(ResidentSession.token_hash == token_hash(one.token))
            ).one()
        waiting.append(Waiting(one.cookie, session, answer(one)))
    return waiting


def resident(works: Works) -> Resident:
    one = works.prepared(place=PLACE)
    one.agrees()
    one.chooses("start_screening")
    return one


def answer(one: Resident) -> dict[str, Any]:
    """The gravest answer to the open question, except to those that alone would be a matter of life."""
    asked = one.turn.screening
    assert asked is not None, "no question is open"
    value = 0 if asked.instrument == "asq" or asked.item == "q9" else 3
    return {
        "client_id": str(uuid.uuid4()), "administration": str(asked.administration), "item": asked.item,
        "value": value,
    }  # fmt: skip


def severe(one: Resident) -> None:
    one.does("POST", "/answers", answer(one))


async def all_answer(base_url: str, waiting: list[Waiting], seconds: float) -> None:
    """Everybody gives the last answer, each over a connection of their own that stands already."""

    async def one(person: Waiting, after: float) -> None:
        headers = {"Origin": base_url, "Cookie": person.cookie}
        limits = httpx.Timeout(120.0)
        async with httpx.AsyncClient(
            base_url=base_url, headers=headers, timeout=limits, trust_env=False
        ) as http:
            await http.get("/healthz")
            await asyncio.sleep(max(0.0, after - time.time()))
            person.sent_at = time.time()
            said = await http.post("/api/session/answers", json=person.body)
            person.answered = time.time()
            assert said.status_code == 200, said.status_code

    begin = time.time() + 5.0
    await asyncio.gather(
        *(one(person, begin + seconds * number / len(waiting)) for number, person in enumerate(waiting))
    )


def all_told(works: Works) -> bool:
    """Whether nothing waits to be sent any more."""
    time.sleep(0.5)
    return works.count(QueuedNotice, QueuedNotice.state == "waiting") == 0


def figures(works: Works, gate: Gateway, waiting: list[Waiting]) -> dict[str, object]:
    kept_at: dict[uuid.UUID, float] = {}
    told_at: dict[uuid.UUID, float] = {}
    taken = gate.taken()
    arrived: dict[str, float] = {}
    for request in taken:
        arrived.setdefault(request["key"], request["at"])
    with works.database.transaction() as db:
        for session, at in db.execute(
            text(
                "SELECT t.session_id, extract(epoch FROM min(pg_xact_commit_timestamp(d.xmin))) FROM ticket t "
                "JOIN deadline_set d ON d.ticket_id = t.id WHERE d.because = 'opened' GROUP BY t.session_id"
            )
        ):
            kept_at[session] = float(at)
        rows = db.execute(
            select(Ticket.session_id, QueuedNotice.key, QueuedNotice.digest)
            .join(Ticket, Ticket.id == QueuedNotice.ticket_id)
            .where(QueuedNotice.state == "delivered", QueuedNotice.channel != IN_APP)
        )
        for session, key, digest in rows:
            came = arrived.get(f"digest.{digest}" if digest else key)
            if came is not None:
                told_at[session] = min(came, told_at.get(session, came))
        sessions = [person.session for person in waiting]
        tickets = db.execute(
            select(Ticket.session_id, func.count())
            .where(Ticket.session_id.in_(sessions))
            .group_by(Ticket.session_id)
        )
        tickets_of = {session: number for session, number in tickets}
    sent = {person.session: person.sent_at for person in waiting}
    return {
        "answer_to_commit": spread([kept_at[s] - at for s, at in sent.items() if s in kept_at]),
        "answer_to_gateway": spread([told_at[s] - at for s, at in sent.items() if s in told_at]),
        "answer_to_reply": spread([person.answered - person.sent_at for person in waiting]),
        "tickets_lost": len(sent.keys() - tickets_of.keys()),
        "tickets_double": sum(number - 1 for number in tickets_of.values()),
        "notices_lost": len(sent.keys() - told_at.keys()),
        "notices_double": gate.doubles(),
        "gateway_requests": len(taken),
    }
