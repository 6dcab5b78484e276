"""Machines in halls: a sign of life, a PIN for staff, and who is told when one falls silent."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import httpx
import pytest
import typer
from sqlalchemy import select
from typer.testing import CliRunner

from escalation.calendar import load_calendar
from escalation.errors import KioskError
from escalation.kiosks import KioskDevice, KioskKeys, missed
from escalation.outbox import QueuedNotice
from server.command_line import AtWork
from server.commands.kiosk import kiosk
from server.jobs import kiosk_round
from tests.support.town import Town

app = typer.Typer()
app.command()(kiosk)
runner = CliRunner()


def machine(town: Town, place: str = "puyan-hall") -> KioskKeys:
    return town.services.kiosks.set_up(place, "ops")


def beats(town: Town, keys: KioskKeys, version: str | None = "index-abc") -> httpx.Response:
    return town.ask("POST", "/api/kiosk/beat", headers={"X-Kiosk-Key": keys.key}, json={"version": version})


def types(town: Town, keys: KioskKeys, pin: str) -> httpx.Response:
    return town.ask("POST", "/api/kiosk/unlock", headers={"X-Kiosk-Key": keys.key}, json={"pin": pin})


def told(town: Town) -> list[QueuedNotice]:
    with town.database.transaction() as db:
        return list(db.scalars(select(QueuedNotice).where(QueuedNotice.code == "终端机")))


def later(town: Town, **span: float) -> None:
    town.clock.advance(**span)
    kiosk_round(town.services)


def test_staff_see_whether_a_machine_is_heard_of(town: Town) -> None:
    officer, stranger = town.officer("puyan"), town.officer("xixing", name="何苗")
    keys = machine(town)
    assert [one["state"] for one in officer.does("GET", "/kiosks")] == ["never"]
    assert beats(town, keys).status_code == 200
    (shown,) = officer.does("GET", "/kiosks")
    assert (shown["state"], shown["version"]) == ("well", "index-abc")
    town.clock.advance(seconds=76)
    (shown,) = officer.does("GET", "/kiosks")
    assert shown["state"] == "silent"
    assert "没有信号" in shown["words"]
    assert stranger.does("GET", "/kiosks") == []
    assert len(town.officer("desk", "duty_officer", "周平").does("GET", "/kiosks")) == 1


def test_two_missed_beats_are_told_to_the_office_once(town: Town) -> None:
    keys = machine(town)
    beats(town, keys)
    later(town, seconds=70)
    assert told(town) == []
    later(town, seconds=10)
    first = told(town)
    assert first
    assert {notice.office for notice in first} == {"puyan-judicial"}
    assert all("浦沿街道便民服务中心的终端机" in notice.text for notice in first)
    later(town, minutes=30)
    assert len(told(town)) == len(first)

    beats(town, keys)
    later(town, minutes=2)
    assert len(told(town)) == 2 * len(first)  # another silence


def test_a_machine_that_is_off_for_the_night_wakes_nobody(town: Town) -> None:
    keys = machine(town)
    town.clock.now = datetime(2026, 11, 23, 9, 20, tzinfo=UTC)  # 17:20 in Hangzhou
    beats(town, keys)
    later(town, hours=3)
    later(town, hours=12)  # 08:20
    assert told(town) == []
    later(town, minutes=20)  # ten minutes after opening
    assert told(town) == []
    later(town, minutes=10)
    assert told(town)


@pytest.mark.parametrize(
    ("seen", "now", "wanted"),
    [
        ("2026-11-23T10:00", "2026-11-23T10:01", False),
        ("2026-11-23T10:00", "2026-11-23T10:02", True),
        ("2026-11-23T11:59", "2026-11-23T12:30", False),  # the break at noon
        ("2026-11-23T17:00", "2026-11-23T23:00", False),  # nobody is there to look
        ("2026-11-20T17:20", "2026-11-23T08:40", False),  # switched on a little late on Monday
        ("2026-11-20T17:20", "2026-11-23T08:50", True),
    ],
)
def test_when_somebody_has_to_go_and_look(seen: str, now: str, wanted: bool) -> None:
    calendar = load_calendar()
    seen_at, then = (datetime.fromisoformat(t).replace(tzinfo=calendar.zone) for t in (seen, now))
    assert missed(seen_at, then, calendar) is wanted


def test_a_new_key_ends_the_old_one(town: Town) -> None:
    old = machine(town)
    new = machine(town)
    assert (old.replaced, new.replaced) == (False, True)
    assert beats(town, old).status_code == 401
    assert beats(town, new).status_code == 200
    town.services.kiosks.retire("puyan-hall", "ops")
    assert beats(town, new).status_code == 401
    with pytest.raises(KioskError):
        town.services.kiosks.retire("puyan-hall", "ops")
    with pytest.raises(KioskError, match="没有地点"):
        machine(town, "nowhere")


def test_neither_key_nor_pin_is_kept(town: Town) -> None:
    keys = machine(town)
    with town.database.transaction() as db:
        row = db.scalars(select(KioskDevice)).one()
    kept = f"{row.key_hash!r} {row.pin_hash}"
    assert keys.key not in kept
    assert keys.pin not in kept


def test_the_pin_opens_the_staffs_screen_and_guessing_is_throttled(town: Town) -> None:
    keys, other = machine(town), machine(town, "xixing-hall")
    wrong = "000000" if keys.pin != "000000" else "111111"
    assert types(town, keys, keys.pin).status_code == 200
    for _ in range(5):
        refused = types(town, keys, wrong)
        assert (refused.status_code, refused.json()["problem"]) == (409, "pin_refused")
    assert types(town, keys, keys.pin).status_code == 429
    assert types(town, other, other.pin).status_code == 200  # counted by machine
    town.clock.advance(minutes=16)
    assert types(town, keys, keys.pin).status_code == 200


@pytest.mark.parametrize("version", ["<script>", "a b", "../..", "版本"])
def test_a_version_that_is_no_name_is_not_kept(town: Town, version: str) -> None:
    keys = machine(town)
    assert beats(town, keys, version).status_code == 200
    with town.database.transaction() as db:
        assert db.scalars(select(KioskDevice)).one().version is None


def test_a_code_from_a_kiosk_lives_two_minutes_and_once(town: Town) -> None:
    def code(door: str) -> str:
        somebody = town.resident(place="puyan-hall", door=door)
        somebody.agrees()
        return somebody.sends("POST", "/code").json()["code"]

    def redeem(code: str) -> int:
        return town.ask("POST", "/api/sessions/moved", json={"code": code, "door": "phone"}).status_code

    at_kiosk = code("kiosk")
    assert redeem(at_kiosk) == 201
    assert redeem(at_kiosk) == 404
    late, from_phone = code("kiosk"), code("phone")
    town.clock.advance(seconds=120)
    assert redeem(late) == 404
    assert redeem(from_phone) == 201


def test_the_first_screen_knows_whether_somebody_is_in_the_hall(town: Town) -> None:
    shown = town.ask("GET", "/api/district").json()
    assert shown["staffed"] is True
    assert "8:30" in shown["staff_hours"]
    town.clock.now = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
    assert town.ask("GET", "/api/district").json()["staffed"] is False


def test_a_call_at_night_does_not_promise_somebody_of_the_hall(town: Town) -> None:
    town.clock.now = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
    somebody = town.resident(place="puyan-hall", door="kiosk")
    somebody.agrees()
    turn = somebody.does("POST", "/person", {"client_id": "0b6f1a44-8a36-4a7e-9a70-2f43f7a3a001"})
    said = turn.messages[-1].text
    assert "大厅里可能没有人" in said
    assert "120" in said


@pytest.fixture
def at_the_machine(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command over the test's database."""
    services = town.services

    @contextmanager
    def given() -> Iterator[AtWork]:
        yield AtWork(
            services.settings, town.database, town.clock, services.telling, services.telling.policies
        )

    monkeypatch.setattr("server.commands.kiosk.at_work", given)


@pytest.mark.usefixtures("at_the_machine")
def test_the_command_makes_changes_lists_and_ends(town: Town) -> None:
    assert "还没有登记" in runner.invoke(app, []).output
    said = runner.invoke(app, ["puyan-hall", "--by", "ops"]).output
    address = next(line for line in said.splitlines() if line.startswith("启动地址"))
    signed, _, key = address.partition("/kiosk/")[2].partition("#")
    assert town.ask("GET", f"/api/district?place={signed}").json()["place"] == "浦沿街道便民服务中心"
    heard = town.ask("POST", "/api/kiosk/beat", headers={"X-Kiosk-Key": key}, json={})
    assert heard.status_code == 200
    listed = runner.invoke(app, []).output
    assert "puyan-hall　浦沿街道便民服务中心的终端机正常" in listed
    assert key not in listed
    assert "换了钥匙" in runner.invoke(app, ["puyan-hall"]).output
    assert runner.invoke(app, ["puyan-hall", "--retire"]).exit_code == 0
    assert runner.invoke(app, ["nowhere"]).exit_code == 1
