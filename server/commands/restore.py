"""`xinqiao restore FILE`: put a backup back into an empty database."""

from pathlib import Path

import typer

from server.settings import settings
from server.wiring import database_url, utc_now
from storage import backup as backups
from storage.errors import StorageError
from storage.vault import Keyring, Vault


def restore(
    file: Path = typer.Argument(..., exists=True, dir_okay=False, help="备份文件"),
    trial: bool = typer.Option(False, "--trial", help="只试：恢复到临时的数据库里点一遍，什么都不改"),
) -> None:
    """把备份放回一个空的数据库（数据库要已经启动、里面还没有表）；--trial 只试一遍。"""
    chosen = settings()
    try:
        vault = Vault(Keyring.load(chosen.keys))
        if trial:
            contents = backups.try_out(file, vault, utc_now())
            whole = "链完整" if contents.audit_intact else "链不完整"
            typer.echo(
                f"能恢复：未结案的工单 {contents.open_tickets} 件，审计 {contents.audit_entries} 条，{whole}。"
            )
            raise typer.Exit(0 if contents.audit_intact else 1)
        backups.put_back(file, database_url(chosen))
    except StorageError as error:
        typer.echo(f"没有恢复成：{error}", err=True)
        raise typer.Exit(1) from None
    typer.echo("已恢复。启动以后请先看列表，再运行 xinqiao verify 核对审计链。")
