"""`make soak`: residents come and go while programs are killed at random; nobody in danger may be lost (R03).

    make soak ARGS="--minutes 30 --people 20"

Every 5 to 20 seconds one of the programs dies with `kill -9`. A share of the residents is in danger; each repeats a
request, with the same id, until it is answered, as the page does. In the end there must be one ticket for each of
them and at least one delivered notice for each ticket, and the audit chain must be whole.
"""

import argparse
import asyncio
import random
import sys
import time
import uuid
from collections import Counter
from datetime import UTC, datetime

import httpx
from sqlalchemy import func, select

from escalation.outbox import QueuedNotice
from escalation.ticket import Ticket
from residents.resident import Resident
from server.callers import SessionCookie
from server.commands.verify import anchors_file
from server.settings import Settings
from server.wiring import database_url
from storage import audit
from storage.database import Database
from storage.vault import Keyring, Vault
from tests.support.stack import Stack

KILLED = ("app", "jobs", "rasa", "gateway", "postgres")
ORDINARY = ("这几天睡不好", "厂里加班多，吃力得很", "谢谢你听我说", "有什么电话可以打吗")
IN_DANGER = ("我不想活了", "我攒了一瓶安眠药，今晚就吃下去", "遗书写好了，孩子托给我姐了")
AFTERWARDS_SECONDS = 150.0


async def ask(http: httpx.AsyncClient, method: str, path: str, **more: object) -> httpx.Response:
    """One request, repeated with the same body until it is answered."""
    while True:
        try:
            answer = await http.request(method, path, **more)  # type: ignore[arg-type]
            if answer.status_code not in (429, 502, 503):
                return answer
        except httpx.HTTPError:
            pass
        await asyncio.sleep(1.0)


async def resident(base_url: str, severe: bool, chance: random.Random, counts: Counter[str]) -> None:
    """One resident's visit."""
    async with httpx.AsyncClient(base_url=base_url, headers={"Origin": base_url}, timeout=30) as http:
        opened = await ask(http, "POST", "/api/sessions", json={"door": "phone"})
        http.headers["Cookie"] = f"{SessionCookie}={opened.cookies[SessionCookie]}"
        http.cookies.clear()
        ticks = {"chat": True, "screening": True, "contact": True, "share": True}
        await ask(http, "PUT", "/api/session/consents", json=ticks)
        said = [chance.choice(ORDINARY) for _ in range(chance.randint(1, 3))]
        if severe:
            said.append(chance.choice(IN_DANGER))
        for text in said:
            body = {"client_id": str(uuid.uuid4()), "text": text}
            answer = await ask(http, "POST", "/api/session/messages", json=body)
            assert answer.status_code == 200, answer.status_code
            await asyncio.sleep(chance.uniform(0.2, 2.0))
        if severe:
            assert answer.json()["alarm"], "no crisis card"
            counts["severe"] += 1
        counts["residents"] += 1


async def come_and_go(base_url: str, people: int, until: float, share: float, counts: Counter[str]) -> None:
    """So many residents at any time, one after another, until it is time to stop."""
    chance = random.Random(7)

    async def chair() -> None:
        while time.monotonic() < until:
            await resident(base_url, chance.random() < share, chance, counts)

    await asyncio.gather(*(chair() for _ in range(people)))


async def kill(stack: Stack, until: float, counts: Counter[str]) -> None:
    """Kill a program every 5 to 20 seconds."""
    chance = random.Random(11)
    while time.monotonic() < until:
        await asyncio.sleep(chance.uniform(5, 20))
        name = chance.choice(KILLED)
        try:
            await asyncio.to_thread(stack.kill, name)
            counts[f"killed {name}"] += 1
        except (OSError, RuntimeError, AssertionError):
            counts["not there to be killed"] += 1


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--severe", type=float, default=0.3)
    chosen = parser.parse_args()
    counts: Counter[str] = Counter()
    with Stack() as stack:
        settings = Settings(home=stack.home, _env_file=None)  # type: ignore[call-arg]
        database = Database(database_url(settings), Vault(Keyring.load(settings.keys)))
        with database.transaction() as db:
            seeded = set(db.scalars(select(Ticket.id)))
        until = time.monotonic() + chosen.minutes * 60

        async def run() -> None:
            await asyncio.gather(
                come_and_go(stack.base_url, chosen.people, until, chosen.severe, counts),
                kill(stack, until, counts),
            )

        asyncio.run(run())
        deadline = time.monotonic() + AFTERWARDS_SECONDS
        while time.monotonic() < deadline:
            with database.transaction() as db:
                tickets = [t for t in db.scalars(select(Ticket)) if t.id not in seeded]
                delivered = set(
                    db.scalars(select(QueuedNotice.ticket_id).where(QueuedNotice.state == "delivered"))
                )
            missing = [t.code for t in tickets if t.id not in delivered]
            if not missing:
                break
            time.sleep(2)
        with database.transaction() as db:
            verdict = audit.verify(db, database.vault, anchors_file(settings))
            people = db.scalar(select(func.count()).select_from(Resident))
        database.close()
    print(f"{datetime.now(UTC):%H:%M} {dict(counts)}")
    print(f"severe {counts['severe']} = tickets {len(tickets)}; without a delivered notice: {len(missing)}")
    print(f"audit: {verdict.entries} entries, intact {verdict.intact}; people kept {people}")
    sys.exit(0 if counts["severe"] == len(tickets) and not missing and verdict.intact else 1)


if __name__ == "__main__":
    main()
