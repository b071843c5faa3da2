"""The frequency analysis as it is shown: counts with both their sides, never a share alone."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from services.messaging.analysis.rules import Analysis


class Bar(BaseModel):
    """How many customers got so many messages."""

    messages: int
    customers: int


class _Counted(BaseModel):
    model_config = ConfigDict(from_attributes=True, serialize_by_alias=True)


class AfterRead(_Counted):
    """Of the customers who got at least so many, who opted out or complained when they had just so many."""

    messages: int
    customers: int
    opt_outs: int
    complaints: int


class HourRead(_Counted):
    """One hour of the day in Shanghai."""

    hour: int
    sent: int
    delivered: int
    answered: int
    opted_out: int


class ClassRead(_Counted):
    """One class."""

    message_class: str = Field(serialization_alias="class")
    messages: int
    customers: int
    delivered: int


class HallRead(_Counted):
    """One hall; coverage is `reached` of `agreed`."""

    hall: str
    agreed: int
    reached: int
    messages: int
    opt_outs: int
    complaints: int


class AnalysisRead(BaseModel):
    """A month's frequency analysis. Answers to what customers did are not in it."""

    month: str
    hall: str | None
    agreed: int = Field(description="Customers who agree to service SMS …")
    reached: int = Field(description="… and how many of them got at least one message: the coverage.")
    messages: int
    histogram: list[Bar]
    after: list[AfterRead]
    hours: list[HourRead]
    best_hour: int | None
    by_class: list[ClassRead]
    by_hall: list[HallRead]

    @classmethod
    def of(cls, found: Analysis, hall: str | None) -> Self:
        return cls(
            month=found.month, hall=hall, agreed=found.agreed, reached=found.reached, messages=found.messages,
            histogram=[Bar(messages=n, customers=c) for n, c in found.histogram.items()],
            after=[AfterRead.model_validate(each) for each in found.after],
            hours=[HourRead.model_validate(each) for each in found.hours], best_hour=found.best_hour,
            by_class=[ClassRead.model_validate(each) for each in found.by_class],
            by_hall=[HallRead.model_validate(each) for each in found.by_hall],
        )  # fmt: skip
