"""Being asked to stop by a signal, in a process that waits between its rounds."""

import contextlib
import os
import select
import signal
from types import FrameType
from typing import Protocol, Self


class Stop(Protocol):
    """What a loop asks between its rounds."""

    def wait(self, timeout: float) -> bool:
        """Wait so many seconds, shorter when asked to stop; whether it was asked to."""
        ...


class StopSignal:
    """Asked to stop by SIGTERM or SIGINT.

    Not a `threading.Event`: its lock may be held by the very thread that the signal interrupts, and then the
    process never ends. A pipe has no lock.
    """

    def __init__(self) -> None:
        self._asked, self._asks = os.pipe()
        os.set_blocking(self._asks, False)

    @classmethod
    def installed(cls) -> Self:
        """One that hears this process's signals from now on; only in the main thread."""
        stop = cls()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop.hear)
        return stop

    def hear(self, number: int = 0, frame: FrameType | None = None) -> None:
        """The signal's handler; to be asked often is to be asked once."""
        with contextlib.suppress(BlockingIOError):
            os.write(self._asks, b"!")

    def wait(self, timeout: float | None = None) -> bool:
        """Wait so many seconds (for ever without a number), shorter when asked to stop; whether it was asked to."""
        return bool(select.select([self._asked], [], [], timeout)[0])
