"""Many seeds side by side, each in a process and on a database of its own."""

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from multiprocessing import Manager, get_context
from pathlib import Path
from queue import Empty, Queue

from residents.district import District
from server.simulation.engine import read_files_once
from server.simulation.ground import Ground
from server.simulation.report import Capacity, html, text
from server.simulation.rules import Broken
from server.simulation.run import Run, Simulation
from server.simulation.world import Staffing, draw

SIDE_BY_SIDE = 2


@dataclass(frozen=True)
class Wish:
    """What is to be simulated."""

    district: District
    days: int
    residents: int
    first_day: date
    staff: Staffing | None
    capacity: Mapping[str, Capacity]
    calm: bool = False


@dataclass(frozen=True)
class Told:
    """What is left of one seed when its process has ended."""

    seed: int
    broken: str | None
    seconds: float
    steps: int
    digest: str
    text: str
    html: str


def one(folder: Path, name: str, seed: int, wish: Wish, days: "Queue[int] | None" = None) -> Told:
    """Simulate one seed on the running server in this folder."""
    gc.set_threshold(
        50_000, 20, 50
    )  # what a step leaves is mostly gone with it; looking for more costs a tenth
    world = draw(
        wish.district, seed, wish.days, population=wish.residents, first_day=wish.first_day, staff=wish.staff,
        calm=wish.calm,
    )  # fmt: skip
    passed = 0

    def tell_day(day: int) -> None:
        nonlocal passed
        if days is not None and day > passed:
            days.put(day - passed)
            passed = day

    read_files_once()
    simulation = Simulation(world, Ground(folder).new(name), tell_day=tell_day)
    try:
        run = simulation.run()
    finally:
        simulation.close()
    if days is not None:
        days.put(wish.days - passed)
    return told(run, wish.capacity)


def told(run: Run, capacity: Mapping[str, Capacity]) -> Told:
    """A run as it can be passed from one process to another."""
    broken = _in_words(run.broken) if run.broken is not None else None
    return Told(
        run.world.seed, broken, run.seconds, run.steps, run.digest, text(run, capacity), html([run], capacity)
    )


def many(
    ground: Ground, seeds: Sequence[int], wish: Wish, name: str, tell_days: Callable[[int], None]
) -> Iterator[Told]:
    """Simulate these seeds, two at a time, and give back each as it ends. Ends early at the first broken rule."""
    context = get_context("spawn")
    with Manager() as manager, ProcessPoolExecutor(SIDE_BY_SIDE, mp_context=context) as pool:
        days: Queue[int] = manager.Queue()
        left: set[Future[Told]] = {
            pool.submit(one, ground.folder, f"{name}_{seed}" if len(seeds) > 1 else name, seed, wish, days)
            for seed in seeds
        }
        while left:
            ended, left = wait(left, timeout=0.5)
            with suppress(Empty):
                while True:
                    tell_days(days.get_nowait())
            for future in ended:
                result = future.result()
                yield result
                if result.broken is not None:
                    pool.shutdown(wait=False, cancel_futures=True)
                    return


def _in_words(broken: Broken) -> str:
    return f"{broken.rule} {broken.ticket} {broken.at.isoformat()}".strip()
