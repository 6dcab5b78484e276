"""A whole district in one process: real database, real rules, a scripted dialogue, a clock that moves.

resident = town.resident(place="puyan-hall")
resident.agrees()
resident.says("我不想活了")
ticket = town.office("puyan").only_ticket()
town.passes(minutes=16)
"""

import asyncio
import uuid
from collections.abc import Coroutine
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import select

from bot.turn import Turn
from escalation.duty import DutyShift
from escalation.staff import Role, new_account
from models.crisis.recogniser import CrisisRecogniser
from residents import place_codes
from residents.district import District
from server.app import create_app
from server.callers import SessionCookie, StaffCookie
from server.jobs import delivery_round, watch_round
from server.settings import Settings
from server.wiring import Services, wire
from storage.database import Database
from tests.support.channels import RecordingChannel
from tests.support.clock import MovableClock
from tests.support.dialogue import ScriptedDialogue

ORIGIN = "http://town.test"
PASSWORD = "a long enough password"


@cache
def the_recogniser() -> CrisisRecogniser:
    """The real one, read once for all tests: it keeps nothing between two messages."""
    return CrisisRecogniser.from_files()


def always_on_duty(database: Database, district: District) -> None:
    """A duty line round the clock at every office, its lead's too; once."""
    with database.transaction() as db:
        known = set(db.scalars(select(DutyShift.office)))
        for office in district.offices:
            for duty in ("officer", "lead"):
                if office.code not in known:
                    db.add(
                        DutyShift(office=office.code, duty=duty, days="1234567", starts="00:00", ends="24:00")
                    )


