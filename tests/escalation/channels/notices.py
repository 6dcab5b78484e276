"""The notice that the tests of all channels send."""

from datetime import UTC, datetime
from typing import Any

from escalation.channels import Notice, notice_text

NOW = datetime(2026, 11, 20, 6, 15, tzinfo=UTC)
DUE = datetime(2026, 11, 20, 6, 30, tzinfo=UTC)
LINK = "https://xinqiao.example/console/tickets/K-0731-7"


def a_notice(**other: Any) -> Notice:
    """A red ticket in 浦沿, due in a quarter of an hour."""
    said: dict[str, Any] = {
        "ticket_code": "K-0731-7",
        "level_word": "红色",
        "place": "浦沿街道",
        "respond_by": DUE,
        "link": LINK,
        "text": notice_text("K-0731-7", "红色", "浦沿街道", DUE, NOW),
        "key": "ticket-1/round-1",
    }
    return Notice(**{**said, **other})
