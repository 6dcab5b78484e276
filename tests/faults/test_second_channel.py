"""R07: ten alarms while the first channel fails in one of nine ways. Each ends at the second channel within two
minutes, none is taken for sent by the first, and no sender is held for ten seconds.

The clock of the application moves by hand; the providers, the sockets and the senders are real.
"""

import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime

import pytest
from sqlalchemy import select, update

from escalation import chain
from escalation.channels import Channel
from escalation.channels.allowed import AllowedHosts
from escalation.channels.dingtalk import DingtalkChannel
from escalation.channels.mail import MailChannel
from escalation.channels.sms import SmsChannel
from escalation.channels.wecom import WecomChannel
from escalation.contact_book import add_point
from escalation.contact_point import ContactPoint
from escalation.outbox import QueuedNotice
from escalation.ticket import Ticket
from tests.support import bad_providers
from tests.support.bad_providers import HTTP_MODES, MAIL_MODES, SECRET
from tests.support.town import Town

BUDGET = 0.3
HERE = AllowedHosts([], loopback=True)
WITHIN = 120
ALARMS = 10

Opened = Callable[[ExitStack, str], tuple[Channel, str]]


def _dingtalk(stack: ExitStack, mode: str) -> tuple[Channel, str]:
    robot = stack.enter_context(bad_providers.listening(bad_providers.dingtalk(), mode))
    return DingtalkChannel(HERE, BUDGET), f"{robot.url}#{SECRET}"


def _wecom(stack: ExitStack, mode: str) -> tuple[Channel, str]:
    robot = stack.enter_context(bad_providers.listening(bad_providers.wecom(), mode))
    return WecomChannel(HERE, BUDGET), robot.url


def _sms(stack: ExitStack, mode: str) -> tuple[Channel, str]:
    gateway = stack.enter_context(bad_providers.listening(bad_providers.sms(), mode))
    return SmsChannel(gateway.url, SECRET, "心桥", BUDGET), "13800000001"


def _mail(stack: ExitStack, mode: str) -> tuple[Channel, str]:
    server = stack.enter_context(bad_providers.mail(mode))
    channel = MailChannel("127.0.0.1", server.port, "duty@xinqiao.example", BUDGET, security="none")
    return channel, "puyan@office.example"


FIRST: list[tuple[str, Opened, str]] = [
    *(("dingtalk", _dingtalk, mode) for mode in HTTP_MODES),
    *(("wecom", _wecom, mode) for mode in HTTP_MODES),
    *(("sms", _sms, mode) for mode in HTTP_MODES),
    *(("mail", _mail, mode) for mode in MAIL_MODES),
]


@pytest.fixture(scope="module")
def street(district: Town) -> Town:
    """浦沿 with ten people in danger, and nobody who takes their tickets."""
    for _ in range(ALARMS):
        resident = district.resident(place="puyan-hall")
        resident.agrees()
        resident.says("我不想活了")
    return district


@pytest.mark.parametrize(("name", "opened", "mode"), FIRST, ids=[f"{name}-{mode}" for name, _, mode in FIRST])
def test_each_alarm_ends_at_the_second_channel(street: Town, name: str, opened: Opened, mode: str) -> None:
    occasion = f"r07.{name}.{mode}"
    with ExitStack() as stack:
        channel, address = opened(stack, mode)
        reached_by(street, (name, address), ("webhook", "office"))
        street.services.channels[name] = channel
        stack.callback(street.services.channels.pop, name)
        spoken, longest = alarms(street, occasion), 0.0
        while (street.clock() - spoken).total_seconds() < WITHIN and len(told(street, occasion)) < ALARMS:
            began = time.monotonic()
            street.jobs()
            longest = max(longest, time.monotonic() - began)
            street.clock.advance(seconds=5)

    assert len(set(told(street, occasion))) == ALARMS, (
        f"after {(street.clock() - spoken).total_seconds():.0f} s"
    )
    assert len(told(street, occasion)) == ALARMS, "nothing is told twice"
    rows = first_of(street, name, occasion)
    assert len(rows) == ALARMS
    assert {row.state for row in rows} <= {"waiting", "superseded"}, "not one is taken for sent"
    assert {row.receipt for row in rows} == {None}
    assert longest < 60, "a round of ten notices is not held for long"


def reached_by(street: Town, *ways: tuple[str, str]) -> None:
    """The office's own addresses, the first one first; those of before are gone."""
    with street.database.transaction() as db:
        db.execute(update(ContactPoint).values(active=False))
        for rank, (channel, address) in enumerate(ways):
            add_point(
                db, street.database.vault, office=street.office_code("puyan"), staff_id=None, audience="office",
                channel=channel, address=address, rank=rank,
            )  # fmt: skip


def alarms(street: Town, occasion: str) -> datetime:
    """The office is told of all ten, now; when that was."""
    now = street.clock.advance(minutes=30)
    services = street.services
    with street.database.transaction() as db:
        for ticket in db.scalars(select(Ticket)):
            chain.tell(db, ticket, "office", occasion, now, services.watch.telling, now)
    return now


def told(street: Town, occasion: str) -> list[str]:
    """The tickets of which the second channel has told on this occasion."""
    return [notice.ticket_code for notice in street.channel.sent if f".{occasion}~" in notice.key]


def first_of(street: Town, name: str, occasion: str) -> list[QueuedNotice]:
    """What was to go over the first channel."""
    with street.database.transaction() as db:
        mine = QueuedNotice.key.endswith(f".{occasion}")
        return list(db.scalars(select(QueuedNotice).where(QueuedNotice.channel == name, mine)))
