"""A stored measurement: what was said last about one month, hall and clerk."""

from datetime import datetime
from typing import Self

from sqlmodel import Field

from services.complaints.diversion.rules import RULE_VERSION, Figure
from services.complaints.tables import Table
from shared.columns import Timestamp
from shared.events.complaints import Baseline, DiversionMeasured


class Measurement(Table, table=True):
    """One figure. The clerk is empty for customers without one, and for a hall's unmatched orders."""

    __tablename__ = "diversion_measurements"

    month: str = Field(primary_key=True, max_length=7)
    hall: str = Field(primary_key=True, max_length=20)
    clerk: str = Field(primary_key=True, max_length=40)
    county: str = Field(max_length=20)
    numerator: int
    denominator: int
    unmatched_orders: int
    window_days: int
    rule_version: str = Field(max_length=20)
    baseline_month: str = Field(max_length=7)
    baseline_numerator: int
    baseline_denominator: int
    version: int = 0
    measured_at: datetime = Field(sa_type=Timestamp)

    @classmethod
    def first(
        cls, month: str, hall: str, county: str, clerk: str, baseline_month: str, *, now: datetime
    ) -> Self:
        """Nothing measured yet."""
        return cls(
            month=month, hall=hall, clerk=clerk, county=county, numerator=0, denominator=0, unmatched_orders=0,
            window_days=0, rule_version=RULE_VERSION, baseline_month=baseline_month, baseline_numerator=0,
            baseline_denominator=0, measured_at=now,
        )  # fmt: skip

    def measure(
        self, figure: Figure, unmatched: int, before: Figure, window_days: int, *, now: datetime
    ) -> DiversionMeasured | None:
        """The event when anything is different from what was said last."""
        measured = (
            figure.numerator, figure.denominator, unmatched, before.numerator, before.denominator, window_days,
            RULE_VERSION,
        )  # fmt: skip
        if self.version and measured == self._said():
            return None
        self.numerator, self.denominator, self.unmatched_orders = measured[:3]
        self.baseline_numerator, self.baseline_denominator, self.window_days, self.rule_version = measured[3:]
        self.version += 1
        self.measured_at = now
        return self._measured()

    def _said(self) -> tuple[object, ...]:
        return (
            self.numerator, self.denominator, self.unmatched_orders, self.baseline_numerator,
            self.baseline_denominator, self.window_days, self.rule_version,
        )  # fmt: skip

    def _measured(self) -> DiversionMeasured:
        return DiversionMeasured(
            version=self.version, occurred_at=self.measured_at, month=self.month, hall=self.hall,
            county=self.county, clerk=self.clerk or None, numerator=self.numerator, denominator=self.denominator,
            unmatched_orders=self.unmatched_orders, window_days=self.window_days, rule_version=self.rule_version,
            baseline=Baseline(
                month=self.baseline_month, numerator=self.baseline_numerator, denominator=self.baseline_denominator
            ),
        )  # fmt: skip
