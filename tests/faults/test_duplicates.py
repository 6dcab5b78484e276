"""Every request of a whole story sent three times at once, and again later: as if it had been sent once (R06)."""

import asyncio
import uuid
from typing import Any

import httpx
from sqlalchemy import text

from tests.support.town import Resident, Town

NOT_COUNTED = {"alembic_version", "audit_head", "heartbeat", "staff_account", "staff_session", "vault_check"}
AT_ONCE = 3


class Insistent:
    """Stands before a town and sends what changes something three times at once, and once more."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.database = town.database
        self.differing: list[str] = []

    def ask(self, method: str, path: str, *, cookie: str | None = None, **more: Any) -> httpx.Response:
        if method == "GET" or path == "/api/sessions":
            return self.town.ask(method, path, cookie=cookie, **more)

        async def at_once() -> list[httpx.Response]:
            self.town.http.cookies.clear()
            headers = {"Cookie": cookie or ""}
            return await asyncio.gather(
                *(self.town.http.request(method, path, headers=headers, **more) for _ in range(AT_ONCE))
            )

        answers = self.town.run(at_once())
        answers.append(self.town.ask(method, path, cookie=cookie, **more))
        same = {(answer.status_code, answer.text) for answer in answers}
        if len(same) > 1 and "client_id" in str(more.get("json")):
            self.differing.append(f"{method} {path}: {sorted(status for status, _ in same)}")
        return answers[-1]


def rows(town: Town) -> dict[str, int]:
    """How many rows each table has, but for those that are about requests and not about people."""
    with town.database.transaction() as db:
        names = db.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).all()
        looks = "action IN ('ticket.read', 'sub_tasks.listed')"
        reads = db.scalar(text(f"SELECT count(*) FROM audit_entry WHERE {looks}")) or 0
        counted = {
            name: db.scalar(text(f'SELECT count(*) FROM "{name}"')) or 0
            for name in names
            if name not in NOT_COUNTED
        }
    counted["audit_entry"] -= reads  # each look at a ticket is a look, also the same one once more
    return counted


def lives_through(resident: Resident) -> None:
    """Consent, words, a screening to red, and how they can be reached."""
    resident.agrees()
    resident.says("我睡不着")
    resident.completes(mood=2, worry=1, q9=2, asq=1, asq5=1)
    resident.tells("name", "余红")
    resident.tells("phone", "13812345678")
    resident.tells("address", None)
    resident.says("我现在就站在楼顶,要跳下去")
    resident.does("POST", "/person", {"client_id": str(uuid.uuid4())})


def test_a_story_told_three_times_at_once_is_one_story(town: Town) -> None:
    town.jobs()
    before = rows(town)
    lives_through(town.resident(place="puyan-hall"))
    town.jobs()
    after = rows(town)
    once = {name: after[name] - before[name] for name in after}
    sent = len(town.channel.sent)

    insistent = Insistent(town)
    resident = town.resident(place="changhe-hall")
    resident.town = insistent  # type: ignore[assignment]
    lives_through(resident)
    town.jobs()

    both = rows(town)
    assert {name: both[name] - after[name] for name in both} == once
    assert insistent.differing == []
    ticket = town.officer("puyan").only_ticket()
    other = town.officer("changhe").only_ticket()
    assert (other["level"], other["resident"]) == (ticket["level"], ticket["resident"])
    assert len(town.channel.sent) == 2 * sent


def test_a_kiosk_that_calls_three_times_at_once_calls_once(town: Town) -> None:
    resident = town.resident(place="xixing-hall", door="kiosk")
    resident.town = Insistent(town)  # type: ignore[assignment]
    resident.does("POST", "/person", {"client_id": str(uuid.uuid4())})
    assert len(town.officer("xixing").does("GET", "/desk-calls")) == 1


def test_what_an_officer_records_three_times_at_once_is_recorded_once(town: Town) -> None:
    town_of = {}
    for street in ("puyan", "changhe"):
        resident = town.resident(place=f"{street}-hall")
        resident.agrees()
        resident.completes(mood=3, q9=3, asq=1, asq5=1)
        officer = town.officer(street)
        code = officer.only_ticket()["code"]
        before = rows(town)
        if street == "changhe":
            officer.town = Insistent(town)  # type: ignore[assignment]
        officer.acknowledges(code)
        officer.on(code, "calls", outcome="spoke")
        officer.on(code, "visits", outcome="met", findings=["illness"], family_present=True)
        officer.on(code, "referrals", to="counsellor", agreed=True)
        officer.on(code, "follow-ups", after_hours=[24, 168])
        officer.on(code, "close", outcome="referred", new_level="blue")
        town_of[street] = {name: count - before[name] for name, count in rows(town).items()}
    assert town_of["puyan"] == town_of["changhe"]


def test_an_item_that_is_declined_again_after_a_crash_is_declined_once(town: Town) -> None:
    """The answer was lost with the process: the request comes again, and the item after it is not declined, too."""
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.chooses("start_screening")
    body = {"client_id": str(uuid.uuid4()), "choice": "skip_item"}
    first = resident.does("POST", "/choices", body)
    answer_is_lost(town)
    town.clock.advance(seconds=20)
    again = resident.does("POST", "/choices", body)

    assert first.screening is not None
    assert again.screening is not None
    assert again.screening.item == first.screening.item == "q2"
    assert again.messages, "and they are answered"


def test_a_call_that_is_repeated_after_a_crash_is_one_call(town: Town) -> None:
    resident = town.resident(place="xixing-hall", door="kiosk")
    body = {"client_id": str(uuid.uuid4())}
    resident.does("POST", "/person", body)
    answer_is_lost(town)
    town.clock.advance(seconds=20)
    resident.does("POST", "/person", body)

    assert len(town.officer("xixing").does("GET", "/desk-calls")) == 1


def test_what_a_worker_says_is_said_once_however_late_it_comes_again(town: Town) -> None:
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.completes(mood=3, q9=3, asq=1, asq5=1)
    officer = town.officer("puyan")
    code = officer.only_ticket()["code"]
    officer.acknowledges(code)
    officer.does("POST", f"/tickets/{code}/chat", {"action": "join"})
    client_id = str(uuid.uuid4())
    for _ in range(2):
        officer.on(code, "chat/messages", client_id=client_id, text="我在，您慢慢说。")
        town.clock.advance(minutes=1)

    said = [m.text for m in resident.does("GET", "").messages if m.author == "worker"]
    assert said.count("我在，您慢慢说。") == 1


def answer_is_lost(town: Town) -> None:
    """As if the process had died between acting and answering: what it did is there, its answer is not."""
    with town.database.transaction() as db:
        db.execute(text("UPDATE received SET answer_sealed = NULL"))
        db.execute(
            text("DELETE FROM message WHERE author = 'program' AND name IS DISTINCT FROM 'person_called'")
        )
