"""A kiosk with its network cut: the questions it was given, what it sealed, and what becomes of that afterwards."""

import json
import os
import uuid
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import func, select

from assessments import store as sittings
from assessments.administration import Administration
from assessments.quality import doubts, seconds_by_item
from escalation import chain
from escalation.outbox import QueuedNotice
from escalation.replay import Replay, Replayed
from escalation.ticket import Ticket
from residents.session import ResidentSession
from server.errors import NotLoggedIn
from server.offline_parcels import INCOMPLETE, INFO, given_at
from storage.audit import AuditEntry
from tests.support.town import Town

MINUTE = 60_000.0


class Machine:
    """A kiosk that seals as the page does, written here anew."""

    def __init__(self, town: Town, place: str = "puyan-hall") -> None:
        self.town = town
        self.keys = town.services.kiosks.set_up(place, "ops")
        self.pack = self.asks("GET", "offline").json()

    def asks(self, method: str, path: str, body: Any = None) -> httpx.Response:
        return self.town.ask(method, f"/api/kiosk/{path}", headers={"X-Kiosk-Key": self.keys.key}, json=body)

    def seals(
        self, *values: int | None, at: float = 0.0, apart: float = 1000.0, **other: Any
    ) -> dict[str, Any]:
        """These answers to the first questions, `apart` from `at` on; sent when the page was 60 minutes old."""
        asked = [item["item"] for item in self.pack["items"]]
        held = {
            "form": self.pack["form"],
            "content": self.pack["content"],
            "agreed": True,
            "answers": [
                {"item": item, "value": value, "at": at + apart * n}
                for n, (item, value) in enumerate(zip(asked, values, strict=False))
            ],
            **other,
        }
        own = ec.generate_private_key(ec.SECP256R1())
        point = ec.EllipticCurvePublicKey.from_encoded_point(own.curve, b64decode(self.pack["key"]))
        key = HKDF(SHA256(), 32, salt=b"", info=INFO).derive(own.exchange(ec.ECDH(), point))
        parcel, iv = str(uuid.uuid4()), os.urandom(12)
        sealed = AESGCM(key).encrypt(iv, json.dumps(held).encode(), parcel.encode())
        half = own.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return {
            "id": parcel,
            "key": b64encode(half).decode(),
            "iv": b64encode(iv).decode(),
            "sealed": b64encode(sealed).decode(),
            "sent": 60 * MINUTE,
        }

    def posts(self, parcel: dict[str, Any]) -> None:
        answer = self.asks("POST", "parcels", parcel)
        assert answer.status_code == 200, answer.text
        assert answer.json() == {"id": parcel["id"]}


def how_many(town: Town, table: type[Any]) -> int:
    with town.database.transaction() as db:
        return db.scalar(select(func.count()).select_from(table)) or 0


def test_the_questions_and_the_danger_in_them_are_those_in_force(town: Town) -> None:
    pack = Machine(town).pack
    form = town.services.intake.library["phq9"]
    assert pack["content"] == form.content_hash
    assert [item["text"] for item in pack["items"]] == [item.text for item in form.items]
    assert {i["item"]: i["danger"] for i in pack["items"] if i["danger"]} == {"q9": [None, 1, 2, 3]}
    assert pack["total_from"] == 15


def test_what_was_answered_an_hour_ago_opens_its_ticket_with_the_clock_of_then(town: Town) -> None:
    machine = Machine(town)
    machine.posts(machine.seals(3, 3, 3, 3, 3, 3, 0, 0, 0, at=10 * MINUTE))
    ticket = town.officer("puyan").only_ticket()
    assert ticket["level"] == "orange"
    with town.database.transaction() as db:
        row = db.scalars(select(Ticket)).one()
        ended = db.scalars(select(ResidentSession)).one()
        last_answer = town.clock.now - timedelta(minutes=50) + timedelta(seconds=8)
        assert row.spoken_at == last_answer
        assert (ended.ended_at, ended.door, ended.place) == (last_answer, "kiosk", "puyan-hall")
        assert row.opened_at == town.clock.now
    town.jobs()
    assert town.channel.rang(ticket["code"]) >= 1
    assert town.officer("puyan").does("GET", "/desk-calls") == [], "nobody stands there any more"


