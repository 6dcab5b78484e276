"""The declarative base of every table."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import TIMESTAMP, Dialect, LargeBinary, MetaData, Text, TypeDecorator, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Moment(TypeDecorator[datetime]):
    """A point in time. Refuses a datetime without a zone; gives back UTC."""

    impl = TIMESTAMP(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("a point in time needs its zone")
        return value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)


class Entity(DeclarativeBase):
    """A row of the database.

    `str` becomes TEXT, `datetime` an aware point in time, `dict` and `list` JSONB, `UUID` UUID,
    `bytes` BYTEA; constraints get names by rule, so that migrations can find them again.
    Entities can be built and used without a database.
    """

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - read once by SQLAlchemy
        datetime: Moment(),
        str: Text(),
        bytes: LargeBinary(),
        UUID: Uuid(),
        dict: JSONB(),
        dict[str, Any]: JSONB(),
        list: JSONB(),
        list[Any]: JSONB(),
        list[str]: JSONB(),
    }

    def __init__(self, **values: Any) -> None:
        """Set the named attributes; an `Identified` entity without an id gets one here, and what has a plain
        default has it from the beginning, not only from the first flush on."""
        if isinstance(self, Identified) and values.get("id") is None:
            values["id"] = uuid4()
        for column in self.__table__.columns:
            if column.default is not None and column.default.is_scalar:
                values.setdefault(column.key, column.default.arg)
        for name, value in values.items():
            if not hasattr(type(self), name):
                raise TypeError(f"{type(self).__name__} has no attribute {name!r}")
            setattr(self, name, value)

    def __repr__(self) -> str:
        """Class and key only: a row never prints what it holds."""
        return f"<{type(self).__name__} {self.__dict__.get('id', '')}>"


class Identified:
    """A random id, made when the entity is built, so that its fields can be sealed before it is stored."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4, sort_order=-1)
