"""WeChat as it is met: followers whose messages come signed and encrypted, and a server that sends, or will not.

`Weixin` checks what the real one checks (the token, the length, the form of a message) and can be told to misbehave.
`Somebody` writes through it: what is answered at once and what is sent later both come to them.
"""

import json
import os
import threading
import xml.etree.ElementTree as ET
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from server.jobs import wechat_round
from server.settings import Settings
from server.wechat.account import wechat_of
from server.wechat.cipher import key_of, open_text, seal_text
from server.wechat.signature import signature
from storage.database import Database
from tests.support.clock import MovableClock
from tests.support.town import ORIGIN, Town

APPID, SECRET, TOKEN = "wx0123456789abcdef", "a-secret-of-32-signs-and-no-more!", "atokenofours"
KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
ACCOUNT = "gh_0123456789ab"


@dataclass
class Weixin:
    """Its sending side. `codes`: what it answers to the next messages instead of taking them; a word is a mode."""

    codes: deque[int | str] = field(default_factory=deque)
    taken: list[tuple[str, str]] = field(default_factory=list)
    tokens: int = 0
    forced: list[bool] = field(default_factory=list)
    attempts: int = 0
    port: int = 0
    ended: set[str] = field(default_factory=set)
    token_codes: deque[int] = field(default_factory=deque)

    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ends_token(self) -> None:
        """The token that was given last is not good any more."""
        self.ended.add(f"token-{self.tokens}")

    def give_token(self, asked: dict[str, Any]) -> dict[str, Any]:
        if asked.get("secret") != SECRET or asked.get("appid") != APPID:
            return {"errcode": 40125, "errmsg": "invalid appsecret"}
        if self.token_codes:
            return {"errcode": self.token_codes.popleft(), "errmsg": "no"}
        self.forced.append(asked["force_refresh"])
        self.tokens += 1
        return {"access_token": f"token-{self.tokens}", "expires_in": 7200}

    def take(self, token: str, message: dict[str, Any]) -> dict[str, Any]:
        if token in self.ended or token != f"token-{self.tokens}":
            return {"errcode": 42001, "errmsg": "access_token expired"}
        text = message["text"]["content"]
        if message["msgtype"] != "text" or len(text.encode()) > 2048 or not text:
            return {"errcode": 45002, "errmsg": "content size out of limit"}
        self.taken.append((message["touser"], text))
        return {"errcode": 0, "errmsg": "ok"}


