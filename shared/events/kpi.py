"""What the KPI service says: scores, closed periods, spot checks, and what follows from them."""

from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from pydantic import Field

from shared.events.base import Code, Count, Data, Event, Moment
from shared.money import Yuan


class IndicatorResult(Data):
    """What one indicator added to a score. No ratio travels, only its two sides."""

    code: Code
    numerator: Decimal
    denominator: Decimal
    target: Decimal | None = None
    weight: Decimal
    contribution: Decimal


class ScoreEvent(Event):
    """The score of one subject in one period."""

    aggregate: ClassVar = ("period", "level", "subject")
    speakers: ClassVar = ("kpi",)

    score_id: UUID
    period: Code = Field(description="`YYYY-MM` or `YYYY-Qn`.")
    level: Code = Field(description="clerk, hall, county, region.")
    subject: Code
    hall: Code | None = None
    county: Code | None = None
    scheme: Code
    scheme_version: Count
    run_id: UUID
    status: Code = Field(description="provisional, closed, restated.")
    score: Decimal
    rank: Count | None = Field(None, description="None below the minimum sample.")
    peers: Count = Field(0, description="How many were ranked together.")
    indicators: tuple[IndicatorResult, ...] = ()


class ScorePublished(ScoreEvent):
    """A run gave the subject a score."""

    topic: ClassVar = "score.published"
    heard_by: ClassVar = {"customer": "own score on the workbench"}


class ScoreRestated(ScoreEvent):
    """Late facts changed a score of a closed period."""

    topic: ClassVar = "score.restated"
    heard_by: ClassVar = {"customer": "own score on the workbench"}

    previous_score: Decimal
    previous_run_id: UUID
    reason: Code


class PeriodClosed(Event):
    """The figures of a period are final; what comes later restates them."""

    topic: ClassVar = "period.closed"
    aggregate: ClassVar = "period"
    speakers: ClassVar = ("kpi",)
    heard_by: ClassVar = {"customer": "own score on the workbench"}

    period: Code
    run_id: UUID
    closed_at: Moment
    closed_by: Code
    subjects: Count
    sha256: str = Field(description="Hash of the run's export.")


class SpotCheckRecorded(Event):
    """An unscheduled check of a random sample was recorded."""

    topic: ClassVar = "spot_check.recorded"
    aggregate: ClassVar = "spot_check_id"
    speakers: ClassVar = ("kpi",)

    spot_check_id: UUID
    period: Code
    indicator: Code
    subject: Code
    hall: Code | None = None
    county: Code | None = None
    reviewer: Code = Field(description="Never the subject.")
    passed: Count
    sampled: Count
    seed: str = Field(description="With it the sample can be drawn again.")
    state: Code = Field("recorded", description="recorded, disputed, upheld, overturned.")


class ConsequenceEvent(Event):
    """What a rule makes of a subject's result in a closed period."""

    speakers: ClassVar = ("kpi",)

    period: Code
    subject: Code
    hall: Code | None = None
    county: Code | None = None
    rule: Code
    rule_version: Count
    run_id: UUID
    kind: Code
    amount: Yuan | None = None


class RewardGranted(ConsequenceEvent):
    """A manager confirmed a bonus, raise or promotion; a restatement gives the difference."""

    topic: ClassVar = "reward.granted"
    aggregate: ClassVar = "reward_id"

    reward_id: UUID
    confirmed_by: Code
    difference_of: UUID | None = Field(None, description="The reward that this one corrects.")


class PenaltyProposed(ConsequenceEvent):
    """A warning, demotion or dismissal is proposed; a manager decides."""

    topic: ClassVar = "penalty.proposed"
    aggregate: ClassVar = "penalty_id"

    penalty_id: UUID
