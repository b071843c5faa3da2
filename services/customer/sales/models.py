"""A sales campaign and its targets. Targets are replaced as a whole: what counts is the newest list."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Self
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from services.customer.sales.errors import PeriodReversed
from services.customer.tables import Table
from shared import ids
from shared.columns import JsonB, Timestamp


class SalesCampaign(Table, table=True):
    """One campaign, of one county or of the whole region (no county)."""

    __tablename__ = "sales_campaigns"
    __table_args__ = (sa.CheckConstraint("ends_on >= starts_on", name="period"),)

    id: UUID = Field(primary_key=True)
    version: int = 1
    title: str = Field(max_length=60)
    county: str | None = Field(default=None, max_length=20)
    starts_on: date
    ends_on: date
    products: list[str] = Field(sa_column=sa.Column(JsonB, nullable=False))
    created_by: str = Field(max_length=80)
    updated_at: datetime = Field(sa_type=Timestamp)

    @classmethod
    def open(cls, facts: Mapping[str, Any], *, by: str, now: datetime) -> Self:
        campaign = cls(id=ids.uuid7(), created_by=by, updated_at=now, **facts)
        campaign._check()
        return campaign

    def change(self, changes: Mapping[str, Any], *, now: datetime) -> None:
        """Take over what was sent; the version tells that something was, targets included."""
        for name, value in changes.items():
            setattr(self, name, value)
        self.version, self.updated_at = self.version + 1, now
        self._check()

    def _check(self) -> None:
        if self.ends_on < self.starts_on:
            raise PeriodReversed


class SalesTarget(Table, table=True):
    """What a hall (no clerk), or one clerk of it, is to reach in a campaign."""

    __tablename__ = "sales_targets"
    __table_args__ = (
        sa.ForeignKeyConstraint(["campaign_id"], ["sales_campaigns.id"], name="fk_sales_targets_campaign"),
        sa.CheckConstraint("number >= 0 AND amount_fen >= 0 AND number + amount_fen > 0", name="something"),
    )

    campaign_id: UUID = Field(primary_key=True)
    hall: str = Field(primary_key=True, max_length=20)
    clerk: str = Field(default="", primary_key=True, max_length=40)
    county: str = Field(max_length=20)
    number: int = 0
    amount_fen: int = Field(default=0, sa_type=sa.BigInteger)
