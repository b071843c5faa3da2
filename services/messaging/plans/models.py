"""A hall's content for an occasion, and whose turn comes on which day."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Self
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from services.messaging.plans import rules
from services.messaging.plans.errors import PlanApproverIsAuthor, PlanState
from services.messaging.plans.rules import APPROVED, CANCELLED, DRAFT
from services.messaging.tables import Table
from shared import ids
from shared.columns import JsonB, Timestamp


class Plan(Table, table=True):
    """What one hall sends on one occasion: a month's service SMS, or the greetings of a day."""

    __tablename__ = "plans"
    __table_args__ = (
        sa.UniqueConstraint("hall", "message_class", "occasion", name="uq_plans_occasion"),
        sa.CheckConstraint("message_class IN ('service', 'holiday')", name="message_class"),
        sa.CheckConstraint("status IN ('draft', 'approved', 'cancelled')", name="status"),
        sa.Index("ix_plans_month", "month", "hall"),
        sa.Index("ix_plans_open", "status", "closes_on"),
    )

    id: UUID = Field(primary_key=True)
    version: int = 1
    month: str = Field(max_length=7)
    hall: str = Field(max_length=64)
    county: str = Field(max_length=64)
    message_class: str = Field(max_length=20)
    occasion: str = Field(max_length=10, description="The month, or the day of the festival.")
    template_code: str = Field(max_length=40)
    params: dict[str, Any] = Field(sa_type=JsonB)
    status: str = Field(default=DRAFT, max_length=10)
    author: str = Field(max_length=80)
    approver: str | None = Field(default=None, max_length=80)
    opens_on: date
    closes_on: date = Field(description="The last day on which its messages may leave.")
    days: list[str] = Field(sa_type=JsonB, description="The days they are spread over, once laid out.")
    laid_out_at: datetime | None = Field(default=None, sa_type=Timestamp)
    created_at: datetime = Field(sa_type=Timestamp)
    approved_at: datetime | None = Field(default=None, sa_type=Timestamp)

    @classmethod
    def draft(
        cls,
        *,
        hall: str,
        county: str,
        message_class: str,
        occasion: str,
        template: str,
        params: Mapping[str, str],
        author: str,
        now: datetime,
    ) -> Self:
        """A month's occasion is the month itself, a greeting's the day."""
        month = occasion[:7]
        first, last = rules.days_of_month(month)
        if message_class == rules.HOLIDAY:
            first = last = date.fromisoformat(occasion)
        return cls(
            id=ids.uuid7(), month=month, hall=hall, county=county, message_class=message_class, occasion=occasion,
            template_code=template, params=dict(params), author=author, opens_on=first - rules.AHEAD,
            closes_on=last, days=[], created_at=now,
        )  # fmt: skip

    @property
    def key(self) -> str:
        """Names the occasion for everybody: one message a customer, whichever hall they belong to by then."""
        return f"{self.message_class}:{self.occasion}"

    def revise(self, template: str, params: Mapping[str, str], by: str) -> None:
        """Other words, as long as nobody has approved them; who changes them is their author."""
        self._expect(DRAFT)
        self.template_code, self.params, self.author = template, dict(params), by
        self.version += 1

    def approve(self, approver: str, *, now: datetime) -> None:
        self._expect(DRAFT)
        if approver == self.author:
            raise PlanApproverIsAuthor
        self.status, self.approver, self.approved_at = APPROVED, approver, now
        self.version += 1

    def cancel(self) -> None:
        """Whoever has not had their turn gets nothing."""
        self._expect(DRAFT, APPROVED)
        self.status = CANCELLED
        self.version += 1

    def laid_out(self, days: Sequence[date], *, now: datetime) -> None:
        self.days, self.laid_out_at = sorted({*self.days, *(day.isoformat() for day in days)}), now

    def _expect(self, *states: str) -> None:
        if self.status not in states:
            raise PlanState(state_name=rules.STATE_NAMES[self.status])


class PlanEntry(Table, table=True):
    """One customer's turn on one occasion; the key makes it one whichever plan it came from."""

    __tablename__ = "plan_entries"
    __table_args__ = (
        sa.Index(
            "ix_plan_entries_due",
            "plan_id",
            "day",
            sqlite_where=sa.text("turned_at IS NULL"),
            postgresql_where=sa.text("turned_at IS NULL"),
        ),
    )

    occasion: str = Field(primary_key=True, max_length=20)
    customer_id: UUID = Field(primary_key=True)
    plan_id: UUID
    day: date
    turned_at: datetime | None = Field(default=None, sa_type=Timestamp)
