"""O01: tickets in each state, written by the release before, come through the migrations; nobody's clock is lost.

The rows are written into the tables as that release had them, column by column, and not by today's entities.
"""

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import MetaData, create_engine, select

from escalation.outbox import QueuedNotice
from escalation.store import desks_of
from escalation.teamwork import Acknowledgement
from escalation.ticket import Ticket, TicketEvent
from escalation.ticket_code import new_code
from storage import migrations
from storage.database import Database, normal_url
from storage.vault import Vault
from tests.support.clock import MovableClock
from tests.support.postgres import Postgres
from tests.support.town import Town

Rows = dict[str, dict[str, dict[str, Any]]]
OFFICE, DESK = "puyan-judicial", "binjiang-desk"
NAMED_CHANGES = {"ticket": {"also_office"}}
"""What 0003 takes out of a table, because it stands elsewhere from then on."""


class OldRelease:
    """A district at 0002, as its program left it at this moment."""

    def __init__(self, url: str, vault: Vault, now: datetime) -> None:
        self.url, self.vault, self.now = url, vault, now
        self.engine = create_engine(normal_url(url))
        self.tables = MetaData()
        self.tables.reflect(self.engine)
        self.officer = self.put("staff_account", **self.account("shen", "judicial_officer", OFFICE))
        self.names: dict[str, str] = {}
        self.secrets: dict[str, str] = {}

    def ago(self, **span: float) -> datetime:
        return self.now - timedelta(**span)

    def put(self, table: str, **values: Any) -> uuid.UUID:
        values.setdefault("id", uuid.uuid4())
        with self.engine.begin() as db:
            db.execute(self.tables.tables[table].insert().values(values))
        return values["id"]

    def account(self, username: str, role: str, office: str) -> dict[str, Any]:
        known = self.tables.tables["staff_account"].columns
        values = {
            "username": username, "name": "沈青", "role": role, "office": office, "active": True, "demo": True,
            "password_hash": "x", "made_at": self.now,
        }  # fmt: skip
        return {name: value for name, value in values.items() if name in known}

    def ticket(self, name: str, *, held: bool = False, hours: float = 3, **values: Any) -> uuid.UUID:
        """A ticket of a person of its own, opened that long ago with all its clocks running."""
        resident = self.put("resident", arrived_at=self.ago(hours=hours))
        session = self.put(
            "resident_session", resident_id=resident, token_hash=uuid.uuid4().bytes, sender=name, door="phone",
            place="puyan-hall", opened_at=self.ago(hours=hours), seen_at=self.ago(hours=hours), callback_wanted=False,
            worker_wanted=False,
        )  # fmt: skip
        ident, secret = uuid.uuid4(), new_code()
        code = f"K-{len(self.names):04d}-0"
        sealed = Ticket(id=ident)
        self.vault.seal(sealed, "resident_code", secret)
        self.vault.seal(sealed, "place", "浦沿街道 · 手机")
        self.vault.seal(sealed, "routing", "凭二维码的位置")
        opened = self.ago(hours=hours)
        row = {
            "id": ident, "code": code, "resident_code_sealed": sealed.resident_code_sealed,
            "resident_code_index": self.vault.index("resident_code", secret), "kind": "home_visit",
            "policy": "home_visit/1", "resident_id": resident, "session_id": session, "level": 4,
            "state": "accepted" if held else "requested", "office": OFFICE, "also_office": None,
            "place_sealed": sealed.place_sealed, "routing_sealed": sealed.routing_sealed, "danger_to_life": True,
            "spoken_at": opened, "opened_at": opened, "chain_since": opened, "step": 1,
            "step_due_at": self.now + timedelta(hours=1),
        }  # fmt: skip
        if held:
            row |= {
                "holder_id": self.officer, "holder_name": "沈青", "acknowledged_at": opened + timedelta(minutes=5)
            }  # fmt: skip
        self.put("ticket", **row | values)
        self.names[name], self.secrets[name] = code, secret
        self.put("ticket_event", ticket_id=ident, at=opened, kind="opened", who="系统", text="工单打开。")
        return ident

    def clock(self, ticket: uuid.UUID, name: str, due_at: datetime, **values: Any) -> None:
        self.put("ticket_clock", ticket_id=ticket, name=name, due_at=due_at, rounds=0, **values)

    def notice(self, ticket: uuid.UUID, key: str, queued_at: datetime, **values: Any) -> None:
        row = {
            "key": key, "ticket_id": ticket, "level": 4, "audience": "office", "office": OFFICE,
            "channel": "webhook", "round": 0, "code": "K-0000-0", "level_word": "橙色", "place": "浦沿街道",
            "respond_by": self.now, "link": "http://town.test/console/", "text": "橙色工单 K-0000-0",
            "queued_at": queued_at, "due_at": queued_at, "state": "waiting", "attempts": 0,
        }  # fmt: skip
        self.put("queued_notice", **row | values)

    def follow_up(self, ticket: uuid.UUID, due_at: datetime, **values: Any) -> None:
        self.put(
            "follow_up", ticket_id=ticket, office=OFFICE, planned_at=self.ago(days=2), due_at=due_at, rounds=0,
            **values,
        )  # fmt: skip

    def district(self) -> None:
        """One ticket in each state that the old program knew."""
        late, soon = self.ago(minutes=30), self.now + timedelta(hours=2)
        unheld = self.ticket("unheld", step_due_at=late)
        self.clock(unheld, "acknowledge", late)
        self.notice(unheld, "unheld.delivered", self.ago(hours=2), state="delivered", delivered_at=late)

        waiting = self.ticket("waiting notice")
        self.clock(waiting, "acknowledge", soon)
        self.notice(waiting, "waiting.fresh", self.ago(seconds=20))
        leased = self.ticket("claimed by a process that died")
        self.clock(leased, "acknowledge", soon)
        self.notice(
            leased, "waiting.leased", late, attempts=3, lease_until=self.ago(seconds=1), lease_token="dead",
            last_failure="TemporaryFailure: the gateway is busy",
        )  # fmt: skip

        silent = self.ticket("held and silent", held=True)
        self.clock(silent, "acknowledge", soon, stopped_at=late)
        self.clock(silent, "contact", late)
        self.clock(silent, "speak", soon)
        self.clock(silent, "visit", soon)

        tried = self.ticket("held, tried, not spoken to", held=True, attempted_at=self.ago(hours=2))
        self.clock(tried, "contact", late, stopped_at=self.ago(hours=2))
        self.clock(tried, "speak", late)
        self.clock(tried, "visit", soon)

        beside = self.ticket("beside the desk", also_office=DESK)
        self.clock(beside, "acknowledge", soon)

        spoken = self.ticket(
            "spoken to", held=True, attempted_at=late, spoke_at=late, state="in-progress", hours=30
        )  # fmt: skip
        self.clock(spoken, "speak", soon, stopped_at=late)
        self.clock(spoken, "visit", late)

        met = self.ticket(
            "met", held=True, attempted_at=late, spoke_at=late, met_at=late, state="in-progress", hours=50
        )  # fmt: skip
        self.clock(met, "visit", soon, stopped_at=late)
        self.follow_up(met, late)

        ended = {"closed_at": self.ago(days=1), "outcome": "supported", "state": "completed"}
        closed = self.ticket("closed with a follow-up", held=True, hours=80, **ended)
        self.follow_up(closed, late)
        self.follow_up(closed, self.ago(days=1), done_at=self.ago(days=1), done_by="沈青", outcome="better")
        self.ticket("closed", held=True, hours=90, **ended)

        with self.engine.begin() as db:
            db.execute(self.tables.tables["heartbeat"].insert().values(name="jobs", beat_at=late))

    def rows(self) -> Rows:
        """Every row of the tables that the old release had, as they are now, without the named changes."""
        now = MetaData()
        now.reflect(self.engine)
        found: Rows = {}
        with self.engine.connect() as db:
            for name, table in self.tables.tables.items():
                if name in ("alembic_version", "vault_check", "audit_head", "audit_entry"):
                    continue
                kept = [c for c in table.columns if c.name not in NAMED_CHANGES.get(name, ())]
                here = [now.tables[name].columns[c.name] for c in kept]
                key = next(iter(table.primary_key.columns)).name
                found[name] = {
                    str(row._mapping[key]): dict(row._mapping) for row in db.execute(select(*here))
                }
        return found


