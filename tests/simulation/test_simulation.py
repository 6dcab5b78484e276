"""A simulated district: nobody is lost, and the same seed gives the same quarter of a year."""

import ast
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from residents.district import District
from server.simulation.clock import Clock
from server.simulation.ground import Ground
from server.simulation.many import Wish, many
from server.simulation.report import Capacity, headline, html, text, waits
from server.simulation.run import Run
from server.simulation.world import ZONE, Arrival, Missing, World, draw, gaps_of_a_week

Happen = Callable[[World], Run]
WEDNESDAY = date(2026, 7, 1)


def test_ten_days_with_everything_that_goes_wrong(simulate: Happen, district: District) -> None:
    """Outages, dead telephones, sick days, restarts, processes killed at their step points: no red goes silent."""
    world = draw(district, 1, 10, rate=0.4)
    run = simulate(world)
    assert run.broken is None, (run.broken, run.broken and run.broken.at)
    assert run.checks > run.steps > 200
    assert run.struck
    assert run.audit_entries > 100


def test_the_same_seed_gives_the_same_district(simulate: Happen, district: District) -> None:
    world = draw(district, 7, 2, rate=0.5)
    first, second = simulate(world), simulate(draw(district, 7, 2, rate=0.5))
    assert first.broken is None, first.broken
    assert first.digest == second.digest
    assert first.digest != simulate(draw(district, 8, 2, rate=0.5)).digest


def test_the_worst_wait_names_its_gap(simulate: Happen, district: District) -> None:
    world = draw(district, 1, 2, calm=True, rate=0.0)
    run = simulate(world)
    assert "12:00–13:30 西兴司法所无人值班，那段时间红色最长等待" in headline(run)
    page = text(run, {"": Capacity(1, 0)})
    assert "周六 12:00–13:30" in page
    assert "每周电话和走访" in page
    assert "<h1>" in html([run], {})


def test_a_wait_for_red_begins_when_it_is_red(simulate: Happen, district: District) -> None:
    """Somebody is orange at first, red half an hour later, and nobody takes either."""
    world = draw(district, 1, 1, calm=True, rate=0.0)
    at = world.begin + timedelta(hours=2)
    orange = Arrival(0, at, "orange", "我不想活了", 7, False)
    red = Arrival(1, at + timedelta(minutes=30), "red", "我已经站在楼顶了", 7, False)
    asleep = tuple(Missing(world.begin, world.end, worker.username) for worker in world.workers)
    run = simulate(replace(world, arrivals=(orange, red), missing=asleep, end=at + timedelta(hours=2)))
    assert run.broken is None, run.broken
    (wait,) = waits(run)
    assert wait.opened_at == red.at
    assert wait.took >= timedelta(hours=1)


def test_the_command_s_own_way_ends_each_seed(ground: Ground, district: District) -> None:
    """As `xinqiao simulate` does it: in processes of their own, which read the program's files once."""
    wish = Wish(district, 1, 2_000, WEDNESDAY, None, {"": Capacity(1, 0)}, calm=True)
    days: list[int] = []
    told = sorted(many(ground, (3, 4), wish, "as_a_command", days.append), key=lambda one: one.seed)
    assert [(one.seed, one.broken) for one in told] == [(3, None), (4, None)]
    assert sum(days) == 2
    assert all(one.steps > 0 and "每周电话和走访" in one.text for one in told)
    for seed in (3, 4):
        ground.drop(f"as_a_command_{seed}")


def test_a_world_is_drawn_the_same_twice(district: District) -> None:
    assert draw(district, 5, 30) == draw(district, 5, 30)
    assert draw(district, 5, 30).arrivals != draw(district, 6, 30).arrivals


def test_a_quarter_of_a_year_has_its_storm_and_its_day_without_a_gateway(district: District) -> None:
    world = draw(district, 1, 90)
    by_hour = [sum(a.at <= b.at < a.at + timedelta(hours=1) for b in world.arrivals) for a in world.arrivals]
    assert max(by_hour) >= 40
    assert any(o.to_at - o.from_at >= timedelta(hours=24) for o in world.outages)
    assert {c.point for c in world.crashes} >= {"S8", "S12"}


def test_the_roster_is_read_to_the_minute(district: District) -> None:
    world = draw(district, 1, 7, calm=True)
    office = district.office_of("puyan").code
    (gap,) = gaps_of_a_week(world, office, world.begin.astimezone(ZONE).date())
    assert (gap.to_at - gap.from_at) == timedelta(minutes=90)
    minute = timedelta(minutes=1)
    assert world.on_duty(office, "officer", gap.from_at) == set()
    assert world.on_duty(office, "officer", gap.from_at - minute) == {None}
    assert world.on_duty(office, "officer", gap.to_at) == {None}


def test_time_only_goes_forward(district: District) -> None:
    world = draw(district, 1, 1)
    clock = Clock(world.begin)
    clock.move(world.begin + timedelta(hours=1))
    try:
        clock.move(world.begin)
    except ValueError:
        return
    raise AssertionError("the clock went back")


def test_nothing_in_a_simulation_sleeps() -> None:
    folder = Path(__file__).parents[2] / "server" / "simulation"
    for file in folder.glob("*.py"):
        called = {
            node.func.attr
            for node in ast.walk(ast.parse(file.read_text("utf-8")))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        }
        assert "sleep" not in called, file.name
