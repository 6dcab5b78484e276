"""Hears from PostgreSQL what changed, in whichever process, and passes it on to the pages that listen.

A page must be able to trust the beat: there is one only while this process really hears. So every few seconds a sign
of our own goes out over the same channel, and only when it has come back through the listening connection do we count
as hearing. A connection that hangs, or a pooler that swallows notices, is noticed by that, and the pages go back to
asking. A line that died half-way ends like any other (`storage.database.Line`), and a new one is dialled.
"""

import asyncio
import json
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from escalation.beacon import CHANNEL
from storage.database import Database, Line

log = logging.getLogger("xinqiao")

SIGN_EVERY = 2.0
HEARD_WITHIN = 8.0
AGAIN_AFTER = 2.0
KEPT = 200
MOST, MOST_EACH = 120, 3
"""How many listen at once, in one process and for one person: the rest of what a process can serve is for residents."""
OURS: dict[str, Any] = {"connect_timeout": 5, "autocommit": True, "application_name": "xinqiao listening"}


@dataclass(frozen=True)
class Stir:
    """Something changed: on the ticket of this code (none: at a kiosk), of this kind, for these offices."""

    code: str
    kind: str
    offices: frozenset[str]


class Listening:
    """One connection that listens, in a thread of its own, and everybody who wants to hear."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.leaving = False
        self._heard_at: float | None = None
        self._ears: set[tuple[asyncio.AbstractEventLoop, asyncio.Queue[Stir], str]] = set()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def hears(self) -> bool:
        """Whether our own sign has come back just now."""
        heard = self._heard_at
        return not self.leaving and heard is not None and time.monotonic() - heard < HEARD_WITHIN

    def start(self) -> None:
        """Begin to listen; what cannot be reached is tried again until `close`."""
        self._thread = threading.Thread(target=self._listen, name="listening", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self.leaving = True
        self._stop.set()
        if self._thread is not None:
            self._thread.join(SIGN_EVERY * 2)

    def room(self, who: str) -> bool:
        """Whether one more may listen, and one more of this person."""
        with self._lock:
            return len(self._ears) < MOST and sum(other == who for *_, other in self._ears) < MOST_EACH

    @contextmanager
    def ear(self, who: str) -> Iterator[asyncio.Queue[Stir]]:
        """What is heard from now on, in the event loop that asks. Nobody who reads slowly holds up others: beyond
        some hundreds the oldest are dropped, which loses nothing, because a page asks the tables anyway."""
        mine = (asyncio.get_running_loop(), asyncio.Queue[Stir](KEPT), who)
        with self._lock:
            self._ears.add(mine)
        try:
            yield mine[1]
        finally:
            with self._lock:
                self._ears.discard(mine)

    def _listen(self) -> None:
        while not self._stop.is_set():
            try:
                self._hear()
            except Exception as error:  # whatever it was, somebody must go on listening
                log.warning("listening: interrupted, %s", type(error).__name__)
            self._heard_at = None
            self._stop.wait(AGAIN_AFTER)

    def _hear(self) -> None:
        args, kwargs = self.database.engine.dialect.create_connect_args(self.database.engine.url)
        sign = uuid4().hex
        with Line.connect(*args, **{**kwargs, **OURS}) as connection:
            connection.execute(f"LISTEN {CHANNEL}")
            while not self._stop.is_set():
                connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, json.dumps({"sign": sign})))
                for notice in connection.notifies(timeout=SIGN_EVERY):
                    said = json.loads(notice.payload)
                    if said.get("sign") == sign:
                        self._heard_at = time.monotonic()
                    elif "sign" not in said:
                        self._pass_on(Stir(said["code"], said["kind"], frozenset(said["offices"])))

    def _pass_on(self, stir: Stir) -> None:
        with self._lock:
            ears = list(self._ears)
        for loop, queue, _ in ears:
            try:
                loop.call_soon_threadsafe(_put, queue, stir)
            except RuntimeError:  # the loop has ended; its ear goes with its request
                continue


def _put(queue: asyncio.Queue[Any], stir: Stir) -> None:
    if queue.full():
        queue.get_nowait()
    queue.put_nowait(stir)
