"""A million residents, three million screenings and a hundred thousand tickets in the database: what a page costs then.

One resident of each street lives through each story in the real application; the rest are copies of their rows
(`tests/soak/crowd.py`). Then a real server is asked for the pages by people who are logged in. The plans behind the
pages are kept in `tests/server/test_page_plans.py`; here are times, and every query that reads far more than it shows.
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import select

from residents.session import ResidentSession, token_hash
from server.board_desk import publish_weeks
from server.settings import ROOT
from storage import embedded
from storage.database import Database
from storage.vault import Keyring, Vault
from tests.bench.ground import load, spread
from tests.soak.crowd import Tables, copy, seal_again
from tests.soak.mixed import Running
from tests.support.clock import MovableClock
from tests.support.plans import listening, reads
from tests.support.postgres import Postgres, server
from tests.support.stack import free_ports
from tests.support.town import Officer, Resident, Town

YEAR, DAYS_OPEN = 365 * 86_400, 4 * 86_400
AT_ONCE = 20_000
STREETS = ("xixing", "changhe", "puyan")
NOT_FOR_ALL = ("received", "message", "given_answer")
"""Words and single answers are there of those with an open ticket only: no list, wall or report reads them, and a
million conversations would not fit on a laptop."""


@dataclass(frozen=True)
class Size:
    """How many there are of each in the end; `opened` of the tickets are open."""

    residents: int
    tickets: int
    opened: int
    requests: int


def measure(size: Size) -> int:
    """Fill, ask, print; the exit status says only whether every page was answered."""
    with ExitStack() as stack:
        postgres = stack.enter_context(server())  # it takes about 10 GB of the disk, for as long as this runs
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="xq-scale-")))
        name = postgres.new_database()
        database = Database(postgres.url(name), Vault(Keyring.create(home / "keys.json")))
        stack.callback(database.close)
        clock = MovableClock(datetime.now(UTC))
        town = Town(database, clock, home)
        stack.callback(town.close)
        codes = _fill(postgres, name, town, size)
        say("publishing the weeks that are over …")
        began = time.perf_counter()
        weeks = publish_weeks(database, town.services.districts, lambda: datetime.now(UTC))
        say(f"{weeks} weeks in {time.perf_counter() - began:.1f} s")
        clock.now = datetime.now(UTC)
        pages = _pages(codes)
        slow = _look_at_plans(town, pages)
        table = _ask(town, database, home, pages, size.requests)
        print(f"\n{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, load {load()}")
        for line in [*_counts(postgres, name), *table, *slow]:
            print(f"  {line}")
        return 0 if all("answered" not in line for line in table) else 1


def _fill(postgres: Postgres, name: str, town: Town, size: Size) -> list[str]:
    """Everybody; the names of some open tickets."""
    began = time.perf_counter()
    calm, closed, opened = ([], [], [])  # type: list[Resident], list[Resident], list[Resident]
    town.clock.advance(hours=-30)
    for street in STREETS:
        calm.append(_is_calm(town, street))
        closed.append(_is_helped(town, street))
    town.clock.advance(hours=27)
    for street in STREETS:
        opened.append(_is_waiting(town, street))
    town.jobs()
    say(f"nine lives in {time.perf_counter() - began:.0f} s")
    shares = ((closed, size.tickets - size.opened, YEAR), (opened, size.opened, DAYS_OPEN))
    with postgres.admin(name) as admin:
        tables = Tables(admin)
        lives = {one: tables.those_of(admin, _person(town, one)) for one in (*closed, *opened, *calm)}
    town.database.close()
    with _quickly(postgres, name):
        number = 0
        for people, how_many, seconds in (*shares, (calm, size.residents - size.tickets, YEAR)):
            for one in people:
                leave = () if people is opened else NOT_FOR_ALL
                number = _copies(postgres, name, tables, lives[one], number, how_many // 3, seconds, leave)
                say(f"{number} residents after {time.perf_counter() - began:.0f} s")
    _place_all(postgres, name, town, [lives[one] for one in (*closed, *opened)])
    say(f"where each ticket is from, after {time.perf_counter() - began:.0f} s")
    say("statistics …")
    with postgres.admin(name) as admin:
        admin.execute("VACUUM (ANALYZE)")
    with postgres.admin(name) as admin, town.database.transaction() as db:
        newest = {}
        for office, state in ((town.office_code(s), s) for s in STREETS):
            shown = admin.execute(
                "(SELECT code FROM ticket WHERE office = %s AND closed_at IS NULL) UNION ALL "
                "(SELECT code FROM ticket WHERE office = %s AND closed_at IS NOT NULL "
                "ORDER BY opened_at DESC LIMIT 210) UNION ALL "
                "(SELECT t.code FROM follow_up f JOIN ticket t ON t.id = f.ticket_id "
                "WHERE f.office = %s AND f.done_at IS NULL ORDER BY f.due_at LIMIT 400)",  # the day plan's
                (office, office, office),
            )
            newest[state] = list(dict.fromkeys(row[0] for row in shown))
        fields = 0
        for one in (*closed, *opened):
            rows = lives[one]
            [mine] = [
                row[0]
                for row in admin.execute(
                    "SELECT code FROM ticket WHERE id = ANY(%s)", (list(rows["ticket"]),)
                )
            ]
            wanted = [
                int(code.rpartition("-")[2])
                for codes in newest.values()
                for code in codes
                if code.startswith(f"{mine}-")
            ]
            fields += seal_again(db, admin, town.database.vault, rows, wanted)
        say(f"{fields} fields of the tickets that are shown sealed after {time.perf_counter() - began:.0f} s")
    return [code for code in newest["puyan"] if code.count("-") > 1][: size.requests]


def _place_all(postgres: Postgres, name: str, town: Town, lives: Sequence[dict[str, set[UUID]]]) -> None:
    """The place of every ticket opens: the weeks of the board are counted from all of them."""
    numbers = (
        "SELECT split_part(code, '-', -1)::bigint FROM ticket "
        "WHERE code LIKE (SELECT code || '-%%' FROM ticket WHERE id = ANY(%s))"
    )
    with postgres.admin(name) as admin, town.database.transaction() as db:
        admin.execute("SET session_replication_role = replica")
        for rows in lives:
            copies = [row[0] for row in admin.execute(numbers, (list(rows["ticket"]),))]
            for at in range(0, len(copies), AT_ONCE):
                mine = {"ticket": rows["ticket"]}
                seal_again(db, admin, town.database.vault, mine, copies[at : at + AT_ONCE], only=["place"])


def _copies(
    postgres: Postgres, name: str, tables: Tables, rows: dict[str, set[UUID]], number: int, how_many: int, seconds: int,
    leave: Sequence[str],
) -> int:  # fmt: skip
    """So many copies, a part at a time; the number of the last."""
    done = 0
    while done < how_many:
        part = min(AT_ONCE, how_many - done)
        with postgres.admin(name) as admin:
            admin.execute("SET session_replication_role = replica")
            admin.execute("SET synchronous_commit = off")
            ends = seconds * (done + part) // how_many - seconds * done // how_many
            copy(admin, tables, rows, number + 1, number + part, ends, seconds * done // how_many, leave)
        number, done = number + part, done + part
    return number


@contextmanager
def _quickly(postgres: Postgres, name: str) -> Iterator[None]:
    """While a great deal is written: no index that can be made afterwards, and no waiting for the disk."""
    _settings(
        postgres,
        {
            "fsync": "off",
            "full_page_writes": "off",
            "max_wal_size": "'4GB'",
            "maintenance_work_mem": "'512MB'",
        },
    )
    with postgres.admin(name) as admin:
        indexes = admin.execute(_INDEXES).fetchall()
        for index, _ in indexes:
            admin.execute(f"DROP INDEX {index}".encode())
    yield
    with postgres.admin(name) as admin:
        for at, (_, definition) in enumerate(indexes, start=1):
            admin.execute(definition.encode())
            if at % 20 == 0:
                say(f"{at} of {len(indexes)} indexes")
    _settings(postgres, {"fsync": "on", "full_page_writes": "on"})


def _settings(postgres: Postgres, values: dict[str, str]) -> None:
    with postgres.admin() as admin:
        for name, value in values.items():
            admin.execute(f"ALTER SYSTEM SET {name} = {value}".encode())
    embedded.stop(postgres.folder)
    embedded.start(postgres.folder)


_INDEXES = """
SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i
JOIN pg_class c ON c.oid = i.indrelid
WHERE c.relnamespace = 'public'::regnamespace AND NOT i.indisprimary
  AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid)
  AND c.relname NOT LIKE 'audit%'
