"""A gateway in a process of its own that takes notices and writes down when: `python -m tests.bench.gateway FILE`.

It answers a webhook at `/notices` and text messages at `/sms` as they were agreed, at once, and counts repeats.
"""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from server.settings import ROOT
from server.tether import end_with_parent


class Gateway:
    """The gateway as the bench sees it: where it listens, and what it has taken."""

    def __init__(self, port: int, file: Path) -> None:
        self.base_url = f"http://127.0.0.1:{port}"
        self.file = file

    def taken(self) -> list[dict[str, Any]]:
        """Every request in the order of arrival: `at` (seconds), `key`, and for a webhook `ticket`."""
        return [json.loads(line) for line in self.file.read_text().splitlines()]

    def doubles(self) -> int:
        """How many requests said again what was taken before."""
        keys = [one["key"] for one in self.taken()]
        return len(keys) - len(set(keys))


@contextmanager
def gateway(folder: Path) -> Iterator[Gateway]:
    """A gateway that listens until the block ends."""
    file = folder / "taken.jsonl"
    file.touch()
    command = [sys.executable, "-m", "tests.bench.gateway", str(file)]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield Gateway(int(process.stdout.readline()), file)
    finally:
        process.terminate()
        process.wait(10)


class _Handler(BaseHTTPRequestHandler):
    timeout = 30
    file: Any = None

    def do_POST(self) -> None:
        at, key = time.time(), self.headers["Idempotency-Key"]
        said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.file.write(json.dumps({"at": at, "key": key, "ticket": said.get("ticket")}) + "\n")
        self.file.flush()
        answer = {"errcode": 0, "receipt": key[:60]} | {"code": "OK", "reference": key[:60]}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the file is the record."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def main() -> None:
    end_with_parent(signal.SIGKILL)
    with Path(sys.argv[1]).open("a", encoding="utf-8") as file, _Server(("127.0.0.1", 0), _Handler) as server:
        _Handler.file = file
        print(server.server_address[1], flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
