"""`xinqiao tree`: the district's tree of streets, communities, grids, roads, offices and places."""

import csv
import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from residents.district import District
from residents.errors import DistrictError, TableRefused
from residents.tree_table import rows_of
from server.settings import settings
from server.tree_desk import Proposal, TreeChangedMeanwhile, TreeDesk, tree_in_words
from storage import embedded
from storage.database import Database
from storage.errors import StorageError
from storage.vault import Keyring, Vault

MOST_SHOWN = 60
Action = Literal["import", "export", "show"]


def tree(
    action: Annotated[Action, typer.Argument(help="import 导入，export 导出，show 看现在的")],
    file: Annotated[Path | None, typer.Argument(help="CSV、XLSX 或 YAML 文件")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只看会改什么，不保存")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="不再问，直接保存")] = False,
    by: Annotated[str, typer.Option("--by", help="谁导入的，写进记录；缺省为登录名")] = "",
    note: Annotated[str, typer.Option("--note", help="为什么改，写进记录")] = "",
) -> None:
    """看、导出、导入区划：街道、社区、网格、道路、办公室、地点。导入以后，受影响的工单按新区划重新分派。"""
    if action != "show" and file is None:
        raise _stop("请写上文件名，例如：xinqiao tree export 区划.xlsx")
    try:
        with _desk() as desk:
            if action == "show":
                typer.echo("\n".join(tree_in_words(*desk.in_force())))
            elif action == "export" and file is not None:
                export(desk.in_force()[0], file)
                typer.echo(f"已写到 {file}。改完以后运行：xinqiao tree import {file}")
            elif file is not None:
                _import(desk, file, dry_run, yes, by or getpass.getuser(), note)
    except TableRefused as refused:
        for problem in refused.problems[:200]:
            typer.echo(f"✗ {problem}", err=True)
        raise _stop(f"共 {len(refused.problems)} 处要改，什么都没有保存。") from None
    except (StorageError, DistrictError) as error:
        raise _stop(str(error)) from None


def _import(desk: TreeDesk, file: Path, dry_run: bool, yes: bool, by: str, note: str) -> None:
    proposal = desk.propose(file)
    typer.echo("\n".join(proposed(proposal)))
    if not proposal.changes:
        return
    if dry_run:
        typer.echo("只是看看，没有保存。")
        return
    if not yes and not typer.confirm("保存并启用？", default=False):
        raise _stop("没有保存。")
    try:
        saved = desk.save(proposal, by, note, datetime.now(UTC))
    except TreeChangedMeanwhile:
        raise _stop("刚才有人导入了另一版区划，请重新看一遍再导入。") from None
    typer.echo(f"已启用 {saved.digest}。受影响的工单会在十秒内按新区划重新分派。")


def proposed(proposal: Proposal) -> list[str]:
    """What an import would change, for a person."""
    if not proposal.changes:
        return ["和现在用的区划一样，没有要改的。"]
    lines = [f"会改 {len(proposal.changes)} 处："]
    lines += [f"  {change}" for change in proposal.changes[:MOST_SHOWN]]
    if len(proposal.changes) > MOST_SHOWN:
        lines.append(f"  ……还有 {len(proposal.changes) - MOST_SHOWN} 处")
    moves = proposal.moves
    lines.append(f"未结工单 {moves.open_tickets} 张，其中 {moves.move} 张的归属会变。")
    lines += [f"  {proposal.after.office(code).name}：来 {n} 张" for code, n in moves.by_office.items()]
    return lines


def export(district: District, file: Path) -> None:
    """Write the tree as a table: a workbook for .xlsx, else CSV that spreadsheet programs read as UTF-8."""
    if file.suffix.lower() == ".xlsx":
        import openpyxl

        book = openpyxl.Workbook(write_only=True)
        sheet = book.create_sheet("区划")
        sheet.freeze_panes = "A2"
        for row in rows_of(district):
            sheet.append(row)
        book.save(file)
        return
    with file.open("w", encoding="utf-8-sig", newline="") as out:
        csv.writer(out).writerows(rows_of(district))


@contextmanager
def _desk() -> Iterator[TreeDesk]:
    """The desk over the database; an embedded one that is not running is started for this and stopped again."""
    chosen = settings()
    folder = chosen.home / "postgres"
    opened = False
    if chosen.database_url is None and embedded.running(folder) is None:
        embedded.start(folder)
        opened = True
    try:
        url = chosen.database_url or embedded.url(folder)
        database = Database(url, Vault(Keyring.load(chosen.keys)), pool_size=1)
        try:
            yield TreeDesk(database, chosen.district)
        finally:
            database.close()
    finally:
        if opened:
            embedded.stop(folder)


def _stop(words: str) -> typer.Exit:
    typer.echo(f"✗ {words}", err=True)
    return typer.Exit(1)
