"""Many residents made from a few: somebody lives through the real application once, and their rows are copied by SQL.

Every row that belongs to a person is found by following the references to it. A copy has ids of its own, made from the
old ids and a number, so that whatever belonged together does so again; unique names get the number at their end; all
times are moved back by the same stretch. What is sealed is bound to its row and does not open in a copy, until
`seal_again` has sealed it for the copy.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import Connection, sql
from sqlalchemy import LargeBinary
from sqlalchemy import select as sa_select
from sqlalchemy.orm import Session

from storage.base import Entity
from storage.vault import Vault

LEFT_OUT = frozenset(
    {"audit_entry", "audit_head", "staff_account", "staff_session", "contact_point", "heartbeat"}
)


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    unique: bool
    points_to: str | None


class Tables:
    """What the database itself says of its tables."""

    def __init__(self, admin: Connection[Any]) -> None:
        self.columns: dict[str, list[Column]] = defaultdict(list)
        for table, name, kind, unique, target in admin.execute(_COLUMNS):
            if table not in LEFT_OUT:
                self.columns[table].append(Column(name, kind, unique, target))

    def those_of(self, admin: Connection[Any], resident: UUID) -> dict[str, set[UUID]]:
        """The ids of all rows that belong to this resident, by table."""
        found: dict[str, set[UUID]] = defaultdict(set)
        found["resident"].add(resident)
        fresh = True
        while fresh:
            fresh = False
            for table, columns in self.columns.items():
                for column in columns:
                    ids = found.get(column.points_to or "")
                    if not ids or column.type != "uuid":
                        continue
                    query = sql.SQL("SELECT id FROM {} WHERE {} = ANY(%s)").format(
                        sql.Identifier(table), sql.Identifier(column.name)
                    )
                    new = {row[0] for row in admin.execute(query, (list(ids),))} - found[table]
                    found[table] |= new
                    fresh = fresh or bool(new)
        return {table: ids for table, ids in found.items() if ids}


def copy(
    admin: Connection[Any], tables: Tables, rows: dict[str, set[UUID]], first: int, last: int, seconds: int,
    back: int = 0, leave: Iterable[str] = (),
) -> int:  # fmt: skip
    """Copies number `first` to `last` of these rows, spread evenly over the `seconds` that ended `back` seconds ago;
    how many rows.

    `admin` is a superuser's connection with `session_replication_role = replica`, so that the order does not matter.
    """
    codes = [
        row[0] for row in admin.execute("SELECT code FROM ticket WHERE id = ANY(%s)", (_ids(rows, "ticket"),))
    ]
    written = 0
    for table, ids in rows.items():
        if table in leave:
            continue
        columns = [c for c in tables.columns[table] if c.name != "position" or table != "ticket_event"]
        values = [_value(c, rows) for c in columns]
        names = sql.SQL(", ").join(sql.Identifier(c.name) for c in columns)
        statement = sql.SQL(
            "INSERT INTO {table} ({names}) SELECT {values} FROM {table} AS t, "
            "generate_series(%(first)s::bigint, %(last)s::bigint) AS n WHERE t.id = ANY(%(ids)s)"
        ).format(table=sql.Identifier(table), names=names, values=sql.SQL(", ").join(values))
        result = admin.execute(
            statement,
            {
                "first": first,
                "last": last,
                "ids": list(ids),
                "codes": codes,
                "step": seconds / max(1, last - first),
                "back": back,
            },
        )
        written += result.rowcount
    return written


def seal_again(
    db: Session, admin: Connection[Any], vault: Vault, rows: dict[str, set[UUID]], numbers: Sequence[int],
    only: Sequence[str] = (),
) -> int:  # fmt: skip
    """Seal for these copies what their model had sealed, or `only` these fields, so that it opens; how many fields."""
    sealed = 0
    for mapper in Entity.registry.mappers:
        entity = mapper.class_
        fields = [
            column.name.removesuffix("_sealed")
            for column in mapper.columns
            if isinstance(column.type, LargeBinary) and column.name.endswith("_sealed")
        ]
        fields = [field for field in fields if not only or field in only]
        ids = rows.get(entity.__tablename__)
        if not ids or not fields:
            continue
        for row in db.scalars(sa_select(entity).where(entity.id.in_(ids))):
            words = {field: vault.open(row, field) for field in fields}
            made = {number: new for number, new in admin.execute(_NEW_IDS, (str(row.id), list(numbers)))}
            batch = []
            for number in numbers:
                one = entity(id=made[number])
                for field, value in words.items():
                    vault.seal(one, field, value)
                batch.append((*(getattr(one, f"{field}_sealed") for field in fields), one.id))
            sealed += len(batch) * len(fields)
            statement = sql.SQL("UPDATE {} SET {} WHERE id = %s").format(
                sql.Identifier(entity.__tablename__),
                sql.SQL(", ").join(
                    sql.SQL("{} = %s").format(sql.Identifier(f"{field}_sealed")) for field in fields
                ),
            )
            with admin.cursor() as cursor:
                cursor.executemany(statement, batch)
    return sealed


def _value(column: Column, rows: dict[str, set[UUID]]) -> sql.Composable:
    it = sql.SQL("t.{}").format(sql.Identifier(column.name))
    if column.type == "uuid":
        if column.points_to is not None and column.points_to not in rows:
            return it
        return sql.SQL("CASE WHEN {it} IS NULL THEN NULL ELSE md5(n::text || {it}::text)::uuid END").format(
            it=it
        )
    if column.type.startswith("timestamp"):
        return sql.SQL("{} - (%(back)s + (n - %(first)s) * %(step)s) * interval '1 second'").format(it)
    if column.unique and column.type == "bytea":
        return sql.SQL("{} || int8send(n)").format(it)
    if column.unique:
        return sql.SQL("{} || '-' || n").format(it)
    if column.type == "text" or column.type.startswith("character"):
        return sql.SQL("CASE WHEN {it} = ANY(%(codes)s) THEN {it} || '-' || n ELSE {it} END").format(it=it)
    return it


def _ids(rows: dict[str, set[UUID]], table: str) -> list[UUID]:
    return list(rows.get(table, ()))


_NEW_IDS = "SELECT n, md5(n::text || %s)::uuid FROM unnest(%s::bigint[]) AS n"

_COLUMNS = """
SELECT c.relname, a.attname, format_type(a.atttypid, NULL),
  EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique AND NOT i.indisprimary
          AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum),
  (SELECT f.confrelid::regclass::text FROM pg_constraint f
   WHERE f.conrelid = c.oid AND f.contype = 'f' AND f.conkey = ARRAY[a.attnum] LIMIT 1)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
ORDER BY c.relname, a.attnum
"""
