"""A gateway for demos and tests: takes notices, shows them, and misbehaves on request.

It stands where a provider of text messages would stand. It listens on loopback only, knows no person, and
keeps what it accepted in memory and in a file of JSON lines.

    POST /notices     what a channel sends
    GET  /            the notices as a plain page that renews itself
    GET  /received    the notices as JSON
    GET, PUT /behaviour   {"mode": "accept"} or one of `MODES`; `"times": n` for the next n notices only
"""

import html
import json
import os
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast
from uuid import uuid4
from zoneinfo import ZoneInfo

MODES = {
    "accept": "takes every notice and says so",
    "refuse": "answers 403",
    "hang": "takes the request and never answers",
    "error500": "answers 500",
    "too_many": "answers 429 and asks to wait",
    "lie_html": "answers 200 with a web page",
    "lie_errcode": "answers 200 with an error inside",
    "no_receipt": "answers 200 and success without a receipt",
    "slow": "takes the notice and answers one byte a second",
    "slow_headers": "takes the notice and drips its headers",
    "cut": "takes the notice and breaks off in the middle of the answer",
    "redirect": "answers 302",
    "huge": "answers 200 without end",
}
TAKEN_ALL_THE_SAME = frozenset({"accept", "slow", "slow_headers", "cut"})
LARGEST_NOTICE = 64 * 1024
KEPT = 1000
LOCAL = ZoneInfo("Asia/Shanghai")

STYLE = """
body { font: 16px/1.6 system-ui, sans-serif; margin: 2rem auto; max-width: 52rem; color: #222 }
.banner { background: #fff3cd; padding: .5rem 1rem; border-radius: .5rem }
li { border: 1px solid #ccc; border-radius: .5rem; margin: .75rem 0; padding: .75rem 1rem; list-style: none }
ul { padding: 0 } .small { color: #555; font-size: .875rem }
"""
SECURITY = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


@dataclass
class Inbox:
    """What the gateway has received. A key that comes again is counted, not listed again."""

    file: Path | None = None
    notices: list[dict[str, Any]] = field(default_factory=list)
    attempts: int = 0
    mode: str = "accept"
    times: int | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def behave(self, mode: str, times: int | None = None) -> None:
        """Behave so for the next `times` notices, or until told otherwise."""
        with self.lock:
            self.mode, self.times = mode, times

    def next_mode(self) -> str:
        """How to treat the notice that has just come in."""
        with self.lock:
            self.attempts += 1
            mode = self.mode
            if self.times is not None:
                self.times -= 1
                if self.times <= 0:
                    self.mode, self.times = "accept", None
            return mode

    def take(self, notice: dict[str, Any], key: str) -> str:
        """Keep a notice and return its receipt; the same key gets the same receipt."""
        with self.lock:
            for kept in self.notices:
                if kept["key"] == key:
                    kept["times"] += 1
                    return str(kept["receipt"])
            kept = {"received_at": datetime.now(UTC).isoformat(), "receipt": f"demo-{uuid4().hex[:12]}"}
            kept |= {"times": 1, "key": key, "notice": notice}
            self.notices.append(kept)
            del self.notices[:-KEPT]
            if self.file is not None:
                with self.file.open("a", encoding="utf-8") as lines:
                    lines.write(json.dumps(kept, ensure_ascii=False) + "\n")
            return str(kept["receipt"])


