"""The signed text in a place's QR code: which place, of which site, until when.

    puyan-hall.binjiang.8n1k.<signature>

Place and site are codes, the end is a day (counted from 1970-01-01, in base 36), the signature covers all
three. A poster hangs for months and is scanned by many, so a code may be used any number of times: it says
where somebody is, never who. The text is data. It is never followed as an address, and a scanned address is
accepted only when it is our own `/q/` page.
"""

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from residents.content import CODE
from residents.errors import BadPlaceCode

Sign = Callable[[str, bytes], bytes]
Check = Callable[[str, bytes, bytes], bool]

PURPOSE = "place"
LONGEST = 200
FIRST_DAY = date(1970, 1, 1)
_FORM = re.compile(r"([a-z0-9-]{1,40})\.([a-z0-9-]{1,40})\.([0-9a-z]{1,5})\.([A-Za-z0-9_-]{22,88})")
_UNSIGNED = re.compile(r"[a-z0-9-]{1,40}(\.[a-z0-9-]{1,40}(\.[0-9a-z]{1,5})?)?\.?")
_BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"

_REASONS = {
    "too_long": "这个二维码不是我们贴的，里面的内容太长了。不扫码也可以直接聊。",
    "foreign": "这个二维码指向别的地方，我们没有打开它。不扫码也可以直接聊。",
    "unsigned": "这个二维码少了我们的印记，认不出是哪里。不扫码也可以直接聊。",
    "damaged": "这个二维码看不清或者被改过，认不出是哪里。不扫码也可以直接聊。",
    "expired": "这个二维码已经过期了，麻烦告诉身边的工作人员换一张。不扫码也可以直接聊。",
    "other_site": "这是别的区的二维码，在这里用不了。不扫码也可以直接聊。",
}


@dataclass(frozen=True)
class PlaceCode:
    """What a signed code says: the place, the site it belongs to, and the last day on which it counts."""

    place: str
    site: str
    expires: date


def make(vault_sign: Sign, place_code: str, expires: date, *, site: str = "binjiang") -> str:
    """Sign a place's code: short, safe in a URL without escaping. Valid through the day `expires`.

    Raises `ValueError` for a place or site that is not a code, or a day that cannot be written.
    """
    for code in (place_code, site):
        if not CODE.fullmatch(code) or len(code) > 40:
            raise ValueError("place and site must be codes such as puyan-hall")
    if isinstance(expires, datetime):
        expires = expires.date()
    days = (expires - FIRST_DAY).days
    if days < 0:
        raise ValueError("a place code cannot end before 1970")
    payload = f"{place_code}.{site}.{_base36(days)}"
    return f"{payload}.{_to_text(vault_sign(PURPOSE, payload.encode()))}"


def read(
    vault_check: Check,
    text: str | bytes,
    now: datetime,
    *,
    site: str = "binjiang",
    own_url: str | None = None,
) -> PlaceCode:
    """Read a scanned text. Raises `BadPlaceCode`, and nothing else, for whatever is not ours and valid today.

    With `own_url` (the service's public address) a whole link to its `/q/` page is read as well. Nothing of
    the text is kept in the error. Whether the place still exists is for the caller to look up.
    """
    form = _FORM.fullmatch(_bare(_as_text(text), own_url))
    if form is None:
        unsigned = _UNSIGNED.fullmatch(_bare(_as_text(text), own_url))
        raise _bad("unsigned" if unsigned else "damaged")
    place, its_site, end, signature = form.groups()
    mac = _from_text(signature)
    if mac is None:
        raise _bad("damaged")
    if its_site != site:
        raise _bad("other_site")
    payload = f"{place}.{its_site}.{end}"
    if not vault_check(PURPOSE, payload.encode(), mac) or not CODE.fullmatch(place):
        raise _bad("damaged")
    days = int(end, 36)
    if days > (date.max - FIRST_DAY).days or end != _base36(days):
        raise _bad("damaged")
    expires = FIRST_DAY + timedelta(days=days)
    if now.astimezone(UTC).date() > expires:
        raise _bad("expired")
    return PlaceCode(place, its_site, expires)


def _as_text(text: str | bytes) -> str:
    if len(text) > LONGEST:
        raise _bad("too_long")
    try:
        return text.decode("ascii").strip() if isinstance(text, bytes) else text.strip()
    except UnicodeDecodeError:
        raise _bad("damaged") from None


def _bare(text: str, own_url: str | None) -> str:
    """The code in a link to our own page; any other link or scheme is refused unopened."""
    if not re.search(r"[:/\\]", text):
        return text
    if own_url:
        prefix = own_url.rstrip("/") + "/q/"
        if text.startswith(prefix) and not re.search(r"[^A-Za-z0-9._-]", text[len(prefix) :]):
            return text[len(prefix) :]
    raise _bad("foreign")


def _bad(kind: str) -> BadPlaceCode:
    return BadPlaceCode(kind, _REASONS[kind])


def _to_text(mac: bytes) -> str:
    return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()


def _from_text(text: str) -> bytes | None:
    """Only the one spelling that `_to_text` gives: no two texts may mean the same signature."""
    try:
        mac = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    return mac if _to_text(mac) == text else None


def _base36(number: int) -> str:
    text = ""
    while number:
        number, digit = divmod(number, 36)
        text = _BASE36[digit] + text
    return text or "0"
