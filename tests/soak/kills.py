"""R03: residents come and go while programs are killed at random; nobody in danger may be lost.

Every 5 to 20 seconds one of the programs dies with `kill -9`, whichever it is. Then there must be one ticket for each
resident in danger, no more and no less, at least one delivered notice for each ticket, and the audit chain whole.
"""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

import httpx
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from escalation.ticket import Ticket
from server.commands.verify import anchors_file
from server.settings import Settings
from server.supervision import SupervisorGone
from server.wiring import database_url
from storage import audit
from storage.database import Database
from storage.errors import StorageError
from storage.vault import Keyring, Vault
from tests.soak.verdict import judge, read_books, show, waiting
from tests.soak.visitors import Ledger, Phone, visit
from tests.support.stack import Stack

KILLED = ("app", "jobs", "rasa", "gateway", "postgres", "lookout")
WHILE_STARTING = 0.25
"""How often one is killed that has not come back yet: always, and on a slow machine nobody would ever be let in."""
AFTERWARDS_SECONDS = 240.0
SAID_EVERY = 30.0


@dataclass(frozen=True)
class Plan:
    """How long, how many at once, the share in danger, seconds between two kills, and the seed of all chance."""

    minutes: float
    people: int
    share: float
    gap: tuple[float, float]
    seed: int


def soak(plan: Plan) -> int:
    """The exit status: 0 only when nobody was lost, nobody came twice and every notice arrived."""
    ledger = Ledger()
    with Stack() as stack:
        settings = Settings(home=stack.home, _env_file=None)  # type: ignore[call-arg]
        database = Database(database_url(settings), Vault(Keyring.load(settings.keys)), pool_size=2)
        with database.transaction() as db:
            seeded = set(db.scalars(select(Ticket.id)))
        print(f"{plan.people} residents at once for {plan.minutes:g} minutes, seed {plan.seed}", flush=True)
        asyncio.run(_all_of_it(stack, plan, ledger, lambda: waiting(database, ledger, seeded)))
        _afterwards(lambda: waiting(database, ledger, seeded))
        with database.transaction() as db:
            seen = audit.verify(db, database.vault, anchors_file(settings))
            books = read_books(db, database.vault, seeded)
        database.close()
        return show(judge(ledger, books, stack.home / "gateway" / "notices.jsonl", seen))


async def _all_of_it(stack: Stack, plan: Plan, ledger: Ledger, look: Callable[[], int]) -> None:
    until = time.monotonic() + plan.minutes * 60
    saying = asyncio.create_task(_say_how_it_goes(ledger, until, look))
    await asyncio.gather(
        come_and_go(lambda: stack.base_url, plan, until, ledger), _kill(stack, plan, until, ledger)
    )
    saying.cancel()


async def come_and_go(
    base_url: Callable[[], str], plan: Plan, until: float, ledger: Ledger, *, at_once: int = 1
) -> None:
    """So many residents at any time, one after another, until it is time to stop; each ends their own visit."""

    async def chair(number: int) -> None:
        chance = random.Random(plan.seed * 1000 + number)
        while time.monotonic() < until:
            await visit(Phone(base_url, ledger, at_once=at_once), chance, plan.share)

    await asyncio.gather(*(chair(number) for number in range(plan.people)))


async def _kill(stack: Stack, plan: Plan, until: float, ledger: Ledger) -> None:
    chance = random.Random(plan.seed)
    while time.monotonic() < until:
        await asyncio.sleep(chance.uniform(*plan.gap))
        try:
            name = await asyncio.to_thread(_victim, stack, chance)
            killed = await asyncio.to_thread(stack.kill, name) if name else 0
        except (OSError, SupervisorGone):
            continue
        if killed:
            ledger.counts["kills"] += 1
            ledger.counts[f"killed {name}"] += 1


def _victim(stack: Stack, chance: random.Random) -> str | None:
    """Any program, now and then one that is still starting."""
    starting = chance.random() < WHILE_STARTING
    for name in chance.sample(KILLED, len(KILLED)):
        if starting or (_serves(stack) if name == "app" else stack.answers(name)):
            return name
    return None


def _serves(stack: Stack) -> bool:
    """The application answers, whether or not it thinks that all is well."""
    try:
        return httpx.get(f"{stack.base_url}/healthz", timeout=5.0, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


async def _say_how_it_goes(ledger: Ledger, until: float, look: Callable[[], int]) -> None:
    while True:
        await asyncio.sleep(SAID_EVERY)
        try:
            wait = str(await asyncio.to_thread(look))
        except (SQLAlchemyError, StorageError):
            wait = "?"  # the database was killed a moment ago
        done = sum(one.finished for one in ledger.visits)
        print(
            f"{max(0.0, until - time.monotonic()) / 60:5.1f} min left: {done} of {len(ledger.visits)} residents have "
            f"gone, {len(ledger.severe)} in danger, {wait} of them not handed over yet, "
            f"{ledger.counts['kills']} kills, {len(ledger.strange)} strange answers",
            flush=True,
        )


def _afterwards(look: Callable[[], int]) -> None:
    """Whatever still waits has this long."""
    deadline = time.monotonic() + AFTERWARDS_SECONDS
    while time.monotonic() < deadline:
        try:
            if look() == 0:
                return
        except (SQLAlchemyError, StorageError):
            pass
        time.sleep(2)
