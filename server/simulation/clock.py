"""The clock of a simulation: it stands still until the run moves it, and only ever forward."""

from datetime import datetime


class Clock:
    """What every collaborator of one simulated process asks for the time."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def move(self, to: datetime) -> None:
        """Go to a moment. Refuses (`ValueError`) to go back: nothing that was due may be passed over."""
        if to < self.now:
            raise ValueError("a simulation does not go back in time")
        self.now = to
