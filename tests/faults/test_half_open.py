"""R09: the line to the database dies half-way and nobody hangs up; the same processes dial again and go on."""

import uuid
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import select

from storage.heartbeat import Heartbeat
from tests.support.bad_gateway import BadGateway
from tests.support.line import Line
from tests.support.processes import until
from tests.support.works import Works, shown

pytestmark = pytest.mark.slow

AGAIN = 120.0
"""A statement's limit, what the server holds for a client that is gone, and a round that meets both."""
CRISIS = "我不想活了"


@pytest.fixture
def line(works: Works) -> Iterator[Line]:
    """The line of the programs alone; the test has its own way to the database."""
    url = works.database.engine.url
    [theirs] = Path(str(url.query["host"])).glob(".s.PGSQL.*[0-9]")
    with TemporaryDirectory() as folder, Line(theirs, Path(folder)) as line:  # a socket's path is short
        through = url.update_query_dict({"host": folder})
        works.settings["DATABASE_URL"] = through.render_as_string(hide_password=False)
        yield line


def signs(works: Works) -> dict[str, datetime]:
    with works.database.transaction() as db:
        return {row.name: row.beat_at for row in db.scalars(select(Heartbeat))}


def test_a_line_that_is_dead_and_does_not_say_so(works: Works, gateway: BadGateway, line: Line) -> None:
    application, clocks = works.starts("serve"), works.starts("jobs")
    resident = works.resident(place="puyan-hall")
    resident.agrees()
    until(lambda: len(signs(works)) > 1)
    dialled = line.calls

    line.dies()
    before = signs(works)
    body = {"client_id": str(uuid.uuid4()), "text": CRISIS}
    until(lambda: resident.sends("POST", "/messages", body).status_code == 200, AGAIN)
    assert shown(resident.sends("POST", "/messages", body)).alarm is not None
    [ticket] = works.tickets_of(resident)
    until(lambda: gateway.rang(ticket.code), AGAIN)
    until(lambda: all(at > before[name] for name, at in signs(works).items() if name in before), AGAIN)
    until(lambda: all(notice.state == "delivered" for notice in works.notices_of(ticket)))
    told = [kept for kept in gateway.received if kept["notice"]["ticket"] == ticket.code]
    assert len(told) == len(works.notices_of(ticket)), "nothing was told twice"
    assert line.calls > dialled
    assert (application.status, clocks.status) == (None, None), "the same processes"
    works.audit_is_intact()
