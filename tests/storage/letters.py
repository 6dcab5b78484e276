"""Two tables that only these tests know."""

from sqlalchemy import MetaData
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Entity, Identified
from storage.database import Database


class TestsOnly(Entity):
    """Keeps these tables apart from the application's."""

    __abstract__ = True
    metadata = MetaData(naming_convention=Entity.metadata.naming_convention)


class Letter(Identified, TestsOnly):
    """What somebody wrote."""

    __tablename__ = "letter"

    code: Mapped[str | None] = mapped_column(unique=True)
    text_sealed: Mapped[bytes | None]
    name_sealed: Mapped[bytes | None]


class Postcard(Identified, TestsOnly):
    """Something of the same form in another table."""

    __tablename__ = "postcard"

    text_sealed: Mapped[bytes | None]


def make_tables(database: Database) -> None:
    TestsOnly.metadata.create_all(database.engine)
