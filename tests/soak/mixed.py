"""O02: the last release's application beside this release's jobs, and the reverse, over one database.

The tables are those of this release, as they are while an upgrade is going on. Everything that changes something is
sent three times at once and once more later (R06), by residents and by an officer. Rasa is not there: the alarm chain
does not ask it. The earlier release reads danger with the models that were trained for this one.
"""

import asyncio
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import func, select

from assessments.administration import Administration, GivenAnswer
from escalation.staff import new_account
from escalation.ticket import TicketEvent
from server.callers import StaffCookie
from server.demo_gateway import DemoGateway
from server.settings import ROOT
from server.tether import end_with_parent
from storage import audit
from storage.database import Database
from tests.bench.ground import ground
from tests.soak.kills import Plan, come_and_go
from tests.soak.verdict import judge, read_books, show, waiting
from tests.soak.visitors import Ledger
from tests.support.clock import MovableClock
from tests.support.stack import free_ports
from tests.support.town import PASSWORD, Town

AT_ONCE = 3
READY_SECONDS, STOP_SECONDS, AFTERWARDS_SECONDS = 180.0, 60.0, 180.0
UNTRACKED = ("models/trained", "kiosk/dist", "console/dist")


@contextmanager
def release(revision: str) -> Iterator[Path]:
    """The tree of an earlier revision, with what set-up had made for this one."""
    with tempfile.TemporaryDirectory(prefix="xq-release-") as folder:
        tree = Path(folder)
        packed = subprocess.run(
            ["git", "archive", revision], cwd=ROOT, check=True, capture_output=True
        ).stdout
        subprocess.run(["tar", "-x", "-C", str(tree)], input=packed, check=True)
        for name in UNTRACKED:
            if (ROOT / name).is_dir() and not (tree / name).exists():
                (tree / name).symlink_to(ROOT / name)
        yield tree


class Running:
    """One program of one release, until the block ends."""

    def __init__(self, tree: Path, verb: str, environment: Mapping[str, str], log: Path) -> None:
        self.verb, self.tree, self.log = verb, tree, log
        self.process = subprocess.Popen(
            [sys.executable, "-m", "server.cli", verb],
            cwd=tree,
            env={**os.environ, **environment, "PYTHONPATH": str(tree)},
            stdin=subprocess.DEVNULL,
            stdout=log.open("ab"),
            stderr=subprocess.STDOUT,
            preexec_fn=lambda: end_with_parent(signal.SIGKILL),
        )

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def faults(self) -> int:
        """How many faults of ours stand in its log."""
        return self.log.read_text("utf-8", "replace").count("fault ")


def soak(plan: Plan, old: str) -> int:
    """The exit status: 0 only when both pairs together lost nobody and did nothing twice."""
    ledger = Ledger()
    with ground() as (_, _, database, home), ExitStack() as stack:
        earlier = stack.enter_context(release(old))
        gateway = stack.enter_context(DemoGateway(0, home / "gateway"))
        town = Town(
            database, MovableClock(), home
        )  # makes the district's roster; nothing else is asked of it
        stack.callback(town.close)
        port, nowhere = free_ports(2)
        environment = {
            "XINQIAO_HOME": str(home),
            "XINQIAO_PORT": str(port),
            "XINQIAO_PUBLIC_URL": f"http://127.0.0.1:{port}",
            "XINQIAO_RASA_URL": f"http://127.0.0.1:{nowhere}",
            "XINQIAO_GATEWAY_URL": gateway.url,
            "DATABASE_URL": database.engine.url.render_as_string(hide_password=False),
            "PYTHONUTF8": "1",
        }
        officer = Officer(database, town, f"http://127.0.0.1:{port}", ledger)
        for name, app, jobs in (("old app, new jobs", earlier, ROOT), ("new app, old jobs", ROOT, earlier)):
            before = len(ledger.visits)
            _stage(plan, name, app, jobs, environment, home, ledger, officer, database)
            done = ledger.visits[before:]
            print(
                f"{name}: {len(done)} residents, {sum(v.danger != 'none' for v in done)} in danger, "
                f"{len(ledger.strange)} strange answers so far",
                flush=True,
            )
        _acts_are_kept_once(database, officer, ledger)
        _answers_are_kept_once(database, ledger)
        with database.transaction() as db:
            seen = audit.verify(db, database.vault, home / "audit-anchors.jsonl")
            books = read_books(db, database.vault, ())
        verdict = judge(ledger, books, home / "gateway" / "notices.jsonl", seen)
        return show(verdict)


