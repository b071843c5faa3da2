"""The catalogue of indicators. A changed formula is a new code: published schemes keep the old one."""

from typing import Any

import sqlalchemy as sa
from sqlmodel import Field

from services.kpi.indicators.rules import Definition, Formula
from services.kpi.tables import Table
from shared.columns import JsonB


class Indicator(Table, table=True):
    """One indicator as the regional office defines it."""

    __tablename__ = "indicators"
    __table_args__ = (
        sa.CheckConstraint("direction IN ('higher', 'lower')", name="direction"),
        sa.CheckConstraint("when_silent IN ('no_data', 'zero')", name="when_silent"),
        sa.CheckConstraint("unit IN ('count', 'percent', 'yuan')", name="unit"),
    )

    code: str = Field(primary_key=True, max_length=40)
    name: str = Field(max_length=60)
    definition: str = Field(max_length=400)
    unit: str = Field(max_length=10)
    direction: str = Field(max_length=6)
    when_silent: str = Field(max_length=8)
    formula: dict[str, Any] = Field(sa_type=JsonB)
    source_events: list[str] = Field(sa_type=JsonB)
    owner: str = Field(max_length=60)
    position: int

    def to_definition(self) -> Definition:
        return Definition(
            self.code,
            self.name,
            self.unit,  # type: ignore[arg-type]  # the table's check constraints allow nothing else
            self.direction,  # type: ignore[arg-type]
            Formula.from_json(self.formula),
            self.when_silent,  # type: ignore[arg-type]
        )
