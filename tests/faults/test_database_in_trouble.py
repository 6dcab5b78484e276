"""The database killed, restarted and emptied of connections under running programs (R09, R21)."""

import os
import signal
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage import embedded
from storage.database import Database
from storage.vault import Keyring, Vault
from tests.support.bad_gateway import BadGateway
from tests.support.postgres import Postgres, server
from tests.support.processes import Nursery, Program, until
from tests.support.town import Resident
from tests.support.works import Works, shown

pytestmark = pytest.mark.slow

CRISIS = "我不想活了"


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """A server that may be killed."""
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


def is_told_that_it_was_not_kept(resident: Resident, words: str) -> None:
    """Somebody speaks while nothing can be kept: they are told so, kindly, with the telephone lines."""
    answer = resident.sends("POST", "/messages", {"client_id": str(uuid.uuid4()), "text": words})
    assert answer.status_code == 503
    body = answer.json()
    assert "没有存下来" in body["sentence"]
    assert "120" in body["sentence"]
    assert body["hotlines"]
    assert all(line["hours"] and line["sentence"] for line in body["hotlines"])
    assert words not in answer.text


def goes_on(house: Works, gateway: BadGateway, resident: Resident, *programs: Program) -> None:
    """The same processes, not started again, keep, act and tell."""
    body = {"client_id": str(uuid.uuid4()), "text": CRISIS}
    until(lambda: resident.sends("POST", "/messages", body).status_code == 200)
    turn = shown(resident.sends("POST", "/messages", body))
    assert turn.alarm is not None
    [ticket] = house.tickets_of(resident)
    until(lambda: gateway.rang(ticket.code))
    until(lambda: house.http.get(f"{house.base_url}/readyz").json()["ready"])
    assert all(program.status is None for program in programs)
    house.audit_is_intact()


def test_a_database_that_is_killed_and_comes_back_loses_nothing_that_was_acknowledged(
    house: Works, own_postgres: Postgres, gateway: BadGateway
) -> None:
    application, clocks = house.starts("serve"), house.starts("jobs")
    resident = house.resident(place="puyan-hall")
    resident.agrees()
    resident.says("我睡不着")
    postmaster = embedded.running(own_postgres.folder)
    assert postmaster is not None
    os.kill(postmaster, signal.SIGKILL)
    until(lambda: embedded.running(own_postgres.folder) is None)

    is_told_that_it_was_not_kept(resident, CRISIS)
    assert resident.sends("GET", "").status_code == 503
    page = house.ask("GET", "/api/district")
    assert page.status_code == 200, "the first screen with its telephone lines needs no database"
    assert page.json()["hotlines"]
    assert house.ask("GET", "/healthz").status_code < 500
    assert not house.ask("GET", "/readyz").json()["ready"]
    rounds = clocks.log.read_text().count("round watch")
    until(lambda: clocks.log.read_text().count("round watch") > rounds)  # they go on trying

    embedded.start(own_postgres.folder)
    goes_on(house, gateway, resident, application, clocks)
    said = [m.text for m in resident.does("GET", "").messages if m.author == "resident"]
    assert said == ["我睡不着", CRISIS], "what was acknowledged is there, and nothing that was refused"
    for program in (application, clocks):
        assert CRISIS not in program.log.read_text()


def test_connections_that_are_ended_under_the_programs_are_made_anew(
    house: Works, own_postgres: Postgres, gateway: BadGateway
) -> None:
    application, clocks = house.starts("serve"), house.starts("jobs")
    resident = house.resident(place="puyan-hall")
    resident.agrees()
    statuses = []
    for _ in range(5):
        with own_postgres.admin() as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename <> 'postgres'"
            )
        body = {"client_id": str(uuid.uuid4()), "text": "我在阳台上坐着"}
        statuses.append(resident.sends("POST", "/messages", body).status_code)
    assert set(statuses) <= {200, 503}
    goes_on(house, gateway, resident, application, clocks)