def test_an_answer_about_death_counts_although_the_rest_was_left(town: Town) -> None:
    machine = Machine(town)
    machine.posts(machine.seals(0, 0, 0, 0, 0, 0, 0, 0, 1, at=59 * MINUTE))
    assert town.officer("puyan").only_ticket()["level"] == "orange"
    machine.posts(machine.seals(3, 3, 3))
    assert len(town.officer("puyan").tickets()) == 1, "three answers are no total"
    assert how_many(town, ResidentSession) == 2


@pytest.mark.parametrize(
    "values",
    [
        (0, 0, 0, 0, 0, 0, 0, 0, None),
        (3, 3, 3, 3, 3, None, 0, 0, 0),
        (3, 3, 3, 3, 3, 3, 3, 3),
        (None,) * 9,
    ],
)
def test_what_the_page_found_serious_makes_a_ticket_although_something_is_missing(
    town: Town, values: tuple[int | None, ...]
) -> None:
    machine = Machine(town)
    parcel = machine.seals(*values, at=10 * MINUTE)
    machine.posts(parcel)
    machine.posts(parcel)
    officer = town.officer("puyan")
    ticket = officer.only_ticket()
    assert ticket["level"] == "orange"
    shown = officer.does("GET", f"/tickets/{ticket['code']}")
    assert INCOMPLETE in str(shown)
    with town.database.transaction() as db:
        row = db.scalars(select(Ticket)).one()
        said = town.clock.now - timedelta(minutes=50) + timedelta(seconds=len(values) - 1)
        assert (row.kind, row.spoken_at) == ("home_visit", said)
        town.services.intake.policies.refresh(db)
        again = Replayed()
        for _ in Replay(town.database.vault, town.services.intake.policies).everything(db, again):
            pass
        assert again.deadlines > 0
        assert again.differences == []
    town.jobs()
    assert town.channel.rang(ticket["code"]) >= 1


@pytest.mark.parametrize("values", [(3, 3, 3, 3, None, 2, 0, 0, 0), (2, 2, 2, 2, 2, 2, 2), (0,) * 9])
def test_what_the_page_found_quiet_makes_none(town: Town, values: tuple[int | None, ...]) -> None:
    machine = Machine(town)
    machine.posts(machine.seals(*values, at=59 * MINUTE))
    assert how_many(town, Ticket) == 0
    assert town.officer("puyan").does("GET", "/desk-calls") == []


@pytest.mark.parametrize("values", [(3,) * 9, (0, 0, 0, 0, 0, 0, 0, 0, None)])
def test_whoever_still_stands_there_is_looked_in_on(town: Town, values: tuple[int | None, ...]) -> None:
    machine = Machine(town)
    parcel = machine.seals(*values, at=59.5 * MINUTE)
    for _ in range(2):
        machine.posts(parcel)
        assert [call["unasked"] for call in town.officer("puyan").does("GET", "/desk-calls")] == [True]


