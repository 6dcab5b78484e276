"""What `/readyz` and the red bar say: of the clocks' processes, of what lies too long, of clock, disk and lookout."""

from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server import health
from server.health import Health
from server.settings import Settings
from storage.database import Database
from storage.heartbeat import Heartbeat, Pulse, beat
from tests.support.clock import MovableClock
from tests.support.town import Town


@pytest.fixture
def desk(database: Database, clock: MovableClock, tmp_path: Path) -> Health:
    """Over a database whose clocks have just beaten."""
    signs(database, clock)
    return Health(database, clock, nothing, tmp_path, demo=True)


def nothing(db: Session, at: datetime) -> bool:
    return False


def signs(database: Database, clock: MovableClock, *names: str) -> None:
    with database.transaction() as db:
        for name in names or ("watch@a:1", "delivery.webhook@a:1"):
            beat(db, name, clock())


def bar(desk: Health) -> str | None:
    with desk.database.transaction() as db:
        return desk.red_bar(db, desk.clock())


def names(database: Database) -> set[str]:
    with database.transaction() as db:
        return set(db.scalars(select(Heartbeat.name)))


def test_clocks_are_silent_after_thirty_seconds(desk: Health, clock: MovableClock) -> None:
    clock.advance(seconds=30)
    assert desk.look().ready
    assert bar(desk) is None
    clock.advance(seconds=1)
    assert desk.look().wrong == ("watch_silent", "delivery_silent")
    assert "时钟停了" in (bar(desk) or "")


def test_where_no_clock_ever_beat_nothing_is_ready(
    database: Database, clock: MovableClock, tmp_path: Path
) -> None:
    assert Health(database, clock, nothing, tmp_path, demo=True).look().wrong == (
        "watch_silent",
        "delivery_silent",
    )


def test_one_loop_of_one_process_is_missed_by_itself(
    desk: Health, database: Database, clock: MovableClock
) -> None:
    signs(database, clock, "watch@b:2", "delivery.sms@a:1", "delivery.webhook@b:2", "delivery.sms@b:2")
    clock.advance(seconds=31)
    signs(database, clock, "watch@a:1", "delivery.webhook@a:1", "delivery.sms@a:1")
    signs(database, clock, "watch@b:2", "delivery.webhook@b:2")
    assert desk.look().wrong == ("delivery_silent",)
    assert "值班手机不会响" in (bar(desk) or "")


def test_a_setting_makes_it_stricter_and_never_more_patient(
    desk: Health, database: Database, clock: MovableClock, tmp_path: Path
) -> None:
    clock.advance(seconds=31)
    assert not Health(database, clock, nothing, tmp_path, True, timedelta(hours=1)).look().ready
    with pytest.raises(ValueError, match="30"):
        Settings(_env_file=None, jobs_silent_after_seconds=31)  # type: ignore[call-arg]


def test_a_clock_that_differs_from_the_database_is_told(
    desk: Health, database: Database, clock: MovableClock
) -> None:
    with database.transaction() as db:
        there = db.scalar(select(func.clock_timestamp()))
    assert there is not None
    for off, wrong in (
        (-50, ()),
        (50, ()),
        (-70, ("clock_skew",)),
        (70, ("clock_skew",)),
        (3600, ("clock_skew",)),
    ):
        desk.wall = lambda off=off: there + timedelta(seconds=off)  # type: ignore[misc]
        assert desk.look().wrong == wrong, off
    assert "自己的表" in (bar(desk) or "")


def test_clocks_that_live_in_the_future_are_told(desk: Health, clock: MovableClock) -> None:
    clock.advance(hours=-1)
    assert desk.look().wrong == ("clock_skew",)