@pytest.fixture
def old(postgres: Postgres, vault: Vault, clock: MovableClock) -> Iterator[OldRelease]:
    name = postgres.empty_database()
    migrations.upgrade(postgres.url(name), "0002")
    release = OldRelease(postgres.url(name), vault, clock())
    release.district()
    yield release
    release.engine.dispose()
    postgres.drop(name)


@pytest.fixture
def database(old: OldRelease) -> Iterator[Database]:
    """The same database, opened by today's program; not migrated yet."""
    database = Database(old.url, old.vault)
    yield database
    database.close()


def by_name(database: Database, old: OldRelease) -> dict[str, Ticket]:
    with database.transaction() as db:
        found = {ticket.code: ticket for ticket in db.scalars(select(Ticket))}
    return {name: found[code] for name, code in old.names.items()}


def test_rows_are_equal_but_for_the_named_changes(old: OldRelease, database: Database) -> None:
    before = old.rows()
    assert {
        len(rows) > 0 for name, rows in before.items() if name.startswith(("ticket", "queued", "follow"))
    } == {True}
    migrations.upgrade(old.url)
    assert old.rows() == before

    tickets = by_name(database, old)
    with database.transaction() as db:
        assert {name: desks_of(db, t) for name, t in tickets.items() if desks_of(db, t)} == {
            "beside the desk": {DESK}
        }
        taken = {a.ticket_id: (a.staff_id, a.name, a.at) for a in db.scalars(select(Acknowledgement))}
    held = {t.id: (t.holder_id, t.holder_name, t.acknowledged_at) for t in tickets.values() if t.holder_id}
    assert taken == held
    assert len(held) == 6
    assert {t.missing for t in tickets.values() if t.holder_id} == {0}
    assert {t.missing for t in tickets.values() if not t.holder_id} == {1}
    for name, ticket in tickets.items():
        assert old.vault.open(ticket, "resident_code") == old.secrets[name]


