"""Requests that nobody's page would send, made from one that it would (B02). Each has a name and what is sent."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

CANARY = "金丝雀柒捌玖"
"""Stands in every hostile request; no answer and no log may repeat it."""


@dataclass(frozen=True)
class Hostile:
    """One hostile body with its headers."""

    name: str
    content: bytes
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})


def bodies(good: dict[str, Any]) -> Iterator[Hostile]:
    """Everything that can be wrong with the body of a request whose right one is `good`."""
    right = json.dumps(good).encode()
    yield from malformed(right)
    yield from wrong_kinds(right)
    yield from wrong_shapes(good)
    for name in good:
        yield from wrong_values(good, name)


def malformed(right: bytes) -> Iterator[Hostile]:
    deep = 20_000
    broken = {
        "empty": b"",
        "blank": b"   ",
        "only a brace": b"{",
        "cut": right[:-1],
        "tail": right + CANARY.encode(),
        "single quotes": right.replace(b'"', b"'"),
        "comment": right + b"// " + CANARY.encode(),
        "two": right + right,
        "not utf-8": right[:-1] + b', "x": "\xff\xfe"}',
        "utf-16": right.decode().encode("utf-16"),
        "byte order mark": b"\xef\xbb\xbf" + right,
        "overlong utf-8": right[:-1] + b', "x": "\xc0\xaf"}',
        "surrogate bytes": right[:-1] + b', "x": "\xed\xa0\x80"}',
        "nul byte": right[:-1] + b"\x00}",
        "deep arrays": b"[" * deep + b"]" * deep,
        "deep objects": b'{"a":' * deep + b"1" + b"}" * deep,
        "deep and open": b"[" * deep,
        "many keys": b"{" + b",".join(b'"k%d": 1' % n for n in range(9000)) + b"}",
        "a long number": b"9" * 10_000,
        "xml": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        "300 KB": b'{"x": "' + CANARY.encode() * 17_000 + b'"}',
    }
    for name, content in broken.items():
        yield Hostile(name, content)


def wrong_kinds(right: bytes) -> Iterator[Hostile]:
    for kind in (
        "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/html",
        "application/xml", "application/octet-stream", "", "application/json;" * 20, "\x7f", "json",
    ):  # fmt: skip
        yield Hostile(f"as {kind[:30]!r}", right, {"Content-Type": kind})
    for coding in ("gzip", "br", "identity, gzip"):
        yield Hostile(
            f"said to be {coding}",
            b"\x1f\x8b" + right,
            {"Content-Type": "application/json", "Content-Encoding": coding},
        )


def wrong_shapes(good: dict[str, Any]) -> Iterator[Hostile]:
    shapes = {
        "null": "null", "true": "true", "number": "1", "string": json.dumps(CANARY), "array": "[]",
        "array of it": json.dumps([good]), "empty object": "{}", "nan": "NaN", "infinity": "-Infinity",
        "1e999": "1e999", "unknown field": json.dumps({**good, "admin": CANARY}),
        "field of all objects": json.dumps({**good, "__class__": CANARY, "__proto__": {"x": 1}}),
        "upper case": json.dumps({name.upper(): value for name, value in good.items()}),
        "inside": json.dumps({"body": good}),
    }  # fmt: skip
    for name, text in shapes.items():
        if text == "{}" and not good:
            continue
        yield Hostile(name, text.encode())


def wrong_values(good: dict[str, Any], name: str) -> Iterator[Hostile]:
    literals = {
        "NaN": "NaN", "Infinity": "Infinity", "1e999": "1e999", "-0": "-0", "big": "9" * 400,
        "float": "1.5", "true": "true", "null": "null", "array": "[]", "object": "{}",
        "nested": "[" * 100 + "]" * 100, "canary": json.dumps(CANARY), "empty": '""',
        "huge": json.dumps(CANARY * 30_000), "nul": r'"\u0000"', "nul in the middle": r'"a\u0000b"',
        "lone surrogate": r'"\ud800"', "two lone surrogates": r'"\udc00\ud800"', "escape": r'"\x"',
        "noncharacter": r'"\uffff"', "combining": json.dumps("e" + "\u0301" * 2000),
        "bidi": json.dumps("\u202e" + CANARY), "bad uuid": '"00000000-0000-0000-0000-00000000000g"',
        "sql": json.dumps("'; DROP TABLE message; --"), "template": json.dumps("{{7*7}}${7*7}%s%n"),
        "path": json.dumps("../../etc/passwd"), "script": json.dumps(f"<script>{CANARY}</script>"),
    }  # fmt: skip
    for value, literal in literals.items():
        rest = json.dumps({k: v for k, v in good.items() if k != name})[1:-1]
        members = f"{json.dumps(name)}: {literal}" + (f", {rest}" if rest else "")
        yield Hostile(f"{name}: {value}", ("{" + members + "}").encode())
    both = json.dumps(good)[:-1] + f", {json.dumps(name)}: {json.dumps(CANARY)}}}"
    yield Hostile(f"{name}: twice", both.encode())
    without = {k: v for k, v in good.items() if k != name}
    yield Hostile(f"{name}: missing", json.dumps(without).encode())


def header_floods() -> Iterator[tuple[str, dict[str, str]]]:
    """Headers that no browser sends with a request."""
    yield "many headers", {f"X-Flood-{n}": CANARY.encode().hex() for n in range(300)}
    yield "long header", {"X-Flood": "a" * 60_000}
    yield "long cookie", {"Cookie": "; ".join(f"c{n}={'v' * 100}" for n in range(300))}
    yield "broken cookie", {"Cookie": '__Host-xq_resident="\\; =; ;;=;__Host-xq_staff'}
    yield "strange cookie", {"Cookie": "__Host-xq_resident=%00%ff; __Host-xq_staff=" + "A" * 5000}
    yield (
        "many hosts",
        {"X-Forwarded-For": ", ".join(["127.0.0.1"] * 200), "X-Forwarded-Host": "evil.example"},
    )
    yield "another method", {"X-HTTP-Method-Override": "DELETE", "X-Original-URL": "/api/staff/me"}
    yield "a range", {"Range": "bytes=0-0," * 500, "If-None-Match": "*", "Expect": "100-continue"}
    yield "a length that lies", {"Content-Length": "999999999"}
    yield "languages", {"Accept": "application/xml;q=" + "9" * 400, "Accept-Language": "zh-" * 2000}
