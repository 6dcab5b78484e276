"""`xinqiao call_list`: the telephones of whoever is on duty, for the day when no channel works."""

from pathlib import Path

import typer


def call_list(
    out: Path | None = typer.Option(None, "--out", help="写成网页文件（A4，可打印）；不写就显示在屏幕上"),
) -> None:
    """值班电话单：谁在岗、打哪个号码、哪些红色和橙色工单还没有结案。上面没有居民的姓名。"""
    from server.call_list import as_page, as_text
    from server.settings import settings
    from server.wiring import wire

    services = wire(settings())
    try:
        sheet = services.call_list.of_district("operator")
    finally:
        services.close()
    if out is None:
        typer.echo(as_text(sheet))
        return
    try:
        out.write_text(as_page(sheet), encoding="utf-8")
    except OSError as error:
        typer.echo(f"写不进 {out}：{error.strerror}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"已写入 {out}")
