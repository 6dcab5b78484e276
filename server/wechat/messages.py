"""WeChat's XML, both ways. Pure: what came becomes a `Said`, an answer becomes text that WeChat shows.

Read with defusedxml: no document type, no entities, nothing fetched, nothing larger than `LARGEST`.
"""

import hashlib
import re
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from server.wechat.errors import NotReadable

LARGEST = 256 * 1024
"""As much as the gate lets through (`server/gate.py`): nothing that came so far is too long to be read."""
BESIDE = ("Label", "Title", "Description")
"""What a place is called, and what stands on a link or a file."""
OPENID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_PRINTED = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Said:
    """One message or event of one follower.

    `kind` is WeChat's own word (text, voice, image, event …). `words` are what somebody wrote, or what WeChat made of
    their voice. `beside`: the words that came with something else, the name of a place, the title of a link. `event`
    and `key` belong to an event. `mark` is the same for every time that WeChat sends it.
    """

    who: str = field(repr=False)
    to: str
    at: int
    kind: str
    mark: str
    words: str = field(default="", repr=False)
    beside: str = field(default="", repr=False)
    event: str = ""
    key: str = ""


def read_fields(body: bytes | str) -> dict[str, str]:
    """The fields of WeChat's flat XML; deeper ones are left out. `NotReadable` for whatever is not such XML."""
    if len(body) > LARGEST:
        raise NotReadable()
    try:
        root = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError, RecursionError):
        raise NotReadable() from None
    if root.tag != "xml":
        raise NotReadable()
    return {child.tag: child.text or "" for child in root if not len(child)}


def read_said(xml: str, account: str) -> Said:
    """One message, opened. `NotReadable` when it lacks what every message has."""
    found = read_fields(xml)
    who, at, kind = (found.get(name, "") for name in ("FromUserName", "CreateTime", "MsgType"))
    if not OPENID.fullmatch(who) or not re.fullmatch(r"[0-9]{1,12}", at) or not kind:
        raise NotReadable()
    event, key = found.get("Event", ""), found.get("EventKey", "")
    words = {"text": found.get("Content", ""), "voice": found.get("Recognition", "")}.get(kind, "")
    beside = [found.get(name, "") for name in BESIDE if kind not in ("text", "voice", "event")]
    own = found.get("MsgId", "")
    mark = own if re.fullmatch(r"[0-9]{1,24}", own) else f"{at}/{event}/{key}"
    return Said(
        who=who,
        to=found.get("ToUserName", "") or account,
        at=int(at),
        kind=kind,
        mark=hashlib.sha256(f"{who}/{mark}".encode()).hexdigest(),
        words=words,
        beside="\n".join(text for text in beside if text.strip()),
        event=event.lower(),
        key=key[:200],
    )


def text_reply(said: Said, text: str, at: int) -> str:
    """The answer that goes back in the same request."""
    return (
        f"<xml><ToUserName>{_clean(said.who)}</ToUserName><FromUserName>{_clean(said.to)}</FromUserName>"
        f"<CreateTime>{at}</CreateTime><MsgType>text</MsgType><Content>{_clean(text)}</Content></xml>"
    )


def sealed_reply(sealed: str, signed: str, timestamp: str, nonce: str) -> str:
    """The envelope around an encrypted answer."""
    return (
        f"<xml><Encrypt>{sealed}</Encrypt><MsgSignature>{signed}</MsgSignature>"
        f"<TimeStamp>{timestamp}</TimeStamp><Nonce>{_clean(nonce)}</Nonce></xml>"
    )


def _clean(text: str) -> str:
    """Text that may stand in XML, whatever it was."""
    return escape(_PRINTED.sub("\ufffd", text))
