"""What speaks: a language model somewhere, which is handed messages and gives pieces of one answer."""

from collections.abc import AsyncGenerator, Sequence
from typing import Literal, Protocol

Where = Literal["here", "inside", "outside"]
"""Where the words go: nowhere (this process), to a machine of our own network, or out of the building."""

Messages = Sequence[dict[str, str]]


class Voice(Protocol):
    """One language model.

    `say` gives the pieces of one answer as they come and ends when the model has ended by itself. It raises
    `ModelAway` for everything that is no whole answer, and lets go of the model at once when it is closed or
    cancelled; how long it may take is its caller's business.
    """

    @property
    def where(self) -> Where:
        """Where the words go."""
        ...

    def say(self, messages: Messages) -> AsyncGenerator[str, None]:
        """The pieces of one answer."""
        ...
