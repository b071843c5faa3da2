"""Rule versions, ratings, runs and strategies. A rating is written where it differs from the one before, and stays."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Self
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from services.customer.tables import Table
from services.customer.tiers import rules
from services.customer.tiers.errors import PublicationBackdated, StrategyInvalid, TierRulePublished
from services.customer.tiers.rules import Rule
from shared import ids
from shared.columns import JsonB, Timestamp


class TierRule(Table, table=True):
    """One version of the rule: a draft until somebody publishes it for a day on; never changed afterwards."""

    __tablename__ = "tier_rules"
    __table_args__ = (
        sa.CheckConstraint("(published_at IS NULL) = (effective_from IS NULL)", name="published_with_date"),
    )

    version: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    note: str = Field(max_length=200)
    definition: dict[str, Any] = Field(sa_column=sa.Column(JsonB, nullable=False))
    effective_from: date | None = None
    created_by: str = Field(max_length=80)
    created_at: datetime = Field(sa_type=Timestamp)
    published_by: str | None = Field(default=None, max_length=80)
    published_at: datetime | None = Field(default=None, sa_type=Timestamp)

    @property
    def rule(self) -> Rule:
        return Rule(self.definition)

    def publish(self, effective_from: date, *, by: str, today: date, now: datetime) -> None:
        """Raises TierRulePublished and PublicationBackdated."""
        if self.published_at is not None:
            raise TierRulePublished
        if effective_from < today:
            raise PublicationBackdated
        self.effective_from, self.published_by, self.published_at = effective_from, by, now


class TierRating(Table, table=True):
    """What the rule said of a customer in a month: from, to, version, inputs, when. Only where something differed."""

    __tablename__ = "tier_ratings"
    customer_id: UUID = Field(primary_key=True)
    month: str = Field(primary_key=True, max_length=7)
    hall: str = Field(max_length=20)
    county: str = Field(max_length=20)
    from_tier: str | None = Field(default=None, max_length=1)
    tier: str = Field(max_length=1)
    months_below: int
    rule_version: int
    inputs: dict[str, Any] = Field(sa_column=sa.Column(JsonB, nullable=False))
    points: dict[str, int] = Field(sa_column=sa.Column(JsonB, nullable=False))
    at: datetime = Field(sa_type=Timestamp)


class TierRun(Table, table=True):
    """One walk through the customers: the month's, or a night's for those never rated. Resumes at its cursor."""

    __tablename__ = "tier_runs"
    __table_args__ = (sa.UniqueConstraint("occasion", name="uq_tier_runs_occasion"),)

    id: UUID = Field(primary_key=True)
    occasion: str = Field(max_length=10)
    month: str = Field(max_length=7)
    newcomers_only: bool
    rule_version: int
    cursor: UUID
    seen: int = 0
    changed: int = 0
    started_at: datetime = Field(sa_type=Timestamp)
    finished_at: datetime | None = Field(default=None, sa_type=Timestamp)

    @classmethod
    def start(cls, occasion: str, rule: TierRule, cursor: UUID, *, now: datetime) -> Self:
        """`occasion` is the month (YYYY-MM), or the day (YYYY-MM-DD) of a walk through the newcomers."""
        month = occasion[:7]
        return cls(
            id=ids.uuid7(),
            occasion=occasion,
            month=month,
            newcomers_only=occasion != month,
            rule_version=rule.version,
            cursor=cursor,
            started_at=now,
        )

    def advance(self, cursor: UUID | None, *, seen: int, changed: int, now: datetime) -> None:
        """One chunk is done; without a cursor it was the last."""
        self.seen += seen
        self.changed += changed
        if cursor is None:
            self.finished_at = now
        else:
            self.cursor = cursor


class TierStrategy(Table, table=True):
    """How a tier is kept up (维系策略): target and longest gap between contacts, who acts, what is owed."""

    __tablename__ = "tier_strategies"
    __table_args__ = (
        sa.CheckConstraint("1 <= target_days AND target_days <= max_days", name="days_in_order"),
        sa.CheckConstraint("acts IN ('clerk', 'hall_manager')", name="acts"),
        sa.CheckConstraint("tier IN ('A', 'B', 'C')", name="tier"),
    )

    tier: str = Field(primary_key=True, max_length=1)
    target_days: int
    max_days: int
    acts: str = Field(max_length=20)
    owed: list[str] = Field(sa_column=sa.Column(JsonB, nullable=False))
    version: int = 1
    updated_by: str = Field(max_length=80)
    updated_at: datetime = Field(sa_type=Timestamp)

    @property
    def acts_in_words(self) -> str:
        return rules.ACTORS.get(self.acts, self.acts)

    def change(self, facts: Mapping[str, Any], *, by: str, now: datetime) -> None:
        """A version is only spent on a real difference. Raises StrategyInvalid."""
        if facts["target_days"] > facts["max_days"]:
            raise StrategyInvalid
        if all(getattr(self, name) == value for name, value in facts.items()):
            return
        for name, value in facts.items():
            setattr(self, name, value)
        self.version += 1
        self.updated_by, self.updated_at = by, now