@contextmanager
def weixin() -> Iterator[Weixin]:
    """Run it on a free port until the block ends."""
    server, stopping = Weixin(), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.close_connection = True
            parts = urlsplit(self.path)
            if parts.path == "/cgi-bin/stable_token":
                return self.answer(json.dumps(server.give_token(asked)).encode())
            server.attempts += 1
            told = server.codes.popleft() if server.codes else 0
            if told == "silent":
                stopping.wait(20)
                return None
            if told == "empty":
                return self.answer(b"")
            if told == "html":
                return self.answer("<html>登录</html>".encode())
            if told == "error500":
                return self.answer(b"{}", 500)
            if told:
                return self.answer(json.dumps({"errcode": told, "errmsg": "hint: [x]"}).encode())
            assert parts.path == "/cgi-bin/message/custom/send"
            token = parse_qs(parts.query)["access_token"][0]
            return self.answer(json.dumps(server.take(token, asked)).encode())

        def answer(self, body: bytes, status: int = 200) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads, http.block_on_close = True, False
    server.port = http.server_address[1]
    threading.Thread(target=http.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield server
    finally:
        stopping.set()
        http.shutdown()
        http.server_close()


class WechatTown(Town):
    """A district with an official account."""

    def __init__(
        self, database: Database, clock: MovableClock, home: Path, weixin: Weixin, **more: Any
    ) -> None:
        super().__init__(database, clock, home, **more)
        self.weixin = weixin
        settings = Settings(  # type: ignore[call-arg]
            home=home, public_url=ORIGIN, wechat_appid=APPID, wechat_secret=SECRET, wechat_token=TOKEN,
            wechat_key=KEY, wechat_url=weixin.url(), _env_file=None,
        )  # fmt: skip
        services = self.services
        wechat = wechat_of(settings, database, clock, services.conversation, services.moving)
        assert wechat is not None
        wechat.door.patience = 60.0  # a test that is about waiting says how long
        wechat.door.again_after = ()  # and one about trying again, how often
        self.wechat = wechat
        self.services = replace(services, wechat=wechat)
        self.app.state.services = self.services

    def jobs(self) -> None:
        super().jobs()
        wechat_round(self.services)

    def somebody(self, openid: str = "oABCDEF-somebody_1") -> "Somebody":
        return Somebody(self, openid)


class Somebody:
    """A follower with a phone. `told`: everything that was shown to them, in order."""

    numbers = count(6054768590064713728)

    def __init__(self, town: WechatTown, openid: str) -> None:
        self.town = town
        self.openid = openid
        self.told: list[str] = []
        self.seen = 0

    def message(self, kind: str, **fields: str) -> str:
        """One message as WeChat writes it."""
        parts = {
            "ToUserName": ACCOUNT, "FromUserName": self.openid,
            "CreateTime": str(int(self.town.clock.now.timestamp())), "MsgType": kind, **fields,
        }  # fmt: skip
        body = "".join(f"<{name}><![CDATA[{text}]]></{name}>" for name, text in parts.items())
        return f"<xml>{body}</xml>"

    def posts(self, plain: str, **wrong: Any) -> httpx.Response:
        """One request of WeChat's with this message in it; `wrong` replaces what WeChat would have written."""
        now, nonce = (
            str(int(self.town.clock.now.timestamp())),
            wrong.pop("nonce", None) or os.urandom(4).hex(),
        )
        now = wrong.pop("timestamp", now)
        sealed = wrong.pop("sealed", None) or seal_text(
            key_of(KEY), plain, wrong.pop("appid", APPID), b"r" * 16
        )
        query = {
            "signature": signature(TOKEN, now, nonce), "timestamp": now, "nonce": nonce,
            "openid": self.openid, "encrypt_type": "aes",
            "msg_signature": signature(TOKEN, now, nonce, sealed),
        } | {k: v for k, v in wrong.items() if k != "body"}  # fmt: skip
        body = wrong.get("body") or (
            f"<xml><ToUserName><![CDATA[{ACCOUNT}]]></ToUserName><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
        )
        self.town.http.headers.pop("Origin", None)  # no browser is at work
        try:
            return self.town.ask(
                "POST", "/wechat", params=query, content=body, headers={"Content-Type": "text/xml"}
            )
        finally:
            self.town.http.headers["Origin"] = ORIGIN

    def sends(self, kind: str, *, number: int | None = None, **fields: str) -> str | None:
        """One message; what is answered in the same request, or None."""
        if kind != "event":
            fields["MsgId"] = str(number or next(self.numbers))
        answer = self.opened(self.posts(self.message(kind, **fields)))
        if answer is not None:
            self.told.append(answer)
        return answer

    def opened(self, answer: httpx.Response) -> str | None:
        assert answer.status_code == 200, (answer.status_code, answer.text)
        if answer.text == "success":
            return None
        outer = {child.tag: child.text or "" for child in ET.fromstring(answer.text)}
        signed = signature(TOKEN, outer["TimeStamp"], outer["Nonce"], outer["Encrypt"])
        assert signed == outer["MsgSignature"]
        inner = ET.fromstring(open_text(key_of(KEY), outer["Encrypt"], APPID))
        fields = {child.tag: child.text or "" for child in inner}
        assert (fields["ToUserName"], fields["FromUserName"]) == (self.openid, ACCOUNT)
        assert fields["MsgType"] == "text"
        assert len(fields["Content"].encode()) <= 2048
        return fields["Content"]

    def says(self, words: str, *, number: int | None = None) -> str:
        """Write something and read what comes back, at once or a moment later."""
        answer = self.sends("text", Content=words, number=number)
        if answer is None:
            self.town.run(self.town.wechat.door.finish())
            return self.later()
        return answer

    def event(self, name: str, key: str = "") -> str | None:
        self.town.clock.advance(seconds=1)  # WeChat knows events by their second
        return self.sends("event", Event=name, EventKey=key)

    def agrees(self) -> str:
        self.event("subscribe")
        return self.says("同意")

    def later(self) -> str:
        """What WeChat has brought them since they looked last, after a round of the clocks."""
        wechat_round(self.town.services)
        mine = [text for to, text in self.town.weixin.taken if to == self.openid]
        new, self.seen = mine[self.seen :], len(mine)
        self.told += new
        return "\n".join(new)
