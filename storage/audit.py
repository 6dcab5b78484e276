"""The audit trail: one chain of entries that nobody can change unseen.

Each entry carries a keyed MAC over itself and over the MAC before it. Entries are queued in the
session and written last in its transaction, under the lock of the one head row: so the chain has
neither gaps nor forks, and no business lock is ever taken while the head is held.
Anchors, kept outside the database, remember how far the chain had come.
No personal data belongs in it.
"""

import fcntl
import hmac
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, StrEnum
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, case, insert, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import Entity, Identified
from storage.errors import AuditRefused, SealBroken
from storage.vault import Vault

QUEUE = "audit_queue"  # in Session.info; storage.database puts it there
BEGINNING = bytes(32)
PATIENCE = timedelta(minutes=2)  # an entry is stamped before it waits for locks: so much disorder is honest


class AuditEntry(Entity):
    """One thing that somebody did, or tried to do."""

    __tablename__ = "audit_entry"
    __table_args__ = (  # what the audit page filters by, newest first
        Index("ix_audit_entry_action", "action", "seq"),
        Index("ix_audit_entry_actor", "actor", "seq"),
        Index("ix_audit_entry_at", "at"),
    )

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


class AuditCheck(Identified, Entity):
    """What one walk over the whole chain found, and when. Signed: no row put in by hand vouches for anything."""

    __tablename__ = "audit_check"

    at: Mapped[datetime] = mapped_column(index=True)
    by: Mapped[str]
    entries: Mapped[int] = mapped_column(BigInteger)
    first_bad: Mapped[int | None] = mapped_column(BigInteger)
    why: Mapped[str]
    signature: Mapped[bytes]

    @property
    def intact(self) -> bool:
        """Whether everything up to `entries` was as it was written."""
        return self.why == ""

    def said(self) -> bytes:
        """What the signature is over."""
        return json.dumps(
            [self.at.astimezone(UTC).isoformat(), self.by, self.entries, self.first_bad, self.why]
        ).encode()


@dataclass(frozen=True)
class Anchor:
    """The chain had come to `seq` with `mac` at that time."""

    seq: int
    mac: str
    at: str


class Fault(StrEnum):
    """What can be wrong with the trail."""

    CHANGED = "the row is not as it was written"
    MISSING = "a row is missing"
    PUT_IN = "a row was put in"
    OUT_OF_LINE = "the row does not follow from the one before it"
    ANOTHER_PAST = "the row is not the one that stood there before"
    CUT = "the end of the trail was cut off"
    HEAD = "the head of the trail was set back or removed"
    ANCHORS = "the anchors are not as we wrote them"
    CLOCK = "the clock went back"


@dataclass(frozen=True)
class Verdict:
    """What `verify` found. `first_bad` is the first seq that is not as it was written; `why` is a `Fault`."""

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
    db.execute(insert(AuditEntry), rows)
    db.execute(update(AuditHead).where(AuditHead.id == 1).values(seq=seq, mac=mac))
    queue.clear()


