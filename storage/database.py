"""The database: connections with limits, and transactions that end with their audit entries."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any, Self

import psycopg
from psycopg.errors import _WaitTimeout
from sqlalchemy import URL, create_engine, event, inspect, make_url, select
from sqlalchemy.engine import Engine, ExceptionContext
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Mapped, Session, SessionTransaction, mapped_column

from storage import audit
from storage.base import Entity
from storage.errors import KeyringDoesNotFit, NotMigrated, UnsafeDatabase
from storage.vault import Vault

LIMITS = {
    "statement_timeout": "15s",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "30s",
    "synchronous_commit": "on",
    "TimeZone": "UTC",
}
NO_ANSWER_SECONDS = 17.0
"""Longer than any statement may take: a server that has said nothing by then is at the other end of a dead line."""


class VaultCheck(Entity):
    """A key that has sealed something here, so that a wrong key ring is noticed at once."""

    __tablename__ = "vault_check"

    key_id: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[bytes]


class Database:
    """One PostgreSQL database and the vault that opens its sealed fields.

    Makes no connection when built. The first transaction, or `open()`, makes sure that the tables are
    there, that the server keeps what it acknowledges, and that the key ring fits the data.
    """

    def __init__(self, url: str | URL, vault: Vault, *, pool_size: int = 10) -> None:
        self.vault = vault
        self.engine = make_engine(url, pool_size=pool_size)
        self._opened = False
        self._opening = Lock()

    def open(self) -> Self:
        """Check database and key ring, once.

        Raises `NotMigrated`, `UnsafeDatabase`, or `KeyringDoesNotFit` when the data was sealed
        with another ring. Keys of the ring that are new here are remembered.
        """
        with self._opening:
            if not self._opened:
                self._check()
                self._opened = True
        return self

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """One transaction: everything in the block, then its audit entries, then commit; or nothing.

        Nothing is tried a second time. Objects stay usable after the commit.
        """
        self.open()
        with _AuditedSession(self.engine, expire_on_commit=False) as db:
            db.info["vault"] = self.vault
            db.info[audit.QUEUE] = []
            with db.begin():
                yield db

    def close(self) -> None:
        """Give all connections back to the server."""
        self.engine.dispose()

    def _check(self) -> None:
        with Session(self.engine) as db, db.begin():
            if not inspect(db.connection()).has_table(VaultCheck.__tablename__):
                raise NotMigrated("the tables are not there yet: run the migrations")
            head = select(audit.AuditHead.seq).where(audit.AuditHead.id == 1)
            used = db.scalar(head.with_for_update())  # one process at a time
            known = {row.key_id: row.fingerprint for row in db.scalars(select(VaultCheck))}
            keys = self.vault.keyring.keys
            fits = all(
                key_id in keys and self.vault.fingerprint(key_id) == mark for key_id, mark in known.items()
            )
            if not fits or (used and not known):
                raise KeyringDoesNotFit(
                    "this database was sealed with another key ring: put the right key file back; "
                    "without it the sealed fields cannot be read"
                )
            for key_id in keys.keys() - known.keys():
                db.add(VaultCheck(key_id=key_id, fingerprint=self.vault.fingerprint(key_id)))


class _AuditedSession(Session):
    """A session that writes its queued audit entries just before it commits."""


@event.listens_for(_AuditedSession, "before_commit")
def _write_audit_last(db: Session) -> None:
    if not db.in_nested_transaction():
        audit.write_queued(db, db.info["vault"])


@event.listens_for(_AuditedSession, "after_transaction_create")
def _mark_savepoint(db: Session, transaction: SessionTransaction) -> None:
    if transaction.nested:
        db.info[transaction] = len(db.info[audit.QUEUE])


@event.listens_for(_AuditedSession, "after_soft_rollback")
def _forget_what_was_undone(db: Session, transaction: SessionTransaction) -> None:
    """What a savepoint takes back did not happen, so it is not audited either."""
    kept = db.info.pop(transaction, None) if transaction.nested else 0
    if kept is not None and (transaction.nested or transaction.parent is None):
        del db.info[audit.QUEUE][kept:]


class Line(psycopg.Connection[Any]):
    """A connection that gives its server up after `NO_ANSWER_SECONDS`.

    The server ends a statement that takes too long, but a line that died half-way (a firewall that forgot it, a
    machine that lost power) never says so, and whoever waits on it waits for ever. Who asks for a time of their own (to
    wait for notices) waits that long, and keeps the line.
    """

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        if timeout is not None:
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(gen, interval, NO_ANSWER_SECONDS)
        except _WaitTimeout:
            self.pgconn.finish()
            raise psycopg.OperationalError("no answer from the database") from None


def make_engine(url: str | URL, *, pool_size: int = 10) -> Engine:
    """An engine whose connections have time limits and whose errors hold no values."""
    engine = create_engine(
        normal_url(url),
        pool_pre_ping=True,
        pool_size=pool_size,
        pool_use_lifo=True,  # the same few again: what they have prepared is of use
        max_overflow=pool_size,
        pool_timeout=10,
        echo=False,
        hide_parameters=True,
        connect_args={"connect_timeout": 5},
    )
    event.listen(engine, "do_connect", lambda dialect, record, args, more: Line.connect(*args, **more))
    event.listen(engine, "connect", _set_limits)
    event.listen(engine, "handle_error", _hide_values)
    return engine


def normal_url(url: str | URL) -> URL:
    """The URL with our driver in it, whichever form of `postgres://` was given."""
    if isinstance(url, str):
        url = make_url(url.replace("postgres://", "postgresql://", 1))
    return url.set(drivername="postgresql+psycopg")


def _set_limits(connection: Any, _record: Any) -> None:
    with connection.cursor() as cursor:
        for name, value in LIMITS.items():
            cursor.execute("SELECT set_config(%s, %s, false)", (name, value))
        cursor.execute("SELECT current_setting('fsync'), current_setting('full_page_writes')")
        if cursor.fetchone() != ("on", "on"):
            connection.rollback()
            raise UnsafeDatabase("the server runs with fsync or full_page_writes off")
    connection.commit()


def _hide_values(context: ExceptionContext) -> None:
    """Keep the kind of an error, its code and its constraint; drop the server's text, which quotes values."""
    error = context.sqlalchemy_exception
    if not isinstance(error, DBAPIError) or error.orig is None:
        return
    diagnosis = getattr(error.orig, "diag", None)
    parts = [type(error.orig).__name__, getattr(error.orig, "sqlstate", None) or ""]
    parts += [
        getattr(diagnosis, name, None) or "" for name in ("table_name", "column_name", "constraint_name")
    ]
    message = " ".join(part for part in parts if part)
    error.orig.args = (message,)
    error.args = (message,)
    error.params = None
