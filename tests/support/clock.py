"""A clock that a test moves."""

from datetime import UTC, datetime, timedelta


class MovableClock:
    """Says the same time until somebody moves it. Begins on a Monday at nine in Hangzhou."""

    def __init__(self, now: datetime = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> datetime:
        """Move on by `hours=2, minutes=1` and the like, and say the new time."""
        self.now += timedelta(**by)
        return self.now