def anchor(db: Session, vault: Vault, path: Path, now: datetime) -> Anchor | None:
    """Append to the file at `path` how far the committed chain has come, and make it durable.

    Returns the anchor, or None when the chain has not grown since the last one. Raises `SealBroken`
    when the file holds lines that we did not write, or is ahead of the chain. Called by the scheduled
    jobs; copy the file to another machine.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    key_id = vault.keyring.active
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(handle, "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        body = file.read()
        written = _parse_anchors(body, vault)
        last = written[-1].seq if written else 0
        head = _head(db)
        if head.seq < last:
            raise SealBroken(f"the audit trail ends at {head.seq}, but an anchor was set at {last}")
        if head.seq == last:
            return None
        new = Anchor(head.seq, head.mac.hex(), now.astimezone(UTC).isoformat())
        seal = vault.audit_mac(_anchored(new, key_id), key_id).hex()
        line = json.dumps({"seq": new.seq, "mac": new.mac, "at": new.at, "key_id": key_id, "seal": seal})
        file.truncate(_whole_lines(body))  # what a power cut left of a line was never reported
        file.write(line.encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    return new


def read_anchors(path: Path, vault: Vault) -> list[Anchor]:
    """The anchors of a file, oldest first; none when there is no file.

    A last line without its end was never reported and is passed over. Raises `SealBroken` naming the
    first line that we did not write.
    """
    try:
        return _parse_anchors(Path(path).read_bytes(), vault)
    except FileNotFoundError:
        return []


def _parse_anchors(body: bytes, vault: Vault) -> list[Anchor]:
    anchors: list[Anchor] = []
    for number, line in enumerate(body[: _whole_lines(body)].splitlines(), start=1):
        try:
            raw = json.loads(line)
            found = Anchor(raw["seq"], raw["mac"], raw["at"])
            seal = vault.audit_mac(_anchored(found, raw["key_id"]), raw["key_id"])
            ours = hmac.compare_digest(seal, bytes.fromhex(raw["seal"]))
        except (ValueError, KeyError, TypeError, SealBroken):
            ours = False
        if not ours or (anchors and found.seq <= anchors[-1].seq):
            raise SealBroken(f"line {number} of the anchors is not ours")
        anchors.append(found)
    return anchors


def verify(db: Session, vault: Vault, anchors: Path | None) -> Verdict:
    """Walk the whole chain, row by row, and say whether it is as it was written.

    Finds rows that were changed, deleted, inserted or swapped, a tail that was cut, and a chain that
    was made anew without the key or with another past than the anchors remember. A clock that went
    back is told only when nothing worse is found. May run beside writers.
    """
    try:
        remembered = read_anchors(anchors, vault) if anchors else []
    except SealBroken:
        return Verdict(False, 0, None, Fault.ANCHORS)
    newest = remembered[-1] if remembered else None
    try:
        before = _head(db)
    except SealBroken:
        return Verdict(False, 0, None, Fault.HEAD, newest)
    expected = {mark.seq: bytes.fromhex(mark.mac) for mark in remembered}
    expected.setdefault(before.seq, before.mac)

    seq, mac, latest = 0, BEGINNING, datetime.min.replace(tzinfo=UTC)
    clock_back: int | None = None

    def broken(why: Fault) -> Verdict:
        return Verdict(False, seq, seq + 1, why, newest)

    for row in db.execute(_IN_ORDER).mappings():
        if row["seq"] < seq + 1:
            return Verdict(False, seq, row["seq"], Fault.PUT_IN, newest)
        if row["seq"] > seq + 1:
            return broken(Fault.MISSING)
        if bytes(row["previous"]) != mac:
            return broken(Fault.OUT_OF_LINE)
        if not _is_ours(dict(row), vault):
            return broken(Fault.CHANGED)
        if expected.get(row["seq"], row["mac"]) != row["mac"]:
            return broken(Fault.ANOTHER_PAST)
        if row["at"] + PATIENCE < latest and clock_back is None:
            clock_back = row["seq"]
        seq, mac, latest = row["seq"], row["mac"], max(latest, row["at"])

    if seq < max(expected):
        return broken(Fault.CUT)
    if _head(db).seq < seq:
        return broken(Fault.HEAD)
    if clock_back is not None:
        return Verdict(False, seq, clock_back, Fault.CLOCK, newest)
    return Verdict(True, seq, None, "", newest)


def check(db: Session, vault: Vault, anchors: Path | None, by: str, now: datetime) -> AuditCheck:
    """Walk the whole chain and keep what was found, and when."""
    verdict = verify(db, vault, anchors)
    kept = AuditCheck(
        at=now, by=_text(by), entries=verdict.entries, first_bad=verdict.first_bad, why=str(verdict.why)
    )
    kept.signature = vault.sign("audit_check", kept.said())
    db.add(kept)
    record(
        db, actor=by, action="audit.checked", subject="audit", at=now, entries=verdict.entries,
        intact=verdict.intact,
    )  # fmt: skip
    return kept


def last_check(db: Session, vault: Vault) -> AuditCheck | None:
    """The newest check that we have signed ourselves."""
    for kept in db.scalars(select(AuditCheck).order_by(AuditCheck.at.desc()).limit(20)):
        if vault.check("audit_check", kept.said(), bytes(kept.signature)):
            return kept
    return None


def is_as_written(entry: AuditEntry, vault: Vault) -> bool:
    """Whether this one row carries the seal of what stands in it. Says nothing of rows that are missing."""
    return _is_ours({c.name: getattr(entry, c.name) for c in _COLUMNS}, vault)


_COLUMNS = AuditEntry.__table__.c
_READABLE = _COLUMNS.at.between(datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC))
_IN_ORDER = (
    # a time that PostgreSQL can hold and Python cannot comes back as nothing, and so as a changed row
    select(
        *(column for column in _COLUMNS if column.name != "at"), case((_READABLE, _COLUMNS.at)).label("at")
    )
    .order_by(_COLUMNS.seq)
    .execution_options(stream_results=True, yield_per=1000)
)


def _head(db: Session) -> Any:
    """The head as it is committed now, not as this session may remember it."""
    head = db.execute(select(AuditHead.seq, AuditHead.mac).where(AuditHead.id == 1)).one_or_none()
    if head is None:
        raise SealBroken("the head of the audit trail is gone")
    return head


def _is_ours(row: Mapping[str, Any], vault: Vault) -> bool:
    try:
        return hmac.compare_digest(vault.audit_mac(_canonical(row), row["key_id"]), bytes(row["mac"]))
    except (SealBroken, AttributeError, TypeError, ValueError):
        return False


def _anchored(anchor: Anchor, key_id: str) -> bytes:
    return json.dumps(["anchor", anchor.seq, anchor.mac, anchor.at, key_id]).encode()


def _whole_lines(body: bytes) -> int:
    return body.rfind(b"\n") + 1


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
