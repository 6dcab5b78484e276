"""What became of everybody who was in danger: the ledger of what was sent, held against the tables and the gateway."""

import json
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.transcript import Message
from escalation.outbox import IN_APP, QueuedNotice
from escalation.ticket import Ticket
from residents.session import ResidentSession, token_hash
from storage import audit
from storage.database import Database
from storage.vault import Vault
from tests.bench.ground import spread
from tests.soak.visitors import Ledger, Visit


@dataclass(frozen=True)
class Outbound:
    """One notice that left the console: whose, and how it stands."""

    ticket: UUID
    key: str
    digest: str | None
    state: str
    delivered_at: datetime | None


@dataclass(frozen=True)
class Books:
    """What the tables say of the people of a ledger. `whose`: a cookie's hash -> the person behind it; `names`: what
    a ticket is called to its resident."""

    whose: dict[bytes, UUID]
    names: dict[UUID, str | None]
    tickets: list[Ticket]
    notices: list[Outbound]
    heard: Counter[UUID]
    """How many sentences of each person are kept."""

    def of(self, visit: Visit) -> list[Ticket]:
        person = self.whose.get(token_hash(visit.token))
        return [ticket for ticket in self.tickets if ticket.resident_id == person]

    @property
    def delivered(self) -> dict[UUID, datetime]:
        """When the first notice of each ticket was handed over."""
        first: dict[UUID, datetime] = {}
        for one in self.notices:
            if one.delivered_at is not None:
                first[one.ticket] = min(one.delivered_at, first.get(one.ticket, one.delivered_at))
        return first


def read_books(db: Session, vault: Vault, seeded: Collection[UUID]) -> Books:
    """Everything but the tickets that were there before (`seeded`)."""
    sessions = db.execute(select(ResidentSession.id, ResidentSession.token_hash, ResidentSession.resident_id))
    person_of, whose = {}, {}
    for session, hashed, person in sessions:
        person_of[session], whose[hashed] = person, person
    columns = (
        QueuedNotice.ticket_id, QueuedNotice.key, QueuedNotice.digest, QueuedNotice.state, QueuedNotice.delivered_at,
    )  # fmt: skip
    outbound = select(*columns).where(QueuedNotice.channel != IN_APP, QueuedNotice.ticket_id.is_not(None))
    heard = db.scalars(select(Message.session_id).where(Message.author == "resident"))
    tickets = [one for one in db.scalars(select(Ticket)) if one.id not in seeded]
    return Books(
        whose=whose,
        names={one.id: vault.open(one, "resident_code") for one in tickets},
        tickets=tickets,
        notices=[
            Outbound(ticket, key, digest, state, at)
            for ticket, key, digest, state, at in db.execute(outbound)
            if ticket is not None and ticket not in seeded
        ],
        heard=Counter(person_of[session] for session in heard),
    )


@dataclass(frozen=True)
class Verdict:
    """The counts, and what must not be: one line each."""

    counts: dict[str, object]
    faults: Sequence[str]


