"""`xinqiao openapi`: the description of the HTTP interface, from which the pages' clients are generated."""

import json
import os
from typing import Annotated

import typer

from server.settings import ROOT


def openapi(
    out: Annotated[str, typer.Option(help="写到哪里；`-` 是标准输出")] = str(ROOT / "openapi.json"),
) -> None:
    """写出接口说明 openapi.json。不需要数据库，也不启动任何东西。"""
    from server.app import create_app

    text = json.dumps(create_app().openapi(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    if out == "-":
        typer.echo(text, nl=False)
        return
    draft = f"{out}.new"
    with open(draft, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(draft, out)
