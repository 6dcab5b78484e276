"""Whoever touches the audit trail is found out, and the first row they touched is named."""

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import NullPool, create_engine, func, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from storage import audit
from storage.audit import AuditEntry, AuditHead, Fault
from storage.errors import AuditRefused, SealBroken
from storage.vault import Keyring, Vault

LENGTH = 12
PLACES = [1, 2, 6, LENGTH - 1, LENGTH]


@pytest.fixture
def anchors(tmp_path):
    return tmp_path / "anchors.jsonl"


def write(database, clock, entries=1):
    with database.transaction() as db:
        for number in range(entries):
            audit.record(
                db,
                actor="officer:7",
                action="ticket.read",
                subject=f"ticket:{number}",
                purpose="visit",
                at=clock(),
                step=number,
                why=["上门", None, True],
            )


def judge(database, anchors=None):
    with database.transaction() as db:
        return audit.verify(db, database.vault, anchors)


@pytest.fixture
def trail(database, clock, anchors):
    """A trail of twelve entries, and an anchor at its end."""
    for _ in range(LENGTH // 3):
        write(database, clock, entries=3)
        clock.advance(minutes=5)
    with database.transaction() as db:
        audit.anchor(db, database.vault, anchors, clock())
    return database


class Thief:
    """Somebody with all rights on the database, but without the key."""

    def __init__(self, engine, vault):
        self.engine = engine
        self.vault = vault

    def does(self, *statements):
        """For good."""
        with Session(self.engine) as db, db.begin():
            self._act(db, statements)

    def found_after(self, anchors, *statements):
        """What verify says after these statements, which are then undone."""
        with Session(self.engine) as db:
            self._act(db, statements)
            verdict = audit.verify(db, self.vault, anchors)
            db.rollback()
        return verdict.intact, verdict.first_bad, verdict.why

    def _act(self, db, statements):
        for statement in ("SET LOCAL session_replication_role = replica", *statements):
            db.execute(text(statement) if isinstance(statement, str) else statement)


@pytest.fixture
def thief(postgres, trail):
    engine = create_engine(postgres.admin_url(trail.engine.url.database), poolclass=NullPool)
    return Thief(engine, trail.vault)


def test_an_untouched_trail_is_intact(trail, anchors):
    verdict = judge(trail, anchors)
    assert verdict.intact
    assert (verdict.entries, verdict.first_bad, verdict.anchor.seq) == (LENGTH, None, LENGTH)


def test_a_trail_with_nothing_in_it_is_intact(database, anchors):
    assert judge(database, anchors).intact


@pytest.mark.parametrize(
    "change",
    [
        "actor = 'nobody'",
        "action = 'ticket.closed'",
        "subject = 'ticket:99'",
        "purpose = ''",
        "outcome = 'refused'",
        "at = at + interval '1 microsecond'",
        "at = 'infinity'",
        "at = '0044-03-15 BC'",
        "details = details || jsonb_build_object('step', 77)",
        "details = details - 'step'",
        "details = 'null'",
        "key_id = 'k0'",
        "mac = sha256(mac)",
        "previous = sha256(previous)",
    ],
)
def test_a_changed_row_is_named(thief, anchors, change):
    for seq in PLACES:
        found = thief.found_after(anchors, f"UPDATE audit_entry SET {change} WHERE seq = {seq}")
        assert found[:2] == (False, seq)


def test_a_deleted_row_is_named(thief, anchors):
    for seq in PLACES:
        found = thief.found_after(anchors, f"DELETE FROM audit_entry WHERE seq = {seq}")
        assert found[:2] == (False, seq)


def test_a_deleted_row_is_named_though_the_others_were_moved_up(thief, anchors):
    for seq in PLACES:
        found = thief.found_after(
            anchors,
            f"DELETE FROM audit_entry WHERE seq = {seq}",
            f"UPDATE audit_entry SET seq = -seq WHERE seq > {seq}",
            "UPDATE audit_entry SET seq = -seq - 1 WHERE seq < 0",
        )
        assert found[:2] == (False, seq)


def test_an_inserted_row_is_named(thief, anchors):
    for seq in [*PLACES, LENGTH + 1, 0, -5]:
        found = thief.found_after(
            anchors,
            f"UPDATE audit_entry SET seq = -1000 - seq WHERE seq >= {seq} AND seq > 0",
            "UPDATE audit_entry SET seq = -seq - 999 WHERE seq <= -1000",
            f"INSERT INTO audit_entry SELECT {seq}, at, 'nobody', action, subject, purpose, outcome, details, "
            "key_id, previous, mac FROM audit_entry ORDER BY seq LIMIT 1",
        )
        assert found[:2] == (False, seq)


def test_two_swapped_rows_are_named(thief, anchors):
    for seq in [1, 2, 6, LENGTH - 1]:
        found = thief.found_after(
            anchors,
            f"UPDATE audit_entry SET seq = -1 WHERE seq = {seq}",
            f"UPDATE audit_entry SET seq = {seq} WHERE seq = {seq + 1}",
            f"UPDATE audit_entry SET seq = {seq + 1} WHERE seq = -1",
        )
        assert found[:2] == (False, seq)


def test_a_cut_tail_is_noticed_by_the_head(thief):
    for seq in PLACES:
        found = thief.found_after(None, f"DELETE FROM audit_entry WHERE seq >= {seq}")
        assert found == (False, seq, Fault.CUT)


def cut_with_head(seq):
    return (
        f"DELETE FROM audit_entry WHERE seq >= {seq}",
        "UPDATE audit_head SET seq = 0, mac = decode(repeat('00', 32), 'hex')",
        "UPDATE audit_head SET seq = last.seq, mac = last.mac "
        "FROM (SELECT seq, mac FROM audit_entry ORDER BY seq DESC LIMIT 1) last",
    )


def test_a_cut_tail_with_a_matching_head_is_noticed_by_the_anchor(thief, anchors):
    for seq in PLACES:
        assert thief.found_after(None, *cut_with_head(seq))[0]  # the database alone cannot know
        assert thief.found_after(anchors, *cut_with_head(seq)) == (False, seq, Fault.CUT)


def test_a_tail_that_was_cut_and_grew_again_is_noticed(trail, thief, anchors, clock):
    thief.does(*cut_with_head(7))
    write(trail, clock, entries=10)
    verdict = judge(trail, anchors)
    assert (verdict.intact, verdict.first_bad, verdict.why) == (False, LENGTH, Fault.ANOTHER_PAST)


def test_a_row_from_another_past_is_noticed(trail, thief, clock):
    """The thief kept a genuine row, cut the trail, let it grow again, and puts the row back into it."""
    table = AuditEntry.__table__
    with Session(trail.engine) as db:
        kept = dict(db.execute(select(table).where(table.c.seq == 9)).mappings().one())
    thief.does(*cut_with_head(7))
    write(trail, clock, entries=5)
    with Session(trail.engine) as db:
        kept["previous"] = db.scalar(select(table.c.mac).where(table.c.seq == 8))
    found = thief.found_after(
        None,
        update(table).where(table.c.seq == 9).values(kept),
        update(table).where(table.c.seq == 10).values(previous=kept["mac"]),
    )
    assert found == (False, 9, Fault.CHANGED)


def test_no_anchor_is_set_on_a_trail_that_was_cut(trail, thief, anchors, clock):
    thief.does(*cut_with_head(7))
    with pytest.raises(SealBroken), trail.transaction() as db:
        audit.anchor(db, trail.vault, anchors, clock())


def test_a_head_that_was_set_back_is_noticed(thief, anchors):
    back = "UPDATE audit_head SET seq = 5, mac = (SELECT mac FROM audit_entry WHERE seq = 5)"
    assert thief.found_after(anchors, back)[2] == Fault.HEAD


def test_a_removed_head_is_noticed(thief, anchors):
    assert thief.found_after(anchors, "DELETE FROM audit_head")[2] == Fault.HEAD


def test_a_chain_that_was_made_anew_without_the_key_is_noticed(trail, thief, tmp_path, anchors):
    """The thief changes one row and then computes every later MAC, with a key of their own."""
    name = trail.vault.keyring.active
    forger = Keyring.create(tmp_path / "forged.json")
    forged = Vault(Keyring({name: forger.keys[forger.active]}, active=name, home=name))
    table = AuditEntry.__table__
    with Session(trail.engine) as db:
        entries = [dict(row) for row in db.execute(select(table).order_by(table.c.seq)).mappings()]
    for seq in PLACES:
        statements, mac = [], entries[seq - 1]["previous"]
        for entry in entries[seq - 1 :]:
            row = {**entry, "actor": "nobody", "previous": mac}
            mac = row["mac"] = forged.audit_mac(audit._canonical(row), name)
            statements.append(update(table).where(table.c.seq == row["seq"]).values(row))
        statements.append(update(AuditHead.__table__).values(mac=mac))
        for known in (anchors, None):
            assert thief.found_after(known, *statements)[:2] == (False, seq)


@pytest.mark.parametrize("hours", [1, 24 * 365])
def test_a_clock_that_went_back_is_told(trail, clock, anchors, hours):
    clock.advance(hours=-hours)
    write(trail, clock)
    verdict = judge(trail, anchors)
    assert (verdict.intact, verdict.first_bad, verdict.why) == (False, LENGTH + 1, Fault.CLOCK)


def test_entries_that_waited_for_each_other_are_no_clock_that_went_back(trail, clock, anchors):
    clock.advance(seconds=-30)
    write(trail, clock)
    assert judge(trail, anchors).intact


def test_a_row_that_was_changed_weighs_more_than_a_clock(trail, thief, clock, anchors):
    clock.advance(hours=-5)
    write(trail, clock, entries=3)
    change = f"UPDATE audit_entry SET actor = 'nobody' WHERE seq = {LENGTH + 2}"
    assert thief.found_after(anchors, change) == (False, LENGTH + 2, Fault.CHANGED)


def test_a_changed_anchor_is_noticed(trail, anchors):
    whole = json.loads(anchors.read_text())
    for part, value in whole.items():
        anchors.write_text(json.dumps({**whole, part: 3 if isinstance(value, int) else "00" * 32}) + "\n")
        assert judge(trail, anchors).why == Fault.ANCHORS


def test_an_anchor_that_a_power_cut_tore_is_passed_over_and_written_again(trail, anchors, clock):
    whole = anchors.read_bytes()
    anchors.write_bytes(whole + whole[:40])
    assert judge(trail, anchors).intact
    write(trail, clock)
    with trail.transaction() as db:
        assert audit.anchor(db, trail.vault, anchors, clock()).seq == LENGTH + 1
    assert anchors.read_bytes().startswith(whole)
    assert [one.seq for one in audit.read_anchors(anchors, trail.vault)] == [LENGTH, LENGTH + 1]


def test_no_second_anchor_is_set_where_nothing_was_added(trail, anchors, clock):
    before = anchors.read_bytes()
    with trail.transaction() as db:
        assert audit.anchor(db, trail.vault, anchors, clock()) is None
    assert anchors.read_bytes() == before


def test_the_trail_survives_a_new_key(trail, anchors, clock, tmp_path):
    ring = Keyring.rotate(tmp_path / "keys.json")
    trail.vault = Vault(ring)
    write(trail, clock, entries=2)
    with trail.transaction() as db:
        audit.anchor(db, trail.vault, anchors, clock())
        assert len(set(db.scalars(select(AuditEntry.key_id)))) == 2
    assert judge(trail, anchors).intact


def test_the_application_itself_cannot_change_the_trail(trail):
    for attempt in (
        "UPDATE audit_entry SET actor = 'nobody'",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry",
        "DELETE FROM audit_head",
        "TRUNCATE audit_head",
    ):
        with pytest.raises(DBAPIError), trail.transaction() as db:
            db.execute(text(attempt))
    assert judge(trail).intact


def test_eight_writers_make_one_chain(database, clock):
    """Each takes business locks in an order of its own, so that a lock held too early would be a deadlock."""
    writers, rounds = 8, 50
    with database.transaction() as db:
        db.execute(text("CREATE TABLE desk (id int PRIMARY KEY, n int NOT NULL)"))
        db.execute(text("INSERT INTO desk SELECT id, 0 FROM generate_series(0, 7) id"))

    def work(writer):
        for number in range(rounds):
            with database.transaction() as db:
                audit.record(db, actor=f"worker:{writer}", action="count", subject=str(number), at=clock())
                db.execute(text("UPDATE desk SET n = n + 1 WHERE id = :id"), {"id": (writer + number) % 8})

    with ThreadPoolExecutor(writers) as pool:
        list(pool.map(work, range(writers)))

    with database.transaction() as db:
        assert db.scalar(text("SELECT sum(n) FROM desk")) == writers * rounds
        each = select(AuditEntry.actor, func.count()).group_by(AuditEntry.actor)
        assert set(db.execute(each).all()) == {(f"worker:{one}", rounds) for one in range(writers)}
    verdict = judge(database)
    assert (verdict.intact, verdict.entries) == (True, writers * rounds)


def test_what_was_undone_is_not_audited(database, clock):
    def regret():
        raise RuntimeError

    with suppress(RuntimeError), database.transaction() as db:
        audit.record(db, actor="a", action="undone", subject="s", at=clock())
        regret()
    with database.transaction() as db:
        audit.record(db, actor="a", action="first", subject="s", at=clock())
        with suppress(RuntimeError), db.begin_nested():
            audit.record(db, actor="a", action="undone", subject="s", at=clock())
            with db.begin_nested():
                audit.record(db, actor="a", action="undone too", subject="s", at=clock())
            regret()
        with db.begin_nested():
            audit.record(db, actor="a", action="second", subject="s", at=clock())
    with database.transaction() as db:
        assert list(db.scalars(select(AuditEntry.action).order_by(AuditEntry.seq))) == ["first", "second"]
    assert judge(database).intact


def test_ids_times_and_odd_characters_can_be_audited(database, clock):
    with database.transaction() as db:
        audit.record(
            db,
            actor="a\0b",
            action="x",
            subject=uuid4(),
            at=clock() + timedelta(microseconds=1),
            id=uuid4(),
            due=clock(),
            odd="\ud83d\0",
            many={"b": [2**70, -1], "a": ("上", None)},
            kinds={"red", "orange"},
        )
    assert judge(database).intact


def test_what_cannot_be_audited_is_refused(database, clock):
    with database.transaction() as db:
        with pytest.raises(AuditRefused):
            audit.record(db, actor="a", action="b", subject="c", at=clock(), share=0.5)
        with pytest.raises(AuditRefused):
            audit.record(db, actor="a", action="b", subject="c", at=datetime(2026, 11, 23))
    with pytest.raises(AuditRefused), Session(database.engine) as db:
        audit.record(db, actor="a", action="b", subject="c", at=clock())
