"""A request that has arrived whole is carried out, even when its sender has hung up by then.

Uvicorn drops the body of a request whose sender is gone before the application has asked for it. On a busy machine
that is seconds, and the sender may be somebody who wrote one sentence and whose battery died.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LOOK_AGAIN_S = 0.02


class WholeRequests(HttpToolsProtocol):
    """HTTP as uvicorn speaks it, but the loss of the line waits until the application has read what came."""

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the application at once, or as soon as it has read a body that is here whole."""
        if self._is_unread():
            asyncio.get_running_loop().call_later(LOOK_AGAIN_S, self.connection_lost, exc)
        else:
            super().connection_lost(exc)

    def _is_unread(self) -> bool:
        cycle: Any = self.cycle
        return cycle is not None and not cycle.more_body and bool(cycle.body) and not cycle.response_complete
