"""A resident's words go through every flow, failing ones too, and stand in clear in no file."""

import base64
import gzip
import json
import logging
from contextlib import suppress

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from storage import audit
from storage.database import Database
from storage.errors import SealBroken
from tests.storage.letters import Letter, make_tables
from tests.support import canary
from tests.support.postgres import server

NAME = "余翠翠金丝雀"
WORDS = "活着没意思，电话13800001111，住在浦沿街道冠二社区"
IN_CLEAR = "这一句是故意不加密的"


@pytest.fixture
def own_server():
    """A server whose files nobody else writes to."""
    with server() as running:
        yield running


def checkpoint(postgres):
    with postgres.admin() as admin:
        admin.execute("CHECKPOINT")


def try_everything(database, clock):
    """Store, change, find, fail in every way that echoes a value, and go away in the middle."""
    vault = database.vault
    make_tables(database)
    letters = []
    for number in range(20):
        with database.transaction() as db:
            letter = Letter(code=str(number))
            vault.seal(letter, "name", f"{NAME}{number}")
            vault.seal(letter, "text", f"{WORDS}{number}" * (number + 1))
            db.add(letter)
            audit.record(db, actor="resident", action="said", subject=letter.id, at=clock())
        letters.append(letter)
    for statement in (
        "INSERT INTO letter (id, code) VALUES (:id, '0')",
        "UPDATE letter SET code = '1' WHERE id = :id",
        "INSERT INTO letter (id, code) VALUES (:id, CAST(CAST(:said AS integer) AS text))",
        "SELECT CAST(:said AS timestamptz)",
        "SELECT CAST(:said AS jsonb)",
        "SELECT CAST(:said AS uuid)",
        "SELECT * FROM nowhere WHERE said = :said",
        "SELECT pg_sleep(5), CAST(:said AS text)",
        "DO LANGUAGE plpgsql $$ BEGIN RAISE EXCEPTION 'no'; END $$",
    ):
        with suppress(DBAPIError), database.transaction() as db:
            db.execute(text("SET LOCAL statement_timeout = '100ms'"))
            if ":" in statement:
                db.execute(text(statement), {"said": WORDS, "id": letters[0].id})
            else:
                db.execute(text(statement))
    letters[0].text_sealed = letters[1].text_sealed
    with suppress(SealBroken):
        vault.open(letters[0], "text")
    with suppress(DBAPIError), database.transaction() as db:
        letter = Letter(code="last")
        vault.seal(letter, "text", WORDS)
        db.add(letter)
        db.flush()
        db.execute(
            text("SELECT pg_terminate_backend(pg_backend_pid()), CAST(:said AS text)"), {"said": WORDS}
        )


def test_nothing_of_a_resident_stands_in_clear(own_server, vault, clock, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    database = Database(own_server.url(own_server.new_database()), vault)
    try_everything(database, clock)
    database.close()
    checkpoint(own_server)

    assert canary.hits(own_server.folder, [NAME, WORDS, WORDS[:5], "13800001111"]) == []
    said = caplog.text + "".join(capfd.readouterr())
    assert not [word for word in (NAME, WORDS[:5], "13800001111") if word in said]


def test_the_search_finds_what_is_in_clear(own_server, vault):
    """Or else the test above would prove nothing."""
    database = Database(own_server.url(own_server.new_database()), vault)
    make_tables(database)
    with database.transaction() as db:
        db.add(Letter(code=IN_CLEAR))
    database.close()
    checkpoint(own_server)
    assert canary.hits(own_server.folder, [IN_CLEAR])


@pytest.mark.parametrize(
    "hide",
    [
        str.encode,
        lambda said: said.encode("utf-16"),
        lambda said: said.encode("gb18030"),
        lambda said: json.dumps({"text": said}).encode(),
        lambda said: base64.b64encode(f"x{said}y".encode()),
        lambda said: base64.b64encode(f"xy{said}".encode()),
        lambda said: base64.b64encode(said.encode()),
        lambda said: said.encode().hex().encode(),
        lambda said: gzip.compress(said.encode()),
    ],
)
def test_the_search_sees_through_every_disguise(tmp_path, hide):
    (tmp_path / "log").write_bytes(b"2026 " + hide(WORDS) + b" end")
    if hide(WORDS)[:2] == b"\x1f\x8b":
        (tmp_path / "log").write_bytes(hide(WORDS))
    assert canary.hits(tmp_path, [WORDS])
    assert canary.hits(tmp_path, [NAME]) == []