def test_a_disk_that_is_nearly_full_is_told(
    desk: Health, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    left = SimpleNamespace(free=health.RESERVE_BYTES)
    monkeypatch.setattr(health.shutil, "disk_usage", lambda _: left)
    assert desk.look().ready
    left.free -= 1
    assert desk.look().wrong == ("disk",)
    assert "磁盘" in (bar(desk) or "")
    monkeypatch.undo()
    desk.home = tmp_path / "never made"
    assert desk.look().wrong == ("disk",), "what cannot be asked is not known to be well"


def test_a_step_that_nobody_took_is_told_though_the_clocks_beat(town: Town) -> None:
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.says("我不想活了")
    town.jobs()
    assert town.services.health.look().ready
    town.clock.advance(hours=3)
    signs(town.database, town.clock, *names(town.database))
    assert town.services.health.look().wrong == ("steps_waiting",)
    town.jobs()
    assert town.services.health.look().ready


def test_a_visit_that_is_late_and_told_of_nobody_is_told(town: Town) -> None:
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.says("我不想活了")
    officer = town.officer("puyan")
    code = officer.only_ticket()["code"]
    officer.acknowledges(code)
    officer.on(code, "calls", outcome="no_answer")
    town.jobs()
    town.clock.advance(hours=30)
    signs(town.database, town.clock, *names(town.database))
    assert "steps_waiting" in town.services.health.look().wrong
    town.jobs()
    assert "steps_waiting" not in town.services.health.look().wrong


def test_a_lookout_that_has_asked_is_missed_until_it_says_good_bye(desk: Health, clock: MovableClock) -> None:
    assert bar(desk) is None
    desk.asked_by("hall")
    asked = clock()
    assert desk.look().lookouts == {"hall": asked}
    clock.advance(minutes=2, seconds=1)
    signs(desk.database, clock)
    assert desk.look().ready, "an alarm would get through"
    assert "看护" in (bar(desk) or "")
    desk.asked_by("elsewhere")
    assert "看护" in (bar(desk) or ""), "one that asks does not hide another that is silent"
    desk.asked_by("hall", leaving=True)
    assert bar(desk) is None


def test_in_live_mode_a_lookout_that_never_asked_is_missed(desk: Health) -> None:
    desk.demo = False
    assert "看护" in (bar(desk) or "")
    desk.asked_by("hall")
    assert bar(desk) is None


def test_only_a_lookout_with_the_token_is_remembered(town: Town) -> None:
    token = town.services.settings.lookout_token
    for headers, known in (
        ({"Lookout-Name": "hall"}, {}),
        ({"Lookout-Name": "hall", "Lookout-Token": "wrong"}, {}),
        ({"Lookout-Name": "hall/../", "Lookout-Token": token}, {}),
        ({"Lookout-Token": token}, {}),
        ({"Lookout-Name": "hall", "Lookout-Token": token}, {"hall"}),
        ({"Lookout-Name": "hall", "Lookout-Token": "wrong", "Lookout-Leaves": "yes"}, {"hall"}),
        ({"Lookout-Name": "hall", "Lookout-Token": token, "Lookout-Leaves": "yes"}, {}),
    ):
        answer = town.ask("GET", "/readyz", headers=headers)
        assert set(answer.json()["lookouts_asked_at"]) == set(known), headers


def test_a_process_takes_the_place_of_one_that_was_killed_and_of_no_second(
    database: Database, clock: MovableClock
) -> None:
    signs(database, clock, "watch@a:1", "delivery.sms@a:1", "watch@b:2", "lookout@hall")
    clock.advance(seconds=6)
    signs(database, clock, "watch@c:3")
    new = Pulse(database, clock, "d:4")
    for _ in range(3):
        new.take_a_place()
        new.beat("watch")
    assert len(names(database) & {"watch@a:1", "watch@b:2"}) == 1
    assert {"watch@c:3", "watch@d:4", "lookout@hall"} <= names(database)


def test_a_process_whose_loop_alone_hangs_is_not_replaced(database: Database, clock: MovableClock) -> None:
    signs(database, clock, "watch@a:1", "delivery.sms@a:1")
    clock.advance(seconds=6)
    signs(database, clock, "watch@a:1")
    Pulse(database, clock, "d:4").take_a_place()
    assert "delivery.sms@a:1" in names(database)


def test_who_is_in_its_first_minute_may_wait_for_a_place_and_who_is_older_may_not(
    database: Database, clock: MovableClock
) -> None:
    young, old = Pulse(database, clock, "d:4"), Pulse(database, clock, "e:5")
    old.take_a_place()
    signs(database, clock, "watch@a:1")
    clock.advance(seconds=61)
    old.take_a_place()
    assert names(database) == {"watch@a:1"}, "somebody who died later is missed"
    young.take_a_place()
    assert names(database) == set()


def test_who_comes_back_under_its_own_name_takes_nobody_elses_place(
    database: Database, clock: MovableClock
) -> None:
    signs(database, clock, "watch@a:1", "watch@b:2")
    clock.advance(seconds=10)
    back = Pulse(database, clock, "a:1")
    back.take_a_place()
    back.beat("watch")
    back.take_a_place()
    assert names(database) == {"watch@a:1", "watch@b:2"}


def test_who_has_stopped_in_order_leaves_no_sign_and_makes_none(
    database: Database, clock: MovableClock
) -> None:
    pulse = Pulse(database, clock, "a:1")
    pulse.beat("watch")
    pulse.beat("delivery.sms")
    signs(database, clock, "watch@aa:1")
    pulse.end()
    pulse.beat("watch")
    assert names(database) == {"watch@aa:1"}


class Reads:
    """What a crisis reader says of itself."""

    def __init__(self, runs_on: str, second_fails: bool = False) -> None:
        self.runs_on = runs_on
        self.second_fails = second_fails


@pytest.mark.parametrize(
    ("reader", "says", "in_the_bar"),
    [
        (Reads("rules and model"), "rules and model", False),
        (Reads("rules"), "rules", False),
        (Reads("rules", second_fails=True), "rules", True),
        (None, "rules", False),
    ],
)
def test_it_says_what_reads_residents_words(
    database: Database, clock: MovableClock, tmp_path: Path, reader: Reads | None, says: str, in_the_bar: bool
) -> None:
    desk = Health(database, clock, nothing, tmp_path, demo=True, crisis_reader=reader)
    signs(database, clock)
    assert desk.look().crisis_reader == says
    assert desk.look().ready, "the rules read every message in any case"
    assert ("只按规则读" in (bar(desk) or "")) is in_the_bar


def test_the_page_for_the_watcher_says_it_too(town: Town) -> None:
    assert town.ask("GET", "/readyz").json()["crisis_reader"] == "rules"
