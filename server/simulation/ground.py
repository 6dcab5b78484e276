"""The databases that simulations run on: an embedded PostgreSQL of their own, never the product's.

Every seed has its own database, a copy of one migrated template. Its connections do not wait for the disk at each
commit (`synchronous_commit = off`): a simulated year is thrown away when the machine loses power, a resident's
sentence is not. In everything else the server is the product's, `fsync` included.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import event, make_url

from storage import embedded, migrations
from storage.database import Database
from storage.vault import Keyring, Vault

TEMPLATE = "simulation_template"


class Ground:
    """A running embedded server. Databases are made on it by name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def prepare(self) -> None:
        """Make the migrated template that every seed's database is copied from."""
        self._create(TEMPLATE, "template0")
        migrations.upgrade(self.url(TEMPLATE))

    def new(self, name: str) -> "Lot":
        """A fresh database with all tables and a key ring of its own. What stood under this name is gone."""
        self._create(name, TEMPLATE)
        home = self.folder.parent / name
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        return Lot(self.url(name), home)

    def url(self, name: str) -> str:
        """The application's URL of a database here."""
        here = make_url(embedded.url(self.folder)).set(database=name)
        return here.render_as_string(hide_password=False)

    def drop(self, name: str) -> None:
        """Remove a database, whoever is still connected."""
        self._admin("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def _create(self, name: str, template: str) -> None:
        self.drop(name)
        self._admin("CREATE DATABASE {} TEMPLATE {} OWNER {}", name, template, embedded.ROLE)

    def _admin(self, statement: str, *names: str) -> None:
        url = make_url(embedded.admin_url(self.folder))
        with psycopg.connect(host=str(url.query["host"]), user="postgres", autocommit=True) as admin:
            admin.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


class Lot:
    """One seed's database and the folder with its key ring."""

    def __init__(self, url: str, home: Path) -> None:
        self.url = url
        self.home = home

    def open(self) -> Database:
        """The product's own `Database` on it, with commits that do not wait for the disk."""
        keys = self.home / "keys.json"
        ring = Keyring.load(keys) if keys.exists() else Keyring.create(keys)
        database = Database(self.url, Vault(ring), pool_size=10)
        event.listen(database.engine, "connect", _do_not_wait)
        return database

    def look(self) -> psycopg.Connection[Any]:
        """A plain connection for looking at every row, outside the product's own code."""
        url = make_url(self.url)
        return psycopg.connect(
            host=str(url.query["host"]), user=url.username, dbname=url.database, autocommit=True
        )


def _do_not_wait(connection: Any, _record: Any) -> None:
    connection.execute("SET synchronous_commit = off")
    connection.commit()


@contextmanager
def ground(folder: Path | None = None) -> Iterator[Ground]:
    """A server in this folder, or in one that is gone afterwards. It ends with the block and with this process."""
    home = folder or Path(tempfile.mkdtemp(prefix="xinqiao-simulation-"))
    try:
        embedded.start(home / "postgres")
        try:
            yield Ground(home / "postgres")
        finally:
            embedded.stop(home / "postgres")
    finally:
        if folder is None:
            shutil.rmtree(home, ignore_errors=True)
