"""Which member of staff was shown what last, so that a page that asks again every few seconds is one read.

A read is recorded before it is shown; showing the very same again is no new one. Only this process remembers, and
only the newest: after a restart a read is recorded once more than needed, never once less.
"""

import threading
from collections import OrderedDict
from collections.abc import Hashable
from uuid import UUID

REMEMBERED = 10_000


class Readings:
    """Remembers by session and page."""

    def __init__(self) -> None:
        self._shown: OrderedDict[tuple[UUID, str], Hashable] = OrderedDict()
        self._lock = threading.Lock()

    def is_new(self, session: UUID, page: str, content: Hashable) -> bool:
        """Whether this session has not been shown just this on this page."""
        with self._lock:
            return (session, page) not in self._shown or self._shown[(session, page)] != content

    def remember(self, session: UUID, page: str, content: Hashable) -> None:
        """Note what was shown, after its record has been written."""
        with self._lock:
            self._shown.pop((session, page), None)
            self._shown[(session, page)] = content
            while len(self._shown) > REMEMBERED:
                self._shown.popitem(last=False)
