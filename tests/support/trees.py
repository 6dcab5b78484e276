"""Changing a town's tree as its clerk does: the table is exported, changed, and imported again."""

import csv
from collections.abc import Callable
from pathlib import Path

from residents.tree_table import COLUMNS, rows_of
from server.tree_desk import Proposal, TreeDesk
from tests.support.town import Town

Table = list[dict[str, str]]


def proposes(town: Town, folder: Path, change: Callable[[Table], Table | None]) -> tuple[TreeDesk, Proposal]:
    """Look at what a changed table would do."""
    desk = TreeDesk(town.database, "binjiang")
    header, *rows = rows_of(desk.in_force()[0])
    assert header == COLUMNS
    table: Table = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
    table = change(table) or table
    file = folder / "区划.csv"
    with file.open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.DictWriter(out, COLUMNS)
        writer.writeheader()
        writer.writerows(table)
    return desk, desk.propose(file)


def imports(town: Town, folder: Path, change: Callable[[Table], Table | None]) -> Proposal:
    """Bring a changed table into force."""
    desk, proposal = proposes(town, folder, change)
    desk.save(proposal, "区划员", "", town.clock.now)
    return proposal


def without_puyan(table: Table) -> Table:
    """浦沿街道 is merged into 长河街道: its office closes, its halls and posters are taken down."""
    kept = []
    for row in table:
        if row["名称"] in ("浦沿街道", "浦沿司法所") or row["办公室"] == "浦沿司法所":
            continue
        if row["上级"] == "浦沿街道":
            row["上级"] = "长河街道"
        if row["名称"] == "长河街道":
            row["旧名"] += "、浦沿街道、浦沿镇"
        kept.append(row)
    return kept


def community_moves(name: str, street: str) -> Callable[[Table], None]:
    """The boundary moves: one community belongs to another street from now on."""

    def change(table: Table) -> None:
        next(row for row in table if row["层级"] == "社区" and row["名称"] == name)["上级"] = street

    return change
