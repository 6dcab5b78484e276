"""A gateway in the test's own process that refuses, hangs and lies when it is told to."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from server.demo_gateway import MODES, DemoGateway

__all__ = ["MODES", "BadGateway", "bad_gateway"]


class BadGateway(DemoGateway):
    """The demo gateway on a free port, with what it received at hand."""

    def __init__(self, port: int = 0, folder: Path | None = None) -> None:
        super().__init__(port, folder)

    def behave(self, mode: str, times: int | None = None) -> None:
        """Behave so for the next `times` notices, or until told otherwise."""
        assert mode in MODES, mode
        self.inbox.behave(mode, times)

    @property
    def received(self) -> list[dict[str, Any]]:
        """The notices that it took, oldest first, each once: `notice`, `key`, `receipt`, `times`."""
        with self.inbox.lock:
            return [dict(kept) for kept in self.inbox.notices]

    @property
    def attempts(self) -> int:
        """How often anything was sent here, taken or not."""
        return self.inbox.attempts

    def rang(self, ticket_code: str) -> bool:
        """Whether a notice about this ticket was taken."""
        return any(kept["notice"].get("ticket") == ticket_code for kept in self.received)


@contextmanager
def bad_gateway(folder: Path | None = None) -> Iterator[BadGateway]:
    """A gateway that listens until the block ends."""
    with BadGateway(0, folder) as gateway:
        yield gateway
