"""Every route as everybody: the matrix of SAFETY 3.4, generated from `matrix.yml` (Z03), and foreign ids (Z04)."""

import uuid
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.access.routes import Entry, entries
from tests.access.scene import ROLES, People, Scene
from tests.support.town import Town

ROWS: dict[str, dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "matrix.yml").read_text(encoding="utf-8")
)["routes"]
ROUTES = [entry for entry in entries() if entry.documented]
WITH_IDS = [entry for entry in ROUTES if "{" in entry.path and entry.path.startswith("/api/staff")]


@pytest.fixture(scope="module")
def people(district: Town) -> People:
    return People(district)


@pytest.fixture(scope="module")
def shared(district: Town, people: People) -> Scene:
    """A matter that many may ask about."""
    return Scene(district, people)


def sent(row: dict[str, Any], scene: Scene) -> Any:
    if "body" not in row:
        return None
    extra = {"client_id": str(uuid.uuid4())} if row.get("client") else {}
    return {**scene.fill(row["body"]), **extra}


def test_every_route_has_a_row_for_everybody_and_no_row_is_left_over() -> None:
    assert {str(entry) for entry in ROUTES} == set(ROWS)
    for name, row in ROWS.items():
        assert set(row["roles"]) == set(ROLES), name


@pytest.mark.parametrize("entry", ROUTES, ids=str)
def test_everybody_gets_what_is_theirs_and_nothing_else(district: Town, people: People, entry: Entry) -> None:
    row = ROWS[str(entry)]
    scene: Scene | None = None
    got = {}
    for role in ROLES:
        scene = scene or Scene(district, people, held=row.get("held", True), asked=row.get("asked"))
        if row.get("joined") and row["roles"][role] == 200:
            people[role].does("POST", f"/tickets/{scene.code}/chat", {"action": "join"})
        answer = scene.ask(role, entry.method, scene.path(entry.path, row), sent(row, scene))
        got[role] = answer.status_code
        if answer.status_code >= 400 and entry.path != "/readyz":
            assert set(answer.json()) == {"problem", "sentence", "hotlines"}, role
            assert scene.code not in answer.text
        if answer.status_code < 300 and row.get("once"):
            scene = None
    if entry.path.endswith("/logout"):
        people.known.clear()
    assert got == row["roles"]


def test_an_auditor_sees_what_was_done_and_nothing_of_the_person(district: Town, people: People) -> None:
    scene = Scene(district, people)
    for field, value in (("name", "余红"), ("phone", "13812345678"), ("safe_to_call", "家里人在时不方便")):
        scene.resident.does(
            "POST", "/contact", {"client_id": str(uuid.uuid4()), "field": field, "value": value}
        )
    auditor = people["auditor"]
    assert scene.code in {ticket["code"] for ticket in auditor.tickets()}
    seen = auditor.does("GET", f"/tickets/{scene.code}")

    assert seen["reasons"] == []
    assert seen["actions"] == []
    assert {v for k, v in seen["identity"].items() if k not in ("opened", "address_state")} == {None}
    assert not [word for word in ("余", "138", "家里人", "不想活") if word in str(seen)]
    assert {"opened", "acknowledged", "call"} <= {entry["kind"] for entry in seen["timeline"]}


STRANGE = (
    "K-0000-0", "k", "%00", "a%00b", "..%2F..%2Fme", "%F0%9F%98%80", "%EF%BF%BD", "%ED%A0%80", "'%20OR%201=1--",
    "[]", "1", "-1", "null", "9" * 400, "%0A", "*",
)  # fmt: skip


UUIDS = ("{call}", "{notice}", "{shift}", "{change}", "{contact}", "{view}", "{bell}", "{proposal}")
OWN_IDS = (*UUIDS, "{code}", "{task}", "{username}", "{place}", "{office}")


@pytest.mark.parametrize("entry", WITH_IDS, ids=str)
def test_a_foreign_id_is_like_one_that_never_was(shared: Scene, entry: Entry) -> None:
    row, scene = ROWS[str(entry)], shared
    theirs = scene.path(entry.path, row)
    own_id = next((i for i in OWN_IDS if i in entry.path), "{code}")
    foreign = scene.ask("stranger", entry.method, theirs, sent(row, scene))
    assert foreign.status_code == 404

    for strange in (str(uuid.uuid4()), scene.code.lower(), scene.code + "x", *STRANGE):
        path = entry.path.replace("{follow_up}", str(uuid.uuid4())).replace(own_id, strange)
        path = (
            path.replace("{kind}", "visit_kit")
            .replace("{task}", "P-222222")
            .replace("{administration}", str(uuid.uuid4()))
        )
        answer = scene.ask("stranger", entry.method, path, sent(row, scene))
        if own_id in UUIDS and answer.status_code == 422:
            continue  # not an id at all
        if "%2F" in strange:  # another path then, and none of ours
            assert answer.status_code in (404, 405), strange
            continue
        assert (answer.status_code, answer.json()) == (404, foreign.json()), strange


def test_another_tickets_follow_up_is_like_one_that_never_was(district: Town, people: People) -> None:
    mine, other = Scene(district, people), Scene(district, people)
    body = {"client_id": str(uuid.uuid4()), "outcome": "better"}
    answers = [
        people["officer"].asks("POST", f"/tickets/{mine.code}/follow-ups/{id_}", body)
        for id_ in (other.follow_up, uuid.uuid4())
    ]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].json() == answers[1].json()


def test_a_foreign_question_and_a_foreign_bubble_are_like_none(shared: Scene) -> None:
    scene = shared
    bubble = scene.resident.turn.messages[0].id
    neighbour = scene.neighbour

    def answer(administration: object) -> Any:
        return neighbour.sends(
            "POST",
            "/answers",
            {"client_id": str(uuid.uuid4()), "administration": str(administration), "item": "q1", "value": 1},
        )

    foreign, none = answer(scene.administration), answer(uuid.uuid4())
    assert (foreign.status_code, foreign.json()) == (none.status_code, none.json()) == (409, none.json())
    own, other = neighbour.sends("GET", "").json(), neighbour.sends("GET", f"?after={bubble}").json()
    assert own["messages"] == other["messages"]
    assert "不想活" not in str(other)


def test_one_resident_never_sees_anothers_conversation(shared: Scene) -> None:
    scene = shared
    for path in ("", "/record"):
        seen = scene.neighbour.sends("GET", path)
        assert seen.status_code == 200
        assert "不想活" not in seen.text
        assert scene.resident_code not in seen.text
