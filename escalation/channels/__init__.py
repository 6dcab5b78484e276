"""Ways of reaching a worker. One module per way; each has one class that keeps the `Channel` promise.

A notice names a ticket, never a person: its ticket, level word, place, deadline and link, nothing else.
"""

import re
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable
from zoneinfo import ZoneInfo

LOCAL = ZoneInfo("Asia/Shanghai")
LONGEST_PLACE, LONGEST_TEXT = 30, 140


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

    `round` counts the steps of the escalation. `to` is the opened address of one person or desk, where the channel
    has no single address of its own; it is in no log and in no text. `reply_code` lets its receiver take the ticket
    by text message. `count` above 1: this is a digest of so many tickets, and the other fields are those of the
    most urgent. Refuses (`ValueError`) only what no channel could send: a
    naive deadline, a key that cannot stand in a header. Everything else is made fit by `discreet`, because
    a notice that is refused for its form is a person whom nobody visits.
    """

    ticket_code: str
    level_word: str
    place: str
    respond_by: datetime
    link: str
    text: str
    key: str
    round: int = 1
    to: str = field(default="", repr=False)
    reply_code: str | None = field(default=None, repr=False)
    count: int = 1

    def __post_init__(self) -> None:
        if self.respond_by.tzinfo is None:
            raise ValueError("a deadline must know its time zone")
        if not re.fullmatch(r"[\x21-\x7e]{1,200}", self.key):
            raise ValueError("a notice's key is plain ASCII without blanks")
        if self.reply_code is not None and not re.fullmatch(r"[0-9]{6}", self.reply_code):
            raise ValueError("a reply code has six digits")


def discreet(notice: Notice) -> Notice:
    """The notice as it may leave us: one short line, and a place without digits.

    A place is a street's or an office's name. Should a house or telephone number ever stand in it, the
    number stays here and the notice still goes. Every channel sends this and not what it was given.
    """
    place = re.sub(r"[0-9０-９]", "*", notice.place)[:LONGEST_PLACE]
    text = notice.text.replace(notice.place, place) if notice.place else notice.text
    return replace(notice, place=place, text=" ".join(text.split())[:LONGEST_TEXT])


def whole_text(notice: Notice, most_bytes: int, encoding: str = "utf-8") -> str:
    """All of a notice as one person reads it: the line, how to take it by text message, and the link.

    Never longer than `most_bytes`: a provider throws away or cuts what is longer, so the line is shortened, and the
    way to answer and the link stay. `ValueError` when not even these fit.
    """
    said = discreet(notice)
    rest = "".join(
        f" {part}" for part in (notice.reply_code and reply_text(notice.reply_code), said.link) if part
    )
    room = most_bytes - len(rest.encode(encoding))
    if room < 0:
        raise ValueError("the link is longer than the channel allows")
    line = said.text
    while len(line.encode(encoding)) > room:
        line = line[:-1]
    return f"{line}{rest}".strip()


@dataclass(frozen=True)
class Receipt:
    """A provider's word that it has taken a notice: the channel's name and the provider's reference."""

    channel: str
    reference: str


@runtime_checkable
class Channel(Protocol):
    """One way of reaching a worker.

    `pace` is the least time between two messages to one address; what comes faster is put together in a digest.
    Zero means that there is none.
    """

    name: str
    pace: timedelta

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
    parts = [
        f"{level_word}工单 {ticket_code}",
        place,
        f"{deadline_words(respond_by, now)} 前回应",
        "点开查看",
    ]
    return ("【演示】" if demo else "") + " · ".join(parts)


def digest_text(
    count: int, level_word: str, place: str, respond_by: datetime, now: datetime, *, demo: bool = False
) -> str:
    """The one line for several tickets together: 3 件工单待回应 · 最急红色 · 浦沿街道 · 14:30 前回应 · 点开查看.

    Level, place and deadline are those of the most urgent one; where there is more than one place, give the
    district's name. `ValueError` for fewer than two.
    """
    if count < 2:
        raise ValueError("a digest is of two tickets or more")
    due = f"{deadline_words(respond_by, now)} 前回应"
    parts = [f"{count} 件工单待回应", f"最急{level_word}", place, due, "点开查看"]
    return ("【演示】" if demo else "") + " · ".join(parts)


def reply_text(reply_code: str) -> str:
    """What is added where a ticket may be taken by text message: 回复“签收 483920”接单."""
    return f"回复“签收 {reply_code}”接单"


def deadline_words(respond_by: datetime, now: datetime) -> str:
    """A time as a worker reads a clock: 14:30, 明天 00:00, 11月22日 09:00."""
    if respond_by.tzinfo is None or now.tzinfo is None:
        raise ValueError("times must know their time zone")
    local, today = respond_by.astimezone(LOCAL), now.astimezone(LOCAL).date()
    clock = f"{local:%H:%M}"
    if local.date() == today:
        return clock
    if local.date() == today + timedelta(days=1):
        return f"明天 {clock}"
    return f"{local.month}月{local.day}日 {clock}"
