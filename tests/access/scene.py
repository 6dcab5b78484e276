"""One resident's matter in 浦沿 with everybody around it, to ask every route as everybody."""

import uuid
from datetime import timedelta
from functools import cached_property
from typing import Any

import httpx
from sqlalchemy import select

from escalation.bell import Bell
from escalation.contact_book import add_point
from escalation.duty import DutyChange
from escalation.outbox import QueuedNotice
from escalation.staff import StaffAccount
from escalation.ticket import DeskCall, Ticket
from tests.support.town import Officer, Resident, Town

ROLES = ("nobody", "resident", "neighbour", "officer", "stranger", "supervisor", "duty", "auditor", "rasa")

BEGUN: dict[str, tuple[str, dict[str, Any]]] = {
    "transfer": ("transfer", {"to_office": "changhe-judicial", "reason": "人已经搬到长河去住"}),
    "offer": ("transfer", {"to_office": "xixing-judicial", "reason": "人已经搬到西兴去住"}),
    "district": ("to-district", {"reason": "我们所里没有人手"}),
    "trip": ("trip", {"minutes": 60}),
    "lowering": ("lowering", {"to_level": "yellow", "reason": "见过面了有家人陪着"}),
    "closed": ("close", {"outcome": "supported", "new_level": "blue"}),
}


class People:
    """Everybody who works in this district; logged in once."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.known: dict[str, Officer] = {}

    def __getitem__(self, role: str) -> Officer:
        if role not in self.known:
            self.known[role] = {
                "officer": lambda: self.town.officer("puyan"),
                "stranger": lambda: self.town.officer("xixing", name="何苗"),
                "supervisor": lambda: self.town.officer("puyan", "supervisor", "钱敏"),
                "duty": lambda: self.town.officer("desk", "duty_officer", "周平"),
                "auditor": lambda: self.town.officer("desk", "auditor", "吴清"),
                "administrator": lambda: self.town.officer("desk", "administrator", "郑伟"),
            }[role]()
        return self.known[role]

    @cached_property
    def colleague(self) -> str:
        """Somebody else of the officer's office, by id."""
        somebody = self.town.officer("puyan", "social_worker", "陈一")
        with self.town.database.transaction() as db:
            return str(
                db.scalars(select(StaffAccount.id).where(StaffAccount.username == somebody.username)).one()
            )


