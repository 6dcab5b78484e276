"""One limit for a whole exchange, however slowly the other side drips.

The timeouts of sockets begin anew with each byte that arrives, so a gateway that drips could hold a sender for
ever. A watch learns each connection as it is made and shuts it down when the time is up.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any


class Watch:
    """Ends an exchange when its time is over; `rang` says that it did."""

    def __init__(self) -> None:
        self.rang = False
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []

    def trace(self, event: str, info: dict[str, Any]) -> None:
        """Called by the HTTP client for each step of an exchange."""
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            connection = info["return_value"].get_extra_info("socket")
            if connection is not None:
                self.mind(connection)

    def mind(self, connection: socket.socket) -> None:
        """Shut this connection too when the time is up, at once if it is up already."""
        with self._lock:
            self._sockets.append(connection)
            if self.rang:
                self._shut()

    def ring(self) -> None:
        """The time is up."""
        with self._lock:
            self.rang = True
            self._shut()

    def _shut(self) -> None:
        for connection in self._sockets:
            with suppress(OSError):  # already gone is as good as shut
                connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def deadline(seconds: float) -> Iterator[Watch]:
    """A watch that rings after so many seconds unless the block has ended before."""
    watch = Watch()
    timer = threading.Timer(seconds, watch.ring)
    timer.daemon = True
    timer.start()
    try:
        yield watch
    finally:
        timer.cancel()
