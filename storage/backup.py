"""Backups: one file with the whole database, tried out before it counts, and put back into an empty one.

A backup holds what the tables hold: sealed fields stay sealed, and without the key ring, which is not in it and has
to be kept elsewhere, nobody can read them. A backup that was never restored is a hope; so each is restored at once
into a server that lives for that moment, and only then gets its name.
"""

import hashlib
import json
import os
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import inspect, text
from sqlalchemy.engine import URL
from sqlalchemy.orm import Session

from storage import audit, embedded
from storage.database import Database, make_engine, normal_url
from storage.errors import DatabaseError
from storage.vault import Vault

SUFFIX = ".xinqiao-backup"
COUNTED = ("resident", "message", "given_answer", "signal", "ticket", "ticket_event", "queued_notice")
LONGEST = 900
"""Seconds that dumping or restoring may take (R22)."""


class BackupError(DatabaseError):
    """A backup that cannot be made, read or put back."""


@dataclass(frozen=True)
class Contents:
    """What a backup holds, as counted when it was restored for a trial."""

    taken_at: str
    sha256: str
    open_tickets: int
    rows: Mapping[str, int]
    audit_entries: int
    audit_intact: bool


def make(url: str | URL, vault: Vault, folder: Path, now: datetime) -> tuple[Path, Contents]:
    """Write a backup into `folder`, restore it for a trial, and give its file and what was found in it.

    `BackupError` when it cannot be made, or when the trial finds the audit chain broken: then there is no new file,
    and the older ones stay.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".making-") as room:
        draft = Path(room) / "dump"
        _run(
            "pg_dump",
            ["--format=custom", "--no-owner", "--no-privileges", f"--file={draft}"],
            normal_url(url),
        )
        contents = try_out(draft, vault, now)
        if not contents.audit_intact:
            raise BackupError("the audit chain in the backup is not whole: run `xinqiao verify`")
        target = folder / f"{now:%Y%m%dT%H%M%SZ}{SUFFIX}"
        draft.chmod(0o600)
        _with_contents(target).write_text(json.dumps(asdict(contents), ensure_ascii=False, indent=1), "utf-8")
        os.replace(draft, target)
    return target, contents


def try_out(file: Path, vault: Vault, taken_at: datetime) -> Contents:
    """Restore a backup into a server of its own, count what is there, and walk its audit chain."""
    with tempfile.TemporaryDirectory(prefix="xinqiao-trial-") as room:
        home = Path(room) / "postgres"
        embedded.start(home)
        try:
            put_back(file, embedded.url(home))
            return _contents(embedded.url(home), vault, file, taken_at)
        finally:
            embedded.stop(home)


def put_back(file: Path, url: str | URL) -> None:
    """Restore a backup into an empty database. `BackupError` when it is not empty or the file is damaged."""
    known = _known(file)
    if known is not None and known["sha256"] != _sha256(file):
        raise BackupError("the file is not as it was written: take another backup")
    engine = make_engine(url, pool_size=1)
    try:
        with engine.connect() as connection:
            if inspect(connection).get_table_names():
                raise BackupError("this database is not empty: a backup goes into an empty one only")
    finally:
        engine.dispose()
    target = normal_url(url)
    _run(
        "pg_restore",
        ["--no-owner", "--no-privileges", "--exit-on-error", f"--dbname={target.database}", str(file)],
        target,
    )


def prune(folder: Path, now: datetime, *, all_for: timedelta, daily_for: timedelta) -> list[Path]:
    """Remove old backups: every one is kept for `all_for`, the first of each day for `daily_for`; the newest
    always stays."""
    found = sorted(folder.glob(f"*{SUFFIX}"))
    removed = []
    days: set[str] = set()
    for file in found[:-1]:
        age = now - datetime.strptime(file.name[:16], "%Y%m%dT%H%M%S%z")
        first_of_day = file.name[:8] not in days
        days.add(file.name[:8])
        if age > daily_for or (age > all_for and not first_of_day):
            file.unlink()
            _with_contents(file).unlink(missing_ok=True)
            removed.append(file)
    return removed


def _contents(url: str, vault: Vault, file: Path, taken_at: datetime) -> Contents:
    database = Database(url, vault)
    try:
        with database.transaction() as db:
            verdict = audit.verify(db, vault, None)
            return Contents(
                taken_at=taken_at.isoformat(),
                sha256=_sha256(file),
                open_tickets=_count(db, "ticket WHERE closed_at IS NULL"),
                rows={table: _count(db, table) for table in COUNTED},
                audit_entries=verdict.entries,
                audit_intact=verdict.intact,
            )
    finally:
        database.close()


def _count(db: Session, what: str) -> int:
    return int(db.scalar(text(f"SELECT count(*) FROM {what}")) or 0)


def _known(file: Path) -> dict[str, str] | None:
    beside = _with_contents(file)
    return json.loads(beside.read_text("utf-8")) if beside.is_file() else None


def _with_contents(file: Path) -> Path:
    return file.with_name(file.name + ".json")


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _run(program: str, arguments: list[str], url: URL) -> None:
    """Run a program of PostgreSQL; how to connect, a password too, is told in its environment and not in `ps`."""
    query = {key: str(value) for key, value in url.query.items()}
    settings = {
        "PGHOST": url.host or query.get("host"),
        "PGPORT": str(url.port) if url.port else query.get("port"),
        "PGUSER": url.username,
        "PGPASSWORD": str(url.password) if url.password else None,
        "PGDATABASE": url.database,
        "PGSSLMODE": query.get("sslmode"),
        "PGCONNECT_TIMEOUT": "5",
    }
    environment = {**os.environ, "LC_ALL": "C", **{k: v for k, v in settings.items() if v}}
    try:
        done = subprocess.run(
            [str(embedded.program(program)), *arguments],
            env=environment, capture_output=True, text=True, timeout=LONGEST,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise BackupError(f"{program} did not end within {LONGEST // 60} minutes") from None
    if done.returncode != 0:
        raise BackupError(f"{program} failed with code {done.returncode}")
