"""Whatever breaks, and wherever: the log says what kind and where, and never what somebody sent."""

import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from server.logs import Discreet
from server.settings import ROOT
from tests.privacy.breaking_app import the_app
from tests.privacy.canaries import CANARIES, TRUNKS
from tests.support import canary
from tests.support.stack import free_ports

WHO = CANARIES[3]
SAID = f"{WHO.danger} {WHO.name} {WHO.phone} {WHO.id_number} {WHO.address} {WHO.note}"


@pytest.fixture
def breaking(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The application with a fault behind every route, as a process of its own: its address and log folder."""
    (port,) = free_ports(1)
    folder = tmp_path / "logs"
    folder.mkdir()
    with (folder / "app.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-X", "dev", "-m", "tests.privacy.breaking_app", str(port)],
            cwd=ROOT,
            env={**os.environ, "PYTHONUTF8": "1", "PYTHONUNBUFFERED": "1"},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        address = f"http://127.0.0.1:{port}"
        try:
            for _ in range(600):
                if process.poll() is not None or _answers(address):
                    break
                time.sleep(0.1)
            yield address, folder
        finally:
            process.terminate()
            process.wait(30)


KEY_FIRST = {path for path in the_app().openapi()["paths"] if path.startswith("/api/kiosk/")}


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/healthz", headers={"x-canary": "x"}, trust_env=False).status_code == 503
    except httpx.HTTPError:
        return False


def test_no_fault_of_any_route_tells_the_log_what_was_sent(breaking: tuple[str, Path]) -> None:
    address, folder = breaking
    paths = the_app().openapi()["paths"]
    routes = [(method.upper(), path) for path, methods in paths.items() for method in methods]
    assert len(routes) > 30
    for method, path in routes:
        more: dict[str, Any] = {"content": SAID.encode()} if method != "GET" else {}
        answer = httpx.request(
            method,
            address + path.replace("{", "").replace("}", ""),
            headers={"Origin": address, "x-canary": SAID.encode()},  # type: ignore[dict-item]
            params={"q": SAID},
            trust_env=False,
            **more,
        )
        if path in KEY_FIRST:  # sent away before anything could break
            assert answer.status_code == 401, (method, path, answer.status_code)
            continue
        assert answer.status_code == 503, (method, path, answer.status_code)
        assert not [i for i, trunk in enumerate(TRUNKS) if trunk in answer.text]

    assert canary.hits(folder, TRUNKS) == []
    said = (folder / "app.log").read_text("utf-8")
    silent = {path for path in paths if f" at {path}\n" not in said}
    assert silent == KEY_FIRST, "a fault must leave a trace"
    for kind in (
        *("RuntimeError", "LookupError < KeyError", "ExceptionGroup", "ValidationError", "DataError"),
        *("UnicodeEncodeError", "OSError", "a thread died", "unraisable: RuntimeError", "UserWarning at"),
        *("Task exception was never retrieved", "uvicorn.error failed on %s", "anything at breaking_app.py"),
    ):
        assert kind in said, kind


def test_a_library_is_quoted_without_the_values_it_put_in() -> None:
    write = Discreet("%(levelname)s %(name)s %(message)s").format
    record = logging.LogRecord("httpx", logging.WARNING, "client.py", 7, "GET %s", (SAID,), None)
    assert write(record) == "WARNING httpx GET %s"
    record = logging.LogRecord("some.library", logging.ERROR, "lib.py", 7, SAID, None, None)
    assert write(record) == "ERROR some.library at lib.py:7"
    record = logging.LogRecord("uvicorn.error", logging.ERROR, "s.py", 7, OSError(98, SAID), None, None)  # type: ignore[arg-type]
    assert write(record) == "ERROR uvicorn.error at s.py:7 OSError 98"
    record = logging.LogRecord("xinqiao.jobs", logging.ERROR, "jobs.py", 7, "round %s", ("watch",), None)
    assert write(record) == "ERROR xinqiao.jobs round watch"


def test_the_search_sees_through_every_disguise_that_a_log_may_use(tmp_path: Path) -> None:
    for number, hidden in enumerate(
        (SAID, repr(SAID.encode()), SAID.encode("unicode_escape").decode(), SAID.encode().hex(), repr([SAID]))
    ):
        (tmp_path / "log").write_text(f"x {hidden} y", "utf-8")
        assert canary.hits(tmp_path, TRUNKS), number
