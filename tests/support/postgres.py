"""A real PostgreSQL for tests: one server per run, one database per test."""

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
def server() -> Iterator[Postgres]:
    """A server in a folder of its own, stopped and removed at the end."""
    home = Path(tempfile.mkdtemp(prefix="xinqiao-test-"))
    try:
        embedded.start(home / "postgres")
        try:
            yield Postgres(home / "postgres")
        finally:
            embedded.stop(home / "postgres")
    finally:
        shutil.rmtree(home, ignore_errors=True)
