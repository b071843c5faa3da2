"""What was shown, its one outcome, the policy it was chosen by, and settled contacts that wait for a clerk."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from services.customer.archive.models import CustomerOffer
from services.customer.recommendations import rules
from services.customer.tables import Table
from shared.columns import JsonB, Timestamp
from shared.events.customer import RecommendationAnswered, RecommendationOffered

OUTCOMES = ("accepted", "declined", "activated")


class RecommendationPolicy(Table, table=True):
    """A version of the policy, in force from a day on; the newest day that has come counts."""

    __tablename__ = "recommendation_policies"
    __table_args__ = (
        sa.UniqueConstraint("effective_from", name="uq_recommendation_policies_effective_from"),
        sa.CheckConstraint(f"max_offers BETWEEN 0 AND {rules.MOST_A_DAY}", name="max_offers"),
        sa.CheckConstraint("busy IN ('quick', 'none', 'all')", name="busy"),
    )

    version: int = Field(primary_key=True)
    effective_from: date
    max_offers: int
    busy: str = Field(max_length=10)
    declined_rest_days: int
    accepted_rest_days: int
    opportunity_days: int
    created_at: datetime = Field(sa_type=Timestamp)
    created_by: str = Field(max_length=80)


class Recommendation(Table, table=True):
    """One product shown to one customer on one day: at most three a day, each product once."""

    __tablename__ = "recommendations"
    __table_args__ = (
        sa.UniqueConstraint("customer_id", "day", "product", name="uq_recommendations_product_a_day"),
        sa.UniqueConstraint("customer_id", "day", "rank", name="uq_recommendations_rank_a_day"),
        sa.Index("ix_recommendations_hall_day", "hall", "day"),
        sa.Index("ix_recommendations_county_day", "county", "day"),
        sa.CheckConstraint(f"rank BETWEEN 1 AND {rules.MOST_A_DAY}", name="rank"),
    )

    id: UUID = Field(primary_key=True)
    customer_id: UUID
    hall: str = Field(max_length=20)
    county: str = Field(max_length=20)
    clerk: str = Field(max_length=40)
    day: date
    hour: int
    rank: int
    product: str = Field(max_length=40)
    product_title: str = Field(max_length=40)
    rule_version: str = Field(max_length=20)
    reasons: list[dict[str, Any]] = Field(sa_column=sa.Column(JsonB, nullable=False))
    hall_busy: bool
    script_id: UUID | None = None
    script_version: int | None = None
    ticket_id: UUID | None = None
    shown_at: datetime = Field(sa_type=Timestamp)
    offered_by: str = Field(max_length=80)

    def offered(self) -> RecommendationOffered:
        """That the customer was shown the product."""
        return RecommendationOffered(
            **self._facts(),
            version=1,
            occurred_at=self.shown_at,
            rank=self.rank,
            reasons=tuple(reason["code"] for reason in self.reasons),
            hall_busy=self.hall_busy,
            ticket_id=self.ticket_id,
        )

    def answer(
        self, outcome: str, reason: str | None, *, by: str, now: datetime, activation_id: UUID | None = None
    ) -> tuple["RecommendationOutcome", RecommendationAnswered]:
        """The customer's answer; the database takes one for each recommendation."""
        code = rules.reason_code(reason) if outcome == "declined" else None
        answer = RecommendationOutcome(
            recommendation_id=self.id,
            outcome=outcome,
            reason=code,
            note=rules.note_of(reason) if outcome == "declined" else None,
            answered_at=now,
            answered_by=by,
            activation_id=activation_id,
        )
        return answer, self.answered(answer, version=2)

    def answered(self, answer: "RecommendationOutcome", *, version: int) -> RecommendationAnswered:
        return RecommendationAnswered(
            **self._facts(),
            version=version,
            occurred_at=answer.answered_at,
            outcome=answer.outcome,
            reason=answer.reason,
        )

    def standing(self, outcome: str, at: datetime, reason: str | None = None) -> CustomerOffer:
        """What the archive shows of it (C6)."""
        return CustomerOffer(
            customer_id=self.customer_id,
            product=self.product,
            title=self.product_title,
            outcome=outcome,
            reason=reason,
            at=at,
        )

    def _facts(self) -> dict[str, Any]:
        return {
            "customer_id": self.customer_id,
            "hall": self.hall,
            "county": self.county,
            "clerk": self.clerk,
            "recommendation_id": self.id,
            "product": self.product,
            "product_title": self.product_title,
            "rule_version": self.rule_version,
            "offered_by": self.offered_by,
            "offered_at": self.shown_at,
            "script": str(self.script_id) if self.script_id else None,
        }


class RecommendationOutcome(Table, table=True):
    """The one outcome of a recommendation. Accepted may become activated once the product is opened."""

    __tablename__ = "recommendation_outcomes"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["recommendation_id"], ["recommendations.id"], name="fk_recommendation_outcomes_recommendation"
        ),
        sa.CheckConstraint("outcome IN ('accepted', 'declined', 'activated')", name="outcome"),
    )

    recommendation_id: UUID = Field(primary_key=True)
    outcome: str = Field(max_length=10)
    reason: str | None = Field(default=None, max_length=40)
    note: str | None = Field(default=None, max_length=100)
    answered_at: datetime = Field(sa_type=Timestamp)
    answered_by: str = Field(max_length=80)
    activation_id: UUID | None = None


class Opportunity(Table, table=True):
    """A ticket of an archived customer as the line of opportunities needs it (T8). Its parts arrive in any order.

    `version` is that of the newest status heard, `rated_version` that of the newest rating; a rating speaks only for
    its own cycle.
    """

    __tablename__ = "opportunities"
    __table_args__ = (
        sa.Index("ix_opportunities_customer_id", "customer_id"),
        sa.Index("ix_opportunities_settled_at", "settled_at"),
        sa.CheckConstraint("state IN ('open', 'settled', 'ended')", name="state"),
    )

    ticket_id: UUID = Field(primary_key=True)
    customer_id: UUID
    kind: str = Field(max_length=20)
    category: str = Field(max_length=60)
    version: int = 0
    cycle: int = 0
    state: str = Field(default="open", max_length=10)
    settled_at: datetime | None = Field(default=None, sa_type=Timestamp)
    rated_version: int = 0
    rated_cycle: int = 0
    good: bool = False
    score: int | None = None
    taken_at: datetime | None = Field(default=None, sa_type=Timestamp)
    taken_by: str | None = Field(default=None, max_length=80)


STATUS = ("customer_id", "kind", "category", "version", "cycle", "state", "settled_at")
RATING = ("rated_version", "rated_cycle", "good", "score")
