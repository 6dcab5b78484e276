"""The audit trail: one chain of entries that nobody can change unseen.

Each entry carries a keyed MAC over itself and over the MAC before it. Entries are queued in the
session and written last in its transaction, under the lock of the one head row: so the chain has
neither gaps nor forks, and no business lock is ever taken while the head is held.
Anchors, kept outside the database, remember how far the chain had come.
No personal data belongs in it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, insert, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import Entity
from storage.errors import AuditRefused
from storage.vault import Vault

QUEUE = "audit_queue"  # in Session.info; storage.database puts it there
BEGINNING = bytes(32)
PATIENCE = timedelta(minutes=2)  # an entry is stamped before it waits for locks: so much disorder is honest


class AuditEntry(Entity):
    """One thing that somebody did, or tried to do."""

    __tablename__ = "audit_entry"

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str] = mapped_column(index=True)
    purpose: Mapped[str]
    outcome: Mapped[str]
    details: Mapped[dict[str, Any]]
    key_id: Mapped[str]
    previous: Mapped[bytes]
    mac: Mapped[bytes]


class AuditHead(Entity):
    """How far the chain has come: one row, locked by whoever lengthens the chain."""

    __tablename__ = "audit_head"
    __table_args__ = (CheckConstraint("id = 1", name="only_one"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger)
    mac: Mapped[bytes]


@dataclass(frozen=True)
class Anchor:
    """The chain had come to `seq` with `mac` at that time."""

    seq: int
    mac: str
    at: str


@dataclass(frozen=True)
class Verdict:
    """What `verify` found. `first_bad` is the first seq that is not as it was written."""

    intact: bool
    entries: int
    first_bad: int | None = None
    why: str = ""
    anchor: Anchor | None = None  # the newest one


def record(
    db: Session,
    *,
    actor: str,
    action: str,
    subject: str,
    purpose: str = "",
    outcome: str = "success",
    at: datetime,
    **details: Any,
) -> None:
    """Queue one entry; it is written with this session's transaction, or not at all.

    Details hold texts, whole numbers, yes and no, nothing, lists and mappings of these; ids, times and
    enumerations become text. Raises `AuditRefused` for anything else, for a time without a zone, and
    for a session that did not come from `Database.transaction`.
    """
    if QUEUE not in db.info:
        raise AuditRefused("this session has no audit queue; take it from Database.transaction()")
    if at.tzinfo is None:
        raise AuditRefused("an audit entry needs a time with its zone")
    db.info[QUEUE].append(
        {
            "at": at.astimezone(UTC),
            "actor": _text(actor),
            "action": _text(action),
            "subject": _text(subject),
            "purpose": _text(purpose),
            "outcome": _text(outcome),
            "details": _plain(details),
        }
    )


def write_queued(db: Session, vault: Vault) -> None:
    """Write what was queued to the end of the chain. Called by `Database.transaction`, as its last act."""
    queue = db.info[QUEUE]
    if not queue:
        return
    db.flush()
    head = db.execute(select(AuditHead.seq, AuditHead.mac).where(AuditHead.id == 1).with_for_update()).one()
    seq, mac = head.seq, head.mac
    key_id = vault.keyring.active
    rows = []
    for entry in queue:
        seq += 1
        row = {**entry, "seq": seq, "key_id": key_id, "previous": mac}
        mac = vault.audit_mac(_canonical(row), key_id)
        rows.append({**row, "mac": mac})
    db.execute(insert(AuditEntry.__table__), rows)
    db.execute(update(AuditHead.__table__).where(AuditHead.__table__.c.id == 1).values(seq=seq, mac=mac))
    queue.clear()


def anchor(db: Session, vault: Vault, path: Path, now: datetime) -> Anchor | None:
    """Append to the file at `path` how far the committed chain has come.

    Returns the anchor, or None when nothing was added since the last one.
    """
    raise NotImplementedError


def read_anchors(path: Path, vault: Vault) -> list[Anchor]:
    """The anchors of a file, oldest first; none when there is no file.

    Raises `SealBroken` naming the first line that we did not write.
    """
    raise NotImplementedError


def verify(db: Session, vault: Vault, anchors: Path | None) -> Verdict:
    """Walk the whole chain, row by row, and say whether it is as it was written."""
    raise NotImplementedError


def _canonical(row: Mapping[str, Any]) -> bytes:
    """One encoding for one entry: what the MAC is taken of."""
    at: datetime = row["at"].astimezone(UTC)
    fields = [
        row["seq"],
        at.isoformat(timespec="microseconds"),
        *(row[name] for name in ("actor", "action", "subject", "purpose", "outcome")),
        row["details"],
        row["key_id"],
        bytes(row["previous"]).hex(),
    ]
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def _text(value: Any) -> str:
    """Text that PostgreSQL takes: neither NUL nor lone surrogates."""
    text = str(value).replace("\0", "\ufffd")
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _plain(value: Any) -> Any:
    """Only what comes back from JSONB exactly as it went in, or the MAC would not match again."""
    match value:
        case None | bool():
            return value
        case Enum():
            return _text(value.name)
        case int():
            return value
        case str() | UUID():
            return _text(value)
        case datetime():
            return value.isoformat()
        case Mapping():
            return {_text(key): _plain(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            items = sorted(value, key=str) if isinstance(value, set | frozenset) else value
            return [_plain(item) for item in items]
    raise AuditRefused(f"a {type(value).__name__} cannot be audited")
