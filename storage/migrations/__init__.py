"""Migrations: every change of the tables, both ways.

Each function opens its own connection. Two processes that migrate at once wait for each other.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, MetaData, NullPool, create_engine, text
from sqlalchemy.exc import OperationalError

from storage.database import normal_url
from storage.errors import DatabaseError, TablesInUse

LOCK = 0x78696E7169616F  # "xinqiao", as the number of an advisory lock
PATIENCE_S = 5
"""How long a step waits for a table: who waits holds the others already, and no alarm may stand behind a backup."""
LOCK_NOT_AVAILABLE = "55P03"


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the tables up to a revision. Nothing happens when they are there already; `TablesInUse`: try again."""
    with _configured(url) as config:
        command.upgrade(config, revision)


def downgrade(url: str, revision: str) -> None:
    """Take the tables back to a revision; `base` removes them all, with what they hold."""
    with _configured(url) as config:
        command.downgrade(config, revision)


def current(url: str) -> str | None:
    """The revision the database is at, or None when it has no tables."""
    with _connection(url) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def check(url: str, metadata: MetaData) -> list[str]:
    """Where the tables differ from these entities, one line each; empty when they agree.

    A table without an entity is a difference too: import every module with entities first.
    """
    with _connection(url) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return [repr(difference) for difference in compare_metadata(context, metadata)]


@contextmanager
def _configured(url: str) -> Iterator[Config]:
    """All revisions in one transaction, so that a failed migration leaves the tables as they were."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    with _connection(url) as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        connection.execute(text(f"SET LOCAL lock_timeout = '{PATIENCE_S}s'"))
        config.attributes["connection"] = connection
        try:
            yield config
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", None) == LOCK_NOT_AVAILABLE:
                raise TablesInUse("a table is in use, probably by a backup; nothing was changed") from None
            raise


@contextmanager
def _connection(url: str) -> Iterator[Connection]:
    engine = create_engine(
        normal_url(url), poolclass=NullPool, hide_parameters=True, connect_args={"connect_timeout": 5}
    )
    try:
        connection = engine.connect()
    except OperationalError:
        raise DatabaseError("the database does not answer") from None
    with connection, connection.begin():
        yield connection
