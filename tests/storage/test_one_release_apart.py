"""The tables of this release serve the programs of the last one too, while an upgrade is going on (O02).

What an older program writes must still be taken, and what it reads must still be there: tables and columns only
come, and whatever comes may be left out by who does not know it. `make soak ARGS="mixed --old REVISION"` has both
releases at work over one database.
"""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from storage import migrations
from storage.errors import TablesInUse
from tests.support.postgres import Postgres

LAST_RELEASE = "0006"
"""The revision of the release before this one; the next release moves it on."""

HARMLESS = ["queued_notice: FOREIGN KEY (bell_id) REFERENCES bell(id)"]
"""New rules that refuse nothing the last release writes: this one is on a column that it leaves empty."""

Columns = dict[tuple[str, str], tuple[str, bool]]
_COLUMNS = """
SELECT table_name, column_name, data_type, is_nullable = 'NO' AND column_default IS NULL AND is_identity = 'NO'
FROM information_schema.columns WHERE table_schema = 'public'
"""

Restrictions = set[tuple[str, str]]
_RESTRICTIONS = """
SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = 'public'::regnamespace AND conrelid <> 0 AND contype IN ('c', 'u', 'p', 'f', 'x')
UNION SELECT indrelid::regclass::text, regexp_replace(pg_get_indexdef(indexrelid), '^.* ON ', 'UNIQUE ')
FROM pg_index WHERE indisunique AND indrelid::regclass::text IN (SELECT relname FROM pg_class WHERE relkind = 'r')
UNION SELECT tgrelid::regclass::text, regexp_replace(pg_get_triggerdef(oid), '^CREATE TRIGGER [a-z0-9_]+ ', '')
FROM pg_trigger WHERE NOT tgisinternal
"""


def columns(admin: psycopg.Connection[Any]) -> Columns:
    """Every column with its type, and whether a row cannot be written without it."""
    return {(table, name): (kind, wanted) for table, name, kind, wanted in admin.execute(_COLUMNS)}


def in_the_way(before: Columns, after: Columns) -> list[str]:
    """What a program that knows only the tables of `before` would stumble over."""
    gone = [f"{table}.{name} is gone" for table, name in before if (table, name) not in after]
    changed = [
        f"{table}.{name} was {before[table, name][0]} and is {kind}"
        for (table, name), (kind, _) in after.items()
        if (table, name) in before and before[table, name][0] != kind
    ]
    tables = {table for table, _ in before}
    wanted = [
        f"{table}.{name} must be written now"
        for (table, name), (_, must) in after.items()
        if must and table in tables and not before.get((table, name), ("", False))[1]
    ]
    return gone + changed + wanted


def restrictions(admin: psycopg.Connection[Any]) -> Restrictions:
    """Everything but columns that may refuse a row: constraints, unique indexes, triggers; with its table."""
    return {(table, rule) for table, rule in admin.execute(_RESTRICTIONS) if not table.startswith("pg_")}


def forbidden_now(before: Columns, had: Restrictions, has: Restrictions) -> list[str]:
    """What may refuse a row that a program of the last release writes, and did not then."""
    tables = {table for table, _ in before}
    return sorted(f"{table}: {rule}" for table, rule in has - had if table in tables)


@pytest.fixture(scope="module")
def upgraded(postgres: Postgres) -> Iterator[tuple[str, Columns, Restrictions]]:
    """A database that came up from the last release, and the columns and restrictions that it had then."""
    name = postgres.empty_database()
    migrations.upgrade(postgres.url(name), LAST_RELEASE)
    with postgres.admin(name) as admin:
        before, had = columns(admin), restrictions(admin)
    migrations.upgrade(postgres.url(name))
    yield name, before, had
    postgres.drop(name)


def test_the_last_release_finds_and_may_write_what_it_knows(
    postgres: Postgres, upgraded: tuple[str, Columns, Restrictions]
) -> None:
    name, before, had = upgraded
    assert ("ticket", "level") in before
    with postgres.admin(name) as admin:
        assert in_the_way(before, columns(admin)) == []
        assert forbidden_now(before, had, restrictions(admin)) == HARMLESS


def test_what_would_refuse_its_rows_is_noticed(
    postgres: Postgres, upgraded: tuple[str, Columns, Restrictions]
) -> None:
    name, before, had = upgraded
    with postgres.admin(name) as admin, admin.transaction():
        admin.execute("ALTER TABLE ticket ADD CONSTRAINT short CHECK (length(code) < 4) NOT VALID")
        admin.execute("CREATE UNIQUE INDEX one_each ON message (session_id)")
        found = forbidden_now(before, had, restrictions(admin))
        assert [rule for rule in found if rule not in HARMLESS] == [
            "message: UNIQUE public.message USING btree (session_id)",
            "ticket: CHECK ((length(code) < 4)) NOT VALID",
        ]
        raise psycopg.Rollback


def test_what_would_be_in_its_way_is_noticed(
    postgres: Postgres, upgraded: tuple[str, Columns, Restrictions]
) -> None:
    name, before, _ = upgraded
    with postgres.admin(name) as admin, admin.transaction():
        admin.execute("ALTER TABLE ticket ADD COLUMN mood text NOT NULL, DROP COLUMN outcome")
        admin.execute("ALTER TABLE message ALTER COLUMN position TYPE bigint")
        found = in_the_way(before, columns(admin))
        assert sorted(found) == [
            "message.position was integer and is bigint",
            "ticket.mood must be written now",
            "ticket.outcome is gone",
        ]
        raise psycopg.Rollback


def test_an_upgrade_gives_up_soon_rather_than_hold_up_alarms_behind_a_backup(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backup reads every table for minutes: the upgrade that needs one of them comes again later."""
    monkeypatch.setattr(migrations, "PATIENCE_S", 1)
    name = postgres.empty_database()
    try:
        migrations.upgrade(postgres.url(name), LAST_RELEASE)
        with postgres.admin(name) as backup, postgres.admin(name) as app:
            backup.autocommit = False
            backup.execute("LOCK TABLE safety_plan, rating, ticket IN ACCESS SHARE MODE")
            with pytest.raises(TablesInUse):
                migrations.upgrade(postgres.url(name))
            app.execute("SET lock_timeout = '1s'")
            app.execute("UPDATE ticket SET bounces = bounces")
        assert migrations.current(postgres.url(name)) == LAST_RELEASE
        migrations.upgrade(postgres.url(name))
    finally:
        postgres.drop(name)
