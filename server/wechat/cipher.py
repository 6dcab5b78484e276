"""WeChat's encrypted mode: AES-256-CBC, padding to 32 bytes, 16 random bytes, a length, the text, and whose it is.

Pure. The form is WeChat's ("消息加解密说明"); the ciphers are the `cryptography` package's. CBC has no seal of its own:
`open_text` may be called only with what both signatures (`envelope.Envelope.open`) have let in.
"""

import base64
import binascii
import re
import struct

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from server.wechat.errors import NotReadable

BLOCK = 32
RANDOM = 16


def key_of(written: str) -> bytes:
    """The 32 bytes behind the 43 signs that the account's page shows; `ValueError` for anything else."""
    if not re.fullmatch(r"[A-Za-z0-9]{43}", written):
        raise ValueError("the WeChat key has 43 letters and digits")
    return base64.b64decode(written + "=")


def open_text(key: bytes, sealed: str, appid: str) -> str:
    """What WeChat wrote. `NotReadable` for whatever was not made with this key for this account, without saying why."""
    try:
        raw = base64.b64decode(sealed, validate=True)
        if not raw or len(raw) % 16:
            raise ValueError
        opening = Cipher(AES(key), CBC(key[:16])).decryptor()
        padded = opening.update(raw) + opening.finalize()
        padding = padded[-1]
        if not 1 <= padding <= BLOCK or padded[-padding:] != bytes([padding]) * padding:
            raise ValueError
        body = padded[RANDOM:-padding]
        (length,) = struct.unpack("!I", body[:4])
        text, whose = body[4 : 4 + length], body[4 + length :]
        if len(text) != length or whose != appid.encode():
            raise ValueError
        return text.decode()
    except (ValueError, binascii.Error, struct.error):
        raise NotReadable() from None


def seal_text(key: bytes, text: str, appid: str, random: bytes) -> str:
    """The same for our answer. `random`: 16 fresh bytes."""
    if len(random) != RANDOM:
        raise ValueError("16 random bytes come first")
    said = text.encode()
    body = random + struct.pack("!I", len(said)) + said + appid.encode()
    padding = BLOCK - len(body) % BLOCK
    sealing = Cipher(AES(key), CBC(key[:16])).encryptor()
    return base64.b64encode(sealing.update(body + bytes([padding]) * padding) + sealing.finalize()).decode()
