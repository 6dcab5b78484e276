"""`xinqiao backup` and `xinqiao restore`: the whole database in one file, tried out, and put back."""

from pathlib import Path

import typer

from server.settings import settings
from server.wiring import database_url, utc_now
from storage import backup as backups
from storage.errors import StorageError
from storage.vault import Keyring, Vault


def backup(
    to: Path | None = typer.Option(None, "--to", help="放到哪个文件夹；平时在运行目录的 backups 里"),
) -> None:
    """备份一次：写出来，马上在临时的数据库里恢复一遍，点清工单、核对审计链，才算数。"""
    chosen = settings()
    try:
        vault = Vault(Keyring.load(chosen.keys))
        file, contents = backups.make(database_url(chosen), vault, to or chosen.home / "backups", utc_now())
    except StorageError as error:
        typer.echo(f"没有备份成：{error}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"已备份：{file}")
    typer.echo(
        f"试着恢复过：未结案的工单 {contents.open_tickets} 件，审计 {contents.audit_entries} 条，链完整。"
    )
    typer.echo("密钥不在备份里。请把密钥文件另外收好：没有它，备份谁也打不开。")
