"""A survey's versions, its invitations and their scores. Verbs guard, change and return the event."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Self
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from services.customer.surveys import rules
from services.customer.surveys.errors import (
    AlreadyAnswered,
    AnswersInvalid,
    InvitationOver,
    RatedByServer,
    SurveyEnded,
)
from services.customer.surveys.rules import Question, Served
from services.customer.tables import Table
from shared import ids
from shared.columns import JsonB, Timestamp
from shared.events.customer import SurveyAnswered, SurveyScore


class Survey(Table, table=True):
    """One version of a survey. Versions are never edited: what was asked stays what was asked."""

    __tablename__ = "surveys"
    __table_args__ = (
        sa.CheckConstraint("kind IN ('counter', 'after_ticket', 'periodic')", name="kind"),
        sa.CheckConstraint("valid_days BETWEEN 1 AND 90", name="valid_days"),
        sa.CheckConstraint("rest_days BETWEEN 1 AND 365", name="rest_days"),
    )

    code: str = Field(primary_key=True, max_length=40)
    version: int = Field(primary_key=True)
    kind: str = Field(max_length=20)
    title: str = Field(max_length=60)
    introduction: str = Field(max_length=300)
    questions: list[dict[str, Any]] = Field(sa_column=sa.Column(JsonB, nullable=False))
    valid_days: int
    rest_days: int
    remind_after_days: int | None = None
    per_hall: int = 0
    active: bool = True
    author: str = Field(max_length=80)
    created_at: datetime = Field(sa_type=Timestamp)

    @classmethod
    def first(cls, facts: Mapping[str, Any], *, author: str, now: datetime) -> Self:
        return cls(**facts, version=1, author=author, created_at=now)

    def changed(self, changes: Mapping[str, Any], *, author: str, now: datetime) -> Self:
        """The version after this one."""
        kept = self.model_dump(exclude={"version", "author", "created_at"})
        return type(self)(**{**kept, **changes}, version=self.version + 1, author=author, created_at=now)

    @property
    def asked(self) -> tuple[Question, ...]:
        return rules.questions_of(self.questions)

    def invite(self, customer_id: UUID, served: Served, *, now: datetime) -> "Invitation":
        if not self.active:
            raise SurveyEnded
        expires_at = now + timedelta(days=self.valid_days)
        return Invitation(
            id=ids.uuid7(), survey=self.code, survey_version=self.version, kind=self.kind,
            customer_id=customer_id, contact=served.contact, hall=served.hall, county=served.county,
            served_by=served.served_by, status="open", invited_at=now, expires_at=expires_at,
            remind_at=rules.reminder_due(now, self.remind_after_days, expires_at),
        )  # fmt: skip


class Invitation(Table, table=True):
    """One customer asked about one contact. `served_by` is who served then, whoever looks after the customer later."""

    __tablename__ = "survey_invitations"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["survey", "survey_version"],
            ["surveys.code", "surveys.version"],
            name="fk_survey_invitations_survey",
        ),
        sa.UniqueConstraint("survey", "customer_id", "contact", name="uq_survey_invitations_contact"),
        sa.UniqueConstraint("token_hash", name="uq_survey_invitations_token_hash"),
        sa.CheckConstraint("status IN ('open', 'answered', 'expired', 'withdrawn')", name="status"),
        sa.CheckConstraint("recorded_by IS NULL OR recorded_by <> served_by", name="recorded_by_another"),
        sa.Index("ix_survey_invitations_hall_status", "hall", "status", "id"),
        sa.Index("ix_survey_invitations_county_status", "county", "status", "id"),
        sa.Index("ix_survey_invitations_customer_id", "customer_id"),
        sa.Index("ix_survey_invitations_status_expires_at", "status", "expires_at"),
        sa.Index("ix_survey_invitations_survey_invited_at", "survey", "invited_at"),
        sa.Index("ix_survey_invitations_contact", "contact"),
    )

    id: UUID = Field(primary_key=True)
    survey: str = Field(max_length=40)
    survey_version: int
    kind: str = Field(max_length=20)
    customer_id: UUID | None = None
    contact: str = Field(max_length=80)
    hall: str = Field(max_length=20)
    county: str = Field(max_length=20)
    served_by: str = Field(max_length=80)
    status: str = Field(max_length=10)
    invited_at: datetime = Field(sa_type=Timestamp)
    expires_at: datetime = Field(sa_type=Timestamp)
    remind_at: datetime | None = Field(default=None, sa_type=Timestamp)
    reminded_at: datetime | None = Field(default=None, sa_type=Timestamp)
    token_hash: str | None = Field(default=None, max_length=64, repr=False)
    answered_at: datetime | None = Field(default=None, sa_type=Timestamp)
    channel: str | None = Field(default=None, max_length=10)
    recorded_by: str | None = Field(default=None, max_length=80)
    comment: str | None = Field(default=None, max_length=500, repr=False)

    def link(self, token: str, by: str, *, now: datetime) -> None:
        """Give out a link; an earlier one ends."""
        self._refuse_unless_open(now)
        if by == self.served_by:
            raise RatedByServer
        self.token_hash = rules.token_hash(token)

    def answer(
        self, questions: tuple[Question, ...], scores: Mapping[str, int], *, channel: str, by: str | None,
        comment: str | None, now: datetime,
    ) -> tuple[SurveyAnswered, list["Score"]]:  # fmt: skip
        """`by` is who recorded it for the customer; none when the customer did."""
        self._refuse_unless_open(now)
        if by == self.served_by:
            raise RatedByServer
        if wrong := rules.wrong_scores(questions, scores):
            raise AnswersInvalid(errors=wrong)
        self.status, self.answered_at, self.token_hash = "answered", now, None
        self.channel, self.recorded_by, self.comment = channel, by, comment
        rows = [
            Score(invitation_id=self.id, question=q.code, score=scores[q.code], out_of=q.out_of)
            for q in questions
        ]
        return self._answered(rows, now), rows

    def withdraw(self) -> None:
        """The question has been put otherwise, or is out of place now."""
        if self.status == "open":
            self.status, self.token_hash = "withdrawn", None

    def _refuse_unless_open(self, now: datetime) -> None:
        if self.status == "answered":
            raise AlreadyAnswered
        if self.status != "open" or now >= self.expires_at:
            raise InvitationOver

    def _answered(self, rows: list["Score"], now: datetime) -> SurveyAnswered:
        ticket = self.contact.split(":")[1] if self.kind == "after_ticket" else None
        return SurveyAnswered(
            version=1, occurred_at=now, answer_id=self.id, survey=self.survey, kind=self.kind,
            customer_id=self.customer_id, ticket_id=UUID(ticket) if ticket else None, hall=self.hall,
            county=self.county, served_by=self.served_by,
            scores=tuple(SurveyScore(question=r.question, score=r.score, out_of=r.out_of) for r in rows),
        )  # fmt: skip


class Score(Table, table=True):
    """The answer to one question."""

    __tablename__ = "survey_scores"
    __table_args__ = (sa.CheckConstraint("score BETWEEN 1 AND out_of", name="score"),)

    invitation_id: UUID = Field(primary_key=True, foreign_key="survey_invitations.id")
    question: str = Field(primary_key=True, max_length=40)
    score: int
    out_of: int


class Rest(Table, table=True):
    """When a customer was last asked, by whatever survey: the row that lets only one of many askers through."""

    __tablename__ = "survey_rests"

    customer_id: UUID = Field(primary_key=True)
    invited_at: datetime = Field(sa_type=Timestamp)


class Round(Table, table=True):
    """That a hall's customers have been drawn for a month's periodic survey."""

    __tablename__ = "survey_rounds"

    survey: str = Field(primary_key=True, max_length=40)
    month: str = Field(primary_key=True, max_length=7)
    hall: str = Field(primary_key=True, max_length=20)
    invited: int
    drawn_at: datetime = Field(sa_type=Timestamp)
