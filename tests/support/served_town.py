"""A town whose pages stand on a real port, for stories in a browser without Rasa and without a stack.

with ServedTown(database, clock, home) as town:
    with Chromium(town.base_url, "teamwork") as browser:
        ...
"""

import socket
import threading
import time
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import uvicorn

from storage.database import Database
from tests.support.clock import MovableClock
from tests.support.town import Town

PATIENCE_S = 20.0


class ServedTown(Town):
    """The whole district in this process, and its pages for a real browser. The pages read the town's own clock."""

    def __init__(self, database: Database, clock: MovableClock, home: Path, **more: Any) -> None:
        # Playwright keeps an event loop running in the test's own thread; the town's runs in another.
        self.alongside = ThreadPoolExecutor(1)
        super().__init__(database, clock, home, **more)
        self.port = _free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        config = uvicorn.Config(
            self.app, host="127.0.0.1", port=self.port, lifespan="off", log_level="warning", date_header=False
        )
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, daemon=True)

    def run(self, waiting: Coroutine[Any, Any, Any]) -> Any:
        return self.alongside.submit(self.loop.run_until_complete, waiting).result()

    def __enter__(self) -> Self:
        self.thread.start()
        until = time.monotonic() + PATIENCE_S
        while not self.server.started:
            assert self.thread.is_alive(), "the pages' server ended at once"
            assert time.monotonic() < until, "the pages' server did not start"
            time.sleep(0.02)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.should_exit = True
        self.thread.join(PATIENCE_S)
        self.close()
        self.alongside.shutdown(wait=True)


def _free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])
