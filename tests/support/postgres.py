"""A real PostgreSQL for tests: one server per run, one database per test."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from storage import embedded, migrations

TEMPLATE = "migrated"
ROOM_IN_MEMORY = 3 * 1024**3


class Postgres:
    """An embedded server, and databases on it that are copies of a migrated template."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._numbers = count(1)
        self._template_is_there = False

    def new_database(self) -> str:
        """The name of a fresh database with all tables and no rows but those of the migrations."""
        if not self._template_is_there:
            self.empty_database(TEMPLATE)
            migrations.upgrade(self.url(TEMPLATE))
            self._template_is_there = True
        return self._create(f"test_{next(self._numbers)}", TEMPLATE)

    def empty_database(self, name: str | None = None) -> str:
        """The name of a fresh database without tables."""
        return self._create(name or f"test_{next(self._numbers)}", "template0")

    def drop(self, name: str) -> None:
        """Remove a database, whoever is still connected."""
        with self.admin() as admin:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def url(self, name: str) -> str:
        """The application's URL of a database."""
        here = make_url(embedded.url(self.folder)).set(database=name)
        return here.render_as_string(hide_password=False)

    def admin_url(self, name: str) -> str:
        """The URL for a superuser, who may do what the application may not."""
        return embedded.admin_url(self.folder, name)

    @contextmanager
    def admin(self, name: str = "postgres") -> Iterator[psycopg.Connection]:
        """A superuser's connection."""
        url = make_url(embedded.admin_url(self.folder))
        socket = str(url.query["host"])
        with psycopg.connect(host=socket, user="postgres", dbname=name, autocommit=True) as admin:
            yield admin

    def _create(self, name: str, template: str) -> str:
        with self.admin() as admin:
            admin.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}").format(
                    sql.Identifier(name), sql.Identifier(template), sql.Identifier(embedded.ROLE)
                )
            )
        return name


@contextmanager
def server(*, in_memory: bool = False) -> Iterator[Postgres]:
    """A server in a folder of its own, stopped and removed at the end.

    One that no test kills may lie in memory, where there is room: no commit waits for a disk there.
    """
    home = Path(tempfile.mkdtemp(prefix="xinqiao-test-", dir=_memory() if in_memory else None))
    try:
        embedded.start(home / "postgres")
        try:
            yield Postgres(home / "postgres")
        finally:
            embedded.stop(home / "postgres")
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _memory() -> str | None:
    """A folder that is memory, on a machine that has one with room enough."""
    folder = "/dev/shm"
    roomy = os.access(folder, os.W_OK) and shutil.disk_usage(folder).free > ROOM_IN_MEMORY
    return folder if roomy else None
