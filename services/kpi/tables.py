"""The base every table of the KPI service is declared on, and the column types that keep its arithmetic exact."""

from decimal import Decimal
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlmodel import SQLModel

from shared.columns import BigId, tables_of


class Table(SQLModel, registry=tables_of("kpi")):
    """One MetaData for the service: four services may share a process."""


class Fixed(sa.types.TypeDecorator[Decimal]):
    """A decimal with so many places, stored as a whole number: exact on both databases, and their sums too."""

    impl = sa.BigInteger
    cache_ok = True
    places: ClassVar[int]

    def process_bind_param(self, value: Decimal | None, dialect: sa.Dialect) -> int | None:
        if value is None:
            return None
        scaled = Decimal(value).scaleb(self.places)
        if scaled != scaled.to_integral_value():
            raise ValueError(f"{value} has more than {self.places} places")
        return int(scaled)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Decimal | None:
        return None if value is None else Decimal(int(value)).scaleb(-self.places)


class Hundredths(Fixed):
    cache_ok = True
    places = 2


class TenThousandths(Fixed):
    cache_ok = True
    places = 4


def seq_column() -> sa.Column[int]:
    """The order of insertion. On PostgreSQL that is not the order of commits: see `commit_order`."""
    return sa.Column("seq", BigId, sa.Identity(always=False), primary_key=True)


def xid_column() -> sa.Column[int]:
    """The writing transaction's id on PostgreSQL, 0 on SQLite; filled in by the database."""
    return sa.Column("xid", sa.BigInteger, sa.FetchedValue(), nullable=False)