def _stage(
    plan: Plan, name: str, app: Path, jobs: Path, environment: Mapping[str, str], home: Path, ledger: Ledger,
    officer: "Officer", database: Database,
) -> None:  # fmt: skip
    """One pair at work, until what was said meanwhile has been handed over."""
    mark = name.replace(", ", "-").replace(" ", "_")
    running = [
        Running(tree, verb, environment, home / f"{mark}-{verb}.log")
        for tree, verb in ((app, "serve"), (jobs, "jobs"))
    ]
    try:
        base = f"http://127.0.0.1:{environment['XINQIAO_PORT']}"
        _until_it_answers(base, running)
        until = time.monotonic() + plan.minutes * 60

        async def work() -> None:
            await asyncio.gather(
                come_and_go(lambda: base, plan, until, ledger, at_once=AT_ONCE), officer.works_until(until)
            )

        asyncio.run(work())
        deadline = time.monotonic() + AFTERWARDS_SECONDS
        while waiting(database, ledger, ()) and time.monotonic() < deadline:
            time.sleep(1)
        for one in running:
            if one.process.poll() is not None:
                ledger.refuse(f"{name}: {one.verb} has ended by itself")
    finally:
        for one in running:
            one.stop()
            ledger.counts[f"{name}: faults in the log of {one.verb}"] += one.faults()
            if os.environ.get("XINQIAO_KEEP_LOGS"):
                print(f"== {one.log.name}\n{one.log.read_text('utf-8', 'replace')[-3000:]}", flush=True)


def _until_it_answers(base: str, running: list[Running]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        ended = [one for one in running if one.process.poll() is not None]
        if ended:
            raise SystemExit(f"{ended[0].verb} does not start:\n{ended[0].log.read_text()[-2000:]}")
        try:
            if httpx.get(f"{base}/readyz", timeout=5, trust_env=False).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.5)
    raise SystemExit(f"it is not ready:\n{running[0].log.read_text()[-2000:]}")


class Officer:
    """Somebody of the district's desk, who takes tickets and writes down calls, each three times at once."""

    def __init__(self, database: Database, town: Town, base_url: str, ledger: Ledger) -> None:
        self.base_url, self.ledger = base_url, ledger
        self.username = "soak-officer"
        self.recorded: list[uuid.UUID] = []
        office = town.office_code("desk")  # those who say nothing of where they are come to it
        with database.transaction() as db:
            db.add(new_account(self.username, PASSWORD, "沈青", "duty_officer", office, demo=True))

    async def works_until(self, until: float) -> None:
        async with httpx.AsyncClient(
            base_url=self.base_url, headers={"Origin": self.base_url}, timeout=60, trust_env=False
        ) as http:
            body = {"username": self.username, "password": PASSWORD}
            answer = await http.post("/api/staff/login", json=body)
            answer.raise_for_status()
            cookie = f"{StaffCookie}={answer.cookies[StaffCookie]}"
            while time.monotonic() < until:
                http.cookies.clear()
                listed = await http.get("/api/staff/tickets?view=open", headers={"Cookie": cookie})
                listed.raise_for_status()
                free = [row["code"] for row in listed.json()["tickets"] if row["state"] == "requested"]
                for code in free[:2]:
                    await self._insists(http, cookie, f"/api/staff/tickets/{code}/acknowledge", {})
                    recorded = uuid.uuid4()
                    call = {"client_id": str(recorded), "outcome": random.choice(("spoke", "no_answer"))}
                    if await self._insists(http, cookie, f"/api/staff/tickets/{code}/calls", call):
                        self.recorded.append(recorded)
                await asyncio.sleep(2)

    async def _insists(self, http: httpx.AsyncClient, cookie: str, path: str, body: dict[str, Any]) -> bool:
        async def once() -> int:
            answer = await http.post(path, json=body, headers={"Cookie": cookie})
            return answer.status_code

        statuses = [*await asyncio.gather(*(once() for _ in range(AT_ONCE))), await once()]
        self.ledger.counts["an officer's requests"] += len(statuses)
        if set(statuses) != {200}:
            self.ledger.refuse(f"an officer's {path.rpartition('/')[2]}: {statuses}")
        return 200 in statuses


def _acts_are_kept_once(database: Database, officer: Officer, ledger: Ledger) -> None:
    with database.transaction() as db:
        kept = db.scalar(
            select(func.count()).select_from(TicketEvent).where(TicketEvent.client_id.in_(officer.recorded))
        )
    ledger.counts["an officer's calls kept"] = kept or 0
    if kept != len(officer.recorded):
        ledger.refuse(f"{len(officer.recorded)} calls were recorded and {kept} are kept")


def _answers_are_kept_once(database: Database, ledger: Ledger) -> None:
    with database.transaction() as db:
        kept = db.scalar(
            select(func.count())
            .select_from(GivenAnswer)
            .join(Administration, Administration.id == GivenAnswer.administration_id)
            .where(GivenAnswer.carried_over.is_(False))
        )
    given = sum(one.answers for one in ledger.visits)
    ledger.counts["answers given"], ledger.counts["answers kept"] = given, kept or 0
    if kept != given:
        ledger.refuse(f"{given} answers were given and {kept} are kept")
