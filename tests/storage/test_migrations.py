"""The tables can be made, compared with the entities, and taken back."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Column, Integer, MetaData, Table

import storage.migrations
from storage import audit, database, migrations
from storage.errors import DatabaseError

OURS = {audit.AuditEntry.__tablename__, audit.AuditHead.__tablename__, database.VaultCheck.__tablename__}


@pytest.fixture
def url(postgres):
    name = postgres.empty_database()
    yield postgres.url(name)
    postgres.drop(name)


def revisions():
    config = Config()
    config.set_main_option("script_location", storage.migrations.__path__[0])
    config.set_main_option("path_separator", "os")
    return [one.revision for one in ScriptDirectory.from_config(config).walk_revisions()][::-1]


def test_every_migration_runs_both_ways(url, postgres):
    assert migrations.current(url) is None
    for revision in revisions():
        migrations.upgrade(url, revision)
        migrations.downgrade(url, "-1")
        migrations.upgrade(url, revision)
        assert migrations.current(url) == revision
    migrations.downgrade(url, "base")
    assert migrations.current(url) is None
    assert migrations.check(url, MetaData()) == []
    migrations.upgrade(url)
    migrations.upgrade(url)
    assert migrations.current(url) == revisions()[-1]


LATER = {"ix_audit_entry_action", "ix_audit_entry_actor", "ix_audit_entry_at"}
"""Indexes that came with the page on which the trail is read."""


def test_the_tables_of_storage_agree_with_their_entities(url):
    migrations.upgrade(url, "0001")
    ours = MetaData()
    for name in OURS:
        table = audit.Entity.metadata.tables[name].to_metadata(ours)
        table.indexes = {index for index in table.indexes if index.name not in LATER}
    assert migrations.check(url, ours) == []
    Table("forgotten", ours, Column("id", Integer, primary_key=True))
    assert any("forgotten" in line for line in migrations.check(url, ours))


def test_two_that_migrate_at_once_wait_for_each_other(url):
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(migrations.upgrade, [url] * 3))
    assert migrations.current(url) == revisions()[-1]


def test_a_database_that_does_not_answer_is_one_clear_error():
    with pytest.raises(DatabaseError, match="does not answer"):
        migrations.upgrade("postgresql://nobody@127.0.0.1:9/none")
