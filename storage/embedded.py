"""The embedded PostgreSQL: a server from a Python wheel, in a folder of its own."""

from pathlib import Path


def prepare(folder: Path) -> None:
    """Make the folder ready, so that `command(folder)` starts a server."""
    raise NotImplementedError


def command(folder: Path) -> list[str]:
    """The server in the foreground, to be run as `user()`; SIGINT stops it in order."""
    raise NotImplementedError


def user() -> str | None:
    """The unprivileged user the server runs as when we are root, else None."""
    raise NotImplementedError


def url(folder: Path) -> str:
    """The SQLAlchemy URL of the application's database in this folder."""
    raise NotImplementedError
