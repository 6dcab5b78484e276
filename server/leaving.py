"""Asked to stop, the application first lets go of the pages that listen.

Uvicorn waits for open requests before it tells the application anything, and a page that listens is a request that
never ends: without this, every stop would take as long as its patience.
"""

from types import FrameType
from typing import Any

import uvicorn


class LeavingServer(uvicorn.Server):
    """Uvicorn as it is, but the streams hear of the signal at once and end by themselves."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Tell those who listen, then stop as usual."""
        app: Any = self.config.app
        services = getattr(app.state, "services", None)
        if services is not None:
            services.listening.leaving = True
        super().handle_exit(sig, frame)