"""


# --- the lives that are copied ---------------------------------------------------------------------


def _is_calm(town: Town, street: str) -> Resident:
    """Somebody who comes by the hall and answers three screenings, none of which worries anybody."""
    one = town.resident(place=f"{street}-hall")
    one.agrees()
    one.says("这几天睡不好")
    for _ in range(3):
        one.completes(mood=0, worry=1)
    return one


def _is_waiting(town: Town, street: str) -> Resident:
    """Somebody in danger whom somebody has called and not yet visited."""
    one = _is_in_danger(town, street)
    officer = town.officer(street)
    code = officer.tickets()[0]["code"]
    officer.acknowledges(code)
    officer.on(code, "calls", outcome="spoke")
    return one


def _is_helped(town: Town, street: str) -> Resident:
    """Somebody in danger who was called, visited, asked again, and let go."""
    one = _is_in_danger(town, street)
    officer = town.officer(street)
    code = officer.only_ticket()["code"]
    officer.acknowledges(code)
    officer.on(code, "calls", outcome="spoke")
    town.clock.advance(minutes=40)
    town.jobs()
    officer.on(code, "visits", outcome="met")
    officer.on(code, "follow-ups", after_hours=[24])
    officer.on(code, "close", outcome="supported", new_level="yellow")
    return one


def _is_in_danger(town: Town, street: str) -> Resident:
    one = town.resident(place=f"{street}-hall")
    one.agrees()
    one.says("这几天睡不好")
    one.completes(mood=0, worry=1)
    one.completes(mood=0, worry=1)
    one.completes(mood=3, worry=3, q9=2, asq=1, asq5=1)
    one.tells("name", "余红")
    one.tells("phone", "13812345678")
    one.tells("address", None)
    town.jobs()
    return one


def _person(town: Town, one: Resident) -> UUID:
    whose = select(ResidentSession.resident_id).where(ResidentSession.token_hash == token_hash(one.token))
    with town.database.transaction() as db:
        return db.scalars(whose).one()


# --- the pages -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Page:
    """A page as one request, by whom it is asked; `path` may differ from one request to the next."""

    name: str
    street: str
    role: Any
    paths: Sequence[str]
    every: int = 1
    """Of how many requests of a cheap page one is made of this one."""


def _pages(codes: Sequence[str]) -> list[Page]:
    officer, lead, duty = "judicial_officer", "supervisor", "duty_officer"
    tickets = [f"/api/staff/tickets/{code}" for code in codes]
    return [
        Page("queue of an office", "puyan", officer, ["/api/staff/tickets?view=open"]),
        Page("queue, closed", "puyan", officer, ["/api/staff/tickets?view=closed"]),
        Page("queue of the district's desk", "desk", duty, ["/api/staff/tickets?view=open"]),
        Page("ticket", "puyan", officer, tickets),
        Page("day plan", "puyan", officer, ["/api/staff/day-plan"]),
        Page("board of an office", "puyan", lead, ["/api/staff/board"]),
        Page("wall", "desk", duty, ["/api/board"]),
        Page("public board", "desk", duty, ["/api/public/board"]),
        Page("report of a street", "puyan", lead, ["/api/staff/report"], 4),
        Page("report of the district", "desk", duty, ["/api/staff/report?street=district"], 4),
    ]


def _look_at_plans(town: Town, pages: Sequence[Page]) -> list[str]:
    """Each page once in this process; every query that reads more than ten times what it uses, and 1,000 rows."""
    found = []
    for page in pages:
        officer = town.officer(page.street, role=page.role)
        officer.asks("GET", page.paths[0].removeprefix("/api/staff")) if "/api/staff" in page.paths[
            0
        ] else None
        with listening(town.database.engine) as asked:
            answer = town.ask("GET", page.paths[-1], cookie=officer.cookie)
        for one in reads(town.database.engine, asked):
            if (one.examined > 1_000 and one.examined > 10 * one.used) or one.milliseconds > 200:
                found.append(
                    f"{page.name} ({answer.status_code}): {one.milliseconds:.0f} ms, {one.examined} rows for "
                    f"{one.used}: {' '.join(one.statement.split())[:400]}\n      {one.scans}"
                )
        say(f"looked at the plans of: {page.name} ({answer.status_code}, {len(asked.statements)} queries)")
    return found


def _ask(town: Town, database: Database, home: Path, pages: Sequence[Page], requests: int) -> list[str]:
    """The pages of a real server, one request after the other."""
    [port] = free_ports(1)
    base = f"http://127.0.0.1:{port}"
    environment = {
        "XINQIAO_HOME": str(home),
        "XINQIAO_PORT": str(port),
        "XINQIAO_PUBLIC_URL": base,
        "DATABASE_URL": database.engine.url.render_as_string(hide_password=False),
        "PYTHONUTF8": "1",
    }
    running = Running(ROOT, "serve", environment, home / "serve.log")
    try:
        with httpx.Client(base_url=base, headers={"Origin": base}, timeout=120, trust_env=False) as http:
            _until(lambda: http.get("/healthz").status_code == 200)
            return [_timed(http, town, page, max(4, requests // page.every)) for page in pages]
    finally:
        running.stop()


def _timed(http: httpx.Client, town: Town, page: Page, requests: int) -> str:
    officer: Officer = town.officer(page.street, role=page.role)
    took, sizes, failed = [], [], []
    for at in range(requests + 1):
        began = time.perf_counter()
        answer = http.get(page.paths[at % len(page.paths)], headers={"Cookie": officer.cookie})
        if at:  # the first one of each page warms it up
            took.append(time.perf_counter() - began)
        sizes.append(len(answer.content))
        if answer.status_code != 200:
            failed.append(answer.status_code)
    figures = spread(took)
    line = (
        f"{page.name:<30} n {figures['n']:>3}  p50 {figures['p50_ms']:>6} ms  p95 {figures['p95_ms']:>6} ms  "
        f"worst {figures['worst_ms']:>6} ms  {statistics.median(sizes) / 1024:.0f} KiB"
    )
    say(line)
    return line + (f"  answered {sorted(set(failed))}" if failed else "")


def _counts(postgres: Postgres, name: str) -> list[str]:
    with postgres.admin(name) as admin:
        lines = []
        for what, query in _COUNTED.items():
            [[number]] = admin.execute(query.encode())
            lines.append(f"{what:<30} {number}")
        return lines


_COUNTED = {
    "residents": "SELECT count(*) FROM resident",
    "screenings": "SELECT count(*) FROM rating",
    "tickets": "SELECT count(*) FROM ticket",
    "of them open": "SELECT count(*) FROM ticket WHERE closed_at IS NULL",
    "size of the database": "SELECT pg_size_pretty(pg_database_size(current_database()))",
}


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 180
    while True:
        try:
            if true():
                return
        except httpx.HTTPError:
            pass
        if time.monotonic() > deadline:
            raise SystemExit("the server does not answer")
        time.sleep(0.3)


def say(word: str) -> None:
    print(f"{datetime.now(UTC):%H:%M:%S} {word}", flush=True)
