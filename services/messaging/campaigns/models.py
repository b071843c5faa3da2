"""A campaign and the snapshot of its audience, which is never changed: a place in it tells who had their turn."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from services.messaging.campaigns import rules
from services.messaging.campaigns.errors import (
    ApproverIsAuthor,
    AudienceEmpty,
    CampaignOver,
    CampaignState,
    HeadCountDiffers,
)
from services.messaging.campaigns.rules import Progress
from services.messaging.tables import Table
from shared import ids
from shared.columns import JsonB, Timestamp
from shared.errors import FieldError
from shared.events.messaging import CampaignCompleted


class Campaign(Table, table=True):
    """One template to one audience, in a window of time."""

    __tablename__ = "campaigns"
    __table_args__ = (
        sa.Index("ix_campaigns_hall_id", "hall", "id"),
        sa.Index("ix_campaigns_county_id", "county", "id"),
        sa.CheckConstraint(
            "status IN ('draft', 'counted', 'approved', 'running', 'paused', 'cancelled', 'completed')",
            name="status",
        ),
        sa.CheckConstraint("approver IS NULL OR approver <> author", name="approver"),
        sa.CheckConstraint("taken >= 0 AND taken <= COALESCE(head_count, 0)", name="taken"),
    )

    id: UUID = Field(primary_key=True)
    version: int = 1
    title: str = Field(max_length=60)
    hall: str | None = Field(default=None, max_length=64)
    county: str | None = Field(default=None, max_length=64)
    template_code: str = Field(max_length=40)
    template_version: int
    message_class: str = Field(max_length=20)
    params: dict[str, Any] = Field(sa_type=JsonB)
    filters: dict[str, Any] = Field(sa_type=JsonB)
    status: str = Field(default=rules.DRAFT, max_length=10)
    pause_reason: str | None = Field(default=None, max_length=60)
    author: str = Field(max_length=80)
    approver: str | None = Field(default=None, max_length=80)
    head_count: int | None = None
    reachable: int | None = Field(default=None, description="Of them, who agreed and may be written to.")
    counted_at: datetime | None = Field(default=None, sa_type=Timestamp)
    approved_at: datetime | None = Field(default=None, sa_type=Timestamp)
    starts_at: datetime = Field(sa_type=Timestamp)
    spread_until: datetime | None = Field(
        default=None, sa_type=Timestamp, description="Turns are spread until then."
    )
    ends_at: datetime = Field(sa_type=Timestamp, description="Nothing leaves from here on.")
    taken: int = Field(default=0, description="How many of the snapshot had their turn …")
    taken_to: UUID | None = Field(default=None, description="… up to this customer.")
    started_at: datetime | None = Field(default=None, sa_type=Timestamp)
    completed_at: datetime | None = Field(default=None, sa_type=Timestamp)
    outcome: dict[str, Any] | None = Field(
        default=None,
        sa_type=JsonB,
        description="The counts as they were said: sent, failed, suppressed, pending.",
    )
    created_at: datetime = Field(sa_type=Timestamp)
    updated_at: datetime = Field(sa_type=Timestamp)

    @classmethod
    def draft(cls, *, now: datetime, **facts: Any) -> Self:
        return cls(id=ids.uuid7(), created_at=now, updated_at=now, **facts)

    @property
    def left(self) -> int:
        """How many of the snapshot have not had their turn."""
        return (self.head_count or 0) - self.taken

    def is_over(self, now: datetime) -> bool:
        return now >= self.ends_at

    def guard(self, move: str) -> None:
        """Raises CampaignState when the state does not allow it."""
        if self.status not in rules.MOVES[move]:
            names = rules.STATE_NAMES
            raise CampaignState(
                state=self.status, state_name=names[self.status], allowed=rules.allowed_moves(self.status)
            )

    def count(self, head_count: int, reachable: int, *, now: datetime) -> None:
        """Note the snapshot's size; an approval rests on the latest count."""
        self.guard("audience")
        self._move(rules.COUNTED, now)
        self.head_count, self.reachable, self.counted_at = head_count, reachable, now

    def approve(self, approver: str, head_count: int, *, now: datetime) -> None:
        """Somebody else confirms, by repeating how many people it goes to."""
        self.guard("approval")
        if approver == self.author:
            raise ApproverIsAuthor
        if self.is_over(now):
            raise CampaignOver
        if not self.head_count:
            raise AudienceEmpty
        if head_count != self.head_count:
            detail = HeadCountDiffers.detail
            raise HeadCountDiffers(errors=[FieldError("/head_count", HeadCountDiffers.code, detail)])
        self._move(rules.APPROVED, now)
        self.approver, self.approved_at = approver, now

    def begin(self, *, now: datetime) -> None:
        self._move(rules.RUNNING, now)
        self.started_at = now

    def take(self, customers: list[UUID], *, now: datetime) -> None:
        """These, the next of the snapshot, have their turn."""
        self.taken += len(customers)
        self.taken_to, self.updated_at = customers[-1], now

    def pause(self, reason: str, *, now: datetime) -> None:
        self.guard("pause")
        self._move(rules.PAUSED, now)
        self.pause_reason = reason

    def resume(self, *, now: datetime) -> None:
        """Back to where it was: running, or waiting for its start."""
        self.guard("resume")
        if self.is_over(now):
            raise CampaignOver
        self._move(rules.RUNNING if self.started_at else rules.APPROVED, now)
        self.pause_reason = None

    def cancel(self, *, now: datetime) -> None:
        self.guard("cancel")
        if self.approved_at is None:
            self.completed_at = now
        self._move(rules.CANCELLED, now)

    def complete(self, *, now: datetime) -> None:
        """Its time is over, or everybody had their turn: whoever had none gets none."""
        if self.status != rules.CANCELLED:
            self._move(rules.COMPLETED, now)

    def close(self, progress: Progress, *, now: datetime) -> CampaignCompleted:
        """Nothing is left to decide: the counts, said once."""
        suppressed = dict(progress.suppressed)
        cancelled = suppressed.pop(rules.CANCELLED_REASON, 0)
        self.completed_at = self.updated_at = now
        self.outcome = {
            "sent": progress.sent, "failed": progress.failed, "suppressed": progress.kept_back,
            "pending": progress.waiting,
        }  # fmt: skip
        self.version += 1
        return CampaignCompleted(
            version=self.version, occurred_at=now, campaign_id=self.id, hall=self.hall, county=self.county,
            message_class=self.message_class, template=self.template_code, audience=progress.audience,
            sent=progress.sent, delivered=progress.delivered, failed=progress.failed,
            unknown=progress.pending.get("unknown", 0), cancelled=cancelled, suppressed=suppressed,
            started_at=self.started_at or self.starts_at, completed_at=now,
        )  # fmt: skip

    def _move(self, status: str, now: datetime) -> None:
        self.status, self.updated_at = status, now
        self.version += 1

    def words(self) -> Mapping[str, str]:
        return {name: str(value) for name, value in self.params.items()}


class Recipient(Table, table=True):
    """One customer of a campaign's snapshot, with the hall at that time."""

    __tablename__ = "campaign_recipients"

    campaign_id: UUID = Field(primary_key=True)
    customer_id: UUID = Field(primary_key=True)
    hall: str = Field(max_length=64)
    county: str = Field(max_length=64)
