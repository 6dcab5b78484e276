"""Xinqiao as real processes over a real database, without Rasa and without the whole stack.

    works.starts("serve")                           # `xinqiao serve`
    resident = works.resident(place="puyan-hall")
    doomed = works.starts("serve", die_at="S4")     # another one, which ends as if killed at that step
    works.dies(doomed, lambda: resident.says("…"))  # until then all requests go there

It has the same residents and officers as `Town`. `works.aside` is a `Town` of its own over the same database: what
is prepared there, the real processes find as if another process had done it.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import func, select, text

from bot.turn import Turn
from escalation.outbox import QueuedNotice
from escalation.ticket import Ticket
from residents.session import ResidentSession, token_hash
from storage import audit
from storage.database import Database
from tests.support.processes import KILLED_AT_A_STEP, Name, Nursery, Program, until
from tests.support.stack import free_ports
from tests.support.town import Officer, Resident, Town


def now() -> datetime:
    """The real time: real processes have no other."""
    return datetime.now(UTC)


class Works:
    """The programs over one database. `home` holds the key ring that `database` was opened with."""

    def __init__(
        self,
        nursery: Nursery,
        database: Database,
        home: Path,
        gateway_url: str,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.nursery = nursery
        self.database = database
        self.home = home
        self.port, self.doomed_port, dead = free_ports(3)
        self.base_url = f"http://127.0.0.1:{self.port}"
        self.settings = {
            "XINQIAO_HOME": str(home),
            "XINQIAO_PORT": str(self.port),
            "XINQIAO_PUBLIC_URL": self.base_url,
            "XINQIAO_RASA_URL": f"http://127.0.0.1:{dead}",
            "XINQIAO_GATEWAY_URL": gateway_url,
            "DATABASE_URL": database.engine.url.render_as_string(hide_password=False),
            **(environment or {}),
        }
        self.aside = Town(database, now, home)  # type: ignore[arg-type]
        self.programs: list[Program] = []
        self.http = httpx.Client(timeout=60.0, trust_env=False)

    def close(self) -> None:
        for program in self.programs:
            program.kill()
        self.http.close()
        self.aside.close()

    def starts(self, name: Name, die_at: str = "", **settings: str) -> Program:
        """Start one program; `serve` answers when this returns.

        A `serve` that is to die has a port of its own beside the one that may run already, and gets all
        requests until it has died.
        """
        environment = {**self.settings, "XINQIAO_DIE_AT": die_at, **settings}
        if name == "serve" and die_at:
            environment["XINQIAO_PORT"] = str(self.doomed_port)
            self.base_url = f"http://127.0.0.1:{self.doomed_port}"
        program = self.nursery.start(name, environment, self.home / f"{name}.log")
        self.programs.append(program)
        if name == "serve":
            until(lambda: self.listens() or program.status is not None)
            assert program.status is None, program.log.read_text()
        return program

    def listens(self) -> bool:
        with suppress(httpx.HTTPError):
            return self.http.get(f"{self.base_url}/healthz").status_code < 500
        return False

    def ask(self, method: str, path: str, *, cookie: str | None = None, **more: Any) -> httpx.Response:
        """One request to the real application."""
        self.http.cookies.clear()
        headers = {"Origin": self.base_url, **({"Cookie": cookie} if cookie else {})}
        return self.http.request(method, f"{self.base_url}{path}", headers=headers, **more)

    def resident(self, place: str | None = None, door: str = "phone") -> Resident:
        """Somebody at a door of the real application."""
        return Resident(self, place, door)  # type: ignore[arg-type]

    def prepared(self, place: str | None = None, door: str = "phone") -> Resident:
        """Somebody whose conversation so far is prepared aside; `comes_over` takes them to the real one."""
        return Resident(self.aside, place, door)

    def comes_over(self, somebody: Resident | Officer) -> None:
        """From now on what this person sends goes to the real application."""
        somebody.town = self  # type: ignore[assignment]

    def officer(self, street: str) -> Officer:
        """Somebody of the street's judicial office, logged in."""
        officer = self.aside.officer(street)
        self.comes_over(officer)
        return officer

    def dies(self, program: Program, request: Callable[[], Any]) -> None:
        """Send a request that this program does not survive, and wait for its end at the step."""
        try:
            answer = request()
        except httpx.TransportError:
            pass
        else:
            program.kill()  # or the next one could not have its port
            raise AssertionError(f"it lived on and answered {answer}")
        assert program.ends() == KILLED_AT_A_STEP, program.log.read_text()
        self.base_url = f"http://127.0.0.1:{self.port}"

    def a_minute_passes(self) -> None:
        """What was claimed by a process that is gone is free again, and what is due later is due now."""
        with self.database.transaction() as db:
            for column in ("received.claimed_until", "queued_notice.lease_until", "queued_notice.due_at"):
                table, name = column.split(".")
                db.execute(text(f"UPDATE {table} SET {name} = {name} - interval '61 seconds'"))
            for column in ("message.at", "given_answer.at", "administration.started_at"):
                table, name = column.split(".")
                db.execute(text(f"UPDATE {table} SET {name} = {name} - interval '61 seconds'"))

    def tickets_of(self, resident: Resident) -> list[Ticket]:
        """All tickets of this person, as they stand in the database."""
        with self.database.transaction() as db:
            whose = select(ResidentSession.resident_id).where(
                ResidentSession.token_hash == token_hash(resident.token)
            )
            return list(db.scalars(select(Ticket).where(Ticket.resident_id.in_(whose))))

    def notices_of(self, ticket: Ticket) -> list[QueuedNotice]:
        """All notices about this ticket that go out; the console's own are there at once."""
        with self.database.transaction() as db:
            return list(
                db.scalars(
                    select(QueuedNotice)
                    .where(QueuedNotice.ticket_id == ticket.id, QueuedNotice.channel != "in_app")
                    .order_by(QueuedNotice.queued_at)
                )
            )

    def count(self, entity: Any, *where: Any) -> int:
        """How many rows there are."""
        with self.database.transaction() as db:
            return db.scalar(select(func.count()).select_from(entity).where(*where)) or 0

    def audit_is_intact(self) -> None:
        with self.database.transaction() as db:
            verdict = audit.verify(db, self.database.vault, self.home / "audit-anchors.jsonl")
        assert verdict.intact, verdict


def shown(answer: httpx.Response) -> Turn:
    """The turn in an answer that worked."""
    assert answer.status_code == 200, (answer.status_code, answer.text)
    return Turn.model_validate(answer.json())
