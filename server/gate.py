"""What every request passes first: size, origin, and on the way out the headers that keep pages closed."""

import json
import re
from collections.abc import Awaitable, Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.errors import problem

LARGEST_BODY = 256 * 1024
GIVE_UP_AFTER = 16 * 1024 * 1024
KEPT = 16 * 1024
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; media-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
MESSAGES = "/api/session/messages"
WISHES = re.compile(r"/api/progress/[^/]{1,60}/wishes")
Oversize = Callable[[Request, str], Awaitable[None]]


class Gate:
    """Refuses bodies beyond 256 KiB and changes that come from another site; adds the security headers.

    An over-long message of a resident is refused too, but not before its beginning and end were read for
    danger (`oversize`).
    """

    def __init__(self, app: ASGIApp, oversize: Oversize, https: bool = False) -> None:
        self.app = app
        self.oversize = oversize
        self.https = https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        closed = self._with_headers(scope, send)
        if scope["method"] not in ("GET", "HEAD", "OPTIONS"):
            if not same_origin(request.headers, scope["path"]):
                answer = problem(request, 403, "foreign", "这个请求不是从我们的页面来的，没有处理。")
                await answer(scope, receive, closed)
                return
            body, tail = await _read(receive)
            if tail is not None:
                if scope["path"] == MESSAGES or WISHES.fullmatch(scope["path"]):
                    await self.oversize(request, _text_of(body, tail))
                sentence = "内容太长了，麻烦分成几段再发。您写的还在输入框里。"
                answer = problem(request, 413, "too_large", sentence)
                await answer(scope, receive, closed)
                return
            receive = _replay(body, receive)
        await self.app(scope, receive, closed)

    def _with_headers(self, scope: Scope, send: Send) -> Send:
        api = scope["path"].startswith("/api") or scope["path"] in ("/readyz", "/healthz")

        async def closed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if "Content-Security-Policy" not in headers:  # a page of its own knows what it needs
                    headers["Content-Security-Policy"] = (
                        "default-src 'none'; frame-ancestors 'none'" if api else PAGE_POLICY
                    )
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "no-referrer"
                headers["Cross-Origin-Opener-Policy"] = "same-origin"
                headers["Cross-Origin-Resource-Policy"] = "same-origin"
                headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=(), payment=()"
                if api or "/assets/" not in scope["path"]:
                    headers["Cache-Control"] = "no-store"
                if self.https:
                    headers["Strict-Transport-Security"] = "max-age=31536000"
            await send(message)

        return closed


def same_origin(headers: Headers, path: str) -> bool:
    """Whether a change comes from our own pages. Rasa is known by its token and has no cookie to abuse."""
    if path.startswith("/api/rasa/"):
        return "cookie" not in headers
    origin = headers.get("origin")
    if origin is None:
        return headers.get("sec-fetch-site") == "same-origin" or "cookie" not in headers
    return origin.split("://", 1)[-1] == headers.get("host")


async def _read(receive: Receive) -> tuple[bytes, bytes | None]:
    """The body and None, when that is all of it; of a larger one the beginning and the end."""
    body = b""
    head, tail, total = b"", b"", 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return body, None
        chunk = message.get("body", b"")
        total += len(chunk)
        if total <= LARGEST_BODY:
            body += chunk
        else:
            whole = (tail or body) + chunk
            head = head or whole[:KEPT]
            tail = whole[-KEPT:]
        if not message.get("more_body") or total > GIVE_UP_AFTER:
            return (body, None) if total <= LARGEST_BODY else (head, tail)


def _text_of(head: bytes, tail: bytes) -> str:
    """What can be read of the two ends of an over-long JSON body, in any form that JSON may have."""
    form = json.detect_encoding(head)
    text = "\n".join(end.decode(form, "replace") for end in (head, tail))
    return "".join(_unescaped(text)) if "\\u" in text else text


def _unescaped(text: str) -> list[str]:
    parts = text.split("\\u")
    out = [parts[0]]
    for part in parts[1:]:
        try:
            out.append(json.loads(f'"\\u{part[:4]}"') + part[4:])
        except ValueError:
            out.append(part)
    return out


def _replay(body: bytes, receive: Receive) -> Receive:
    sent = False

    async def replay() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