class Town:
    """The application over one database. `roster=False`: nobody is on duty until a test says who."""

    def __init__(self, database: Database, clock: MovableClock, home: Path, **more: Any) -> None:
        self.clock = clock
        self.database = database
        self.channel: RecordingChannel = more.pop("channel", None) or RecordingChannel()
        self.dialogue: Any = more.pop("rasa", None) or ScriptedDialogue()
        settings = Settings(home=home, public_url=ORIGIN, action_token="test-token", _env_file=None)  # type: ignore[call-arg]
        roster = more.pop("roster", True)
        self.services: Services = wire(
            settings,
            clock=clock,
            database=database,
            rasa=self.dialogue,
            channel=self.channel,
            recogniser=more.pop("recogniser", None) or the_recogniser(),
            **more,
        )
        if hasattr(self.dialogue, "executor"):
            self.dialogue.executor = self.services.actions
        if roster:
            always_on_duty(database, self.services.district)
        self.app = create_app(self.services)
        self.loop = asyncio.new_event_loop()
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app, raise_app_exceptions=False),
            base_url=ORIGIN,
            headers={"Origin": ORIGIN},
        )

    def close(self) -> None:
        self.run(self.http.aclose())
        self.loop.close()
        self.services.threads.shutdown(wait=True)

    def run(self, waiting: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(waiting)

    def ask(self, method: str, path: str, *, cookie: str | None = None, **more: Any) -> httpx.Response:
        headers = {**more.pop("headers", {})}
        if cookie:
            headers["Cookie"] = cookie
        self.http.cookies.clear()
        return self.run(self.http.request(method, path, headers=headers, **more))

    def resident(self, place: str | None = None, door: str = "phone") -> "Resident":
        """Somebody at a door, who has not agreed to anything."""
        return Resident(self, place, door)

    def officer(self, street: str, role: Role = "judicial_officer", name: str = "沈青") -> "Officer":
        """Somebody of the street's judicial office (or `desk`: of the district's), logged in."""
        return Officer(self, self.office_code(street), role, name)

    def office_code(self, street: str) -> str:
        district = self.services.district
        return district.desk.code if street == "desk" else district.office_of(street).code

    def jobs(self) -> None:
        """One round of everything that runs by the clock."""
        watch_round(self.services)
        for name, channel in self.services.channels.items():
            if name != "in_app":
                delivery_round(self.services, channel)

    def passes(self, **span: float) -> None:
        """Let time pass, minute by minute, with the clocks' process at work."""
        end = self.clock.now + timedelta(**span)
        while self.clock.now < end:
            self.clock.now = min(end, self.clock.now + timedelta(minutes=1))
            self.jobs()


class Resident:
    """Somebody with a phone, or before a kiosk."""

    def __init__(self, town: Town, place: str | None, door: str) -> None:
        self.town = town
        signed = None
        if place:
            vault = town.database.vault
            signed = place_codes.make(vault.sign, place, date(2030, 1, 1), site="binjiang")
        answer = town.ask("POST", "/api/sessions", json={"door": door, "place": signed})
        assert answer.status_code == 201, answer.text
        self.token = answer.cookies[SessionCookie]
        self.turn = Turn.model_validate(answer.json())

    @property
    def cookie(self) -> str:
        return f"{SessionCookie}={self.token}"

    def sends(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """One request with this person's cookie; the answer as it came."""
        return self.town.ask(method, f"/api/session{path}", cookie=self.cookie, json=body)

    def does(self, method: str, path: str, body: Any = None) -> Turn:
        """One request that works."""
        answer = self.sends(method, path, body)
        assert answer.status_code == 200, (answer.status_code, answer.text)
        self.turn = Turn.model_validate(answer.json())
        return self.turn

    def agrees(self, **ticks: bool) -> Turn:
        """Ticks everything, or what is said."""
        wanted = {"chat": True, "screening": True, "contact": True, "share": True, **ticks}
        return self.does("PUT", "/consents", wanted)

    def says(self, text: str, client_id: str | None = None) -> Turn:
        return self.does("POST", "/messages", {"client_id": client_id or str(uuid.uuid4()), "text": text})

    def chooses(self, choice: str) -> Turn:
        return self.does("POST", "/choices", {"client_id": str(uuid.uuid4()), "choice": choice})

    def answers(self, value: int | None, client_id: str | None = None) -> Turn:
        """Answers the question that is open."""
        asked = self.turn.screening
        assert asked is not None, "no question is open"
        body = {
            "client_id": client_id or str(uuid.uuid4()),
            "administration": str(asked.administration),
            "item": asked.item,
            "value": value,
        }
        return self.does("POST", "/answers", body)

    def completes(self, *, mood: int = 0, worry: int = 0, q9: int = 0, asq: int = 0, asq5: int = 0) -> Turn:
        """Begins a screening and answers every question that comes."""
        self.chooses("start_screening")
        while (asked := self.turn.screening) is not None:
            if asked.instrument == "asq":
                self.answers(asq5 if asked.item == "q5" else asq)
            elif asked.instrument in ("gad2", "gad7"):
                self.answers(worry)
            else:
                self.answers(q9 if asked.item == "q9" else mood)
        return self.turn

    def tells(self, field: str, value: str | None) -> Turn:
        """Answers the question about reaching them on its card."""
        return self.does("POST", "/contact", {"client_id": str(uuid.uuid4()), "field": field, "value": value})


class Officer:
    """Somebody who acts."""

    def __init__(self, town: Town, office: str, role: Role, name: str) -> None:
        self.town = town
        self.office = office
        self.username = f"{office}-{role}-{uuid.uuid4().hex[:6]}"
        with town.database.transaction() as db:
            db.add(new_account(self.username, PASSWORD, name, role, office, demo=True))
        answer = town.ask("POST", "/api/staff/login", json={"username": self.username, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        self.cookie = f"{StaffCookie}={answer.cookies[StaffCookie]}"

    def asks(self, method: str, path: str, body: Any = None) -> httpx.Response:
        return self.town.ask(method, f"/api/staff{path}", cookie=self.cookie, json=body)

    def does(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.asks(method, path, body)
        assert answer.status_code < 300, (answer.status_code, answer.text)
        return answer.json()

    def tickets(self, view: str = "open") -> list[dict[str, Any]]:
        return self.does("GET", f"/tickets?view={view}")["tickets"]

    def only_ticket(self) -> dict[str, Any]:
        found = self.tickets()
        assert len(found) == 1, [t["code"] for t in found]
        return found[0]

    def on(self, code: str, act: str, **body: Any) -> dict[str, Any]:
        """Do something on a ticket that works."""
        return self.does("POST", f"/tickets/{code}/{act}", {"client_id": str(uuid.uuid4()), **body})

    def acknowledges(self, code: str) -> dict[str, Any]:
        return self.does("POST", f"/tickets/{code}/acknowledge")
