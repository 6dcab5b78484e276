"""The vault: seals single fields, makes blind indexes, and signs. Its keys lie outside the database."""

import base64
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import inspect

from storage.errors import KeyringDamaged, KeyringExists, KeyringMissing, SealBroken

FORM = 1  # of a sealed value: form, length of key id, key id, nonce, ciphertext with tag
NONCE = 12
BUCKET = 32  # sealed texts are padded to multiples of this, so that their length tells little
SIGNATURE = 16  # bytes; short enough for a QR code


@dataclass(frozen=True)
class Keyring:
    """Master keys by id. The active one seals; all of them open.

    `home` names the key of blind indexes. It stays when the active key changes, because an index
    can only be found again under the key that made it.
    """

    keys: Mapping[str, bytes] = field(repr=False)
    active: str
    home: str

    @classmethod
    def create(cls, path: Path) -> Self:
        """Make a ring with one new key, readable by its owner alone. Refuses to overwrite."""
        name = _new_id()
        ring = cls({name: secrets.token_bytes(32)}, active=name, home=name)
        ring._write(path, replace=False)
        return ring

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a ring. Raises `KeyringMissing` or `KeyringDamaged`; never makes a new one."""
        try:
            raw = json.loads(Path(path).read_bytes())
            keys = {name: base64.b64decode(key, validate=True) for name, key in raw["keys"].items()}
            ring = cls(keys, active=raw["active"], home=raw["home"])
        except FileNotFoundError:
            raise KeyringMissing(f"no key ring at {path}") from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise KeyringDamaged(f"{path} is not a key ring") from None
        if {ring.active, ring.home} - set(keys) or any(len(key) != 32 for key in keys.values()):
            raise KeyringDamaged(f"{path} is not a key ring")
        return ring

    @classmethod
    def rotate(cls, path: Path) -> Self:
        """Add a new key to the ring at `path` and make it the active one; old keys stay and open."""
        old = cls.load(path)
        name = _new_id()
        ring = cls({**old.keys, name: secrets.token_bytes(32)}, active=name, home=old.home)
        ring._write(path, replace=True)
        return ring

    def _write(self, path: Path, *, replace: bool) -> None:
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        keys = {name: base64.b64encode(key).decode() for name, key in self.keys.items()}
        body = json.dumps({"active": self.active, "home": self.home, "keys": keys}, indent=2)
        draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "w") as file:
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
            if replace:
                os.replace(draft, path)
            else:
                os.link(draft, path)  # fails when the path is taken, unlike a rename
        except FileExistsError:
            raise KeyringExists(f"a key ring is already at {path}") from None
        finally:
            draft.unlink(missing_ok=True)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


class Vault:
    """Seals and opens fields of entities, makes blind indexes, and signs.

    A field `text` lives in the column `text_sealed`. A sealed value is bound to its table, column, row
    and key: anywhere else it is broken. Nothing here ever prints or raises what was sealed.
    """

    def __init__(self, keyring: Keyring) -> None:
        self.keyring = keyring
        self._derive = cache(self._derive_key)

    def __repr__(self) -> str:
        return f"<Vault {self.keyring.active}>"

    def seal(self, entity: Any, name: str, value: str | None) -> None:
        """Set `entity.<name>_sealed`. `None` stores NULL. The entity needs its id, but no database."""
        column = f"{name}_sealed"
        if not hasattr(type(entity), column):
            raise AttributeError(f"{type(entity).__name__} has no column {column}")
        if value is None:
            setattr(entity, column, None)
            return
        if not isinstance(value, str):
            raise TypeError(f"only text can be sealed into {column}")
        key_id = self.keyring.active
        nonce = secrets.token_bytes(NONCE)
        cipher = AESGCM(self._derive(key_id, "fields"))
        sealed = cipher.encrypt(nonce, _pad(_encode(value)), _bound_to(_place(entity, column), key_id))
        setattr(entity, column, bytes([FORM, len(key_id)]) + key_id.encode() + nonce + sealed)

    def open(self, entity: Any, name: str) -> str | None:
        """The text that was sealed, or None where nothing was. Raises `SealBroken`, never returns less."""
        column = f"{name}_sealed"
        sealed = getattr(entity, column)
        if sealed is None:
            return None
        place = _place(entity, column)
        try:
            sealed = bytes(sealed)
            form, length = sealed[0], sealed[1]
            key_id = sealed[2 : 2 + length].decode("ascii")
            nonce, body = sealed[2 + length : 2 + length + NONCE], sealed[2 + length + NONCE :]
            if form != FORM or key_id not in self.keyring.keys or len(nonce) != NONCE:
                raise ValueError
            cipher = AESGCM(self._derive(key_id, "fields"))
            return _unpad(cipher.decrypt(nonce, body, _bound_to(place, key_id))).decode()
        except (InvalidTag, ValueError, IndexError):
            table, _, row = place
            raise SealBroken(f"{table}.{column} of row {row} does not open") from None

    def index(self, name: str, value: str) -> bytes:
        """A blind index: equal for equal values of the same name, and nothing can be read from it.

        The caller brings the value into its normal form first (a telephone without spaces).
        """
        key = self._derive(self.keyring.home, f"index:{name}")
        return hmac.digest(key, _encode(value), hashlib.sha256)

    def sign(self, purpose: str, payload: bytes) -> bytes:
        """A short signature (16 bytes), for what we hand out and want to know again."""
        return self._signature(self.keyring.active, purpose, payload)

    def check(self, purpose: str, payload: bytes, mac: bytes) -> bool:
        """Whether `sign` made this signature, under any key of the ring."""
        return any(
            hmac.compare_digest(self._signature(key_id, purpose, payload), mac)
            for key_id in self.keyring.keys
        )

    def audit_mac(self, payload: bytes, key_id: str) -> bytes:
        """The MAC of an audit entry or anchor. Raises `SealBroken` when the ring lacks that key."""
        if key_id not in self.keyring.keys:
            raise SealBroken("an audit key is not in the ring")
        return hmac.digest(self._derive(key_id, "audit"), payload, hashlib.sha256)

    def transport_secret(self, key_id: str | None = None) -> bytes:
        """32 bytes from which the server's key pair for sealed drafts is made."""
        return self._derive(key_id or self.keyring.active, "transport")

    def fingerprint(self, key_id: str) -> bytes:
        """What a database keeps of a key, to know it again without being able to use it."""
        return hmac.digest(self._derive(key_id, "check"), key_id.encode(), hashlib.sha256)

    def _signature(self, key_id: str, purpose: str, payload: bytes) -> bytes:
        return hmac.digest(self._derive(key_id, f"qr:{purpose}"), payload, hashlib.sha256)[:SIGNATURE]

    def _derive_key(self, key_id: str, purpose: str) -> bytes:
        info = f"xinqiao:{FORM}:{purpose}".encode()
        return HKDF(SHA256(), 32, salt=None, info=info).derive(self.keyring.keys[key_id])


def _new_id() -> str:
    return f"k{secrets.token_hex(4)}"


def _place(entity: Any, column: str) -> tuple[str, str, str]:
    mapper = inspect(type(entity))
    key = mapper.primary_key_from_instance(entity)
    if any(part is None for part in key):
        raise ValueError(f"{type(entity).__name__} needs its id before a field can be sealed")
    return mapper.local_table.name, column, ",".join(str(part) for part in key)


def _bound_to(place: tuple[str, str, str], key_id: str) -> bytes:
    return json.dumps([*place, key_id, FORM], ensure_ascii=True).encode()


def _encode(value: str) -> bytes:
    """UTF-8. A lone surrogate becomes U+FFFD, so that no input can make a message unstorable."""
    return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()


def _pad(text: bytes) -> bytes:
    text += b"\x80"
    return text + b"\0" * (-len(text) % BUCKET)


def _unpad(padded: bytes) -> bytes:
    text = padded.rstrip(b"\0")
    if not text.endswith(b"\x80"):
        raise ValueError
    return text[:-1]
