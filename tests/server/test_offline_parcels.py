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

from escalation.outbox import QueuedNotice
from escalation.ticket import Ticket
from residents.session import ResidentSession
from server.offline_parcels import INFO, given_at
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

    def seals(self, *values: int | None, at: float = 0.0, **other: Any) -> dict[str, Any]:
        """These answers to the first questions, one each second from `at` on; sent when the page was 60 minutes old."""
        asked = [item["item"] for item in self.pack["items"]]
        held = {
            "form": self.pack["form"],
            "content": self.pack["content"],
            "agreed": True,
            "answers": [
                {"item": item, "value": value, "at": at + 1000.0 * n}
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


def test_only_a_machine_of_this_district_may_send(town: Town) -> None:
    machine = Machine(town)
    parcel = machine.seals(3, 3, 3, 3, 3, 3, 3, 3, 3)
    assert town.ask("POST", "/api/kiosk/parcels", json=parcel).status_code == 401
    town.services.kiosks.retire("puyan-hall", "ops")
    assert machine.asks("POST", "parcels", parcel).status_code == 401
    assert how_many(town, Ticket) == 0


@pytest.mark.parametrize(
    ("sent", "at", "ago"),
    [(60_000, 0, timedelta(minutes=1)), (0, 60_000, timedelta(0)), (1e15, 0, timedelta(days=30))],
)
def test_a_steady_clock_says_how_long_ago_and_never_the_future(
    sent: float, at: float, ago: timedelta
) -> None:
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert now - given_at(now, sent, at) == ago
