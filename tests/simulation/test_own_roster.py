"""The district's own people and roster, as they stand in the tables, instead of invented ones."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from escalation.staff import StaffAccount
from residents.district import District
from server import demo_roster
from server.commands.seed import OFFICERS, TEAMS, office_codes
from server.settings import Settings
from server.simulation.ground import Ground
from server.simulation.own import own_staff, staff_in
from server.simulation.report import headline
from server.simulation.run import Run
from server.simulation.world import Staffing, World, draw

Happen = Callable[[World], Run]
FRIDAY = date(2026, 8, 28)


@pytest.fixture(scope="module")
def staff(ground: Ground, district: District) -> Staffing:
    """Who works in the demo district, read back as an operator's own would be."""
    database = ground.new("own_roster").open()
    codes = office_codes(district)
    with database.transaction() as db:
        for username, name, role, office in OFFICERS:
            db.add(
                StaffAccount(
                    username=username, password_hash="!", name=name, role=role, office=codes.get(office, office),
                    active=True, demo=True,
                )
            )  # fmt: skip
        db.flush()
        demo_roster.write(db, database.vault, district, TEAMS, "district")
    with database.transaction() as db:
        found = staff_in(db, district)
    database.close()
    ground.drop("own_roster")
    assert found is not None
    return found


def test_the_hole_in_the_roster_that_is_kept_is_named(
    simulate: Happen, district: District, staff: Staffing
) -> None:
    """Nobody is at Xixing on Saturdays at noon; somebody in danger there at that time waits for the next in line."""
    run = simulate(draw(district, 1, 2, first_day=FRIDAY, staff=staff, calm=True, rate=0.0))
    assert run.broken is None, run.broken
    assert "周六 12:00–13:30 西兴司法所无人值班，那段时间红色最长等待" in headline(run)


def test_nobody_is_invented(district: District, staff: Staffing) -> None:
    people = {worker.username for worker in staff.workers if not worker.line}
    assert people == {
        name for name, _, role, _ in OFFICERS if role not in ("auditor", "administrator", "partner")
    }
    assert {shift.username for shift in staff.shifts} <= people | {None}


def test_without_a_database_there_is_no_roster(district: District, tmp_path: Path) -> None:
    assert own_staff(Settings(home=tmp_path, _env_file=None), district) is None  # type: ignore[call-arg]
