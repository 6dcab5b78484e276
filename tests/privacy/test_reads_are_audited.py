"""P11: every time staff are shown something of a resident there is one entry that says who, what and why."""

import uuid
from collections import Counter

import pytest
from sqlalchemy import select

from server.commands.verify import anchors_file
from server.jobs import anchor_round
from storage import audit
from storage.audit import AuditEntry
from tests.privacy.canaries import CANARIES, TRUNKS
from tests.privacy.test_notices import all_occasions
from tests.support import canary
from tests.support.town import Officer, Resident, Town

WHO = CANARIES[5]


@pytest.fixture
def resident(town: Town) -> Resident:
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.says(f"我叫{WHO.name}，电话{WHO.phone}，身份证{WHO.id_number}，{WHO.words}")
    resident.says(WHO.plan)
    for field, value in (
        ("name", WHO.name),
        ("phone", WHO.phone),
        ("address", WHO.address),
        ("safe_to_call", WHO.note[:60]),
        ("trusted_person", WHO.trusted),
    ):
        resident.tells(field, value)
    return resident


def entries(town: Town, officer: Officer | None = None) -> list[AuditEntry]:
    with town.database.transaction() as db:
        found = db.scalars(select(AuditEntry).order_by(AuditEntry.seq)).all()
    return [entry for entry in found if officer is None or entry.actor == officer.username]


def read(town: Town, officer: Officer) -> Counter[str]:
    return Counter(entry.action for entry in entries(town, officer))


def test_as_many_reads_are_recorded_as_were_shown(town: Town, resident: Resident) -> None:
    officer = town.officer("puyan")
    code = officer.only_ticket()["code"]
    shown = Counter({"tickets.listed": 1})
    for _ in range(3):
        officer.does("GET", f"/tickets/{code}")
    officer.acknowledges(code)
    officer.acknowledges(code)
    client_id = str(uuid.uuid4())
    for _ in range(2):  # the second is the same act again: nothing is done, but it is shown
        officer.on(code, "calls", client_id=client_id, outcome="spoke", note=WHO.note)
    officer.on(code, "visits", outcome="met", note=WHO.note)
    officer.on(code, "referrals", to="counsellor", agreed=True, note=WHO.note)
    planned = officer.on(code, "follow-ups", after_hours=[24, 72])
    officer.on(code, f"follow-ups/{planned['follow_ups'][0]['id']}", outcome="same", note=WHO.note)
    shown["ticket.read"] = 11
    for _ in range(2):
        assert (
            officer.does("POST", f"/tickets/{code}/identity", {"reason": WHO.note[:200]})["phone"]
            == WHO.phone
        )
        assert officer.does("POST", f"/tickets/{code}/words", {"reason": WHO.note[:200]})
    shown["identity.opened"] = shown["words.opened"] = 2
    officer.does("POST", f"/tickets/{code}/chat", {"action": "join"})
    resident.says(WHO.words)
    officer.does("GET", f"/tickets/{code}/chat")
    officer.does("POST", f"/tickets/{code}/chat/messages", {"client_id": str(uuid.uuid4()), "text": WHO.note})
    officer.does("POST", f"/tickets/{code}/chat", {"action": "leave"})
    shown["chat.read"] = 4
    officer.on(code, "close", outcome="supported", new_level="blue", note=WHO.note)
    shown["ticket.read"] += 1
    officer.tickets("closed")
    shown["tickets.listed"] += 1

    found = read(town, officer)
    assert {action: found[action] for action in shown} == dict(shown)
    reads = [entry for entry in entries(town, officer) if entry.action in shown]
    assert all(entry.purpose for entry in reads)
    assert {entry.subject for entry in reads} == {f"ticket:{code}", "tickets:open", "tickets:closed"}


def test_a_page_that_asks_again_and_again_is_one_read_until_something_is_new(
    town: Town, resident: Resident
) -> None:
    officer = town.officer("puyan")
    code = officer.only_ticket()["code"]
    officer.acknowledges(code)
    officer.does("POST", f"/tickets/{code}/chat", {"action": "join"})
    before = read(town, officer)
    for _ in range(5):
        officer.tickets()
        officer.does("GET", f"/tickets/{code}/chat")
    once = read(town, officer) - before
    assert once == {"chat.read": 1}

    resident.says(WHO.words)
    other = town.resident(place="puyan-hall")
    other.agrees()
    other.says("我不想活了")
    for _ in range(5):
        officer.tickets()
        officer.does("GET", f"/tickets/{code}/chat")
    assert read(town, officer) - before == {"chat.read": 2, "tickets.listed": 1}
    listed = [entry for entry in entries(town, officer) if entry.action == "tickets.listed"][-1]
    assert len(listed.details["tickets"]) == 2, "who was in the list is known"


def test_what_is_refused_shows_nothing_and_records_no_read(town: Town, resident: Resident) -> None:
    officer, stranger = town.officer("puyan"), town.officer("xixing")
    code = officer.only_ticket()["code"]
    for path, body in (("identity", {"reason": ""}), ("words", {"reason": " "}), ("identity", {})):
        assert officer.asks("POST", f"/tickets/{code}/{path}", body).status_code == 422
    assert officer.asks("POST", f"/tickets/{code}/words", {"reason": "了解情况"}).status_code == 409
    for path in ("", "/chat"):
        assert stranger.asks("GET", f"/tickets/{code}{path}").status_code == 404

    assert set(read(town, officer)) == {"login", "tickets.listed"}
    assert set(read(town, stranger)) == {"login"}


def test_the_trail_names_nobody_and_stands_after_all_that(town: Town, resident: Resident) -> None:
    officer = town.officer("puyan")
    code = officer.only_ticket()["code"]
    officer.acknowledges(code)
    officer.does("POST", f"/tickets/{code}/identity", {"reason": WHO.note[:200]})
    anchor_round(town.services)
    all_occasions(town, WHO)
    resident.sends("GET", "/record")
    resident.sends("DELETE", "/record")
    anchor_round(town.services)

    with town.database.transaction() as db:
        verdict = audit.verify(db, town.database.vault, anchors_file(town.services.settings))
    assert verdict.intact
    assert verdict.anchor is not None
    assert verdict.anchor.seq == verdict.entries
    for entry in entries(town):
        said = str([entry.actor, entry.action, entry.subject, entry.purpose, entry.outcome, entry.details])
        for trunk in TRUNKS:
            assert not [form for form, shape in canary.forms(trunk).items() if shape in said.encode()]
    assert canary.hits(town.services.settings.home, TRUNKS) == []
