"""`xinqiao rehearse FILE`: what a proposal would have done on what really came in."""

import getpass
from pathlib import Path
from typing import Annotated

import typer

from escalation.errors import CalendarError, PolicyError
from escalation.rehearsal import rehearse as rehearse_
from escalation.rehearsal import shown
from server.command_line import at_work, stop
from storage.errors import StorageError


def rehearse(
    file: Annotated[Path, typer.Argument(help="工单政策、分级表、种类表（YAML）或日历（CSV）")],
    days: Annotated[int, typer.Option("--days", help="用最近多少天的记录：28、56 或 84")] = 28,
    by: Annotated[str, typer.Option("--by", help="谁看的，写进记录；缺省为登录名")] = "",
) -> None:
    """用最近真实发生的事预演一份新文件，和现行的比：多几次上门和电话、红色早认出几个、多少时限会晚。什么都不改。"""
    content = read(file)
    try:
        with at_work() as work, work.database.transaction() as db:
            now = work.clock()
            rehearsal = rehearse_(db, work.database.vault, work.policies, content, now, days)
            typer.echo("\n".join(rehearsal.lines))
            shown(db, rehearsal, by or getpass.getuser(), now)
    except (PolicyError, CalendarError, StorageError) as error:
        raise stop(str(error)) from None
    typer.echo(f"看过了，可以保存：xinqiao policy save {file}")


def read(file: Path) -> str:
    """The text of a proposal, or one sentence on why not."""
    try:
        return file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise stop(f"读不了文件 {file.name}：不存在，或没有权限，或不是 UTF-8。") from None
