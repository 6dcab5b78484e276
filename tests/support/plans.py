"""How PostgreSQL would carry out what the application asked, without a clock: for promises that no figure can keep."""

import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, event, text

_PASSING_ON = {
    "Aggregate", "Group", "Sort", "Incremental Sort", "Unique", "Result", "LockRows", "Subquery Scan", "Gather",
    "Gather Merge", "Materialize",
}  # fmt: skip
_PLANNED = ("SELECT", "UPDATE", "DELETE", "WITH")


class Asked:
    """The statements of one stretch of time, each once, with the values that it was first asked with."""

    def __init__(self) -> None:
        self.statements: dict[str, Any] = {}

    def note(
        self, _connection: Any, _cursor: Any, statement: str, values: Any, _context: Any, _many: bool
    ) -> None:
        if statement.lstrip().upper().startswith(_PLANNED):
            self.statements.setdefault(statement, values[0] if isinstance(values, list) else values)

    def about(self, table: str) -> int:
        """How many different statements name this table."""
        return sum(f" {table} " in f" {statement} ".replace("\n", " ") for statement in self.statements)


@contextmanager
def listening(engine: Engine) -> Iterator[Asked]:
    """Everything that is asked over this engine in the block."""
    asked = Asked()
    event.listen(engine, "before_cursor_execute", asked.note)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", asked.note)


def scans(engine: Engine, asked: Asked, tables: Collection[str]) -> list[str]:
    """The tables of these that a statement would read from end to end, with the statement.

    From end to end: row by row, or through an index that holds every row without saying which ones are wanted.
    """
    found = []
    with engine.connect() as connection:
        partial = _partial_indexes(connection)
        for statement, values in asked.statements.items():
            [[plan]] = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", values)
            for node in _nodes((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]):
                if node.get("Relation Name") in tables and _whole(node, partial):
                    found.append(f"{node['Node Type']} on {node['Relation Name']}: {statement}")
        connection.rollback()
    return found


def blocks(engine: Engine, asked: Asked) -> int:
    """How many blocks of 8 KiB the database looks at to answer all of these once. Nothing that they change stays."""
    looked_at = 0
    with engine.connect() as connection:
        for statement, values in asked.statements.items():
            [[plan]] = connection.exec_driver_sql(
                f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {statement}", values
            )
            whole = (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]
            looked_at += whole["Shared Hit Blocks"] + whole["Shared Read Blocks"]
        connection.rollback()
    return looked_at


@dataclass(frozen=True)
class Read:
    """What one statement cost: rows that were looked at in tables, and rows that came of it or were counted up."""

    statement: str
    examined: int
    used: int
    milliseconds: float
    scans: str


def reads(engine: Engine, asked: Asked) -> list[Read]:
    """Carries each of these out once more and counts. Nothing that they change stays."""
    found = []
    with engine.connect() as connection:
        for statement, values in asked.statements.items():
            [[plan]] = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", values)
            whole = (json.loads(plan) if isinstance(plan, str) else plan)[0]
            looked = [node for node in _nodes(whole["Plan"]) if "Relation Name" in node]
            found.append(
                Read(
                    statement=statement,
                    examined=sum(_examined(node) for node in looked),
                    used=_used(whole["Plan"]),
                    milliseconds=whole["Execution Time"],
                    scans="; ".join(
                        f"{node['Node Type']} {node.get('Index Name', node['Relation Name'])}: {_examined(node)}"
                        for node in looked
                    ),
                )
            )
        connection.rollback()
    return found


def _examined(node: dict[str, Any]) -> int:
    """Rows of the table that this step looked at, those it let go of too."""
    removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    return round((node["Actual Rows"] + removed) * node["Actual Loops"])


def _used(node: dict[str, Any]) -> int:
    """Rows that the statement returns; where it counts or sums up, those that it counted."""
    while node["Node Type"] in _PASSING_ON and node.get("Plans"):
        node = node["Plans"][0]
    return max(1, round(node["Actual Rows"] * node["Actual Loops"]))


def _whole(node: dict[str, Any], partial: Collection[str]) -> bool:
    if node["Node Type"] == "Seq Scan":
        return True
    walked = node["Node Type"] in ("Index Scan", "Index Only Scan") and "Index Cond" not in node
    return walked and node["Index Name"] not in partial


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)


def _partial_indexes(connection: Connection) -> set[str]:
    return set(
        connection.scalars(text("SELECT indexrelid::regclass::text FROM pg_index WHERE indpred IS NOT NULL"))
    )
