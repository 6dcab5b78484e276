"""The command line `xinqiao`: one verb per thing that an operator does.

Each verb is one function of the same name in `server/commands/<verb>.py`. It is imported only when it is
asked for, so that `xinqiao crisis` starts without the application, the database or the web server.
"""

import importlib
import importlib.util
import os
import sys
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

VERBS = (
    "up",
    "seed",
    "score",
    "crisis",
    "route",
    "verify",
    "serve",
    "jobs",
    "gateway",
    "migrate",
    "openapi",
)


class Verbs(TyperGroup):
    """A group whose verbs are imported when they are used."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [verb for verb in VERBS if importlib.util.find_spec(f"server.commands.{verb}")]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in self.list_commands(ctx):
            return None
        function = getattr(importlib.import_module(f"server.commands.{cmd_name}"), cmd_name)
        verb = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
        verb.command(name=cmd_name)(function)
        return get_command(verb)


# Exceptions are never printed with the values of variables: they may hold what a resident said.
app = typer.Typer(
    cls=Verbs,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def xinqiao() -> None:
    """心桥：从居民的一句话，到司法所的一次走访。"""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    os.environ.setdefault("PYTHONUTF8", "1")


if __name__ == "__main__":
    app()