def test_what_went_up_comes_down_as_it_was_and_goes_up_again(old: OldRelease) -> None:
    with old.engine.connect() as db:
        where = select(
            old.tables.tables["ticket"].columns["code"], old.tables.tables["ticket"].c["also_office"]
        )
        beside = set(map(tuple, db.execute(where)))
    before = old.rows()
    migrations.upgrade(old.url)
    migrations.downgrade(old.url, "0002")
    assert old.rows() == before
    with old.engine.connect() as db:
        assert set(map(tuple, db.execute(where))) == beside
    migrations.upgrade(old.url)
    assert old.rows() == before


def test_the_watch_and_the_dispatcher_pick_all_of_it_up(
    old: OldRelease, database: Database, clock: MovableClock, tmp_path: Path
) -> None:
    migrations.upgrade(old.url)
    town = Town(database, clock, tmp_path)
    try:
        town.jobs()
        tickets = by_name(database, old)
        with database.transaction() as db:
            lines = {
                name: {e.kind for e in db.scalars(select(TicketEvent).where(TicketEvent.ticket_id == t.id))}
                for name, t in tickets.items()
            }
            notices = {
                name: list(db.scalars(select(QueuedNotice).where(QueuedNotice.ticket_id == t.id)))
                for name, t in tickets.items()
            }
        assert tickets["unheld"].step_due_at > old.now, "its next step was due, and was taken"
        assert tickets["held and silent"].holder_id is None, "its acknowledgement has lapsed"
        assert "lapsed" in lines["held and silent"]
        assert "late" in lines["held, tried, not spoken to"]
        assert "late" in lines["spoken to"]
        for name in ("unheld", "held and silent", "spoken to", "met", "closed with a follow-up"):
            fresh = [n for n in notices[name] if n.queued_at >= old.now]
            assert fresh, f"{name}: somebody was told"
        assert not notices["closed"]
        waiting = [
            (n.key, n.channel, n.due_at) for rows in notices.values() for n in rows if n.state == "waiting"
        ]
        assert waiting == []
        assert {n.key for rows in notices.values() for n in rows if n.delivered_at == clock()} >= {
            "waiting.fresh",
            "waiting.leased",
        }
        assert town.officer("desk", "duty_officer").tickets(), "what stood beside the desk still does"

        for name, secret in old.secrets.items():
            shown = town.ask("GET", f"/api/progress/{secret}")
            assert shown.status_code == 200, name
        officer = town.officer("puyan")
        for name in old.names:
            assert officer.asks("GET", f"/tickets/{old.names[name]}").status_code == 200, name
        code = old.names["waiting notice"]
        officer.acknowledges(code)
        officer.on(code, "calls", outcome="no_answer")
        town.passes(hours=2)
        town.resident()
    finally:
        town.close()


def test_it_comes_down_after_a_day_of_work_and_goes_up_again(
    old: OldRelease, database: Database, clock: MovableClock, tmp_path: Path
) -> None:
    migrations.upgrade(old.url)
    town = Town(database, clock, tmp_path)
    try:
        resident = town.resident(place="puyan-hall")
        resident.agrees()
        resident.says("我不想活了")
        for _ in range(6):
            clock.advance(hours=4)
            town.jobs()
        town.channel.failing = "temporary"
        clock.advance(hours=4)
        town.jobs()
    finally:
        town.close()
    database.close()
    migrations.downgrade(old.url, "0002")
    before = old.rows()
    waiting = [n for n in before["queued_notice"].values() if n["state"] == "waiting"]
    assert waiting
    assert {n["channel"] for n in waiting} == {"webhook"}, "the old program delivers over nothing else"
    migrations.upgrade(old.url)
    assert old.rows() == before
