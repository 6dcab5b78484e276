"""Local servers that behave as badly as the real providers: robots, a gateway for text messages, a mail server.

They check what the real ones check (signatures, keys, lengths, twenty a minute), so that a channel that is believed
here says what the real ones want to hear.
"""

import base64
import hmac
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

HTTP_MODES = (
    "refused", "black_hole", "half_open", "error500", "too_many", "code_later", "code_never", "html", "slow",
)  # fmt: skip
MAIL_MODES = (
    "refused", "black_hole", "half_open", "busy421", "later451", "never550", "cut_after_data", "nonsense", "slow",
)  # fmt: skip
TOKEN, SECRET = "robot-token", "SEC-robot-secret"
A_MINUTE = 20


@dataclass
class Said:
    """One message that a provider took: to whom or where, and its text."""

    to: str
    text: str


@dataclass
class BadProvider:
    """A provider over HTTP. `judge` is its own check of a request: None when it is taken, else its refusal."""

    judge: Callable[["BadProvider", str, dict[str, str], bytes], dict[str, Any]]
    later: dict[str, Any]
    never: dict[str, Any]
    path: str
    mode: str = "accept"
    said: list[Said] = field(default_factory=list)
    attempts: int = 0
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{self.path}"


def dingtalk() -> BadProvider:
    """A DingTalk robot: checks token, signature and pace."""

    def judge(robot: BadProvider, path: str, _: dict[str, str], body: bytes) -> dict[str, Any]:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
        if asked.get("access_token") != TOKEN:
            return {"errcode": 300001, "errmsg": "token is not exist"}
        stamp = asked.get("timestamp", "")
        right = base64.b64encode(hmac.digest(SECRET.encode(), f"{stamp}\n{SECRET}".encode(), "sha256"))
        if asked.get("sign", "").encode() != right:
            return {"errcode": 310000, "errmsg": "sign not match"}
        return _spoken(robot, body, 20_000, {"errcode": 130101, "errmsg": "send too fast"})

    return BadProvider(
        judge,
        later={"errcode": 130101, "errmsg": "send too fast, exceed 20 times per minute"},
        never={"errcode": 310000, "errmsg": "sign not match"},
        path=f"/robot/send?access_token={TOKEN}",
    )


def wecom() -> BadProvider:
    """A WeCom robot: checks key, length and pace."""

    def judge(robot: BadProvider, path: str, _: dict[str, str], body: bytes) -> dict[str, Any]:
        if parse_qs(urlsplit(path).query).get("key") != [TOKEN]:
            return {"errcode": 93000, "errmsg": "invalid webhook url"}
        return _spoken(robot, body, 2048, {"errcode": 45009, "errmsg": "api freq out of limit"})

    return BadProvider(
        judge,
        later={"errcode": 45009, "errmsg": "api freq out of limit"},
        never={"errcode": 40058, "errmsg": "text.content exceed max length 2048"},
        path=f"/cgi-bin/webhook/send?key={TOKEN}",
    )


def sms() -> BadProvider:
    """A gateway for text messages: checks the signature over time and body."""

    def judge(gateway: BadProvider, _: str, headers: dict[str, str], body: bytes) -> dict[str, Any]:
        signed = headers.get("x-timestamp", "").encode() + b"\n" + body
        if not hmac.compare_digest(
            headers.get("x-signature", ""), hmac.new(SECRET.encode(), signed, sha256).hexdigest()
        ):
            return {"code": "isv.SIGNATURE_DOES_NOT_MATCH"}
        told = json.loads(body)
        gateway.said.append(Said(told["to"], told["text"]))
        return {"code": "OK", "reference": f"sms-{len(gateway.said)}"}

    return BadProvider(
        judge,
        later={"code": "isv.BUSINESS_LIMIT_CONTROL", "reference": "r"},
        never={"code": "isv.MOBILE_NUMBER_ILLEGAL", "reference": "r"},
        path="/sms",
    )


def _spoken(robot: BadProvider, body: bytes, most: int, too_fast: dict[str, Any]) -> dict[str, Any]:
    told = json.loads(body)
    text = told["text"]["content"]
    if told["msgtype"] != "text" or len(text.encode()) > most:
        return {"errcode": 40058, "errmsg": "exceed max length"}
    if robot.attempts > A_MINUTE:
        return too_fast
    robot.said.append(Said("group", text))
    return {"errcode": 0, "errmsg": "ok"}


