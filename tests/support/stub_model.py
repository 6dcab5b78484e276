"""A local server that speaks like an OpenAI-compatible one and says what it is told to say, well or badly."""

import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answers = Callable[[list[dict[str, str]]], str]


def chunk(words: str | None = None, *, why: str | None = None, **more: Any) -> bytes:
    """One event of a stream, as vLLM and Ollama write it."""
    delta = {} if words is None else {"content": words}
    choice = {"index": 0, "delta": {**delta, **more}, "finish_reason": why}
    return b"data: " + json.dumps({"object": "chat.completion.chunk", "choices": [choice]}).encode() + b"\n\n"


def whole(text: str, size: int = 3) -> list[bytes]:
    """A text as a whole stream, a few signs at a time."""
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    first = chunk("", role="assistant")
    return [first, *(chunk(piece) for piece in pieces), chunk(why="stop"), b"data: [DONE]\n\n"]


@dataclass
class Wire:
    """How one answer goes over the wire. `hang`: say nothing more and keep the line; `pause`: between pieces."""

    pieces: list[bytes] = field(default_factory=list)
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "text/event-stream"})
    pause: float = 0.0
    hang: bool = False
    endless: bytes = b""
    silent: bool = False


class StubModel:
    """The server. `answer` is a text, a `Wire`, or a function from what it was sent to a text."""

    def __init__(self, answer: str | Wire | Answers, tls: ssl.SSLContext | None = None) -> None:
        self.answer = answer
        self.asked: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.over = threading.Event()
        stub = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                stub.asked.append(body)
                stub.headers.append({name.lower(): value for name, value in self.headers.items()})
                self.close_connection = True
                with suppress(OSError):
                    self.play(stub.wire(body))

            do_GET = do_POST

            def play(self, wire: Wire) -> None:
                if wire.silent:
                    stub.over.wait(60)
                    return
                self.send_response(wire.status)
                for name, value in wire.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                for piece in wire.pieces:
                    self.wfile.write(piece)
                    self.wfile.flush()
                    if wire.pause and stub.over.wait(wire.pause):
                        return
                while wire.endless and not stub.over.is_set():
                    self.wfile.write(wire.endless)
                    if wire.pause and stub.over.wait(wire.pause):
                        return
                if wire.hang:
                    stub.over.wait(60)

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.block_on_close = False
        if tls is not None:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)

    def wire(self, body: dict[str, Any]) -> Wire:
        if isinstance(self.answer, Wire):
            return self.answer
        text = self.answer if isinstance(self.answer, str) else self.answer(body["messages"])
        return Wire(whole(text))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/v1"


@contextmanager
def stub_model(answer: str | Wire | Answers, tls: ssl.SSLContext | None = None) -> Iterator[StubModel]:
    """The server, running until the block ends."""
    stub = StubModel(answer, tls)
    threading.Thread(target=stub.server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield stub
    finally:
        stub.over.set()
        stub.server.shutdown()
        stub.server.server_close()
