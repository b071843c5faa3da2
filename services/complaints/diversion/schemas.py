"""Figures of diversion, always with numerator and denominator."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, StringConstraints

from services.complaints.diversion.models import Measurement
from services.complaints.diversion.rules import RULE_VERSION, Figure, Line, Picture
from services.complaints.tickets.schemas import Body

Month = Annotated[str, StringConstraints(pattern=r"^20\d{2}-(0[1-9]|1[0-2])$")]


class MeasurementCreate(Body):
    """Which month to measure."""

    month: Month


class BaselineRead(BaseModel):
    """The same figure in the month before."""

    month: str
    numerator: int
    denominator: int
    rate: str | None


class DiversionLine(BaseModel):
    """A county, a hall or a clerk."""

    county: str | None = None
    hall: str | None = None
    clerk: str | None = None
    numerator: int
    denominator: int
    rate: str | None
    unmatched_orders: int
    baseline: BaselineRead

    @classmethod
    def of(cls, lines: Iterable[Line], month: str, **subject: str | None) -> Self:
        """The sum of the lines: ratios roll up as sums, never as averages."""
        mine = list(lines)
        figure, before = sum((m.figure for m in mine), Figure()), sum((m.before for m in mine), Figure())
        baseline = BaselineRead(
            month=month, numerator=before.numerator, denominator=before.denominator, rate=before.rate
        )
        return cls(
            **subject, numerator=figure.numerator, denominator=figure.denominator, rate=figure.rate,
            unmatched_orders=sum(m.unmatched for m in mine), baseline=baseline,
        )  # fmt: skip


class DiversionRead(BaseModel):
    """A month: the whole, and by county, hall and clerk, with the rule it was measured by."""

    month: str
    hall: str | None
    numerator: int
    denominator: int
    rate: str | None
    unmatched_orders: int
    unmatched_without_hall: int
    window_days: int
    rule_version: str
    baseline: BaselineRead
    counties: list[DiversionLine]
    halls: list[DiversionLine]
    clerks: list[DiversionLine]

    @classmethod
    def of(cls, picture: Picture, hall: str | None, window_days: int) -> Self:
        lines, month = picture.lines, picture.baseline_month
        whole = DiversionLine.of(lines, month)
        return cls(
            month=picture.month, hall=hall, numerator=whole.numerator, denominator=whole.denominator,
            rate=whole.rate, unmatched_orders=whole.unmatched_orders + picture.unmatched_elsewhere,
            unmatched_without_hall=picture.unmatched_elsewhere, window_days=window_days,
            rule_version=RULE_VERSION, baseline=whole.baseline,
            counties=_grouped(lines, month, lambda x: {"county": x.county}),
            halls=_grouped(lines, month, lambda x: {"county": x.county, "hall": x.hall}),
            clerks=_grouped(lines, month, lambda x: {"county": x.county, "hall": x.hall, "clerk": x.clerk}),
        )  # fmt: skip


class MeasurementRead(BaseModel):
    """A stored figure; `version` rises when a later measurement differs."""

    month: str
    hall: str
    county: str
    clerk: str | None
    numerator: int
    denominator: int
    unmatched_orders: int
    window_days: int
    rule_version: str
    version: int
    measured_at: datetime

    @classmethod
    def of(cls, measurement: Measurement) -> Self:
        return cls(**measurement.model_dump(exclude={"clerk"}), clerk=measurement.clerk or None)


class MeasurementList(BaseModel):
    """What was measured."""

    month: str
    items: list[MeasurementRead]


def _grouped(
    lines: Iterable[Line], month: str, subject: Callable[[Line], dict[str, str | None]]
) -> list[DiversionLine]:
    groups: dict[tuple[str, ...], list[Line]] = {}
    for line in lines:
        groups.setdefault(tuple(value or "" for value in subject(line).values()), []).append(line)
    return [DiversionLine.of(group, month, **subject(group[0])) for _, group in sorted(groups.items())]
