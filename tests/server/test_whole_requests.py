"""A message that arrived whole is not lost because its sender hung up while the server was busy."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn

from server.whole_requests import WholeRequests
from tests.support.processes import until

SENDERS = 20
BODY = "我不想活了".encode()


class BusyApp:
    """Stands still on `GET`, as a server does under load; keeps every body that it is given."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.busy = threading.Event()
        self.go_on = threading.Event()
        self.told_of_hanging_up = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        if scope["method"] == "GET":
            self.busy.set()
            self.go_on.wait(30)  # on purpose: nothing else of the server runs meanwhile
        await asyncio.sleep(0.05)  # what stands before the reading: limits, the gate, other people's turns
        message = await receive()
        if message["type"] == "http.disconnect":
            self.told_of_hanging_up += 1
            return
        if scope["method"] == "POST":
            self.bodies.append(message["body"])
            if (await receive())["type"] == "http.disconnect":
                self.told_of_hanging_up += 1
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})


@pytest.fixture
def app() -> BusyApp:
    return BusyApp()


@pytest.fixture
def port(app: BusyApp) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, http=WholeRequests, log_config=None, lifespan="off"))
        running = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        running.start()
        try:
            until(lambda: server.started)
            yield listening.getsockname()[1]
        finally:
            app.go_on.set()
            server.should_exit = True
            running.join(20)


def hangs_up(port: int, head: bytes, body: bytes = b"") -> None:
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.sendall(head + body)


def test_what_arrived_whole_reaches_the_application_though_nobody_waits_for_the_answer(
    app: BusyApp, port: int
) -> None:
    waiting = socket.create_connection(("127.0.0.1", port))
    waiting.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert app.busy.wait(20)
    for _ in range(SENDERS):
        hangs_up(port, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(BODY), BODY)
    time.sleep(0.1)
    app.go_on.set()
    until(lambda: len(app.bodies) == SENDERS)
    waiting.close()
    assert set(app.bodies) == {BODY}
    until(lambda: app.told_of_hanging_up == SENDERS)


def test_of_half_a_request_the_application_hears_that_the_line_is_gone(app: BusyApp, port: int) -> None:
    app.go_on.set()
    hangs_up(port, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n", BODY)
    until(lambda: app.told_of_hanging_up == 1)
    assert app.bodies == []
