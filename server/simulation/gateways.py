"""Gateways inside the process that carry and fail as the world says, and remember what they really accepted."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock

from escalation.channels import Notice, PermanentFailure, Receipt, TemporaryFailure
from server.simulation.world import World

NAMES = ("webhook", "sms", "wecom", "mail")


class Gateway:
    """One way of reaching workers. Keeps the promises of `escalation.channels.Channel`."""

    def __init__(self, name: str, world: World, clock: Callable[[], datetime]) -> None:
        self.name = name
        self.pace = timedelta(minutes=1) if name == "wecom" else timedelta()
        self.world = world
        self.clock = clock
        self.accepted: set[str] = set()
        self.counts: Counter[str] = Counter()
        self._lock = Lock()

    def send(self, notice: Notice) -> Receipt:
        """Take a notice, or fail as this moment wants it. What it swallowed it did take: only its answer is lost."""
        trouble = self.world.outage(self.name, notice.to, self.clock())
        with self._lock:
            if trouble is None or trouble.how == "swallows":
                self.counts["again" if notice.key in self.accepted else "sent"] += 1
                self.accepted.add(notice.key)
            if trouble is not None:
                self.counts[trouble.how] += 1
        if trouble is None:
            return Receipt(self.name, "simulated")
        if trouble.how == "refuses":
            raise PermanentFailure("this address is refused")
        raise TemporaryFailure("no answer")
