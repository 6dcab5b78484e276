"""How often one address may do what can be abused. None of it ever stands before the crisis card.

Counting is by a sliding window in memory, with a bound on how many addresses are remembered.
"""

import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from datetime import datetime, timedelta

from server.errors import TooOften

RULES: dict[str, tuple[int, timedelta]] = {
    "open_session": (120, timedelta(minutes=1)),
    "progress": (20, timedelta(minutes=1)),
    "progress_all": (100, timedelta(minutes=1)),  # of all addresses together: see `escalation/ticket_code.py`
    "wish": (10, timedelta(minutes=10)),
    "wish_address": (60, timedelta(minutes=10)),
    "code": (10, timedelta(minutes=1)),
    "code_all": (30, timedelta(minutes=1)),  # of all addresses together: see `residents/one_time_code.py`
    "audit_check": (1, timedelta(minutes=1)),
    "typed_place": (20, timedelta(minutes=1)),
    "rehearse": (10, timedelta(hours=1)),  # of one person: each look could ask after somebody
    "propose": (10, timedelta(hours=1)),
    "login": (60, timedelta(minutes=1)),
}
REMEMBERED = 10_000


class Limits:
    """Counts by rule and address."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.seen: OrderedDict[tuple[str, str], deque[datetime]] = OrderedDict()
        self.lock = threading.Lock()

    def refuse(self, rule: str, address: str) -> None:
        """`TooOften` when the rule's number within its window is reached; counts nothing."""
        self._look(rule, address, count=False)

    def allow(self, rule: str, address: str) -> None:
        """Count one use; `TooOften` when the rule's number within its window is passed."""
        self._look(rule, address, count=True)

    def _look(self, rule: str, address: str, *, count: bool) -> None:
        most, window = RULES[rule]
        now = self.clock()
        with self.lock:
            times = self.seen.pop((rule, address), deque())
            while times and now - times[0] > window:
                times.popleft()
            self.seen[(rule, address)] = times
            while len(self.seen) > REMEMBERED:
                self.seen.popitem(last=False)
            if len(times) >= most:
                raise TooOften()
            if count:
                times.append(now)
