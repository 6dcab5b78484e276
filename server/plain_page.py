"""Small pages made on the server: one column, readable on a phone, no script, nothing loaded from anywhere."""

import base64
from hashlib import sha256

from fastapi.responses import HTMLResponse

STYLE = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0; background: #f6f4ef; color: #1f2a2e; font: 1.0625rem/1.7 system-ui, "Noto Sans SC", sans-serif; }
main { max-width: 44rem; margin: 0 auto; padding: 1.25rem 1rem 3rem; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.3; }
h2 { font-size: 1.2rem; margin: 0 0 .25rem; }
a { color: #0b5561; }
.banner { margin: 0; padding: .5rem 1rem; background: #fff0c2; color: #4a3500; text-align: center; }
ol.stops { list-style: none; margin: 0; padding: 0; }
ol.stops > li { margin: 1rem 0; padding: 1rem; background: #fff; border: 1px solid #c9c4b8; border-radius: .75rem; }
ul { padding-left: 1.25rem; }
.go { display: flex; flex-wrap: wrap; gap: .5rem; margin: .75rem 0 0; padding: 0; list-style: none; }
.go a, button { display: inline-block; min-height: 2.9rem; padding: .55rem 1.1rem; border: 0; border-radius: .6rem;
  background: #0b5561; color: #fff; font: inherit; text-decoration: none; cursor: pointer; }
a:focus-visible, button:focus-visible { outline: 3px solid #b85c00; outline-offset: 2px; }
table { border-collapse: collapse; width: 100%; background: #fff; }
th, td { padding: .4rem .6rem; border: 1px solid #c9c4b8; text-align: left; }
code { font-size: 1.05em; }
.small { color: #4b575b; font-size: .95rem; }
"""
_HASH = base64.b64encode(sha256(STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"


def plain_page(title: str, body: str, demo: bool) -> HTMLResponse:
    """One page. `body` is HTML: whoever calls escapes what is not their own.

    Its address stays with us: a link may be a secret. Our own origin is told, or its form could not be sent.
    """
    banner = '<p class="banner" role="note">演示模式：街道、人员、电话都是虚构的</p>' if demo else ""
    return HTMLResponse(
        "<!doctype html><html lang=zh-CN><head><meta charset=utf-8>"
        '<meta name=viewport content="width=device-width, initial-scale=1">'
        '<meta name=referrer content=same-origin><meta name=robots content="noindex">'
        f"<title>{title} · 心桥</title><style>{STYLE}</style></head>"
        f"<body>{banner}<main><h1>{title}</h1>{body}</main></body></html>",
        headers={"Content-Security-Policy": POLICY},
    )
