"""A line between a program and its database that can die half-way: nobody hangs up, and nothing comes through.

with Line(socket_of_the_server, folder) as line:
    line.folder       # connect here, as to the server's own folder of sockets
    line.dies()       # what is connected now is dead for ever; who dials again gets through
"""

import contextlib
import socket
import threading
from pathlib import Path
from types import TracebackType
from typing import Self


class Line:
    """Passes bytes both ways. What is written to it is taken even when dead, as by a gateway that forgot."""

    def __init__(self, to: Path, folder: Path) -> None:
        self._to = str(to)
        self.folder = folder
        self._entrance = socket.socket(socket.AF_UNIX)
        self._entrance.bind(str(folder / to.name))
        self._entrance.listen(64)
        self._alive = threading.Event()
        self._alive.set()
        self._ends: list[socket.socket] = []

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._entrance.close()
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.close()

    @property
    def calls(self) -> int:
        """How many have been put through so far."""
        return len(self._ends) // 2

    def dies(self) -> None:
        """All who are connected wait for an answer from now on; who dials later is put through."""
        self._alive.clear()
        self._alive = threading.Event()
        self._alive.set()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                here, _ = self._entrance.accept()
                there = socket.socket(socket.AF_UNIX)
                there.connect(self._to)
                self._ends += [here, there]
                for one, other in ((here, there), (there, here)):
                    threading.Thread(
                        target=self._pass_on, args=(one, other, self._alive), daemon=True
                    ).start()

    @staticmethod
    def _pass_on(one: socket.socket, other: socket.socket, alive: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while said := one.recv(65536):
                if alive.is_set():
                    other.sendall(said)
            if alive.is_set():
                other.shutdown(socket.SHUT_WR)
