"""A transaction keeps all or nothing, and no error tells what a resident said."""

import traceback
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DataError, IntegrityError, OperationalError
from sqlalchemy.orm import Session

from storage import audit, migrations
from storage.audit import AuditEntry
from storage.base import Moment
from storage.database import Database, VaultCheck, normal_url
from storage.errors import KeyringDoesNotFit, NotMigrated
from storage.vault import Keyring, Vault
from tests.storage.letters import Letter, make_tables

SAID = "余秀兰说她不想活了"


@pytest.fixture
def post(database):
    make_tables(database)
    return database


def test_what_was_committed_is_there_and_stays_usable(post, clock):
    with post.transaction() as db:
        letter = Letter(code="a")
        post.vault.seal(letter, "text", SAID)
        db.add(letter)
        audit.record(db, actor="a", action="letter.written", subject=letter.id, at=clock())
    assert letter.code == "a"
    with post.transaction() as db:
        again = db.get(Letter, letter.id)
        assert post.vault.open(again, "text") == SAID
        assert db.scalar(select(AuditEntry.subject)) == str(letter.id)


def test_when_the_audit_entry_cannot_be_written_nothing_is(post, clock):
    def write(code):
        with post.transaction() as db:
            db.add(Letter(code=code))
            audit.record(db, actor="a", action="letter.written", subject=code, at=clock())

    write("a")
    with post.transaction() as db:
        db.execute(text("UPDATE audit_head SET seq = 0"))  # the next entry finds its number taken
    with pytest.raises(IntegrityError):
        write("b")
    with post.transaction() as db:
        assert list(db.scalars(select(Letter.code))) == ["a"]


def test_seals_swapped_between_stored_rows_are_refused(post):
    with post.transaction() as db:
        letters = [Letter(code=code) for code in "ab"]
        for letter in letters:
            post.vault.seal(letter, "text", f"{SAID} {letter.code}")
        db.add_all(letters)
    with post.transaction() as db:
        db.execute(
            text(
                "UPDATE letter SET text_sealed = other.text_sealed FROM letter other WHERE other.id <> letter.id"
            )
        )
    with post.transaction() as db:
        for letter in db.scalars(select(Letter)):
            with pytest.raises(Exception, match="does not open"):
                post.vault.open(letter, "text")


def shown(error):
    """All that a log would hold of an error."""
    return "".join(traceback.format_exception(error)) + repr(error) + repr(error.orig)


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("INSERT INTO letter (id, code) VALUES (gen_random_uuid(), :said)", IntegrityError),
        ("INSERT INTO letter (id, code) VALUES (NULL, :said)", IntegrityError),
        ("SELECT CAST(:said AS integer)", DataError),
        ("SELECT CAST(:said AS timestamptz)", DataError),
        ("SELECT CAST(:said AS jsonb)", DataError),
    ],
)
def test_errors_do_not_tell_what_was_said(post, statement, kind):
    with post.transaction() as db:
        db.add(Letter(code=SAID))
    with pytest.raises(kind) as refused, post.transaction() as db:
        db.execute(text(statement), {"said": SAID})
    assert SAID not in shown(refused.value)
    assert refused.value.orig.sqlstate


def test_errors_still_name_the_constraint(post):
    with pytest.raises(IntegrityError, match="uq_letter_code"), post.transaction() as db:
        db.add_all([Letter(code=SAID), Letter(code=SAID)])


def add_impatiently(post, letter):
    with post.transaction() as db:
        db.execute(text("SET LOCAL lock_timeout = '50ms'"))
        db.add(letter)


def test_no_statement_waits_for_ever(post):
    with post.transaction() as db:
        limits = [
            db.scalar(text(f"SHOW {name}"))
            for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
        ]
        assert "0" not in limits
        assert db.scalar(text("SHOW synchronous_commit")) == "on"
        db.add(Letter(code="a"))
        db.flush()
        other = Letter(code="a")
        with pytest.raises(OperationalError, match="LockNotAvailable"):
            add_impatiently(post, other)


def test_times_need_a_zone_and_come_back_in_utc(post, clock):
    with pytest.raises(ValueError, match="zone"):
        Moment().process_bind_param(datetime(2026, 11, 23), None)
    with post.transaction() as db:
        audit.record(db, actor="a", action="b", subject="c", at=clock())
    with post.transaction() as db:
        at = db.scalar(select(AuditEntry.at))
        assert at == clock()
        assert at.utcoffset().total_seconds() == 0


def test_tables_that_are_not_there_are_named_as_the_reason(postgres, vault):
    name = postgres.empty_database()
    database = Database(postgres.url(name), vault)
    with pytest.raises(NotMigrated), database.transaction():
        pass
    migrations.upgrade(postgres.url(name))
    with database.transaction():
        pass
    database.close()
    postgres.drop(name)


def test_another_key_ring_is_refused_before_anything_is_read(database, postgres, tmp_path):
    database.open()
    stranger = Vault(Keyring.create(tmp_path / "other.json"))
    wrong = Database(database.engine.url, stranger)
    with pytest.raises(KeyringDoesNotFit), wrong.transaction():
        pass
    wrong.close()


def test_a_ring_with_the_right_name_and_another_key_is_refused(database):
    database.open()
    name = database.vault.keyring.active
    wrong = Database(database.engine.url, Vault(Keyring({name: bytes(32)}, active=name, home=name)))
    with pytest.raises(KeyringDoesNotFit):
        wrong.open()
    wrong.close()


def test_a_new_ring_is_not_taken_for_the_old_one_when_the_check_was_removed(database, clock, tmp_path):
    with database.transaction() as db:
        audit.record(db, actor="a", action="b", subject="c", at=clock())
        db.execute(VaultCheck.__table__.delete())
    wrong = Database(database.engine.url, Vault(Keyring.create(tmp_path / "other.json")))
    with pytest.raises(KeyringDoesNotFit):
        wrong.open()
    wrong.close()


def test_a_rotated_ring_fits_and_the_ring_before_it_no_longer_does(database, tmp_path):
    database.open()
    rotated = Database(database.engine.url, Vault(Keyring.rotate(tmp_path / "keys.json")))
    rotated.open()
    with rotated.transaction() as db:
        assert set(db.scalars(select(VaultCheck.key_id))) == set(rotated.vault.keyring.keys)
    rotated.close()
    before = Database(database.engine.url, database.vault)
    with pytest.raises(KeyringDoesNotFit):
        before.open()
    before.close()


def test_two_processes_may_open_a_new_database_at_once(database, vault):
    """The second one comes while the first has not committed yet."""
    second = Database(database.engine.url, vault)
    name = vault.keyring.active
    with Session(database.engine) as first, ThreadPoolExecutor(1) as elsewhere:
        first.execute(text("SELECT seq FROM audit_head FOR UPDATE"))
        first.add(VaultCheck(key_id=name, fingerprint=vault.fingerprint(name)))
        first.flush()
        opening = elsewhere.submit(second.open)
        waiting = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        while not first.scalar(waiting) and not opening.done():
            first.execute(text("SELECT pg_sleep(0.01), pg_stat_clear_snapshot()"))
        first.commit()
        opening.result()
    second.close()


def test_every_form_of_address_gets_our_driver():
    for given in ("postgres://a@b/c", "postgresql://a@b/c", "postgresql+psycopg://a@b/c"):
        assert normal_url(given).render_as_string() == "postgresql+psycopg://a@b/c"