def test_when_nobody_could_be_sent_to_look_in_the_parcel_sent_again_sends_them(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine(town)
    parcel = machine.seals(*[3] * 9, at=59.5 * MINUTE)
    with monkeypatch.context() as broken:

        def breaks(*_: object) -> None:
            raise NotLoggedIn()

        broken.setattr(chain, "tell_desk", breaks)
        assert machine.asks("POST", "parcels", parcel).status_code != 200
    assert how_many(town, Ticket) == 1
    machine.posts(parcel)
    assert how_many(town, Ticket) == 1
    assert [call["unasked"] for call in town.officer("puyan").does("GET", "/desk-calls")] == [True]


@pytest.mark.parametrize(("apart", "hurried"), [(5000.0, False), (1000.0, True)])
def test_how_long_somebody_thought_is_what_the_page_has_seen(town: Town, apart: float, hurried: bool) -> None:
    machine = Machine(town)
    machine.posts(machine.seals(*[3, 2, 3, 2, 3, 2, 3, 2, 1], at=10 * MINUTE, apart=apart))
    with town.database.transaction() as db:
        (sitting,) = [a for a in db.scalars(select(Administration)) if a.instrument == "phq9"]
        given = sittings.answered_at(db, sitting.id)
        answers = sittings.answers_of(db, town.database.vault, sitting.id)
        form = town.services.intake.library["phq9"]
        found = [one.kind for one in doubts(form, answers, seconds_by_item(given))]
        assert bool(found) == hurried
        assert sitting.started_at == given[0][1] == town.clock.now - timedelta(minutes=50)


def test_sent_again_it_counts_once(town: Town) -> None:
    machine = Machine(town)
    parcel = machine.seals(3, 3, 3, 3, 3, 3, 3, 3, 1)
    for _ in range(3):
        machine.posts(parcel)
    assert (how_many(town, Ticket), how_many(town, ResidentSession)) == (1, 1)


@pytest.mark.parametrize(
    "how", ["changed", "another_id", "another_form", "another_edition", "a_value_of_no_form", "not_agreed"]
)
def test_what_cannot_be_opened_is_told_to_the_office_once(town: Town, how: str) -> None:
    machine = Machine(town)
    values: list[Any] = [3] * 9
    if how == "a_value_of_no_form":
        values[0] = 7
    other = {
        "another_form": {"form": "gad7"},
        "another_edition": {"content": "0" * 64},
        "not_agreed": {"agreed": False},
    }.get(how, {})
    parcel = machine.seals(*values, **other)
    if how == "changed":
        parcel["sealed"] = b64encode(bytes([*b64decode(parcel["sealed"])[:-1], 0])).decode() + ""
        parcel["iv"] = b64encode(os.urandom(12)).decode()
    if how == "another_id":
        parcel["id"] = str(uuid.uuid4())
    machine.posts(parcel)
    machine.posts(parcel)
    assert (how_many(town, Ticket), how_many(town, ResidentSession)) == (0, 0)
    with town.database.transaction() as db:
        told = {n.text for n in db.scalars(select(QueuedNotice).where(QueuedNotice.code == "终端机"))}
    assert len(told) == 1
    assert "打不开" in told.pop()


def test_many_that_cannot_be_opened_are_one_word_an_hour_and_a_line_each(town: Town) -> None:
    machine = Machine(town)
    for count in (1, 2):
        parcels = [machine.seals(3, agreed=False) for _ in range(3)]
        for parcel in parcels + parcels:
            machine.posts(parcel)
        with town.database.transaction() as db:
            lines = db.scalars(select(AuditEntry).where(AuditEntry.action == "parcel.unreadable")).all()
            told = db.scalars(select(QueuedNotice.key).where(QueuedNotice.code == "终端机")).all()
        assert len(lines) == 3 * count
        assert len({key.split(".")[2] for key in told}) == count
        town.clock.advance(minutes=61)


def test_only_a_machine_of_this_district_may_send(town: Town) -> None:
    machine = Machine(town)
    parcel = machine.seals(3, 3, 3, 3, 3, 3, 3, 3, 3)
    assert town.ask("POST", "/api/kiosk/parcels", json=parcel).status_code == 401
    other = town.ask("POST", "/api/kiosk/parcels", headers={"X-Kiosk-Key": "no such key"}, json=parcel)
    assert other.status_code == 401
    assert how_many(town, Ticket) == 0
    machine.posts(parcel)
    assert how_many(town, Ticket) == 1


def test_a_key_that_was_ended_meanwhile_still_hands_over_what_waits(town: Town) -> None:
    machine = Machine(town)
    parcels = [machine.seals(3, 3, 3, 3, 3, 3, 3, 3, 3) for _ in range(2)]
    town.services.kiosks.retire("puyan-hall", "ops")
    for path in ("beat", "unlock"):
        assert machine.asks("POST", path, {"pin": machine.keys.pin}).status_code == 401
    assert machine.asks("GET", "offline").status_code == 401
    town.clock.advance(hours=30)
    machine.posts(parcels[0])
    assert town.officer("puyan").only_ticket()["level"] == "orange"
    town.clock.advance(days=30)
    assert machine.asks("POST", "parcels", parcels[1]).status_code == 401
    assert how_many(town, Ticket) == 1


@pytest.mark.parametrize(
    ("sent", "at", "ago"),
    [(60_000, 0, timedelta(minutes=1)), (0, 60_000, timedelta(0)), (1e15, 0, timedelta(days=30))],
)
def test_a_steady_clock_says_how_long_ago_and_never_the_future(
    sent: float, at: float, ago: timedelta
) -> None:
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert now - given_at(now, sent, at) == ago
