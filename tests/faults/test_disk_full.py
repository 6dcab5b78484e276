"""R19: nothing more fits on the disk. Nobody is told that something was kept which was not, and it goes on by itself.

The disk is full for one table at a time: its file is grown beyond what the server's processes may then write
(`RLIMIT_FSIZE`), so that the next row of this table fails where the file would have to grow, and nothing else does.
"""

import pwd
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from bot.transcript import Message
from storage import embedded
from storage.database import Database
from storage.vault import Keyring, Vault
from tests.support.bad_gateway import BadGateway
from tests.support.postgres import Postgres, server
from tests.support.processes import Nursery, until
from tests.support.town import Resident
from tests.support.works import Works, shown

pytestmark = pytest.mark.slow

CRISIS = "我不想活了"
ROOM = 18 * 1024 * 1024
"""More than a segment of the write-ahead log: that one must go on."""

FAT = {
    "message": ("text_sealed", 7900, {"author": "program"}),
    "ticket": (
        "place_sealed",
        7500,
        {"code": "uuid", "resident_code_index": "bytes", "closed_at": "time", "state": "closed"},
    ),
}


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    with server() as own:
        yield own


@pytest.fixture
def house(own_postgres: Postgres, nursery: Nursery, gateway: BadGateway, tmp_path: Path) -> Iterator[Works]:
    name = own_postgres.new_database()
    database = Database(own_postgres.url(name), Vault(Keyring.create(tmp_path / "keys.json")))
    works = Works(nursery, database, tmp_path, gateway.url)
    yield works
    works.close()
    database.close()


def grow(postgres: Postgres, house: Works, table: str) -> None:
    """Copies of one row: small ones, so that no page has room left, then one to a page, until the file is large."""
    column, size, other = FAT[table]
    values = {"uuid": "gen_random_uuid()::text", "bytes": "'\\x' || md5(random()::text)", "time": "now()"}
    changed = "".join(f", '{name}', {values.get(value, repr(value))}" for name, value in other.items())
    name = house.database.engine.url.database
    assert name is not None
    with postgres.admin(name) as admin:
        admin.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET STORAGE PLAIN")  # type: ignore[arg-type]
        for many, fat in ((200, 1), (2400, size)):
            admin.execute(
                f"INSERT INTO {table} SELECT (jsonb_populate_record(NULL::{table}, to_jsonb(one) ||"  # type: ignore[arg-type]
                f" jsonb_build_object('id', gen_random_uuid(), '{column}', '\\x' || repeat('00', {fat})"
                f"{changed}))).* FROM (SELECT * FROM {table} LIMIT 1) one, generate_series(1, {many}) n"
            )
        [(grown,)] = admin.execute("SELECT pg_relation_size(%s)", [table]).fetchall()
    assert grown > ROOM


@contextmanager
def full_disk(postgres: Postgres) -> Iterator[None]:
    """No process of the server, also of those it will still start, writes a file beyond `ROOM`."""
    pid = embedded.running(postgres.folder)
    assert pid is not None
    postmaster = psutil.Process(pid)
    limit(postmaster, ROOM)
    try:
        yield
    finally:
        limit(postmaster, "unlimited")


def limit(postmaster: psutil.Process, most: int | str) -> None:
    """Only who the processes belong to may change their limits; the hard limit stays as it is."""
    for process in (postmaster, *postmaster.children()):
        asked = ["prlimit", "--pid", str(process.pid), f"--fsize={most}:"]
        user = embedded.user()
        group = user and pwd.getpwnam(user).pw_gid
        done = subprocess.run(asked, user=user, group=group, check=False, capture_output=True)
        assert done.returncode == 0 or not process.is_running(), done.stderr


def says(resident: Resident, words: str, client_id: str) -> tuple[int, dict[str, object]]:
    answer = resident.sends("POST", "/messages", {"client_id": client_id, "text": words})
    assert words not in answer.text or answer.status_code == 200
    return answer.status_code, answer.json()


def until_full(house: Works, table: str, resident: Resident, others: list[Resident]) -> Resident:
    """Rows go into what room is left in the last page, until the file would have to grow. Gives whom that meets.

    A reply is longer than a resident's sentence: where it no longer fits, the sentence may, and is acted on.
    """
    if table == "message":
        for _ in range(100):
            kept = house.count(Message, Message.author == "resident")
            status, _ = says(resident, "我睡不着", str(uuid.uuid4()))
            if house.count(Message, Message.author == "resident") == kept:
                assert status == 503
                return resident
    else:
        for other in others:
            status, body = says(other, CRISIS, str(uuid.uuid4()))
            if not house.tickets_of(other):
                assert status in (200, 503)
                assert "120" in str(body), "whom to call stands there, though nothing could be opened"
                return other
    raise AssertionError("the file never had to grow")


@pytest.mark.parametrize("table", sorted(FAT))
def test_a_full_disk_is_said_honestly_and_what_could_not_be_done_is_done_when_there_is_room(
    house: Works, own_postgres: Postgres, gateway: BadGateway, table: str
) -> None:
    programs = [house.starts("serve"), house.starts("jobs")]
    before, *others = [house.resident(place="puyan-hall") for _ in range(40 if table == "ticket" else 2)]
    gateway.behave("error500")
    for each in (before, *others):
        each.agrees()
    before.says(CRISIS)
    [earlier] = house.tickets_of(before)
    others[0].says("我睡不着")
    grow(own_postgres, house, table)
    client_id = str(uuid.uuid4())

    with full_disk(own_postgres):
        somebody = until_full(house, table, others[0], others)
        status, body = says(somebody, CRISIS, client_id)
        if table == "message":
            assert status == 503, "what was not kept is not said to be received"
            assert "没有存下来" in str(body["sentence"])
            assert body["hotlines"]
        assert house.tickets_of(somebody) == []
        gateway.behave("accept")
        until(lambda: gateway.rang(earlier.code))  # what was committed before goes out all the same

    until(lambda: says(somebody, CRISIS, client_id)[0] == 200)
    [ticket] = until(lambda: house.tickets_of(somebody))
    until(lambda: gateway.rang(ticket.code))
    shown(somebody.sends("GET", ""))
    assert all(program.status is None for program in programs), "by themselves, without a new start"
    for program in programs:
        assert CRISIS not in program.log.read_text()
    house.audit_is_intact()
