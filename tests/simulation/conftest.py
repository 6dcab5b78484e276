"""Databases for simulations, on the run's own server."""

import itertools
from collections.abc import Callable, Iterator

import pytest

from residents.district import District, load_district
from server.simulation.ground import Ground
from server.simulation.run import Run, Simulation
from server.simulation.world import World
from tests.support.postgres import Postgres

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def ground(postgres: Postgres) -> Ground:
    """The template that every simulated district begins with."""
    ground = Ground(postgres.folder)
    ground.prepare()
    return ground


@pytest.fixture(scope="session")
def district() -> District:
    return load_district("binjiang")


@pytest.fixture
def simulate(ground: Ground) -> Iterator[Callable[[World], Run]]:
    """Lets a world happen on a database of its own, and takes both away afterwards."""
    names: list[str] = []

    def happen(world: World) -> Run:
        names.append(f"simulated_{next(_numbers)}")
        simulation = Simulation(world, ground.new(names[-1]))
        try:
            return simulation.run()
        finally:
            simulation.close()

    yield happen
    for name in names:
        ground.drop(name)
