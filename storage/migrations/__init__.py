"""Migrations: every change of the tables, both ways."""

from sqlalchemy import MetaData


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the tables up to a revision."""
    raise NotImplementedError


def downgrade(url: str, revision: str) -> None:
    """Take the tables back to a revision; `base` removes them all."""
    raise NotImplementedError


def current(url: str) -> str | None:
    """The revision the database is at, or None when it has no tables."""
    raise NotImplementedError


def check(url: str, metadata: MetaData) -> list[str]:
    """Where tables and entities differ; empty when they agree."""
    raise NotImplementedError
