"""How a period is written in requests, and read in answers."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from services.kpi.periods.errors import PeriodInvalid
from services.kpi.periods.rules import NotAPeriod, Period


def _a_period(code: str) -> str:
    try:
        return Period.parse(code).code
    except NotAPeriod as error:
        raise PydanticCustomError(PeriodInvalid.code, PeriodInvalid.detail) from error


PeriodCode = Annotated[str, Field(examples=["2026-10", "2026-Q4"], max_length=7), AfterValidator(_a_period)]
MonthCode = Annotated[str, Field(examples=["2026-10"], pattern=r"^[1-9][0-9]{3}-(0[1-9]|1[0-2])$")]


class PeriodRead(BaseModel):
    """A period's state."""

    model_config = ConfigDict(from_attributes=True)

    code: str
    closed: bool
    closed_at: datetime | None
    closed_by: str | None
    run_id: UUID | None
    checked_at: datetime | None
