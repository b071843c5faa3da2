"""Column types and naming that every table of the house uses, and the base class a service declares its tables on."""

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import registry
from sqlmodel import SQLModel

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Timestamp(sa.types.TypeDecorator[datetime]):
    """An instant in UTC. Naive datetimes are refused: they hide the hour of somebody's deadline."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a timestamp needs its offset")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


JsonB = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def tables_of(service: str) -> registry:
    """What one service's tables are declared in: a MetaData of its own, since four services share a process.

    `class Table(SQLModel, registry=tables_of("customer"))` is the base of that service's tables.
    """
    return registry(metadata=sa.MetaData(naming_convention=NAMING, info={"service": service}))


def service_base(service: str) -> type[SQLModel]:
    """The base of one service's tables: a MetaData of its own, since four services share a process when embedded."""
    tables = registry(metadata=sa.MetaData(naming_convention=NAMING))

    class Table(SQLModel, registry=tables):
        __doc__ = f"Base of the tables of the {service} service."

    Table.__module__ = f"services.{service}.tables"
    return Table
