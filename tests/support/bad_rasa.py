"""Something on Rasa's port that is not well: it accepts and never answers, drips, fails, or answers rubbish."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ANSWERS: dict[str, tuple[int, bytes]] = {
    "empty": (200, b"[]"),
    "broken": (500, b"Internal Server Error"),
    "page": (200, "<html><body>登录后继续</body></html>".encode()),
    "object": (200, b'{"status": "failure"}'),
    "words": (200, b'["ok", "ok"]'),
    "nothing": (200, b"[null]"),
    "blank": (200, b'[{"recipient_id": "x", "text": " "}]'),
    "number": (200, b'[{"recipient_id": "x", "text": 7}]'),
    "unkeepable": (200, b'[{"recipient_id": "x", "text": "a\\u0000b\\ud800"}]'),
    "strange_button": (200, b'[{"custom": {"text": "x", "buttons": [{"choice": 3, "title": null}]}}]'),
    "strange_exercise": (200, b'[{"custom": {"text": "x", "exercise": "bungee"}}]'),
    "deep": (200, b"[" * 100_000 + b"]" * 100_000),
    "not_text": (200, b"\xff\xfe\x00"),
    "moved": (302, b""),
}
SLOW = ("hang", "drip")


class BadRasa:
    """The server. `trouble` is a key of `ANSWERS` or one of `SLOW`; `asked` is what it was asked."""

    def __init__(self, trouble: str) -> None:
        self.trouble = trouble
        self.asked: list[dict[str, Any]] = []
        self.over = threading.Event()
        rasa = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                rasa.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                if rasa.trouble == "hang":
                    rasa.over.wait(60)
                    self.close_connection = True
                    return
                status, body = ANSWERS.get(rasa.trouble, (200, b'[{"text": "' + b"x" * 500 + b'"}]'))
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                pieces = [body[i : i + 1] for i in range(len(body))] if rasa.trouble == "drip" else [body]
                for piece in pieces:
                    try:
                        self.wfile.write(piece)
                    except OSError:
                        self.close_connection = True
                        return
                    if rasa.trouble == "drip" and rasa.over.wait(0.1):
                        return

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.block_on_close = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"


@contextmanager
def bad_rasa(trouble: str) -> Iterator[BadRasa]:
    """A Rasa in trouble until the block ends."""
    rasa = BadRasa(trouble)
    thread = threading.Thread(target=rasa.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield rasa
    finally:
        rasa.over.set()
        rasa.server.shutdown()
        rasa.server.server_close()
