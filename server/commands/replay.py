"""`xinqiao replay`: past levels and deadlines, computed again."""

import sys
from typing import Annotated

import typer

from escalation.replay import Replay, Replayed, ticket_named
from server.command_line import AtWork, at_work, stop
from storage.errors import StorageError

MOST_SHOWN = 200


def replay(
    ticket: Annotated[str | None, typer.Argument(help="工单号；不写就要加 --all")] = None,
    all_: Annotated[bool, typer.Option("--all", help="全部重新算一遍")] = False,
) -> None:
    """按当时存下的依据和版本，把等级和时限重新算一遍。一致时以 0 结束，有一处不一致就以 1 结束并逐条列出。"""
    if (ticket is None) == (not all_):
        raise stop("写一个工单号，或者写 --all。")
    try:
        with at_work() as work:
            found = everything(work) if ticket is None else one(work, ticket)
    except StorageError as error:
        raise stop(str(error)) from None
    typer.echo("\n".join(told(found)))
    raise typer.Exit(1 if found.differences else 0)


def everything(work: AtWork) -> Replayed:
    """All that was ever judged, with a bar on the error stream."""
    found = Replayed()
    again = Replay(work.database.vault, work.policies)
    with work.database.transaction() as db:
        steps = again.everything(db, found)
        with typer.progressbar(steps, length=again.how_many(db), label="复核", file=sys.stderr) as bar:
            for _ in bar:
                pass
    return found


def one(work: AtWork, code: str) -> Replayed:
    """One ticket with all that was judged for it."""
    found = Replayed()
    with work.database.transaction() as db:
        ticket = ticket_named(db, code)
        if ticket is None:
            raise stop(f"没有工单 {code}。")
        Replay(work.database.vault, work.policies).ticket(db, ticket, found)
    return found


def told(found: Replayed) -> list[str]:
    """What came of it, for a person."""
    lines = [f"✗ {d.what}：当时 {d.kept}，重算 {d.again}" for d in found.differences[:MOST_SHOWN]]
    if len(found.differences) > MOST_SHOWN:
        lines.append(f"……还有 {len(found.differences) - MOST_SHOWN} 处")
    verdict = f"有 {len(found.differences)} 处不一致" if found.differences else "全部一致"
    lines.append(f"重算了 {found.levels} 个等级、{found.deadlines} 个时限：{verdict}。")
    if found.not_kept:
        lines.append(f"另有 {found.not_kept} 个等级的依据已随记录删除，或当时还没有保存，不能重算。")
    return lines
