"""The product's own processes inside a simulation: wired as in production, killed and started again."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from threading import current_thread, main_thread
from typing import Any

from assessments.library import Library
from bot.rasa_client import RasaClient, RasaSilent
from bot.transcript import Bubble
from escalation import policy_book
from escalation.calendar import WorkCalendar
from escalation.outbox import AT_ONCE, deliver_due
from escalation.policy import Policy
from models.crisis.recogniser import CrisisRecogniser, Reading
from residents import district_book
from server import wiring
from server.jobs import AT_MOST, watch_round
from server.settings import Settings
from server.simulation.gateways import Gateway
from server.simulation.ground import Lot
from server.wiring import Services, wire
from storage.step_points import interrupt


class Killed(BaseException):
    """A process died at a step point. Nothing in the product can catch it, as nothing can catch `kill -9`."""

    def __init__(self, point: str) -> None:
        super().__init__(point)
        self.point = point


class NobodyTalks(RasaClient):
    """No dialogue: the application's own sentences stand in."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:9", 1.0)

    async def send(self, sender: str, message: str, *, patient: bool = False) -> list[Bubble]:
        """Stay silent, as Rasa does when it is gone."""
        raise RasaSilent("simulation")


@cache
def the_recogniser() -> CrisisRecogniser:
    """The real reader of words; it keeps nothing between two messages."""
    return CrisisRecogniser.from_files()


@cache
def read(text: str) -> Reading:
    """What the real reader says of one sentence; the same every time."""
    return the_recogniser().read(text)


def read_files_once() -> None:
    """Let every start of a process take what the first one read from the program's files. They are the same files:
    read anew at each of a hundred starts, they would take longer than all that happens in between."""
    read_policy = policy_book.read_policy
    known: dict[tuple[str, str, str], Policy] = {}

    def policy_of(text: str, calendar: WorkCalendar, name: str = "policy") -> Policy:
        key = (text, calendar.digest, name)
        if key not in known:
            known[key] = read_policy(text, calendar, name)
        return known[key]

    read_shipped = policy_book._shipped
    shipped: dict[tuple[Path, frozenset[tuple[str, str]]], dict[str, str]] = {}

    def shipped_of(folder: Path, forms: Mapping[str, str]) -> dict[str, str]:
        key = (folder, frozenset(forms.items()))
        if key not in shipped:
            shipped[key] = read_shipped(folder, forms)
        return dict(shipped[key])

    policy_book.read_policy = policy_of
    policy_book._shipped = shipped_of
    for module, names in (
        (district_book, ("load_district",)),
        (policy_book, ("level_policy_from", "read_calendar", "read_kinds")),
        (wiring, ("load_hotlines", "load_partners")),
        (Library, ("from_files",)),
    ):
        for name in names:
            setattr(module, name, cache(getattr(module, name)))


class Process:
    """One of the product's processes: `app` takes sentences and acts, `jobs` watches and sends."""

    def __init__(
        self, lot: Lot, district: str, clock: Callable[[], datetime], gateways: dict[str, Gateway]
    ) -> None:
        self.lot = lot
        self.clock = clock
        self.gateways = gateways
        self.settings = Settings(
            home=lot.home,
            public_url="http://simulation.invalid",
            mode="demo",
            district=district,
            _env_file=None,
        )  # type: ignore[call-arg]
        self.down_until: datetime | None = None
        self.up_since = clock()
        self.restarts = 0
        self.services: Services = self._wire()

    @property
    def up(self) -> bool:
        """Whether it runs now."""
        return self.down_until is None or self.clock() >= self.down_until

    def stop(self, until: datetime) -> None:
        """End it; what it remembered is gone."""
        self.down_until = until
        self.services.threads.shutdown(wait=True)
        self.services.database.close()

    def start(self) -> None:
        """Begin anew, with nothing but the database."""
        self.restarts += 1
        self.services = self._wire()
        self.down_until, self.up_since = None, self.clock()

    def close(self) -> None:
        """Let go of threads and connections."""
        self.services.threads.shutdown(wait=True)
        self.services.database.close()

    def watch(self) -> None:
        """One look of the product's watch."""
        self.services.watch.escalate_overdue()

    def whole_round(self) -> None:
        """One whole round of the clocks' process: unread messages and silent chats as well."""
        watch_round(self.services)

    def deliver(self, channels: set[str]) -> int:
        """Send what is due over these channels, as many at once as one round of the product does."""
        sent = 0
        for name in sorted(channels):
            for _ in range(AT_MOST // AT_ONCE):
                handed_over = deliver_due(self.services.database, self.gateways[name], self.clock)
                sent += handed_over
                if handed_over < AT_ONCE:
                    break
        return sent

    def _wire(self) -> Services:
        return wire(
            self.settings,
            clock=self.clock,
            database=self.lot.open(),
            recogniser=the_recogniser(),
            rasa=NobodyTalks(),
            **self._channels(),
        )

    def _channels(self) -> dict[str, Any]:
        return {"channels": dict(self.gateways)}


class Fate:
    """Which step point is the next to kill the process that passes it."""

    def __init__(self) -> None:
        self.points: dict[str, int] = {}
        self.struck: list[str] = []

    def __enter__(self) -> "Fate":
        interrupt(self._strike)
        return self

    def __exit__(self, *_: object) -> None:
        interrupt(None)

    def arm(self, point: str) -> None:
        """Let whoever passes this point next die there, once."""
        self.points[point] = self.points.get(point, 0) + 1

    def _strike(self, point: str) -> None:
        if point in ("S8", "S9", "S10") and current_thread() is not main_thread():
            return  # of several that go out side by side, which one dies would not be the same twice
        if self.points.get(point):
            self.points[point] -= 1
            self.struck.append(point)
            raise Killed(point)
