"""P01: twenty residents go through every flow, failing ones too, and nothing of theirs stands in clear anywhere.

The whole real stack runs: PostgreSQL, Rasa, the application, its jobs and the gateway, each with its files. When
all is said and done it is stopped, and every file that it wrote is searched.
"""

import json
import os
import signal
import threading
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from sqlalchemy import make_url

from residents.district import load_district
from server.callers import SessionCookie
from server.commands.seed import office_codes
from server.wiring import utc_now
from storage import audit, embedded
from storage.database import Database
from storage.vault import Keyring, Vault
from tests.privacy.canaries import CANARIES, TRUNKS, Canary
from tests.privacy.saboteur.sitecustomize import SABOTAGE
from tests.support import canary
from tests.support.stack import Stack
from tests.support.town import Officer, Resident

pytestmark = pytest.mark.slow

IN_CLEAR = "这一句是故意写在明处的"


class RealTown:
    """The running stack, as `Resident` and `Officer` know a town. Keeps all that goes over the wire beside bodies."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        vault = Vault(Keyring.load(stack.home / "keys.json"))
        self.database = Database(embedded.url(stack.home / "postgres"), vault)
        self.offices = office_codes(load_district("binjiang"))
        self.addresses: list[str] = []
        self.cookies: list[str] = []

    def ask(self, method: str, path: str, *, cookie: str | None = None, **more: Any) -> httpx.Response:
        headers = {"Origin": self.stack.base_url, **more.pop("headers", {})}
        if cookie:
            headers["Cookie"] = cookie
        answer = httpx.request(
            method, self.stack.base_url + path, headers=headers, timeout=60, trust_env=False, **more
        )
        self.addresses += [str(answer.request.url), *answer.headers.get_list("location")]
        self.cookies += answer.headers.get_list("set-cookie")
        return answer

    def resident(self, door: str = "phone") -> Resident:
        return Resident(self, "puyan-hall", door)  # type: ignore[arg-type]

    def officer(self, street: str = "puyan") -> Officer:
        return Officer(self, self.offices[street], "judicial_officer", "沈青")  # type: ignore[arg-type]

    def behave(self, mode: str, times: int) -> None:
        """Let the gateway treat the next notices so."""
        httpx.put(
            f"{self.stack.gateway_url}/behaviour", json={"mode": mode, "times": times}, trust_env=False
        ).raise_for_status()

    def plant(self, text: str) -> None:
        """Write something in clear into the database and to the gateway, as a fault of ours would."""
        url = make_url(embedded.admin_url(self.stack.home / "postgres", embedded.DATABASE))
        with psycopg.connect(
            host=str(url.query["host"]), user="postgres", dbname=embedded.DATABASE, autocommit=True
        ) as db:
            db.execute("INSERT INTO heartbeat (name, beat_at) VALUES (%s, now())", [text])
            db.execute("CHECKPOINT")
        httpx.post(
            f"{self.stack.gateway_url}/notices",
            json={"place": text},
            headers={"Idempotency-Key": "planted"},
            trust_env=False,
        ).raise_for_status()


def talks(town: RealTown, who: Canary, **more: Any) -> Resident:
    """Begin, agree, and say who one is in the middle of a talk."""
    resident = town.resident(**more)
    resident.agrees()
    resident.says(f"我叫{who.name}，电话{who.phone}，身份证{who.id_number}，住在{who.address}")
    resident.says(who.words)
    return resident


def tells_all(resident: Resident, who: Canary) -> None:
    """Answer every question about being reached, on its card."""
    told = {"name": who.name, "phone": who.phone, "address": who.address, "trusted_person": who.trusted}
    while (asked := resident.turn.contact) is not None:
        resident.tells(asked.field, told.get(asked.field, "随时可以"))


def chats_only(town: RealTown, who: Canary) -> None:
    resident = talks(town, who)
    for said in (
        who.address,
        who.trusted,
        f"身份证 {who.id_number[:6]} {who.id_number[6:]}",
        "睡不着",
        "帮帮我",
    ):
        resident.says(said)
    for choice in ("hotlines", "breathing", "who_are_you"):
        resident.chooses(choice)


def types_the_screening(town: RealTown, who: Canary) -> None:
    resident = talks(town, who)
    resident.chooses("start_screening")
    for said in ("几乎每天", who.words, "第二个", f"大概有{who.words}", "没有", "2"):
        resident.says(said)
    resident.chooses("pause_screening")


def taps_into_red(town: RealTown, who: Canary) -> None:
    resident = talks(town, who)
    resident.completes(mood=3, worry=3, q9=3, asq=1, asq5=1)
    for said in (who.name, who.phone, who.address, "可以打", who.trusted):
        resident.says(said)


def speaks_of_danger(town: RealTown, who: Canary) -> None:
    resident = talks(town, who)
    resident.says(who.danger)
    while resident.turn.screening is not None:
        resident.answers(0)
    tells_all(resident, who)
    resident.says(f"{who.name}还在，{who.words}")


def is_cared_for(town: RealTown, who: Canary) -> None:
    """The whole way with an officer, whose notes, reasons and messages hold everything too."""
    known = {t["code"] for t in town.officer().tickets()}
    resident = talks(town, who)
    resident.says(who.plan)
    tells_all(resident, who)
    officer = town.officer()
    (code,) = {t["code"] for t in officer.tickets()} - known
    officer.acknowledges(code)
    officer.does("POST", f"/tickets/{code}/identity", {"reason": who.note[:200]})
    officer.does("POST", f"/tickets/{code}/words", {"reason": f"了解{who.name}"})
    officer.does("POST", f"/tickets/{code}/chat", {"action": "join"})
    resident.says(who.words)
    said = {"client_id": str(uuid.uuid4()), "text": f"{who.name}您好，{who.note}"}
    officer.does("POST", f"/tickets/{code}/chat/messages", said)
    officer.does("GET", f"/tickets/{code}/chat")
    officer.does("POST", f"/tickets/{code}/chat", {"action": "leave"})
    officer.on(code, "calls", outcome="spoke", note=who.note)
    officer.on(code, "visits", outcome="met", findings=["illness"], note=who.note)
    officer.on(code, "referrals", to="counsellor", agreed=True, note=who.note)
    planned = officer.on(code, "follow-ups", after_hours=[24, 72])
    follow_up = planned["follow_ups"][0]["id"]
    officer.on(code, f"follow-ups/{follow_up}", outcome="better", note=who.note)
    officer.on(code, "close", outcome="referred", new_level="blue", note=who.note)
    town.ask("GET", f"/api/progress/{resident.turn.alarm.code}")
    resident.sends("GET", "")


def asks_to_be_called(town: RealTown, who: Canary) -> None:
    resident = talks(town, who)
    resident.chooses("call_me_back")
    tells_all(resident, who)


def calls_the_hall(town: RealTown, who: Canary) -> None:
    resident = talks(town, who, door="kiosk")
    resident.does("POST", "/person", {"client_id": str(uuid.uuid4())})
    officer = town.officer()
    for call in officer.does("GET", "/desk-calls"):
        officer.does("POST", f"/desk-calls/{call['id']}/answer")


def is_erased(town: RealTown, who: Canary) -> None:
    resident = talks(town, who)
    resident.says("删除我的记录")
    assert resident.sends("DELETE", "/record").status_code == 200


def is_erased_while_somebody_is_coming(town: RealTown, who: Canary) -> None:
    known = {t["code"] for t in town.officer().tickets()}
    resident = talks(town, who)
    resident.says(who.danger)
    tells_all(resident, who)
    officer = town.officer()
    (code,) = {t["code"] for t in officer.tickets()} - known
    officer.acknowledges(code)
    assert resident.sends("DELETE", "/record").json()["kept"]
    officer.on(code, "visits", outcome="met", note=who.note)
    officer.on(code, "follow-ups", after_hours=[24])
    officer.on(code, "close", outcome="supported", new_level="blue", note=who.note)


def takes_the_record_along(town: RealTown, who: Canary) -> None:
    resident = talks(town, who)
    resident.completes(mood=1, worry=1)
    exported = resident.sends("GET", "/record")
    assert who.words in exported.text, "it is theirs, and in the answer alone"


def sends_what_is_refused(town: RealTown, who: Canary) -> None:
    resident = talks(town, who)
    everything = f"{who.danger}{who.name}{who.phone}{who.id_number}{who.address}"
    some_id = str(uuid.uuid4())
    wrong: list[tuple[str, str, Any]] = [
        ("POST", "/messages", {"client_id": everything, "text": everything}),
        ("POST", "/messages", {"client_id": some_id, "text": everything, everything: everything}),
        ("POST", "/messages", {"client_id": some_id, "text": [everything]}),
        ("POST", "/messages", {"client_id": str(uuid.uuid4()), "text": f"{who.words}\x00{who.name}"}),
        ("POST", "/messages", {"client_id": str(uuid.uuid4()), "text": who.words * 400}),
        ("POST", "/messages", {"client_id": str(uuid.uuid4()), "text": who.words * 2000}),
        ("POST", "/messages", {"client_id": str(uuid.uuid4()), "text": who.danger * 9000}),
        ("POST", "/choices", {"client_id": some_id, "choice": everything}),
        ("POST", "/choices", {"client_id": str(uuid.uuid4()), "choice": "no_such_choice"}),
        (
            "POST",
            "/answers",
            {"client_id": some_id, "administration": some_id, "item": everything, "value": 1},
        ),
        (
            "POST",
            "/answers",
            {"client_id": str(uuid.uuid4()), "administration": some_id, "item": "q1", "value": 1},
        ),
        ("POST", "/contact", {"client_id": some_id, "field": everything, "value": who.name}),
        ("POST", "/contact", {"client_id": some_id, "field": "name", "value": everything * 5}),
        ("POST", "/contact", {"client_id": some_id, "field": "name", "value": who.name + "\x00"}),
        ("PUT", "/consents", {"chat": everything}),
        ("POST", f"/{everything}", {"x": everything}),
    ]
    statuses = {resident.sends(*request).status_code for request in wrong}
    assert {409, 413, 422, 404} <= statuses
    assert max(statuses) < 500
    for body in (
        everything.encode(),
        json.dumps({"text": everything, "client_id": 1})[:-9].encode(),
        everything.encode("gb18030"),
        everything.encode("utf-16"),
        f'{{"client_id": "{uuid.uuid4()}", "text": "{who.words}\\ud800{who.name}"}}'.encode(),
    ):
        answer = town.ask(
            "POST",
            "/api/session/messages",
            cookie=resident.cookie,
            content=body,
            headers={"Content-Type": "application/json"},
        )
        assert 400 <= answer.status_code < 500
    strange = {
        "Cookie": f"{SessionCookie}={who.phone}",
        "Referer": f"http://x.test/{who.phone}",
        "User-Agent": who.phone,
    }
    town.ask("GET", "/api/session", headers=strange)
    town.ask("POST", "/api/sessions", json={"door": "phone", "place": everything})
    town.addresses = [a for a in town.addresses if who.phone not in a]  # the one that was asked for above


def is_typed_where_staff_log_in(town: RealTown, who: Canary) -> None:
    for username, password in ((who.name, who.phone), ("shen.qing", who.words), (who.id_number, who.address)):
        answer = town.ask("POST", "/api/staff/login", json={"username": username, "password": password})
        assert answer.status_code == 401
    officer = town.officer()
    for path, body in (
        (f"/tickets/{who.phone}", None),
        (f"/tickets/{who.phone}/identity", {"reason": who.note[:200]}),
        (f"/tickets?view={who.phone}", None),
    ):
        officer.asks("POST" if body else "GET", path, body)
    town.addresses = [a for a in town.addresses if who.phone not in a]


def meets_broken_parts(town: RealTown, who: Canary) -> None:
    """Collaborators that raise with what they were given (see the saboteur)."""
    known = {t["code"] for t in town.officer().tickets()}
    resident = talks(town, who)
    resident.says(who.plan)
    client = {"client_id": str(uuid.uuid4())}
    unplanned = {"client_id": str(uuid.uuid4()), "text": f"{SABOTAGE}{who.words}{who.name}{who.phone}"}
    assert resident.sends("POST", "/messages", unplanned).status_code == 200, (
        "heard, though no words came of it"
    )
    for path, body in (
        ("/contact", {"field": "name", "value": f"{who.name}{SABOTAGE}"}),
        ("/contact", {"field": "address", "value": f"{who.address}{SABOTAGE}"}),
    ):
        broken = resident.sends("POST", path, {**body, "client_id": str(uuid.uuid4())})
        assert broken.status_code == 503
        assert who.name not in broken.text
    tells_all(resident, who)
    officer = town.officer()
    (code,) = {t["code"] for t in officer.tickets()} - known
    officer.acknowledges(code)
    for path, body in (
        ("calls", {"outcome": "spoke", "note": f"{who.note}{SABOTAGE}"}),
        ("visits", {"outcome": "met", "note": f"{who.note}{SABOTAGE}"}),
        ("chat/messages", {"text": f"{who.note}{SABOTAGE}"}),
    ):
        assert officer.asks("POST", f"/tickets/{code}/{path}", {**client, **body}).status_code in (409, 503)
    assert (
        officer.asks("POST", f"/tickets/{code}/identity", {"reason": f"{who.name}{SABOTAGE}"}).status_code
        == 503
    )


def speaks_while_rasa_is_slow(town: RealTown, who: Canary) -> None:
    resident = talks(town, who)
    rasa = town.stack.pid("rasa")
    os.kill(rasa, signal.SIGSTOP)
    try:
        resident.says(f"{who.words}，{who.name}")
    finally:
        os.kill(rasa, signal.SIGCONT)


def is_in_danger_while_the_gateway_lies(town: RealTown, who: Canary) -> None:
    for mode in ("lie_html", "error500", "refuse", "cut"):
        town.behave(mode, 1)
        resident = town.resident()
        resident.agrees()
        resident.says(who.plan)
    town.stack.stop("gateway")
    resident = talks(town, who)
    resident.says(who.plan)
    tells_all(resident, who)
    town.stack.start("gateway")


def speaks_while(town: RealTown, who: Canary, dies: str) -> None:
    """Two people talk at once while a program is killed, and again when it is back."""
    residents = [talks(town, who) for _ in range(2)]
    begun = threading.Barrier(3)

    def talk(resident: Resident) -> None:
        begun.wait(30)
        for said in (who.danger, who.address, who.words):
            with suppress(AssertionError, httpx.HTTPError):
                resident.says(f"{said} {who.phone}")

    threads = [threading.Thread(target=talk, args=(resident,)) for resident in residents]
    for thread in threads:
        thread.start()
    begun.wait(30)
    town.stack.kill(dies)
    for thread in threads:
        thread.join(120)
    town.stack.until(lambda: town.stack.answers("app"), 120)
    for resident in residents:
        resident.says(f"{who.words}，{who.name}")


def speaks_while_the_database_dies(town: RealTown, who: Canary) -> None:
    speaks_while(town, who, "postgres")


def speaks_while_the_application_dies(town: RealTown, who: Canary) -> None:
    speaks_while(town, who, "app")


def leaves_and_comes_back(town: RealTown, who: Canary) -> None:
    resident = talks(town, who)
    resident.agrees(share=False, contact=False)
    resident.sends("POST", "/leave")
    again = talks(town, who)
    again.says("退出")


def speaks_while_rasa_is_gone(town: RealTown, who: Canary) -> None:
    town.stack.stop("rasa")
    resident = talks(town, who)
    resident.says(who.danger)
    tells_all(resident, who)


FLOWS = (
    *(chats_only, types_the_screening, taps_into_red, speaks_of_danger, is_cared_for, asks_to_be_called),
    *(calls_the_hall, is_erased, is_erased_while_somebody_is_coming, takes_the_record_along),
    *(
        sends_what_is_refused,
        is_typed_where_staff_log_in,
        meets_broken_parts,
        is_in_danger_while_the_gateway_lies,
    ),
    *(leaves_and_comes_back, speaks_while_rasa_is_slow, speaks_while_the_application_dies),
    *(speaks_while_the_database_dies, speaks_while_rasa_is_gone, chats_only),
)


class Aftermath:
    """What is left when everything has been said and the stack has stopped."""

    def __init__(self, town: RealTown, temporary: Path) -> None:
        self.home, self.temporary = town.stack.home, temporary
        self.addresses, self.cookies = town.addresses, town.cookies


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aftermath]:
    temporary = tmp_path_factory.mktemp("temporary")
    environment = {
        "PYTHONPATH": str(Path(__file__).parent / "saboteur"),
        "TMPDIR": str(temporary),
        "XINQIAO_GATEWAY_BUDGET_SECONDS": "2",
    }
    with Stack(environment) as stack:
        town = RealTown(stack)
        for who, flow in zip(CANARIES, FLOWS, strict=True):
            flow(town, who)
        stack.until(lambda: stack.answers("app"), 120)
        town.plant(IN_CLEAR)
        with town.database.transaction() as db:
            anchors = stack.home / "audit-anchors.jsonl"
            audit.anchor(db, town.database.vault, anchors, utc_now())
        with town.database.transaction() as db:
            verdict = audit.verify(db, town.database.vault, anchors)
        assert verdict.intact, verdict
        assert verdict.entries > 150
        town.database.close()
        stack.interrupt()
        yield Aftermath(town, temporary)


def test_nothing_of_the_twenty_stands_in_clear_in_any_file(aftermath: Aftermath) -> None:
    assert canary.hits(aftermath.home, TRUNKS) == []
    assert canary.hits(aftermath.temporary, TRUNKS) == []


def test_the_search_looked_where_it_should(aftermath: Aftermath) -> None:
    for folder in ("postgres", "gateway"):
        assert canary.hits(aftermath.home / folder, [IN_CLEAR]), folder
    logs = {path.name for path in (aftermath.home / "logs").iterdir() if path.stat().st_size}
    assert {"app.log", "rasa.log", "jobs.log"} & logs
    assert (aftermath.home / "audit-anchors.jsonl").stat().st_size
    said = (aftermath.home / "logs" / "app.log").read_text("utf-8")
    assert "RuntimeError" in said, "the broken parts were met"


def test_no_address_and_no_cookie_tells_of_anybody(aftermath: Aftermath) -> None:
    assert len(aftermath.addresses) > 250
    for text in (*aftermath.addresses, *aftermath.cookies):
        for number, trunk in enumerate(TRUNKS):
            assert not [form for form, shape in canary.forms(trunk).items() if shape in text.encode()], number
