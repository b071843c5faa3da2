"""What is shown of an order: the number masked."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict

YEARS = 2000, 2100


def _of_our_time(at: datetime) -> datetime:
    if not YEARS[0] <= at.year <= YEARS[1]:
        raise ValueError("时间不在合理的范围内，请核对年份")
    return at


Moment = Annotated[AwareDatetime, AfterValidator(_of_our_time)]


class WorkOrderRead(BaseModel):
    """A 10086 order as the last file told it."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    version: int
    source: str
    number: str
    category: str
    category_text: str
    content: str
    received_at: datetime
    due_at: datetime | None
    status: str
    status_text: str
    phone_masked: str | None
    customer_id: UUID | None
    hall: str | None
    county: str | None
    hall_name: str
    clerk: str | None
    ticket_id: UUID | None
    source_updated_at: datetime
