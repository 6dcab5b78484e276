"""The line by which pages hear of changes dies half-way and nobody hangs up; the listener dials again and hears."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from server.listening import Listening
from storage import database as lines
from storage.database import Database
from tests.support.line import Line
from tests.support.processes import until


def test_the_listener_gives_a_dead_line_up_and_hears_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "NO_ANSWER_SECONDS", 1.0)
    [theirs] = Path(str(database.engine.url.query["host"])).glob(".s.PGSQL.*[0-9]")
    with TemporaryDirectory() as folder, Line(theirs, Path(folder)) as line:  # a socket's path is short
        url = database.engine.url.update_query_dict({"host": folder})
        ear = Listening(Database(url, database.vault))
        ear.start()
        try:
            until(lambda: ear.hears)
            dialled = line.calls
            line.dies()
            until(lambda: line.calls > dialled, 60)
            until(lambda: ear.hears, 60)
            assert line.calls == dialled + 1, "a line that is quiet and alive is kept"
        finally:
            ear.close()
