"""What is shown of an order: the number masked."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict


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
