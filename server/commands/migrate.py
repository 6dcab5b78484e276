"""`xinqiao migrate`: bring the tables up to date, or back."""

from typing import Annotated

import typer

from server.settings import settings


def migrate(
    to: Annotated[str, typer.Option(help="到哪一版；缺省为最新")] = "head",
    down: Annotated[bool, typer.Option("--down", help="往回退到 --to 所说的版本（base 为清空）")] = False,
) -> None:
    """升级（或退回）数据库的表。内置数据库没有开着时，临时打开它。"""
    from storage import embedded, migrations
    from storage.errors import StorageError, TablesInUse

    chosen = settings()
    folder = chosen.home / "postgres"
    opened = False
    try:
        if chosen.database_url is None and embedded.running(folder) is None:
            embedded.start(folder)
            opened = True
        url = chosen.database_url or embedded.url(folder)
        before = migrations.current(url)
        if down:
            migrations.downgrade(url, to)
        else:
            migrations.upgrade(url, to)
        typer.echo(f"数据库：{before or '空'} → {migrations.current(url) or '空'}")
    except TablesInUse:
        typer.echo("✗ 有程序正占着要改的表（多半是备份）。什么都没有改，过几分钟再试一次。", err=True)
        raise typer.Exit(1) from None
    except StorageError as error:
        typer.echo(f"✗ {error}", err=True)
        raise typer.Exit(1) from None
    finally:
        if opened:
            embedded.stop(folder)