class Scene:
    """A resident in danger, with an open question, and the ticket of 浦沿; `held` by the officer or by nobody.

    `asked`: what the officer has begun with others on it (a transfer, a trip, …).
    """

    def __init__(self, town: Town, people: People, held: bool = True, asked: str | None = None) -> None:
        self.town = town
        self.people = people
        town.services.limits.seen.clear()  # who asks how often is another test's matter
        self.resident: Resident = town.resident(place="puyan-hall")
        self.resident.agrees()
        turn = self.resident.says("我不想活了")
        assert turn.screening is not None
        assert turn.alarm is not None
        self.resident_code = turn.alarm.code
        self.administration, self.item = str(turn.screening.administration), turn.screening.item
        with town.database.transaction() as db:
            index = town.database.vault.index("resident_code", self.resident_code)
            self.code = db.scalars(select(Ticket.code).where(Ticket.resident_code_index == index)).one()
        if held:
            people["officer"].acknowledges(self.code)
            people["officer"].on(self.code, "calls", outcome="spoke")
            planned = people["officer"].on(self.code, "follow-ups", after_hours=[48])
            self.follow_up = planned["follow_ups"][0]["id"]
        if asked == "part":
            assert self.task
        elif asked is not None:
            act, body = BEGUN[asked]
            people["officer"].on(self.code, act, **body)

    @cached_property
    def task(self) -> str:
        asked = self.people["officer"].on(
            self.code, "sub-tasks", partner="puyan-community", what="look_in", ask="请去看看人在不在",
            due_at="2099-01-01T00:00:00Z",
        )  # fmt: skip
        return asked["team"]["sub_tasks"][-1]["task"]

    @cached_property
    def leaver(self) -> str:
        """Somebody of the officer's office who has nothing in hand, by user name."""
        return self.town.officer("puyan", name="林一").username

    @cached_property
    def shift(self) -> str:
        body = {"office": "puyan-judicial", "days": "7", "starts": "01:00", "ends": "02:00"}
        body |= {"person": self.leaver}
        week = self.people["supervisor"].does("POST", "/duty/shifts", body)
        return next(shift["id"] for shift in week["shifts"] if shift["username"] == self.leaver)

    @cached_property
    def change(self) -> str:
        """Somebody asks the officer to take their shift."""
        asking = self.town.officer("puyan", name="林二")
        body = {
            "office": "puyan-judicial", "kind": "swap", "person": asking.username,
            "replaced_by": self.people["officer"].username,
            "from_at": "2026-12-01T00:00:00Z", "to_at": "2026-12-02T00:00:00Z",
        }  # fmt: skip
        asking.does("POST", "/duty/changes", body)
        with self.town.database.transaction() as db:
            newest = select(DutyChange.id).join(StaffAccount, StaffAccount.id == DutyChange.staff_id)
            return str(db.scalars(newest.where(StaffAccount.username == asking.username)).one())

    @cached_property
    def view(self) -> str:
        """A view of the officer's own."""
        kept = self.people["officer"].does("POST", "/views", {"name": uuid.uuid4().hex[:12], "base": "open"})
        return str(kept[-1]["id"])

    @cached_property
    def contact(self) -> str:
        body = {"owner": self.leaver, "channel": "sms", "address": "13800000008"}
        listed = self.people["supervisor"].does("POST", "/contacts", body)
        return next(c["id"] for c in listed["contacts"] if c["owner"] == self.leaver)

    @cached_property
    def bell(self) -> str:
        """The weekly bell of the office's own address."""
        with self.town.database.transaction() as db:
            office = self.people["officer"].office
            line = add_point(
                db, self.town.database.vault, office=office, staff_id=None, audience="office", channel="sms",
                address="13800000007",
            )  # fmt: skip
            now, week = self.town.clock(), uuid.uuid4().hex
            rung = Bell(
                contact_id=line.id, office=office, week=week, token_hash=week, rung_at=now,
                answer_until=now + timedelta(hours=24),
            )  # fmt: skip
            db.add(rung)
        return str(rung.id)

    @cached_property
    def neighbour(self) -> Resident:
        somebody = self.town.resident(place="xixing-hall")
        somebody.agrees()
        return somebody

    @cached_property
    def notice(self) -> str:
        """What the console shows the office of its ticket."""
        with self.town.database.transaction() as db:
            shown = select(QueuedNotice.id).where(
                QueuedNotice.channel == "in_app", QueuedNotice.code == self.code
            )
            return str(db.scalars(shown.order_by(QueuedNotice.queued_at).limit(1)).one())

    @cached_property
    def call(self) -> str:
        waiting = self.town.resident(place="puyan-hall", door="kiosk")
        waiting.does("POST", "/person", {"client_id": str(uuid.uuid4())})
        with self.town.database.transaction() as db:
            return str(db.scalars(select(DeskCall.id).order_by(DeskCall.at.desc(), DeskCall.id)).first())

    def fill(self, value: Any) -> Any:
        """A row's body with this scene's ids in it."""
        if isinstance(value, dict):
            return {k: self.fill(v) for k, v in value.items()}
        if value == "{colleague}":
            return self.people.colleague
        if value == "{officer}":
            return self.people["officer"].username
        if value == "{leaver}":
            return self.leaver
        if value == "{administration}":
            return self.administration
        return self.item if value == "{item}" else value

    def path(self, path: str, row: dict[str, Any]) -> str:
        code = self.resident_code if row.get("code") == "resident_code" else self.code
        if "{follow_up}" in path:
            path = path.replace("{follow_up}", self.follow_up)
        path = path.replace("{kind}", "visit_kit")
        if "{task}" in path:
            path = path.replace("{task}", self.task)
        if "{notice}" in path:
            path = path.replace("{notice}", self.notice)
        if "{administration}" in path:
            path = path.replace("{administration}", self.administration)
        if "{call}" in path:
            path = path.replace("{call}", self.call)
        for name in ("bell", "view", "shift", "change", "contact"):
            if f"{{{name}}}" in path:
                path = path.replace(f"{{{name}}}", getattr(self, name))
        path = path.replace("{proposal}", str(uuid.uuid4())).replace("{place}", "puyan-hall")
        path = path.replace("{office}", "puyan-judicial")
        if "{username}" in path:
            path = path.replace("{username}", self.leaver)
        return path.replace("{code}", code)

    def ask(self, role: str, method: str, path: str, body: Any = None) -> httpx.Response:
        """The same request, as somebody else."""
        cookie, headers = None, {}
        if role == "resident":
            cookie = self.resident.cookie
        elif role == "neighbour":
            cookie = self.neighbour.cookie
        elif role == "rasa":
            headers = {"X-Action-Token": "test-token"}
        elif role != "nobody":
            cookie = self.people[role].cookie
        return self.town.ask(method, path, cookie=cookie, headers=headers, json=body)