@contextmanager
def listening(provider: BadProvider, mode: str = "accept") -> Iterator[BadProvider]:
    """Run a provider on a free port until the block ends."""
    provider.mode = mode
    if mode in ("refused", "half_open"):
        with _dead_end(mode) as provider.port:
            yield provider
        return
    stopping = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            provider.attempts += 1
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.close_connection = True
            match provider.mode:
                case "black_hole":
                    stopping.wait(60)
                case "error500":
                    self.answer(500, b"Internal Server Error")
                case "too_many":
                    self.answer(429, b"{}", {"Retry-After": "7"})
                case "code_later":
                    self.answer(200, json.dumps(provider.later).encode())
                case "code_never":
                    self.answer(200, json.dumps(provider.never).encode())
                case "html":
                    self.answer(200, "<html>登录后继续</html>".encode(), {"Content-Type": "text/html"})
                case "slow":
                    self.drip(b'{"errcode": 0, "code": "OK", "reference": "slow"}')
                case _:
                    named = {name.lower(): value for name, value in self.headers.items()}
                    self.answer(200, json.dumps(provider.judge(provider, self.path, named, body)).encode())

        def answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def drip(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(OSError):
                for byte in body:
                    self.wfile.write(bytes([byte]))
                    self.wfile.flush()
                    if stopping.wait(1):
                        return

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads, server.block_on_close = True, False
    provider.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield provider
    finally:
        stopping.set()
        server.shutdown()
        server.server_close()


@contextmanager
def _dead_end(mode: str) -> Iterator[int]:
    """A port where nobody listens, or one that lets a caller in and never looks at them."""
    with socket.socket() as waiting:
        waiting.bind(("127.0.0.1", 0))
        port = waiting.getsockname()[1]
        if mode == "half_open":
            waiting.listen(16)
        else:
            waiting.close()
        yield port


@dataclass
class BadMail:
    """A mail server: what it took, and how it treats who comes."""

    mode: str = "accept"
    tls: ssl.SSLContext | None = None
    offers_tls: bool = False
    port: int = 0
    said: list[Said] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)


@contextmanager
def mail(
    mode: str = "accept", *, starttls: ssl.SSLContext | None = None, over_tls: ssl.SSLContext | None = None
) -> Iterator[BadMail]:
    """Run a mail server on a free port until the block ends."""
    server = BadMail(mode, tls=starttls, offers_tls=starttls is not None)
    if mode in ("refused", "half_open"):
        with _dead_end(mode) as server.port:
            yield server
        return
    stopping = threading.Event()
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen(16)
        server.port = door.getsockname()[1]

        def let_in() -> None:
            while not stopping.is_set():
                try:
                    caller, _ = door.accept()
                except OSError:
                    return
                threading.Thread(
                    target=_treat, args=(server, caller, over_tls, stopping), daemon=True
                ).start()

        threading.Thread(target=let_in, daemon=True).start()
        try:
            yield server
        finally:
            stopping.set()
            with suppress(OSError):
                door.shutdown(socket.SHUT_RDWR)


def _treat(
    server: BadMail, caller: socket.socket, over_tls: ssl.SSLContext | None, stopping: threading.Event
) -> None:
    with suppress(OSError, ValueError), caller:
        if server.mode == "black_hole":
            stopping.wait(60)
            return
        _converse(server, over_tls.wrap_socket(caller, server_side=True) if over_tls else caller, stopping)


def _converse(server: BadMail, caller: socket.socket, stopping: threading.Event) -> None:
    def say(line: str) -> None:
        caller.sendall(f"{line}\r\n".encode())

    if server.mode == "slow":
        for sign in "220 wait a moment, please, we are slow here\r\n":
            caller.sendall(sign.encode())
            if stopping.wait(1):
                return
    if server.mode == "nonsense":
        say("HTTP/1.1 200 OK")
        return
    say("421 too busy" if server.mode == "busy421" else "220 ready")
    to = ""
    reading = caller.makefile("rb")
    while line := reading.readline().decode().strip():
        server.seen.append(line)
        verb = line.split(" ")[0].split(":")[0].upper()
        match verb:
            case "EHLO":
                say("250-here\r\n250 STARTTLS" if server.offers_tls else "250 here")
            case "STARTTLS":
                say("220 go on")
                assert server.tls is not None
                caller = server.tls.wrap_socket(caller, server_side=True)
                reading, server.offers_tls = caller.makefile("rb"), False
            case "MAIL":
                say("451 try again later" if server.mode == "later451" else "250 ok")
            case "RCPT":
                to = line.partition("<")[2].partition(">")[0]
                say("550 no such mailbox" if server.mode == "never550" else "250 ok")
            case "DATA":
                say("354 go on")
                letter = b"".join(iter(reading.readline, b".\r\n"))
                if server.mode == "cut_after_data":
                    return
                server.said.append(Said(to, letter.decode()))
                say("250 taken")
            case "QUIT":
                if server.mode == "rude_goodbye":
                    return
                say("221 bye")
                return
            case _:
                say("250 ok")
