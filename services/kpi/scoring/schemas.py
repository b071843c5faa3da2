"""Runs, scores and explanations as they are read. Numbers are JSON numbers; null means no data, never zero."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, PlainSerializer

from services.kpi.facts.rules import counting
from services.kpi.periods.models import PeriodState
from services.kpi.periods.schemas import PeriodCode
from services.kpi.schemes.models import Scheme
from services.kpi.schemes.rules import POLICY_NAMES
from services.kpi.scoring.models import Run, RunPart, Score, ScoreIndicator

Status = Literal["provisional", "closed", "restated"]
STATUS_NAMES: dict[Status, str] = {"provisional": "未结账", "closed": "已结账", "restated": "已重述"}


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)


Number = Annotated[Decimal, PlainSerializer(_number, return_type=int | float, when_used="json")]


def status_of(run: Run, state: PeriodState | None, *, known_at: datetime | None = None) -> Status:
    """Provisional until the period is closed with this run; a later run restates it."""
    if state is None or state.closed_at is None or (known_at is not None and known_at < state.closed_at):
        return "provisional"
    return (
        "closed"
        if run.id == state.run_id
        else "restated"
        if run.completed_at > state.closed_at
        else "provisional"
    )


class RunCreate(BaseModel):
    """Score this period now."""

    model_config = ConfigDict(extra="forbid")

    period: PeriodCode


class RunRead(BaseModel):
    """A computation: what it read, by which rules, and the hash of its figures."""

    id: UUID
    period: str
    status: Status
    as_of: datetime
    completed_at: datetime
    triggered_by: str
    previous_run_id: UUID | None
    scheme_versions: dict[str, int]
    scores: int
    sha256: str
    watermark: str

    @classmethod
    def of(cls, run: Run, state: PeriodState | None) -> Self:
        own = {n: getattr(run, n) for n in cls.model_fields if n not in {"status", "watermark"}}
        return cls(**own, status=status_of(run, state), watermark=run.watermark.to_cursor())


class IndicatorScoreRead(BaseModel):
    """One indicator of a score."""

    model_config = ConfigDict(from_attributes=True)

    code: str
    numerator: Number
    denominator: Number
    value: Number | None
    target: Number
    weight: Number
    points: Number | None
    contribution: Number | None
    facts: int


class ScoreRead(BaseModel):
    """A subject's score: `rank` among `n` ranked at its level, resting on `sample` facts."""

    id: UUID
    period: str
    level: str
    subject: str
    name: str
    county: str | None
    hall: str | None
    score: Number | None
    rank: int | None
    n: int
    sample: int
    status: Status
    scheme_version: int
    run_id: UUID
    as_of: datetime
    indicators: list[IndicatorScoreRead]

    @classmethod
    def of(
        cls,
        score: Score,
        results: Sequence[ScoreIndicator],
        run: Run,
        status: Status,
        names: dict[tuple[str, str], str],
    ) -> Self:
        same = ("id", "period", "level", "subject", "score", "rank", "sample", "scheme_version", "run_id")
        return cls(
            **{name: getattr(score, name) for name in same},
            name=names.get((score.level, score.subject), score.subject),
            county=score.county or None,
            hall=score.hall or None,
            n=score.peers,
            status=status,
            as_of=run.as_of,
            indicators=[IndicatorScoreRead.model_validate(result) for result in results],
        )


class SchemeUsed(BaseModel):
    """The scheme behind a score."""

    id: UUID
    version: int
    name: str
    missing_policy: str
    missing_policy_in_words: str
    sha256: str | None

    @classmethod
    def of(cls, scheme: Scheme) -> Self:
        own = {n: getattr(scheme, n) for n in cls.model_fields if n != "missing_policy_in_words"}
        return cls(**own, missing_policy_in_words=POLICY_NAMES[scheme.missing_policy])


class PartRead(BaseModel):
    """The figure of one place; no clerk means credited to nobody."""

    county: str | None
    hall: str | None
    clerk: str | None
    numerator: Number
    denominator: Number
    facts: int

    @classmethod
    def of(cls, part: RunPart) -> Self:
        place = {name: getattr(part, name) or None for name in ("county", "hall", "clerk")}
        return cls(**place, numerator=part.numerator, denominator=part.denominator, facts=part.facts)


class FactRead(BaseModel):
    """One fact and what it adds to either side; a reason where it was left out."""

    event_id: UUID
    topic: str
    kind: str
    subject: str
    occurred_at: datetime
    recorded_at: datetime
    month: str
    hall: str | None
    clerk: str | None
    numerator: Number
    denominator: Number
    attributes: dict[str, Any] | None
    reason: str | None
    reason_in_words: str | None

    @classmethod
    def of(cls, row: Any) -> Self:
        same = (
            "event_id",
            "topic",
            "kind",
            "subject",
            "occurred_at",
            "recorded_at",
            "month",
            "attributes",
            "reason",
        )
        return cls(
            **{name: getattr(row, name) for name in same},
            hall=row.hall or None,
            clerk=row.clerk or None,
            numerator=Decimal(int(row.above)).scaleb(-2),
            denominator=Decimal(int(row.below)).scaleb(-2),
            reason_in_words=counting.REASONS.get(row.reason or ""),
        )


class FactPage(BaseModel):
    """A page of facts."""

    items: list[FactRead]
    next_cursor: str | None


class IndicatorExplainedRead(IndicatorScoreRead):
    """One indicator with its formula, parts and facts."""

    name: str
    definition: str
    unit: str
    direction: str
    formula: str
    parts: list[PartRead]
    events: FactPage
    excluded: FactPage


class ExplanationRead(BaseModel):
    """A score explained: the contributions sum to the score, the facts to each figure."""

    id: UUID
    period: str
    level: str
    subject: str
    name: str
    score: Number | None
    rank: int | None
    n: int
    sample: int
    status: Status
    run_id: UUID
    as_of: datetime
    scheme: SchemeUsed
    formula: str
    known_weight: Number
    indicators: list[IndicatorExplainedRead]
