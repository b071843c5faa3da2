"""Schemes, their items, and targets. A published scheme has no verb that changes it."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlmodel import Field

from services.kpi.schemes.errors import SchemeAlreadyPublished, WeightsNotHundred
from services.kpi.schemes.rules import SchemeItem, weights_add_up
from services.kpi.tables import Hundredths, Table, TenThousandths
from shared.columns import Timestamp


class Scheme(Table, table=True):
    """How subjects of one level are assessed from a month on."""

    __tablename__ = "schemes"
    __table_args__ = (
        sa.UniqueConstraint("level", "version", name="uq_schemes_level_version"),
        sa.CheckConstraint("level IN ('clerk', 'hall', 'county', 'region')", name="level"),
        sa.CheckConstraint(
            "missing_policy IN ('exclude_and_renormalise', 'zero', 'hold')", name="missing_policy"
        ),
        sa.CheckConstraint("(published_at IS NULL) = (sha256 IS NULL)", name="published_with_hash"),
    )

    id: UUID = Field(primary_key=True)
    level: str = Field(max_length=10)
    version: int
    name: str = Field(max_length=60)
    effective_from: str = Field(max_length=7)
    missing_policy: str = Field(max_length=30)
    minimum_sample: int
    created_at: datetime = Field(sa_type=Timestamp)
    created_by: str = Field(max_length=120)
    published_at: datetime | None = Field(default=None, sa_type=Timestamp)
    published_by: str | None = Field(default=None, max_length=120)
    sha256: str | None = Field(default=None, max_length=64)

    @property
    def published(self) -> bool:
        return self.published_at is not None

    def publish(self, items: Sequence[SchemeItem], *, by: str, now: datetime) -> None:
        """Put it in force. Raises `SchemeAlreadyPublished`, or `WeightsNotHundred`."""
        if self.published:
            raise SchemeAlreadyPublished
        if not weights_add_up(item.weight for item in items):
            raise WeightsNotHundred(total=str(sum(item.weight for item in items)))
        self.published_at, self.published_by, self.sha256 = now, by, self.hash_with(items)

    def hash_with(self, items: Sequence[SchemeItem]) -> str:
        """What two schemes share exactly when they score alike."""
        rows = [
            [
                i.indicator,
                *(None if n is None else str(n.normalize()) for n in (i.weight, i.target, i.tolerance)),
                i.per_head,
            ]
            for i in sorted(items, key=lambda item: item.indicator)
        ]
        body = [self.level, self.version, self.effective_from, self.missing_policy, self.minimum_sample, rows]
        return hashlib.sha256(orjson.dumps(body)).hexdigest()


class SchemeItemRow(Table, table=True):
    """One indicator of a scheme."""

    __tablename__ = "scheme_items"
    __table_args__ = (sa.CheckConstraint("weight > 0 AND weight <= 10000", name="weight"),)

    scheme_id: UUID = Field(primary_key=True, foreign_key="schemes.id")
    indicator: str = Field(primary_key=True, foreign_key="indicators.code", max_length=40)
    position: int
    weight: Decimal = Field(sa_type=Hundredths)
    target: Decimal = Field(sa_type=TenThousandths)
    per_head: bool
    tolerance: Decimal | None = Field(default=None, sa_type=TenThousandths)

    def to_item(self) -> SchemeItem:
        return SchemeItem(self.indicator, self.weight, self.target, self.per_head, self.tolerance)


class Target(Table, table=True):
    """A plan for one subject, one indicator and one month; it replaces the scheme's own target there."""

    __tablename__ = "targets"
    __table_args__ = (
        sa.UniqueConstraint(
            "month", "level", "subject", "indicator", name="uq_targets_month_level_subject_indicator"
        ),
    )

    id: UUID = Field(primary_key=True)
    month: str = Field(max_length=7)
    level: str = Field(max_length=10)
    subject: str = Field(max_length=64)
    indicator: str = Field(foreign_key="indicators.code", max_length=40)
    county: str = Field(max_length=64)
    hall: str = Field(max_length=64)
    value: Decimal = Field(sa_type=TenThousandths)
    version: int
    set_by: str = Field(max_length=120)
    set_at: datetime = Field(sa_type=Timestamp)

    def replace(self, value: Decimal, *, by: str, now: datetime) -> None:
        """A plan that changed; runs made before keep the old one."""
        self.value, self.set_by, self.set_at = value, by, now
        self.version += 1