class DemoGateway:
    """The server around an inbox. Port 0 takes a free one. A context manager runs it in a thread."""

    def __init__(self, port: int, folder: Path | None = None) -> None:
        file = None
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            file = folder / "notices.jsonl"
            os.close(os.open(file, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600))
        self.inbox = Inbox(file)
        self.stopping = threading.Event()
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.gateway = self
        self._thread: threading.Thread | None = None

    @property
    def base_url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        """Where notices are sent."""
        return f"{self.base_url}/notices"

    def serve(self) -> None:
        """Serve until `stop` is called from another thread."""
        self._server.serve_forever(poll_interval=0.1)

    def stop(self) -> None:
        """Stop serving, and let go of every request that is being kept waiting."""
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> "DemoGateway":
        self._thread = threading.Thread(target=self.serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    gateway: DemoGateway


class _Handler(BaseHTTPRequestHandler):
    timeout = 30
    server_version = "xinqiao-demo-gateway"
    sys_version = ""

    @property
    def gateway(self) -> DemoGateway:
        return cast(_Server, self.server).gateway

    def do_GET(self) -> None:
        inbox = self.gateway.inbox
        if not self._from_here():
            return
        if self.path == "/":
            self._answer(200, _page(inbox), "text/html; charset=utf-8", {"Refresh": "3"})
        elif self.path == "/style.css":
            self._answer(200, STYLE.encode(), "text/css; charset=utf-8")
        elif self.path == "/received":
            with inbox.lock:
                received = {"attempts": inbox.attempts, "notices": [dict(notice) for notice in inbox.notices]}
            self._json(200, received)
        elif self.path == "/behaviour":
            self._json(200, {"mode": inbox.mode, "times": inbox.times, "modes": MODES})
        else:
            self._json(404, {"error": "没有这个地址"})

    def do_PUT(self) -> None:
        if not self._from_here():
            return
        body = self._body()
        if self.path != "/behaviour":
            self._json(404, {"error": "没有这个地址"})
            return
        mode, times = (body.get("mode"), body.get("times")) if isinstance(body, dict) else (None, None)
        if not isinstance(mode, str) or mode not in MODES:
            self._json(422, {"error": "mode 要是其中之一：" + "、".join(MODES)})
        elif times is not None and (type(times) is not int or times < 1):
            self._json(422, {"error": "times 要是大于零的整数"})
        else:
            self.gateway.inbox.behave(mode, times)
            self._json(200, {"mode": mode, "times": times})

    def do_POST(self) -> None:
        if not self._from_here():
            return
        notice = self._body()
        key = self.headers.get("Idempotency-Key", "")
        if self.path != "/notices":
            self._json(404, {"error": "没有这个地址"})
        elif not isinstance(notice, dict) or not key:
            self._json(400, {"errcode": 40001, "errmsg": "要一条 JSON 通知，并带 Idempotency-Key"})
        else:
            self._treat(notice, key)

    def _treat(self, notice: dict[str, Any], key: str) -> None:
        mode = self.gateway.inbox.next_mode()
        success: dict[str, Any] = {"errcode": 0}
        if mode in TAKEN_ALL_THE_SAME:
            success["receipt"] = self.gateway.inbox.take(notice, key)
        match mode:
            case "hang":
                self.gateway.stopping.wait(120)
                self.close_connection = True
            case "refuse":
                self._json(403, {"errcode": 40003, "errmsg": "refused"})
            case "error500":
                self._answer(500, b"Internal Server Error", "text/plain")
            case "too_many":
                self._answer(429, b"{}", "application/json", {"Retry-After": "7"})
            case "lie_html":
                self._answer(200, "<html><body>登录后继续</body></html>".encode(), "text/html; charset=utf-8")
            case "lie_errcode":
                self._json(200, {"errcode": 40014, "errmsg": "invalid token", "receipt": "not-sent"})
            case "redirect":
                self._answer(302, b"", "text/plain", {"Location": f"{self.gateway.base_url}/elsewhere"})
            case "cut":
                body = json.dumps(success).encode()
                self._head(200, len(body) + 100, "application/json")
                self.wfile.write(body)
                self.close_connection = True
            case "huge":
                self._head(200, 64 * 1024 * 1024, "application/json")
                self._drip(b" " * 65536, 1024, 0)
            case "slow":
                body = json.dumps(success).encode()
                self._head(200, len(body), "application/json")
                for byte in body:
                    if not self._drip(bytes([byte]), 1, 1):
                        break
            case "slow_headers":
                self.wfile.write(b"HTTP/1.1 200 OK\r\n")
                if self._drip(b"X-Wait: yes\r\n", 20, 1):
                    body = json.dumps(success).encode()
                    self.wfile.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
                self.close_connection = True
            case _:
                self._json(200, success)

    def _drip(self, piece: bytes, times: int, pause: float) -> bool:
        """Write one piece again and again; False as soon as nobody reads any more, or we are stopping."""
        try:
            for _ in range(times):
                self.wfile.write(piece)
                self.wfile.flush()
                if self.gateway.stopping.wait(pause):
                    return False
        except OSError:
            self.close_connection = True
            return False
        return True

    def _from_here(self) -> bool:
        """Refuse a request that a foreign web page sent here under another name."""
        host = self.headers.get("Host", "").rsplit(":", 1)[0]
        if host in ("127.0.0.1", "localhost"):
            return True
        self._json(403, {"error": "只接受本机的请求"})
        return False

    def _body(self) -> Any:
        """The JSON in the request, or None for anything else."""
        try:
            length = int(self.headers.get("Content-Length", ""))
        except ValueError:
            return None
        if not 0 < length <= LARGEST_NOTICE:
            self.close_connection = True
            return None
        if not self.headers.get("Content-Type", "").startswith("application/json"):
            self.rfile.read(length)
            return None
        try:
            return json.loads(self.rfile.read(length))
        except (ValueError, RecursionError):
            return None

    def _json(self, status: int, value: Any) -> None:
        self._answer(
            status, json.dumps(value, ensure_ascii=False).encode(), "application/json; charset=utf-8"
        )

    def _answer(self, status: int, body: bytes, kind: str, headers: dict[str, str] | None = None) -> None:
        try:
            self._head(status, len(body), kind, headers)
            self.wfile.write(body)
        except OSError:
            self.close_connection = True

    def _head(self, status: int, length: int, kind: str, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(length))
        for name, value in (SECURITY | (headers or {})).items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the page and the file are the record."""


def _page(inbox: Inbox) -> bytes:
    with inbox.lock:
        notices, mode = list(reversed(inbox.notices)), inbox.mode
    rows = "".join(_row(kept) for kept in notices) or "<li>还没有通知。</li>"
    return (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>演示网关</title>'
        '<meta name="viewport" content="width=device-width"><link rel="stylesheet" href="/style.css"></head>'
        '<body><p class="banner">演示：这里代替短信网关，没有人会真的收到。</p><h1>值班手机收到的通知</h1>'
        f'<p class="small">现在的表现：{html.escape(mode)}({html.escape(MODES[mode])})</p>'
        f"<ul>{rows}</ul></body></html>"
    ).encode()


def _row(kept: dict[str, Any]) -> str:
    notice = kept["notice"]
    text, link = str(notice.get("text", "")), str(notice.get("link", ""))
    when = datetime.fromisoformat(kept["received_at"]).astimezone(LOCAL)
    opened = ""
    if link.startswith(("http://", "https://")):
        opened = f'<br><a rel="noreferrer noopener" href="{html.escape(link)}">打开工单</a>'
    again = f",收到 {kept['times']} 次" if kept["times"] > 1 else ""
    small = f'<br><span class="small">{when:%m-%d %H:%M:%S}{again}</span>'
    return f"<li>{html.escape(text)}{opened}{small}</li>"