def judge(ledger: Ledger, books: Books, gateway: Path, seen: audit.Verdict) -> Verdict:
    """`seen`: what became of the audit chain. Nobody in danger is without a ticket, a card and a delivered notice."""
    severe, delivered = ledger.severe, books.delivered
    tickets = [books.of(one) for one in severe]
    lost = sum(not found for found in tickets)
    double = sum(len(found) > 1 for found in tickets)
    belongs = {ticket.id for found in tickets for ticket in found}
    perhaps = {
        t.id for one in ledger.visits if one.gave_up and one.danger != "none" for t in books.of(one)
    } - belongs
    unwanted = [ticket.code for ticket in books.tickets if ticket.id not in belongs | perhaps]
    silent = [ticket.code for ticket in books.tickets if ticket.id not in delivered]
    mistaken = [
        one.shown for one, found in zip(severe, tickets, strict=True)
        if one.shown and [books.names[ticket.id] for ticket in found] != [one.shown]
    ]  # fmt: skip
    cards = sum(one.gave_up or (one.card and one.shown is not None) for one in severe)
    twice = sum(
        books.heard[person] != one.words
        for one in ledger.visits
        if one.finished and (person := books.whose.get(token_hash(one.token))) is not None
    )
    received = list(_received(gateway))
    keys = {key for key, _ in received}
    unheard = [
        one.key for one in books.notices
        if one.state == "delivered" and one.key not in keys and f"digest.{one.digest}" not in keys
    ]  # fmt: skip
    waits = [
        (at - ticket.opened_at).total_seconds()
        for ticket in books.tickets
        if (at := delivered.get(ticket.id)) is not None
    ]
    wrong = {
        "in danger and without a ticket (LOST)": lost,
        "in danger and with two tickets (DOUBLE)": double,
        "tickets of nobody in danger": len(unwanted),
        "tickets of which no notice was handed over": len(silent),
        "cards that name another ticket": len(mistaken),
        "in danger and no card with the ticket's name": len(severe) - cards,
        "whose sentences are not kept exactly once": twice,
        "delivered by the books, unknown to the gateway": len(unheard),
        "audit chain broken": int(not seen.intact),
        "requests that were answered wrongly": len(ledger.strange),
    }
    counts: dict[str, object] = {
        "residents": len(ledger.visits),
        "gave up after five minutes without an answer": sum(one.gave_up for one in ledger.visits),
        "severe sent": len(severe),
        "tickets": len(belongs),
        "tickets with a delivered notice": sum(ticket in delivered for ticket in belongs),
        "tickets of those who gave up before an answer": len(perhaps),
        "lost": lost,
        "double": double,
        "notices handed over": sum(one.delivered_at is not None for one in books.notices),
        "the same notice taken again by the gateway": len(received) - len(keys),
        "ticket to the gateway, seconds": _seconds(waits),
        "audit entries": seen.entries,
        **dict(sorted(ledger.counts.items())),
    }
    faults = [f"{count} {what}" for what, count in wrong.items() if count]
    faults += [f"  {line}: {n}" for line, n in Counter(ledger.strange).most_common(10)]
    if not len(severe) == len(belongs) == counts["tickets with a delivered notice"]:
        faults.append("severe sent, tickets and deliveries are not the same number")
    if not severe:
        faults.append("nobody was in danger: nothing was tried")
    return Verdict(counts, faults)


def waiting(database: Database, ledger: Ledger, seeded: Collection[UUID]) -> int:
    """How many of those in danger are without a ticket, or have one of which nobody was told so far."""
    with database.transaction() as db:
        books = read_books(db, database.vault, seeded)
    told = books.delivered
    return sum(not any(ticket.id in told for ticket in books.of(one)) for one in ledger.severe)


def show(verdict: Verdict) -> int:
    """Print the table; the exit status."""
    print(f"\n{datetime.now(UTC):%Y-%m-%d %H:%M} UTC")
    width = max(len(name) for name in verdict.counts)
    for name, number in verdict.counts.items():
        print(f"  {name:<{width}}  {number}")
    for line in verdict.faults:
        print(f"  ✗ {line}")
    print("  all is well" if not verdict.faults else "  THIS MUST NOT BE", flush=True)
    return 1 if verdict.faults else 0


def _received(gateway: Path) -> Iterator[tuple[str, str]]:
    """Key and receipt of each message that a gateway wrote down, also by one that was killed since. A line that the
    kill cut off was never acknowledged."""
    for line in gateway.read_text("utf-8").splitlines() if gateway.exists() else ():
        try:
            kept = json.loads(line)
        except ValueError:
            continue
        yield kept["key"], kept["receipt"]


def _seconds(waits: Sequence[float]) -> str:
    figures = spread(waits)
    if "p50_ms" not in figures:
        return "—"
    return ", ".join(f"{name.removesuffix('_ms')} {figures[name] / 1000:.1f}" for name in list(figures)[1:])
