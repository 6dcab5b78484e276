"""Ways of reaching a worker. One module per way; each has one class that keeps the `Channel` promise.

A notice names a ticket, never a person: its ticket, level word, place, deadline and link, nothing else.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable
from zoneinfo import ZoneInfo

LOCAL = ZoneInfo("Asia/Shanghai")
LONGEST_TEXT = 140


class ChannelFailure(Exception):
    """Base of the two ways in which a notice is not delivered. Its text has no words from the provider."""


class TemporaryFailure(ChannelFailure):
    """A later try may succeed. `retry_after` is what the provider asked for, in seconds, if it did."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class PermanentFailure(ChannelFailure):
    """No later try of the same notice on this channel can succeed: take the next step now."""


@dataclass(frozen=True)
class Notice:
    """What a worker is sent. `key` stays the same for every try, so that a provider can know a repeat.

    `round` counts the escalation steps from 1. Refuses (`ValueError`) what would say more than a notice may:
    a place with digits in it (a house or telephone number), a text that is too long, a naive deadline.
    """

    ticket_code: str
    level_word: str
    place: str
    respond_by: datetime
    link: str
    text: str
    key: str
    round: int = 1

    def __post_init__(self) -> None:
        if self.respond_by.tzinfo is None:
            raise ValueError("a deadline must know its time zone")
        if len(self.place) > 30 or re.search(r"[0-9０-９]", self.place):
            raise ValueError("a notice's place is a street's or an office's name")
        if not 0 < len(self.text) <= LONGEST_TEXT or "\n" in self.text:
            raise ValueError("a notice's text is one short line")
        if not re.fullmatch(r"[\x21-\x7e]{1,100}", self.key):
            raise ValueError("a notice's key is plain ASCII without blanks")
        if self.round < 1:
            raise ValueError("rounds count from 1")


@dataclass(frozen=True)
class Receipt:
    """A provider's word that it has taken a notice: the channel's name and the provider's reference."""

    channel: str
    reference: str


@runtime_checkable
class Channel(Protocol):
    """One way of reaching a worker."""

    name: str

    def send(self, notice: Notice) -> Receipt:
        """Hand over one notice and return the provider's receipt.

        Raises `TemporaryFailure` if a later try may succeed, `PermanentFailure` if none can.
        """
        ...


def notice_text(
    ticket_code: str, level_word: str, place: str, respond_by: datetime, now: datetime, *, demo: bool = False
) -> str:
    """The one line that a worker reads: 红色工单 B-0731-7 · 浦沿街道 · 14:30 前回应 · 点开查看.

    The deadline is written in local time, with the day when it is not today.
    """
    parts = [f"{level_word}工单 {ticket_code}", place, f"{_deadline(respond_by, now)} 前回应", "点开查看"]
    return ("【演示】" if demo else "") + " · ".join(parts)


def _deadline(respond_by: datetime, now: datetime) -> str:
    if respond_by.tzinfo is None or now.tzinfo is None:
        raise ValueError("times must know their time zone")
    local, today = respond_by.astimezone(LOCAL), now.astimezone(LOCAL).date()
    clock = f"{local:%H:%M}"
    if local.date() == today:
        return clock
    if local.date() == today + timedelta(days=1):
        return f"明天 {clock}"
    return f"{local.month}月{local.day}日 {clock}"
