"""Touches, follow-ups, and what both follow: kinds of contact and the ladder. Verbs change and return the event."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Self
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from services.customer.archive.models import Customer
from services.customer.tables import Table
from services.customer.touches import rules
from services.customer.touches.rules import Plan, State, Step
from shared import clock, ids
from shared.columns import Timestamp
from shared.events.customer import FollowUpCompleted, FollowUpOverdue, TouchLogged

OPEN = sa.text("closed_at IS NULL")


class TouchKind(Table, table=True):
    """A way of contact; data, since the regime may count others tomorrow."""

    __tablename__ = "touch_kinds"

    code: str = Field(primary_key=True, max_length=20)
    label: str = Field(max_length=20)
    qualifying: bool
    position: int
    version: int = 1


class LadderStep(Table, table=True):
    """A step of the overdue ladder: from which day of lateness on, and whom it reaches."""

    __tablename__ = "follow_up_ladder"

    step: str = Field(primary_key=True, max_length=20)
    days: int
    version: int = 1

    @property
    def value(self) -> Step:
        return Step(self.step, self.days)


class Touch(Table, table=True):
    """One contact with one customer, logged once."""

    __tablename__ = "touches"
    __table_args__ = (
        sa.UniqueConstraint("customer_id", "kind", "made_by", "minute", name="uq_touches_once_a_minute"),
        sa.Index("ix_touches_customer_id_at", "customer_id", "at"),
    )

    id: UUID = Field(primary_key=True)
    customer_id: UUID
    hall: str = Field(max_length=20)
    county: str = Field(max_length=20)
    clerk: str = Field(max_length=40)
    kind: str = Field(max_length=20)
    qualifying: bool
    made_by: str = Field(max_length=40)
    at: datetime = Field(sa_type=Timestamp)
    minute: datetime = Field(sa_type=Timestamp)
    note: str | None = Field(default=None, max_length=200, repr=False)
    follow_up_id: UUID | None = None
    recorded_by: str = Field(max_length=80)
    recorded_at: datetime = Field(sa_type=Timestamp)

    def logged(self) -> TouchLogged:
        return TouchLogged(
            occurred_at=self.at,
            customer_id=self.customer_id,
            hall=self.hall,
            county=self.county,
            clerk=self.clerk,
            touch_id=self.id,
            kind=self.kind,
            qualifying=self.qualifying,
            made_by=self.made_by,
            follow_up_id=self.follow_up_id,
        )


class FollowUp(Table, table=True):
    """One follow-up owed to one customer. Open until done; a customer has one open at a time."""

    __tablename__ = "follow_ups"
    __table_args__ = (
        sa.Index("uq_follow_ups_open", "customer_id", unique=True, sqlite_where=OPEN, postgresql_where=OPEN),
        sa.Index("ix_follow_ups_customer_id", "customer_id"),
        *(
            sa.Index(
                f"ix_follow_ups_{name}", *columns, "due_on", "id", "latest_on", "since_on",
                sqlite_where=OPEN, postgresql_where=OPEN,
            )
            for name, columns in (("hall", ["hall"]), ("clerk", ["clerk"]), ("county", ["county"]), ("due_on", []))
        ),
        sa.Index("ix_follow_ups_next_step_on", "next_step_on", "id", sqlite_where=OPEN, postgresql_where=OPEN),
        sa.CheckConstraint("due_on <= latest_on", name="days_in_order"),
        sa.CheckConstraint("(closed_at IS NULL) = (outcome IS NULL)", name="closed_with_outcome"),
    )  # fmt: skip

    id: UUID = Field(primary_key=True)
    version: int = 1
    customer_id: UUID
    hall: str = Field(max_length=20)
    county: str = Field(max_length=20)
    clerk: str = Field(max_length=40)
    tier: str = Field(max_length=1)
    strategy_version: int
    since: datetime = Field(sa_type=Timestamp)
    since_on: date
    due_on: date
    latest_on: date
    steps_taken: int = 0
    next_step_on: date | None = None
    outcome: str | None = Field(default=None, max_length=20)
    closed_at: datetime | None = Field(default=None, sa_type=Timestamp)
    completed_by: str | None = Field(default=None, max_length=40)
    touch_id: UUID | None = None
    on_time: bool | None = None

    @classmethod
    def open(cls, customer: Customer, since: datetime, plan: Plan) -> Self:
        """The next contact is owed from now on."""
        return cls(
            id=ids.uuid7(),
            customer_id=customer.id,
            hall=customer.hall,
            county=customer.county,
            clerk=customer.clerk,
            tier=customer.tier,
            **plan.clock_of(customer.tier, since, taken=0),
        )

    @property
    def due_at(self) -> datetime:
        return rules.start_of(self.due_on)

    def state_on(self, today: date) -> State:
        return rules.state_on(today, self.due_on, self.latest_on)

    def is_done_by(self, touch: Touch) -> bool:
        """Whether a contact ends this follow-up, or came so early that it only moves it."""
        return clock.business_date(touch.at) >= self.due_on or self.steps_taken > 0

    def restart(self, touch: Touch, plan: Plan) -> None:
        """A contact before the target day: the clock runs from it."""
        self._run(plan.clock_of(self.tier, touch.at, taken=0))
        self.version += 1

    def complete(self, touch: Touch) -> FollowUpCompleted:
        """Done; in time when it was no later than the last day."""
        self.outcome, self.closed_at, self.touch_id = "completed", touch.at, touch.id
        self.completed_by, self.on_time = touch.made_by, clock.business_date(touch.at) <= self.latest_on
        self.version += 1
        return FollowUpCompleted(
            **self._said(),
            occurred_at=touch.at,
            completed_at=touch.at,
            completed_by=touch.made_by,
            on_time=self.on_time,
            touch_id=touch.id,
        )

    def escalate(self, plan: Plan, *, now: datetime) -> FollowUpOverdue:
        """The next step of the ladder is reached."""
        step = plan.ladder[self.steps_taken]
        reached = rules.start_of(self.next_step_on or self.latest_on)
        self.steps_taken += 1
        self.next_step_on = rules.next_step_on(self.latest_on, plan.ladder, self.steps_taken)
        self.version += 1
        return FollowUpOverdue(**self._said(), occurred_at=now, step=step.step, overdue_at=reached)

    def align(self, customer: Customer, plan: Plan, *, now: datetime) -> None:
        """Take over the customer's tier and place and the strategy of now; dropped when the customer left."""
        self.version += 1
        if customer.status != "active":
            self.outcome, self.closed_at = "dropped", now
            return
        self.tier, self.hall, self.county = customer.tier, customer.hall, customer.county
        self.clerk = customer.clerk
        self._run(plan.clock_of(self.tier, self.since, taken=self.steps_taken))

    def _run(self, clock_columns: dict[str, Any]) -> None:
        for name, value in clock_columns.items():
            setattr(self, name, value)

    def _said(self) -> dict[str, Any]:
        return {
            "version": self.version,
            "customer_id": self.customer_id,
            "hall": self.hall,
            "county": self.county,
            "clerk": self.clerk,
            "follow_up_id": self.id,
            "tier": self.tier,
            "due_at": self.due_at,
        }


@dataclass(frozen=True, slots=True)
class Logged:
    """A contact with the follow-up it completed, if any, and the one that is open now."""

    touch: Touch
    completed: FollowUp | None
    open: FollowUp | None


class Escalation(Table, table=True):
    """A step that a follow-up has reached; the primary key lets each be reached once."""

    __tablename__ = "follow_up_escalations"

    follow_up_id: UUID = Field(primary_key=True)
    step: str = Field(primary_key=True, max_length=20)
    customer_id: UUID
    hall: str = Field(max_length=20)
    county: str = Field(max_length=20)
    at: datetime = Field(sa_type=Timestamp)


class Alignment(Table, table=True):
    """A night's walk through the open follow-ups, with its cursor."""

    __tablename__ = "follow_up_alignments"

    day: date = Field(primary_key=True)
    cursor: UUID
    changed: int = 0
    finished_at: datetime | None = Field(default=None, sa_type=Timestamp)
